"""Text of a file, a paste or an upload: gzip and UTF-16 decoded, size limited, lines counted."""

from __future__ import annotations

import codecs
import difflib
import gzip
import io
import itertools
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

from epool_viz._writing import shown
from epool_viz.data.limits import Limits
from epool_viz.data.opening import open_input, size_of
from epool_viz.errors import FormatError

Progress = Callable[[int, int], None]
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_CHUNK = 1 << 18
_MOST_NAMED = 5
_LONGEST_LINE = 100_000
_MOST_LINES = 2_000_000
_MANY_BLANKS = 4096
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_GZIP_MAGIC = b"\x1f\x8b"
_PACKED = {b"PK\x03\x04": "a zip archive", b"BZh": "bzip2 data", b"\xfd7zXZ": "xz data", b"(\xb5/\xfd": "zstd data"}
_GZIP_ACCEPTED = "a complete gzip file, or the file unpacked"


class _Utf8:
    """UTF-16 as UTF-8, read piece by piece."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")()

    def read(self, n: int) -> bytes:
        while piece := self._stream.read(n):
            if text := self._decoder.decode(piece):
                return text.encode("utf-8", "surrogatepass")
        return self._decoder.decode(b"", final=True).encode("utf-8")

    def seek(self, place: int) -> int:
        self._decoder.reset()
        return self._stream.seek(place)


@dataclass
class Source:
    """A readable stream with a name for the messages.

    Parameters
    ----------
    name : str
        File as the caller gave it, or a word for typed text.
    raw : binary file
        The bytes as they are stored.
    size : int
        How many they are.
    progress : callable (done, total), or None
        Called with the stored bytes read so far.
    limits : Limits
    """

    name: str
    raw: IO[bytes]
    size: int
    progress: Progress | None = None
    limits: Limits = field(default_factory=Limits)
    stream: IO[bytes] = field(init=False)
    head: bytes = field(init=False)
    line: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        head = _peek(self.raw)
        packed = next((what for magic, what in _PACKED.items() if head.startswith(magic)), None)
        if packed:
            raise FormatError(self.name, None, packed, "plain text, gzip or HDF5")
        # typed as IO: GzipFile is one in all but its declaration
        self.stream = gzip.GzipFile(mode="rb", fileobj=self.raw) if head.startswith(_GZIP_MAGIC) else self.raw  # type: ignore[assignment]
        self.head = head if self.stream is self.raw else self._read(len(HDF5_MAGIC))
        if self.stream is not self.raw:
            self.stream.seek(0)
        if self.head.startswith(_WIDE_MARKS):
            self.stream = _Utf8(self.stream)  # type: ignore[assignment] # only `read` is called
            self.head = self._read(len(HDF5_MAGIC))
            self.stream.seek(0)

    def read_all(self) -> bytes:
        """Every byte, unpacked."""
        return b"".join(self._chunks())

    def lines(self) -> Iterator[tuple[int, bytes]]:
        r"""Every line with its number, counted from 1; `\n`, `\r\n` and a lone `\r` end a line.

        `self.line` is the number of the line handed out last. Of thousands of blank ones in a row most are left out.

        Raises
        ------
        FormatError
            If there is a zero byte, or the bytes are damaged or too many.
        """
        for block in _whole_lines(self._chunks()):
            if b"\0" in block:
                number = self.line + len(block[: block.index(b"\0") + 1].splitlines())
                raise FormatError(self.name, number, "binary data (a zero byte)", "text")
            if len(block) >= _MANY_BLANKS and not block.strip():
                self.line += len(block.splitlines())
                continue
            for line in block.splitlines():
                self.line += 1
                yield self.line, line.removeprefix(_BYTE_ORDER_MARK) if self.line == 1 else line

    def text_lines(self) -> list[tuple[int, str]]:
        """Every line of a text of motifs with its number, decoded; none is longer than a matrix can make it.

        Raises
        ------
        FormatError
            If a line is too long, or there are too many.
        """
        lines = []
        for number, raw in self.lines():
            if len(raw) > _LONGEST_LINE:
                accepted = f"lines of at most {_LONGEST_LINE:,}"
                raise FormatError(self.name, number, f"a line of {len(raw):,} characters", accepted)
            lines.append((number, self.text(number, raw)))
            if len(lines) > _MOST_LINES:
                raise FormatError(self.name, number, f"more than {_MOST_LINES:,} lines", f"at most {_MOST_LINES:,}")
        return lines

    def opening(self, most: int = 2, *, comments: bool = False) -> list[tuple[int, bytes]]:
        """The first lines that are neither blank nor, but for `comments`, one; reading starts at the top again."""
        start = Source(self.name, io.BytesIO(self._read(_CHUNK)), 0)
        self.stream.seek(0)
        telling = ((i, line) for i, line in start.lines() if line.strip() and (comments or not is_comment(line)))
        return list(itertools.islice(telling, most))

    def text(self, line: int, raw: bytes) -> str:
        """Part of a line decoded.

        Raises
        ------
        FormatError
            If it is not UTF-8.
        """
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            found = f"the byte 0x{raw[error.start]:02x}, which is not UTF-8"
            raise FormatError(self.name, line, found, "text in UTF-8") from None

    def _chunks(self) -> Iterator[bytes]:
        self._require_room()
        total = 0
        while chunk := self._read(_CHUNK):
            total += len(chunk)
            self.limits.require("bytes", total, self.name, None, "bytes of text")
            if self.progress:
                self.progress(self.raw.tell(), self.size)
            yield chunk
        if self.progress:
            self.progress(self.size, self.size)

    def _require_room(self) -> None:
        """Unpack once, without storing, a file that claims to be too large; the claim may be wrong."""
        if not isinstance(self.stream, gzip.GzipFile) or self._claimed_size() <= self.limits.bytes:
            return
        total = 0
        while chunk := self._read(_CHUNK):
            total += len(chunk)
            self.limits.require("bytes", total, self.name, None, "bytes of text")
        self.stream.seek(0)

    def _claimed_size(self) -> int:
        """Bytes of the last part of a gzip file once unpacked, modulo 2^32, by its last four bytes."""
        place = self.raw.tell()
        end = self.raw.seek(0, os.SEEK_END)
        self.raw.seek(max(end - 4, 0))
        told = int.from_bytes(self.raw.read(4), "little")
        self.raw.seek(place)
        return told

    def _read(self, n: int) -> bytes:
        try:
            return self.stream.read(n)
        except EOFError:
            raise FormatError(self.name, None, "gzip data that break off", _GZIP_ACCEPTED) from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(self.name, None, f"damaged gzip data ({error})", _GZIP_ACCEPTED) from None
        except UnicodeDecodeError as error:
            raise FormatError(self.name, None, f"damaged UTF-16 ({error.reason})", "text in UTF-8 or UTF-16") from None


@contextmanager
def open_path(
    path: str | os.PathLike[str], progress: Progress | None = None, limits: Limits | None = None
) -> Iterator[Source]:
    """Open a file or a pipe, and close it when the block ends."""
    limits = limits or Limits()
    with open_input(path, most=limits.bytes) as raw:
        yield Source(shown(path), raw, size_of(raw), progress, limits)


def open_text(text: str | bytes, name: str, progress: Progress | None = None, limits: Limits | None = None) -> Source:
    """Open typed or uploaded text; bytes may be packed with gzip."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return Source(name, io.BytesIO(data), len(data), progress, limits or Limits())


def is_comment(line: bytes) -> bool:
    """Whether the line is an aside, as old FASTA files and tables have them."""
    return line.startswith((b"#", b";"))


def left_out(bad: Sequence[tuple[str, str]]) -> str:
    """A sentence that names what was not read, or ""."""
    if not bad:
        return ""
    named = "; ".join(f"{called} ({reason})" for called, reason in bad[:_MOST_NAMED])
    more = f"; and {len(bad) - _MOST_NAMED:,} more" if len(bad) > _MOST_NAMED else ""
    return f"Left out: {named}{more}."


def near(query: str, candidates: Iterable[str], *, most: int = 3, likeness: float = 0.6, is_short: bool = True) -> str:
    """Name what the caller may have meant, as the end of a message.

    Parameters
    ----------
    query : str
    candidates : iterable of str
    most : int
        Names, at most.
    likeness : float
        From 0 to 1; names that are less alike are left out.
    is_short : bool
        Whether the first candidates tell what is accepted, where none is alike; else nothing is named.
    """
    known = list(dict.fromkeys(candidates))
    lower = {name.lower(): name for name in known[:5000]}
    close = [name for name in known if query.lower() in name.lower()] if query else []
    close += [lower[match] for match in difflib.get_close_matches(query.lower(), list(lower), n=most, cutoff=likeness)]
    chosen = list(dict.fromkeys(close))[:most] or known[: most * is_short]
    return ", ".join(repr(name) for name in chosen)


def _peek(raw: IO[bytes]) -> bytes:
    head = raw.read(len(HDF5_MAGIC))
    raw.seek(0)
    return head


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks that each end with a line break, the last one excepted."""
    pending: list[bytes] = []
    for chunk in chunks:
        # a return at the very end may be half of a line break
        cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, len(chunk) - 1)) + 1
        if cut:
            yield b"".join([*pending, chunk[:cut]])
            pending = []
        pending.append(chunk[cut:])
    if rest := b"".join(pending):
        yield rest
