"""Reads files of sequences.

Four formats are read: FASTA, the `id sequence label` text of the ENCODE ChIP-seq benchmark, tables with a header such
as DeepBind's, and the HDF5 layout of the reference implementation. A paste may also hold bare letters, one sequence a
line.
"""

from __future__ import annotations

import csv
import os
import re
from array import array

import numpy as np

from epool_viz._writing import are, how_many
from epool_viz.core.alphabet import DNA, PROTEIN, RNA, UNKNOWN, Alphabet, get_alphabet
from epool_viz.core.types import Array, Codes
from epool_viz.data.limits import Limits
from epool_viz.data.sequences.foreign import require_sequences
from epool_viz.data.sequences.set import SequenceSet, zero_or_one
from epool_viz.data.source import HDF5_MAGIC, Progress, Source, is_comment, left_out, open_path, open_text
from epool_viz.errors import ArgumentError, FormatError

_ENCODE_LINE = re.compile(rb"(?!MEME version)>?\S+\s+[A-Za-z*]+\s+[-+]?\d+(\.\d*)?\s*")
_LETTERS = re.compile(rb"[A-Za-z*]+\s*")
_COLUMNS = (
    (b"eventid", b"id", b"name", b"seq_id", b"sequence_id"),
    (b"seq", b"sequence"),
    (b"bound", b"label", b"labels", b"class", b"target"),
)
_NO_TABLE = b""
_DELIMITERS = (b"\t", b",", b";", None)
_BETWEEN = {b"\t": "tabs", b",": "commas", b";": "semicolons", None: "blanks"}
_CELL_OF_LETTERS = re.compile(rb"[ACGTUNacgtun]{3,}|[A-Z]{8,}")
_GAP = " (a gap, as in an alignment)"
_STRAYS = {b"-": _GAP, b".": _GAP, b"*": " (a stop codon's mark)", b"[": " (a matrix?)"}
_NUCLEIC = b"ACGTUNacgtun"
_ACCEPTED_FORMATS = (
    "FASTA ('>' before each name), lines of `id sequence label`, a table with a column `seq` (DeepBind's, CSV), HDF5, "
    "or bare letters, one sequence a line"
)


def read_sequences(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the usual word
    alphabet: str | Alphabet | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> SequenceSet:
    """Read a file of sequences, packed with gzip or not.

    Parameters
    ----------
    path : str or path
    format : "fasta", "encode", "deepbind", "hdf5", "lines", or None
        None detects it from the content, not from the name of the file.
    alphabet : Alphabet or its name, or None
        None guesses from the letters, which `assumptions` then states.
    progress : callable (done, total), or None
        Called with the bytes read and the bytes to read, every 256 KiB.
    limits : Limits, or None
        How much may be in it, unpacked; None is what fits into the memory of a computer at home.

    Returns
    -------
    SequenceSet. Case does not matter; every letter that stands for several is held as unknown. Records without letters
    are left out and named in `assumptions`; labels -1 and 1 become 0 and 1.

    Raises
    ------
    FormatError
        For anything in the file that cannot be read; the message names file, line, what stands there and what may.
    ArgumentError
        If there is no such file, format or alphabet.
    """
    with open_path(path, progress, limits) as source:
        return _read(source, format, alphabet)


def parse_sequences(
    text: str | bytes,
    *,
    source: str = "the pasted text",
    format: str | None = None,  # noqa: A002 - the usual word
    alphabet: str | Alphabet | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> SequenceSet:
    """Read sequences out of a text, or out of the bytes of an uploaded file.

    Parameters
    ----------
    text : str or bytes
        Any format of `read_sequences`, or bare letters, one sequence a line; bytes may be packed with gzip.
    source : str
        What the messages call it.
    format, alphabet, progress, limits
        As in `read_sequences`.

    Returns
    -------
    SequenceSet

    Raises
    ------
    FormatError
        For anything that cannot be read; the message names the line, what stands there and what may.
    """
    return _read(open_text(text, source, progress, limits), format, alphabet)


def _read(source: Source, format: str | None, alphabet: str | Alphabet | None) -> SequenceSet:  # noqa: A002
    known = None if alphabet is None else get_alphabet(alphabet)
    chosen = _detect(source) if format is None else format
    if chosen == "hdf5":
        from epool_viz.data.sequences.hdf5 import read_hdf5

        return read_hdf5(source, known)
    if chosen not in _READERS:
        raise ArgumentError("format", repr(format), f"{', '.join(map(repr, _READERS))}, 'hdf5' or None")
    records = _Records(source)
    _READERS[chosen](source, records)
    return records.build(known)


def _detect(source: Source) -> str:
    """The format, by the first two lines that are not blank."""
    if source.head.startswith(HDF5_MAGIC):
        return "hdf5"
    require_sequences(source)
    opening = source.opening()
    if not opening:
        raise FormatError(source.name, None, "no text", _ACCEPTED_FORMATS)
    (number, first), second = opening[0], opening[1][1] if len(opening) > 1 else b"two words"
    if _ENCODE_LINE.fullmatch(first) and len(second.split()) > 1:
        return "encode"
    if first.startswith(b">"):
        return "fasta"
    if _delimiter(first) is not _NO_TABLE:
        return "deepbind"
    if _LETTERS.fullmatch(first):
        return "lines"
    _require_header(source, number, first, second)
    raise FormatError(source.name, number, repr(source.text(number, first)[:40]), _ACCEPTED_FORMATS)


def _require_header(source: Source, number: int, first: bytes, second: bytes) -> None:
    """Refuse a table of sequences whose columns no header names, or whose header names no `seq`."""
    for delimiter in _DELIMITERS:
        is_row, is_row_next = (_has_letters(_cells(line, delimiter)) for line in (first, second))
        if is_row or is_row_next:
            lacks = "columns without a header" if is_row else "a header without a column `seq`"
            columns = "a first line of column names, `seq` and perhaps `id` and `label`"
            found = f"{source.text(number, first)[:40]!r}, {lacks}"
            raise FormatError(source.name, number, found, f"{columns}, with {_BETWEEN[delimiter]} between; or FASTA")


def _has_letters(cells: list[bytes]) -> bool:
    return len(cells) > 1 and any(map(_CELL_OF_LETTERS.fullmatch, cells))


class _Records:
    """Collects records line by line, with the line of each letter."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.limits = source.limits
        self.assumptions: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self.first_left_out = 0  # its line
        self.names: list[str] = []
        self.starts = array("q")  # letters before each record
        self.labels = array("q")
        self.letters = bytearray()
        self.line_ends = array("q")  # letters up to the end of each line that holds some
        self.line_numbers = array("q")

    def open(self, name: str) -> None:
        """Begin the next record."""
        if len(self.names) >= self.limits.records:
            self.limits.require("records", len(self.names) + 1, self.source.name, self.source.line, "sequences")
        self.names.append(name or f"sequence {len(self.names) + 1}")
        self.starts.append(len(self.letters))

    def drop_empty(self, line: int) -> None:
        """Leave the record that ends here out if it has no letters; `line` is that of its name."""
        if self.names and self.starts[-1] == len(self.letters):
            self.starts.pop()
            name = self.names.pop()
            self.first_left_out = self.first_left_out or line
            self.left_out.append((f"the record {name!r}", f"line {line}: no letters"))

    def add(self, line: int, letters: bytes) -> None:
        """Append letters to the record that is open."""
        self.letters += letters
        if len(self.letters) > self.limits.letters:
            self.limits.require("letters", len(self.letters), self.source.name, line, "letters")
        self.line_ends.append(len(self.letters))
        self.line_numbers.append(line)

    def row(self, line: int, name: bytes, letters: bytes, label: bytes | None = None) -> None:
        """A record that stands on one line."""
        self.open(self.source.text(line, name))
        if not letters:
            self.drop_empty(line)
            return
        self.add(line, letters)
        if label is not None:
            self.labels.append(self._label(line, label))

    def build(self, alphabet: Alphabet | None) -> SequenceSet:
        """The set, every letter checked."""
        if not self.names and self.left_out:
            found = f"{self.left_out[0][0]} without letters"
            raise FormatError(self.source.name, self.first_left_out, found, "letters after a name")
        if not self.names:
            raise FormatError(self.source.name, None, "no sequence", _ACCEPTED_FORMATS)
        text = bytes(self.letters)
        alphabet = alphabet or self._guess(text)
        self._check(text, alphabet)
        codes = alphabet.encode(text)
        self._say_readings(text, codes, alphabet)
        offsets = np.array([*self.starts, len(text)], dtype=np.int64)
        labels = self._read_labels()
        self._say_names()
        return SequenceSet(
            codes, offsets, tuple(self.names), labels, alphabet, self.source.name, tuple(self.assumptions)
        )

    def _read_labels(self) -> Array | None:
        if not self.labels:
            return None
        labels, said = zero_or_one(np.array(self.labels, dtype=np.int64))
        self.assumptions += said
        return labels

    def _say_names(self) -> None:
        """State what was left out, and which names occur again."""
        if self.left_out:
            self.assumptions.append(left_out(self.left_out))
        again = len(self.names) - len(set(self.names))
        if again:
            verb = "name occurs" if again == 1 else "names occur"
            self.assumptions.append(f"{again:,} {verb} a second time; each record is a sequence of its own.")

    def _label(self, line: int, raw: bytes) -> int:
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not value.is_integer() or abs(value) > 2**31:
            found = f"the label {raw[:20].decode('ascii', 'replace')!r}"
            raise FormatError(self.source.name, line, found, "a whole number, such as 0 or 1")
        return int(value)

    def _guess(self, text: bytes) -> Alphabet:
        """DNA, RNA or protein, by the letters that occur."""
        share = 1 - len(text.translate(None, _NUCLEIC)) / len(text)
        upper = text.upper()
        nucleic = RNA if b"U" in upper and b"T" not in upper else DNA
        guess = nucleic if share >= 0.5 else PROTEIN
        self.assumptions.append(f"{share:.1%} of the letters are A, C, G, T, U or N, so they are read as {guess.name}.")
        return guess

    def _check(self, text: bytes, alphabet: Alphabet) -> None:
        """Every byte is a letter, or the error names the line of the first that is not."""
        aliases = "".join(alias for alias, _ in alphabet.aliases)
        accepted = (alphabet.letters + alphabet.unknown + aliases).encode()
        stray = text.translate(None, accepted + accepted.lower())[:1]
        if stray:
            line = self.line_numbers[int(np.searchsorted(self.line_ends, text.index(stray), side="right"))]
            found = repr(stray.decode()) if stray.isascii() else f"the byte 0x{stray.hex()}"
            found += _STRAYS.get(stray, "")
            raise FormatError(self.source.name, line, found, f"{alphabet.name} letters {alphabet.accepted}")

    def _say_readings(self, text: bytes, codes: Codes, alphabet: Alphabet) -> None:
        """State how letters were read that have no column of their own."""
        upper = text.upper()
        if upper != text:
            self.assumptions.append("Lower-case letters mean the same as capitals.")
        self.assumptions += [f"{a} is read as {b}." for a, b in alphabet.aliases if a.encode() in upper]
        n_unknown = int(np.count_nonzero(codes == UNKNOWN))
        if n_unknown:
            of = f"{n_unknown:,} of {how_many(len(text), 'letter')} {are(n_unknown)} ambiguous ({alphabet.unknown})"
            self.assumptions.append(f"{of}: each counts as unknown.")


def _read_fasta(source: Source, records: _Records) -> None:
    header, n_comments = 0, 0
    for number, line in source.lines():
        if line.startswith(b">"):
            records.drop_empty(header)
            records.open(source.text(number, line[1:]).strip())
            header = number
        elif is_comment(line):
            n_comments += 1
        elif letters := b"".join(line.split()):
            if not header:
                raise FormatError(source.name, number, "letters before the first name", "a line that begins with '>'")
            records.add(number, letters)
    records.drop_empty(header)
    if n_comments == 1:
        records.assumptions.append("1 line that begins with '#' or ';' is a comment.")
    elif n_comments:
        records.assumptions.append(f"{n_comments} lines that begin with '#' or ';' are comments.")


def _read_encode(source: Source, records: _Records) -> None:
    for number, line in source.lines():
        columns = line.split()
        if columns and not is_comment(line):
            if len(columns) != 3:
                raise FormatError(source.name, number, how_many(len(columns), "column"), "three: id, sequence, label")
            records.row(number, columns[0].removeprefix(b">"), columns[1], columns[2])


def _read_deepbind(source: Source, records: _Records) -> None:
    lines = ((number, line) for number, line in source.lines() if line.strip() and not is_comment(line))
    number, first = next(lines, (1, b""))
    delimiter = _delimiter(first)
    if delimiter is _NO_TABLE:
        raise FormatError(source.name, number, "a header without a column `seq`", "FoldID EventID seq Bound")
    header = _cells(first, delimiter)
    at_name, at_letters, at_label = (_column(header, names) for names in _COLUMNS)
    if sum(column.lower() in _COLUMNS[1] for column in header) > 1:
        raise FormatError(source.name, number, "two columns of sequences", "one column `seq` or `sequence`")
    for number, line in lines:
        columns = _cells(line, delimiter)
        if len(columns) != len(header):
            raise FormatError(source.name, number, how_many(len(columns), "column"), f"{len(header)}, as in the header")
        name = b"" if at_name is None else columns[at_name]
        records.row(number, name, columns[at_letters or 0], None if at_label is None else columns[at_label])


def _delimiter(header: bytes) -> bytes | None:
    """What parts the columns of a header with a column of sequences; None is blanks, `_NO_TABLE` that it is none."""
    for delimiter in _DELIMITERS:
        columns = _cells(header, delimiter)
        if _column(columns, _COLUMNS[1]) is not None and (len(columns) > 1 or not header.isupper()):
            return delimiter
    return _NO_TABLE


def _cells(line: bytes, delimiter: bytes | None) -> list[bytes]:
    if b'"' in line and delimiter is not None:
        reader = csv.reader([line.decode("utf-8", "surrogateescape")], delimiter=delimiter.decode())
        return [cell.strip().encode("utf-8", "surrogateescape") for cell in next(reader, [])]
    return [cell.strip() for cell in line.split(delimiter)]


def _column(header: list[bytes], names: tuple[bytes, ...]) -> int | None:
    return next((i for i, column in enumerate(header) if column.lower() in names), None)


def _read_lines(source: Source, records: _Records) -> None:
    for number, line in source.lines():
        if (letters := b"".join(line.split())) and not is_comment(line):
            records.row(number, b"", letters)
    records.assumptions.append("There is no line with '>', so each line is a sequence of its own.")


_READERS = {"fasta": _read_fasta, "encode": _read_encode, "deepbind": _read_deepbind, "lines": _read_lines}
