"""One door: what the library reads every command reads, by a path, a pipe, a descriptor or standard input."""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from epool_viz import Motif, e_step_trace, parse_motifs, read_motifs, write_meme
from epool_viz.core.alphabet import RNA
from epool_viz.data.motifs.writing import write_jaspar, write_transfac
from epool_viz.data.networks.motif_kernels import log_odds
from tests.app.here import Here
from tests.browser.server import command

PPM = np.array([[0.7, 0.1, 0.05, 0.2], [0.1, 0.2, 0.05, 0.3], [0.1, 0.3, 0.05, 0.1], [0.1, 0.4, 0.85, 0.4]])
SKEWED = np.array([0.4, 0.1, 0.2, 0.3])
FASTA = ">one\nACGTTGCATTGACCAT\n>two\nTTGAACTTTGGACC\n"


def motif(**more: object) -> Motif:
    return Motif("M1", "", PPM, n_sites=20.0, **more)  # type: ignore[arg-type]


# what the library reads, by a name for it
FILES: dict[str, bytes] = {
    "meme": write_meme(motif()).encode(),
    "meme of rna": write_meme(motif(alphabet=RNA)).encode(),
    "meme with a background": write_meme(motif(background=SKEWED)).encode(),
    "jaspar": write_jaspar(Motif.from_counts(np.round(PPM * 20), name="M1")).encode(),
    "transfac": write_transfac(Motif.from_counts(np.round(PPM * 20), name="M1")).encode(),
}
FILES |= {f"{name}, packed": gzip.compress(data) for name, data in FILES.items()}
files = pytest.mark.parametrize("kind", FILES)
SCAN, PWM = ("scan", "x.fa"), ("pwm",)
EM = ("em", "x.fa", "--iterations", "1", "--init")
SIMULATE = ("simulate", "-n", "6", "--length", "9", "--sites", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    Path("x.fa").write_text(FASTA)
    yield tmp_path
    for path in tmp_path.rglob("*.wanted"):
        assert path.exists()


def run(*arguments: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(*map(str, arguments)), input=given, capture_output=True)


@files
def test_every_command_reads_every_motif_file(call: Here, kind: str) -> None:
    Path("m").write_bytes(FILES[kind])
    (expected,) = read_motifs("m")
    matrix, _ = log_odds(expected, None)
    said = call(*SCAN, "m")
    assert said.code == 0, said.err
    rows = list(csv.DictReader(io.StringIO(said.out), delimiter="\t"))
    for row, letters in zip(rows, FASTA.split()[1::2], strict=True):
        assert float(row["expectation"]) == pytest.approx(float(e_step_trace(letters, matrix).pooled), rel=1e-9)
    assert ("The motif is one of RNA: its U is read as T." in said.err) == ("rna" in kind)
    (given_back,) = parse_motifs(call(*PWM, "m").out)
    q = np.full(4, 0.25) if expected.background is None else expected.background
    np.testing.assert_allclose(given_back.ppm, softened(expected, q), rtol=0, atol=1e-9)
    assert given_back.alphabet == expected.alphabet
    (found,) = parse_motifs(call(*EM, "m").out)
    assert found.width == 4
    said = call(*SIMULATE, "m")
    assert said.code == 0
    assert ("U" in said.out.upper().replace("SIMULATED", "")) == ("rna" in kind)


def softened(given: Motif, q: np.ndarray) -> np.ndarray:
    """The motif with the imaginary site that its log odds have."""
    matrix, _ = log_odds(given, q)
    ppm = q[:, None] * np.exp(matrix)
    return ppm / ppm.sum(axis=0)


@files
@pytest.mark.parametrize("name", ["scan", "pwm", "em", "simulate"])
def test_a_pipe_says_the_same_as_a_file(call: Here, kind: str, name: str) -> None:
    Path("m").write_bytes(FILES[kind])
    begin = {"scan": SCAN, "pwm": PWM, "em": EM, "simulate": SIMULATE}[name]
    expected = call(*begin, "m")
    assert expected.code == 0
    os.mkfifo("pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(FILES[kind]))
    writer.start()
    piped = call(*begin, "pipe")
    os.close(os.open("pipe", os.O_RDONLY | os.O_NONBLOCK))
    writer.join()
    assert piped.code == 0
    assert piped.out == expected.out
    read, write = os.pipe()
    os.write(write, FILES[kind])
    os.close(write)
    assert call(*begin, f"/dev/fd/{read}").out == expected.out
    os.close(read)


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input_is_read_by_every_argument(call: Here, name: str, packed: bool) -> None:
    Path("m").write_bytes(FILES["transfac"])
    sequences = gzip.compress(FASTA.encode()) if packed else FASTA.encode()
    motifs = FILES["transfac, packed"] if packed else FILES["transfac"]
    calls = [
        (("scan", name, "m"), ("scan", "x.fa", "m"), sequences),
        (("scan", "x.fa", name), ("scan", "x.fa", "m"), motifs),
        (("pwm", name), ("pwm", "m"), motifs),
        (("pwm", "m", "--fit", name), ("pwm", "m", "--fit", "x.fa"), sequences),
        (("em", name, "--width", 4), ("em", "x.fa", "--width", 4), sequences),
    ]
    for typed, plain, given in calls:
        said = call(*typed, given=given)
        assert said.code == 0, said.err
        expected = call(*plain).out
        assert said.out.replace("standard input", "m") == expected


def test_a_network_comes_through_a_pipe(call: Here, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    kernels = rng.normal(size=(2, 4, 5)).astype(np.float32)
    np.save("k.npy", kernels)
    torch.save({"conv.weight": torch.from_numpy(kernels)}, "k.pt")
    expected = [each.ppm for each in parse_motifs(call("pwm", "k.npy").out)]
    for file in ("k.npy", "k.pt"):
        done = run("pwm", "-", given=Path(file).read_bytes())
        assert done.returncode == 0, done.stderr
        found = [each.ppm for each in parse_motifs(done.stdout.decode())]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=0)


def test_weights_in_a_file_beside_a_graph_are_read(call: Here, rng: np.random.Generator) -> None:
    onnx = pytest.importorskip("onnx")
    kernels = rng.normal(size=(2, 4, 5)).astype(np.float32)
    np.save("k.npy", kernels)
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    ends = [onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", ["N", 4, 19]), ("y", None))]
    stored = onnx.numpy_helper.from_array(kernels, "w")
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", ends[:1], ends[1:], [stored]))
    Path("sub").mkdir()
    onnx.save(model, "sub/m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    said = call("pwm", "sub/m.onnx")
    assert said.code == 0, said.err
    found, expected = ([each.ppm for each in parse_motifs(text)] for text in (said.out, call("pwm", "k.npy").out))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=0)


def test_a_background_in_the_file_is_used_or_said_not_to_be(call: Here) -> None:
    Path("m").write_bytes(FILES["meme with a background"])
    expected = read_motifs("m")[0]
    said = call(*SCAN, "m")
    theirs, ours = "A 0.4, C 0.1, G 0.2, T 0.3", "A 0.25, C 0.25, G 0.25, T 0.25"
    remark = f"The background in the motif file ({theirs}) is not used, but --background: {ours}."
    assert remark in said.err
    used = call(*SCAN, "m", "--background", "motif")
    assert "is not used" not in used.err
    row = next(csv.DictReader(io.StringIO(used.out), delimiter="\t"))
    trace = e_step_trace(FASTA.split()[1], log_odds(expected, SKEWED)[0], background=SKEWED)
    assert float(row["expectation"]) == pytest.approx(float(trace.pooled), rel=1e-9)
    assert "The background in the motif file" in call(*EM, "m").err
    assert remark in call(*SIMULATE, "m").err
    assert "The background is the file's" in call(*PWM, "m").err
    assert remark in call(*PWM, "m", "--background", "uniform").err
    Path("m").write_bytes(FILES["jaspar"])
    assert "`--background` is 'motif', and the motif has none" in call(*SCAN, "m", "--background", "motif").err


@pytest.mark.parametrize("background", [None, "uniform", "1,2,3,4"])
def test_pwm_gives_motifs_back_each_at_its_width(call: Here, background: str | None) -> None:
    short = Motif("M2", "", PPM[:, 1:3], n_sites=20.0, background=SKEWED)
    write_meme([motif(background=SKEWED), short], "two")
    said = call("pwm", "two", *(() if background is None else ("--background", background)))
    found = parse_motifs(said.out)
    q = {None: SKEWED, "uniform": np.full(4, 0.25), "1,2,3,4": np.array([1, 2, 3, 4]) / 10}[background]
    for each, given in zip(found, read_motifs("two"), strict=True):
        np.testing.assert_allclose(each.ppm, softened(given, q), rtol=0, atol=1e-9)
        np.testing.assert_allclose(each.background, q, rtol=1e-9)


def test_protein_motifs_are_no_motifs_of_dna(call: Here) -> None:
    from epool_viz.core.alphabet import PROTEIN

    write_meme(Motif("P", "", np.full((20, 3), 0.05), alphabet=PROTEIN), "m")
    assert "`MOTIF` is 'P', a motif of protein; accepted: a motif of DNA or RNA" in call(*SCAN, "m").err
    assert "`--init` is 'P', a motif of protein" in call(*EM, "m").err


def test_sequences_shorter_than_the_motif_are_named(call: Here) -> None:
    Path("x.fa").write_text(FASTA + ">tiny\nAC\n>small one\nACG\n")
    Path("m").write_bytes(FILES["meme"])
    said = call(*SCAN, "m")
    assert "2 left empty; the first is 'tiny': " in said.err
    assert "; the others: 'small one'" in said.err
    assert "2 sequences shorter than 4 letters are left out: 'tiny', 'small one'" in call(*EM, "m").err


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        (("scan", "{}", "m"), "SEQUENCES"),
        (("scan", "x.fa", "{}"), "MOTIF"),
        (("pwm", "{}"), "KERNEL_FILE"),
        (("pwm", "m", "--fit", "{}"), "--fit"),
        (("em", "{}"), "SEQUENCES"),
        (("em", "x.fa", "--init", "{}"), "--init"),
        (("simulate", "{}"), "MOTIF"),
        (("train", "{}"), "DATA"),
        (("train", "x.fa", "--test", "{}"), "--test"),
        (("race", "{}"), "DATA"),
        (("race", "x.fa", "--test", "{}"), "--test"),
    ],
    ids=str,
)
def test_what_is_no_file_is_named_by_its_argument(
    call: Here, arguments: tuple[str, ...], argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from epool_viz.data import opening

    monkeypatch.setattr(opening, "PATIENCE", 0.1)
    Path("m").write_bytes(FILES["meme"])
    os.mkfifo("pipe")
    for wrong in ("./nowhere", ".", "./pipe", "/dev/zero"):
        said = call(*(each.format(wrong) for each in arguments))
        assert (said.code, said.out) == (1, "")
        lines = said.err.splitlines()
        assert lines[-1].startswith(f"epool-viz: `{argument}` is '{wrong}'"), said.err


def test_both_inputs_through_one_pipe_are_refused(call: Here) -> None:
    os.mkfifo("pipe")
    said = call("scan", "pipe", "./pipe")
    assert said.code == 1
    assert "`MOTIF` is './pipe', which SEQUENCES is as well and which can be read once only" in said.err
