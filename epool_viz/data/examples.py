"""Example sequences and trained models that need no download, each with its origin and licence."""

from __future__ import annotations

import dataclasses
import importlib.resources
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.data.networks.stored import StoredModel, read_about, read_model
from epool_viz.data.results.races import RaceRecord, read_race
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.data.sequences.set import SequenceSet, Site
from epool_viz.data.sequences.simulate import add_shuffled_negatives, simulate, split_sequences
from epool_viz.data.source import near
from epool_viz.errors import ArgumentError, EpoolError

_CRP0_SITE = 22
EXAMPLE_RACES = ("ctcf_peaks", "simulated")
_TEST_SHARE = 0.2  # of the data of a model
PLANTED_MOTIFS = ("NFKB1", "SP1")  # in the simulation


@dataclass(frozen=True)
class ExampleInfo:
    """Description of an example, without its sequences.

    Parameters
    ----------
    name : str
        For `load_example`.
    title : str
        For a menu.
    n : int
        Number of sequences.
    lengths : (int, int)
        The shortest and the longest, in letters.
    origin : str
    licence : str
    description : str
        One or two sentences.
    """

    name: str
    title: str
    n: int
    lengths: tuple[int, int]
    origin: str
    licence: str
    description: str


_EXAMPLES = (
    ExampleInfo(
        "ctcf_peaks",
        "CTCF ChIP-seq peaks",
        500,
        (200, 200),
        "gimmemotifs 0.18.4, source distribution, Gm12878.CTCF.top500.w200.fa",
        "MIT",
        "The top 500 CTCF peaks of the cell line GM12878, 200 letters each. Three in four hold a window that scores "
        "above 0.6 of the best possible one, against one in a hundred of the same letters shuffled: a posterior with "
        "one clear peak.",
    ),
    ExampleInfo(
        "p73_peaks",
        "p73 ChIP-seq peaks",
        1000,
        (200, 200),
        "gimmemotifs 0.18.4, source distribution, TAp73alpha.fa",
        "MIT",
        "1,000 peaks of TAp73alpha, 200 letters each. The motif is two half sites, so several windows may compete.",
    ),
    ExampleInfo(
        "crp_sites",
        "CRP binding sites, aligned",
        358,
        (26, 26),
        "RegulonDB 8.0 (Salgado et al., Nucleic Acids Research 41:D203, 2013), as logomaker ships it",
        "RegulonDB's terms; logomaker is MIT",
        "358 sites of the regulator CRP in E. coli, already aligned: count the letters of each position and a motif "
        "appears.",
    ),
    ExampleInfo(
        "crp0",
        "CRP0, the first data of EM for motifs",
        18,
        (105, 105),
        "Lawrence and Reilly, Proteins 7:41 (1990), as glam2 has it in Debian",
        "public domain",
        "18 stretches of 105 letters with 24 CRP sites of 22 letters whose places were known by experiment; they are "
        "kept in `sites`.",
    ),
)


def list_examples() -> tuple[ExampleInfo, ...]:
    """The examples that `load_example` loads.

    Returns
    -------
    tuple of ExampleInfo
    """
    return _EXAMPLES


@cache
def load_example(name: str) -> SequenceSet:
    """Load example sequences.

    Parameters
    ----------
    name : "ctcf_peaks", "p73_peaks", "crp_sites" or "crp0"

    Returns
    -------
    SequenceSet. That of "crp0" has its known sites.

    Raises
    ------
    ArgumentError
        If there is no such example; the message offers near names.
    """
    loaders = {"crp_sites": _crp_sites, "crp0": _crp0}
    _require_known(name, [example.name for example in _EXAMPLES])
    return loaders[name]() if name in loaders else _bundled(name)


def _require_known(name: str, names: list[str]) -> None:
    if name not in names:
        raise ArgumentError("name", repr(name), f"one of {', '.join(map(repr, names))}; near: {near(str(name), names)}")


def _bundled(name: str) -> SequenceSet:
    data = (importlib.resources.files("epool_viz.data") / "bundled" / f"{name}.fa").read_bytes()
    return parse_sequences(data, source=f"the example {name}", format="fasta", alphabet="DNA")


def _crp0() -> SequenceSet:
    """The headers hold the places, counted from 1, where the known sites start."""
    found = _bundled("crp0")
    words = [name.split() for name in found.names]
    starts = ([int(place) - 1 for place in places] for _, *places in words)
    sites = tuple(tuple(Site(start, start + _CRP0_SITE) for start in places) for places in starts)
    return dataclasses.replace(found, names=tuple(name for name, *_ in words), sites=sites)


def _crp_sites() -> SequenceSet:
    """Read from where logomaker lies; importing it would take seconds."""
    spec = importlib.util.find_spec("logomaker")
    path = Path(spec.origin).parent / "examples" / "datafiles" / "crp_sites.fa" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise EpoolError("the example crp_sites is read from logomaker 0.8, which is not installed as a whole")
    found = parse_sequences(path.read_bytes(), source="the example crp_sites", format="fasta", alphabet="DNA")
    # a header is "number, promoter, place relative to the start of transcription"
    return dataclasses.replace(found, names=tuple(" ".join(name.split()[1:]) for name in found.names))


# --- trained models


@dataclass(frozen=True)
class ModelInfo:
    """Description of a trained model, without its arrays.

    Parameters
    ----------
    name : str
        For `load_example_model`.
    title : str
        For a menu.
    data : str
        For `example_model_data`.
    pooling : str
        A key of `POOLINGS`.
    preset : str
        Of `MotifCNN`.
    n_kernels, width : int
    seed : int
        Of first weights, batches and validation part.
    train_auc, test_auc : float
    origin, licence : str
        Of the sequences; the weights are part of this package.
    description : str
        One or two sentences.
    path : Path
        For `load_model`, which makes a torch network of it.
    """

    name: str
    title: str
    data: str
    pooling: str
    preset: str
    n_kernels: int
    width: int
    seed: int
    train_auc: float
    test_auc: float
    origin: str
    licence: str
    description: str
    path: Path


class ExampleModel(NamedTuple):
    """A trained model as arrays, and its description."""

    model: StoredModel
    info: ModelInfo


class _ModelData(NamedTuple):
    title: str
    example: str  # "" for the simulation
    description: str


_MODEL_DATA = {
    "ctcf": _ModelData("CTCF peaks", "ctcf_peaks", "500 CTCF peaks against the same sequences shuffled."),
    "p73": _ModelData("p73 peaks", "p73_peaks", "1,000 p73 peaks against the same sequences shuffled."),
    "two_motifs": _ModelData(
        "two motifs, simulated",
        "",
        f"1,600 random sequences of 200 letters, half of them with a site of {' or '.join(PLANTED_MOTIFS)}.",
    ),
}
_POOLED_BY = ("expectation", "logsumexp", "max", "average")  # the models that ship, of each data set
# name -> data, pooling, preset
_MODELS = {f"{data}_{pooling}": (data, pooling, "exact") for data in _MODEL_DATA for pooling in _POOLED_BY}
_MODELS["ctcf_paper"] = ("ctcf", "expectation", "paper")
MODEL_NAMES = tuple(_MODELS)


@cache
def list_models() -> tuple[ModelInfo, ...]:
    """The models that `load_example_model` loads: networks on three sets of sequences, each with four poolings.

    Returns
    -------
    tuple of ModelInfo
    """
    return tuple(_model_info(name) for name in _MODELS)


@cache
def load_example_model(name: str) -> ExampleModel:
    """Load a bundled trained model, without torch.

    Parameters
    ----------
    name : str
        As `list_models` has it, such as "ctcf_expectation".

    Returns
    -------
    (StoredModel, ModelInfo)

    Raises
    ------
    ArgumentError
        If there is no such model; the message offers near names.

    Source: `benchmarks/make_gallery.py`, which anyone can run again.
    """
    _require_known(name, list(_MODELS))
    info = _model_info(name)
    return ExampleModel(read_model(info.path), info)


@cache
def example_kernels(name: str) -> ImportedKernels:
    """The kernels of a model that ships, in double precision, and what is computed behind them.

    Parameters
    ----------
    name : str
        As `list_models` has it.

    Raises
    ------
    ArgumentError
        If there is no such model.
    """
    model, info = load_example_model(name)
    return ImportedKernels(
        np.asarray(model.kernels, dtype=float),
        np.asarray(model.biases, dtype=float),
        (),
        model.alphabet,
        info.title,
        "model of epool_viz",
        letters=model.alphabet.letters,
        output_weights=np.asarray(model.output_weights, dtype=float),
        reads_letters=True,
        bias_is_known=True,
        whole=WholeNetwork.of_settings(model.settings, model.output_bias),
        example=name,
    )


@cache
def example_model_data(data: str) -> tuple[SequenceSet, SequenceSet]:
    """The training and test sequences of models.

    Parameters
    ----------
    data : "ctcf", "p73" or "two_motifs"

    Returns
    -------
    (SequenceSet, SequenceSet)
        Labels 1 and 0 in equal parts; the second part, a fifth of all, is the test.

    Raises
    ------
    ArgumentError
        If there is no such data.
    """
    _require_known(data, list(_MODEL_DATA))
    example = _MODEL_DATA[data].example
    whole = (
        add_shuffled_negatives(load_example(example))
        if example
        else simulate([load_jaspar(motif) for motif in PLANTED_MOTIFS], n=1600, length=200)
    )
    return split_sequences(whole, _TEST_SHARE)


@cache
def example_log_base(name: str) -> float:
    """The logarithm of the base under which the kernels of a bundled model are most probable.

    Parameters
    ----------
    name : str
        As `list_models` has it.

    Returns
    -------
    float
        Of `estimate_base`, on the bound sequences that the model was trained with; found by `scripts/build_matches.py`.

    Raises
    ------
    ArgumentError
        If there is no such model.
    """
    _require_known(name, list(_MODELS))
    path = importlib.resources.files("epool_viz.data") / "bundled" / "bases.tsv"
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()[1:])
    return float(dict(rows)[name])


def _model_info(name: str) -> ModelInfo:
    data, pooling, preset = _MODELS[name]
    about, remark = _MODEL_DATA[data], POOLING_METHODS[pooling].remark
    path = Path(str(importlib.resources.files("epool_viz.data") / "bundled" / "models" / f"{name}.safetensors"))
    header = read_about(path, kind="model")
    settings, trained = header["settings"], header["about"]
    source = next((example for example in _EXAMPLES if example.name == about.example), None)
    return ModelInfo(
        name,
        f"{about.title}, {POOLING_METHODS[pooling].title}{', as published' if preset == 'paper' else ''}",
        data,
        pooling,
        preset,
        settings["n_kernels"],
        settings["width"],
        trained["training"]["seed"],
        trained["train_auc"],
        trained["test_auc"],
        source.origin if source else f"simulated with {' and '.join(PLANTED_MOTIFS)} of JASPAR 2026",
        source.licence if source else "CC BY 4.0 (JASPAR)",
        f"{about.description} {settings['n_kernels']} kernels of {settings['width']} letters. {remark}".rstrip(),
        path,
    )


# --- finished races


def load_example_race(name: str) -> RaceRecord:
    """Load a finished race of poolings.

    Parameters
    ----------
    name : "ctcf_peaks" or "simulated"

    Returns
    -------
    RaceRecord

    Raises
    ------
    ArgumentError
        If there is no such race.
    """
    if name not in EXAMPLE_RACES:
        raise ArgumentError("name", repr(name), f"one of {', '.join(map(repr, EXAMPLE_RACES))}")
    with importlib.resources.as_file(importlib.resources.files("epool_viz.data") / "bundled" / "races") as folder:
        return read_race(folder / f"{name}.safetensors")
