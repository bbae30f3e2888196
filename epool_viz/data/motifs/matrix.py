"""Matrices written as text: which way they lie, and what their numbers are.

A motif is written with the letters down the side or along the top, labelled or not, as counts or as probabilities.
Each decision that is taken here is reported as a sentence, so that it can be corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from epool_viz._writing import how_many
from epool_viz.core.alphabet import DNA, PROTEIN, RNA, UNKNOWN, Alphabet, get_alphabet
from epool_viz.core.types import Array
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.blocks import letters_above, only_block
from epool_viz.data.numbers import Lines as Lines
from epool_viz.data.numbers import comma_means, is_letter, read_number, require_no_groups, row_texts, words_of
from epool_viz.data.numbers import is_number as is_number
from epool_viz.data.source import open_text
from epool_viz.errors import ArgumentError, FormatError

Kind = Literal["counts", "probabilities", "scores"]

KINDS = ("counts", "probabilities", "scores")
_ROUNDING = 0.005  # half a unit of the second decimal, a letter
_NEAR_ONE = 0.05
_PERCENT = 0.5
_FEW = 1.5  # what is less is no count of sites, unless it is whole
_MOST_ODDS = 20.0
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


class Row(NamedTuple):
    """A row of numbers.

    Attributes
    ----------
    line : int
    label : str
        The letter before it, or "".
    numbers : list of float
    """

    line: int
    label: str
    numbers: list[float]


class Table(NamedTuple):
    """Rows of numbers as they stand, and the letters beside and above them.

    Attributes
    ----------
    line : int
        Of the first row.
    numbers : array, shape (row, column)
    labels : tuple of str
        The letter before each row, or nothing.
    letters : tuple of str
        The letters above the columns, or nothing.
    letters_line : int
    said : tuple of str
    """

    line: int
    numbers: Array
    labels: tuple[str, ...]
    letters: tuple[str, ...]
    letters_line: int
    said: tuple[str, ...]


class MatrixReading(NamedTuple):
    """One way in which a table may be meant.

    Attributes
    ----------
    alphabet : Alphabet
    by_row : bool
        Whether letters are the rows.
    values : array, shape (letter, position)
    counted : str
        Which numbers would count the positions and be no part of it, or "".
    """

    alphabet: Alphabet
    by_row: bool
    values: Array
    counted: str

    @property
    def label(self) -> str:
        """As a message names it."""
        n, width = self.values.shape
        side = "rows" if self.by_row else "columns"
        counted = f" behind {self.counted}" if self.counted else ""
        return f"{width} positions of {self.alphabet.name} with the letters as {n} {side}{counted}"


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
        None goes by the letters, else by the number of rows or columns: 4 is DNA, 20 is protein.
    kind : "counts", "probabilities", "scores" or None
        None goes by the numbers: negative ones are scores; columns that sum to 1 (within 0.05) are probabilities, and
        those that sum to 100 without being whole percentages; whole numbers, or columns that share one sum, are counts;
        anything else is scores.
    limits : Limits, or None
        How much text it may be, unpacked.

    Returns
    -------
    ParsedMatrix, with `values` of shape (letter, position).

    Raises
    ------
    FormatError
        If the text is no matrix, or fits no alphabet, or contradicts `kind`; or if it may lie in two ways (4 by 4, or
        4 by 20) and neither sums nor letters decide: both are named.
    """
    if kind is not None and kind not in KINDS:
        raise ArgumentError("kind", repr(kind), "'counts', 'probabilities', 'scores' or None")
    block = only_block(source, open_text(text, source, limits=limits).text_lines())
    table = read_table(source, block.lines)
    known = None if alphabet is None else get_alphabet(alphabet)
    return finish_matrix(source, table, choose_reading(source, table, known), kind=kind, before=block.said)


def read_table(source: str, lines: Lines) -> Table:
    """The rows of numbers, all of one length, and the letters beside them; `lines` are neither blank nor comments.

    Raises
    ------
    FormatError
        If there are no numbers, or the rows differ in length.
    """
    pieces = [(line, row) for line, text in lines for row in row_texts(text)]
    comma = comma_means(source, pieces)
    telling = [(line, words) for line, row in pieces if (words := words_of(row, comma))]
    require_no_groups(source, telling)
    letters = letters_above(telling[0][1]) if telling else ()
    rows = [_row(source, line, words) for line, words in telling[bool(letters) :]]
    if not rows:
        raise FormatError(source, lines[0][0] if letters else None, "no numbers", _ACCEPTED)
    said = ("Commas are decimal marks.",) if comma == "decimal" else ()
    rows, counted = _without_count(source, rows)
    width = len(rows[0].numbers)
    odd = next((row for row in rows if len(row.numbers) != width), None)
    if odd:
        raise FormatError(source, odd.line, how_many(len(odd.numbers), "number"), f"{width}, as in line {rows[0].line}")
    _require_one_group(source, rows)
    labels = tuple(row.label for row in rows) if rows[0].label else ()
    numbers = np.array([row.numbers for row in rows])
    return Table(rows[0].line, numbers, labels, letters, telling[0][0], said + counted)


def _row(source: str, line: int, words: list[str]) -> Row:
    label, rest = (words[0], words[1:]) if is_letter(words[0]) else ("", words)
    if not label and len(rest) > 1 and is_letter(rest[-1]):
        label, rest = "", rest[:-1]  # a consensus behind the numbers
    numbers = [read_number(source, line, word) for word in rest]
    if not numbers:
        raise FormatError(source, line, f"the letter {label} without numbers", _ACCEPTED)
    return Row(line, label, numbers)


def _without_count(source: str, rows: list[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """The rows without a first one that counts the positions, where the others have letters and it has none."""
    if not any(row.label for row in rows):
        return rows, ()
    said: tuple[str, ...] = ()
    if not rows[0].label and _is_count_up(rows[0].numbers) and len(rows) > 1:
        rows, said = rows[1:], ("The first line counts the positions.",)
    bare = next((row for row in rows if not row.label), None)
    if bare:
        raise FormatError(source, bare.line, "a row without a letter", "a letter before every row, or before none")
    return rows, said


def _require_one_group(source: str, rows: list[Row]) -> None:
    """Refuse groups of rows, all of one size, that blank lines part: they may be several matrices."""
    starts = [i for i, row in enumerate(rows) if i == 0 or row.line > rows[i - 1].line + 1]
    sizes = {stop - start for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True)}
    if len(starts) > 1 and len(sizes) == 1 and max(sizes) > 1:
        found = f"a blank line after {sizes.pop()} rows, and as many again"
        raise FormatError(source, rows[starts[1]].line, found, "one matrix, or a line with '>' and a name before each")


def readings(source: str, table: Table, alphabet: Alphabet | None) -> list[MatrixReading]:
    """Every possible reading of the table; the message of the error explains why there is none.

    Raises
    ------
    FormatError
        If neither rows nor columns can be letters.
    """
    if table.letters:
        return [_by_column_label(source, table, alphabet)]
    if table.labels:
        return _by_row_label(source, table, alphabet)
    found = [
        MatrixReading(known, by_row, values, counted)
        for known in ([alphabet] if alphabet else [DNA, PROTEIN])
        for by_row, values, counted in _by_shape(table.numbers, len(known))
    ]
    if not found:
        candidates = [alphabet] if alphabet else [DNA, PROTEIN]
        wanted = " or ".join(f"{len(candidate)} ({candidate.name})" for candidate in candidates)
        n, width = table.numbers.shape
        raise FormatError(
            source, table.line, f"{how_many(n, 'row')} of {how_many(width, 'number')}", f"rows or columns: {wanted}"
        )
    return found


def _by_shape(numbers: Array, n: int) -> Iterator[tuple[bool, Array, str]]:
    """Letters are the side that has as many entries as the alphabet; what counts the positions may stand beside."""
    height, width = numbers.shape
    if height == n:
        yield True, numbers, ""
    if width == n:
        yield False, numbers.T, ""
    if width == n + 1 and height > 1 and _is_count_up(numbers[:, 0].tolist()):
        yield False, numbers[:, 1:].T, "a column that counts them"
    if height == n + 1 and width > 1 and _is_count_up(numbers[0].tolist()):
        yield True, numbers[1:], "a row that counts them"


def _by_column_label(source: str, table: Table, alphabet: Alphabet | None) -> MatrixReading:
    order, alphabet = _order(source, table.letters_line, table.letters, alphabet)
    numbers, counted = table.numbers, ""
    if numbers.shape[1] == len(order) + 1 and _is_count_up(numbers[:, 0].tolist()):
        numbers, counted = numbers[:, 1:], "a column that counts them"
    if numbers.shape[1] != len(order):
        accepted = f"{len(order)}, one for each letter above"
        raise FormatError(source, table.line, how_many(numbers.shape[1], "number"), accepted)
    return MatrixReading(alphabet, False, numbers.T[order], counted)


def _by_row_label(source: str, table: Table, alphabet: Alphabet | None) -> list[MatrixReading]:
    """Letters before rows name the rows, or they are a consensus and each row is a position."""
    found = []
    try:
        order, named = _order(source, table.line, table.labels, alphabet)
        found.append(MatrixReading(named, True, table.numbers[order], ""))
    except FormatError as error:
        reason = error
    known = alphabet or (RNA if "U" in "".join(table.labels).upper() else DNA)
    known = PROTEIN if alphabet is None and table.numbers.shape[1] == len(PROTEIN) else known
    if table.numbers.shape[1] == len(known):
        odd = _no_consensus(table, known)
        if odd is None:
            found.append(MatrixReading(known, False, table.numbers.T, ""))
        elif not found:
            headed = f"rows headed by {''.join(table.labels)[:40]}, where row {odd + 1} is not largest at its letter"
            accepted = f"each of {known.letters} once, or the consensus of the rows"
            raise FormatError(source, table.line, headed, accepted)
    if not found:
        raise reason
    return found


def _no_consensus(table: Table, alphabet: Alphabet) -> int | None:
    """The first row, from 0, whose letter of the alphabet has not its largest number; None if there is none."""
    try:
        codes = alphabet.encode("".join(table.labels)).tolist()
    except ArgumentError:
        return 0
    rows = zip(codes, table.numbers, strict=True)
    return next((i for i, (code, row) in enumerate(rows) if code != UNKNOWN and row[code] < row.max()), None)


def choose_reading(
    source: str, table: Table, alphabet: Alphabet | None, *, like: Sequence[MatrixReading] = ()
) -> tuple[MatrixReading, tuple[str, ...]]:
    """The reading of a table, and sentences with the reasons; `like` are those of the tables beside it.

    Raises
    ------
    FormatError
        If nothing decides; both ways are named.
    """
    found = readings(source, table, alphabet)
    if len(found) == 1 and found[0].by_row and table.labels:
        return found[0], _even_rows(table)
    if len(found) == 1 or all(np.array_equal(found[0].values, each.values) for each in found):
        return found[0], _sentences(table, found[0], "")
    even = {i for i, reading in enumerate(found) if _is_even(reading.values)}
    ways = {(reading.by_row, reading.alphabet, reading.counted) for reading in like}
    alike = {i for i, each in enumerate(found) if (each.by_row, each.alphabet, each.counted) in ways}
    if table.labels and _in_order(table, found[0]) and even != {1}:
        return found[0], ()
    if len(alike) == 1 and (not even or alike <= even):
        (i,) = alike
        return found[i], _sentences(table, found[i], "as the other matrices here lie")
    if len(even) == 1 and len(alike) != 1:
        (i,) = even
        return found[i], _sentences(table, found[i], "so every position has the same sum")
    n, width = table.numbers.shape
    may = " or ".join(reading.label for reading in found)
    raise FormatError(source, table.line, f"{n} rows of {width} numbers, which may be {may}", _tell(table, found[0]))


def _tell(table: Table, reading: MatrixReading) -> str:
    if not table.labels:
        return "a letter before every row, or a line of letters above the columns"
    return f"rows in the order {reading.alphabet.letters}, or a line of letters above the columns"


def _in_order(table: Table, reading: MatrixReading) -> bool:
    """Whether the letters before the rows are the alphabet in its order, and not a consensus that happens to be."""
    labels = "".join(table.labels).upper().replace("U", "T")
    return reading.by_row and labels == reading.alphabet.letters.replace("U", "T")


def _even_rows(table: Table) -> tuple[str, ...]:
    """The sentence where the sums indicate rows as positions, and the letters before them do not."""
    if table.numbers.shape[0] != table.numbers.shape[1] or _is_even(table.numbers) or not _is_even(table.numbers.T):
        return ()
    return ("The letters before the rows name the rows, though it is they that have the same sum, not the columns.",)


def _sentences(table: Table, reading: MatrixReading, reason: str) -> tuple[str, ...]:
    said = {"a column that counts them": "The first column counts the positions."}.get(reading.counted)
    said = "The first line counts the positions." if reading.counted.startswith("a row") else said
    counted = (said,) if said else ()
    side, other = ("rows", "column") if reading.by_row else ("columns", "row")
    n, width = table.numbers.shape
    letters = ", ".join(reading.alphabet.letters)
    taken = f"The {len(reading.alphabet)} {side} are taken as {letters}, each {other} as a position"
    fits = f" ({n} by {width} fits both ways; {reason})" if reason else ""
    if table.letters or (table.labels and reading.by_row and not reason):
        return counted
    consensus = (
        ("The letters before the rows are taken as a consensus.",) if table.labels and not reading.by_row else ()
    )
    return (*counted, *consensus, f"{taken}{fits}.")


def finish_matrix(
    source: str,
    table: Table,
    chosen: tuple[MatrixReading, tuple[str, ...]],
    *,
    kind: Kind | None = None,
    motif: bool = False,
    before: tuple[str, ...] = (),
) -> ParsedMatrix:
    """The matrix, once the orientation of the table is known; `motif` is true where it cannot be a kernel.

    Raises
    ------
    FormatError
        If the numbers are not of the kind that they should be.
    """
    reading, why = chosen
    said = [*before, *table.said, *why]
    values = reading.values
    if kind is None:
        kind, values = guess_kind(source, table.line, values, motif, said)
    if kind != "scores":
        _require_positive(source, table.line, values, kind)
    if kind == "probabilities":
        values = unit_columns(source, values, said, [table.line] * values.shape[1])
    return ParsedMatrix(values, kind, tuple(said), reading.alphabet)


def guess_kind(source: str, line: int, values: Array, motif: bool, said: list[str]) -> tuple[Kind, Array]:
    """What the numbers are, and the numbers, percentages as probabilities.

    What sums to 1 is probabilities in every format: a count of one site looks the same.

    Raises
    ------
    FormatError
        If probabilities do not sum to 1.
    """
    totals = values.sum(axis=0)
    near_one = np.abs(totals - 1) <= _most_rounding(values)
    whole = bool((values == np.round(values)).all())
    negative = bool((values < 0).any())
    if negative and not motif:
        said.append("Some numbers are negative, so they are scores (a kernel).")
        return "scores", values
    if negative:
        return ("scores" if _may_be_odds(values) else "counts"), values
    if near_one.all():
        said.append("Every position sums to 1, so the numbers are probabilities; the number of sites is not known.")
        return "probabilities", values
    if not whole and np.abs(totals - 100).max() <= _PERCENT:
        said.append("Every position sums to 100, so the numbers are percentages; the number of sites is not known.")
        return "probabilities", values / 100
    most = near_one.sum() * 2 > near_one.size
    if (most or (motif and np.median(totals) < _FEW)) and not (motif and whole):
        worst = int(np.abs(totals - 1).argmax())
        found = f"position {worst + 1}, which sums to {totals[worst]:.6g}" + (" while most sum to 1" if most else "")
        raise FormatError(source, line, found, "probabilities that sum to 1 in every position")
    if motif:
        return "counts", values
    if (whole and totals.all()) or (_have_one_sum(totals) and totals.min() > _FEW):
        said.append("The numbers are taken as counts.")
        return "counts", values
    said.append("The positions share no sum, so the numbers are scores (a kernel).")
    return "scores", values


def _may_be_odds(values: Array) -> bool:
    """Whether every position has letters that are more and letters that are less frequent than in the background."""
    signs = (values.min(axis=0) < 0) & (values.max(axis=0) > 0)
    return bool((signs | (values == 0).all(axis=0)).all()) and bool(np.abs(values).max() <= _MOST_ODDS)


def odds_to_ppm(values: Array, said: list[str]) -> Array:
    """The probabilities of log odds, shape (letter, position), whose base and background the file does not give.

    They are of the base, e or 2, with which every position sums to 1 against a uniform background; else of e, and
    scaled.
    """
    sums = _odds_sums(values)
    fits = [base for base, totals in sums.items() if np.abs(totals - 1).max() <= _NEAR_ONE]
    base = fits[0] if fits else np.e
    called = "natural logarithms" if base == np.e else "bits"
    said.append(f"Some numbers are negative, so they are taken as log odds: {called}, against a uniform background.")
    if not fits:
        low, high = sums[base].min(), sums[base].max()
        said.append(
            f"Their probabilities sum to {low:.3g} to {high:.3g} and were scaled to sum to 1 at every position."
        )
    return np.asarray(base**values / (len(values) * sums[base]))


def _odds_sums(values: Array) -> dict[float, Array]:
    """What the probabilities of log odds sum to at each position, against a uniform background, for each base."""
    return {base: (base**values).mean(axis=0) for base in (np.e, 2.0)}


def unit_columns(
    source: str, values: Array, said: list[str], lines: Sequence[int], what: str = "probabilities"
) -> Array:
    """Probabilities whose columns sum to 1; a sum that rounding cannot explain is an error at that column's line.

    Raises
    ------
    FormatError
        If a column does not sum to 1 within rounding.
    """
    totals = values.sum(axis=0)
    off = np.abs(totals - 1)
    worst = int(off.argmax())
    if off[worst] > _most_rounding(values):
        at = f" at position {worst + 1}" if values.shape[1] > 1 else ""
        raise FormatError(source, lines[worst], f"{what} that sum to {totals[worst]:.6g}{at}", f"{what} that sum to 1")
    if off[worst] <= _EXACT:
        return values
    said.append(f"The {what} were rescaled to sum to 1: rounding had left them off by up to {off[worst]:.1g}.")
    return np.asarray(values / totals)


def _most_rounding(values: Array) -> float:
    return float(max(_NEAR_ONE, _ROUNDING * values.shape[0]) * (1 + 1e-9))


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


def _is_even(values: Array) -> bool:
    """Whether the columns may be positions by their sums: all near 1, or all the same; of odds, their probabilities."""
    totals = values.sum(axis=0)
    if (values < 0).any():
        return _may_be_odds(values) and any((np.abs(sums - 1) <= _EVEN).all() for sums in _odds_sums(values).values())
    if not totals.all():
        return False
    return bool(np.abs(totals - 1).max() <= _most_rounding(values)) or _have_one_sum(totals)


def _have_one_sum(totals: Array) -> bool:
    return bool(np.ptp(totals) <= _EVEN * np.abs(totals).max())
