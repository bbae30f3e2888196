"""`epool-viz em`: motifs found by EM, as MEME text and a table of their sites."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz._writing import are, how_many, write_file
from epool_viz.analysis.site_tables import sites_table
from epool_viz.app.commands.inputs import background_remark, means_file, read_background, read_motifs_of, read_set
from epool_viz.app.commands.outputs import require_places, table_to
from epool_viz.app.commands.progress import StopOnSignal
from epool_viz.core.em import EMResult, erase, fit_em
from epool_viz.core.windows import FoundSite, is_at_known_site
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_meme
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError

Found = tuple[str, np.ndarray[Any, Any], list[FoundSite]]


def discover_to_files(
    sequences: str,
    *,
    width: int | None = None,
    motifs: int = 1,
    init: str | None = None,
    start: str = "random",
    occurrence: str = "oops",
    background: str = "sequences",
    out: Path | None = None,
    sites: Path | None = None,
    force: bool = False,
    show_progress: bool | None = None,
    sink: Callable[[str], None],
    **options: Any,
) -> tuple[str, int]:
    """Find motifs one after the other, each with the sites of those before erased.

    Parameters
    ----------
    sequences : str
        A file that `read_sequences` reads, or `example:NAME`.
    width : int or None
        None is that of the motif in `init`, else 12.
    motifs : int
        How many to look for.
    init : str or None
        A file of motifs, "-", or a name of JASPAR, whose first motif is the only start of the first search.
    start : "random" or "substrings"
    occurrence : "oops" or "zoops"
    background : str
        As for `read_background`.
    out, sites : path or None
        MEME text, and the table of sites, to write.
    force : bool
        As for `require_places`.
    show_progress : bool or None
        None shows it where standard error is a terminal.
    sink : callable
        Gets a line for each motif, and what was taken for granted.
    **options
        Of `fit_em`.

    Returns
    -------
    str, the MEME text; and the exit code: 0, or 130 or 143 where a signal ended the search early.
    """
    reads = [("SEQUENCES", sequences), ("--init", init if init is not None and means_file(init) else None)]
    require_places(reads, [("--out", "-" if out is None else out), ("--sites", sites)], force=force)
    chosen = read_set(sequences, "DNA")
    first = None if init is None else read_motifs_of(init, "--init", alphabet="DNA")[0]
    width = _width(width, first)
    kept = np.flatnonzero(chosen.lengths >= width)
    if len(kept) < len(chosen):
        if not len(kept):
            found = f"at most {int(chosen.lengths.max())} letters long"
            raise ArgumentError("SEQUENCES", found, f"one at least of the motif's width (--width), {width} letters")
        short = [chosen.names[i] for i in np.flatnonzero(chosen.lengths < width)]
        named = ", ".join(map(repr, short[:20])) + (", ..." if short[20:] else "")
        shorter = f"{how_many(len(short), 'sequence')} shorter than {how_many(width, 'letter')}"
        sink(f"{shorter} {are(len(short))} left out: {named}")
        chosen = chosen[kept.tolist()]
    q = None if background == "sequences" else read_background(background, chosen.alphabet)
    erased = [np.zeros(length, dtype=bool) for length in chosen.lengths]
    found_all: list[tuple[Found, EMResult]] = []
    with StopOnSignal(sink) as cancel, _progress(show_progress) as (on_iteration, on_trial):
        for number in range(1, motifs + 1):
            if found_all and cancel.is_set():
                break
            begin = start if first is None or number > 1 else first.ppm
            try:
                result = fit_em(
                    chosen,
                    width,
                    occurrence=occurrence,
                    start=begin,
                    background=q,
                    erased=erased,
                    cancel=cancel,
                    on_iteration=on_iteration,
                    on_trial=on_trial,
                    **options,
                )
            except ArgumentError as error:
                if not found_all or error.name != "sequences":
                    raise
                sink(f"no window is left for motif {number}")
                break
            listed = result.sites(0.5 if occurrence == "zoops" else 0.0)
            found_all.append(((f"motif_{number}", result.ppm, listed), result))
            sink(_line(number, result, listed, chosen))
            gone = erase(chosen, result)
            if number < motifs and not any(np.any(b & ~a) for a, b in zip(erased, gone, strict=True)):
                sink(f"no site of motif {number} is sure enough to be erased: the next would be the same")
                break
            erased = [a | b for a, b in zip(erased, gone, strict=True)]
    said = () if first is None else (*first.assumptions, background_remark([first], _used(q, chosen)))
    for remark in dict.fromkeys((*chosen.assumptions, *said)):
        if remark:
            sink(remark)
    text = write_meme([_as_motif(found, q, chosen) for found, _ in found_all])
    if out is not None:
        write_file(out, text, name="--out")
    if sites is not None:
        with table_to(sites, "--sites") as stream:
            stream.write(sites_table(chosen, [found for found, _ in found_all]))
    return text, cancel.exit_code


def _width(width: int | None, first: Motif | None) -> int:
    if first is None:
        return width or 12
    if width is not None and width != first.width:
        raise ArgumentError("--width", str(width), f"nothing, or the width of {first.label}, {first.width}")
    return first.width


def _as_motif(found: Found, background: Any, chosen: SequenceSet) -> Motif:
    name, ppm, sites = found
    return Motif(name, "", ppm, n_sites=float(len(sites)) or None, background=_used(background, chosen))


def _used(background: Any, chosen: SequenceSet) -> np.ndarray[Any, Any]:
    return np.asarray(chosen.letter_frequencies() if background is None else background)


def _line(number: int, result: EMResult, sites: list[FoundSite], chosen: SequenceSet) -> str:
    iterations = len(result.history.evidence) - 1  # the first is that of the start
    how = "converged" if result.converged else "ended"
    known = ""
    if chosen.sites is not None:
        hits = sum(is_at_known_site(site, chosen.sites[site.sequence]) for site in sites)
        known = f", {hits} at known sites"
    rate = f", site rate {result.site_rate:.2f}" if result.site_rate < 1 else ""
    return (
        f"motif {number}: {how_many(result.ppm.shape[1], 'letter')}, {how_many(len(sites), 'site')}{known}, "
        f"log evidence {result.evidence:.2f}{rate}; {how} after {how_many(iterations, 'iteration')}, "
        f"the best of {how_many(result.n_starts, 'start')} ({result.start})"
    )


@contextlib.contextmanager
def _progress(wanted: bool | None) -> Iterator[tuple[Any, Any]]:
    """A bar on standard error that is gone when all is done."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None, None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, force_terminal=wanted), transient=True) as progress:
        task = progress.add_task("climbing", total=None)
        best: dict[int, float] = {}

        def on_iteration(start: int, iteration: int, objective: float) -> None:
            best[start] = objective if iteration else min(best.get(start, objective), objective)
            told = f"{how_many(len(best), 'start')}, iteration {iteration}, log evidence {max(best.values()):.1f}"
            progress.update(task, description=told, total=None)

        def on_trial(done: int, total: int) -> None:
            is_last = done == total  # drawn at once: a fast machine may be through before the next drawing
            progress.update(task, description="trying windows", completed=done, total=total, refresh=is_last)

        yield on_iteration, on_trial
