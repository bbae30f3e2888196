"""Ways to dress a text as people's files come, and a check of a message to the letter."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

DRESSES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CRLF, no final newline": lambda text: text.rstrip("\n").replace("\n", "\r\n").encode(),
    "CR alone": lambda text: text.replace("\n", "\r").encode(),
    "spare blank lines": lambda text: ("\n \n" + text + "\n\n").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big end first": lambda text: ("\ufeff" + text).encode("utf-16-be"),
    "UTF-16 in gzip": lambda text: gzip.compress(text.encode("utf-16")),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip in two members": lambda text: gzip.compress(text[:9].encode()) + gzip.compress(text[9:].encode()),
}


@pytest.fixture(params=DRESSES)
def dress(request: pytest.FixtureRequest) -> Callable[[str], bytes]:
    """Each way in turn that one text may be stored."""
    return DRESSES[request.param]


@pytest.fixture
def assert_refused() -> Callable[..., None]:
    """Check that a call raises this kind of error with exactly this message."""

    def check(
        error: type[Exception], message: str, call: Callable[..., object], /, *args: object, **kwargs: object
    ) -> None:
        with pytest.raises(error) as caught:
            call(*args, **kwargs)
        assert str(caught.value) == message

    return check
