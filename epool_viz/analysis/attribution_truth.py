"""What attribution is judged by: simulated sequences whose sites are known, and the results that ship."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Any

import numpy as np

from epool_viz.core.attribution import MotifNetwork
from epool_viz.core.types import Array
from epool_viz.data.examples import PLANTED_MOTIFS, load_example_model
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.networks.stored import read_arrays
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError

SEEDS = (101, 102, 103)  # of the test sets; the networks were trained on seed 0
N_SITES = 200  # sequences with a site in each
LENGTH = 200
KIND = "attribution"
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
        If `seed` is no whole number above 0.
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


@cache
def example_network(name: str) -> MotifNetwork:
    """A model that ships as the arrays that `attribute_letters` reads, in double precision."""
    return network_of(load_example_model(name).model)


def network_of(model: Any) -> MotifNetwork:
    """A trained model as the arrays that `attribute_letters` reads, in double precision.

    Parameters
    ----------
    model : StoredModel or MotifCNN
    """
    settings = model.settings() if callable(model.settings) else model.settings
    pooling = settings["pooling"]
    return MotifNetwork(
        model.kernels.astype(np.float64),
        model.biases.astype(np.float64),
        model.output_weights.astype(np.float64),
        model.output_bias,
        pooling["method"],
        pooling.get("m"),
        pooling.get("mode", 0),
        pooling["local_window"],
        settings["activation"],
        settings["padding"],
    )


def network_brought(imported: ImportedKernels, kernel: int = 0) -> MotifNetwork:
    """What somebody brought, as the arrays that `attribute_letters` reads.

    Parameters
    ----------
    imported : ImportedKernels
    kernel : int
        Place of the kernel that is read alone where the network is not whole; beyond the last one, the last one.

    Returns
    -------
    MotifNetwork
        The whole network where `imported.whole` tells it. Else one kernel with expectation pooling, `m` 1 and the
        output weight 1: its exact reading is that of the raw scores, whatever its network makes of them.
    """
    kernels, biases = np.asarray(imported.kernels, np.float64), np.asarray(imported.bias, np.float64)
    whole = imported.whole
    if whole is None or imported.output_weights is None:
        place = min(max(kernel, 0), len(imported) - 1)
        return MotifNetwork(kernels[place : place + 1], biases[place : place + 1], np.ones(1), 0.0)
    return MotifNetwork(
        kernels,
        biases,
        np.asarray(imported.output_weights, np.float64),
        whole.output_bias,
        whole.pooling,
        whole.m,
        whole.mode,
        whole.local_window,
        whole.activation,
        whole.padding,
    )


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
    """What captum gave for a few sequences of `site_sequences()`, so that it can be shown without torch.

    Returns
    -------
    dict of arrays of shape (method, sequence, length), by model
        The methods in the order of `HEURISTICS`, the sequences the first ones of the set, the baseline uniform.
    """
    with importlib.resources.as_file(_FOLDER) as folder:
        return read_arrays(folder / "attribution.safetensors", kind=KIND)[0]
