"""Kernels of the dashboards: which Python runs them, how many there may be, when they go.

A visitor takes a *seat* before a kernel, and the seat is free again once that kernel is gone. Kernels that wait in the
pool have no seat; of each dashboard no more wait than there are free seats. A page that closes gives its kernel back;
one that could not say goodbye (no network, a closed laptop) is noticed by having no connection for `abandoned_after`
seconds.

Kernels are forks of a fork server where there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import zmq
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Any as AnyTrait
from traitlets import Float, Integer
from voila.utils import ENV_VARIABLE

from epool_viz.app.server.fork_server import LAUNCHER, ForkServer, ForkServerError

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

PROVISIONER = "epool_viz"


class ThisPython(KernelSpecManager):
    """One kernel only: the interpreter that runs the server, whatever else is installed on the machine."""

    def find_kernel_specs(self) -> dict[str, str]:
        """Name of the one kernel -> its folder."""
        return {NATIVE_KERNEL_NAME: str(RESOURCES)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Spec of this interpreter; it keeps no history of what a page ran."""
        if kernel_name != NATIVE_KERNEL_NAME:
            raise NoSuchKernel(kernel_name)
        arguments = ["--HistoryManager.enabled=False", "--IPKernelApp.log_level=ERROR"]
        described = get_kernel_dict(extra_arguments=arguments)
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
    """Let a kernel that has yet to start be heard by this user only: over sockets that lie beside its connection file.

    Who may connect to a port of loopback hears all that a kernel tells its page. Where there are no sockets with a path
    (Windows), or theirs is too long, what goes through the ports is encrypted.
    """
    stem = str(Path(kernel.connection_file).with_suffix(""))
    if zmq.has("ipc") and len(os.fsencode(f"{stem}-1")) <= LONGEST_PATH:
        kernel.transport, kernel.ip = "ipc", stem
    elif zmq.has("curve") and hasattr(kernel, "transport_encryption"):
        kernel.transport_encryption = "auto"


def limit_memory(process_id: int, most: int) -> None:
    """Let a process have so many bytes of data, 0 for as many as it likes; only Linux knows how.

    What it asks for beyond is refused: a `MemoryError` in Python. The limit can be raised again by the process itself,
    as one that trains does: it keeps code that runs away from the others, and no visitor brings code.
    """
    if process_id and most and hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):  # it has ended at once
            _, hard = resource.prlimit(process_id, resource.RLIMIT_DATA)
            resource.prlimit(process_id, resource.RLIMIT_DATA, (most, hard))


class ForkedProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of its manager's fork server, by itself where that has none to give."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel, with as much memory as one may have; `cmd` is the command that would start it by itself."""
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
        self.process = forked  # type: ignore[assignment] # all of Popen that is asked for
        self.pid = self.pgid = forked.pid  # it leads a group of its own
        self.cwd = kwargs.get("cwd")
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Pass on any signal but an interrupt: Jupyter sends one before it ends a kernel, which then tells of an error.

        No page interrupts its kernel; long work has a way of its own to be stopped.
        """
        if signum != signal.SIGINT:
            await super().send_signal(signum)


# by its name, for a package that lies in a folder and is not installed has no entry points
KernelProvisionerFactory.provisioners[PROVISIONER] = EntryPoint(
    PROVISIONER, f"{__name__}:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME
)


class SeatedKernelManager(AsyncMappingKernelManager):
    """Knows since when a kernel has had no page, and ends those that were left."""

    abandoned_after = Integer(90, help="Seconds without a page after which a kernel that was given out ends.").tag(
        config=True
    )
    refill_after = Float(8.0, help="Seconds that a kernel for the pool is put off, unless a visitor comes for it.").tag(
        config=True
    )
    memory = Integer(0, help="Bytes of data that a kernel may have; 0 is as many as it likes.").tag(config=True)
    clock = AnyTrait(time.monotonic)
    fork_server = AnyTrait(None, help="What kernels are forked from; None starts each by itself.")

    def __init__(self, **kwargs: Any) -> None:
        self._left: dict[str, float] = {}  # kernel id -> when its last page went
        self._starting: set[asyncio.Future[str]] = set()
        self._ending: dict[str, asyncio.Future[None]] = {}
        self._is_closing = False
        self._pools_wanted: dict[str, dict[str, Any]] = {}
        self.when_one_is_gone: Callable[[], None] = lambda: None
        self._hurried: WeakKeyDictionary[asyncio.Task[Any], asyncio.Event] = WeakKeyDictionary()
        super().__init__(**kwargs)

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> tuple[Any, str, str]:
        """Prepare a kernel that nobody else hears; its files tell half its id, by which alone nobody finds it."""
        kernel, kernel_name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        kernel.connection_file = str(Path(self.connection_dir) / f"kernel-{kernel_id[:8]}.json")
        keep_private(kernel)
        return kernel, kernel_name, kernel_id

    def expect(self, visitors: int) -> None:
        """Let no more kernels of a dashboard wait than so many visitors can still take, from the next filling on."""
        if not self._pools_wanted:
            self._pools_wanted = dict(getattr(self, "kernel_pools_config", {}))
        self.kernel_pools_config = {
            name: settings | {"pool_size": min(settings["pool_size"], visitors)}
            for name, settings in self._pools_wanted.items()
        }

    def hurry(self, name: str) -> None:
        """Put the next kernel of a dashboard's pool off no longer: a visitor waits for it."""
        for task in getattr(self, "_pools", {}).get(name, ())[:1]:
            self._hurried.setdefault(task, asyncio.Event()).set()

    async def _let_visitors_go_first(self) -> None:
        """Put a kernel off that fills the pool again; before the first visitor there is nobody to let go first."""
        task = asyncio.current_task()
        if task is not None and self._pools_wanted:
            hurried = self._hurried.setdefault(task, asyncio.Event())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hurried.wait(), self.refill_after)

    def give_out(self, kernel_id: str) -> None:
        """Note that a page has been sent to which this kernel belongs; it has yet to connect."""
        self._left[kernel_id] = self.clock()

    def notify_connect(self, kernel_id: str) -> None:
        """A page connected."""
        super().notify_connect(kernel_id)
        self._left.pop(kernel_id, None)

    def notify_disconnect(self, kernel_id: str) -> None:
        """A page went; it may come back."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self._left[kernel_id] = self.clock()

    def quiet_for(self, kernel_id: str) -> float:
        """Seconds since the last page of a kernel that was given out went; 0 while it has one."""
        left = self._left.get(kernel_id)
        return 0.0 if left is None else self.clock() - left

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that is gone, and tell whoever waits for that."""
        self._left.pop(kernel_id, None)
        kernel = super().remove_kernel(kernel_id)
        self.when_one_is_gone()
        return kernel

    def fill(self) -> None:
        """Let kernels wait again for every dashboard for which too few do; a start that failed is none."""
        if self._is_closing:
            return
        for name, pool in list(getattr(self, "_pools", {}).items()):
            pool[:] = [task for task in pool if not (task.done() and (task.cancelled() or task.exception()))]
            self.fill_if_needed(notebook_name=name)  # type: ignore[attr-defined] # Voilà's subclass has it

    async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override] # as Jupyter's own
        """Start a kernel; once begun, it is carried through, and ended if nobody waits for it any more."""
        if kwargs.get("env", {}).get(ENV_VARIABLE.VOILA_PREHEAT) == "True":
            await self._let_visitors_go_first()
        if self._is_closing:
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
        """True when a kernel was asked to end."""
        return kernel_id in self._ending

    def end_soon(self, kernel_id: str) -> asyncio.Future[None] | None:
        """Begin to end a kernel; None if it is gone. Asked twice, as by a page's two farewells, it ends once."""
        if kernel_id not in self._ending and kernel_id in self:
            ending = asyncio.ensure_future(super().shutdown_kernel(kernel_id, now=True))
            self._ending[kernel_id] = ending
            ending.add_done_callback(lambda _: self._ending.pop(kernel_id, None))
        return self._ending.get(kernel_id)

    async def shutdown_kernel(self, kernel_id: str, now: bool = True, restart: bool = False) -> None:  # type: ignore[override]
        """End a kernel and its children at once, whatever `now` says; once begun, it is carried through.

        None holds anything that could be lost, and the polite way ends in tracebacks of ipykernel's sockets, now and
        then in an abort of libzmq (seen with ipykernel 7.4).
        """
        del now, restart
        ending = self.end_soon(kernel_id)
        if ending is not None:
            await asyncio.shield(ending)

    async def close(self) -> None:
        """End every kernel, those included that are only just starting.

        Voilà's and Jupyter's own ways stop at the first kernel that is not quite there yet, and leave it behind.
        """
        self._is_closing = True
        begun: set[asyncio.Future[Any]] = {*self._starting, *self._ending.values()}
        if begun:
            await asyncio.wait(begun, timeout=20)
        await _cancel_all_others()
        ends = [ending for kernel_id in self.list_kernel_ids() if (ending := self.end_soon(kernel_id))]
        for outcome in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(outcome, Exception) and not isinstance(outcome, HTTPError):  # 404: gone by itself
                self.log.error("a kernel did not end: %s", outcome)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel without a page sooner than one whose page is open and idle."""
        if self.quiet_for(kernel_id) > self.abandoned_after:
            self.log.info("ending kernel %s: no page for %d s", kernel_id, self.quiet_for(kernel_id))
            await self.shutdown_kernel(kernel_id)
        elif kernel_id in self and self.get_kernel(kernel_id).trait_has_value("last_activity"):  # not while it starts
            await super().cull_kernel_if_idle(kernel_id)


async def _cancel_all_others() -> None:
    """Stop pages that are being drawn and pools that are being filled, before their kernels go."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Seat:
    """A visitor's place: stands for the kernel manager towards Voilà and learns which kernel the visitor got.

    Parameters
    ----------
    manager : SeatedKernelManager
        The real one; all else is passed on to it.
    """

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self.kernel_id: str | None = None
        self.process_id: int | None = None
        self.has_died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.manager, name)

    def _take(self, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self.process_id = self._process_of(kernel_id)
        self.manager.give_out(kernel_id)

    def _process_of(self, kernel_id: str) -> int | None:
        provisioner = getattr(self.manager.get_kernel(kernel_id), "provisioner", None)
        return getattr(provisioner, "pid", None)

    async def start_kernel(self, **kwargs: Any) -> str:
        """Start a kernel for this visitor."""
        kernel_id: str = await self.manager.start_kernel(**kwargs)
        self._take(kernel_id)
        return kernel_id

    async def get_rendered_notebook(self, **kwargs: Any) -> tuple[Any, Any, str]:
        """Take a waiting kernel for this visitor; if that fails, another one is made to wait in its place."""
        self.manager.hurry(kwargs["notebook_name"])
        try:
            task, cache, kernel_id = await self.manager.get_rendered_notebook(**kwargs)
        except BaseException:
            self.manager.fill_if_needed(notebook_name=kwargs["notebook_name"])
            raise
        self._take(kernel_id)
        return task, cache, kernel_id

    async def dies(self) -> bool:
        """True once the visitor's kernel has ended without being asked to, even if it was started again meanwhile."""
        if self.kernel_id is not None and self.kernel_id in self.manager and not self.manager.is_ending(self.kernel_id):
            is_another = self._process_of(self.kernel_id) != self.process_id
            self.has_died = is_another or not await self.manager.get_kernel(self.kernel_id).is_alive()
        return self.has_died

    def abandon(self) -> None:
        """The visitor went before the page was complete."""
        if self.kernel_id is not None:
            self.manager.end_soon(self.kernel_id)

    @property
    def is_taken(self) -> bool:
        """True while a visitor waits for a kernel or has one."""
        return self.kernel_id is None or self.kernel_id in self.manager


class Seats:
    """So many visitors and no more.

    Parameters
    ----------
    manager : SeatedKernelManager
        Whose kernels they get.
    limit : int
        Visitors at a time.
    patience : float
        Seconds that a page may be away before its seat goes to somebody who waits, when all are taken.
    """

    def __init__(self, manager: Any, limit: int, *, patience: float = 20.0) -> None:
        self.manager = manager
        self.limit = limit
        self.patience = patience
        self._seats: list[Seat] = []
        manager.when_one_is_gone = self._refill

    def __len__(self) -> int:
        self._seats = [seat for seat in self._seats if seat.is_taken]
        return len(self._seats)

    async def take(self) -> Seat:
        """Give a seat, if need be that of a page which has gone.

        Raises
        ------
        HTTPError
            503 when every seat has a page.
        """
        if len(self) >= self.limit:
            await self._reclaim()
        if len(self) >= self.limit:
            raise HTTPError(503, "all %d seats are taken", self.limit)
        seat = Seat(self.manager)
        self._seats.append(seat)
        self.manager.expect(self.limit - len(self))
        return seat

    def _refill(self) -> None:
        """Have kernels wait for the visitors who can come now; while all seats were taken none did."""
        self.manager.expect(self.limit - len(self))
        self.manager.fill()

    def leave(self, seat: Seat) -> None:
        """Give back a seat whose visitor got no kernel."""
        if seat in self._seats and seat.kernel_id is None:
            self._seats.remove(seat)

    async def _reclaim(self) -> None:
        away: Callable[[Seat], float] = lambda seat: (  # noqa: E731 - a key, used twice
            self.manager.quiet_for(seat.kernel_id) if seat.kernel_id else 0.0
        )
        longest = max(self._seats, key=away, default=None)
        if longest is not None and longest.kernel_id and away(longest) > self.patience:
            await self.manager.shutdown_kernel(longest.kernel_id)
