"""Sites of motifs as text: a table, or BED. Places in the table count from 1, those in BED from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from epool_viz.core.alphabet import reverse_complement
from epool_viz.core.windows import FoundSite
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.tables import table_text

SITE_COLUMNS = ("sequence", "motif", "start", "stop", "strand", "letters", "posterior")
FoundMotif = tuple[str, Any, Sequence[FoundSite]]  # name, PPM of shape (letter, width), sites


def site_rows(sequences: SequenceSet, name: str, sites: Iterable[FoundSite]) -> list[tuple[Any, ...]]:
    """The sites of one motif as rows of `SITE_COLUMNS`.

    Parameters
    ----------
    sequences : SequenceSet
        The set that `FoundSite.sequence` counts in.
    name : str
        Of the motif.
    sites : iterable of FoundSite

    Returns
    -------
    list of tuples, one a site
        `start` is the first letter counted from 1, `stop` the last one; `letters` are those that the motif reads, the
        reverse complement on the strand "-"; `posterior` has six digits.
    """
    rows = []
    for site in sites:
        letters = sequences[site.sequence][site.start : site.stop]
        read = letters if site.strand == "+" else reverse_complement(letters)
        where = (" ".join(sequences.names[site.sequence].split()), name, site.start + 1, site.stop, site.strand)
        rows.append((*where, read, f"{site.posterior:.6g}"))
    return rows


def sites_table(sequences: SequenceSet, motifs: Iterable[FoundMotif], delimiter: str = "\t") -> str:
    """The sites of several motifs as one table.

    Parameters
    ----------
    sequences : SequenceSet
    motifs : iterable of (name, PPM, sites)
    delimiter : str

    Returns
    -------
    str
        `SITE_COLUMNS`, then a row a site.
    """
    rows = (row for name, _, sites in motifs for row in site_rows(sequences, name, sites))
    return table_text(SITE_COLUMNS, rows, delimiter)


def sites_bed(sequences: SequenceSet, motifs: Iterable[FoundMotif]) -> str:
    """The sites of several motifs as BED6.

    Parameters
    ----------
    sequences : SequenceSet
    motifs : iterable of (name, PPM, sites)

    Returns
    -------
    str
        A line a site: sequence (blanks become "_"), first letter from 0, one past the last, motif, a thousand times the
        posterior, strand.
    """
    lines = []
    for name, _, sites in motifs:
        for site in sites:
            chrom = "_".join(sequences.names[site.sequence].split())
            score = round(1000 * site.posterior)
            lines.append(f"{chrom}\t{site.start}\t{site.stop}\t{name}\t{score}\t{site.strand}\n")
    return "".join(lines)
