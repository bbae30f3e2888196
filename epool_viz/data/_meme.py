"""The MEME text format: the minimal one, and the full output of the program."""

from __future__ import annotations

import itertools
import re

import numpy as np

from epool_viz.core.alphabet import ALPHABETS, DNA, PROTEIN, Alphabet
from epool_viz.data._matrix import Array, Lines, is_number, read_number, unit_columns
from epool_viz.data.motif_files import Motif
from epool_viz.errors import FormatError

_MATRIX = "letter-probability matrix:"
_KEYS = re.compile(r"(\w+)\s*=\s*(\S+)")
_PROGRAM_NAME = re.compile(r"(MEME|DREME|STREME)(-\d+)?")
_KNOWN = "ACGT (DNA), ACGU (RNA) or the 20 amino acids in alphabetical order"


def read_meme(source: str, lines: Lines, alphabet: Alphabet | None) -> list[Motif]:
    """Every motif of the file."""
    said: list[str] = []
    starts = [i for i, (_, text) in enumerate(lines) if re.match(r"MOTIF\s+\S", text)]
    if not starts:
        raise FormatError(source, None, "no line that begins with MOTIF", "MEME text with at least one motif")
    head = lines[: starts[0]]
    alphabet = _alphabet(source, head, lines, alphabet, said)
    background = _background(source, head, alphabet, said)
    ends = [*starts[1:], len(lines)]
    return [_motif(source, lines[i:j], alphabet, background, said) for i, j in zip(starts, ends, strict=True)]


def _alphabet(source: str, head: Lines, lines: Lines, given: Alphabet | None, said: list[str]) -> Alphabet:
    at = next((i for i, (_, text) in enumerate(head) if text.startswith("ALPHABET")), None)
    if at is None:
        return given or _alphabet_by_width(lines, said)
    number, text = head[at]
    letters = text.split("=", 1)[1].strip() if "=" in text else _custom_letters(head[at + 1 :])
    found = next((known for known in ALPHABETS.values() if sorted(known.letters) == sorted(letters)), None)
    if found is None:
        raise FormatError(source, number, f"the alphabet {letters or '(none)'}", _KNOWN)
    if given not in (None, found):
        raise FormatError(source, number, f"the alphabet {letters}", f"{given.letters}, as asked for")
    return found


def _custom_letters(definition: Lines) -> str:
    """The core letters of an ALPHABET block: lines with `=` define ambiguity codes, `~` pairs complements."""
    letters = ""
    for _, text in definition:
        if text.startswith("END ALPHABET"):
            break
        bare = re.sub(r'"[^"]*"', " ", text)
        if "=" not in bare:
            letters += "".join(word for word in bare.split() if len(word) == 1 and word.isalpha())
    return letters


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
        for letter, share in zip(words[::2], words[1::2], strict=False):
            if letter not in alphabet.letters or letter in shares:
                raise FormatError(source, number, f"the letter {letter}", f"each of {alphabet.letters} once")
            shares[letter] = read_number(source, number, share)
    if len(shares) != len(alphabet) or min(shares.values()) <= 0:
        found = " ".join(f"{letter} {share:g}" for letter, share in shares.items()) or "no frequencies"
        raise FormatError(source, head[at][0] + 1, found, f"a frequency above 0 for each of {alphabet.letters}")
    column = np.array([[shares[letter]] for letter in alphabet.letters])
    return unit_columns(source, column, said, [head[at][0] + 1], "background frequencies")[:, 0]


def _motif(source: str, block: Lines, alphabet: Alphabet, background: Array | None, said: list[str]) -> Motif:
    number, text = block[0]
    accession, name = _names(text)
    at = next((i for i, (_, line) in enumerate(block) if line.startswith(_MATRIX)), None)
    if at is None:
        raise FormatError(source, number, f"the motif {name!r} without a matrix", f"a `{_MATRIX}` line after it")
    own = list(said)
    keys = dict(_KEYS.findall(block[at][1]))
    rows = _rows(source, block[at + 1 :], len(alphabet))
    _check_key(source, block[at][0], keys, "w", len(rows), "rows")
    _check_key(source, block[at][0], keys, "alength", len(alphabet), "letters")
    values = np.array([row for _, row in rows]).T
    ppm = unit_columns(source, values, own, [line for line, _ in rows])
    n_sites = read_number(source, block[at][0], keys["nsites"]) if "nsites" in keys else 0
    return Motif(name, accession, ppm, None, n_sites or None, background, alphabet, tuple(own))


def _names(text: str) -> tuple[str, str]:
    """Accession and name of a MOTIF line; the full output numbers its motifs and goes on with `width =`."""
    words = re.split(r"\s+width\s*=", text)[0].split()[1:]
    if len(words) == 1:
        return "", words[0]
    identifier, name = words[0], " ".join(words[1:])
    if identifier.isdigit() and _PROGRAM_NAME.fullmatch(name):
        return "", f"{name}-{identifier}"
    return identifier, name


def _rows(source: str, lines: Lines, n_letters: int) -> list[tuple[int, list[float]]]:
    """Rows of numbers up to the first line that is none."""
    rows: list[tuple[int, list[float]]] = []
    for number, text in lines:
        words = text.split()
        if not words and not rows:
            continue
        if not words or not is_number(words[0]):
            break
        row = [read_number(source, number, word) for word in words]
        if len(row) != n_letters or min(row) < 0:
            found = f"{len(row)} numbers" if len(row) != n_letters else f"{min(row):g}"
            raise FormatError(source, number, found, f"{n_letters} probabilities, one for each letter")
        rows.append((number, row))
    return rows


def _check_key(source: str, line: int, keys: dict[str, str], key: str, counted: int, what: str) -> None:
    if keys.get(key, str(counted)) != str(counted) or not counted:
        told = f"{key}= {keys[key]}, but " if key in keys else ""
        raise FormatError(source, line, f"{told}{counted} {what}", f"a matrix of as many {what} as told")
