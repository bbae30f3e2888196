"""Words and numbers of a line: what parts them, and what a comma means.

Every expression here takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from epool_viz.errors import FormatError

Lines = Sequence[tuple[int, str]]
Comma = Literal["parts", "decimal"]

_NUMBER = re.compile(r"[-+]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?")
MOST_ROWS = 20_000
_LONGEST = 400  # characters of a number
# of blanks only those that part words everywhere: others stand inside numbers, as in 1 234
_BETWEEN = re.compile(r"[ \t\f\v,;|:=\[\](){}\"']+")
_NOT_COMMA = re.compile(r"[ \t\f\v;|:=\[\](){}\"']+")
_NEXT_ROW = re.compile(r"[\])}][ \t,]*+[\[({]")
_DECIMAL = re.compile(r"[-+]?[0-9]*+,[0-9]++(?:[eE][-+]?[0-9]++)?,*+")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})++")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")
_OPEN = "a comma that may be a decimal mark or part numbers"
_COMMA_ACCEPTED = "points as decimal marks, or numbers with decimal commas between blanks, tabs or semicolons"
_MOST_LOOKED_AT = 1000  # lines that determine what a comma means


def is_number(word: str) -> bool:
    """Whether the word is a plain number; `nan` and `inf` are none."""
    return len(word) <= _LONGEST and _NUMBER.fullmatch(word) is not None


def read_number(source: str, line: int, word: str) -> float:
    """One finite number.

    Raises
    ------
    FormatError
        If the word is no finite number.
    """
    value = float(word) if is_number(word) else float("nan")
    if not np.isfinite(value):
        mark = " (a decimal comma)" if _DECIMAL.fullmatch(word[:_LONGEST]) else ""
        raise FormatError(source, line, f"{word[:20]!r}{mark}", "a number")
    return value


def too_many_rows(source: str, line: int) -> FormatError:
    """What to raise at a row that no matrix has."""
    return FormatError(source, line, f"more than {MOST_ROWS:,} rows of one matrix", f"at most {MOST_ROWS:,}")


def is_letter(word: str) -> bool:
    """Whether the word is a single letter."""
    return len(word) == 1 and word.isalpha()


def row_texts(text: str) -> list[str]:
    """A line parted where one row of a written array ends and the next begins: `[1, 2], [3, 4]`, or `1 2; 3 4`."""
    text = text.replace("−", "-")
    pieces = _NEXT_ROW.split(text) if "[" in text or "(" in text or "{" in text else [text]
    return [row for piece in pieces for row in _parted_at_semicolons(piece)]


def _parted_at_semicolons(text: str) -> list[str]:
    """Semicolons end rows where blanks part the numbers between them; else they part numbers."""
    if ";" not in text:
        return [text]
    segments = [segment for segment in text.split(";") if segment.strip()]
    counts = [sum(is_number(word.strip(",")) for word in segment.split()) for segment in segments]
    return segments if len(segments) > 1 and min(counts) > 1 else [text]


def words_of(text: str, comma: Comma) -> list[str]:
    """The words of a row, numbers with points as decimal marks."""
    if comma == "parts":
        return [word for word in _BETWEEN.split(text) if word]
    words = [word.rstrip(",") for word in _NOT_COMMA.split(text)]
    return [word.replace(",", ".") for word in words if word]


def comma_means(source: str, lines: Lines) -> Comma:
    """What a comma between digits means in these lines.

    It is a decimal mark where something else parts the numbers, and parts them where nothing else does.

    Raises
    ------
    FormatError
        If both may be meant, or it groups thousands.
    """
    told = [(line, _NOT_COMMA.split(text)) for line, text in lines[:_MOST_LOOKED_AT] if "," in text]
    inner = [(line, word) for line, words in told for word in words if "," in word.strip(",") or word[:1] == ","]
    inner = [(line, word) for line, word in inner if any(map(str.isdigit, word))]
    if not inner:
        return "parts"
    if any(_stands_between(words) for _, words in told) or any('"' in text for _, text in lines[:_MOST_LOOKED_AT]):
        return _decimal(source, inner)
    _require_no_pairs(source, told)
    return "parts"


def require_no_groups(source: str, lines: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Refuse points that group thousands: three digits behind each of them, beside whole numbers without any.

    Raises
    ------
    FormatError
        If a number has a mark between thousands.
    """
    numbers = [(line, word) for line, words in lines for word in words if any(map(str.isdigit, word[:3]))]
    pointed = [(line, word) for line, word in numbers if not word.isdigit()]
    are_groups = all(_GROUPED.fullmatch(word) for _, word in pointed)
    if pointed and are_groups and any(len(word) > 1 and word.isdigit() for _, word in numbers):
        line, word = pointed[0]
        found = f"{word[:20]!r}, which may be {word[:20].replace('.', '')}, beside whole numbers"
        raise FormatError(source, line, found, "numbers without marks between thousands")


def _stands_between(words: Sequence[str]) -> bool:
    """Whether something other than a comma parts two numbers."""
    numeric = [word for word in words if word and word.strip(",")[:1] in "+-.0123456789" and word != ","]
    return any(not a.endswith(",") and not b.startswith(",") for a, b in itertools.pairwise(numeric))


def _decimal(source: str, inner: Sequence[tuple[int, str]]) -> Comma:
    for line, word in inner:
        if not _DECIMAL.fullmatch(word):
            raise FormatError(
                source, line, f"{word[:20]!r}, with commas that group digits or part numbers", _COMMA_ACCEPTED
            )
    if all(_THOUSANDS.fullmatch(word.rstrip(",")) for _, word in inner):
        line, word = inner[0]
        found = f"{word[:20]!r}, which may be {word.replace(',', '.', 1)[:20]} or {word.replace(',', '', 1)[:20]}"
        raise FormatError(source, line, found, _COMMA_ACCEPTED)
    return "decimal"


def _require_no_pairs(source: str, told: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Refuse rows of commas alone that read as well as half as many numbers, each with a decimal comma."""
    rows = [(line, [word for word in words if any(map(str.isdigit, word))]) for line, words in told]
    atoms = [[atom.lstrip("+-") for word in words for atom in word.split(",") if atom] for _, words in rows]
    atoms = [row[1:] if row and is_letter(row[0]) else row for row in atoms]
    if not all(atom.isdigit() for row in atoms for atom in row):
        return
    pairs = all(len(words) > 1 and all(word.strip(",").count(",") == 1 for word in words) for _, words in rows)
    bare = any(len(words) > 1 and all(word.startswith(",") for word in words) for _, words in rows)
    led = any(len(atom) > 1 and atom[0] == "0" for row in atoms for atom in row)
    shares = all(len(row) % 2 == 0 and {*row[::2]} <= {"0", "1"} for row in atoms)
    more = any(atom not in ("0", "1") for row in atoms for atom in row[1::2])
    if pairs or bare or led or (shares and more):
        line, words = rows[0]
        raise FormatError(source, line, f"{_OPEN} ({' '.join(words)[:30]})", _COMMA_ACCEPTED)
