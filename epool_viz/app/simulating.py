"""`epool-viz simulate`: sequences whose truth is known, as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from epool_viz.app.inputs import read_background
from epool_viz.data.jaspar import load_jaspar
from epool_viz.data.motif_files import Motif, read_motifs
from epool_viz.data.sequence_files import format_of, write_sequences, write_sites
from epool_viz.data.simulate import simulate
from epool_viz.errors import ArgumentError

_ENDINGS = {".meme", ".jaspar", ".txt", ".pfm"}  # a file was meant, and is not there


def simulate_to_files(
    motifs: Sequence[str],
    *,
    sites: str = "1",
    background: str = "uniform",
    out: Path | None = None,
    truth: Path | None = None,
    sink: Callable[[str], None],
    **options: Any,
) -> str:
    """Plant motifs and write the sequences, and beside them where the sites are.

    Parameters
    ----------
    motifs : list of str
        Files of motifs, all of which are taken, or names or IDs of JASPAR.
    sites : str
        Sites of a positive sequence, "1", or from the fewest to the most, "0-2".
    background : str
        As for `read_background`.
    out : path or None
        As for `write_sequences`.
    truth : path or None
        None is beside `out`, unless its headers have the sites.
    sink : callable
        Gets what was made, and what was taken for granted.
    **options
        Of `simulate`.

    Returns
    -------
    str, the text of the sequences.
    """
    chosen = [motif for text in motifs for motif in _motifs(text)]
    q = read_background(background, chosen[0].alphabet)
    made = simulate(chosen, n_sites=_site_range(sites), background=q, **options)
    text = write_sequences(made, out)
    if truth is None and out is not None and format_of(out, made) != "fasta":
        truth = out.with_name(Path(out.name.removesuffix(".gz")).stem + ".sites.tsv")
    if truth is not None:
        write_sites(made, truth)
    for remark in dict.fromkeys(line for motif in chosen for line in motif.assumptions):
        sink(remark)
    n_sites = sum(map(len, made.sites or ()))
    where = "" if truth is None else f", which {truth} lists"
    sink(
        f"{len(made):,} sequences of {options['length']:,} letters, {int(made.labels.sum()):,} of label 1, "  # type: ignore[union-attr]
        f"with {n_sites:,} sites of {', '.join(motif.name for motif in chosen)}{where}"
    )
    return text


def _motifs(text: str) -> list[Motif]:
    path = Path(text)
    if path.is_file():
        return list(read_motifs(path))
    if len(path.parts) > 1 or path.suffix in _ENDINGS:
        raise ArgumentError("MOTIF", f"{text!r}, which is no file", "a file of motifs, or a name of JASPAR")
    return [load_jaspar(text)]


def _site_range(text: str) -> int | tuple[int, int]:
    fewest, _, most = text.partition("-")
    try:
        return (int(fewest), int(most)) if most else int(fewest)
    except ValueError:
        raise ArgumentError("--sites", repr(text), "a whole number, or a range such as 0-2") from None
