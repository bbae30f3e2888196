"""What commands write: never over what they read, never over a file unasked, and never half."""

from __future__ import annotations

import gzip
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from epool_viz import read_model, read_motifs
from epool_viz.app.commands.outputs import require_places
from epool_viz.errors import ArgumentError
from tests.app.here import Here
from tests.browser.server import command
from tests.test_writing import largest_file, small_disk

__all__ = ["small_disk"]

FASTA = "".join(f">s{i}\n{'ACGTTGCA' * 4}\n" for i in range(12))
KERNEL = "1.0 -0.5 0.25\n-1 2 0\n0.5 0.5 -2\n0 -1 1\n"
MEME = """MEME version 4

ALPHABET= ACGT

MOTIF M1
letter-probability matrix: alength= 4 w= 3
0.7 0.1 0.1 0.1
0.1 0.2 0.3 0.4
0.05 0.05 0.05 0.85
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with inputs, in which the commands run; they are there unchanged afterwards."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    inputs = {"x.fa": FASTA, "k.txt": KERNEL, "m.meme": MEME}
    for name, text in inputs.items():
        Path(name).write_text(text)
    (place / "link.fa").symlink_to("x.fa")
    os.link("x.fa", "hard.fa")
    yield place
    assert {name: (place / name).read_text() for name in inputs} == inputs
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()], "nothing hidden is left"


@pytest.fixture
def labelled(folder: Path) -> Path:
    """Data to train on."""
    rows = (f">s{i} {'ACGTTGCAGG' if i % 2 else 'TTTTTACCCA'} {i % 2}\n" for i in range(40))
    (folder / "d.txt").write_text("".join(rows))
    return folder / "d.txt"


SMALL = ("--kernels", 2, "--width", 3, "--epochs", 1)

# commands that write something to `out`, by what stands before it
WRITING: dict[str, tuple[object, ...]] = {
    "scan": ("scan", "x.fa", "k.txt", "--out"),
    "pwm": ("pwm", "k.txt", "--out"),
    "pwm --logo": ("pwm", "k.txt", "--logo"),
    "em": ("em", "x.fa", "--width", 3, "--starts", 1, "--iterations", 2, "--out"),
    "em --sites": ("em", "x.fa", "--width", 3, "--starts", 1, "--iterations", 2, "--sites"),
    "simulate": ("simulate", "m.meme", "-n", 8, "--length", 9, "--truth", "truth.tsv", "--out"),
    "simulate --truth": ("simulate", "m.meme", "-n", 8, "--length", 9, "--truth"),
    "train": ("train", "d.txt", *SMALL, "--hold-out", 0, "--out"),
}
writing = pytest.mark.parametrize("name", WRITING)


ALSO_CALLED = {"x.fa": ["x.fa", "link.fa", "hard.fa", "../here/x.fa", "./x.fa"]}
TAKEN = [
    (name, way)
    for name, begin in WRITING.items()
    for taken in ("x.fa", "m.meme", "k.txt", "d.txt")
    for way in ALSO_CALLED.get(taken, [taken])
    if taken in begin
]


@pytest.mark.parametrize(("name", "taken"), TAKEN)
def test_no_input_is_written_over_by_whatever_name(call: Here, labelled: Path, name: str, taken: str) -> None:
    begin = WRITING[name]
    before = labelled.read_bytes()
    said = call(*begin, taken, "--force")
    assert said.code == 1
    assert f"`{begin[-1]}` is '{Path(taken)}', which " in said.err
    assert " is as well; accepted: another path" in said.err
    assert labelled.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("em", "x.fa", "--out", "y", "--sites", "y"), "`--sites` is 'y', which --out is as well"),
        (("em", "x.fa", "--out", "y", "--sites", "./y"), "`--sites` is 'y', which --out is as well"),
        (("em", "x.fa", "--out", "y", "--sites", "Y"), "`--sites` is 'Y', which --out is as well"),
        (("em", "x.fa", "--sites", "-"), "`--sites` is '-', which --out is as well"),
        (("em", "x.fa", "--init", "m.meme", "--out", "m.meme"), "`--out` is 'm.meme', which --init is as well"),
        (("em", "x.fa", "--init", "m.meme", "--sites", "m.meme"), "`--sites` is 'm.meme', which --init is as well"),
        (("pwm", "k.txt", "--out", "y.svg", "--logo", "y.svg"), "`--logo` is 'y.svg', which --out is as well"),
        (("pwm", "k.txt", "--fit", "x.fa", "--out", "x.fa"), "`--out` is 'x.fa', which --fit is as well"),
        (("simulate", "m.meme", "--out", "y", "--truth", "y"), "`--truth` is 'y', which --out is as well"),
        (("simulate", "m.meme", "--out", "m.sites.tsv"), "`--truth` is 'm.sites.sites.tsv'"),
        (("scan", "-", "-"), "`MOTIF` is '-', which SEQUENCES is as well and which can be read once only"),
        (("train", "d.txt", "--test", "x.fa", "--out", "x.fa"), "`--out` is 'x.fa', which --test is as well"),
        (("train", "m.unfinished", "--out", "m"), "`--out` is 'm.unfinished', which DATA is as well"),
        (("train", "d.txt", "--out", "-"), "`--out` is '-', standard output"),
        (("train", "d.txt", "--out", "."), "`--out` is '.', which is a folder"),
        (("train", "d.txt", "--out", ".."), "`--out` is '..', which is a folder"),
        (("train", "d.txt", "--out", ""), "`--out` is"),
        (("race", "d.txt", "--out", "x.fa"), "`--out` is 'x.fa', which is no folder"),
        (("race", "d.txt", "--out", "-"), "`--out` is '-', standard output"),
        (("race", "race/race.tsv", "--out", "race", "--force"), "`--out` is 'race/race.tsv', which DATA is as well"),
        (("scan", "x.fa", "k.txt", "--out", "x.fa/y"), "`--out` is in 'x.fa', which is no folder"),
        (("scan", "x.fa", "k.txt", "--out", "n" * 300), "(File name too long)"),
        (("train", "d.txt", "--out", "n" * 250), "(File name too long)"),
        (("race", "d.txt", "--out", "n" * 300), "(File name too long)"),
    ],
    ids=str,
)
def test_places_that_meet_or_are_none_are_refused(
    call: Here, labelled: Path, arguments: tuple[object, ...], message: str
) -> None:
    Path("m.unfinished").write_bytes(labelled.read_bytes())
    Path("m.sites.sites.tsv").touch()
    Path("race").mkdir()
    Path("race/race.tsv").write_bytes(labelled.read_bytes())
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    said = call(*arguments)
    assert said.code == 1
    assert message in said.err
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def ending(name: str) -> str:
    return "out.svg" if "logo" in name else "out.txt"


@writing
def test_a_file_that_is_there_is_replaced_by_force_only(call: Here, labelled: Path, name: str) -> None:
    out = Path(ending(name))
    out.write_text("dear")
    refused = call(*WRITING[name], out)
    assert (refused.code, refused.out) == (1, "")
    message = (
        f"`{WRITING[name][-1]}` is '{out}', which is there already; accepted: --force to replace it, or another path"
    )
    assert message in refused.err
    assert out.read_text() == "dear"
    assert call(*WRITING[name], out, "--force").code == 0
    assert out.read_bytes() != b"dear"


@writing
def test_what_cannot_be_written_is_named_and_leaves_the_old(
    call: Here, labelled: Path, name: str, small_disk: Path
) -> None:
    (small_disk / "filling").write_bytes(b"x" * (65536 - 4 * 4096))
    out = small_disk / ending(name)
    out.write_text("dear" * 2000)
    said = call(*WRITING[name], out, "--force")
    if said.code == 0:  # it fits
        assert out.stat().st_size < 8192
        return
    assert f"`{WRITING[name][-1]}` is '{out}', which cannot be written (No space left on device)" in said.err.replace(
        ".unfinished", ""
    ).replace("`path`", f"`{WRITING[name][-1]}`").replace("`checkpoint`", f"`{WRITING[name][-1]}`")
    assert out.read_text() == "dear" * 2000


@writing
def test_a_limit_on_files_leaves_the_old_and_nothing_half(call: Here, labelled: Path, name: str) -> None:
    out = Path(ending(name))
    out.write_text("dear")
    with largest_file(40):
        said = call(*WRITING[name], out, "--force")
    assert said.code == 1
    assert "which cannot be written (File too large)" in said.err
    assert out.read_text() == "dear"


@pytest.mark.parametrize("name", ["scan", "pwm", "em", "simulate"])
def test_dash_is_standard_output(call: Here, name: str) -> None:
    assert call(*WRITING[name], "-", "--force").out == call(*WRITING[name][:-1], "--force").out != ""
    assert not Path("-").exists()


def test_sites_go_to_standard_output_beside_a_file(call: Here) -> None:
    said = call(*WRITING["em"], "y.meme", "--sites", "-")
    assert said.code == 0
    assert said.out.startswith("sequence\tmotif\t")
    assert len(read_motifs("y.meme")) == 1


def test_packed_names_are_packed(call: Here) -> None:
    for name in ("pwm", "scan"):
        plain = call(*WRITING[name][:-1]).out
        assert call(*WRITING[name], "y.gz", "--force").code == 0
        assert gzip.decompress(Path("y.gz").read_bytes()).decode() == plain


def test_several_logos_are_asked_for_together(call: Here) -> None:
    Path("two.meme").write_text(MEME + MEME[MEME.index("MOTIF") :].replace("M1", "M2"))
    Path("l-2.svg").write_text("dear")
    said = call("pwm", "two.meme", "--logo", "l.svg")
    assert said.code == 1
    assert "`--logo` is 'l-2.svg', which is there already" in said.err
    assert not Path("l-1.svg").exists()
    assert call("pwm", "two.meme", "--logo", "l.svg", "--force").code == 0


def test_a_race_is_not_written_over(call: Here, labelled: Path) -> None:
    arguments = ("race", labelled, "--methods", "max", *SMALL, "--hold-out", 0, "--out", "race")
    assert call(*arguments).code == 0
    before = {path.name: path.read_bytes() for path in Path("race").iterdir()}
    said = call(*arguments)
    assert said.code == 1
    assert "`--out` is 'race/race.tsv', which is there already (and 2 more files)" in said.err
    assert {path.name: path.read_bytes() for path in Path("race").iterdir()} == before
    assert call(*arguments, "--seeds", 7).code == 1  # the table would be another's
    assert call(*arguments, "--force").code == 0


def on_a_terminal(answer: str, *arguments: str) -> tuple[int, str]:
    """What a command ends with and shows where a person answers it."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command(*arguments), stdin=slave, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    os.write(master, answer.encode())
    shown = b""
    while True:
        try:
            chunk = os.read(master, 1000)
        except OSError:  # Linux says so when the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(master)
    return process.wait(timeout=60), shown.decode()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_asks(answer: str, code: int) -> None:
    Path("y.meme").write_text("dear")
    ended, shown = on_a_terminal(answer, "pwm", "k.txt", "--out", "y.meme")
    assert "Replace y.meme? [y/N]" in shown
    assert ended == code
    assert (Path("y.meme").read_text() == "dear") == (code == 1)


# standard output


def run(*arguments: str, stdout: object = subprocess.PIPE, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload]
        command(*arguments), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, **more
    )


@pytest.mark.parametrize("name", ["scan", "pwm", "em", "simulate"])
def test_standard_output_that_is_full_closed_or_left_is_no_traceback(name: str) -> None:
    arguments = [str(each) for each in WRITING[name][:-1]] + ["--force"]
    with Path("/dev/full").open("w") as full:
        said = run(*arguments, stdout=full)
    assert said.returncode == 1
    assert "`standard output` is one that takes no more (No space left on device)" in said.stderr
    shell = " ".join(command(*arguments))
    closed = subprocess.run(f"{shell} >&-", shell=True, stderr=subprocess.PIPE, text=True)
    assert closed.returncode == 1
    assert "`standard output` is closed" in closed.stderr
    read, write = os.pipe()
    os.close(read)
    left = run(*arguments, stdout=write)
    os.close(write)
    assert left.returncode == 0
    for each in (said, closed, left):
        assert "Traceback" not in each.stderr
        assert "Exception" not in each.stderr


def test_output_appended_to_an_input_is_refused() -> None:
    with Path("x.fa").open("a") as file:
        said = run("scan", "x.fa", "k.txt", stdout=file)
    assert said.returncode == 1
    assert "`SEQUENCES` is 'x.fa', to which standard output goes" in said.stderr


def test_a_deaf_standard_error_is_no_mistake() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command("pwm", "k.txt"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert done.stdout.startswith(b"MEME version")


def test_names_that_are_no_text_are_no_traceback(call: Here) -> None:
    odd = Path(os.fsdecode(b"k\xff.txt"))
    odd.write_text(KERNEL)
    said = run("pwm", str(odd), env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert said.returncode == 0, said.stderr
    assert "MOTIF k" in said.stdout
    assert call("pwm", odd, "--out", os.fsdecode(b"\xfe.meme")).code == 0


def test_the_end_of_a_terminal_leaves_nothing_half() -> None:
    code = """
import os, signal, sys
from epool_viz import _writing
from epool_viz.app.cli import main
fsync = os.fsync
def kill(descriptor):
    os.kill(os.getpid(), int(sys.argv[1]))
    fsync(descriptor)
os.fsync = kill
main(["pwm", "k.txt", "--out", "y.meme", "--force"])
"""
    for number in (1, 2, 15):
        Path("y.meme").write_text("dear")
        done = subprocess.run([sys.executable, "-c", code, str(number)], capture_output=True, text=True)
        assert done.returncode in (1, 128 + number), done
        assert "Traceback" not in done.stderr
        assert Path("y.meme").read_text() == "dear"
        assert not list(Path().glob(".*.part"))


def test_training_twice_at_one_place_is_refused(call: Here, labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from epool_viz.app.commands import progress, train

    seen: list[str] = []
    tell = progress.EpochProgress.tell

    def tell_and_begin(progress: progress.EpochProgress, label: str, record: object) -> None:
        tell(progress, label, record)  # type: ignore[arg-type]
        seen.append(run("train", "d.txt", *map(str, SMALL), "--out", "m", "--resume").stderr)

    monkeypatch.setattr(progress.EpochProgress, "tell", tell_and_begin)
    assert call("train", "d.txt", *SMALL, "--hold-out", 0, "--out", "m").code == 0
    assert f"`--out` is 'm', to which another training writes (process {os.getpid()})" in seen[0]
    assert read_model("m").about["best_epoch"] == 1
    assert train is not None


def test_case_counts_among_outputs_and_devices_do_not(folder: Path) -> None:
    same: Callable[..., None] = require_places
    same([], [("--a", "/dev/null"), ("--b", "/dev/null")])
    same([("X", "a.txt")], [("--a", "A.txt")])
    with pytest.raises(ArgumentError, match="which --a is as well"):
        same([], [("--a", "é.txt"), ("--b", "e\u0301.TXT")])
