"""`epool-viz train` and `epool-viz race`: networks out of files of sequences, and how good they are."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from epool_viz._writing import are, how_many, shown, write_file
from epool_viz.app.commands.bounds import require_memory
from epool_viz.app.commands.inputs import EXAMPLE, read_set
from epool_viz.app.commands.outputs import STANDARD, require_folder, require_places
from epool_viz.app.commands.progress import EpochProgress, StopOnSignal
from epool_viz.data.locking import locked
from epool_viz.data.results.settings import RaceSettings
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import add_shuffled_negatives, split_sequences
from epool_viz.errors import ArgumentError, EpoolError

if TYPE_CHECKING:
    from epool_viz.models.training import Run

CHIPSEQ = "chipseq:"
COLUMNS = ("method", "seed", "test_auc", "test_auprc", "epochs", "seconds")
HISTORY = ("method", "seed", "epoch", "loss", "auc", "val_loss", "val_auc", "val_auprc", "seconds", "m", "is_best")
_UNFINISHED = ".unfinished"
_MOST_SEEDS = 10_000
_BYTES_A_WEIGHT = 24  # itself, its best value, its gradient, two moments and what a step leaves
_BYTES_A_SCORE = 8


class Parts(NamedTuple):
    """The training set and the test set."""

    train: SequenceSet
    test: SequenceSet | None


def read_parts(data: str, test: str | None, hold_out: float, seed: int, sink: Callable[[str], None]) -> Parts:
    """Read data to train on and to test on.

    Parameters
    ----------
    data : str
        A file, `example:NAME`, or `chipseq:NAME`, which has a test part of its own. A set without labels counts as
        bound; it gets its letters shuffled as negatives, training and test part apart.
    test : str or None
        Another such set; of `chipseq:` its test part.
    hold_out : float from 0 to 1
        Without any test part: the share of `data` that is set aside as one. 0 is none.
    seed : int
        Of the share set aside, and of the shuffling.
    sink : callable
        Gets what was done, a sentence each.
    """
    if not 0 <= hold_out < 1:
        raise ArgumentError("--hold-out", f"{hold_out:g}", "a share, from 0 to below 1")
    train, aside = _read(data, "DATA")
    if test is not None:
        other, its_test = _read(test, "--test")
        aside = its_test or other
    elif aside is None and hold_out:
        train, aside = split_sequences(train, hold_out, seed=seed)
        total = how_many(len(train) + len(aside), "sequence")
        sink(f"{len(aside):,} of {total} {are(len(aside))} set aside to test on")
    for remark in dict.fromkeys((*train.assumptions, *(() if aside is None else aside.assumptions))):
        sink(remark)
    parts = Parts(_labelled(train, seed, sink), None if aside is None else _labelled(aside, seed + 1, sink))
    for part, name in zip(parts, ("train", "test"), strict=True):
        if part is not None:
            bound = 0 if part.labels is None else int(np.count_nonzero(part.labels == 1))
            sink(f"to {name} on: {how_many(len(part), 'sequence')}, {bound:,} of label 1, from {part.source}")
    return parts


def train_to_file(
    data: str,
    settings: RaceSettings,
    *,
    test: str | None,
    out: Path,
    hold_out: float,
    resume: bool,
    force: bool = False,
    sink: Callable[[str], None],
    stream: Callable[[str], None],
    bars: bool | None = None,
) -> int:
    """Train one network and save it.

    Parameters
    ----------
    data, test, hold_out : as for `read_parts`
    out : path
        The model. The checkpoint of a stopped training lies beside it, until the training has ended.
    settings : RaceSettings
        Of one method, a dict, and one seed.
    resume : bool
        Resume an unfinished training, if there is one.
    force : bool
        Replace a model that is there, as in `require_places`; resuming replaces it without `force`.
    sink : callable
        Gets progress and remarks.
    stream : callable
        Gets the rows of the result.
    bars : bool or None
        None shows bars where standard error is a terminal.

    Returns
    -------
    int, the exit code: 0, or that of the signal which stopped it.
    """
    import epool_viz.models  # noqa: F401 - raises at once where an extra is missing

    unfinished = Path(f"{out}{_UNFINISHED}")
    if os.fspath(out) == STANDARD:
        raise ArgumentError("--out", "'-', standard output", "the path of a file: a model goes with its checkpoint")
    reads, writes = _files(data, test), [("--out", out), ("--out", unfinished)]
    require_places(reads, writes, force=True)
    if out.exists() and not out.is_file():
        raise ArgumentError("--out", f"{shown(out)!r}, which is no file", "the path of a file")
    with locked(out, name="--out"):
        is_begun = _require_begun(unfinished, resume)
        require_places(reads, writes, force=force or is_begun)
        parts = read_parts(data, test, hold_out, settings.seeds[0], sink)
        _require_room(parts, settings)
        return _train(parts, settings, out, unfinished, sink, stream, bars)


def _train(
    parts: Parts,
    settings: RaceSettings,
    out: Path,
    unfinished: Path,
    sink: Callable[[str], None],
    stream: Callable[[str], None],
    bars: bool | None,
) -> int:
    from epool_viz.models.checkpoint import save_model
    from epool_viz.models.cnn import MotifCNN
    from epool_viz.models.training import Run, judge, train

    (method,), (seed,) = settings.methods, settings.seeds
    pooling = method["method"]
    network = MotifCNN(pooling=method, alphabet=parts.train.alphabet, seed=seed, **settings.network)
    with StopOnSignal(sink) as stop, EpochProgress(settings.epochs, sink, bars=bars) as progress:
        result = train(
            network,
            parts.train,
            seed=seed,
            checkpoint=unfinished,
            cancel=stop,
            on_epoch=lambda record: progress.tell(pooling, record),
            **settings.training,
        )
    for note in result.notes:
        sink(note)
    if not result.best_epoch:
        return _nothing_learnt(stop)
    run = Run(pooling, seed, network, result.history, result.stopped, result.best_epoch, result=result)
    if parts.test is not None:
        judge(run, parts.test)
    save_model(network, out, result=result)
    stream("\t".join(COLUMNS))
    stream(_row(run))
    sink(f"{out}: the weights of epoch {result.best_epoch}, the best of {len(result.history)} ({result.stopped})")
    return _end(stop, unfinished, sink)


def race_to_folder(
    data: str,
    settings: RaceSettings,
    *,
    test: str | None,
    out: Path | None,
    hold_out: float,
    resume: bool,
    force: bool = False,
    sink: Callable[[str], None],
    stream: Callable[[str], None],
    bars: bool | None = None,
) -> int:
    """Train several poolings on the same batches, and print how good they are.

    Parameters
    ----------
    data, test, hold_out : as for `read_parts`
        The share set aside is that of the first seed.
    out : path or None
        A folder: the table, the history, and each model. It is made.
    settings : RaceSettings
    resume, force, sink, stream, bars : as for `train_to_file`

    Returns
    -------
    int, the exit code: 0, or that of the signal which stopped it.
    """
    import epool_viz.models  # noqa: F401 - raises at once where an extra is missing

    if out is None:
        if resume:
            raise ArgumentError("--resume", "given without --out", "a folder, --out, in which the race was begun")
        require_places(_files(data, test), [])
        return _race(data, settings, test, None, None, hold_out, sink, stream, bars)
    unfinished = out / _UNFINISHED.removeprefix(".")
    require_folder(out)
    with locked(out, name="--out"):
        is_begun = _require_begun(unfinished, resume)
        models = (_model_file(label, seed) for seed in settings.seeds for label in settings.labels)
        files = dict.fromkeys(("race.tsv", "history.tsv", *models))
        writes = [("--out", out / file) for file in files] if out.is_dir() else []
        require_places(_files(data, test), writes, force=force or is_begun)
        return _race(data, settings, test, out, unfinished, hold_out, sink, stream, bars)


def _race(
    data: str,
    settings: RaceSettings,
    test: str | None,
    out: Path | None,
    unfinished: Path | None,
    hold_out: float,
    sink: Callable[[str], None],
    stream: Callable[[str], None],
    bars: bool | None,
) -> int:
    parts = read_parts(data, test, hold_out, settings.seeds[0], sink)
    _require_room(parts, settings)
    from epool_viz.models.training import run_race

    with StopOnSignal(sink) as stop, EpochProgress(settings.epochs, sink, bars=bars) as progress:
        result = run_race(
            parts.train,
            settings,
            test=parts.test,
            cancel=stop,
            checkpoint=unfinished,
            on_epoch=lambda run, record: progress.tell(f"{run.method} seed {run.seed}", record),
        )
    for note in dict.fromkeys(note for run in result.runs if run.result for note in run.result.notes):
        sink(note)
    learnt = [run for run in result.runs if run.best_epoch]
    if not learnt:
        return _nothing_learnt(stop)
    table = ["\t".join(COLUMNS), *map(_row, learnt)]
    if out is not None:
        _save_race(out, learnt, table)
    for row in table:
        stream(row)
    if out is not None:
        sink(f"{out}: {how_many(len(learnt), 'model')}, their history and this table")
    return _end(stop, unfinished, sink)


def read_seeds(text: str) -> list[int]:
    """Seeds between commas, and ranges such as "0-4", both ends included."""
    seeds: list[int] = []
    for word in text.split(","):
        ends = word.strip().split("-")
        if len(ends) > 2 or not all(end.isdecimal() and len(end) < 30 for end in ends) or int(ends[-1]) < int(ends[0]):
            raise ArgumentError("--seeds", repr(text), "whole numbers between commas, or ranges such as 0-4")
        if len(seeds) + int(ends[-1]) - int(ends[0]) >= _MOST_SEEDS or int(ends[-1]) >= 2**63:
            raise ArgumentError("--seeds", repr(text), f"at most {_MOST_SEEDS:,} seeds, each below 2^63")
        seeds += range(int(ends[0]), int(ends[-1]) + 1)
    if len(set(seeds)) < len(seeds):
        raise ArgumentError("--seeds", repr(text), "each seed once")
    return seeds


def _read(text: str, argument: str) -> tuple[SequenceSet, SequenceSet | None]:
    """A set, and the test part that comes with it."""
    if text.startswith(CHIPSEQ):
        from epool_viz.data.sequences.chipseq import fetch_chipseq

        return fetch_chipseq(text.removeprefix(CHIPSEQ))
    return read_set(text, argument=argument), None


def _files(data: str, test: str | None) -> list[tuple[str, str]]:
    """What is read from files, by the argument that names it."""
    given = (("DATA", data), ("--test", test))
    return [(name, text) for name, text in given if text is not None and not text.startswith((EXAMPLE, CHIPSEQ))]


def _labelled(sequences: SequenceSet, seed: int, sink: Callable[[str], None]) -> SequenceSet:
    if sequences.labels is not None:
        return sequences
    made = add_shuffled_negatives(sequences, seed=seed)
    count = f"{how_many(len(sequences), 'sequence')} {'counts' if len(sequences) == 1 else 'count'} as bound"
    sink(f"{sequences.source} has no labels: its {count}. {made.assumptions[-1]}")
    return made


def _require_begun(unfinished: Path, resume: bool) -> bool:
    """Whether there is a checkpoint to resume; an error where the command would replace it."""
    is_begun = os.path.lexists(unfinished)
    if is_begun and not resume:
        found = f"beside {shown(unfinished)!r}, an unfinished training"
        raise ArgumentError("--out", found, "--resume to continue it, another path, or that file removed")
    return is_begun


def _require_room(parts: Parts, settings: RaceSettings) -> None:
    """Before anything is allocated: the networks fit into the memory of this machine."""
    n_letters = len(parts.train.alphabet)
    longest = int(parts.train.lengths.max()) if len(parts.train) else 0
    n_networks, n_kernels, width = len(settings.methods), settings.n_kernels, settings.width
    batch = min(settings.batch_size or 128, len(parts.train))
    weights = n_networks * n_kernels * n_letters * width * _BYTES_A_WEIGHT
    scores = n_networks * batch * n_kernels * (longest + width) * _BYTES_A_SCORE
    found = f"{n_kernels:,} with --width {width:,}"
    require_memory("--kernels", found, weights + scores, "fewer, or narrower ones")


def _model_file(method: str, seed: int) -> str:
    return f"{method}-seed{seed}.safetensors"


def _nothing_learnt(stop: StopOnSignal) -> int:
    if stop.is_set():
        stop.sink("nothing is saved: not one epoch was finished")
        return stop.exit_code
    raise EpoolError("nothing was learnt: the loss was no number in the first epoch; try a smaller --learning-rate")


def _end(stop: StopOnSignal, unfinished: Path | None, sink: Callable[[str], None]) -> int:
    if stop.is_set():
        if unfinished is not None:
            sink("the same command with --resume continues from here")
    elif unfinished is not None:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        else:
            unfinished.unlink(missing_ok=True)
    return stop.exit_code


def _row(run: Run) -> str:
    scores = ("" if score is None else f"{score:.6f}" for score in (run.test_auc, run.test_auprc))
    seconds = math.fsum(record.seconds for record in run.history)
    return "\t".join((run.method, str(run.seed), *scores, str(len(run.history)), f"{seconds:.3g}"))


def _save_race(out: Path, runs: Sequence[Run], table: list[str]) -> None:
    from epool_viz.models.checkpoint import save_model

    try:
        out.mkdir(exist_ok=True)
    except OSError as error:
        raise ArgumentError("--out", f"{shown(out)!r} ({error.strerror})", "the path of a folder") from None
    write_file(out / "race.tsv", "\n".join(table) + "\n", name="--out")
    lines = ["\t".join(HISTORY)]
    for run in runs:
        save_model(run.model, out / _model_file(run.method, run.seed), result=run)  # type: ignore[arg-type]
        for record in run.history:
            told = {"method": run.method, "seed": run.seed, **dataclasses.asdict(record)}
            lines.append("\t".join(_cell(told[column]) for column in HISTORY))
    write_file(out / "history.tsv", "\n".join(lines) + "\n", name="--out")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(int(value) if isinstance(value, bool) else value)
