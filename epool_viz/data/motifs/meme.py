"""The MEME text format: the minimal one, and the full output of the programs."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

import numpy as np

from epool_viz._writing import how_many
from epool_viz.core.alphabet import ALPHABETS, DNA, PROTEIN, Alphabet
from epool_viz.core.types import Array
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.blocks import read_each
from epool_viz.data.motifs.matrix import unit_columns
from epool_viz.data.motifs.motif import Motif, with_sentence
from epool_viz.data.numbers import MOST_ROWS, Lines, is_number, read_number, too_many_rows
from epool_viz.data.source import is_comment, left_out
from epool_viz.errors import FormatError

_MATRIX = "letter-probability matrix:"
_KEYS = re.compile(r"(?<!\w)(\w++)\s*+=\s*+(\S++)")
_PROGRAM_NAME = re.compile(r"(MEME|DREME|STREME)(-\d+)?")
_AFTER = re.compile(r"URL\b|MOTIF\b|ALPHABET|Background letter|[\w-]+ matrix:|//|[-*=_~]{3,}")  # what ends a matrix
_NO_NUMBERS = ("nan", "inf", "na")
_KNOWN = "ACGT (DNA), ACGU (RNA) or the 20 amino acids, each once"


class _Letters(NamedTuple):
    """The alphabet of the file, and the letters of the columns in their order."""

    alphabet: Alphabet
    columns: str

    @property
    def order(self) -> list[int]:
        """The column of each letter of the alphabet."""
        return [self.columns.index(letter) for letter in self.alphabet.letters]


def read_meme(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    """Every motif of the file.

    Raises
    ------
    FormatError
        If there is no motif, or none can be read.
    """
    said: list[str] = []
    starts = [i for i, (_, text) in enumerate(lines) if _is_motif_line(text)]
    if not starts:
        raise FormatError(source, None, "no line that begins with MOTIF", "MEME text with at least one motif")
    limits.require("records", len(starts), source, None, "motifs")
    head = lines[: starts[0]]
    letters = _alphabet(source, head, lines, alphabet, said)
    background = _background(source, head, letters.alphabet, said)
    ends = [*starts[1:], len(lines)]
    blocks = [lines[i:j] for i, j in zip(starts, ends, strict=True)]
    named = [(f"the motif {' '.join(_names(block[0][1])).strip()!r}", block) for block in blocks]
    motifs, sentence = read_each(named, lambda block: _motif(source, block, letters, background, said))
    second = [(called, f"line {line}: a second matrix") for called, block in named if (line := _second_matrix(block))]
    return with_sentence(with_sentence(motifs, sentence), left_out(second))


def _is_motif_line(text: str) -> bool:
    return text.startswith("MOTIF") and not text[5:6].strip()


def _second_matrix(block: Lines) -> int | None:
    lines = [number for number, text in block if text.startswith(_MATRIX)]
    return lines[1] if len(lines) > 1 else None


def _alphabet(source: str, head: Lines, lines: Lines, given: Alphabet | None, said: list[str]) -> _Letters:
    at = next((i for i, (_, text) in enumerate(head) if text.startswith("ALPHABET")), None)
    if at is None:
        known = given or _alphabet_by_width(lines, said)
        return _Letters(known, known.letters)
    number, text = head[at]
    told = text.split("=", 1)[1] if "=" in text.partition('"')[0] else _custom_letters(source, number, head[at + 1 :])
    letters = "".join(told.upper().split())
    found = next((known for known in ALPHABETS.values() if sorted(known.letters) == sorted(letters)), None)
    if found is None:
        raise FormatError(source, number, f"the alphabet {told.strip()[:40] or '(none)'}", _KNOWN)
    if given not in (None, found):
        return _as_given(source, number, letters, given, said)
    return _Letters(found, letters)


def _as_given(source: str, number: int, letters: str, given: Alphabet, said: list[str]) -> _Letters:
    """Of DNA and RNA the requested one."""
    for alias, meant in given.aliases:
        if sorted(letters.replace(alias, meant)) == sorted(given.letters):
            said.append(f"{alias} is read as {meant}.")
            return _Letters(given, letters.replace(alias, meant))
    raise FormatError(source, number, f"the alphabet {letters}", f"{given.letters}, as requested")


def _custom_letters(source: str, number: int, after: Lines) -> str:
    """The core letters of an ALPHABET block in the order of the columns, which is that of the alphabet.

    Lines with `=` define ambiguity codes, `~` pairs complements. Where single letters stand in another order, the
    frequencies of the background decide the order.
    """
    letters, paired = "", False
    for _, text in after:
        if text.startswith(("END ALPHABET", "MOTIF", "Background")):
            break
        bare = re.sub(r'"[^"]*"', " ", text)
        if "=" not in bare:
            words = bare.split()
            letters += "".join(word for word in words if len(word) == 1 and word.isalpha())
            paired = paired or "~" in words
    in_order = "".join(sorted(letters))
    if letters == in_order or paired:
        return in_order
    background = _background_letters(after)
    if background in (letters, in_order):
        return background
    accepted = (
        "the letters in alphabetical order, as MEME has its columns, or background frequencies in that of the columns"
    )
    raise FormatError(source, number, f"an alphabet in the order {letters}", accepted)


def _background_letters(lines: Lines) -> str:
    at = next((i for i, (_, text) in enumerate(lines) if text.startswith("Background letter frequencies")), len(lines))
    words = " ".join(text for _, text in lines[at + 1 : at + 30]).split()
    return "".join(itertools.takewhile(str.isalpha, words[::2])) if words else ""


def _alphabet_by_width(lines: Lines, said: list[str]) -> Alphabet:
    row = next((after for (_, text), (_, after) in itertools.pairwise(lines) if text.startswith(_MATRIX)), "")
    guess = PROTEIN if len(row.split()) == len(PROTEIN) else DNA
    said.append(f"The file names no alphabet; its {len(row.split())} columns are taken as {guess.name}.")
    return guess


def _background(source: str, head: Lines, alphabet: Alphabet, said: list[str]) -> Array | None:
    at = next((i for i, (_, text) in enumerate(head) if text.startswith("Background letter frequencies")), None)
    if at is None:
        return None
    shares: dict[str, float] = {}
    for number, text in head[at + 1 :]:
        words = text.split()
        if len(shares) == len(alphabet) or (shares and not words):
            break
        for told, share in zip(words[::2], words[1::2], strict=False):
            letter = _meant(alphabet, told)
            if letter not in alphabet.letters or letter in shares:
                raise FormatError(source, number, f"the letter {told}", f"each of {alphabet.letters} once")
            shares[letter] = read_number(source, number, share)
    if len(shares) != len(alphabet) or min(shares.values()) <= 0:
        found = " ".join(f"{letter} {share:g}" for letter, share in shares.items()) or "no frequencies"
        raise FormatError(source, head[at][0] + 1, found, f"a frequency above 0 for each of {alphabet.letters}")
    column = np.array([[shares[letter]] for letter in alphabet.letters])
    return unit_columns(source, column, said, [head[at][0] + 1], "background frequencies")[:, 0]


def _meant(alphabet: Alphabet, letter: str) -> str:
    upper = letter.upper()
    return dict(alphabet.aliases).get(upper, upper)


def _motif(source: str, block: Lines, letters: _Letters, background: Array | None, said: list[str]) -> Motif:
    number, text = block[0]
    accession, name = _names(text)
    at = next((i for i, (_, line) in enumerate(block) if line.startswith(_MATRIX)), None)
    if at is None:
        raise FormatError(source, number, f"the motif {name!r} without a matrix", f"a `{_MATRIX}` line after it")
    own = list(said)
    keys = dict(_KEYS.findall(block[at][1]))
    alphabet = letters.alphabet
    rows = _rows(source, block[at + 1 :], len(alphabet), is_counted="w" in keys)
    _check_key(source, block[at][0], keys, "w", len(rows), "rows")
    _check_key(source, block[at][0], keys, "alength", len(alphabet), "letters")
    values = np.array([row for _, row in rows]).T[letters.order]
    ppm = unit_columns(source, values, own, [line for line, _ in rows])
    n_sites = _n_sites(source, block[at][0], keys, own)
    return Motif(name, accession, ppm, None, n_sites, background, alphabet, tuple(own))


def _n_sites(source: str, line: int, keys: dict[str, str], said: list[str]) -> float | None:
    if "nsites" not in keys:
        return None
    told = read_number(source, line, keys["nsites"])
    if told < 0:
        raise FormatError(source, line, f"nsites= {told:g}", "a number of sites, or 0 where it is not known")
    if told == 0:
        said.append("The file gives 0 as the number of sites: it is not known.")
    return told or None


def _names(text: str) -> tuple[str, str]:
    """Accession and name of a MOTIF line; the full output numbers its motifs and continues with `width =`."""
    words = text.split()[1:]
    end = next((i for i in range(len(words)) if " ".join(words[i : i + 2]).startswith(("width =", "width="))), None)
    words = words[:end]
    if len(words) < 2:
        return "", "".join(words)
    identifier, name = words[0], " ".join(words[1:])
    if identifier.isdigit() and _PROGRAM_NAME.fullmatch(name):
        return "", f"{name}-{identifier}"
    return identifier, name


def _rows(source: str, lines: Lines, n_letters: int, *, is_counted: bool) -> list[tuple[int, list[float]]]:
    """Rows of numbers up to an empty line with no row behind it, or to a line that ends a matrix.

    Other words between rows are refused, and right behind the last one too unless the rows are counted elsewhere.
    """
    rows: list[tuple[int, list[float]]] = []
    odd: FormatError | None = None
    is_gap = False
    for number, text in lines:
        words = text.split()
        if not words or is_comment(text.encode()):
            is_gap = is_gap or not words
            continue
        if _AFTER.match(text.strip()):
            break
        if not _is_row(words[0]):
            odd = odd or FormatError(
                source, number, repr(text[:40]), f"{n_letters} numbers, or an empty line after all"
            )
            if rows and not is_gap and not is_counted:
                raise odd
            continue
        if odd:
            if len(words) == n_letters and all(map(is_number, words)):
                raise odd
            break
        row = [read_number(source, number, word) for word in words]
        if len(row) != n_letters or min(row) < 0:
            found = how_many(len(row), "number") if len(row) != n_letters else f"{min(row):g}"
            raise FormatError(source, number, found, f"{n_letters} probabilities, one for each letter")
        rows.append((number, row))
        if len(rows) > MOST_ROWS:
            raise too_many_rows(source, number)
    return rows


def _is_row(word: str) -> bool:
    """Whether a line that begins with this word is a row of numbers, or one with a mistake in it."""
    return is_number(word) or word.lower() in _NO_NUMBERS or (word[0] in "+-.0123456789" and word.strip("-") != "")


def _check_key(source: str, line: int, keys: dict[str, str], key: str, counted: int, what: str) -> None:
    if keys.get(key, str(counted)) != str(counted) or not counted:
        told = f"{key}= {keys[key]}, but " if key in keys else ""
        raise FormatError(source, line, f"{told}{counted} {what}", f"a matrix of as many {what} as stated")
