"""Matrices written as text: which way they lie, and what their numbers are.

People write a motif with the letters down the side or along the top, labelled or not, as counts or as probabilities.
Each decision that is taken here is put into a sentence, so that the reader of the matrix can object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from epool_viz.core.alphabet import DNA, PROTEIN, RNA, UNKNOWN, Alphabet, get_alphabet
from epool_viz.data._source import is_comment, open_text
from epool_viz.data.limits import Limits
from epool_viz.errors import ArgumentError, FormatError

Array = np.ndarray[Any, Any]
Kind = Literal["counts", "probabilities", "scores"]
Lines = Sequence[tuple[int, str]]

KINDS = ("counts", "probabilities", "scores")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_BETWEEN = re.compile(r"[\s,;|:=\[\](){}]+")
_ROUNDING = 0.005  # half a unit of the second decimal, a letter
_EXACT = 1e-9
_EVEN = 0.01
_ACCEPTED = "rows of numbers, with the letters down the side or along the top if there are any"


@dataclass(frozen=True, eq=False)
class ParsedMatrix:
    """A matrix read from text.

    Parameters
    ----------
    values : float array, shape (letter, position)
    kind : "counts", "probabilities" or "scores"
        Scores are a kernel: they may be negative and need not sum to anything.
    assumptions : tuple of str
        What was taken for granted, a sentence each.
    alphabet : Alphabet
    """

    values: Array
    kind: Kind
    assumptions: tuple[str, ...]
    alphabet: Alphabet


class _Row(NamedTuple):
    line: int
    label: str
    numbers: list[float]


class _Header(NamedTuple):
    line: int
    letters: list[str]


def parse_matrix(
    text: str | bytes,
    *,
    source: str = "the typed matrix",
    alphabet: str | Alphabet | None = None,
    kind: Kind | None = None,
    limits: Limits | None = None,
) -> ParsedMatrix:
    """Read one matrix, motif or kernel, whichever way it lies.

    Parameters
    ----------
    text : str or bytes
        Numbers between spaces, tabs, commas or brackets; a letter may head each row, or a line of letters the columns.
    source : str
        What the messages call it.
    alphabet : Alphabet or its name, or None
        None tells by the letters, else by the number of rows or columns: 4 is DNA, 20 is protein.
    kind : "counts", "probabilities", "scores" or None
        None tells by the numbers: negative ones are scores; columns that sum to 1 are probabilities; whole numbers, or
        columns that share one sum, are counts; anything else is scores.
    limits : Limits, or None
        How much text it may be, unpacked.

    Returns
    -------
    ParsedMatrix, with `values` of shape (letter, position).

    Raises
    ------
    FormatError
        If the text is no matrix, or fits no alphabet, or contradicts `kind`.
    """
    lines = open_text(text, source, limits=limits).text_lines()
    return read_matrix(source, lines, None if alphabet is None else get_alphabet(alphabet), kind=kind)


def read_matrix(
    source: str, lines: Lines, alphabet: Alphabet | None, *, kind: Kind | None = None, motif: bool = False
) -> ParsedMatrix:
    """Read a matrix from numbered lines; `motif` says that it is known to be no kernel."""
    if kind is not None and kind not in KINDS:
        raise ArgumentError("kind", repr(kind), "'counts', 'probabilities', 'scores' or None")
    said: list[str] = []
    header, rows = _rows(source, lines)
    line = rows[0].line
    if any(row.label for row in rows):
        values, alphabet = _by_row_label(source, rows, alphabet, said)
    elif header:
        values, alphabet = _by_column_label(source, header, rows, alphabet, said)
    else:
        values, alphabet = _by_shape(source, rows, alphabet, said)
    if kind is None:
        kind = _guess_kind(source, line, values, motif, said)
    if kind != "scores":
        _require_positive(source, line, values, kind)
    if kind == "probabilities":
        values = unit_columns(source, values, said, [line] * values.shape[1])
    return ParsedMatrix(values, kind, tuple(said), alphabet)


def read_number(source: str, line: int, word: str) -> float:
    """One finite number."""
    value = float(word) if is_number(word) else float("nan")
    if not np.isfinite(value):
        raise FormatError(source, line, repr(word[:20]), "a number")
    return value


def is_number(word: str) -> bool:
    """Whether the word is a plain number; `nan` and `inf` are none."""
    return _NUMBER.fullmatch(word) is not None


def unit_columns(
    source: str, values: Array, said: list[str], lines: Sequence[int], what: str = "probabilities"
) -> Array:
    """Probabilities whose columns sum to 1; a sum that rounding cannot explain is an error at that column's line."""
    totals = values.sum(axis=0)
    off = np.abs(totals - 1)
    worst = int(off.argmax())
    if off[worst] > _most_rounding(values):
        at = f" at position {worst + 1}" if values.shape[1] > 1 else ""
        raise FormatError(source, lines[worst], f"{what} that sum to {totals[worst]:.6g}{at}", f"{what} that sum to 1")
    if off[worst] <= _EXACT:
        return values
    said.append(f"The {what} were rescaled to sum to 1: rounding had left them off by up to {off[worst]:.1g}.")
    return values / totals


def _most_rounding(values: Array) -> float:
    return _ROUNDING * values.shape[0] * (1 + 1e-9)


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN.split(text.replace("−", "-")) if word]


def _rows(source: str, lines: Lines) -> tuple[_Header | None, list[_Row]]:
    """The line of letters, if there is one, and the rows of numbers."""
    telling = [(line, words) for line, text in lines if not is_comment(text.encode()) and (words := _words(text))]
    header = _header(*telling[0]) if telling else None
    rows = [_row(source, line, words) for line, words in telling[bool(header) :]]
    if not rows:
        raise FormatError(source, None, "no numbers", _ACCEPTED)
    return header, rows


def _header(line: int, words: list[str]) -> _Header | None:
    """Letters, perhaps behind a word such as "pos"."""
    letters = words if _is_letter(words[0]) else words[1:]
    return _Header(line, letters) if len(letters) > 1 and all(map(_is_letter, letters)) else None


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _row(source: str, line: int, words: list[str]) -> _Row:
    label = words[0] if _is_letter(words[0]) else ""
    numbers = [read_number(source, line, word) for word in words[bool(label) :]]
    if not numbers:
        raise FormatError(source, line, f"the letter {label} without numbers", _ACCEPTED)
    return _Row(line, label, numbers)


def _by_row_label(source: str, rows: list[_Row], alphabet: Alphabet | None, said: list[str]) -> tuple[Array, Alphabet]:
    if not rows[0].label and _is_count_up(rows[0].numbers) and len(rows) > 1:
        said.append("The first line counts the positions.")
        rows = rows[1:]
    unlabelled = next((row for row in rows if not row.label), None)
    if unlabelled:
        raise FormatError(
            source, unlabelled.line, "a row without a letter", "a letter before every row, or before none"
        )
    order, alphabet = _order(source, rows[0].line, [row.label for row in rows], alphabet)
    return _table(source, rows)[order], alphabet


def _by_column_label(
    source: str, header: _Header, rows: list[_Row], alphabet: Alphabet | None, said: list[str]
) -> tuple[Array, Alphabet]:
    order, alphabet = _order(source, header.line, header.letters, alphabet)
    table = _table(source, rows)
    if table.shape[1] == len(order) + 1 and _is_count_up(table[:, 0].tolist()):
        said.append("The first column counts the positions.")
        table = table[:, 1:]
    if table.shape[1] != len(order):
        accepted = f"{len(order)}, one for each letter above"
        raise FormatError(source, rows[0].line, f"{table.shape[1]} numbers", accepted)
    return table.T[order], alphabet


def _by_shape(source: str, rows: list[_Row], alphabet: Alphabet | None, said: list[str]) -> tuple[Array, Alphabet]:
    """Letters are the side that has as many entries as an alphabet."""
    table = _table(source, rows)
    candidates = [alphabet] if alphabet else [DNA, PROTEIN]
    known = next((candidate for candidate in candidates if len(candidate) in table.shape), None)
    if known is None:
        wanted = " or ".join(f"{len(candidate)} ({candidate.name})" for candidate in candidates)
        found = f"{table.shape[0]} rows of {table.shape[1]} numbers"
        raise FormatError(source, rows[0].line, found, f"rows or columns: {wanted}")
    by_row, reason = _letters_are_rows(table, len(known))
    side, other = ("rows", "column") if by_row else ("columns", "row")
    said.append(f"The {len(known)} {side} are taken as {', '.join(known.letters)}, each {other} as a position{reason}.")
    return (table if by_row else table.T), known


def _letters_are_rows(table: Array, n: int) -> tuple[bool, str]:
    """Whether rows are letters, and the reason where the shape does not tell."""
    if table.shape != (n, n):
        return table.shape[0] == n, ""
    down, across = (_is_even(table.sum(axis=axis)) and bool((table >= 0).all()) for axis in (0, 1))
    if down != across:
        return down, f" ({n} by {n} fits both ways; so every position has the same sum)"
    return True, f" ({n} by {n} fits both ways; write the letters before the rows, or above the columns, to be sure)"


def _order(source: str, line: int, letters: Iterable[str], alphabet: Alphabet | None) -> tuple[list[int], Alphabet]:
    """The place of each letter of the alphabet among the labels."""
    labels = "".join(letters).upper()
    if alphabet is None:
        alphabet = PROTEIN if len(labels) > len(DNA) else RNA if "U" in labels else DNA
    wanted = f"each of the {alphabet.name} letters {alphabet.letters} once"
    try:
        codes = alphabet.encode(labels).tolist()
    except ArgumentError:
        codes = [UNKNOWN]
    if sorted(codes) != list(range(len(alphabet))):
        raise FormatError(source, line, f"the letters {labels}", wanted)
    return [codes.index(code) for code in range(len(alphabet))], alphabet


def _table(source: str, rows: list[_Row]) -> Array:
    width = len(rows[0].numbers)
    odd = next((row for row in rows if len(row.numbers) != width), None)
    if odd:
        raise FormatError(source, odd.line, f"{len(odd.numbers)} numbers", f"{width}, as in line {rows[0].line}")
    return np.array([row.numbers for row in rows])


def _guess_kind(source: str, line: int, values: Array, motif: bool, said: list[str]) -> Kind:
    totals = values.sum(axis=0)
    near_one = np.abs(totals - 1) <= _most_rounding(values)
    whole = bool((values == np.round(values)).all())
    if motif:  # the format says counts; what sums to 1 without being whole was written by someone as probabilities
        return "counts" if whole or not near_one.all() else "probabilities"
    if (values < 0).any():
        said.append("Some numbers are negative, so they are scores (a kernel).")
        return "scores"
    if near_one.all():
        said.append("Every position sums to 1, so the numbers are probabilities.")
        return "probabilities"
    if (whole and totals.all()) or (_is_even(totals) and totals.min() > 1.5):
        said.append("The numbers are taken as counts.")
        return "counts"
    if near_one.sum() * 2 > near_one.size:
        worst = int(np.abs(totals - 1).argmax())
        found = f"position {worst + 1}, which sums to {totals[worst]:.6g} while most sum to 1"
        raise FormatError(source, line, found, "probabilities that sum to 1 in every position")
    said.append("The positions share no sum, so the numbers are scores (a kernel).")
    return "scores"


def _require_positive(source: str, line: int, values: Array, kind: str) -> None:
    if (values < 0).any():
        letter, position = (int(place) for place in np.argwhere(values < 0)[0])
        found = f"{values[letter, position]:g} (letter {letter + 1}, position {position + 1})"
        raise FormatError(source, line, found, f"{kind}, none below 0; a kernel is no motif")
    empty = np.flatnonzero(values.sum(axis=0) == 0)
    if empty.size:
        raise FormatError(source, line, f"position {empty[0] + 1} of zeros", f"{kind}, some above 0 in every position")


def _is_count_up(numbers: list[float]) -> bool:
    first = numbers[0]
    return first in (0, 1) and numbers == [first + i for i in range(len(numbers))]


def _is_even(totals: Array) -> bool:
    return bool(np.ptp(totals) <= _EVEN * np.abs(totals).max())
