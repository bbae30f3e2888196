"""What an answer is, how it is read, and what is said of one that is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from markupsafe import Markup

from epool_viz.core.alphabet import DNA
from epool_viz.core.types import Array

MOST_NUMBERS = 10_000
LONGEST_TEXT = 20_000
Tone = Literal["right", "wrong", "unread", "open"]
_HEADS: dict[Tone, str] = {"right": "Right.", "wrong": "Not yet.", "unread": "This cannot be checked.", "open": ""}
_COLOURS: dict[Tone, str] = {"right": "#027974", "wrong": "#8a2a00", "unread": "#8a2a00", "open": "#52606d"}
OPEN = "Write your answer in place of ... and run the cell."
_CARD = Markup(
    '<div role="status" style="border-left:.25rem solid {};background:#f5f7f9;color:#16202a;padding:.5rem .75rem;'
    'max-width:46rem"><b>{}</b> {}</div>'
)


@dataclass(frozen=True)
class Feedback:
    """What is said of an answer; Jupyter shows it as a card.

    Attributes
    ----------
    tone : "right", "wrong", "unread" or "open"
        "unread" is no answer of the kind that is asked for; "open" is no answer yet.
    words : str
        Plain text.
    """

    tone: Tone
    words: str

    @property
    def is_right(self) -> bool:
        """Whether the answer is right."""
        return self.tone == "right"

    @property
    def head(self) -> str:
        """The first words, by the tone."""
        return _HEADS[self.tone]

    def __repr__(self) -> str:
        return f"{self.head} {self.words}".strip()

    def _repr_html_(self) -> str:
        return str(_CARD.format(_COLOURS[self.tone], self.head, self.words))


class UnreadableError(Exception):
    """An answer of another kind; its message is a sentence."""


class Form(Protocol):
    """A kind of answer."""

    @property
    def rows(self) -> int:
        """Lines of the field for it."""

    @property
    def hint(self) -> str:
        """What is accepted."""

    def read(self, answer: Any) -> Any:
        """The answer as it is compared, or `UnreadableError`."""

    def near(self, a: Any, b: Any) -> bool:
        """Whether two answers that were read are the same."""

    def said(self, value: Any, truth: Any) -> str:
        """What is said of a wrong answer that is no known slip."""


@dataclass(frozen=True)
class Slip:
    """A typical wrong answer.

    Attributes
    ----------
    make : callable
        Computes it.
    words : str
        What is said of it.
    """

    make: Callable[[], Any]
    words: str


def shown(value: float) -> str:
    """A number as a sentence has it: three digits, a true minus."""
    return f"{value:.3g}".replace("-", "−")


def _kind(answer: Any) -> str:
    return "nothing" if answer is None else f"a value of type {type(answer).__name__}"


def read_numbers(answer: Any) -> Array:
    """Numbers of an array, a list, one number, or a text with one row a line.

    Raises
    ------
    UnreadableError
        For anything else, for too many, and for what is not finite.
    """
    if isinstance(answer, str):
        answer = _of_text(answer)
    if answer is None or isinstance(answer, bool | bytes | dict | set):
        raise UnreadableError(f"Found {_kind(answer)}; numbers are asked for.")
    size = getattr(answer, "size", None)
    size = len(answer) if not isinstance(size, int) and isinstance(answer, Sized) else size
    if isinstance(size, int) and size > MOST_NUMBERS:
        raise UnreadableError(f"Found {size:,} numbers; far fewer are asked for.")
    try:
        found = np.asarray(answer)
        if found.dtype.kind not in "iuf" or found.size > MOST_NUMBERS:
            raise UnreadableError(f"Found {_kind(answer)}; numbers are asked for, in rows of the same length.")
        found = found.astype(float)
    except UnreadableError:
        raise
    except Exception:  # noqa: BLE001 - an answer may be any object, whose methods raise anything
        raise UnreadableError(f"Found {_kind(answer)}; numbers are asked for, in rows of the same length.") from None
    if not np.isfinite(found).all():
        raise UnreadableError("Found a value that is no finite number (NaN or infinity): a logarithm of 0, or 0 / 0?")
    return found


def _of_text(text: str) -> Any:
    if len(text) > LONGEST_TEXT:
        raise UnreadableError(f"Found {len(text):,} characters; a few numbers are asked for.")
    plain = text.replace("−", "-").replace("[", " ").replace("]", " ").replace(";", "\n")
    lines = [re.sub(r"^\s*[ACGTacgt][:\s]", " ", line) for line in plain.splitlines()]
    rows = [line.replace(",", " ").split() for line in lines if line.replace(",", " ").strip()]
    if not rows:
        raise UnreadableError("Found nothing; numbers are asked for.")
    try:
        numbers = [[float(word) for word in row] for row in rows]
    except ValueError:
        raise UnreadableError("Found words; numbers are asked for, with a point before the decimals.") from None
    if len({len(row) for row in numbers}) > 1:
        raise UnreadableError("The rows have different lengths.")
    return numbers[0][0] if len(numbers) == 1 and len(numbers[0]) == 1 else numbers


@dataclass(frozen=True)
class Number:
    """One number.

    Attributes
    ----------
    unit : str
        "bits", "nats" or "".
    tolerance : float
    """

    unit: str = ""
    tolerance: float = 0.006
    rows: int = 1

    @property
    def hint(self) -> str:
        """What is accepted."""
        return f"one number{f', in {self.unit}' if self.unit else ''}, to two decimals"

    def read(self, answer: Any) -> float:
        """The number."""
        found = read_numbers(answer)
        if found.size != 1:
            raise UnreadableError(f"Found {found.size} numbers; accepted: {self.hint}.")
        return float(found.reshape(-1)[0])

    def near(self, a: float, b: float) -> bool:
        """Whether they agree within the tolerance."""
        return abs(a - b) <= self.tolerance

    def said(self, value: float, truth: float) -> str:
        """The slips that any number may have, or on which side it lies."""
        for other, words in self._slips(truth):
            if self.near(value, other) and not self.near(other, truth):
                return words
        return f"Found {shown(value)}; that is too {'large' if value > truth else 'small'}."

    def _slips(self, truth: float) -> Iterator[tuple[float, str]]:
        yield -truth, "The size is right, the sign is not."
        if self.unit == "bits":
            yield truth * math.log(2), "These are nats. Divide by ln 2 for bits."
        if self.unit == "nats":
            yield truth / math.log(2), "These are bits. Multiply by ln 2 for nats."
        yield 100 * truth, "This is 100 times as large: a percentage?"
        if abs(truth) < 50:
            yield math.exp(truth), "This is e to the answer: the logarithm is missing."


@dataclass(frozen=True)
class Column:
    """A number for each of several things, such as the four letters.

    Attributes
    ----------
    names : tuple of str
        The things, in their order.
    is_shares : bool
        Whether the numbers are probabilities that sum to 1.
    tolerance : float
    """

    names: tuple[str, ...] = tuple(DNA.letters)
    is_shares: bool = True
    tolerance: float = 0.006
    rows: int = 1

    @property
    def hint(self) -> str:
        """What is accepted."""
        return f"{len(self.names)} numbers, for {', '.join(self.names)}"

    def read(self, answer: Any) -> Array:
        """The numbers; a row or a column of a matrix is as good."""
        found = read_numbers(answer)
        if found.size != max(found.shape, default=1):
            shape = " × ".join(map(str, found.shape))
            raise UnreadableError(f"Found a matrix of {shape} numbers; accepted: {self.hint}.")
        return found.reshape(-1)

    def near(self, a: Array, b: Array) -> bool:
        """Whether they agree within the tolerance."""
        return len(a) == len(b) and bool((np.abs(a - b) <= self.tolerance).all())

    def said(self, value: Array, truth: Array) -> str:
        """The slips that any such answer may have, or which number is off."""
        if len(value) != len(truth):
            by_one = " That is one off: count both ends." if abs(len(value) - len(truth)) == 1 else ""
            return f"Found {len(value)} numbers; accepted: {self.hint}.{by_one}"
        for other, words in (
            (truth[::-1], f"The numbers are right, the order is not: {', '.join(self.names)}."),
            (-truth, "The sizes are right, the signs are not."),
            (100 * truth, "These are percentages; divide by 100."),
        ):
            if self.near(value, other):
                return words
        if self.is_shares and (value < 0).any():
            return "A probability is never negative."
        total = float(value.sum())
        if self.is_shares and abs(total - 1) > len(value) * self.tolerance:
            return f"These are probabilities of all that can happen, so they sum to 1; yours sum to {shown(total)}."
        wrong = [name for name, x, y in zip(self.names, value, truth, strict=True) if abs(x - y) > self.tolerance]
        return f"Off: {', '.join(wrong)}."


@dataclass(frozen=True)
class Matrix:
    """A matrix, letters as rows and positions as columns.

    Attributes
    ----------
    width : int
        Positions.
    is_shares : bool
        Whether each column holds probabilities.
    tolerance : float
    """

    width: int
    is_shares: bool = True
    tolerance: float = 0.006
    rows: int = 4

    @property
    def hint(self) -> str:
        """What is accepted."""
        return f"4 rows (A, C, G, T) of {self.width} numbers"

    def read(self, answer: Any) -> Array:
        """The matrix, of whatever shape."""
        found = read_numbers(answer)
        if found.ndim != 2:
            raise UnreadableError(f"Found {found.size} numbers in no rows; accepted: {self.hint}.")
        return found

    def near(self, a: Array, b: Array) -> bool:
        """Whether they agree within the tolerance."""
        return a.shape == b.shape and bool((np.abs(a - b) <= self.tolerance).all())

    def said(self, value: Array, truth: Array) -> str:
        """The slips that any matrix may have, or which columns are off."""
        for other, words in (
            (truth.T, "Transposed: letters are rows, positions are columns."),
            (truth[::-1, ::-1], "This is the motif of the other strand: reversed and complemented."),
            (truth[:, ::-1], "The columns run backwards."),
            (truth[::-1], "The rows run backwards: A, C, G, T from the top."),
            (-truth, "The sizes are right, the signs are not."),
            (100 * truth, "These are percentages; divide by 100."),
        ):
            if self.near(value, other) and not self.near(other, truth):
                return words
        if value.shape != truth.shape:
            return f"Found {value.shape[0]} × {value.shape[1]} numbers; accepted: {self.hint}."
        if self.is_shares and (np.abs(value.sum(0) - 1) > 4 * self.tolerance).any():
            if (np.abs(value.sum(1) - 1) <= value.shape[1] * self.tolerance).all():
                return "The rows sum to 1; the columns have to: at each position some letter stands."
            return "Each column holds the probabilities of four letters, so it sums to 1."
        wrong = np.flatnonzero((np.abs(value - truth) > self.tolerance).any(0)) + 1
        return f"Off: column {', '.join(map(str, wrong))}."


@dataclass(frozen=True)
class Letters:
    """A word of DNA."""

    length: int
    rows: int = 1

    @property
    def hint(self) -> str:
        """What is accepted."""
        return f"{self.length} letters of A, C, G, T"

    def read(self, answer: Any) -> str:
        """The word in capitals."""
        if not isinstance(answer, str):
            raise UnreadableError(f"Found {_kind(answer)}; accepted: {self.hint}, in quotes.")
        word = "".join(answer.split()).upper()
        if len(word) > LONGEST_TEXT:
            raise UnreadableError(f"Found {len(word):,} characters; accepted: {self.hint}.")
        if not word or set(word) - set(DNA.letters):
            raise UnreadableError(f"Found other characters than the letters of DNA; accepted: {self.hint}.")
        return word

    def near(self, a: str, b: str) -> bool:
        """Whether they are the same."""
        return a == b

    def said(self, value: str, truth: str) -> str:
        """The slips that any word may have, or how many letters are off."""
        other = truth.translate(str.maketrans("ACGT", "TGCA"))
        for slip, words in (
            (other[::-1], "This is the other strand: the reverse complement."),
            (truth[::-1], "This is the word backwards."),
            (other, "These are the complements, in the wrong direction: the other strand is read backwards."),
        ):
            if value == slip:
                return words
        if len(value) != len(truth):
            return f"Found {len(value)} letters; accepted: {self.hint}."
        wrong = [str(place) for place, (a, b) in enumerate(zip(value, truth, strict=True), start=1) if a != b]
        return f"Off: letter {', '.join(wrong)}."


@dataclass(frozen=True)
class Place:
    """A place, counted from 1."""

    what: str
    rows: int = 1

    @property
    def hint(self) -> str:
        """What is accepted."""
        return f"the number of {self.what}, counted from 1"

    def read(self, answer: Any) -> int:
        """The place."""
        found = read_numbers(answer)
        if found.size != 1:
            raise UnreadableError(f"Found {found.size} numbers; accepted: {self.hint}.")
        place = float(found.reshape(-1)[0])
        if place != round(place) or abs(place) > 10**9:
            raise UnreadableError(f"Found {shown(place)}; accepted: {self.hint}.")
        return int(place)

    def near(self, a: int, b: int) -> bool:
        """Whether they are the same."""
        return a == b

    def said(self, value: int, truth: int) -> str:
        """The slips that any place may have."""
        if value == truth - 1:
            return "Off by one: Python counts from 0, here places count from 1."
        if value == truth + 1:
            return "Off by one: one place too far."
        return f"Found {value}; that is not the place."
