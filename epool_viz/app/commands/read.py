"""`epool-viz read`: what each kernel of a network means on a set of sequences, as a table, motifs and a report."""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz import __version__
from epool_viz._writing import how_many, shown, write_file
from epool_viz.analysis.kernel_readings import (
    MOST_SEQUENCES,
    READINGS,
    TEST_SHARE,
    KernelReading,
    Samples,
    example_samples,
    require_few,
    samples_of,
    samples_of_set,
)
from epool_viz.analysis.network_readings import COLUMNS, NetworkReading, read_network
from epool_viz.app.commands.inputs import EXAMPLE, called, open_argument, read_background, read_set
from epool_viz.app.commands.outputs import require_folder, require_places, standard_output
from epool_viz.data.examples import example_kernels, load_example_model
from epool_viz.data.motifs.writing import write_meme
from epool_viz.data.networks.files import ModelFile
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.errors import ArgumentError
from epool_viz.importing import import_file

TABLE, REPORT = "kernels.tsv", "report.json"
# heading on a terminal -> column
_SHOWN = {
    "kernel": "kernel",
    "consensus": "consensus",
    "weight": "output_weight",
    "decides": "decides",
    "bits\nexact": "bits_exact",
    "bits\nheur.": "bits_heuristic",
    "bits\npost.": "bits_posterior",
    "nats\nexact": "nats_a_site_exact",
    "nats\nheur.": "nats_a_site_heuristic",
    "nats\npost.": "nats_a_site_posterior",
    "known motif": "known_motif",
    "E": "known_e_value",
}


def read_to_folder(
    model: str,
    sequences: str | None = None,
    *,
    test: str | None = None,
    hold_out: float = TEST_SHARE,
    most: int = MOST_SEQUENCES,
    out: Path | None = None,
    kernel: str | None = None,
    m: float | None = None,
    background: str = "uniform",
    rule: str = "deepbind",
    threshold: float | None = None,
    known: bool | None = None,
    layer: str | None = None,
    axes: str | None = None,
    letters: str | None = None,
    flip: bool | None = None,
    force: bool = False,
    show_progress: bool | None = None,
    sink: Callable[[str], None],
) -> None:
    """Read the kernels of a network on sequences; print a table, and write it with motifs and a report.

    Parameters
    ----------
    model : str
        Whatever `import_kernels` reads, "-", or `example:NAME`, a model that ships.
    sequences : str or None
        As for `read_set`. None is what a model that ships was trained and tested with.
    test : str or None
        Another such set to judge by.
    hold_out : float from 0 to 1, without either
        The share of `sequences` that is set aside to judge by.
    most : int
        Bound sequences of either part that take part, the first ones.
    out : path or None
        A folder, which is made: `TABLE`, a MEME file for each reading, and `REPORT`.
    kernel : str or None
        Which kernels, from 1: numbers and ranges between commas. None reads all.
    m, rule, threshold, known : as for `read_network`
    background : str
        As for `read_background`.
    layer, axes, letters, flip : as for `import_kernels`
    force : bool
        As for `require_places`.
    show_progress : bool or None
        None shows it where standard error is a terminal.
    sink : callable
        Gets what was taken for granted, a sentence each.

    Raises
    ------
    EpoolError
        For anything that cannot be read, or an option that cannot be used.
    """
    if not 0 < hold_out < 1:
        raise ArgumentError("--hold-out", f"{hold_out:g}", "a share, between 0 and 1")
    reads = [("MODEL", _file(model)), ("SEQUENCES", _file(sequences)), ("--test", _file(test))]
    if out is None:
        require_places(reads, [])
    else:
        require_folder(out)
        files = (TABLE, *(f"{name}.meme" for name in READINGS), REPORT)
        require_places(reads, [("--out", out / file) for file in files] if out.is_dir() else [], force=force)
    network = _network(model, ImportOptions(layer, axes, letters, flip, None))
    places = _places(kernel, len(network))
    samples, remarks = _samples(sequences, test, hold_out, most, network)
    q = read_background(background, network.alphabet, of=samples.making)
    for remark in dict.fromkeys((*network.notes, *network.checks, *remarks)):
        sink(remark)
    options: dict[str, Any] = {"m": m, "background": q, "rule": rule, "threshold": threshold, "known": known}
    if known:
        sink("Comparing with JASPAR. The first time on a machine this takes a minute or two.")
    with _progress(show_progress) as on_kernel:
        found = read_network(network, samples, kernels=places, on_kernel=on_kernel, **options)
    sink(_base(found, m))
    largest = max(each.residual for each in found.readings)
    sink(f"Judged by {samples.judged_by}; a score and offset + exact log odds differ by at most {largest:.1e} there.")
    rows = found.rows()
    table = "\n".join("\t".join(row) for row in [[*COLUMNS], *([_cell(x) for x in row.values()] for row in rows)])
    if out is not None:
        written = _write(out, found, rows, f"{table}\n")
        sink(f"{shown(out)}: {', '.join(written[:-1])} and {written[-1]}")
    with standard_output() as stream:
        if stream.isatty():
            _print(found, rows, stream)
        else:
            stream.write(f"{table}\n")


def _file(text: str | None) -> str | None:
    return None if text is None or text.startswith(EXAMPLE) else text


def _network(model: str, reading: ImportOptions) -> ImportedKernels:
    if not model.startswith(EXAMPLE):
        file = open_argument(model, "MODEL", "a file of a network")
        with _of_file("MODEL", file.name):
            return require_few(import_file(ModelFile(file.raw, file.name, file.path), reading))
    if reading != ImportOptions():
        given = next(f"--{name}" for name in ("layer", "axes", "letters", "flip") if getattr(reading, name) is not None)
        raise ArgumentError(given, f"given for {model}", "nothing: it is read as it is")
    with called("MODEL"):
        return example_kernels(model.removeprefix(EXAMPLE))


def _places(text: str | None, n: int) -> list[int] | None:
    """Places from 0 of kernels that are counted from 1; None for all."""
    if text is None:
        return None
    places: set[int] = set()
    for word in text.split(","):
        ends = word.strip().split("-")
        if len(ends) > 2 or not all(end.isdecimal() and 1 <= len(end) < 30 for end in ends):
            raise ArgumentError("--kernel", repr(text), "numbers between commas, or ranges such as 1-4")
        first, last = int(ends[0]), int(ends[-1])
        if not 1 <= first <= last <= n:
            raise ArgumentError("--kernel", repr(text), f"kernels from 1 to {n}")
        places |= set(range(first - 1, last))
    return sorted(places)


def _samples(
    sequences: str | None, test: str | None, hold_out: float, most: int, network: ImportedKernels
) -> tuple[Samples, tuple[str, ...]]:
    """Sequences to make motifs of and others to judge them by, and what was taken for granted of them."""
    if sequences is None:
        if not network.example:
            raise ArgumentError(
                "SEQUENCES", "left out", f"sequences; only a model that ships, {EXAMPLE}NAME, has its own"
            )
        if test is not None:
            raise ArgumentError("--test", "given without SEQUENCES", "both, or neither")
        return example_samples(load_example_model(network.example).info.data), ()
    alphabet = network.alphabet.name
    found = read_set(sequences, alphabet)
    other = None if test is None else read_set(test, alphabet, "--test")
    with _of_file("SEQUENCES", found.source):
        if other is None:
            samples = samples_of_set(found, found.source, held_out=hold_out, most=most)
        else:
            samples = samples_of(found, other, title=found.source, most=most)
        samples.windows("making", network.width)
    judge = ("SEQUENCES", found) if other is None else ("--test", other)
    with _of_file(judge[0], judge[1].source):
        samples.windows("judging", network.width)
    return samples, tuple(remark for part in (found, other) if part is not None for remark in part.assumptions)


@contextlib.contextmanager
def _of_file(argument: str, source: str) -> Iterator[None]:
    """Errors about a file name the argument that it was given as."""
    try:
        yield
    except ArgumentError as error:
        if error.name not in ("sequences", f"the file {source}"):
            raise
        raise ArgumentError(argument, f"{source}, {error.found}", error.accepted) from None


def _base(found: NetworkReading, given: float | None) -> str:
    if given is not None:
        why = "as given"
    elif found.kernels.m is not None:
        why = "the pooling's"
    else:
        why = "1, as there is no likeliest one" if found.likeliest_m is None else "the likeliest"
    likeliest = "none" if found.likeliest_m is None else f"{found.likeliest_m:.6g}"
    kernels = f"{how_many(len(found.readings), 'kernel')} of {how_many(found.kernels.width, 'letter')}"
    return f"{found.kernels.title}: {kernels}, read to the base e^m, m = {found.m:.6g} ({why}; likeliest: {likeliest})"


def _write(out: Path, found: NetworkReading, rows: list[dict[str, Any]], table: str) -> list[str]:
    """Write the files and return their names; a reading without a motif has none, and what was there of it goes."""
    motifs = {f"{reading}.meme": found.motifs(reading) for reading in READINGS}
    report = json.dumps(_plain(report_of(found, rows)), indent=1, allow_nan=False)
    texts = {TABLE: table}
    texts |= {name: write_meme(each, background=found.background) for name, each in motifs.items() if each}
    texts[REPORT] = f"{report}\n"
    try:
        out.mkdir(exist_ok=True)
        for name in motifs.keys() - texts.keys():
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise ArgumentError("--out", f"{shown(out)!r} ({error.strerror})", "the path of a folder") from None
    for name, text in texts.items():
        write_file(out / name, text, name="--out")
    return list(texts)


def report_of(found: NetworkReading, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All that is known, as plain values but for arrays.

    Parameters
    ----------
    found : NetworkReading
    rows : list of dict
        As `found.rows()` gives them.

    Returns
    -------
    dict
        `model`, `sequences` and `settings`; `columns`, what each number of a row is; `kernels`, a row each with its
        matrices (letter, position) and known motifs by reading.
    """
    kernels, samples, computed = found.kernels, found.samples, found.kernels.computed
    return {
        "epool_viz": __version__,
        "model": {
            "title": kernels.title,
            "n_kernels": len(kernels),
            "width": kernels.width,
            "alphabet": kernels.alphabet.letters,
            "pooling": computed.pooling or None,
            "m": kernels.m,
            "activation": computed.activation,
            "padding": computed.padding,
            "local_window": computed.local_window,
            "notes": [*kernels.notes, *kernels.checks],
        },
        "sequences": {
            "title": samples.title,
            "making": len(samples.making),
            "judging": len(samples.judging),
            "tested": len(samples.tested),
            "judged_by": samples.judged_by,
        },
        "settings": {
            "m": found.m,
            "likeliest_m": found.likeliest_m,
            "background": found.background,
            "rule": found.rule,
            "threshold": found.threshold,
        },
        "columns": COLUMNS,
        "kernels": [row | _matrices(found, each) for row, each in zip(rows, found.readings, strict=True)],
    }


def _matrices(found: NetworkReading, each: KernelReading) -> dict[str, Any]:
    matches = found.matches[each.kernel]
    return {
        "pwm": each.pwm,
        "pfm": each.pfm,
        "ppm": {name: ppm for name, (ppm, _) in each.motifs.items()},
        "divergence": each.divergence,
        "matches": {name: None if of is None else [match._asdict() for match in of] for name, of in matches.items()},
    }


def _plain(value: Any) -> Any:
    """Values as JSON has them; what is no number becomes null."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.10g}" if isinstance(value, float) else " ".join(str(value).split())


def _print(found: NetworkReading, rows: list[dict[str, Any]], stream: Any) -> None:
    """The table for the eye: the main columns, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(found.kernels.title), box=None, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    columns = {head: column for head, column in _SHOWN.items() if any(row[column] is not None for row in rows)}
    for head in columns:
        is_text = head in ("consensus", "known motif")
        table.add_column(head, justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_short(row[column])) for column in columns.values()))
    Console(file=stream).print(table)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) and not math.isnan(value) else _cell(value)


@contextlib.contextmanager
def _progress(wanted: bool | None) -> Iterator[Callable[[int, int], object] | None]:
    """A bar on standard error that is gone when all is done."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True, force_terminal=wanted), transient=True) as progress:
        task = progress.add_task("reading kernels", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
