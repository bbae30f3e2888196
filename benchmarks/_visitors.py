"""Visitors without a screen: each asks the server for all that a page asks for, and draws nothing."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_server.services.kernels.connection.base import deserialize_binary_message
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE = 120.0  # seconds
CONNECTIONS = 6  # at a time to one host, as browsers have it
HEARTBEAT = ".Heartbeat"

Message = dict[str, Any]


class Kernel:
    """A WebSocket to a kernel, as a page has it."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.session = uuid.uuid4().hex

    async def ask(
        self, kind: str, content: Message, is_answer: Callable[[Message], bool], metadata: Message | None = None
    ) -> Message:
        """Send one message on the shell channel and read until its answer comes."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.3",
        }
        message = {"header": header, "parent_header": {}, "metadata": metadata or {}, "content": content}
        await self.socket.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
        while (frame := await self.socket.read_message()) is not None:
            answer = json.loads(frame) if isinstance(frame, str) else deserialize_binary_message(frame)
            if is_answer(answer):
                return answer
        raise ConnectionError(f"the kernel's socket closed before {kind} was answered")

    async def widget_states(self) -> dict[str, Any]:
        """The state of every widget of the page."""
        opened = {"comm_id": uuid.uuid4().hex, "target_name": "jupyter.widget.control", "data": {}}
        version = {"version": "1.0.0"}
        await self.ask("comm_open", opened, lambda answer: kind_of(answer) == "status", version)
        asked = {"comm_id": opened["comm_id"], "data": {"method": "request_states"}}
        answer = await self.ask("comm_msg", asked, lambda answer: data_of(answer).get("method") == "update_states")
        states: dict[str, Any] = data_of(answer)["states"]
        return states

    async def beat(self, model: str) -> None:
        """Ask Python with the page's heartbeat and wait for the answer."""
        asked = {"comm_id": model, "data": {"method": "custom", "content": {"ping": 1}}}
        await self.ask("comm_msg", asked, lambda answer: data_of(answer).get("content") == {"pong": 1})


def kind_of(message: Message) -> str:
    """The type of a message."""
    kind: str = message["header"]["msg_type"]
    return kind


def data_of(message: Message) -> Message:
    """What a comm's message carries; nothing for every other message."""
    data: Message = message["content"].get("data", {}) if kind_of(message) == "comm_msg" else {}
    return data


def kernel_id(page: str) -> str:
    """The kernel that a page names.

    Raises
    ------
    ValueError
        If the page names none.
    """
    found = re.search(r'"kernelId":\s*"([^"]+)"', page)
    if found is None:
        raise ValueError("the page names no kernel")
    return found[1]


def heartbeat_of(states: dict[str, Any]) -> str:
    """The model of the heartbeat among the states of all widgets."""
    for model, described in states.items():
        if str(described["state"].get("_anywidget_id", "")).endswith(HEARTBEAT):
            return model
    raise ValueError(f"none of {len(states)} widgets is a heartbeat")


async def arrive(server: str, path: str, files: Sequence[str]) -> tuple[float, Kernel]:
    """Read a page and its files, get the states of all widgets, and hear Python's heartbeat.

    Returns
    -------
    When Python answered, on the clock of `time.perf_counter`, and the kernel, whose socket stays open.
    """
    client = AsyncHTTPClient(force_instance=True, max_clients=CONNECTIONS)

    async def get(address: str) -> bytes:
        answer = await client.fetch(f"{server}{address}", connect_timeout=PATIENCE, request_timeout=PATIENCE)
        return answer.body

    page = await get(path)
    await asyncio.gather(*map(get, files))
    client.close()
    channels = f"{server.replace('http', 'ws', 1)}/api/kernels/{kernel_id(page.decode())}/channels"
    kernel = Kernel(await websocket_connect(HTTPRequest(channels, headers={"Origin": server}), max_message_size=2**27))
    await kernel.ask("kernel_info_request", {}, lambda answer: kind_of(answer) == "kernel_info_reply")
    await kernel.beat(heartbeat_of(await kernel.widget_states()))
    return time.perf_counter(), kernel


def seconds_together(
    server: str, path: str, files: Sequence[str], visitors: int, at_the_end: Callable[[], None]
) -> list[float]:
    """Let many visitors come at the same moment; how long each waited for Python's answer.

    `at_the_end` is called when all have theirs and none has left.
    """

    async def all_of_them() -> list[float]:
        start = time.perf_counter()
        arrived = await asyncio.gather(*(arrive(server, path, files) for _ in range(visitors)))
        at_the_end()
        for _, kernel in arrived:
            kernel.socket.close()
        return [answered - start for answered, _ in arrived]

    return asyncio.run(asyncio.wait_for(all_of_them(), PATIENCE))
