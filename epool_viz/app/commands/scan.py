"""`epool-viz scan`: sequences × motifs, as a table."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from epool_viz._writing import how_many
from epool_viz.app.commands.inputs import background_remark, open_argument, read_background, read_motif_file, read_set
from epool_viz.app.commands.outputs import require_places, table_to
from epool_viz.core.alphabet import DNA
from epool_viz.core.strands import is_own_complement
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.data.kernel_sources import (
    AS_SCORES,
    Kernel,
    jaspar_kernel,
    matrix_kernel,
    motif_kernel,
    text_kernel,
)
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.networks.motif_kernels import is_motif_file
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError, EpoolError

SUMMARY = ["sequence", "motif", "expectation", "maximum", "average", "log_sum_exp", "effective_windows"]
SUMMARY += ["site_probability", "start", "stop", "strand", "score", "posterior"]
WINDOWS = ["sequence", "motif", "start", "stop", "strand", "word", "whole", "score", "posterior"]


def read_scanners(
    motif: str | None, jaspar: str | None, background: str, of: SequenceSet, both_strands: bool = False
) -> tuple[list[Kernel], Any, str]:
    """The kernels to scan with, just as the dashboard makes them: every motif of a file, or one of JASPAR.

    Returns
    -------
    kernels; the background; and a sentence about the file's own background, or "".
    """
    if jaspar is not None:
        q = read_background(background, DNA, of=of)
        return [jaspar_kernel(jaspar, q, both_strands)], q, ""
    file = open_argument(str(motif), "MOTIF", "a MEME, JASPAR or matrix file, or --jaspar NAME")
    is_scores = file.raw.startswith(AS_SCORES.encode())
    if not is_scores and is_motif_file(file.raw):
        motifs = read_motif_file(file, "MOTIF", alphabet="DNA")
        q = read_background(background, DNA, of=of, motif=motifs[0].background)
        return [motif_kernel(each, q, both_strands) for each in motifs], q, background_remark(motifs, q)
    q = read_background(background, DNA, of=of)
    if is_scores:
        return [text_kernel(file.raw.decode("utf-8", "replace"), file.stem, 0, q, both_strands)], q, ""
    parsed = parse_matrix(file.raw, source=file.name, alphabet="DNA")
    return [matrix_kernel(parsed, file.stem, q, both_strands)], q, ""


def scan_to_table(
    sequences: str,
    *,
    motif: str | None = None,
    jaspar: str | None = None,
    background: str = "uniform",
    windows: bool = False,
    out: Path | None = None,
    force: bool = False,
    show_progress: bool | None = None,
    sink: Callable[[str], None],
    **options: Any,
) -> None:
    """Scan and write tab-separated rows: one a sequence and motif, or one a window.

    Parameters
    ----------
    sequences : str
        A file that `read_sequences` reads, or `example:NAME`.
    motif, jaspar : str or None
        One of the two; a motif is a file that `read_motifs` reads, a matrix, or "-".
    background : str
        As for `read_background`.
    windows : bool
        A row a window in place of a row a sequence.
    out : path or None
        None is standard output.
    force : bool
        As for `require_places`.
    show_progress : bool or None
        None shows it where standard error is a terminal.
    sink : callable
        Gets how motifs became kernels, what was taken for granted, and which sequences were left empty.
    **options
        Of `e_step_trace`; a `strand_reading` of None is what the dashboard takes.

    Raises
    ------
    EpoolError
        For anything that cannot be read, an option that cannot be used, or when no sequence holds a whole window.
    """
    require_places([("SEQUENCES", sequences), ("MOTIF", motif)], [("--out", out)], force=force)
    chosen = read_set(sequences, "DNA")
    scanners, q, remark = read_scanners(motif, jaspar, background, chosen, options.get("both_strands", False))
    options["background"] = q
    for scanner in scanners:  # so that a wrong option raises once, and not for every sequence
        e_step_trace("A" * scanner.matrix.shape[-1], scanner.matrix, **_read_as(scanner, options))
    rows = _window_rows if windows else _summary_rows
    failures: list[str] = []
    with table_to(out) as stream, _progress(len(chosen) * len(scanners), show_progress) as advance:
        print(*(WINDOWS if windows else SUMMARY), sep="\t", file=stream)
        for i, scanner in ((i, scanner) for i in range(len(chosen)) for scanner in scanners):
            trace = _trace(chosen, i, scanner, options, failures)
            for row in rows(" ".join(chosen.names[i].split()), scanner.label, trace):
                print(*map(_cell, row), sep="\t", file=stream)
            advance()
        _require_a_window(chosen, scanners, failures)
    if remark:
        sink(remark)
    for reading in _readings(scanners, q, options.get("both_strands", False)):
        sink(reading)
    _report(chosen, scanners, failures, sink)
    if options.get("both_strands") and not is_own_complement(q):
        for reading in sorted({_read_as(scanner, options)["strand_reading"] for scanner in scanners}):
            sink(_ON_BOTH_STRANDS[reading])


_ON_BOTH_STRANDS = {
    "motif": "Both strands read a motif, against the one background.",
    "network": "Both strands read one kernel, as a network scans, each with a prior in proportion to e^(m × offset).",
}


_MOST_READINGS = 3
_FROM_EITHER = "The imaginary site is drawn from the background's mean over both strands."


def _readings(scanners: list[Kernel], background: Any, both_strands: bool) -> list[str]:
    """How the motifs became kernels: each way once, and of many ways the first."""
    ways = list(dict.fromkeys(scanner.reading for scanner in scanners if scanner.is_motif))
    said = ways[:_MOST_READINGS]
    if len(ways) > len(said):
        said.append(f"The other motifs likewise, with {how_many(len(ways) - len(said), 'other number')} of sites.")
    if both_strands and not is_own_complement(background) and any("imaginary" in way for way in ways):
        said.append(_FROM_EITHER)
    return said


def _read_as(scanner: Kernel, options: dict[str, Any]) -> dict[str, Any]:
    """The options with what the kernel is on both strands."""
    reading = options.get("strand_reading") or ("network" if scanner.is_of_network else "motif")
    return options | {"strand_reading": reading}


def _trace(
    chosen: SequenceSet, i: int, scanner: Kernel, options: dict[str, Any], failures: list[str]
) -> EStepTrace | None:
    try:
        return e_step_trace(chosen.codes(i), scanner.matrix, **_read_as(scanner, options))
    except EpoolError as error:
        failures.append(f"{chosen.names[i]!r}: {error}")
        return None


def _summary_rows(name: str, motif: str, trace: EStepTrace | None) -> Iterator[tuple[Any, ...]]:
    """One row; empty where the sequence has no whole window."""
    if trace is None:
        yield (name, motif, *[""] * (len(SUMMARY) - 2))
        return
    pooled = (trace.pooled, trace.maximum, trace.average, trace.log_sum_exp)
    best = int(trace.posterior.argmax())
    place = _place(trace, best)
    certainty = (trace.effective_windows, trace.site_probability)
    yield (name, motif, *pooled, *certainty, *place, trace.scores[best], trace.posterior[best])


def _window_rows(name: str, motif: str, trace: EStepTrace | None) -> Iterator[tuple[Any, ...]]:
    """A row a window, in the order of the trace."""
    if trace is None:
        return
    for i in range(len(trace.starts)):
        start, stop, strand = _place(trace, i)
        word = "".join(trace.sequence[j - 1] if 0 < j <= len(trace.sequence) else "." for j in range(start, stop + 1))
        yield (name, motif, start, stop, strand, word, int(trace.whole[i]), trace.scores[i], trace.posterior[i])


def _place(trace: EStepTrace, window: int) -> tuple[int, int, str]:
    """First and last letter, counted from 1, and the strand."""
    start = trace.starts[window]
    return start + 1, start + trace.width, trace.strands[window]


def _cell(value: Any) -> str:
    if value is None:  # log-sum-exp at m = 0
        return "inf"
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else f"{float(value):.10g}"


@contextlib.contextmanager
def _progress(total: int, wanted: bool | None) -> Iterator[Any]:
    """A bar on standard error that is gone when all is done."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, force_terminal=wanted), transient=True) as progress:
        task = progress.add_task("scanning", total=total)
        yield lambda: progress.advance(task)


def _require_a_window(chosen: SequenceSet, scanners: list[Kernel], failures: list[str]) -> None:
    if failures and len(failures) == len(chosen) * len(scanners):
        found = f"without a whole window ({failures[0]})"
        raise ArgumentError("SEQUENCES", found, "one sequence at least that has one")


def _report(chosen: SequenceSet, scanners: list[Kernel], failures: list[str], sink: Callable[[str], None]) -> None:
    for remark in dict.fromkeys((*chosen.assumptions, *(line for each in scanners for line in each.assumptions))):
        sink(remark)
    if failures:
        others = ", ".join(failure.partition(": ")[0] for failure in failures[1:20]) + (
            ", ..." if failures[20:] else ""
        )
        sink(f"{len(failures)} left empty; the first is {failures[0]}" + (f"; the others: {others}" if others else ""))
