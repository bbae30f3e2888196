"""Phones without a screen: each joins a class, waits for what it is shown, and guesses."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient

PATIENCE = 60.0  # seconds


class Room:
    """A server's class, and what is needed to ask it."""

    def __init__(self, address: str, most: int = 500) -> None:
        self.address = address
        self.client = SimpleAsyncHTTPClient(force_instance=True, max_clients=most)
        self.code = self.secret = ""
        self.opened: dict[str, Any] = {}

    async def post(self, path: str, sent: Any, **headers: str) -> HTTPResponse:
        """Send an object, as a page of the server does."""
        parts = urlsplit(self.address)
        request = HTTPRequest(
            self.address + path,
            method="POST",
            body=sent if isinstance(sent, bytes) else json.dumps(sent),
            headers={"Origin": f"{parts.scheme}://{parts.netloc}"} | headers,
            request_timeout=PATIENCE,
        )
        return await self.client.fetch(request, raise_error=False)

    async def open(self) -> None:
        """Open a class."""
        self.opened = json.loads((await self.post("/class", {})).body)
        self.code, self.secret = self.opened["code"], self.opened["secret"]

    async def lecturer(self, what: str, **sent: Any) -> dict[str, Any]:
        """One request of the lecturer."""
        answer = await self.post(f"/class/{self.code}/{what}", {"secret": self.secret, **sent})
        found: dict[str, Any] = json.loads(answer.body)
        return found


class Phone:
    """One phone: what it has been shown, as it came."""

    def __init__(self, room: Room, name: str = "") -> None:
        self.room = room
        self.name = name or secrets.token_hex(16)
        self.seen: dict[str, Any] = {}
        self.refused: dict[str, Any] | None = None
        self._changed = asyncio.Event()
        self._rest = b""
        self.reading: asyncio.Task[Any] | None = None

    def connect(self) -> None:
        """Open the connection by which the server sends."""
        self._rest = b""
        self.reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        request = HTTPRequest(
            f"{self.room.address}/class/{self.room.code}/events?phone={self.name}",
            streaming_callback=self._take,
            request_timeout=0,
        )
        await self.room.client.fetch(request, raise_error=False)

    def _take(self, part: bytes) -> None:
        *events, self._rest = (self._rest + part).split(b"\n\n")
        for event in events:
            fields = dict(line.split(": ", 1) for line in event.decode().split("\n") if not line.startswith(":"))
            if fields.get("event") == "state":
                self.seen = json.loads(fields["data"])
            elif fields.get("event") == "refused":
                self.refused = json.loads(fields["data"])
        self._changed.set()

    async def until(self, test: Any) -> dict[str, Any]:
        """Wait until what it is shown passes a test."""
        async with asyncio.timeout(PATIENCE):
            while not (self.seen and test(self.seen)):
                self._changed.clear()
                await self._changed.wait()
        return self.seen

    async def until_refused(self) -> dict[str, Any]:
        """Wait until the server sends it away, and has closed its connection."""
        async with asyncio.timeout(PATIENCE):
            while self.refused is None:
                self._changed.clear()
                await self._changed.wait()
            if self.reading is not None:
                await self.reading
        return self.refused

    async def guess(self, guess: Any) -> int:
        """Send a guess; the status of the answer."""
        sent = {"phone": self.name, "turn": self.seen["turn"], "guess": guess}
        return (await self.room.post(f"/class/{self.room.code}/guess", sent)).code
