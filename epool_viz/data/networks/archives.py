"""Untrusted zip archives: the claimed size of a member is checked before it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import IO

from epool_viz.errors import FormatError

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError)  # what reading a member may raise
_PIECE = 1 << 20
_MOST_MEMBERS = 10_000
_MOST_UNPACKED = 1100  # deflate reaches about 1030 to 1
_ACCEPTED = "a whole zip archive, stored or deflated"


class Archive:
    """A zip archive in memory.

    Parameters
    ----------
    raw : bytes
    source : str
        What the messages call it.
    most_bytes : int
        That any one member may unpack to.

    Raises
    ------
    FormatError
        If it is cut off, encrypted, or claims what an archive of its size cannot hold.
    """

    def __init__(self, raw: bytes, source: str, most_bytes: int) -> None:
        self.source, self.raw = source, raw
        self._most = most_bytes
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise FormatError(source, None, f"a damaged zip archive ({error})", _ACCEPTED) from None
        self._infos = {info.filename: info for info in self._zip.infolist()[:_MOST_MEMBERS]}

    @property
    def names(self) -> list[str]:
        """The members, in their order."""
        return list(self._infos)

    @property
    def listed(self) -> str:
        """The first few members, for a message."""
        return ", ".join(repr(name[:60]) for name in self.names[:4]) or "nothing"

    def size(self, name: str) -> int:
        """How many bytes a member claims to unpack to."""
        return self._infos[name].file_size

    def open(self, name: str) -> IO[bytes]:
        """A member to read from.

        Raises
        ------
        FormatError
            If there is no such member, or it is damaged or claims too much.
        """
        info = self._infos.get(name)
        if info is None:
            raise FormatError(self.source, None, f"an archive of {self.listed}", f"one with {name!r}")
        self._require_modest(info)
        try:
            return self._zip.open(info)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            raise FormatError(self.source, None, f"the damaged member {name!r} ({error})", _ACCEPTED) from None

    def read(self, name: str) -> bytes:
        """All of a member; never more than it claims.

        Raises
        ------
        FormatError
            If the member is damaged.
        """
        with self.open(name) as stream:
            try:
                return stream.read()
            except DAMAGE as error:
                raise FormatError(self.source, None, f"the damaged member {name!r} ({error})", _ACCEPTED) from None

    def require_sound(self, name: str) -> None:
        """See that a member is what its checksum is of; no more of it than a piece is held.

        Raises
        ------
        FormatError
            Naming the member.
        """
        with self.open(name) as stream:
            try:
                while stream.read(_PIECE):
                    pass
            except DAMAGE as error:
                raise FormatError(self.source, None, f"the damaged member {name!r} ({error})", _ACCEPTED) from None

    def _require_modest(self, info: zipfile.ZipInfo) -> None:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise FormatError(self.source, None, f"{info.filename!r}, packed in another way or encrypted", _ACCEPTED)
        most = min(self._most, _MOST_UNPACKED * (info.compress_size + 100))
        if info.file_size > most:
            found = f"{info.filename!r}, which claims {info.file_size:,} bytes"
            raise FormatError(self.source, None, found, f"at most {most:,} for this archive")
