"""The TRANSFAC text format: a line of letters after P0, a numbered row of counts for each position, `//` at the end."""

from __future__ import annotations

import re

import numpy as np

from epool_viz._writing import how_many
from epool_viz.core.alphabet import ALPHABETS, Alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.blocks import read_each
from epool_viz.data.motifs.matrix import guess_kind, unit_columns
from epool_viz.data.motifs.motif import Motif, with_sentence
from epool_viz.data.numbers import MOST_ROWS, Lines, read_number, too_many_rows
from epool_viz.errors import FormatError

_LETTERS = re.compile(r"P[0O]\s+[A-Za-z](?:\s|$)")
_ROW = re.compile(r"\s*+([0-9]++)\s++(.*)")
_BEGINS = ("AC", "ID", "NA", "DE", "VV", "P0", "PO")
_OF_A_MOTIF = ("AC", "ID", "NA", "P0", "PO")
_KNOWN = "P0 and the letters of DNA, RNA or protein, each once"
# letters that share a position's name, by their set
IUPAC = dict(
    zip(
        map(frozenset, ["A", "C", "G", "T", "AG", "CT", "CG", "AT", "GT", "AC", "CGT", "AGT", "ACT", "ACG"]),
        "ACGTRYSWKMBDHV",
        strict=True,
    )
)


def looks_like_transfac(lines: Lines) -> bool:
    """Whether a line begins with P0 and a letter."""
    return any(_LETTERS.match(text) for _, text in lines)


def read_transfac(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    """Every motif of the file.

    Raises
    ------
    FormatError
        If there is no motif, or none can be read.
    """
    found = [entry for entry in _entries(lines) if any(text[:2] in _OF_A_MOTIF for _, text in entry)]
    limits.require("records", len(found), source, None, "motifs")
    if not any(_LETTERS.match(text) for entry in found for _, text in entry):
        raise FormatError(source, None, "no line that begins with P0", "TRANSFAC text with at least one motif")
    named = [(f"the motif {_name(entry, i)!r}", (i, entry)) for i, entry in enumerate(found, start=1)]
    motifs, left_out = read_each(named, lambda entry: _motif(source, entry[1], alphabet, entry[0]))
    return with_sentence(motifs, left_out)


def _entries(lines: Lines) -> list[list[tuple[int, str]]]:
    """The lines of each entry; it ends at `//`, or where behind its rows another one begins."""
    entries: list[list[tuple[int, str]]] = [[]]
    has_rows = False
    for number, text in lines:
        ends = text.strip() == "//"
        if ends or (has_rows and text[:2] in _BEGINS and not text[2:3].strip()):
            entries.append([])
            has_rows = False
        if not ends:
            entries[-1].append((number, text))
            has_rows = has_rows or bool(_ROW.match(text))
    return entries


def _head(entry: Lines) -> dict[str, str]:
    """The first line of each key before the matrix."""
    at = next((i for i, (_, text) in enumerate(entry) if _LETTERS.match(text)), len(entry))
    return {text[:2]: text[2:].strip() for _, text in reversed(entry[:at])}


def _name(entry: Lines, place: int) -> str:
    head = _head(entry)
    return head.get("NA") or head.get("ID") or head.get("DE") or head.get("AC") or f"motif {place}"


def _motif(source: str, entry: Lines, given: Alphabet | None, place: int) -> Motif:
    name, accession = _name(entry, place), _head(entry).get("AC", "")
    at = next((i for i, (_, text) in enumerate(entry) if _LETTERS.match(text)), None)
    if at is None:
        raise FormatError(source, entry[0][0], f"the motif {name!r} without a line P0", "P0 and the letters, then rows")
    number, text = entry[at]
    letters = _spelt(text.upper().split()[1:], given)
    alphabet = _alphabet(source, number, letters, given)
    rows = _rows(source, entry[at + 1 :], len(letters))
    if not rows:
        raise FormatError(source, number, f"the motif {name!r} without numbers", "a numbered row for each position")
    values = np.array(rows).T[[letters.index(letter) for letter in alphabet.letters]]
    said: list[str] = []
    kind, values = guess_kind(source, number, values, True, said)
    if kind == "counts":
        return Motif.from_counts(values, name=name, accession=accession, alphabet=alphabet, assumptions=tuple(said))
    ppm = unit_columns(source, values, said, [number] * values.shape[1])
    return Motif(name, accession, ppm, alphabet=alphabet, assumptions=tuple(said))


def _alphabet(source: str, number: int, letters: list[str], given: Alphabet | None) -> Alphabet:
    known = [given] if given else list(ALPHABETS.values())
    found = next((each for each in known if sorted(each.letters) == sorted(letters)), None)
    if found is None:
        accepted = f"{given.letters}, as requested" if given else _KNOWN
        raise FormatError(source, number, f"the letters {' '.join(letters)[:60]}", accepted)
    return found


def _spelt(letters: list[str], given: Alphabet | None) -> list[str]:
    """The letters, U as T or T as U where the other of DNA and RNA was requested."""
    meant = dict(given.aliases) if given and not set(letters) <= set(given.letters) else {}
    return [meant.get(letter, letter) for letter in letters]


def _rows(source: str, lines: Lines, n_letters: int) -> list[list[float]]:
    """Numbered rows up to the first other line, where no row follows it; a consensus may end each."""
    rows: list[list[float]] = []
    first = 1
    for i, (number, text) in enumerate(lines):
        found = _ROW.match(text)
        if not found and not text.strip():
            continue
        if not found:
            later = (_ROW.match(after) for _, after in lines[i + 1 :])
            if rows and any(row and int(row[1][:9]) == first + len(rows) for row in later):
                raise FormatError(source, number, repr(text[:40]), f"the row of position {first + len(rows)}")
            break
        place = int(found[1][:9])
        first = place if not rows else first
        if place != first + len(rows) or first > 1:
            accepted = f"{first + len(rows)}, as the rows count" if rows else "0 or 1"
            raise FormatError(source, number, f"the position {place}", accepted)
        words = found[2].split()
        if len(words) not in (n_letters, n_letters + 1):
            accepted = f"{n_letters} counts and, if any, one word"
            raise FormatError(source, number, f"{how_many(len(words), 'word')} behind the position", accepted)
        row = [read_number(source, number, word) for word in words[:n_letters]]
        if min(row) < 0 or not sum(row):
            found_ = f"{min(row):g}" if min(row) < 0 else "no counts at all"
            raise FormatError(source, number, found_, "counts >= 0, one of them above 0")
        rows.append(row)
        if len(rows) > MOST_ROWS:
            raise too_many_rows(source, number)
    return rows


def consensus_letter(shares: dict[str, float]) -> str:
    """One letter for a position, by the rules of TRANSFAC.

    A single letter if it has more than half and twice the second; two if they have more than three quarters together;
    three if the fourth is missing; else N.

    Source: Cavener, Nucleic Acids Research 15:1353 (1987).
    """
    ranked = sorted(shares, key=lambda letter: -shares[letter])
    first, second = (shares[letter] for letter in ranked[:2])
    if first > 0.5 and first >= 2 * second:
        return ranked[0]
    if first + second > 0.75:
        return IUPAC.get(frozenset(ranked[:2]), "N")
    if len(ranked) == 4 and not shares[ranked[3]]:
        return IUPAC.get(frozenset(ranked[:3]), "N")
    return "N"
