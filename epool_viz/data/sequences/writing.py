"""Sequences and their known sites as text, in forms that `read_sequences` reads back."""

from __future__ import annotations

import os
from pathlib import Path

from epool_viz._writing import write_file
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError

FORMATS = ("encode", "fasta")
SITE_COLUMNS = ("sequence", "motif", "start", "stop", "strand")
_FASTA_ENDINGS = (".fa", ".fasta", ".fna")


def write_sequences(
    sequences: SequenceSet,
    path: str | os.PathLike[str] | None = None,
    *,
    format: str | None = None,  # noqa: A002
) -> str:
    """Write sequences.

    Parameters
    ----------
    sequences : SequenceSet
    path : path, or None to write nothing
        Packed with gzip where it ends with ".gz". A file that is there is replaced, as a whole or not at all.
    format : "encode", "fasta", or None
        "encode" has lines of `>name letters label`, which keep the labels when they are read back. "fasta" has labels
        and sites in the header, for people and for other programs: `>name label=1 sites=CTCF:12-30:+`. None goes by
        the ending of the path, and is "encode" for a set with labels that has no such ending.

    Returns
    -------
    str, the text. Blanks in a name become "_", as both forms require; an unknown letter becomes N.

    Raises
    ------
    ArgumentError
        For another format, or "encode" without labels.
    """
    chosen = format or format_of(path, sequences)
    if chosen not in FORMATS:
        raise ArgumentError("format", repr(format), f"{', '.join(map(repr, FORMATS))} or None")
    if chosen == "encode" and sequences.labels is None:
        raise ArgumentError("sequences", "without labels, which this format needs", 'labels, or format="fasta"')
    text = "".join(_encode(sequences) if chosen == "encode" else _fasta(sequences))
    _write(text, path)
    return text


def write_sites(sequences: SequenceSet, path: str | os.PathLike[str] | None = None) -> str:
    """Write where the known sites are, as tab-separated rows.

    Parameters
    ----------
    sequences : SequenceSet with sites
    path : path, or None to write nothing

    Returns
    -------
    str
        A row a site: sequence, motif, first and last letter (counted from 1) and strand; names as `write_sequences`
        has them.

    Raises
    ------
    ArgumentError
        If no sites are known.
    """
    if sequences.sites is None:
        raise ArgumentError("sequences", "without known sites", "a set of `simulate`, or another with known sites")
    rows = ["\t".join(SITE_COLUMNS)]
    for name, sites in zip(sequences.names, sequences.sites, strict=True):
        for site in sites:
            motif, strand = getattr(site, "motif", ""), getattr(site, "strand", "+")
            rows.append("\t".join((_word(name), _word(motif), str(site.start + 1), str(site.stop), strand)))
    text = "\n".join(rows) + "\n"
    _write(text, path)
    return text


def format_of(path: str | os.PathLike[str] | None, sequences: SequenceSet) -> str:
    """The format that an ending means."""
    return "fasta" if sequences.labels is None or (path is not None and has_headers(path)) else "encode"


def has_headers(path: str | os.PathLike[str]) -> bool:
    """Whether an ending means FASTA, whose headers have room for sites."""
    return Path(path).name.lower().removesuffix(".gz").endswith(_FASTA_ENDINGS)


def _encode(sequences: SequenceSet) -> list[str]:
    labels = [] if sequences.labels is None else sequences.labels.tolist()
    rows = zip(sequences.names, sequences, labels, strict=True)
    return [f">{_word(name)} {letters} {label}\n" for name, letters, label in rows]


def _fasta(sequences: SequenceSet) -> list[str]:
    records = []
    for i, (name, letters) in enumerate(zip(sequences.names, sequences, strict=True)):
        header = [f">{_word(name)}"]
        if sequences.labels is not None:
            header.append(f"label={sequences.labels[i]}")
        if sequences.sites is not None and sequences.sites[i]:
            places = [
                f"{_word(getattr(site, 'motif', ''))}:{site.start + 1}-{site.stop}:{getattr(site, 'strand', '+')}"
                for site in sequences.sites[i]
            ]
            header.append("sites=" + ",".join(places))
        records.append(f"{' '.join(header)}\n{letters}\n")
    return records


def _word(name: str) -> str:
    return "_".join(name.split())


def _write(text: str, path: str | os.PathLike[str] | None) -> None:
    if path is not None:
        write_file(path, text)
