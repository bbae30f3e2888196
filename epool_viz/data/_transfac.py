"""The TRANSFAC text format: a line of letters after P0, a numbered row of counts for each position, `//` at the end."""

from __future__ import annotations

import re

import numpy as np

from epool_viz.core.alphabet import ALPHABETS, Alphabet
from epool_viz.data._matrix import Lines, read_number
from epool_viz.data.motif_files import Motif
from epool_viz.errors import FormatError

_LETTERS = re.compile(r"P[0O]\s+(\S.*)")
_ROW = re.compile(r"(\d+)\s+(.*)")
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


def read_transfac(source: str, lines: Lines, alphabet: Alphabet | None) -> list[Motif]:
    """Every motif of the file."""
    motifs: list[Motif] = []
    entry: list[tuple[int, str]] = []
    for number, text in [*lines, (0, "//")]:
        if text.strip() != "//":
            entry.append((number, text))
            continue
        if any(_LETTERS.match(line) for _, line in entry):
            motifs.append(_motif(source, entry, alphabet, len(motifs) + 1))
        entry = []
    if not motifs:
        raise FormatError(source, None, "no line that begins with P0", "TRANSFAC text with at least one motif")
    return motifs


def _motif(source: str, entry: Lines, given: Alphabet | None, place: int) -> Motif:
    at, letters = next((i, found[1].split()) for i, (_, text) in enumerate(entry) if (found := _LETTERS.match(text)))
    head = {text[:2]: text[2:].strip() for _, text in reversed(entry[:at])}
    number = entry[at][0]
    known = [given] if given else list(ALPHABETS.values())
    alphabet = next((each for each in known if sorted(each.letters) == sorted(letters)), None)
    if alphabet is None:
        accepted = f"{given.letters}, as asked for" if given else _KNOWN
        raise FormatError(source, number, f"the letters {' '.join(letters)[:60]}", accepted)
    name, accession = head.get("NA") or head.get("ID") or f"motif {place}", head.get("AC", "")
    rows = _rows(source, entry[at + 1 :], len(letters))
    if not rows:
        raise FormatError(source, number, f"the motif {name!r} without numbers", "a numbered row for each position")
    order = [letters.index(letter) for letter in alphabet.letters]
    counts = np.array(rows).T[order]
    return Motif.from_counts(counts, name=name, accession=accession, alphabet=alphabet)


def _rows(source: str, lines: Lines, n_letters: int) -> list[list[float]]:
    """Numbered rows up to the first line that is none; what stands behind the numbers is the consensus."""
    rows: list[list[float]] = []
    for number, text in lines:
        found = _ROW.match(text)
        if not found:
            break
        words = found[2].split()
        if len(words) not in (n_letters, n_letters + 1):
            accepted = f"{n_letters} counts and, if any, one word"
            raise FormatError(source, number, f"{len(words)} words behind the position", accepted)
        row = [read_number(source, number, word) for word in words[:n_letters]]
        if min(row) < 0 or not sum(row):
            found_ = f"{min(row):g}" if min(row) < 0 else "no counts at all"
            raise FormatError(source, number, found_, "counts >= 0, one of them above 0")
        rows.append(row)
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
