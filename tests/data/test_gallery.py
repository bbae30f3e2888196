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

from epool_viz.data import gallery
from epool_viz.data.gallery import list_examples, load_example
from epool_viz.data.jaspar import load_jaspar
from epool_viz.data.sequences import read_sequences
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
        "import sys; from epool_viz.data.gallery import load_example; load_example('crp_sites');"
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
    files = [path for path in BUNDLED.iterdir() if path.name != "README.md"]
    assert sorted(listed.values()) == sorted(path.name for path in files)
    for path in files:
        data = path.read_bytes()
        assert listed.get(hashlib.sha256(data).hexdigest()) == path.name
        assert len(data) < 1_000_000
