"""The examples: what is told of them is true, and the files are those of their origin."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epool_viz.data import examples as gallery
from epool_viz.data.examples import (
    MODEL_NAMES,
    example_model_data,
    list_examples,
    list_models,
    load_example,
    load_example_model,
)
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.sequences.reading import read_sequences
from epool_viz.errors import ArgumentError, EpoolError

BUNDLED = Path(gallery.__file__).parent / "bundled"


@pytest.mark.parametrize("info", list_examples(), ids=lambda info: info.name)
def test_example_is_what_its_info_tells(info: gallery.ExampleInfo) -> None:
    s = load_example(info.name)
    assert len(s) == info.n
    assert (s.lengths.min(), s.lengths.max()) == info.lengths
    assert s.alphabet.name == "DNA"
    assert s.source == f"the example {info.name}"
    assert info.title
    assert info.origin
    assert info.licence
    assert info.description


def test_examples_are_these() -> None:
    assert [info.name for info in list_examples()] == ["ctcf_peaks", "p73_peaks", "crp_sites", "crp0"]


def test_peaks_are_the_files_they_are_said_to_be(shared_data: Path) -> None:
    for name, file in (
        ("ctcf_peaks", "gimmemotifs_Gm12878.CTCF.top500.w200.fa.gz"),
        ("p73_peaks", "gimmemotifs_TAp73alpha.fa.gz"),
    ):
        origin = read_sequences(shared_data / "fasta" / file)
        assert list(load_example(name)) == list(origin)
        assert load_example(name).names == origin.names


def test_crp0_knows_its_24_sites(shared_data: Path) -> None:
    s = load_example("crp0")
    assert s.names[0] == "ce1cg"
    assert s.sites[0] == ((16, 38), (60, 82))
    assert s.sites[-1] == ((77, 99),)
    sites = [s[i][start:stop] for i, places in enumerate(s.sites) for start, stop in places]
    assert len(sites) == 24
    assert {len(site) for site in sites} == {22}
    # CRP reads TGTGA-n6-TCACA; places that are off by one would not put it in the middle of the 22 letters
    counts = np.stack([[[letter == base for letter in site] for base in "ACGT"] for site in sites]).sum(axis=0)
    consensus = "".join("ACGT"[i] for i in counts.argmax(axis=0))
    assert (consensus[3:8], consensus[14:19]) == ("TGTGA", "TCACA")
    assert list(s) == list(read_sequences(shared_data / "crp0" / "crp0.s"))


def test_crp_sites_line_up_and_are_named_by_promoter() -> None:
    s = load_example("crp_sites")
    assert s.names[0] == "caiFp -41.5"
    frequencies = s.one_hot().mean(axis=0)
    consensus = "".join("ACGT"[i] for i in frequencies.argmax(axis=0))
    assert "TGTGA" in consensus
    assert "TCACA" in consensus


def test_crp_sites_do_not_import_logomaker() -> None:
    code = (
        "import sys; from epool_viz.data.examples import load_example; load_example('crp_sites');"
        "sys.exit('logomaker' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_crp_sites_without_logomaker_say_so(
    monkeypatch: pytest.MonkeyPatch, assert_refused: Callable[..., None]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = "the example crp_sites is read from logomaker 0.8, which is not installed as a whole"
    assert_refused(EpoolError, message, load_example.__wrapped__, "crp_sites")


def test_load_example_offers_near_names(assert_refused: Callable[..., None]) -> None:
    message = "`name` is 'ctcf'; accepted: one of 'ctcf_peaks', 'p73_peaks', 'crp_sites', 'crp0'; near: 'ctcf_peaks'"
    assert_refused(ArgumentError, message, load_example, "ctcf")


def test_ctcf_peaks_hold_the_motif_as_often_as_is_told(rng: np.random.Generator) -> None:
    smoothed = load_jaspar("CTCF").counts + 1
    kernel = np.log(smoothed / smoothed.sum(axis=0) / 0.25)
    matrices = load_example("ctcf_peaks").one_hot()

    def share_of_good(sequences: np.ndarray) -> float:
        windows = np.lib.stride_tricks.sliding_window_view(sequences, kernel.shape[1], axis=2)
        strands = (np.einsum("nalj,aj->nl", windows, strand).max(axis=1) for strand in (kernel, kernel[::-1, ::-1]))
        return float(np.mean(np.maximum(*strands) > 0.6 * kernel.max(axis=0).sum()))

    assert share_of_good(matrices) == pytest.approx(0.75, abs=0.01)
    assert share_of_good(rng.permuted(matrices.argmax(axis=1), axis=1)[:, None] == np.arange(4)[:, None]) < 0.02


def test_bundled_files_are_listed_with_their_checksums_and_are_small() -> None:
    listed = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (BUNDLED / "README.md").read_text(), re.MULTILINE))
    files = [path for path in BUNDLED.iterdir() if path.is_file() and path.name != "README.md"]
    assert sorted(listed.values()) == sorted(path.name for path in files)
    for path in files:
        data = path.read_bytes()
        assert listed.get(hashlib.sha256(data).hexdigest()) == path.name
        assert len(data) < 1_000_000


# trained models


def test_models_are_four_poolings_on_three_sets_and_one_as_published() -> None:
    infos = list_models()
    assert tuple(info.name for info in infos) == MODEL_NAMES
    poolings = ("expectation", "logsumexp", "max", "average")
    sets = [(data, pooling, "exact") for data in ("ctcf", "p73", "two_motifs") for pooling in poolings]
    assert [(info.data, info.pooling, info.preset) for info in infos] == [*sets, ("ctcf", "expectation", "paper")]
    assert len({info.title for info in infos}) == len(infos)
    files = sorted(path.name for path in (BUNDLED / "models").iterdir())
    assert files == sorted(f"{name}.safetensors" for name in MODEL_NAMES)
    assert sum(info.path.stat().st_size for info in infos) < 1_000_000


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_shipped_model_loads_and_is_what_its_info_tells(name: str) -> None:
    model, info = load_example_model(name)
    assert info in list_models()
    assert model.kernels.shape == (info.n_kernels, 4, info.width)
    for array in model.arrays.values():
        assert np.isfinite(array).all()
        assert np.abs(array).max() < 100
    assert model.kernels.std() > 0.05
    assert model.settings["preset"] == info.preset
    assert model.settings["pooling"]["method"] == info.pooling
    assert model.about["training"]["seed"] == info.seed
    assert model.about["test_auc"] == info.test_auc == model.about["test_aucs"][str(info.seed)]
    train, test = example_model_data(info.data)
    assert len(train) == model.about["n_train"] + model.about["n_validation"]
    assert len(test) == model.about["n_test"]
    history = model.about["history"]
    assert min(history, key=lambda record: record["val_loss"])["epoch"] == model.about["best_epoch"]
    assert [record["epoch"] for record in history] == list(range(1, len(history) + 1))
    for text in (info.origin, info.licence, info.description):
        assert text


def test_what_the_models_are_told_to_reach() -> None:
    """Average on raw scores counts letters: on shuffled negatives, which have the same, it is at chance."""
    aucs = {info.name: info.test_auc for info in list_models()}
    for name in ("ctcf_expectation", "ctcf_logsumexp", "ctcf_max", "ctcf_paper"):
        assert aucs[name] > 0.9
    for name in ("p73_expectation", "p73_logsumexp", "p73_max", "two_motifs_expectation", "two_motifs_max"):
        assert aucs[name] > 0.85
    assert 0.4 < aucs["ctcf_average"] < 0.6
    assert 0.4 < aucs["p73_average"] < 0.6


def test_the_data_of_a_model_are_half_positive_and_no_test_sequence_is_trained_on() -> None:
    for data, n, said in (("ctcf", 1000, "ctcf_peaks"), ("p73", 2000, "p73_peaks"), ("two_motifs", 1600, "NFKB1")):
        train, test = example_model_data(data)
        assert (len(train), len(test)) == (0.8 * n, 0.2 * n)
        assert train.labels.mean() == test.labels.mean() == 0.5
        assert said in train.source
        assert not set(train.names) & set(test.names)


def test_load_example_model_offers_near_names(assert_refused: Callable[..., None]) -> None:
    accepted = ", ".join(map(repr, MODEL_NAMES))
    message = f"`name` is 'ctcf_ma'; accepted: one of {accepted}; near: 'ctcf_max'"
    with pytest.raises(ArgumentError) as caught:
        load_example_model("ctcf_ma")
    assert str(caught.value).startswith(message)
    with pytest.raises(ArgumentError, match="`name` is 'chip'; accepted: one of 'ctcf', 'p73', 'two_motifs'"):
        example_model_data("chip")


def resemblance(kernel: np.ndarray, ppm: np.ndarray) -> float:
    """The best correlation of the kernel, each column centred, with a motif's log odds: any shift, either strand."""
    odds = np.log(np.maximum(ppm, 1e-3) / 0.25)
    odds = odds - odds.mean(axis=0)
    best = 0.0
    for strand in (kernel, kernel[::-1, ::-1]):
        centred = strand - strand.mean(axis=0)
        width, length = centred.shape[1], odds.shape[1]
        for shift in range(8 - width, length - 8 + 1):
            here, there = slice(max(-shift, 0), min(width, length - shift)), slice(max(shift, 0), shift + width)
            a, b = centred[:, here].ravel(), odds[:, there].ravel()
            best = max(best, float(np.corrcoef(a, b)[0, 1]) * np.sqrt(min(len(a) / odds.size, 1)))
    return best


@pytest.mark.parametrize(
    ("name", "motif", "least"),  # measured: .835, .858, .824, .962
    [
        ("ctcf_expectation", "CTCF", 0.8),
        ("p73_expectation", "TP73", 0.8),
        ("two_motifs_expectation", "NFKB1", 0.8),
        ("two_motifs_expectation", "SP1", 0.9),
    ],
)
def test_the_best_kernel_of_an_epool_model_is_the_motif(name: str, motif: str, least: float) -> None:
    kernels = np.asarray(load_example_model(name).model.kernels, float)
    found = [max(resemblance(kernel, load_jaspar(query).ppm) for kernel in kernels) for query in (motif, "STAT3")]
    assert found[0] > least
    assert found[1] < 0.65  # what 16 kernels come to for a motif that is not there
