"""The stand-alone server: Voilà with fewer routes.

Voilà serves a folder: its notebooks, its files, its listing. Here routes that no dashboard needs are left
out, and the others answer errors with a readable page.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import posixpath
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tornado.ioloop
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError
from traitlets.config import Config

from epool_viz.app.server import classroom_handlers, settings
from epool_viz.app.server.classroom import Classrooms
from epool_viz.app.server.fork_server import ForkServer
from epool_viz.app.server.kernel_pool import KernelPool
from epool_viz.app.server.kernels import private_folder
from epool_viz.app.server.landing import landing_page
from epool_viz.app.server.messages import MOST_BYTES
from epool_viz.app.server.page_rendering import BEING_RENDERED, Page, Preludes, Renderer, after_prelude
from epool_viz.app.server.seats import Seat, Seats
from epool_viz.app.server.sockets import PageConnection, PageSocketHandler
from epool_viz.app.server.upstream import (
    BaseVoilaHandler,
    LargeFileManager,
    TemplateStaticFileHandler,
    Voila,
    VoilaKernelWebsocketHandler,
    VoilaShutdownKernelHandler,
    is_anonymous,
    needed_routes,
    templates_of,
    url_path_join,
)
from epool_viz.jobs.process import WorkerProcess
from epool_viz.panels.registry import DASHBOARDS

# bytes that a request may have, of which none has a body, and that a page's message may have, with its frame
LARGEST = {"max_body_size": 10_000, "max_buffer_size": MOST_BYTES + 10_000}

_ENDING = (signal.SIGINT, signal.SIGTERM)

KEPT_EVERY = 1000  # milliseconds between two checks of the worker
FORGOTTEN_EVERY = 60_000  # and of the classes, for those without a lecturer

# The browser sends requests to this server only, whatever a page contains.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)


class StrictRequests:
    """Every handler refuses a request that no browser sends, in one line of the log."""

    request: HTTPServerRequest
    current_user: Any

    async def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse invalid names of servers; urllib fails on them wherever one is read."""
        for header in ("Origin", "Host", "Referer"):
            try:
                urlsplit(self.request.headers.get(header, "")).port  # noqa: B018 - it is what fails
            except ValueError:
                raise HTTPError(400, "no name of a server") from None
        ready = super().prepare(*args, **kwargs)  # type: ignore[misc]
        return ready if ready is None else await ready

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with our page also when the request was refused before its user was determined."""
        if is_anonymous(self):
            self.current_user = None
        super().write_error(status_code, **kwargs)  # type: ignore[misc]


def strict(handler: type[Any]) -> type[Any]:
    """The same handler, with `StrictRequests`."""
    return type(
        handler.__name__, (StrictRequests, handler), {"__module__": handler.__module__, "__doc__": handler.__doc__}
    )


class DashboardHandler(BaseVoilaHandler):
    """One dashboard or lesson to one visitor, if there is a seat."""

    def initialize(self, *, server: DashboardServer, **kwargs: Any) -> None:
        """Tornado's constructor."""
        super().initialize(**kwargs)
        self.server = server
        self.seat: Seat | None = None
        self.sending: asyncio.Task[Any] | None = None
        self.is_begun = self.is_finished = False

    @authenticated
    async def get(self, path: str = "") -> None:
        """Send the page; 404 for a name that is neither, 503 when all seats are taken."""
        if path not in self.server.dashboards and path not in self.server.lessons:
            raise HTTPError(404)
        seat = self.seat = await self.server.seats.take()
        self.sending = asyncio.current_task()
        watching = asyncio.create_task(self._end_with_the_kernel(seat))
        try:
            await self._send(path, seat)
        except (asyncio.CancelledError, Exception):
            if not seat.has_died:
                raise
            self.log.info("a kernel ended while its page was being rendered")
            self.finish()  # the page detects that it ended without a view, and shows a message
        finally:
            watching.cancel()
            self.server.seats.leave(seat)

    async def _send(self, path: str, seat: Seat) -> None:
        """Send head and wait screen at once, then what is rendered with a kernel."""
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.write(await self.server.preludes.of(path))
        self.flush()
        self.is_begun = True
        page = seat.take(await self.server.pool.take(path) or await self.server.begin_page(path))
        async for snippet in after_prelude(page.snippets()):
            self.write(snippet)
            self.flush()

    async def _end_with_the_kernel(self, seat: Seat) -> None:
        """Stop sending when the kernel ends by itself; the renderer would wait for it."""
        while not seat.has_died:
            await asyncio.sleep(1)
        if self.sending is not None:
            self.sending.cancel()

    def on_connection_close(self) -> None:
        """The visitor went before the page was complete: stop rendering it, and end its kernel."""
        super().on_connection_close()
        if self.seat is not None and self.sending is not None:
            self.sending.cancel()
            self.seat.abandon()

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with an error; a page whose wait screen is sent sees that it came to its end without a view."""
        if not self.is_begun:
            super().send_error(status_code, **kwargs)
        elif not self.is_finished:
            self.finish()

    def on_finish(self) -> None:
        """Note that all has been sent."""
        super().on_finish()
        self.is_finished = True

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Our page, and a Retry-After header for programs."""
        if status_code == 503:
            self.set_header("Retry-After", "15")
        super().write_error(status_code, **kwargs)


class IndexHandler(BaseVoilaHandler):
    """The list of dashboards, or the dashboard when there is one."""

    def initialize(self, *, dashboards: dict[str, str], **kwargs: Any) -> None:
        """Tornado's constructor."""
        super().initialize(**kwargs)
        self.dashboards = dashboards

    @authenticated
    def get(self) -> None:
        """Send the list."""
        links = [(url_path_join(self.base_url, "voila/render", name), title) for name, title in self.dashboards.items()]
        if len(links) == 1:
            self.redirect(links[0][0])
            return
        if self.dashboards.keys() >= {row.notebook for row in DASHBOARDS}:
            self.write(landing_page(url_path_join(self.base_url, "voila/render/")))
        else:
            self.write(self.render_template("dashboards.html", links=links))


class NotFoundHandler(BaseVoilaHandler):
    """Everything that is not served."""

    async def prepare(self) -> None:
        """Answer 404 whatever the method."""
        await super().prepare()
        raise HTTPError(404)


class TemplateFileHandler(TemplateStaticFileHandler):
    """Files of the template; an address that names none is a 404 and no exception."""

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the file `template/static/name`."""
        name, _, rest = path.partition("/")
        is_file = rest.startswith("static/") and "/" in posixpath.normpath(rest) and ".." not in rest
        if not name.isidentifier() or not is_file:
            raise HTTPError(404)
        await super().get(path, include_body)


class ReleaseHandler(VoilaShutdownKernelHandler):
    """A page that closes gives its kernel back.

    A closing page sends a beacon, which cannot carry the anti-forgery token that Jupyter requires, so stock Voilà
    refuses it and every reload leaves a kernel behind (voila issue 1458). In place of the token: the browser's word
    that the page is ours, and a kernel id that only the page has.
    """

    def check_xsrf_cookie(self) -> None:
        """Accept only what comes from a page of this server."""
        if not self.request.headers.get("Origin") or not self.check_origin():
            raise HTTPError(403, "a kernel is given back by its page")

    async def post(self, kernel_id: str) -> None:
        """End the kernel; one that has gone already is as good."""
        if kernel_id in self.kernel_manager:
            await super().post(kernel_id)
        else:
            self.set_status(204)


class OurNotebooks(LargeFileManager):
    """Reads notebooks whose outputs are never shown, so that no signature is checked or written."""

    def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
        """Nothing to mark."""


def in_one_line(record: logging.LogRecord) -> bool:
    """Log a kernel that ended while its page was rendered, mostly because the visitor left, without a traceback.

    Parameters
    ----------
    record : LogRecord
        A record that was logged in the task of a page.
    """
    page = BEING_RENDERED.get()
    if page is None or record.levelno < logging.ERROR or not page.is_over:
        return True
    record.msg, record.args, record.exc_info = "a kernel ended while its page was being rendered", (), None
    record.levelno, record.levelname = logging.INFO, "INFO"
    return logging.getLogger(record.name).isEnabledFor(logging.INFO)


class DashboardServer(Voila):
    """Voilà, serving `dashboards` and `lessons` of the folder `root_dir` on a socket that is open already."""

    name = "voila"

    def __init__(self, **kwargs: Any) -> None:
        self.opened: socket.socket | None = None
        self.dashboards: dict[str, str] = {}
        self.lessons: dict[str, str] = {}  # no page of theirs waits
        self.seat_limit = settings.MAX_KERNELS
        self.is_remote = False
        self.fork_server: ForkServer | None = None
        self.worker: WorkerProcess | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self.pool_sizes: dict[str, int] = {}
        self.preludes = Preludes(self)
        self.classrooms = Classrooms()
        super().__init__(**kwargs)

    def init_settings(self) -> dict[str, Any]:
        """Voilà's settings, with our pages for errors and, on loopback, only loopback's names accepted as host."""
        changed = super().init_settings()
        self.contents_manager = OurNotebooks(parent=self)
        self.kernel_manager.fork_server = self.fork_server
        self.pool = KernelPool(self.pool_sizes, self.begin_page, refill_after=settings.REFILL_AFTER, log=self.log)
        self.seats = Seats(self.kernel_manager, self.pool, self.seat_limit)
        self.kernel_manager.is_waiting = self.pool.holds
        changed.update(
            contents_manager=self.contents_manager,
            allow_remote_access=self.is_remote,
            class_log=self.log,
            jinja2_env=templates_of(changed),
            default_handler_class=strict(NotFoundHandler),
            default_handler_args={"voila_configuration": self.voila_configuration},
            compress_response=self.is_remote,  # 5.4 MB a page: nothing here, a lot in a lecture hall
            websocket_max_message_size=MOST_BYTES,
            kernel_websocket_connection_class=PageConnection,
            headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "same-origin"},
        )
        return changed

    async def begin_page(self, name: str) -> Page:
        """Start a kernel and begin to render a dashboard with it."""
        renderer = Renderer(name, self)
        await renderer.initialize()
        told = {"VOILA_APP_PORT": str(self.port)}  # which marks a dashboard as a page, as under Voilà itself
        kernel_id = await self.kernel_manager.start_kernel(
            kernel_name=renderer.kernel_name, path="", env=os.environ | told
        )
        self.kernel_manager.add_restart_callback(kernel_id, functools.partial(self.pool.drop, kernel_id))
        return Page(renderer, kernel_id, self.kernel_manager)

    def init_handlers(self) -> list[Any]:
        """The routes of Voilà that a page needs, and our own."""
        kept = [
            (pattern, PageSocketHandler if handler is VoilaKernelWebsocketHandler else handler, *rest)
            for pattern, handler, *rest in needed_routes(super().init_handlers())
        ]
        shared = {"voila_configuration": self.voila_configuration}
        routes = [
            (r".*%00.*", NotFoundHandler, shared),  # no name of any file
            *kept,
            (r"/voila/templates/(.*)", TemplateFileHandler),
            (r"/voila/api/shutdown/(.*)", ReleaseHandler),
            (r"/voila/render/(.*)", DashboardHandler, shared | {"server": self}),
            (r"/", IndexHandler, shared | {"dashboards": self.dashboards}),
            *classroom_handlers.routes(self.classrooms),
        ]
        return [(pattern, strict(handler), *rest) for pattern, handler, *rest in routes]

    def listen(self) -> None:
        """Serve until SIGINT or SIGTERM, then end every kernel."""
        if self.opened is not None:
            HTTPServer(self.app, **LARGEST).add_socket(self.opened)
        self.ioloop = tornado.ioloop.IOLoop.current()
        self.ioloop.asyncio_loop.set_exception_handler(self._note_lost_exception)  # type: ignore[attr-defined]
        self.log.addFilter(in_one_line)
        for number in _ENDING:
            signal.signal(number, self._end)
        self.ioloop.add_callback(self.pool.fill)
        self.ioloop.add_callback(self.on_ready)
        tornado.ioloop.PeriodicCallback(self.classrooms.end_forgotten, FORGOTTEN_EVERY).start()
        if self.worker is not None:
            self.ioloop.add_callback(self.worker.keep)
            tornado.ioloop.PeriodicCallback(self.worker.keep, KEPT_EVERY).start()
        try:
            self.ioloop.start()
        finally:
            _ignore_signals()
            self.stop()

    def _end(self, *_: Any) -> None:
        _ignore_signals()
        self.ioloop.add_callback_from_signal(self.ioloop.stop)

    def _note_lost_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The exception of a task that is not awaited; tornado writes to a page in such a task."""
        if isinstance(context.get("exception"), WebSocketClosedError | StreamClosedError):
            self.log.info("a page closed while something was on its way to it")
        elif isinstance(context.get("exception"), asyncio.CancelledError):
            self.log.info("the server stopped, or a page went, while something was waited for")
        else:
            loop.default_exception_handler(context)

    def stop(self) -> None:
        """End every kernel at once: none holds anything that a visitor could lose."""
        self.pool.close()
        self.ioloop.run_sync(self.kernel_manager.close)
        shutil.rmtree(self.connection_dir, ignore_errors=True)


def _ignore_signals() -> None:
    """Ignore a second Ctrl-C, and what `timeout` sends twice: it would stop the loop that ends the kernels."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def traits_of(root: Path, *, kernel_memory: int, verbose: bool) -> Config:
    """All settings, for dashboards that lie in `root`."""
    traits = Config(settings.VOILA)
    traits.merge(Config(settings.STAND_ALONE))
    traits.SeatedKernelManager.memory = kernel_memory * 10**6
    traits.Voila.root_dir = str(root)
    traits.Voila.connection_dir_root = private_folder()
    traits.Voila.open_browser = False
    traits.Voila.config_file_paths = []  # no voila.py of the working folder
    traits.Voila.log_level = "INFO" if verbose else "WARN"
    return traits
