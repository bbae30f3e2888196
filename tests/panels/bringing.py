"""A file chosen in the browser, as it arrives."""

from __future__ import annotations

from epool_viz.components.upload import Upload


def bring(button: Upload, name: str, content: bytes) -> None:
    """Have a file reach the widget by the way that the page sends it."""
    button._receive(button, {"file": {"name": name, "size": len(content)}}, [memoryview(content)])
