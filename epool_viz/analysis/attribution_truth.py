"""Judges attribution methods: simulated sequences with known sites, the precision of each method, bundled results."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core._arrays import require_choice
from epool_viz.core.attribution import METHODS, LetterScores, MotifNetwork, attribute_letters
from epool_viz.core.metrics import average_precision
from epool_viz.core.per_letter import smooth_letters
from epool_viz.core.types import Array
from epool_viz.data.examples import PLANTED_MOTIFS, example_kernels
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.data.networks.stored import read_arrays
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError

SEEDS = (101, 102, 103)  # of the test sets; the networks were trained on seed 0
N_SITES = 200  # sequences with a site in each
LENGTH = 200
MEASURES = ("auprc", "smoothed")
KIND = "attribution"
_BATCH = 100  # sequences that are attributed at a time
_FOLDER = importlib.resources.files("epool_viz.data") / "bundled"


@cache
def site_sequences(seed: int = SEEDS[0], n: int = N_SITES) -> SequenceSet:
    """Sequences with one planted site each, made as those of the models `two_motifs_...`, which have not seen them.

    Parameters
    ----------
    seed : int
        Any but 0, which made the models' own sequences.
    n : int

    Returns
    -------
    SequenceSet
        `n` sequences of 200 letters, with their `sites`.

    Raises
    ------
    ArgumentError
        For a seed below 1, or no number of sequences.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 1:
        raise ArgumentError("seed", repr(seed), "a whole number >= 1; 0 made what the models were trained on")
    motifs = [load_jaspar(name) for name in PLANTED_MOTIFS]
    return simulate(motifs, n=n, length=LENGTH, positive_fraction=1.0, seed=seed)


def site_letters(sequences: SequenceSet) -> Array:
    """Which letters belong to a known site; booleans, shape (sequence, length).

    Raises
    ------
    ArgumentError
        If the sites are not known.
    """
    if sequences.sites is None:
        raise ArgumentError("sequences", "without known sites", "a simulated set, or another with `sites`")
    places = np.arange(int(sequences.lengths.max()))
    found = np.zeros((len(sequences), len(places)), dtype=bool)
    for row, sites in zip(found, sequences.sites, strict=True):
        for site in sites:
            row |= (places >= site.start) & (places < site.stop)
    return found


def site_precisions(
    network: MotifNetwork,
    onehot: Array,
    is_site: Array,
    *,
    methods: tuple[str, ...] = METHODS,
    baseline: Any = "uniform",
) -> dict[str, Array]:
    """How well each method finds the letters of known sites, sequence by sequence.

    Parameters
    ----------
    network : MotifNetwork
    onehot : shape (sequence, letter, length)
    is_site : booleans, shape (sequence, length)
        As `site_letters` has them.
    methods, baseline : as for `attribute_letters`

    Returns
    -------
    dict of arrays of shape (2, sequence), by method
        Areas under the precision-recall curve, from 0 to 1: of the track, and of its average over the kernel's width.

    Raises
    ------
    ArgumentError, ShapeError
        As `attribute_letters`.
    """
    found: dict[str, list[Array]] = {method: [] for method in methods}
    for first in range(0, len(onehot), _BATCH):
        part = attribute_letters(network, onehot[first : first + _BATCH], methods=methods, baseline=baseline)
        truth = is_site[first : first + _BATCH]
        for method, scores in part.scores.items():
            both = (scores, smooth_letters(scores, network.width))
            found[method].append(np.stack([average_precision(x, truth) for x in both]))
    return {method: np.concatenate(parts, axis=1) for method, parts in found.items()}


def track_precision(track: Array, sites: Iterable[tuple[int, int]]) -> float:
    """The area under the precision-recall curve of one track for the letters of the sites of its sequence.

    Parameters
    ----------
    track : shape (length,)
    sites : iterable of (first letter from 0, one past the last)

    Returns
    -------
    float from 0 to 1

    Raises
    ------
    ArgumentError
        Without a site.
    """
    places = np.arange(len(track))
    each = [(places >= first) & (places < stop) for first, stop in sites]
    if not each:
        raise ArgumentError("sites", "empty", "one site at least")
    return float(average_precision(track, np.any(each, axis=0)))


def unexplained(network: MotifNetwork, found: LetterScores, method: str) -> Array:
    """What the sum of the letters lacks of the difference to explain; shape (sequence,), log odds in nats.

    That is `output - reference`, and for "log_odds" `output - network.constant`, which are exact sums where the method
    is complete.

    Parameters
    ----------
    network : MotifNetwork
    found : LetterScores
        Of this network.
    method : str
        One that was computed.

    Raises
    ------
    ArgumentError
        For a method that was not computed.
    """
    missed = np.asarray(found.completeness_error(method))
    if method == "log_odds":
        return np.asarray(found.output - network.constant - found.scores[method].sum(axis=-1))
    return -missed


def largest_difference(track: Any, closed: Array) -> float:
    """The largest difference between two tracks, as a share of the largest letter of the second; shapes (length,)."""
    size = float(np.abs(closed).max()) or 1.0
    return float(np.abs(np.asarray(track, dtype=float) - closed).max()) / size


class Ranking(NamedTuple):
    """Methods in the order of their mean, and those that do not differ significantly from the best.

    Attributes
    ----------
    ranked : tuple of str
        The best one first.
    reaching : tuple of str
        Those whose 95 % interval reaches into that of the best.
    """

    ranked: tuple[str, ...]
    reaching: tuple[str, ...]


def rank_methods(pooling: str, measure: str = "auprc") -> Ranking:
    """Rank the methods by the bundled results.

    Parameters
    ----------
    pooling : "expectation", "logsumexp", "max" or "average"
    measure : "auprc" or "smoothed"

    Returns
    -------
    Ranking

    Raises
    ------
    ArgumentError
        For another pooling or measure.
    """
    require_choice(measure, "measure", MEASURES)
    rows = load_attribution_results()["rows"]
    require_choice(pooling, "pooling", tuple(dict.fromkeys(row["pooling"] for row in rows)))
    results = {row["method"]: row[measure] for row in rows if row["pooling"] == pooling}
    ranked = sorted((method for method in METHODS if method in results), key=lambda method: -results[method][0])
    low = results[ranked[0]][1]
    return Ranking(tuple(ranked), tuple(method for method in ranked[1:] if results[method][2] >= low))


@cache
def example_network(name: str) -> MotifNetwork:
    """The model of `example_kernels` as the arrays that `attribute_letters` reads.

    Raises
    ------
    ArgumentError
        If there is no such model.
    """
    return uploaded_network(example_kernels(name))


def network_of(model: Any) -> MotifNetwork:
    """A trained model as the arrays that `attribute_letters` reads, in double precision.

    Parameters
    ----------
    model : StoredModel or MotifCNN

    Raises
    ------
    ArgumentError
        For anything else.
    """
    settings = model.settings() if callable(model.settings) else model.settings
    whole = WholeNetwork.of_settings(settings, model.output_bias)
    if whole is None:
        raise ArgumentError("model", f"with the settings {settings!r}", "a MotifCNN, or what `read_model` gives")
    return _network(model.kernels, model.biases, model.output_weights, whole)


def uploaded_network(imported: ImportedKernels, kernel: int = 0) -> MotifNetwork:
    """An uploaded network as the arrays that `attribute_letters` reads.

    Parameters
    ----------
    imported : ImportedKernels
    kernel : int
        Place of the kernel that is read alone where the network is not whole; beyond the last one, the last one.

    Returns
    -------
    MotifNetwork
        The whole network where `imported.whole` has it. Else one kernel with expectation pooling, `m` 1 and the
        output weight 1: its exact reading is that of the raw scores, whatever its network makes of them.
    """
    whole, weights = imported.whole, imported.output_weights
    if whole is not None and weights is not None:
        return _network(imported.kernels, imported.bias, weights, whole)
    place = min(max(kernel, 0), len(imported) - 1)
    alone = slice(place, place + 1)
    kernels, biases = (np.asarray(each[alone], np.float64) for each in (imported.kernels, imported.bias))
    return MotifNetwork(kernels, biases, np.ones(1), 0.0)


def _network(kernels: Array, biases: Array, weights: Array, whole: WholeNetwork) -> MotifNetwork:
    kernels, biases, weights = (np.asarray(each, np.float64) for each in (kernels, biases, weights))
    return MotifNetwork(kernels, biases, weights, **whole.plain)


@cache
def load_attribution_results() -> dict[str, Any]:
    """The comparison of the methods on sequences whose sites are known, as `benchmarks/attribution.py` wrote it.

    Returns
    -------
    dict
        `settings`; `rows`, one a pooling and method; `completeness`, one a pooling.
    """
    return dict(json.loads((_FOLDER / "attribution.json").read_text(encoding="utf-8")))


@cache
def load_captum_tracks() -> dict[str, Array]:
    """Tracks of captum for a few sequences of `site_sequences()`, to be shown without torch.

    Returns
    -------
    dict of arrays of shape (method, sequence, length), by model
        The methods in the order of `HEURISTICS`, the sequences the first ones of the set, the baseline uniform.
    """
    with importlib.resources.as_file(_FOLDER) as folder:
        return read_arrays(folder / "attribution.safetensors", kind=KIND)[0]
