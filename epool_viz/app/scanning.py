"""`epool-viz scan`: sequences × motifs, as a table."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from epool_viz.app.inputs import read_background, read_set
from epool_viz.core.alphabet import DNA
from epool_viz.core.trace import EStepTrace, e_step_trace
from epool_viz.data.sequences import SequenceSet
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.e_step.kernels import Kernel, jaspar_kernel, motif_names, text_kernel

SUMMARY = ["sequence", "motif", "expectation", "maximum", "average", "log_sum_exp", "effective_windows"]
SUMMARY += ["site_probability", "start", "stop", "strand", "score", "posterior"]
WINDOWS = ["sequence", "motif", "start", "stop", "strand", "word", "whole", "score", "posterior"]


def read_scanners(motif: Path | None, jaspar: str | None, background: Any, both_strands: bool = False) -> list[Kernel]:
    """The kernels to scan with, just as the dashboard makes them: every motif of a file, or one of JASPAR."""
    if jaspar is not None:
        return [jaspar_kernel(jaspar, background, both_strands)]
    if motif is None or not motif.is_file():
        accepted = "a MEME, JASPAR or matrix file, or --jaspar NAME"
        raise ArgumentError("MOTIF", f"{str(motif)!r}, which is no file", accepted)
    text = motif.read_text(encoding="utf-8", errors="replace")
    places = range(len(motif_names(text, motif.stem)))
    return [text_kernel(text, motif.stem, i, background, both_strands) for i in places]


def scan_to_table(
    sequences: str,
    *,
    motif: Path | None = None,
    jaspar: str | None = None,
    background: str = "uniform",
    windows: bool = False,
    out: Path | None = None,
    show_progress: bool | None = None,
    sink: Callable[[str], None],
    **options: Any,
) -> None:
    """Scan and write tab-separated rows: one a sequence and motif, or one a window.

    Parameters
    ----------
    sequences : str
        A file that `read_sequences` reads, or `example:NAME`.
    motif, jaspar : path or None, str or None
        One of the two.
    background : str
        As for `read_background`.
    windows : bool
        A row a window in place of a row a sequence.
    out : path or None
        None is standard output.
    show_progress : bool or None
        None shows it where standard error is a terminal.
    sink : callable
        Gets what was taken for granted, and which sequences were left empty.
    **options
        Of `e_step_trace`.

    Raises
    ------
    EpoolError
        For anything that cannot be read, an option that cannot be used, or when no sequence holds a whole window.
    """
    chosen = read_set(sequences, "DNA")
    q = read_background(background, DNA, of=chosen)
    scanners = read_scanners(motif, jaspar, q, options.get("both_strands", False))
    options["background"] = q
    for scanner in scanners:  # so that a wrong option is said once, and not for every sequence
        e_step_trace("A" * scanner.matrix.shape[-1], scanner.matrix, **options)
    rows = _window_rows if windows else _summary_rows
    failures: list[str] = []
    with _opened(out) as stream, _progress(len(chosen) * len(scanners), show_progress) as advance:
        print(*(WINDOWS if windows else SUMMARY), sep="\t", file=stream)
        for i, scanner in ((i, scanner) for i in range(len(chosen)) for scanner in scanners):
            trace = _trace(chosen, i, scanner, options, failures)
            for row in rows(" ".join(chosen.names[i].split()), scanner.label, trace):
                print(*map(_cell, row), sep="\t", file=stream)
            advance()
    _report(chosen, scanners, failures, sink)


def _trace(
    chosen: SequenceSet, i: int, scanner: Kernel, options: dict[str, Any], failures: list[str]
) -> EStepTrace | None:
    try:
        return e_step_trace(chosen.codes(i), scanner.matrix, **options)
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
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough; Python must not try to flush again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    with out.open("w", encoding="utf-8", newline="\n") as stream:
        yield stream


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


def _report(chosen: SequenceSet, scanners: list[Kernel], failures: list[str], sink: Callable[[str], None]) -> None:
    if failures and len(failures) == len(chosen) * len(scanners):
        found = f"without a whole window ({failures[0]})"
        raise ArgumentError("SEQUENCES", found, "one sequence at least that has one")
    for remark in dict.fromkeys((*chosen.assumptions, *(line for each in scanners for line in each.assumptions))):
        sink(remark)
    if failures:
        sink(f"{len(failures)} left empty; the first is {failures[0]}")
