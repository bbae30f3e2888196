"""The routes of class mode: pages and requests of phones and of the lecturer, for `classroom`.

A request here starts no kernel, sets no cookie and leaves no line in the log.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import json
import socket
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler

from epool_viz.app.server.classroom import MOST_CLASSES, Classroom, Classrooms, Ended, Refused
from epool_viz.app.server.landing import templates
from epool_viz.components._modules import module_text

BEAT = 20.0  # seconds without news, after which something is sent, so that a dead connection shows
AGAIN = 1500  # milliseconds until a phone connects again
OVER = "The class has ended."
ELSEWHERE = "The class is open in another tab of this phone."

# No page of ours here loads anything, and nobody may frame it.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class ClassHandler(RequestHandler):
    """What all requests of a class have in common; not Jupyter's handler, which would give every phone a cookie."""

    classes: Classrooms

    def initialize(self, *, classes: Classrooms) -> None:
        """Tornado's constructor."""
        self.classes = classes

    def set_default_headers(self) -> None:
        """Nothing is kept by the browser, framed or sent elsewhere."""
        self.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    async def prepare(self) -> None:
        """Refuse another name than ours on loopback, and what another site's page sends."""
        if not self.settings["allow_remote_access"] and not is_loopback(urlsplit(f"//{self.request.host}").hostname):
            raise Refused(403, "This server answers only under its own address.")
        if self.request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} and not self.is_page():
            raise Refused(403, "Only a page of this server may do that.")

    def is_page(self) -> bool:
        """Whether a link from anywhere may lead here."""
        return False

    def check_xsrf_cookie(self) -> None:
        """In place of a token in a cookie: the browser's word that the page is ours."""
        if not is_same_origin(self.request):
            raise Refused(403, "Only a page of this server may do that.")

    def body(self) -> dict[str, Any]:
        """What was sent, as an object."""
        try:
            sent = json.loads(self.request.body)
        except (ValueError, RecursionError):
            sent = None
        if not isinstance(sent, dict):
            raise Refused(400, "A request is one JSON object.")
        return sent

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """One sentence, as JSON."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Refused):
            self.set_status(error.status)
            self.finish({"message": error.message})
        else:
            self.finish({"message": "There is nothing here." if status_code < 500 else "The server made a mistake."})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """An exception is logged without the request, which would name a phone's address; a refusal is not."""
        if not isinstance(value, Refused | HTTPError):
            self.settings["class_log"].error("a request of a class failed", exc_info=(typ, value, tb))

    def _log(self) -> None:
        """No line for any request."""


class JoinHandler(ClassHandler):
    """The page of a phone, the same for every class, and the request that opens one."""

    def is_page(self) -> bool:
        """A link leads here."""
        return self.request.method in {"GET", "HEAD"}

    def get(self, _: str = "") -> None:
        """Send the page; with a code that was typed, lead to its class."""
        base = f"{self.settings['base_url']}class"
        code = self.get_query_argument("code", "")[:40].strip().upper()
        if code:
            self.redirect(f"{base}/{quote(code, safe='')}")
            return
        self.finish(join_page(base))

    def post(self, _: str = "") -> None:
        """Open a class: its code, the lecturer's secret, and the address for the phones."""
        origin = self.request.headers["Origin"]
        is_remote = self.settings["allow_remote_access"]
        room = self.classes.open(address_for_phones(origin, is_remote=is_remote))
        self.finish({"code": room.code, "secret": room.secret, "link": link_of(room, self.settings["base_url"])})


class ScriptHandler(ClassHandler):
    """The module of the lecturer's page."""

    def get(self) -> None:
        """Send it."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")
        self.finish(module_text("classroom_lecturer"))


class QrHandler(ClassHandler):
    """The link to a class as a QR code."""

    def is_page(self) -> bool:
        """It shows nothing that the link does not."""
        return True

    def get(self, code: str) -> None:
        """Send the picture."""
        room = self.classes.find(code)
        self.set_header("Content-Type", "image/svg+xml")
        self.finish(qr_svg(link_of(room, self.settings["base_url"])))


class GuessHandler(ClassHandler):
    """A phone's guess."""

    def post(self, code: str) -> None:
        """Take it."""
        sent = self.body()
        self.classes.find(code).take(sent.get("phone"), sent.get("turn"), sent.get("guess"))
        self.finish({"taken": True})


class LecturerHandler(ClassHandler):
    """What the lecturer's page requests; it asks each second how many have answered."""

    def post(self, code: str, what: str) -> None:
        """Do it, for whoever has the secret."""
        room, sent = self.classes.find(code), self.body()
        room.check(sent.get("secret"))
        if what == "end":
            self.classes.end(room)
            self.finish({"ended": True})
            return
        if what == "ask":
            room.ask(sent.get("question"))
        elif what == "show":
            room.show(sent.get("turn"), sent.get("truth"), sent.get("explanation"))
        self.finish(room.watched())


class EventsHandler(ClassHandler):
    """What a phone is shown, as it changes. Each event is all of it, so that one that comes back needs no other."""

    def initialize(self, *, classes: Classrooms) -> None:
        """Tornado's constructor."""
        super().initialize(classes=classes)
        self.news = asyncio.Event()
        self.is_gone = self.is_replaced = False

    def on_connection_close(self) -> None:
        """The phone went."""
        self.is_gone = True
        self.news.set()

    def hang_up(self) -> None:
        """The same phone has another connection."""
        self.is_replaced = True
        self.news.set()

    async def get(self, code: str) -> None:
        """Send the state now and at each change; a refusal too is an event, since a browser hides other answers."""
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Content-Encoding", "identity")  # a compressor for each connection takes 0.1 MB
        self.set_header("X-Accel-Buffering", "no")
        name, hang_up, tell = self.get_query_argument("phone", ""), self.hang_up, self.news.set
        try:
            room = self.classes.find(code)
            room.join(name, hang_up)
        except Refused as refused:
            await self.finish(event("refused", {"message": refused.message, "again": not isinstance(refused, Ended)}))
            return
        room.listeners.add(tell)
        try:
            await self._send(room, name)
        except StreamClosedError:
            pass
        finally:
            room.listeners.discard(tell)
            room.leave(name, hang_up)

    async def _send(self, room: Classroom, name: str) -> None:
        self.write(f"retry: {AGAIN}\n\n")
        has_news = True
        while not self.is_gone:
            if room.is_over or self.is_replaced:
                message = OVER if room.is_over else ELSEWHERE
                await self.finish(event("refused", {"message": message, "again": self.is_replaced}))
                return
            self.news.clear()
            self.write(event("state", room.view(name)) if has_news else ": here\n\n")
            await self.flush()
            try:
                await asyncio.wait_for(self.news.wait(), BEAT)
                has_news = True
            except TimeoutError:
                has_news = False


def routes(classes: Classrooms) -> list[Any]:
    """The addresses of class mode."""
    given = {"classes": classes}
    return [
        (r"/class/?()", JoinHandler, given),
        (r"/class/lecturer\.js", ScriptHandler, given),
        (r"/class/([A-Za-z0-9]{1,40})/?", JoinHandler, given),
        (r"/class/([A-Za-z]{1,40})/qr\.svg", QrHandler, given),
        (r"/class/([A-Za-z]{1,40})/events", EventsHandler, given),
        (r"/class/([A-Za-z]{1,40})/guess", GuessHandler, given),
        (r"/class/([A-Za-z]{1,40})/(ask|show|watch|end)", LecturerHandler, given),
    ]


def event(name: str, data: dict[str, Any]) -> str:
    """One server-sent event; JSON has no line breaks of its own."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


@cache
def join_page(base: str) -> str:
    """The page of a phone as HTML."""
    return templates().get_template("class.html").render(base=base, script=module_text("classroom_phone"))


def link_of(room: Classroom, base_url: str) -> str:
    """What phones open; "" if they cannot reach this server."""
    return f"{room.address}{base_url}class/{room.code}" if room.address else ""


@lru_cache(MOST_CLASSES)
def qr_svg(link: str) -> bytes:
    """A QR code, dark on white with its margin, for every theme."""
    import segno

    if not link:
        raise Refused(404, "Phones cannot reach this server, so that there is no code to scan.")
    out = io.BytesIO()
    segno.make_qr(link, error="m").save(out, kind="svg", border=4, light="#fff", omitsize=True)
    return out.getvalue()


def is_same_origin(request: HTTPServerRequest) -> bool:
    """Whether a page of this server sent a request."""
    origin = request.headers.get("Origin", "")
    return bool(origin) and urlsplit(origin).netloc.lower() == request.host.lower()


def is_loopback(name: str | None) -> bool:
    """Whether a name is of this machine for itself."""
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return name == "localhost"


def address_for_phones(origin: str, *, is_remote: bool) -> str:
    """The address of this server as phones reach it; "" where they cannot.

    Parameters
    ----------
    origin : str
        As the lecturer's browser opened it.
    is_remote : bool
        Whether the server listens to other machines.
    """
    parts = urlsplit(origin)
    if not is_remote:
        return ""
    if not is_loopback(parts.hostname) and parts.hostname != socket.gethostname().lower():
        return origin
    found = own_address()
    if not found:
        return "" if is_loopback(parts.hostname) else origin
    return f"{parts.scheme}://{found}" + (f":{parts.port}" if parts.port else "")


def own_address() -> str:
    """The address of this machine in its network; "" without one. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # kept for documentation: a datagram socket only chooses its way
        except OSError:
            return ""
        found: str = probe.getsockname()[0]
    return "" if is_loopback(found) else found
