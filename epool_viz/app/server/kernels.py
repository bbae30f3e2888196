"""Kernels of the dashboards: which Python runs them, and when they end.

A page that closes sends a request to end its kernel. Without it (no network, a closed laptop) a kernel ends after
`abandoned_after` seconds without a connection. Kernels are forks of a fork server where there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import zmq
from tornado.web import HTTPError
from traitlets import Any as AnyTrait
from traitlets import Integer

from epool_viz.app.server.fork_server import LAUNCHER, ForkServer, ForkServerError
from epool_viz.app.server.upstream import (
    NATIVE_KERNEL_NAME,
    RESOURCES,
    AsyncMappingKernelManager,
    KernelProvisionerFactory,
    KernelSpec,
    KernelSpecManager,
    LocalProvisioner,
    NoSuchKernel,
    get_kernel_dict,
)

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

PROVISIONER = "epool_viz"  # an entry point in pyproject.toml


@functools.cache
def has_provisioner() -> bool:
    """Whether Jupyter finds `ForkedProvisioner`; not where epool_viz is on the path and not installed."""
    return bool(entry_points(group=KernelProvisionerFactory.GROUP_NAME, name=PROVISIONER))


class ThisPython(KernelSpecManager):
    """One kernel only: the interpreter that runs the server."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Name of the one kernel -> its folder."""
        return {NATIVE_KERNEL_NAME: str(RESOURCES)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Spec of this interpreter; it keeps no history of what a page ran."""
        if kernel_name != NATIVE_KERNEL_NAME:
            raise NoSuchKernel(kernel_name)
        arguments = ["--HistoryManager.enabled=False", "--IPKernelApp.log_level=ERROR"]
        described = get_kernel_dict(extra_arguments=arguments)
        if has_provisioner():
            described["metadata"] = described.get("metadata", {}) | {
                "kernel_provisioner": {"provisioner_name": PROVISIONER}
            }
        return KernelSpec(resource_dir=str(RESOURCES), **described)

    def get_all_specs(self) -> dict[str, Any]:
        """As a Jupyter server lists them."""
        spec = self.get_kernel_spec(NATIVE_KERNEL_NAME)
        return {NATIVE_KERNEL_NAME: {"resource_dir": str(RESOURCES), "spec": spec.to_dict()}}


LONGEST_PATH = 103  # bytes of a socket's path: macOS has room for so many, Linux for four more


def private_folder() -> str:
    """A folder in which the folder of the kernels' sockets has a path short enough for them."""
    room = LONGEST_PATH - len("/voila_12345678/kernel-12345678-1")
    folders = [tempfile.gettempdir(), "/tmp", "/var/tmp"]  # noqa: S108 - what is made there is closed to others
    short = (each for each in folders if len(os.fsencode(each)) <= room and os.access(each, os.W_OK))
    return next(short, folders[0])


def keep_private(kernel: Any) -> None:
    """Restrict a kernel, before its start, to this user: over sockets that lie beside its connection file.

    Every account of the machine can read a port of loopback. Where there are no sockets with a path (Windows), or the
    path is too long, the ports are encrypted.
    """
    stem = str(Path(kernel.connection_file).with_suffix(""))
    if zmq.has("ipc") and len(os.fsencode(f"{stem}-1")) <= LONGEST_PATH:
        kernel.transport, kernel.ip = "ipc", stem
    elif zmq.has("curve") and hasattr(kernel, "transport_encryption"):
        kernel.transport_encryption = "auto"


def limit_memory(process_id: int, most: int) -> None:
    """Limit the bytes of data of a process, 0 for no limit; on Linux only.

    Beyond the limit an allocation fails: a `MemoryError` in Python. The process itself can raise the limit, as one that
    trains does: the limit protects other kernels from a runaway computation, and no visitor sends code.
    """
    if process_id and most and hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):  # it has ended at once
            _, hard = resource.prlimit(process_id, resource.RLIMIT_DATA)
            resource.prlimit(process_id, resource.RLIMIT_DATA, (most, hard))


class ForkedProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of its manager's fork server, as a process of its own where forking fails."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel with its memory limit; `cmd` is the command for a process of its own."""
        told = await self._launch(cmd, **kwargs)
        limit_memory(self.pid or 0, getattr(self._kernels, "memory", 0))
        return told

    @property
    def _kernels(self) -> Any:
        """The manager of all kernels, if there is one."""
        return self.parent.parent if self.parent else None

    async def _launch(self, cmd: list[str], **kwargs: Any) -> Any:
        fork_server: ForkServer | None = getattr(self._kernels, "fork_server", None)
        if fork_server is None or cmd[1:3] != LAUNCHER:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            forked = await fork_server.fork(cmd[3:], kwargs["env"], kwargs.get("cwd"))
        except ForkServerError as error:
            self.log.warning("a kernel is started by itself: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = forked  # type: ignore[assignment] # all of Popen that is called
        self.pid = self.pgid = forked.pid  # it leads a group of its own
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Send any signal but an interrupt: Jupyter sends one before it ends a kernel, which then reports an error.

        No page interrupts its kernel; long work has a way of its own to be stopped.
        """
        if signum != signal.SIGINT:
            await super().send_signal(signum)


class SeatedKernelManager(AsyncMappingKernelManager):
    """Records since when a kernel has had no page, and ends abandoned kernels."""

    abandoned_after = Integer(90, help="Seconds without a page after which a kernel that was given out ends.").tag(
        config=True
    )
    memory = Integer(0, help="Bytes of data that a kernel may have; 0 is as many as it likes.").tag(config=True)
    clock = AnyTrait(time.monotonic)
    fork_server = AnyTrait(None, help="What kernels are forked from; None starts each by itself.")

    def __init__(self, **kwargs: Any) -> None:
        self._left: dict[str, float] = {}  # kernel id -> when its last page went
        self._starting: set[asyncio.Future[str]] = set()
        self._ending: dict[str, asyncio.Future[None]] = {}
        self._restarting: set[asyncio.Future[None]] = set()
        self._pages: Counter[str] = Counter()  # kernel id -> connections of pages
        self.is_closing = False
        self.when_one_is_gone: Callable[[], None] = lambda: None
        self.is_waiting: Callable[[str], bool] = lambda _: False  # for a visitor, in the pool
        super().__init__(**kwargs)

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> tuple[Any, str, str]:
        """Make a kernel private; the names of its files hold half its id, which is not enough to address it."""
        kernel, kernel_name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        kernel.connection_file = str(Path(self.connection_dir) / f"kernel-{kernel_id[:8]}.json")
        keep_private(kernel)
        return kernel, kernel_name, kernel_id

    def give_out(self, kernel_id: str) -> None:
        """Note that the page of this kernel has been sent; it has yet to connect."""
        self._left[kernel_id] = self.clock()

    def notify_connect(self, kernel_id: str) -> None:
        """A page connected."""
        super().notify_connect(kernel_id)
        self._pages[kernel_id] += 1
        self._left.pop(kernel_id, None)

    def notify_disconnect(self, kernel_id: str) -> None:
        """A page disconnected; it may reconnect."""
        super().notify_disconnect(kernel_id)
        if self._pages.get(kernel_id, 0) > 0:
            self._pages[kernel_id] -= 1
        if kernel_id in self and not self._pages.get(kernel_id):
            self._left[kernel_id] = self.clock()

    def quiet_for(self, kernel_id: str) -> float:
        """Seconds since the last page of a kernel disconnected; 0 while it has one."""
        left = self._left.get(kernel_id)
        return 0.0 if left is None else self.clock() - left

    def remove_kernel(self, kernel_id: str) -> Any:
        """Remove a kernel that has ended, and call `when_one_is_gone`."""
        self._left.pop(kernel_id, None)
        self._pages.pop(kernel_id, None)
        kernel = super().remove_kernel(kernel_id)
        self.when_one_is_gone()
        return kernel

    def process_of(self, kernel_id: str) -> int | None:
        """The number of a kernel's process."""
        return getattr(self.get_kernel(kernel_id).provisioner, "pid", None)

    def has_died(self, kernel_id: str, process_id: int | None) -> bool:
        """Whether the process of a kernel has ended without a request, even if Jupyter has restarted it."""
        if kernel_id not in self or self.is_ending(kernel_id):
            return False
        process = getattr(self.get_kernel(kernel_id).provisioner, "process", None)
        return self.process_of(kernel_id) != process_id or process is None or process.poll() is not None

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override] # as Jupyter's own
        """Start a kernel; a start runs to its end, and a kernel whose start was cancelled is ended."""
        if self.is_closing:
            raise HTTPError(503, "the server is stopping")
        begun = asyncio.ensure_future(super().start_kernel(**kwargs))
        self._starting.add(begun)
        begun.add_done_callback(self._starting.discard)
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            begun.add_done_callback(self._end_unclaimed)
            raise

    def _end_unclaimed(self, begun: asyncio.Future[str]) -> None:
        if begun.exception() is None:
            self.end_soon(begun.result())

    def is_ending(self, kernel_id: str) -> bool:
        """True once a kernel has been asked to end, or all are about to be."""
        return self.is_closing or kernel_id in self._ending

    def end_soon(self, kernel_id: str) -> asyncio.Future[None] | None:
        """Begin to end a kernel; None if it has ended. A second request, as a closing page sends, has no effect."""
        if kernel_id not in self._ending and kernel_id in self:
            ending = asyncio.ensure_future(super().shutdown_kernel(kernel_id, now=True))
            self._ending[kernel_id] = ending
            ending.add_done_callback(lambda _: self._ending.pop(kernel_id, None))
        return self._ending.get(kernel_id)

    def end_once_restarted(self, kernel_id: str) -> None:
        """End a kernel that Jupyter restarts, once it has restarted; before, it cannot be ended."""
        task = asyncio.ensure_future(self._end_once_restarted(kernel_id))
        self._restarting.add(task)
        task.add_done_callback(self._restarting.discard)

    async def _end_once_restarted(self, kernel_id: str) -> None:
        await asyncio.sleep(0)  # the restart begins after its callback
        while kernel_id in self and not self.get_kernel(kernel_id).ready.done():
            await asyncio.sleep(0.1)
        await self.shutdown_kernel(kernel_id)

    async def shutdown_kernel(self, kernel_id: str, now: bool = True, restart: bool = False) -> None:  # type: ignore[override]
        """End a kernel and its children at once, whatever `now`; once begun, it runs to its end.

        No kernel holds state that could be lost, and a regular shutdown ends in tracebacks of ipykernel's sockets, or
        in an abort of libzmq (seen with ipykernel 7.4).
        """
        del now, restart
        ending = self.end_soon(kernel_id)
        if ending is not None:
            await asyncio.shield(ending)

    async def close(self) -> None:
        """End every kernel, starting ones included.

        Voilà's and Jupyter's own ways stop at the first kernel that is not quite there yet, and leave it behind.
        """
        self.is_closing = True
        begun: set[asyncio.Future[Any]] = {*self._starting, *self._ending.values()}
        if begun:
            await asyncio.wait(begun, timeout=20)
        await _cancel_all_others()
        ends = [ending for kernel_id in self.list_kernel_ids() if (ending := self.end_soon(kernel_id))]
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, HTTPError):  # 404: gone by itself
                self.log.error("a kernel did not end: %s", outcome)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel without a page sooner than one whose page is open and idle; one that waits for a page stays."""
        if self.is_waiting(kernel_id):
            return
        if self.quiet_for(kernel_id) > self.abandoned_after:
            self.log.info("ending kernel %s: no page for %d s", kernel_id, self.quiet_for(kernel_id))
            await self.shutdown_kernel(kernel_id)
        elif kernel_id in self and self.get_kernel(kernel_id).trait_has_value("last_activity"):  # not while it starts
            await super().cull_kernel_if_idle(kernel_id)


async def _cancel_all_others() -> None:
    """Stop pages that are being rendered and pools that are being filled, before their kernels go."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
