"""`epool-viz pwm`: the file says what the library says."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from epool_viz import Motif, estimate_base, kernel_to_pwm, load_example, read_motifs, write_meme
from tests.app.here import Here

KERNEL = np.array(
    [[0.5, -1.0, 2.0, 0.1, 0.0], [-0.3, 0.2, 0.1, 0.4, 1.5], [1.2, 0.7, -0.4, 0, 0], [-1, 0, 0.3, 2, 0.2]]
)
Q = (0.4, 0.1, 0.2, 0.3)


@pytest.fixture
def kernel_file(tmp_path: Path) -> Path:
    path = tmp_path / "filter.txt"
    path.write_text(
        "\n".join(f"{letter} " + " ".join(map(str, row)) for letter, row in zip("ACGT", KERNEL, strict=True))
    )
    return path


def test_pwm_writes_what_the_library_computes(call: Here, kernel_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.meme"
    said = call("pwm", kernel_file, "--base", 3, "--background", "4,1,2,3", "--out", out)
    assert (said.code, said.out) == (0, "")
    (motif,) = read_motifs(out)
    expected = kernel_to_pwm(KERNEL, base=3, background=Q)
    np.testing.assert_allclose(motif.ppm, expected.ppm, rtol=1e-12)
    np.testing.assert_allclose(motif.background, Q, rtol=1e-12)
    assert f"score = {float(expected.offset):.10g} + log odds" in said.err
    assert said.err.startswith("filter: G")


def test_pwm_prints_meme_where_no_file_is_named(call: Here, kernel_file: Path) -> None:
    said = call("pwm", kernel_file)
    assert said.out.startswith("MEME version 4\n")
    assert "base e^1;" in said.err


def test_m_is_the_logarithm_of_the_base(call: Here, kernel_file: Path) -> None:
    assert call("pwm", kernel_file, "--m", 2).out == call("pwm", kernel_file, "--base", math.exp(2)).out


def test_fit_takes_the_base_of_maximum_likelihood(call: Here, kernel_file: Path) -> None:
    base = estimate_base(KERNEL, load_example("crp0"))
    assert f"base e^{math.log(base):.6g};" in call("pwm", kernel_file, "--fit", "example:crp0").err


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_arrays_of_several_kernels_become_several_motifs(call: Here, tmp_path: Path, ending: str) -> None:
    kernels = np.stack([KERNEL, -KERNEL, 2 * KERNEL])
    path = tmp_path / f"conv.{ending}"
    if ending == "npy":
        np.save(path, kernels.astype(np.float32))
    else:
        np.savez(path, conv=kernels.astype(np.float32))
    out, logo = tmp_path / "out.meme", tmp_path / "logo.svg"
    assert call("pwm", path, "--out", out, "--logo", logo).code == 0
    motifs = read_motifs(out)
    assert [motif.name for motif in motifs] == ["conv-0", "conv-1", "conv-2"]
    np.testing.assert_allclose(motifs[1].ppm, kernel_to_pwm(-KERNEL).ppm, rtol=1e-6)
    assert sorted(file.name for file in tmp_path.glob("*.svg")) == ["logo-1.svg", "logo-2.svg", "logo-3.svg"]


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_logo_is_written_by_the_ending(
    call: Here, kernel_file: Path, tmp_path: Path, ending: str, begins: bytes
) -> None:
    logo = tmp_path / f"logo.{ending}"
    assert call("pwm", kernel_file, "--logo", logo, "--kind", "log odds").code == 0
    assert logo.read_bytes().startswith(begins)


def test_numbers_that_look_like_something_else_are_said(call: Here, tmp_path: Path) -> None:
    path = tmp_path / "ones.txt"
    path.write_text("A 1 0\nC 0 1\nG 0 0\nT 0 0\n")
    assert "The numbers look like probabilities; they are taken as a kernel all the same." in call("pwm", path).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.txt"], "`KERNEL_FILE` is 'missing.txt', which is no file; accepted: a file with a kernel"),
        (["{file}", "--base", "0.5"], "`--base` is 0.5; accepted: a finite number > 1"),
        (["{file}", "--background", "1,2,3"], "or 4 positive numbers between commas, for A, C, G, T"),
        (["{file}", "--background", "sequences"], 'accepted: "uniform", or 4 positive numbers'),
        (["{file}", "--logo", "logo.bmp"], "accepted: a name that ends in .svg, .png or .pdf"),
        (["{file}", "--out", "no/such/folder.meme"], "no/such/folder.meme"),
        (["{file}", "--fit", "example:nothing"], "'nothing'"),
    ],
)  # fmt: skip
def test_mistakes_end_with_1_and_one_line(
    call: Here, kernel_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(kernel_file.parent)
    said = call("pwm", *(each.replace("{file}", kernel_file.name) for each in arguments))
    last = said.err.splitlines()[-1]
    assert said.code == 1
    assert last.startswith("epool-viz: ")
    assert message in last
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 5)), "found the weights wrong (1, 3, 5); accepted: a convolution that reads 4 or 20 letters"),
        (
            np.zeros(5),
            "found an array of shape (5,), 'wrong'; accepted: (letter, position) or (kernel, letter, position)",
        ),
        (
            np.array([["a", "b"]]),
            "found an array of shape (1, 2) and type <U1 in 'wrong'; accepted: an .npy or .npz of plain numbers",
        ),
        (np.array([{"pickled": 1}], dtype=object), "found Python objects in 'wrong', which could run code when read"),
    ],
)
def test_array_that_is_no_kernel_is_named(call: Here, tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "wrong.npy", array, allow_pickle=True)
    said = call("pwm", tmp_path / "wrong.npy")
    assert said.code == 1
    assert message in said.err


def test_two_words_for_the_base_are_one_too_many(call: Here, kernel_file: Path) -> None:
    said = call("pwm", kernel_file, "--base", 2, "--m", 1)
    assert said.code == 2
    assert "give one of --base, --m and --fit" in said.err


def test_a_model_file_is_read_with_what_was_assumed(call: Here, tmp_path: Path) -> None:
    save_file(
        {"a.weight": np.stack([KERNEL, -KERNEL]), "a.bias": np.array([0.5, 0]), "b.weight": KERNEL[None] * 3},
        tmp_path / "m.safetensors",
    )
    said = call("pwm", tmp_path / "m.safetensors", "--out", tmp_path / "out.meme")
    assert said.code == 0
    assert "`a` is taken, the first of 2 that could read the letters; others: 'b'." in said.err
    assert "The axes of a.weight (2, 4, 5) are kernel, letter, position" in said.err
    assert f"score = {float(kernel_to_pwm(KERNEL, bias=0.5).offset):.10g} + log odds" in said.err
    assert [motif.name for motif in read_motifs(tmp_path / "out.meme")] == ["a-0", "a-1"]
    options = ["--layer", "b", "--letters", "TGCA", "--flip", "--out", tmp_path / "other.meme"]
    assert call("pwm", tmp_path / "m.safetensors", *options).code == 0
    (motif,) = read_motifs(tmp_path / "other.meme")
    np.testing.assert_allclose(motif.ppm, kernel_to_pwm(3 * KERNEL[::-1, ::-1]).ppm, rtol=1e-6)


def test_motifs_come_back_as_they_are(call: Here, tmp_path: Path) -> None:
    ppm = kernel_to_pwm(KERNEL).ppm
    write_meme(Motif("one", "", ppm, n_sites=1e9), tmp_path / "in.meme")
    assert call("pwm", tmp_path / "in.meme", "--out", tmp_path / "out.meme").code == 0
    np.testing.assert_allclose(read_motifs(tmp_path / "out.meme")[0].ppm, ppm, atol=1e-8)


def test_a_model_file_says_whether_its_kernels_were_checked_and_read_letters(call: Here, tmp_path: Path) -> None:
    save_file({"c.weight": np.arange(60, dtype="f4").reshape(3, 4, 5)}, tmp_path / "m.safetensors")
    done = call("pwm", tmp_path / "m.safetensors")
    assert "Not checked against the model: " in done.err
    assert "If nothing stands before `c`" in done.err
    assert "0 is taken" in done.err


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_an_offset_of_rounding_alone_is_shown_as_0_and_a_small_one_is_not(
    call: Here, tmp_path: Path, scale: float
) -> None:
    column = np.array([0.7, 0.1, -0.35, 0.02]) * scale
    offset = kernel_to_pwm(column[None, :, None]).offset[0]
    kernel = np.stack([column, -column, column], axis=1)[None]
    own = kernel_to_pwm(kernel).offset[0]
    for name, bias in (("zero", -own * (1 + 1e-15)), ("small", -own + 1e-9 * abs(offset))):
        save_file({"weight": kernel, "bias": np.array([bias])}, tmp_path / f"{name}.safetensors")
    assert "; score = 0 + log odds" in call("pwm", tmp_path / "zero.safetensors").err
    assert "; score = 0 + log odds" not in call("pwm", tmp_path / "small.safetensors").err


def test_offset_of_a_motif_is_0(call: Here, tmp_path: Path) -> None:
    rows = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.15, 0.05], [0.31, 0.27, 0.19, 0.23]])
    for seed in range(9):
        ppm = np.random.default_rng(seed).permutation(rows, axis=1).T
        path = tmp_path / f"{seed}.meme"
        write_meme(Motif("x", "", ppm, n_sites=13), path, background=[0.4, 0.1, 0.2, 0.3])
        assert "; score = 0 + log odds" in call("pwm", path).err
