"""A page without a browser: what it sends to its kernel, and what it hears."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.browser.server import Server


def kernel_of(page: str) -> str:
    """The id of the kernel that a page speaks with."""
    found = re.search(r'"kernelId": "([\w-]+)"', page)
    assert found, page
    return found[1]


class Visitor:
    """The connection of a page to its kernel, in the older of the two forms of message, which is JSON."""

    def __init__(self, connection: WebSocketClientConnection, kernel_id: str, page: str) -> None:
        self.connection = connection
        self.kernel_id = kernel_id
        self.page = page
        self.session = uuid.uuid4().hex

    def message(self, kind: str, content: Any, channel: str = "shell") -> dict[str, Any]:
        """A message as a page writes it."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "date": "2026-01-01T00:00:00.000Z",
            "version": "5.2",
        }
        return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}

    async def send(self, kind: str, content: Any, channel: str = "shell") -> str:
        """Send a message; its number."""
        message = self.message(kind, content, channel)
        await self.connection.write_message(json.dumps(message))
        return str(message["header"]["msg_id"])

    async def press(self, widget: str) -> str:
        """Press a button."""
        data = {"method": "custom", "content": {"event": "click"}}
        return await self.send("comm_msg", {"comm_id": widget, "data": data})

    async def heard(self, what: Callable[[dict[str, Any]], Any], seconds: float = 30) -> Any:
        """What is asked of the first message that answers it with something true; None where the connection ends."""
        async with asyncio.timeout(seconds):
            while (raw := await self.connection.read_message()) is not None:
                if isinstance(raw, str) and (answer := what(json.loads(raw))):
                    return answer
        return None

    async def is_answered(self, seconds: float = 30) -> bool:
        """Whether the kernel answers a question."""
        asked = await self.send("comm_info_request", {})
        return bool(await self.heard(lambda m: m["parent_header"].get("msg_id") == asked, seconds))


def value_of(widget: str, name: str = "value") -> Callable[[dict[str, Any]], Any]:
    """For `Visitor.heard`: what a widget's value becomes."""

    def told(message: dict[str, Any]) -> Any:
        content = message["content"]
        if message["header"]["msg_type"] == "comm_msg" and content["comm_id"] == widget:
            return content["data"].get("state", {}).get(name)
        return None

    return told


@contextlib.asynccontextmanager
async def connected(server: Server, kernel_id: str, *, is_v1: bool = False) -> AsyncIterator[WebSocketClientConnection]:
    """A connection to a kernel, closed in the end."""
    address = server.address.replace("http", "ws") + f"/api/kernels/{kernel_id}/channels?session_id={uuid.uuid4().hex}"
    connection = await websocket_connect(address, subprotocols=["v1.kernel.websocket.jupyter.org"] if is_v1 else None)
    try:
        yield connection
    finally:
        is_open = connection.protocol is not None and not connection.protocol.client_terminated
        connection.close()
        async with asyncio.timeout(30):
            while is_open and await connection.read_message() is not None:
                pass


@contextlib.asynccontextmanager
async def visiting(server: Server, page: str | None = None, path: str = "") -> AsyncIterator[Visitor]:
    """A visitor of a page, which is asked for if it is not given."""
    if page is None:
        page = (await asyncio.to_thread(server.ask, path)).text
    kernel_id = kernel_of(page)
    async with connected(server, kernel_id) as connection:
        yield Visitor(connection, kernel_id, page)
