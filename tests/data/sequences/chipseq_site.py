"""A site with ChIP-seq sets on this machine, which can misbehave."""

from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAME = "wgEncodeAwgTfbsBroadDnd41Ezh239875UniPk"
TRAIN = b">chr1:1-11 ACGTTACGTTA 1\n>chr1:1-11_shuf AACTGTACGTT 0\n>chr2:5-15 GGGTTACGNNA 1\n"
TEST = b">chr3:1-11 TTTTTACGTTA 1\n>chr3:1-11_shuf TTTATTACGTT 0\n"


class Site:
    """What is served by path, what is cut off after so many bytes, and what was asked.

    `cuts[path]` is a list: the answer to each request in turn ends there, while its header promises the whole.
    """

    def __init__(self) -> None:
        self.files = {f"/{NAME}/train.data": TRAIN, f"/{NAME}/test.data": TEST}
        self.cuts: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.failures: dict[str, list[int]] = {}  # a status for each request in turn; 200 is well
        self.says_length = True
        self.packs = False
        self.url = ""


@contextmanager
def serving_sets() -> Iterator[Site]:
    """Serve until the block ends."""
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            body = site.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            failures = site.failures.get(self.path)
            status = failures.pop(0) if failures else 200
            if status != 200:
                self.send_error(status)
                return
            self.send_response(200)
            if site.packs:
                body = gzip.compress(body)
                self.send_header("Content-Encoding", "gzip")
            if site.says_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cuts = site.cuts.get(self.path)
            self.wfile.write(body[: cuts.pop(0)] if cuts else body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
