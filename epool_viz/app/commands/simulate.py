"""`epool-viz simulate`: sequences with known sites, as files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from epool_viz._writing import how_many, write_file
from epool_viz.app.commands.bounds import require_memory
from epool_viz.app.commands.inputs import background_remark, means_file, read_background, read_motifs_of
from epool_viz.app.commands.outputs import require_places, table_to
from epool_viz.data.sequences.simulate import simulate
from epool_viz.data.sequences.writing import format_of, has_headers, write_sequences, write_sites
from epool_viz.errors import ArgumentError


def simulate_to_files(
    motifs: Sequence[str],
    *,
    sites: str = "1",
    background: str = "uniform",
    out: Path | None = None,
    truth: Path | None = None,
    force: bool = False,
    sink: Callable[[str], None],
    **options: Any,
) -> str:
    """Plant motifs and write the sequences, and beside them where the sites are.

    Parameters
    ----------
    motifs : list of str
        Files of motifs, all of which are taken, "-", or names or IDs of JASPAR.
    sites : str
        Sites of a positive sequence, "1", or from the fewest to the most, "0-2".
    background : str
        As for `read_background`.
    out : path or None
        As for `write_sequences`.
    truth : path or None
        None is beside `out`, unless its headers have the sites.
    force : bool
        As for `require_places`.
    sink : callable
        Gets what was made, and what was taken for granted.
    **options
        Of `simulate`.

    Returns
    -------
    str, the text of the sequences.
    """
    if truth is None and out is not None and not has_headers(out):
        truth = Path(f"{out}").parent / (Path(out.name.removesuffix(".gz")).stem + ".sites.tsv")
    files = [("MOTIF", text) for text in motifs if means_file(text)]
    require_places(files, [("--out", "-" if out is None else out), ("--truth", truth)], force=force)
    chosen = [motif for text in motifs for motif in read_motifs_of(text, "MOTIF")]
    shares = next((motif.background for motif in chosen if motif.background is not None), None)
    q = read_background(background, chosen[0].alphabet, motif=shares)
    n_sites = _site_range(sites)
    _require_room(options["n"], options["length"], n_sites)
    made = simulate(chosen, n_sites=n_sites, background=q, **options)
    text = write_sequences(made, format=format_of(out, made))
    if out is not None:
        write_file(out, text, name="--out")
    if truth is not None:
        with table_to(truth, "--truth") as stream:
            stream.write(write_sites(made))
    said = [line for motif in chosen for line in motif.assumptions] + [background_remark(chosen, q)]
    for remark in filter(None, dict.fromkeys(said)):
        sink(remark)
    planted = sum(map(len, made.sites or ()))
    where = "" if truth is None else f", which {truth} lists"
    bound = 0 if made.labels is None else int(made.labels.sum())
    sink(
        f"{how_many(len(made), 'sequence')} of {how_many(options['length'], 'letter')}, {bound:,} of label 1, "
        f"with {how_many(planted, 'site')} of {', '.join(motif.name for motif in chosen)}{where}"
    )
    return text


_BYTES_A_LETTER = 12  # of codes, of the random numbers they are drawn from, and of the text in its three forms
_BYTES_A_SITE = 400
_BYTES_A_SEQUENCE = 300


def _require_room(n: int, length: int, n_sites: int | tuple[int, int]) -> None:
    """Before anything is drawn: the set fits into the memory of this machine."""
    most = n_sites if isinstance(n_sites, int) else n_sites[1]
    needed = n * (length * _BYTES_A_LETTER + most * _BYTES_A_SITE + _BYTES_A_SEQUENCE)
    found = f"{n:,} with --length {length:,} and --sites up to {most:,}"
    require_memory("--n", found, needed, "fewer or shorter sequences")


def _site_range(text: str) -> int | tuple[int, int]:
    fewest, _, most = text.partition("-")
    try:
        if len(text) > 20:
            raise ValueError
        return (int(fewest), int(most)) if most else int(fewest)
    except ValueError:
        raise ArgumentError("--sites", repr(text), "a whole number, or a range such as 0-2") from None
