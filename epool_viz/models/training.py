"""Training: one network, or a race of several poolings on the same batches.

Everything random in an epoch (the order of the sequences, dropout) follows from the seed and the epoch's number alone.
So the same seed gives the same weights, every method of a race sees the same batches, and a killed run
continues from its last whole epoch with the same numbers.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn

from epool_viz.core.types import Array
from epool_viz.data.locking import locked
from epool_viz.data.networks.stored import UNCHECKED
from epool_viz.data.results.settings import OF_THE_PRESET, RaceSettings, TrainingSettings
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import stratified_places
from epool_viz.errors import ArgumentError
from epool_viz.models.checkpoint import read_progress, write_progress
from epool_viz.models.cnn import PRESETS, MotifCNN, as_tensor, predict_log_odds
from epool_viz.models.engine import prefer_fused
from epool_viz.models.pooling import Pooling
from epool_viz.models.steps import ADAM_EPSILON, FusedSteps, TorchSteps, can_step
from epool_viz.models.steps import cross_entropy as _loss
from epool_viz.models.threads import few_threads

_IMBALANCE = 5  # from here on the result states that one class is rare


class Cancel(Protocol):
    """A request to stop a training: a `threading.Event`, for instance."""

    def is_set(self) -> bool:
        """Whether to stop before the next batch."""


@dataclass(frozen=True)
class EpochRecord:
    """The results of an epoch.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss, auc : float
        On the training part, as the epoch went along: each batch by the weights it met.
    val_loss, val_auc, val_auprc : float
        On the validation part, by the weights after the epoch.
    seconds : float
        Of training; the validation and the callbacks are not in it. Of networks that went side by side each has its
        share.
    m : float or None
        The pooling's `m` after the epoch, where it has one.
    is_best : bool
        Whether `val_loss` is lower than ever before.
    """

    epoch: int
    loss: float
    auc: float
    val_loss: float
    val_auc: float
    val_auprc: float
    seconds: float
    m: float | None
    is_best: bool


@dataclass(frozen=True)
class BatchRecord:
    """Where a training is: batch `batch` of `n_batches` (counted from 1) in epoch `epoch` had the loss `loss`."""

    epoch: int
    batch: int
    n_batches: int
    loss: float


@dataclass
class TrainingResult:
    """What `train` returns.

    Attributes
    ----------
    model : nn.Module
        The network that was handed over, with the weights of its best epoch.
    history : list of EpochRecord
    best_epoch : int
        0 where no epoch was finished: the weights are those it began with.
    stopped : str
        "patience", "epochs", "cancelled", or "diverged" (the loss was no number any more).
    settings : TrainingSettings
    fingerprint : str
        Of the data.
    n_train, n_validation : int
        Sequences in each part.
    notes : tuple of str
        Remarks, a sentence each.
    """

    model: nn.Module
    history: list[EpochRecord]
    best_epoch: int
    stopped: str
    settings: TrainingSettings
    fingerprint: str
    n_train: int
    n_validation: int
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The time spent on training, validation and callbacks apart."""
        return sum(record.seconds for record in self.history)


@dataclass
class Run:
    """One network of a race; what it learns is filled in as the race goes.

    Attributes
    ----------
    method : str
    seed : int
    model : nn.Module
        During the race with its present weights, afterwards with those of its best epoch.
    history : list of EpochRecord
    stopped : str
        As in `TrainingResult`; "" while it runs.
    best_epoch : int
    train_auc : float
        Of the final weights on the whole training set, validation part included; NaN before, and after a cancel.
    test_auc, test_auprc : float or None
        Of the final weights on `test`; None without a test set.
    test_log_odds : shape (N,), or None
        Its output for each test sequence: for ROC curves.
    result : TrainingResult or None
    """

    method: str
    seed: int
    model: nn.Module
    history: list[EpochRecord] = field(default_factory=list)
    stopped: str = ""
    best_epoch: int = 0
    train_auc: float = math.nan
    test_auc: float | None = None
    test_auprc: float | None = None
    test_log_odds: Array | None = None
    result: TrainingResult | None = None


@dataclass
class RaceResult:
    """What `race` returns.

    Attributes
    ----------
    runs : list of Run
        Seed by seed, in the order of the methods.
    test_labels : shape (N,), or None
    fingerprint : str
        Of the training data.
    """

    runs: list[Run]
    test_labels: Array | None
    fingerprint: str

    @property
    def cancelled(self) -> bool:
        """Whether a run was cancelled."""
        return any(run.stopped == "cancelled" for run in self.runs)

    def by_method(self) -> dict[str, list[Run]]:
        """The runs of each method."""
        methods = dict.fromkeys(run.method for run in self.runs)
        return {method: [run for run in self.runs if run.method == method] for method in methods}


def train(
    model: nn.Module,
    data: SequenceSet,
    *,
    epochs: int = 100,
    batch_size: int | None = None,
    validation_fraction: float = 0.1,
    patience: int | None = None,
    seed: int = 0,
    learning_rate: float | None = None,
    split: str = "stratified",
    class_weight: str | None = None,
    on_epoch: Callable[[EpochRecord], object] | None = None,
    on_batch: Callable[[BatchRecord], object] | None = None,
    cancel: Cancel | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
) -> TrainingResult:
    """Train a network to tell label 1 from label 0, and keep the weights of its best epoch.

    Parameters
    ----------
    model : MotifCNN, or any module that gives one number a sequence, (batch,) or (batch, 1)
        Trained in place. Another module than ours is fed one-hot floats (batch, letter, length).
    data : SequenceSet of one length, with labels 0 and 1
    epochs : int
        At most; `patience` ends most runs before. The published code has 20,000.
    batch_size, patience, learning_rate : numbers, or None for the preset's
        After `patience` epochs without a lower validation loss it ends. The optimizer is Adam.
    validation_fraction : float between 0 and 1
    split : "stratified" or "last"
        "stratified" draws the validation part by the seed, the same share of each label. "last" takes the end of the
        data, as Keras and the published code do: it depends on the order of a file, and may hold one label only.
    class_weight : None or "balanced"
        "balanced" counts the rarer label as much as the other in the loss.
    seed : int
        Of the split, the batches and dropout; the first weights are the model's own.
    on_epoch, on_batch : callables, or None
        Called with each record; an exception ends the training.
    cancel : object with `is_set()`, or None
        Checked before each batch; the unfinished epoch is dropped.
    checkpoint : path, or None
        A file that is written after every epoch, by one training at a time. If it is there, the training resumes from
        it, and ends with the same weights, bit for bit, as if it had never been interrupted (on one machine, on the
        CPU).
    device : "cpu", "cuda", a torch device, or None for where the network lies
        The network is moved there and stays there; the letter codes of all sequences are kept there as well.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ArgumentError
        If the labels are not 0 and 1, or one part would hold a single label, or the checkpoint is of another training
        or in use, or torch finds no such device.
    """
    settings = _settings(
        model,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        validation_fraction=validation_fraction,
        split=split,
        class_weight=class_weight,
        seed=seed,
    )
    with few_threads(), nullcontext() if checkpoint is None else locked(checkpoint):
        model = _moved(model, device)
        fit = _Fit(model, _Parts.of(model, data, settings), settings)
        if checkpoint is not None:
            fit.resume(Path(checkpoint))
        while not fit.stopped:
            (record,) = _run_epoch([fit], [on_batch], cancel)
            if checkpoint is not None and record is not None:
                fit.save(Path(checkpoint))
            if record is not None and on_epoch is not None:
                on_epoch(record)
        return fit.finish()


def race(
    train: SequenceSet,
    *,
    test: SequenceSet | None = None,
    methods: Sequence[str | dict[str, Any] | Pooling] = ("max", "average", "expectation"),
    preset: str = "paper",
    n_kernels: int = 16,
    width: int = 15,
    seeds: Iterable[int] = (0,),
    epochs: int = 100,
    batch_size: int | None = None,
    validation_fraction: float = 0.1,
    patience: int | None = None,
    learning_rate: float | None = None,
    split: str = "stratified",
    class_weight: str | None = None,
    engine: str = "auto",
    on_epoch: Callable[[Run, EpochRecord], object] | None = None,
    on_batch: Callable[[Run, BatchRecord], object] | None = None,
    cancel: Cancel | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
) -> RaceResult:
    """Train the same network with different poolings, on the same batches, from the same first weights.

    The methods of a seed go side by side, so that they can be watched: with the fused engine a batch is read once for
    all of them, their kernels in one table; with the other they take turns, an epoch each.

    Parameters
    ----------
    train : SequenceSet of one length, with labels 0 and 1
    test : SequenceSet of the same kind, or None
        What the final weights are judged by; nothing else uses it.
    methods : keys of `POOLINGS`, dicts of settings with "method", or Pooling layers
    preset, n_kernels, width, engine : as for `MotifCNN`
        The published ChIP-seq networks are 15 wide.
    seeds : ints
        Of the first weights, the split and the batches.
    epochs, batch_size, validation_fraction, patience, learning_rate, split, class_weight, cancel : as for `train`
    on_epoch, on_batch : callables (run, record), or None
    checkpoint : folder, or None
        One file a run, as for `train`.
    device : "cpu", "cuda", a torch device, or None for the CPU
        Where the networks are trained, and stay.

    Returns
    -------
    RaceResult
        After `cancel` with what was learnt until then; runs that had not begun are not in it.

    Raises
    ------
    ArgumentError
        As for `train`; or if two methods are the same, or a test set has a single label.
    """
    settings = RaceSettings(
        methods=tuple(methods) if not isinstance(methods, str) else methods,  # type: ignore[arg-type]
        preset=preset,
        n_kernels=n_kernels,
        width=width,
        seeds=tuple(seeds),
        epochs=epochs,
        batch_size=batch_size,
        validation_fraction=validation_fraction,
        patience=patience,
        learning_rate=learning_rate,
        split=split,
        class_weight=class_weight,
        engine=engine,
    )
    return run_race(
        train,
        settings,
        test=test,
        on_epoch=on_epoch,
        on_batch=on_batch,
        cancel=cancel,
        checkpoint=checkpoint,
        device=device,
    )


def run_race(
    train: SequenceSet,
    settings: RaceSettings,
    *,
    test: SequenceSet | None = None,
    on_epoch: Callable[[Run, EpochRecord], object] | None = None,
    on_batch: Callable[[Run, BatchRecord], object] | None = None,
    cancel: Cancel | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
) -> RaceResult:
    """`race`, by settings that are checked already.

    Parameters
    ----------
    settings : RaceSettings
    train, test, on_epoch, on_batch, cancel, checkpoint, device : as for `race`

    Returns
    -------
    RaceResult

    Raises
    ------
    ArgumentError
        As for `train`; or if a test set has a single label.
    """
    if test is not None:
        _require_labels(test, "test")
    runs: list[Run] = []
    with few_threads(), nullcontext() if checkpoint is None else _locked_folder(Path(checkpoint)):
        for seed in settings.seeds:
            pairs = []
            parts: _Parts | None = None
            for label, method in zip(settings.labels, settings.methods, strict=True):
                network = MotifCNN(
                    pooling=copy.deepcopy(method), alphabet=train.alphabet, seed=seed, **settings.network
                )
                model, chosen = _moved(network, device), _settings(network, seed=seed, **settings.training)
                parts = parts or _Parts.of(model, train, chosen)  # the same for every method of a seed
                fit = _Fit(model, parts, chosen)
                run = Run(label, seed, model, fit.history)
                path = None if checkpoint is None else Path(checkpoint) / f"{label}-seed{seed}.safetensors"
                if path is not None:
                    fit.resume(path)
                pairs.append((run, fit, path))
                runs.append(run)
            _race_one_seed(pairs, on_epoch, on_batch, cancel)
            for run, fit, _ in pairs:
                _judge(run, fit, train, test)
            if cancel is not None and cancel.is_set():
                break
    return RaceResult(runs, None if test is None else test.labels, data_fingerprint(train))


@contextmanager
def _locked_folder(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError("checkpoint", f"{str(folder)!r} ({error.strerror})", "a folder, or its place") from None
    with locked(folder / "race"):
        yield


def judge(run: Run, test: SequenceSet) -> None:
    """Fill in the results of a run's network on a test set: log odds, AUC and AUPRC.

    Parameters
    ----------
    run : Run
    test : SequenceSet of one length, with labels 0 and 1

    Raises
    ------
    ArgumentError
        If the labels are not both 0 and 1.
    """
    labels = _require_labels(test, "test")
    run.test_log_odds = predict_log_odds(run.model, test)
    run.test_auc = float(roc_auc_score(labels, run.test_log_odds))
    run.test_auprc = float(average_precision_score(labels, run.test_log_odds))


def data_fingerprint(data: SequenceSet) -> str:
    """Sixteen hexadecimal digits that identify data: letters, lengths and labels, not names."""
    digest = hashlib.sha256(data.alphabet.name.encode())
    labels = np.zeros(0) if data.labels is None else data.labels
    for part in (data.all_codes, data.offsets, labels):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class _Parts:
    """The data of a training, in its two parts, where the network lies; runs that differ in the network share them."""

    fingerprint: str
    codes: Tensor
    labels: Tensor
    val_codes: Tensor
    val_labels: Array
    all_labels: Array

    @staticmethod
    def of(model: nn.Module, data: SequenceSet, settings: TrainingSettings) -> _Parts:
        labels = _require_labels(data, "data")
        device = next(model.parameters()).device
        kept, aside = _split(labels, settings)
        # all of them where the network lies: a batch is a choice of rows, not a journey
        codes = as_tensor(model, data).to(device)
        kept_labels = torch.from_numpy(labels[kept]).to(device)
        return _Parts(data_fingerprint(data), codes[kept], kept_labels, codes[aside], labels[aside], labels)


class _Fit:
    """One training as a state: an epoch at a time, to be saved and taken up again between any two."""

    def __init__(self, model: nn.Module, parts: _Parts, settings: TrainingSettings) -> None:
        self.model = model
        self.parts = parts
        self.settings = settings
        n, n_positive = len(parts.labels), int(parts.labels.sum())
        # of the positives in the loss
        self.positive_weight = (n - n_positive) / n_positive if settings.class_weight == "balanced" else 1.0
        self.notes = _notes(parts.all_labels, settings)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, eps=ADAM_EPSILON)
        self.is_fused = can_step(model, parts.codes)
        self.epoch = 0
        self.best_epoch = 0
        self.best_loss = math.inf
        self.best_state = _copied(model.state_dict())
        self.history: list[EpochRecord] = []
        self.stopped = "" if settings.epochs else "epochs"

    def take_down(self, number: int, loss: float, told: Array, order: Array, seconds: float) -> EpochRecord | None:
        """Judge the weights after an epoch, and return its record; None if the loss is no number."""
        parts = self.parts
        with prefer_fused(self.is_fused):
            told_of_val = predict_log_odds(self.model, parts.val_codes)
        val_labels = torch.from_numpy(parts.val_labels)
        val_loss = _loss(torch.from_numpy(told_of_val), val_labels, self.positive_weight).item()
        if not (math.isfinite(loss) and math.isfinite(val_loss)):
            self.stopped = "diverged"
            self.notes += (f"The loss was no number any more in epoch {number}: try a smaller learning rate.",)
            return None
        is_best = val_loss < self.best_loss
        record = EpochRecord(
            number,
            loss,
            float(roc_auc_score(parts.labels.cpu().numpy()[order], told)),
            val_loss,
            float(roc_auc_score(parts.val_labels, told_of_val)),
            float(average_precision_score(parts.val_labels, told_of_val)),
            seconds,
            getattr(getattr(self.model, "pooling", None), "m", None),
            is_best,
        )
        self.epoch = number
        self.history.append(record)
        if is_best:
            self.best_loss, self.best_epoch = val_loss, number
            self.best_state = _copied(self.model.state_dict())
        if number - self.best_epoch >= self.settings.patience:
            self.stopped = "patience"
        elif number >= self.settings.epochs:
            self.stopped = "epochs"
        return record

    def finish(self) -> TrainingResult:
        """Restore the network's best weights, and return the result."""
        self.model.load_state_dict(self.best_state)
        return TrainingResult(
            self.model,
            self.history,
            self.best_epoch,
            self.stopped,
            self.settings,
            self.parts.fingerprint,
            len(self.parts.codes),
            len(self.parts.val_codes),
            self.notes,
        )

    def save(self, path: Path) -> None:
        """Write all that the next epoch depends on; its randomness follows from the seed and its number."""
        states = {"model": self.model.state_dict(), "best": self.best_state}
        arrays = {f"{part}/{name}": value for part, state in states.items() for name, value in state.items()}
        for i, moments in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer/{i}/{name}": value for name, value in moments.items()}
        about = {
            **self._identity(),
            "epochs": self.settings.epochs,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "history": [dataclasses.asdict(record) for record in self.history],
        }
        write_progress(path, arrays, about)

    def resume(self, path: Path) -> None:
        """Resume from a file, if there is one."""
        if not path.exists():
            return
        shapes = [tuple(weight.shape) for weight in self.model.parameters()]
        progress = read_progress(path, self._identity(), self.model.state_dict(), shapes)
        if not progress.is_checked:
            self.notes += (f"{path.name}: {UNCHECKED}",)
        self.model.load_state_dict(progress.model)
        self.best_state = progress.best
        state = self.optimizer.state_dict()
        self.optimizer.load_state_dict({**state, "state": progress.optimizer})
        self.epoch, self.best_epoch, self.best_loss = progress.epoch, progress.best_epoch, progress.best_loss
        self.history[:] = [EpochRecord(**record) for record in progress.history]
        # a longer training may follow a shorter one; an early stop stays
        waited = self.epoch - self.best_epoch >= self.settings.patience
        self.stopped = "patience" if waited else "epochs" if self.epoch >= self.settings.epochs else ""

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint must agree in."""
        kept = {name: value for name, value in dataclasses.asdict(self.settings).items() if name != "epochs"}
        form = self.model.settings() if isinstance(self.model, MotifCNN) else {"layers": repr(self.model)}
        pooling = form.get("pooling")
        if isinstance(pooling, dict) and pooling.get("trainable"):
            form = {**form, "pooling": {**pooling, "m": "learnt"}}
        return {"training": kept, "network": form, "data": self.parts.fingerprint}


def _run_epoch(
    fits: Sequence[_Fit], tells: Sequence[Callable[[BatchRecord], object] | None], cancel: Cancel | None
) -> list[EpochRecord | None]:
    """One epoch of a network, or of several on the same batches by the fused engine.

    None for one that came to no number, and for all if it was cancelled on the way.
    """
    number = fits[0].epoch + 1
    found = _train_epoch(fits, number, tells, cancel)
    if found is None:
        for fit in fits:
            fit.stopped = "cancelled"
        return [None] * len(fits)
    return [fit.take_down(number, *each) for fit, each in zip(fits, found, strict=True)]


def _train_epoch(
    fits: Sequence[_Fit], number: int, tells: Sequence[Callable[[BatchRecord], object] | None], cancel: Cancel | None
) -> list[tuple[float, Array, Array, float]] | None:
    """Of each network the mean loss, the log odds of each sequence, their order, and the seconds."""
    parts, size = fits[0].parts, fits[0].settings.batch_size
    order = np.random.default_rng([fits[0].settings.seed, number]).permutation(len(parts.codes))
    n_batches = math.ceil(len(order) / size)
    steps: TorchSteps | FusedSteps
    of_each = [(fit.model, fit.optimizer, fit.positive_weight) for fit in fits]
    steps = (FusedSteps if fits[0].is_fused else TorchSteps)(of_each, parts.codes, parts.labels)
    losses: list[list[Any]] = [[] for _ in fits]
    said: list[list[Tensor]] = [[] for _ in fits]
    sizes, seconds = [], 0.0
    were_training = [fit.model.training for fit in fits]
    for fit in fits:
        fit.model.train()
    try:
        with _seeded(fits[0].settings.seed, number):
            for i in range(n_batches):
                if cancel is not None and cancel.is_set():
                    return None
                began = time.perf_counter()
                places = order[i * size : (i + 1) * size]
                for net, (loss, told) in enumerate(steps(places)):
                    losses[net].append(loss)
                    said[net].append(told)
                sizes.append(len(places))
                seconds += time.perf_counter() - began
                for net, tell in enumerate(tells):
                    if tell is not None:
                        tell(BatchRecord(number, i + 1, n_batches, float(losses[net][-1])))
    finally:
        for fit, was_training in zip(fits, were_training, strict=True):
            fit.model.train(was_training)
    # read all at once: a read after every batch would stall a GPU
    means = [float(np.dot(torch.as_tensor(each).numpy(force=True), sizes)) / len(order) for each in losses]
    share = seconds / len(fits)  # side by side they take one another's time
    return [(mean, torch.cat(each).numpy(force=True), order, share) for mean, each in zip(means, said, strict=True)]


def _race_one_seed(
    pairs: list[tuple[Run, _Fit, Path | None]],
    on_epoch: Callable[[Run, EpochRecord], object] | None,
    on_batch: Callable[[Run, BatchRecord], object] | None,
    cancel: Cancel | None,
) -> None:
    """An epoch of each by turns, until all have stopped; those of the fused engine go together."""
    together = [pair for pair in pairs if pair[1].is_fused]
    groups = [together, *([pair] for pair in pairs if not pair[1].is_fused)]
    while any(not fit.stopped for _, fit, _ in pairs):
        for group in groups:
            going = [pair for pair in group if not pair[1].stopped]
            # taken up again from files, one may be behind
            behind = min((fit.epoch for _, fit, _ in going), default=0)
            going = [pair for pair in going if pair[1].epoch == behind]
            if not going:
                continue
            tells = [None if on_batch is None else _hook_of(on_batch, run) for run, _, _ in going]
            records = _run_epoch([fit for _, fit, _ in going], tells, cancel)
            for (run, fit, path), record in zip(going, records, strict=True):
                run.stopped, run.best_epoch = fit.stopped, fit.best_epoch
                if record is None:
                    continue
                if path is not None:
                    fit.save(path)
                if on_epoch is not None:
                    on_epoch(run, record)


def _hook_of(on_batch: Callable[[Run, BatchRecord], object], run: Run) -> Callable[[BatchRecord], object]:
    return lambda record: on_batch(run, record)


def _judge(run: Run, fit: _Fit, train: SequenceSet, test: SequenceSet | None) -> None:
    run.result = fit.finish()
    run.stopped, run.best_epoch = fit.stopped, fit.best_epoch
    if run.stopped != "cancelled":  # a cancelled race is reported at once
        run.train_auc = float(roc_auc_score(train.labels, predict_log_odds(run.model, train)))
    if test is not None:
        judge(run, test)


def _moved(model: nn.Module, device: str | torch.device | None) -> nn.Module:
    """The network on the device, or an error where there is none."""
    if device is None:
        return model
    try:
        return model.to(torch.device(device))
    except (RuntimeError, AssertionError, TypeError, NotImplementedError):
        raise ArgumentError("device", repr(device), "'cpu', or 'cuda' where torch finds a GPU") from None


def _settings(model: nn.Module, **given: Any) -> TrainingSettings:
    """The arguments of `train`, what is None taken from the network's preset."""
    preset = PRESETS[getattr(model, "preset", "paper")]
    for name in OF_THE_PRESET:
        given[name] = getattr(preset, name) if given[name] is None else given[name]
    return TrainingSettings(**given)


def _require_labels(data: SequenceSet, name: str) -> Array:
    if not isinstance(data, SequenceSet):
        raise ArgumentError(name, f"a {type(data).__name__}", "a SequenceSet with labels")
    if data.labels is None:
        raise ArgumentError(
            name, "without labels", "labels 0 and 1; `add_shuffled_negatives` makes negatives for a set of positives"
        )
    found = np.unique(data.labels)
    if not np.isin(found, (0, 1)).all():
        raise ArgumentError(name, f"with the labels {', '.join(map(str, found[:5]))}", "labels 0 and 1")
    if len(found) < 2:
        raise ArgumentError(
            name,
            f"with the label {found[0] if len(found) else 'of nothing'} alone",
            "both labels, 0 and 1; `add_shuffled_negatives` makes negatives for a set of positives",
        )
    return np.array(data.labels)


def _split(labels: Array, settings: TrainingSettings) -> tuple[Array, Array]:
    """The places of the training and of the validation part, both labels in each."""
    if settings.split == "stratified":
        return stratified_places(labels, settings.validation_fraction, settings.seed, "validation_fraction")
    # as Keras cuts
    cut = int(len(labels) * (1 - settings.validation_fraction))
    places = np.arange(len(labels))
    for name, part in (("first", labels[:cut]), ("last", labels[cut:])):
        if len(np.unique(part)) < 2:
            found = f"'last', and the {name} {len(part)} sequences have the label {part[0] if len(part) else '?'} alone"
            raise ArgumentError("split", found, "'stratified', or data in random order")
    return places[:cut], places[cut:]


def _notes(labels: Array, settings: TrainingSettings) -> tuple[str, ...]:
    counts = np.bincount(labels, minlength=2)
    rare, common = int(counts.argmin()), int(counts.argmax())
    if counts[common] < _IMBALANCE * counts[rare]:
        return ()
    said = f"Label {rare} is rare: {counts[rare]:,} of {len(labels):,}."
    if settings.class_weight is None:
        said += ' The loss counts every sequence alike; class_weight="balanced" would count both labels alike.'
    return (said,)


@contextmanager
def _seeded(seed: int, epoch: int) -> Iterator[None]:
    """Torch's own randomness (dropout) by seed and epoch; the caller's is restored afterwards."""
    before = torch.get_rng_state()
    drawn = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
    torch.default_generator.manual_seed(drawn)
    try:
        yield
    finally:
        torch.set_rng_state(before)


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}
