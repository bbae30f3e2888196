"""The connection of a page to its kernel: an invalid frame ends it, and the messages to a busy kernel are bounded.

A kernel reads while it computes, and stores what it reads. So the server counts the messages that are sent and not
processed; beyond a bound it stops reading from the page, and further messages stay in the page.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from tornado.web import Finish, HTTPError

from epool_viz.app.server.messages import CHANNELS, LONGEST_WORD, NoMessage, Sent, read_message
from epool_viz.app.server.upstream import VoilaKernelWebsocketHandler, ZMQChannelsWebsocketConnection, without_pings

MOST_WAITING = 500  # messages of a kernel
MOST_WAITING_BYTES = 20_000_000
MOST_OF_ALL = 200_000_000  # bytes of all kernels
MOST_UNREAD = 60_000_000  # bytes that a page has not taken yet
MOST_CONNECTIONS = 4  # of a kernel; a page has one, and another for a moment when it comes back
REMEMBERED = 1 << 17  # messages; a kernel remembers half as many
PATIENCE = 30.0  # seconds that a page waits for room
BUSY, NOT_UNDERSTOOD, SLOW = 1013, 1007, 1008  # codes of a WebSocket's end


class Backlog:
    """Messages that were sent to a kernel and are not processed yet.

    Parameters
    ----------
    all_kernels : list of int
        Bytes that wait for any kernel, in its one place; shared.
    """

    def __init__(self, all_kernels: list[int]) -> None:
        self.all_kernels = all_kernels
        self._sent: dict[tuple[str, str], int] = {}  # channel and number -> bytes, the oldest first
        self._less = asyncio.Event()
        self._heard: dict[int, None] = {}  # numbers of messages, the oldest first

    def is_new(self, number: str) -> bool:
        """Whether this number is new; a kernel takes a repeated one for an attack."""
        key = hash(number)
        if key in self._heard:
            return False
        self._heard[key] = None
        if len(self._heard) > REMEMBERED:
            del self._heard[next(iter(self._heard))]
        return True

    @property
    def bytes(self) -> int:
        """How many wait."""
        return sum(self._sent.values())

    def __len__(self) -> int:
        return len(self._sent)

    def has_room(self, size: int) -> bool:
        """Whether so many more bytes may be sent; an idle kernel gets any message."""
        if not self._sent:
            return True
        is_modest = self.bytes + size <= MOST_WAITING_BYTES and len(self) < MOST_WAITING
        return is_modest and self.all_kernels[0] + size <= MOST_OF_ALL

    async def room(self, size: int, patience: float = PATIENCE) -> bool:
        """Wait until there is room; False if there was none for so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not self.has_room(size):
                    self._less.clear()
                    await self._less.wait()
                return True
        return False

    def add(self, sent: Sent) -> None:
        """Note a message that is being sent."""
        self._sent[sent.channel, sent.number] = sent.size
        self.all_kernels[0] += sent.size

    def done(self, number: str) -> None:
        """A message was processed, and so were those sent before it over the same channel."""
        channel = next((channel for channel in CHANNELS if (channel, number) in self._sent), None)
        if channel is None:
            return
        for each in [key for key in self._sent if key[0] == channel]:
            self.all_kernels[0] -= self._sent.pop(each)
            if each[1] == number:
                break
        self._less.set()

    def clear(self) -> None:
        """The kernel was replaced."""
        self.all_kernels[0] -= self.bytes
        self._sent.clear()
        self._less.set()

    def __del__(self) -> None:
        self.all_kernels[0] -= self.bytes


_PAGES: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()  # of each kernel: its connections
_BACKLOGS: WeakKeyDictionary[Any, Backlog] = WeakKeyDictionary()  # of each kernel
_ALL_KERNELS = [0]


def backlog_of(kernel: Any) -> Backlog:
    """The backlog of a kernel, given its manager."""
    return _BACKLOGS.setdefault(kernel, Backlog(_ALL_KERNELS))


def never_cancelled(work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
    """The end of some work, also where a closing server cancels it: Tornado would log that as an uncaught exception."""
    task = asyncio.ensure_future(work)
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(_: Any) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            ended.set_exception(error)
        elif not ended.done():
            ended.set_result(None)

    task.add_done_callback(end)
    return ended


class PageConnection(ZMQChannelsWebsocketConnection):
    """Between page and kernel; counts what the kernel has processed."""

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Send the page a message of the kernel."""
        parts: list[Any] = self.session.feed_identities(outgoing_msg)[1]
        if len(parts) > 4 and b'"status"' in parts[1] and b'"idle"' in parts[4]:
            backlog_of(self.kernel_manager).done(str(self.session.unpack(parts[2]).get("msg_id")))
        super().handle_outgoing_message(stream, outgoing_msg)

    def on_kernel_restarted(self) -> None:
        """Clear the messages that waited for the kernel that ended."""
        backlog_of(self.kernel_manager).clear()
        super().on_kernel_restarted()


class PageSocketHandler(VoilaKernelWebsocketHandler):
    """The connection of a page to its kernel."""

    connection: Any = None
    _unread = 0

    async def pre_get(self) -> None:
        """Prepare the connection; a page that has closed, as by a reload, gets no answer (stock Jupyter fails)."""
        session = self.get_argument("session_id", "")
        if len(session) > LONGEST_WORD or not session.isascii() or not session.isprintable():
            raise HTTPError(400, "no name of a session")
        pages = _PAGES.setdefault(self.kernel_manager.get_kernel(self.kernel_id), WeakSet())
        if len(pages) >= MOST_CONNECTIONS:
            raise HTTPError(429, "a kernel has %d connections at most", MOST_CONNECTIONS)
        pages.add(self)
        try:
            await super().pre_get()
        except BaseException:
            pages.discard(self)
            raise
        if self.connection is None:
            raise Finish

    def get_websocket_protocol(self) -> Any:
        """The connection itself, without pings of Tornado's: Jupyter sends one each half minute and allows 3 misses.

        Both read the same two settings, one in seconds and one in milliseconds; with a timeout that Tornado accepts,
        Jupyter gave up every page half a minute after it had come.
        """
        return without_pings(super().get_websocket_protocol())

    def on_close(self) -> None:
        """The page closed."""
        if self.connection is None:
            return
        _PAGES.get(self.connection.kernel_manager, WeakSet()).discard(self)
        super().on_close()

    def on_message(self, ws_message: str | bytes) -> asyncio.Future[None]:
        """Send a message on when there is room for it; an invalid frame ends the connection."""
        return never_cancelled(self._hear(ws_message))

    async def _hear(self, ws_message: str | bytes) -> None:
        if not self._is_open or self.connection is None:
            return
        backlog = backlog_of(self.connection.kernel_manager)
        try:
            sent = read_message(ws_message, is_v1=self.selected_subprotocol is not None)
            if not backlog.is_new(sent.number):
                raise NoMessage("one that came before")
        except NoMessage as why:
            self._end(NOT_UNDERSTOOD, f"a page sent what is no message ({why})")
            return
        if not await backlog.room(sent.size):
            self._end(
                BUSY, f"a page was disconnected: it sent more than its busy kernel can store ({len(backlog)} wait)"
            )
        elif self.connection is not None and self.connection.channels:
            if sent.kind in self.kernel_manager.allowed_message_types:
                backlog.add(sent)
            super().on_message(ws_message)

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message to the page, while it is connected and reads."""
        if not self._is_open:
            return None
        if self._unread > MOST_UNREAD:
            self._end(SLOW, "a page was disconnected: it reads too little of what its kernel sends")
            return None
        written = super().write_message(message, binary)
        if written is not None:
            size = len(message)
            self._unread += size
            asyncio.ensure_future(written).add_done_callback(lambda done: self._read(done, size))
        return written

    def _read(self, written: asyncio.Future[Any], size: int) -> None:
        self._unread -= size
        if not written.cancelled():
            written.exception()  # looked at: a page that has gone is no exception

    def _end(self, code: int, why: str) -> None:
        if self._is_open:
            self.log.warning("%s", why)
            self.close(code)

    @property
    def _is_open(self) -> bool:
        return self.ws_connection is not None and not self.ws_connection.is_closing()
