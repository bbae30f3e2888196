"""Motifs, and the files they come in: MEME, JASPAR, TRANSFAC, their relatives, and matrices written plainly.

A motif is held as letter probabilities of shape (letter, position), with the counts where the file gives counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz._writing import write_file
from epool_viz.core._arrays import background_like
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet
from epool_viz.core.motifs import check_ppm, pfm_to_ppm
from epool_viz.data._blocks import Block, find_blocks, read_each, require_no_markup, require_rows, telling_lines
from epool_viz.data._matrix import Kind as Kind
from epool_viz.data._matrix import (
    Lines,
    Reading,
    Table,
    choose_reading,
    finish_matrix,
    odds_to_ppm,
    read_table,
    readings,
)
from epool_viz.data._matrix import ParsedMatrix as ParsedMatrix
from epool_viz.data._matrix import parse_matrix as parse_matrix
from epool_viz.data._source import Source, is_comment, open_path, open_text
from epool_viz.data.limits import Limits
from epool_viz.errors import ArgumentError, FormatError, ShapeError

Array = np.ndarray[Any, Any]
MOST_MOTIFS = Limits(records=10_000)
_ACCEPTED_FORMATS = "MEME text, JASPAR, TRANSFAC, or rows of numbers for the letters or the positions of one motif"


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif as letter probabilities.

    Parameters
    ----------
    name : str
    accession : str
        The identifier in its database, or "".
    ppm : float array, shape (letter, position)
        Probabilities; every column sums to 1.
    counts : float array, shape (letter, position), or None
    n_sites : float or None
        How many sites it was made from.
    background : float array, shape (letter,), or None
        Letter probabilities the file gives for the sequences around the sites.
    alphabet : Alphabet
    assumptions : tuple of str
        What the reader took for granted, a sentence each.
    is_of_odds : bool
        Whether the file gives log odds, so that the probabilities are made of them and none is 0.

    Raises
    ------
    ArgumentError
        If the columns are no probabilities, or their number of letters is not the alphabet's.
    """

    name: str
    accession: str
    ppm: Array
    counts: Array | None = None
    n_sites: float | None = None
    background: Array | None = None
    alphabet: Alphabet = DNA
    assumptions: tuple[str, ...] = ()
    is_of_odds: bool = False

    def __post_init__(self) -> None:
        for field in ("ppm", "counts", "background"):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, _frozen(getattr(self, field)))
        if self.ppm.ndim != 2 or self.ppm.shape[0] != len(self.alphabet):
            accepted = f"({len(self.alphabet)}, position) for {self.alphabet.name}"
            raise ShapeError("ppm", f"of shape {self.ppm.shape}", accepted)
        check_ppm(self.ppm)

    @classmethod
    def from_counts(
        cls,
        counts: Any,
        *,
        name: str,
        accession: str = "",
        alphabet: Alphabet = DNA,
        assumptions: tuple[str, ...] = (),
    ) -> Motif:
        """Make a motif of counts, shape (letter, position); whole numbers are not asked for."""
        counts = np.asarray(counts, dtype=np.float64)
        totals = counts.sum(axis=0)
        if np.ptp(totals) > 1e-6 * totals.max():
            held = f"The positions hold {totals.min():g} to {totals.max():g} counts"
            assumptions = (*assumptions, f"{held}; the number of sites is taken as {totals.max():g}.")
        return cls(name, accession, pfm_to_ppm(counts), counts, float(totals.max()), None, alphabet, assumptions)

    @property
    def width(self) -> int:
        """Number of positions."""
        return int(self.ppm.shape[1])

    @property
    def label(self) -> str:
        """Name and accession, as in "CTCF (MA0139.2)"."""
        return f"{self.name} ({self.accession})" if self.accession and self.name else self.name or self.accession

    def __repr__(self) -> str:
        return f"Motif({self.label!r}, {self.width} positions of {self.alphabet.name})"


def read_motifs(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    alphabet: str | Alphabet | None = None,
    limits: Limits | None = None,
) -> list[Motif]:
    """Read a file of motifs, packed with gzip or not.

    Parameters
    ----------
    path : str or path
    format : "meme", "jaspar", "transfac", "matrix", or None
        None tells by the content. MEME covers the minimal format and the full text of MEME, STREME and DREME; "jaspar"
        all that has its motifs under lines with `>`, as HOMER, cluster-buster and HOCOMOCO do; "matrix" rows of
        numbers, whichever way they lie, and records of UniPROBE, CIS-BP and STAMP.
    alphabet : Alphabet or its name, or None
        None takes the file's word, or tells by the number of letters and says so in `assumptions`.
    limits : Limits, or None
        How much may be in it, unpacked; None is 1 GiB of text and 10,000 motifs.

    Returns
    -------
    list of Motif, in the order of the file. A motif that cannot be read is left out where others can, and is named
    with its line and the reason in the `assumptions` of each.

    Raises
    ------
    FormatError
        If no motif can be read; the message names file, line, what stands there and what may.
    ArgumentError
        If there is no such file, format or alphabet.
    """
    with open_path(path, limits=limits or MOST_MOTIFS) as source:
        return _read(source, format, alphabet)


def parse_motifs(
    text: str | bytes,
    *,
    source: str = "the typed matrix",
    format: str | None = None,  # noqa: A002 - the word that users know
    alphabet: str | Alphabet | None = None,
    limits: Limits | None = None,
) -> list[Motif]:
    """Read motifs out of a text, or out of the bytes of an uploaded file.

    Parameters
    ----------
    text : str or bytes
        Any format of `read_motifs`; bytes may be packed with gzip.
    source : str
        What the messages call it, and the name of a motif that has none.
    format, alphabet, limits
        As in `read_motifs`.

    Returns
    -------
    list of Motif

    Raises
    ------
    FormatError
        For anything that cannot be read; the message names the line, what stands there and what may.
    """
    return _read(open_text(text, source, limits=limits or MOST_MOTIFS), format, alphabet)


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
    """Write motifs in the JASPAR format.

    Parameters
    ----------
    motifs : Motif or iterable of Motif
        A motif without counts is written as probabilities times its number of sites, or as probabilities.
    path : str, path or None
        Where to write, packed with gzip where it ends with ".gz"; None only returns the text. A file that is there
        is replaced, as a whole or not at all.

    Returns
    -------
    str, which `read_motifs` reads back to the last digit.

    Raises
    ------
    ArgumentError
        If there is no motif, or their alphabets differ.
    """
    blocks = (_jaspar_block(motif, i) for i, motif in enumerate(_motif_list(motifs), start=1))
    return _written(path, "".join(blocks))


def write_transfac(motifs: Motif | Iterable[Motif], path: str | os.PathLike[str] | None = None) -> str:
    """Write motifs in the TRANSFAC format.

    Parameters
    ----------
    motifs : Motif or iterable of Motif
        A motif without counts is written as probabilities times its number of sites, or as probabilities.
    path : str, path or None
        Where to write, packed with gzip where it ends with ".gz"; None only returns the text. A file that is there
        is replaced, as a whole or not at all.

    Returns
    -------
    str, which `read_motifs` reads back to the last digit.

    Raises
    ------
    ArgumentError
        If there is no motif, or their alphabets differ.

    Source: the consensus behind each row follows Cavener, Nucleic Acids Research 15:1353 (1987).
    """
    return _written(path, "".join(_transfac_block(motif, i) for i, motif in enumerate(_motif_list(motifs), start=1)))


def motif_format(text: str | bytes, *, limits: Limits | None = None) -> str | None:
    """Which format of `parse_motifs` a text is of, by its content; "matrix" may be a kernel, None is none of them.

    Matrices under names that are no JASPAR, or several, are "records".
    """
    try:
        source = open_text(text, "the text", limits=limits)
        lines = source.text_lines()
        found = _detect(source.name, lines)
        if found != "matrix":
            return found
        blocks = find_blocks(source.name, lines, MOST_MOTIFS.records)
    except FormatError:
        return None
    return "records" if len(blocks) > 1 or any(block.is_named for block in blocks) else "matrix"


def _read(source: Source, format: str | None, alphabet: str | Alphabet | None) -> list[Motif]:  # noqa: A002
    known = None if alphabet is None else get_alphabet(alphabet)
    lines = source.text_lines()
    chosen = _detect(source.name, lines) if format is None else format
    if chosen not in _READERS:
        raise ArgumentError("format", repr(format), f"{', '.join(map(repr, _READERS))} or None")
    require_no_markup(source.name, lines)
    motifs = _READERS[chosen](source.name, lines, known, source.limits)
    source.limits.require("letters", sum(motif.ppm.size for motif in motifs), source.name, None, "numbers")
    return motifs


def _detect(source: str, lines: Lines) -> str:
    telling = [(number, text) for number, text in lines if text.strip()]
    if not telling:
        raise FormatError(source, None, "no text", _ACCEPTED_FORMATS)
    if any(text.startswith(("MEME version", "MOTIF ", "MOTIF\t")) or text == "MOTIF" for _, text in telling):
        return "meme"
    from epool_viz.data._transfac import looks_like_transfac

    if looks_like_transfac(telling):
        return "transfac"
    first = next((text for _, text in telling if not is_comment(text.encode())), "")
    return "jaspar" if first.startswith(">") else "matrix"


def _read_meme(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    from epool_viz.data._meme import read_meme

    return read_meme(source, lines, alphabet, limits)


def _read_transfac(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    from epool_viz.data._transfac import read_transfac

    return read_transfac(source, lines, alphabet, limits)


def _read_jaspar(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    number, text = next(iter(telling_lines(lines)), (1, ""))
    if not text.startswith(">"):
        raise FormatError(source, number, repr(text[:40]), "a line that begins with '>'")
    return _read_blocks(source, lines, alphabet, limits)


def _read_blocks(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    blocks = find_blocks(source, lines, limits.records) or [Block(1)]
    limits.require("records", len(blocks), source, None, "motifs")
    tables = [_table(source, block) for block in blocks]
    known = [reading for table in tables if (reading := _without_doubt(source, table, alphabet))]
    named = [
        (f"the motif {block.name or block.accession or place!r}", (place, block, table))
        for place, (block, table) in enumerate(zip(blocks, tables, strict=True), start=1)
    ]
    motifs, left_out = read_each(named, lambda entry: _block_motif(source, entry, alphabet, known, len(blocks) > 1))
    return with_sentence(motifs, left_out)


def with_sentence(motifs: list[Motif], sentence: str) -> list[Motif]:
    """The motifs, each with one assumption more; the same where the sentence is empty."""
    if not sentence:
        return motifs
    return [replace(motif, assumptions=(*motif.assumptions, sentence)) for motif in motifs]


def _table(source: str, block: Block) -> Table | FormatError:
    try:
        if block.is_named:
            require_rows(source, block)
        return read_table(source, block.lines)
    except FormatError as error:
        return error


def _without_doubt(source: str, table: Table | FormatError, alphabet: Alphabet | None) -> Reading | None:
    """How a table lies that has no letters and fits one way only; the tables beside it lie alike."""
    if isinstance(table, FormatError) or table.letters or table.labels:
        return None
    try:
        found = readings(source, table, alphabet)
    except FormatError:
        return None
    return found[0] if len(found) == 1 else None


def _block_motif(
    source: str,
    entry: tuple[int, Block, Table | FormatError],
    alphabet: Alphabet | None,
    known: Sequence[Reading],
    are_several: bool,
) -> Motif:
    place, block, table = entry
    if isinstance(table, FormatError):
        raise table
    chosen = choose_reading(source, table, alphabet, like=known)
    matrix = finish_matrix(source, table, chosen, motif=block.is_named)
    unnamed = f"motif {place}" if block.is_named else Path(source).stem + (f" {place}" if are_several else "")
    return _motif(source, matrix, block.name or unnamed, block.accession, block.is_named)


_READERS = {"meme": _read_meme, "jaspar": _read_jaspar, "transfac": _read_transfac, "matrix": _read_blocks}


def _motif(source: str, matrix: ParsedMatrix, name: str, accession: str, is_named: bool) -> Motif:
    about: dict[str, Any] = {"alphabet": matrix.alphabet, "assumptions": matrix.assumptions}
    if matrix.kind == "counts":
        return Motif.from_counts(matrix.values, name=name, accession=accession, **about)
    if matrix.kind == "scores" and not is_named:
        found = f"a kernel ({matrix.assumptions[-1]})"
        raise FormatError(source, None, found, "counts or probabilities of a motif")
    if matrix.kind == "scores":
        said = list(matrix.assumptions)
        ppm = odds_to_ppm(matrix.values, said)
        return Motif(name, accession, ppm, alphabet=matrix.alphabet, assumptions=tuple(said), is_of_odds=True)
    return Motif(name, accession, matrix.values, **about)


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
    from epool_viz.data._transfac import consensus_letter

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


def _frozen(values: Any) -> Array:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
