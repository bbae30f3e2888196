"""The files that motifs come in: MEME, JASPAR, TRANSFAC, their relatives, and matrices written plainly."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epool_viz.core.alphabet import Alphabet, get_alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.blocks import (
    Block,
    find_blocks,
    read_each,
    require_no_markup,
    require_rows,
    telling_lines,
)
from epool_viz.data.motifs.matrix import Kind as Kind
from epool_viz.data.motifs.matrix import (
    Lines,
    MatrixReading,
    Table,
    choose_reading,
    finish_matrix,
    odds_to_ppm,
    read_table,
    readings,
)
from epool_viz.data.motifs.matrix import ParsedMatrix as ParsedMatrix
from epool_viz.data.motifs.matrix import parse_matrix as parse_matrix
from epool_viz.data.motifs.motif import Motif, with_sentence
from epool_viz.data.source import Source, is_comment, open_path, open_text
from epool_viz.errors import ArgumentError, FormatError

MOST_MOTIFS = Limits(records=10_000)
_ACCEPTED_FORMATS = "MEME text, JASPAR, TRANSFAC, or rows of numbers for the letters or the positions of one motif"


def read_motifs(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - the usual word
    alphabet: str | Alphabet | None = None,
    limits: Limits | None = None,
) -> list[Motif]:
    """Read a file of motifs, packed with gzip or not.

    Parameters
    ----------
    path : str or path
    format : "meme", "jaspar", "transfac", "matrix", or None
        None goes by the content. MEME covers the minimal format and the full text of MEME, STREME and DREME; "jaspar"
        all that has its motifs under lines with `>`, as HOMER, cluster-buster and HOCOMOCO do; "matrix" rows of
        numbers, whichever way they lie, and records of UniPROBE, CIS-BP and STAMP.
    alphabet : Alphabet or its name, or None
        None takes it from the file, or from the number of letters, which `assumptions` then states.
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
    format: str | None = None,  # noqa: A002 - the usual word
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
    from epool_viz.data.motifs.transfac import looks_like_transfac

    if looks_like_transfac(telling):
        return "transfac"
    first = next((text for _, text in telling if not is_comment(text.encode())), "")
    return "jaspar" if first.startswith(">") else "matrix"


def _read_meme(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    from epool_viz.data.motifs.meme import read_meme

    return read_meme(source, lines, alphabet, limits)


def _read_transfac(source: str, lines: Lines, alphabet: Alphabet | None, limits: Limits) -> list[Motif]:
    from epool_viz.data.motifs.transfac import read_transfac

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


def _table(source: str, block: Block) -> Table | FormatError:
    try:
        if block.is_named:
            require_rows(source, block)
        return read_table(source, block.lines)
    except FormatError as error:
        return error


def _without_doubt(source: str, table: Table | FormatError, alphabet: Alphabet | None) -> MatrixReading | None:
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
    known: Sequence[MatrixReading],
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
