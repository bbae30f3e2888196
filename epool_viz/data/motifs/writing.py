"""Motifs as text: MEME, JASPAR and TRANSFAC."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from epool_viz._writing import write_file
from epool_viz.core._arrays import background_like
from epool_viz.core.types import Array
from epool_viz.data.motifs.matrix import Kind as Kind
from epool_viz.data.motifs.matrix import ParsedMatrix as ParsedMatrix
from epool_viz.data.motifs.matrix import parse_matrix as parse_matrix
from epool_viz.data.motifs.motif import Motif
from epool_viz.errors import ArgumentError


def write_meme(
    motifs: Motif | Iterable[Motif], path: str | os.PathLike[str] | None = None, *, background: Any = None
) -> str:
    """Write motifs in the minimal MEME format.

    Parameters
    ----------
    motifs : Motif or iterable of Motif
        All of one alphabet. Spaces in names become underscores, for the format splits at them.
    path : str, path or None
        Where to write, packed with gzip where it ends with ".gz"; None only returns the text. A file that is there
        is replaced, as a whole or not at all.
    background : shape (letter,), or None
        None takes the motifs' own where they all have the same, else uniform.

    Returns
    -------
    str, which `read_motifs` reads back to the last digit.

    Raises
    ------
    ArgumentError
        If there is no motif, or their alphabets differ.
    """
    chosen = _motif_list(motifs)
    alphabet = chosen[0].alphabet
    q = background_like(_common_background(chosen) if background is None else background, chosen[0].ppm, len(alphabet))
    pairs = " ".join(f"{letter} {_plain(share)}" for letter, share in zip(alphabet.letters, q, strict=True))
    strands = "strands: + -\n\n" if alphabet.complement else ""
    head = f"MEME version 4\n\nALPHABET= {alphabet.letters}\n\n{strands}Background letter frequencies\n{pairs}\n"
    return _written(path, head + "".join(f"\n{_meme_block(motif, i)}" for i, motif in enumerate(chosen, start=1)))


def write_jaspar(motifs: Motif | Iterable[Motif], path: str | os.PathLike[str] | None = None) -> str:
    """Write motifs in the JASPAR format, and return the text.

    Parameters
    ----------
    motifs, path
        As for `write_meme`. Without counts a motif is written as probabilities times its number of sites, or as these.

    Raises
    ------
    ArgumentError
        As for `write_meme`.
    """
    blocks = (_jaspar_block(motif, i) for i, motif in enumerate(_motif_list(motifs), start=1))
    return _written(path, "".join(blocks))


def write_transfac(motifs: Motif | Iterable[Motif], path: str | os.PathLike[str] | None = None) -> str:
    """Write motifs in the TRANSFAC format, and return the text.

    Parameters
    ----------
    motifs, path
        As for `write_jaspar`.

    Raises
    ------
    ArgumentError
        As for `write_meme`.

    Source: the consensus behind each row follows Cavener, Nucleic Acids Research 15:1353 (1987).
    """
    return _written(path, "".join(_transfac_block(motif, i) for i, motif in enumerate(_motif_list(motifs), start=1)))


def _motif_list(motifs: Motif | Iterable[Motif]) -> list[Motif]:
    chosen = [motifs] if isinstance(motifs, Motif) else list(motifs)
    names = sorted({motif.alphabet.name for motif in chosen})
    if len(names) != 1:
        found = f"of the alphabets {' and '.join(names)}" if chosen else "empty"
        raise ArgumentError("motifs", found, "at least one motif, all of one alphabet")
    return chosen


def _common_background(motifs: list[Motif]) -> Array | None:
    backgrounds = [motif.background for motif in motifs if motif.background is not None]
    same = len(backgrounds) == len(motifs) and all(np.array_equal(q, backgrounds[0]) for q in backgrounds)
    return backgrounds[0] if same else None


def _meme_block(motif: Motif, place: int) -> str:
    names = " ".join(filter(None, map(_one_word, (motif.accession, motif.name)))) or f"motif_{place}"
    sites = "" if motif.n_sites is None else f" nsites= {_plain(motif.n_sites)}"
    rows = "".join(" ".join(_plain(p) for p in column) + "\n" for column in motif.ppm.T)
    head = f"letter-probability matrix: alength= {len(motif.alphabet)} w= {motif.width}{sites}"
    return f"MOTIF {names}\n{head}\n{rows}"


def _counts(motif: Motif) -> Array:
    return np.asarray(motif.ppm * (motif.n_sites or 1) if motif.counts is None else motif.counts)


def _transfac_block(motif: Motif, place: int) -> str:
    from epool_viz.data.motifs.transfac import consensus_letter

    letters = motif.alphabet.letters
    name = _one_line(motif.name) or f"motif {place}"
    rows = []
    for j, (counts, shares) in enumerate(zip(_counts(motif).T, motif.ppm.T, strict=True), start=1):
        consensus = consensus_letter(dict(zip(letters, shares, strict=True)))
        rows.append("\t".join([f"{j:02d}", *map(_plain, counts), consensus]))
    # an accession that is missing gets no line: an empty one would be read as a name of no letters
    head = [f"AC  {_one_line(motif.accession)}", "XX"] if _one_line(motif.accession) else []
    lines = [*head, f"ID  {_one_word(name)}", "XX", f"NA  {name}", "XX", "\t".join(["P0", *letters]), *rows, "XX", "//"]
    return "\n".join(lines) + "\n"


def _jaspar_block(motif: Motif, place: int) -> str:
    numbers = _counts(motif)
    rows = (
        f"{letter}  [ {' '.join(_plain(number) for number in row)} ]\n"
        for letter, row in zip(motif.alphabet.letters, numbers, strict=True)
    )
    accession, name = _one_word(motif.accession), _one_line(motif.name) or f"motif {place}"
    header = f"{accession}\t{name}" if accession else _one_word(name)
    return f">{header}\n{''.join(rows)}"


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()


def _one_word(text: str) -> str:
    return _one_line(text).replace(" ", "_")


def _plain(number: float) -> str:
    """The shortest text that reads back as the same number."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _written(path: str | os.PathLike[str] | None, text: str) -> str:
    if path is not None:
        write_file(path, text)
    return text
