"""The jobs of the worker: a list of functions of this package, and no others.

A job is a function `(asked, tell, cancel)`. `asked` holds plain values and arrays; `tell(kind, about, arrays)` sends
progress and results; `cancel.is_set()` is true when the job should stop. It raises EpoolError for what its user can
correct.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch

from epool_viz.core.attribution import HEURISTICS
from epool_viz.core.types import Array
from epool_viz.data.examples import load_example_model
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.data.results.races import SentSoFar, race_arrays
from epool_viz.data.results.settings import RaceSettings
from epool_viz.data.sequences.set import sequences_of
from epool_viz.data.sequences.simulate import simulate
from epool_viz.models.checkpoint import load_model
from epool_viz.models.cnn import MotifCNN
from epool_viz.models.recording import Recorder
from epool_viz.models.training import Cancel, run_race, train

Tell = Callable[..., object]

TOLD_EVERY = 0.1  # seconds between two messages of a job, at the least


class Request(Protocol):
    """What a job is given."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Plain values."""

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Arrays by name."""


def race_job(asked: Request, tell: Tell, cancel: Cancel) -> None:
    """Race poolings, and send each part of the record as it comes.

    `about` has the `settings` as `RaceSettings.plain`, the `title` and the `facts` of the record, and the `seed` of its
    intervals; the arrays are those of `sequence_arrays` for "train" and "test". What is sent is of the kind "part": a
    part of the record for `extend`, and the `share` of the race that is done.
    """
    about, settings = asked.about, RaceSettings.of_plain(asked.about["settings"])
    training, test = (sequences_of(asked.arrays, name) for name in ("train", "test"))
    recorder, told = Recorder(test, title=about["title"], about=about["facts"]), SentSoFar()
    total = settings.epochs * len(settings.methods) * len(settings.seeds)
    done: dict[int, float] = {}
    last = -TOLD_EVERY

    def pass_on(*, at_once: bool = False) -> None:
        nonlocal last
        now = time.monotonic()
        if at_once or now - last >= TOLD_EVERY:
            last = now
            arrays, header = race_arrays(told.news(recorder.record))
            tell("part", header | {"share": min(sum(done.values()) / total, 1.0)}, arrays)

    def on_epoch(run: Any, record: Any) -> None:
        recorder.on_epoch(run, record)
        done[id(run)] = settings.epochs if run.stopped else len(run.history)
        pass_on()

    def on_batch(run: Any, record: Any) -> None:
        recorder.on_batch(run, record)
        done[id(run)] = len(run.history) + record.batch / record.n_batches
        pass_on()

    result = run_race(training, settings, test=test, cancel=cancel, on_epoch=on_epoch, on_batch=on_batch)
    recorder.finish(result, about["seed"])
    pass_on(at_once=True)


def attribute_job(asked: Request, tell: Tell, cancel: Cancel) -> None:
    """Compute the tracks of captum for sequences and a bundled model, or one that is sent.

    `about` has the `network`, a name of `list_models` or the plain values of a `WholeNetwork`, and a `baseline` of
    `attribute`; the arrays are the sequences as "onehot" and, instead of a named baseline, a stack of them as
    "reference"; of a network that is sent also "kernels", "biases" and "output_weights". What is sent is of the
    kind "tracks": an array of shape (batch, length) a method.
    """
    # captum takes a second to load, which a race need not wait for
    from epool_viz.models.attribution import attribute

    model = _asked_network(asked)
    if not cancel.is_set():
        baseline = asked.arrays.get("reference", asked.about.get("baseline"))
        found = attribute(model, asked.arrays["onehot"], methods=HEURISTICS, baseline=baseline)
        tell("tracks", {}, found.scores)


def _asked_network(asked: Request) -> MotifCNN:
    """The network of a captum job, in double precision."""
    network = asked.about["network"]
    if not isinstance(network, Mapping):
        return load_model(load_example_model(network).info.path).double()
    whole = WholeNetwork(**network)
    kernels, biases, weights = (
        torch.from_numpy(np.array(asked.arrays[name], dtype=np.float64))
        for name in ("kernels", "biases", "output_weights")
    )
    n_kernels, _, width = kernels.shape
    model = MotifCNN(n_kernels=n_kernels, width=width, **whole.settings).double()
    state = {
        "conv.weight": kernels,
        "conv.bias": biases,
        "output.weight": weights[None],
        "output.bias": torch.tensor([whole.output_bias], dtype=torch.float64),
    }
    model.load_state_dict(state)
    return model.eval()


JOBS: dict[str, Callable[[Request, Tell, Cancel], None]] = {"race": race_job, "attribute": attribute_job}


def warm() -> None:
    """Do what torch does at a first step only."""
    data = simulate(np.eye(4), n=40, length=8, margin=0)
    train(MotifCNN(n_kernels=1, width=2), data, epochs=1)
