"""All that the server imports from Jupyter and Voilà, and each of their parts that may change.

No other module of this room imports them. `REACHES` lists each name that is private, young or not documented for
subclassing: the versions it was tested with, its use, what breaks without it and which test fails. A test looks each
one up and fails with that sentence; `docs/upstream.md` lists them with those of the other rooms.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jinja2 import BytecodeCache, Environment
from jupyter_client.jsonutil import extract_dates
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.utils import url_path_join
from voila.app import Voila
from voila.handler import BaseVoilaHandler
from voila.notebook_renderer import NotebookRenderer
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.utils import get_page_config

__all__ = [
    "NATIVE_KERNEL_NAME",
    "RESOURCES",
    "AsyncMappingKernelManager",
    "BaseVoilaHandler",
    "JupyterHandler",
    "KernelProvisionerFactory",
    "KernelSpec",
    "KernelSpecManager",
    "LargeFileManager",
    "LocalProvisioner",
    "NoSuchKernel",
    "NotebookRenderer",
    "TemplateStaticFileHandler",
    "Voila",
    "VoilaKernelWebsocketHandler",
    "VoilaShutdownKernelHandler",
    "ZMQChannelsWebsocketConnection",
    "extract_dates",
    "get_kernel_dict",
    "get_page_config",
    "url_path_join",
]

KEPT_ROUTES = ("/api/kernels/", "/voila/static/", "/voila/api/themes/", "/voila/labextensions/")

_RENDERER = "voila.notebook_renderer.NotebookRenderer"
_MANAGER = "jupyter_server.services.kernels.kernelmanager.AsyncMappingKernelManager"
_SOCKET = "jupyter_server.services.kernels.websocket.KernelWebsocketHandler"
_CHANNELS = "jupyter_server.services.kernels.connection.channels.ZMQChannelsWebsocketConnection"
_LAB = "share/jupyter/voila/templates/lab/index.html.j2"
_PROVISIONER = "jupyter_client.provisioning.local_provisioner.LocalProvisioner"

# what for -> which names, with the parameters that are given to them or taken over
REACHES = {
    "voila 0.5: a page is rendered in pieces with a kernel of this server, from templates compiled once; "
    "without it none is rendered, which the first page shows, and test_page_rendering": (
        f"{_RENDERER}.initialize",
        f"{_RENDERER}.exporter",
        f"{_RENDERER}.notebook",
        f"{_RENDERER}.generate_content_generator(kernel_id, kernel_future)",
        "voila.utils.get_page_config(base_url, settings, log, voila_configuration)",
    ),
    "nbconvert 7.17: the Jinja environment of an exporter gets the compiled templates; "
    "without it each page takes a fifth of a second more, which test_page_rendering shows": (
        "nbconvert.exporters.templateexporter.TemplateExporter.environment",
    ),
    "voila 0.5: the steps of a server's start and stop are replaced; "
    "without them Voilà serves its own pages or none, which the start shows, and test_voila": (
        "voila.app.Voila.init_settings",
        "voila.app.Voila.init_handlers",
        "voila.app.Voila.listen",
        "voila.app.Voila.stop",
        "voila.app.Voila.connection_dir",
        "voila.app.Voila.kernel_manager",
        "voila.app.Voila.app",
    ),
    "voila 0.5: error pages and the list of dashboards come from our templates, by the setting `voila_jinja2_env`; "
    "without it they are Jupyter's, which test_voila shows": (
        "voila.handler.BaseVoilaHandler.render_template",
        "voila.handler.BaseVoilaHandler.get_template",
    ),
    "jupyter_server 2.21, voila 0.5: the connection of a page to its kernel is bounded; "
    "without it no page is live, which test_messages and test_malformed_requests show": (
        "voila.tornado.kernel_websocket_handler.VoilaKernelWebsocketHandler.write_message(message, binary)",
        f"{_SOCKET}.pre_get",
        f"{_SOCKET}.on_message(ws_message)",
        f"{_SOCKET}.get_websocket_protocol",
        f"{_CHANNELS}.handle_outgoing_message(stream, outgoing_msg)",
        f"{_CHANNELS}.on_kernel_restarted",
    ),
    "tornado 6.6: Tornado's pings are off, since Jupyter sends its own and reads the same setting in another unit; "
    "without it an idle page loses its kernel after half a minute, which a page shows that is left open": (
        "tornado.websocket.WebSocketProtocol13.params",
    ),
    "tornado 6.6: a request may be refused before its user is determined; "
    "without the name that is an exception in the log, which test_malformed_requests shows": (
        "tornado.web.RequestHandler._current_user",
    ),
    "tornado 6.6: a request of a class leaves no line in the log; "
    "without it each phone's address stands there, which test_classroom_handlers shows": (
        "tornado.web.RequestHandler._log",
    ),
    "jupyter_server 2.21, jupyter_client 8.10: a kernel's start and end are carried through once begun; "
    "without it kernels are left behind, which test_kernels and test_voila show": (
        f"{_MANAGER}.start_kernel(kernel_id, path)",
        f"{_MANAGER}.shutdown_kernel(kernel_id, now, restart)",
        f"{_MANAGER}.remove_kernel(kernel_id)",
        f"{_MANAGER}.pre_start_kernel(kernel_name)",
        f"{_MANAGER}.cull_kernel_if_idle(kernel_id)",
        f"{_MANAGER}.notify_connect(kernel_id)",
        f"{_MANAGER}.notify_disconnect(kernel_id)",
        f"{_MANAGER}.add_restart_callback(kernel_id, callback)",
    ),
    "jupyter_client 8.10: the process of a kernel is a fork; "
    "without it kernels start by themselves, or not at all, which test_fork_server shows": (
        f"{_PROVISIONER}.launch_kernel(cmd)",
        f"{_PROVISIONER}.process",
        f"{_PROVISIONER}.pid",
        f"{_PROVISIONER}.pgid",
        "jupyter_client.provisioning.factory.KernelProvisionerFactory.GROUP_NAME",
    ),
    "jupyter_client 8.10: a message is refused whose times Jupyter could not read; "
    "without it such a message is an exception in the log, which test_messages shows": (
        "jupyter_client.jsonutil.extract_dates(obj)",
    ),
    "jupyter_server 2.21: no notebook is signed or checked for a signature; "
    "without it each page opens a database of signatures, which its time shows": (
        "jupyter_server.services.contents.largefilemanager.LargeFileManager.mark_trusted_cells(nb, path)",
    ),
    "ipykernel 7.4: a fork runs the kernel's program with the settings that a program of its own would make; "
    "without it forks end at once or outlive the server, which test_fork_server shows": (
        "ipykernel.kernelapp.launch_new_instance",
        "ipykernel.kernelapp.IPKernelApp.parent_handle",
        "ipykernel.kernelapp.IPKernelApp.extra_extensions",
    ),
    "voila 0.5: the template of a page extends `lab/index.html.j2` and replaces the blocks around its loop over cells; "
    "without them a page is Voilà's or empty, which the first page shows, and test_frame": (
        f"{_LAB}: block body_header",
        f"{_LAB}: block body_loop",
        f"{_LAB}: block body_footer",
        f"{_LAB}: block footer",
        "share/jupyter/nbconvert/templates/base/null.j2: block header",
    ),
    "voila 0.5: the loop over cells calls a function of `window` that `wait.js.j2` defines, and a macro starts Voilà's "
    "script; under other names the wait screen stays, which every browser test shows": (
        f"{_LAB}: voila_process(",
        "share/jupyter/voila/templates/base/voila_setup.macro.html.j2: macro voila_setup_labextensions",
        "share/jupyter/voila/templates/base/voila_setup.macro.html.j2: voila_heartbeat",
    ),
}


def use_compiled_templates(renderer: NotebookRenderer, compiled: BytecodeCache) -> None:
    """Give an initialized renderer the templates that are compiled already."""
    renderer.exporter.environment.bytecode_cache = compiled


def templates_of(settings: dict[str, Any]) -> Environment:
    """The templates of Voilà's error pages."""
    environment: Environment = settings["voila_jinja2_env"]
    return environment


def needed_routes(routes: list[Any]) -> list[Any]:
    """Those of Voilà's routes that a page needs.

    Raises
    ------
    RuntimeError
        If Voilà has none of a kind that is needed; it is called otherwise in that version.
    """
    for prefix in KEPT_ROUTES:
        if not any(pattern.startswith(prefix) for pattern, *_ in routes):
            raise RuntimeError(f"this version of Voilà serves nothing under {prefix}, which every page needs")
    return [route for route in routes if route[0].startswith(KEPT_ROUTES)]


def without_pings(protocol: Any) -> Any:
    """A WebSocket's protocol without pings of Tornado's; None where there is no connection."""
    if protocol is not None:
        protocol.params.ping_interval = protocol.params.ping_timeout = None
    return protocol


def is_anonymous(handler: Any) -> bool:
    """Whether the user of a request is not determined yet."""
    return not hasattr(handler, "_current_user")


def find_template_in(folder: Path) -> None:
    """Let Jupyter find the page's template in a checkout.

    A wheel puts it where Jupyter looks by itself. An editable installation has a copy there that does not change with
    the checkout, and a checkout that is not installed has none.
    """
    known = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    others = [path for path in known if path and path != str(folder)]
    os.environ["JUPYTER_PATH"] = os.pathsep.join([str(folder), *others])
