"""`epool-viz train` and `race`: what they save and print is what the library learns."""

from __future__ import annotations

import csv
import io
import re
import signal
import subprocess
import sys
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from epool_viz import (
    MotifCNN,
    SequenceSet,
    add_shuffled_negatives,
    load_example,
    load_model,
    race,
    read_model,
    read_sequences,
    split_sequences,
    train,
)
from epool_viz.app import cli
from epool_viz.app.commands import progress
from epool_viz.app.commands.train import COLUMNS, HISTORY, read_parts, read_seeds
from epool_viz.core import choices
from epool_viz.core.poolings import POOLING_NAMES
from epool_viz.data.sequences.chipseq import FOLDER_VARIABLE, URL_VARIABLE
from epool_viz.data.sequences.writing import write_sequences
from epool_viz.errors import ArgumentError
from epool_viz.models.cnn import PRESETS
from epool_viz.models.pooling import POOLINGS
from tests.app.here import Here, Said
from tests.data.sequences.chipseq_site import NAME, serving_sets

SMALL = ("--kernels", 3, "--width", 6, "--epochs", 3)


@pytest.fixture
def simulated(call: Here, tmp_path: Path) -> Path:
    """90 sequences of 40 letters, half of them with a site, as `epool-viz simulate` writes them."""
    path = tmp_path / "set.txt"
    assert call("simulate", "CTCF", "-n", 90, "--length", 40, "--seed", 2, "--out", path).code == 0
    return path


def rows(said: Said) -> list[dict[str, str]]:
    found = list(csv.DictReader(io.StringIO(said.out), delimiter="\t"))
    assert tuple(found[0]) == COLUMNS
    return found


def weights(path: Path) -> dict[str, np.ndarray]:
    return read_model(path).arrays


def assert_same_weights(one: Path, other: Path) -> None:
    assert set(weights(one)) == set(weights(other))
    for name, value in weights(one).items():
        np.testing.assert_array_equal(value, weights(other)[name])


class Stopper:
    """Sends this process a signal when the epoch `at` is told, as a person at the keyboard would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, number: int = signal.SIGINT) -> None:
        self.at, self.number, self.told = at, number, 0
        tell = progress.EpochProgress.tell

        def tell_and_stop(progress: progress.EpochProgress, label: str, record: Any) -> None:
            tell(progress, label, record)
            self.told += 1
            if self.told == self.at:
                signal.raise_signal(self.number)

        monkeypatch.setattr(progress.EpochProgress, "tell", tell_and_stop)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of signals are as they were afterwards."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


# what is offered


def test_names_offered_are_those_that_there_are() -> None:
    assert tuple(PRESETS) == choices.PRESETS
    assert tuple(POOLINGS) == POOLING_NAMES
    of_train, of_race = map(typing.get_type_hints, (cli.train_network, cli.race_poolings))
    for found in (of_train, of_race):
        assert typing.get_args(found["preset"]) == choices.PRESETS
        assert typing.get_args(found["split"]) == choices.SPLITS
    assert typing.get_args(of_train["pooling"]) == POOLING_NAMES


@pytest.mark.parametrize(("text", "seeds"), [("0", [0]), ("3,1", [3, 1]), ("0-2, 7", [0, 1, 2, 7]), ("4-4", [4])])
def test_seeds_are_numbers_and_ranges(text: str, seeds: list[int]) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "1,", "2-1", "-1", "1-", "0-2,1"])
def test_seeds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="`--seeds` is "):
        read_seeds(text)


# the data


def test_part_is_set_aside_where_there_is_no_test_set(simulated: Path) -> None:
    said: list[str] = []
    parts = read_parts(str(simulated), None, 0.3, 4, said.append)
    train_part, test_part = split_sequences(read_sequences(simulated), 0.3, seed=4)
    assert parts.train.names == train_part.names
    assert parts.test is not None
    assert parts.test.names == test_part.names
    assert said[0] == "28 of 90 sequences are set aside to test on"
    assert said[-2:] == [
        f"to train on: 62 sequences, 31 of label 1, from {simulated}",
        f"to test on: 28 sequences, 14 of label 1, from {simulated}",
    ]
    assert len(said) == len(set(said))
    assert read_parts(str(simulated), None, 0, 4, said.append).test is None


def test_set_without_labels_gets_shuffled_negatives_part_by_part() -> None:
    said: list[str] = []
    parts = read_parts("example:crp0", None, 0.2, 1, said.append)
    kept, aside = split_sequences(load_example("crp0"), 0.2, seed=1)
    assert list(parts.train) == list(add_shuffled_negatives(kept, seed=1))
    assert parts.test is not None
    assert [parts.test[i] for i in range(0, len(parts.test), 2)] == list(aside)
    assert parts.test.labels.tolist() == [1, 0] * len(aside)
    assert any(
        "the example crp0 has no labels: its 14 sequences count as bound. Negatives are" in line for line in said
    )


def test_chipseq_set_brings_its_own_test_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulated: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "sets"))
    with serving_sets() as site:
        monkeypatch.setenv(URL_VARIABLE, site.url)
        parts = read_parts(f"chipseq:{NAME}", None, 0.5, 0, lambda line: None)
        assert parts.test is not None
        assert (len(parts.train), len(parts.test)) == (3, 2)
        other = read_parts(str(simulated), f"chipseq:{NAME}", 0.5, 0, lambda line: None)
    assert other.test is not None
    assert (len(other.train), len(other.test)) == (90, 2)


# train


def test_simulated_set_is_trained_on_and_the_model_judged_alike_when_loaded(
    call: Here, simulated: Path, tmp_path: Path
) -> None:
    test = tmp_path / "test.txt"
    call("simulate", "CTCF", "-n", 50, "--length", 40, "--seed", 3, "--out", test)
    out = tmp_path / "model.safetensors"
    said = call("train", simulated, "--test", test, "--seed", 5, *SMALL, "--out", out)
    assert said.code == 0
    (row,) = rows(said)
    held = read_sequences(test)
    told = load_model(out).predict(held)
    assert row["test_auc"] == f"{roc_auc_score(held.labels, told):.6f}"
    assert row["test_auprc"] == f"{average_precision_score(held.labels, told):.6f}"
    assert (row["method"], row["seed"], row["epochs"]) == ("expectation", "5", "3")
    assert float(row["seconds"]) > 0
    # and it is the library's
    model = MotifCNN(n_kernels=3, width=6, seed=5)
    result = train(model, read_sequences(simulated), epochs=3, seed=5)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(weights(out)[name], value.numpy())
    assert read_model(out).about["best_epoch"] == result.best_epoch
    assert {path.name for path in tmp_path.iterdir()} >= {"model.safetensors"}
    assert not list(tmp_path.glob("*.unfinished"))


def test_every_option_reaches_the_training(call: Here, simulated: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    options = ("--preset", "exact", "--pooling", "expectation_mode1", "--m", 0.7, "--learn-m", "--split", "last")
    more = ("--batch-size", 11, "--patience", 2, "--learning-rate", 0.02, "--balanced", "--hold-out", 0)
    said = call("train", simulated, *options, *more, *SMALL, "--out", out)
    assert said.code == 0
    assert [rows(said)[0][column] for column in ("method", "test_auc", "test_auprc")] == ["expectation_mode1", "", ""]
    stored = read_model(out)
    assert stored.settings["preset"] == "exact"
    pooling = stored.settings["pooling"]
    assert (pooling["mode"], pooling["trainable"]) == (1, True)
    assert pooling["m"] == pytest.approx(0.7, abs=0.2)
    assert pooling["m"] != 0.7
    told = stored.about["training"]
    assert (told["batch_size"], told["patience"], told["learning_rate"]) == (11, 2, 0.02)
    assert (told["split"], told["class_weight"], told["seed"], told["epochs"]) == ("last", "balanced", 0, 3)


def test_log_has_a_line_an_epoch(call: Here, simulated: Path, tmp_path: Path) -> None:
    said = call("train", simulated, *SMALL, "--out", tmp_path / "m.safetensors")
    lines = [line for line in said.err.splitlines() if ", epoch " in line]
    record = read_model(tmp_path / "m.safetensors").about["history"][1]
    assert len(lines) == 3
    assert lines[1].startswith(
        f"expectation, epoch 2 of 3: loss {record['loss']:.4f}, validation {record['val_loss']:.4f}, "
        f"AUC {record['val_auc']:.4f}, "
    )
    assert "\x1b" not in said.err


@pytest.mark.parametrize("command", ["train", "race"])
def test_what_the_library_notes_is_said(
    call: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    call("simulate", "CTCF", "-n", 90, "--length", 40, "--positive-fraction", 0.1, "--out", "rare.txt")
    said = call(command, "rare.txt", *SMALL)
    assert said.err.count("Label 1 is rare: 7 of 72.") == 1


def test_terminal_has_bars_that_go_away(
    call: Here, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    said = call("race", simulated, *SMALL, "--epochs", 100, "--patience", 1, "--methods", "max,expectation_mode1")
    assert said.code == 0
    assert ", epoch 1 of 100" not in said.err
    assert "max seed 0" in said.err
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.err)
    # the longest name and all that stands beside it fit into 80 columns
    assert re.search(r"expectation_mode1 seed 0 \S+ +\d+/100 validation 0\.\d{4}, AUC 0\.\d{4} \d:\d\d:\d\d", plain)
    assert "\x1b[?25h" in said.err  # the cursor is shown again
    assert said.err.endswith("\x1b[1A\x1b[2K")  # and the last line is wiped
    assert len(rows(said)) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_training_keeps_what_was_learnt_and_goes_on(
    call: Here, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    out, whole = tmp_path / "m.safetensors", tmp_path / "whole.safetensors"
    arguments = ("train", simulated, "--kernels", 3, "--width", 6, "--epochs", 5)
    assert call(*arguments, "--out", whole).code == 0
    with monkeypatch.context() as patch:
        Stopper(patch, 2, number)
        said = call(*arguments, "--out", out)
    assert said.code == 128 + number
    assert "stopping; once more ends at once" in said.err
    assert said.err.count("stopping") == 1
    assert "the same command with --resume continues from here" in said.err
    assert rows(said)[0]["epochs"] == "2"
    assert len(read_model(out).about["history"]) == 2
    refused = call(*arguments, "--out", out)
    assert refused.code == 1
    assert "m.safetensors.unfinished', an unfinished training; accepted: --resume to continue it" in refused.err
    assert call(*arguments, "--out", out, "--resume").code == 0
    assert_same_weights(out, whole)
    assert not list(tmp_path.glob("*.unfinished"))


def test_stop_before_the_first_epoch_saves_nothing(
    call: Here, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter = progress.EpochProgress.__enter__

    def enter_and_stop(progress: progress.EpochProgress) -> progress.EpochProgress:
        signal.raise_signal(signal.SIGINT)
        return enter(progress)

    monkeypatch.setattr(progress.EpochProgress, "__enter__", enter_and_stop)
    said = call("train", simulated, *SMALL, "--out", tmp_path / "m.safetensors")
    assert (said.code, said.out) == (130, "")
    assert "nothing is saved: not one epoch was finished" in said.err
    assert not (tmp_path / "m.safetensors").exists()


def test_second_ctrl_c_ends_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    said: list[str] = []
    with progress.StopOnSignal(said.append) as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert stop.exit_code == 130
    assert len(said) == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with progress.StopOnSignal(lambda line: None) as stop:
            signal.raise_signal(signal.SIGINT)
            assert not stop.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_resume_without_anything_to_go_on_with_begins(call: Here, simulated: Path, tmp_path: Path) -> None:
    assert call("train", simulated, *SMALL, "--out", tmp_path / "m.safetensors", "--resume").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pooling", "max", "--m", 2), "`--pooling` is 'max' with m; accepted: a method with the parameters"),
        (("--hold-out", 1), "`--hold-out` is 1; accepted: a share, from 0 to below 1"),
        (("--out", "nowhere/m.safetensors"), "`--out` is in 'nowhere', which is no folder"),
        (("--test", "nosuch.txt"), "`--test` is 'nosuch.txt' (No such file or directory)"),
        (("--preset", "exact", "--width", 41), "`DATA` is 40 letters long; accepted: at least the kernels' width"),
        (
            ("--preset", "exact", "--learning-rate", 1e37),
            "nothing was learnt: the loss was no number in the first epoch",
        ),
    ],
)
def test_mistake_of_train_is_told_with_exit_code_1(
    call: Here, simulated: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    said = call("train", simulated, "--epochs", 2, "--out", tmp_path / "m.safetensors", *arguments)
    assert (said.code, said.out) == (1, "")
    assert f"epool-viz: {message}" in said.err
    assert not (tmp_path / "m.safetensors").exists()


@pytest.mark.parametrize("arguments", [("--pooling", "median"), ("--preset", "own"), ("--epochs", 0)])
def test_wrong_choice_ends_with_2(call: Here, simulated: Path, arguments: tuple[object, ...]) -> None:
    assert call("train", simulated, *arguments).code == 2


# race


def test_race_prints_and_keeps_what_the_library_finds(call: Here, simulated: Path, tmp_path: Path) -> None:
    out = tmp_path / "race"
    said = call("race", simulated, "--methods", "max, expectation", "--seeds", "3-4", *SMALL, "--out", out)
    assert said.code == 0
    train_part, test_part = split_sequences(read_sequences(simulated), 0.2, seed=3)
    expected = race(
        train_part, test=test_part, methods=["max", "expectation"], seeds=[3, 4], n_kernels=3, width=6, epochs=3
    )
    found = rows(said)
    assert [(row["method"], row["seed"]) for row in found] == [(run.method, str(run.seed)) for run in expected.runs]
    for row, run in zip(found, expected.runs, strict=True):
        assert row["test_auc"] == f"{run.test_auc:.6f}"
        assert row["test_auprc"] == f"{run.test_auprc:.6f}"
        assert row["epochs"] == str(len(run.history))
        model = load_model(out / f"{run.method}-seed{run.seed}.safetensors")
        assert f"{roc_auc_score(test_part.labels, model.predict(test_part)):.6f}" == row["test_auc"]
    assert (out / "race.tsv").read_text() == said.out
    history = list(csv.DictReader(io.StringIO((out / "history.tsv").read_text()), delimiter="\t"))
    assert tuple(history[0]) == HISTORY
    assert len(history) == 4 * 3
    last = expected.runs[-1].history[-1]
    assert float(history[-1]["val_loss"]) == pytest.approx(last.val_loss, rel=1e-9)
    assert history[-1]["is_best"] == str(int(last.is_best))
    assert [row["m"] for row in history[::6]] == ["", ""]  # max has none
    assert {path.name for path in out.iterdir()} == {
        "race.tsv", "history.tsv", *(f"{m}-seed{s}.safetensors" for m in ("max", "expectation") for s in (3, 4)),
    }  # fmt: skip


def test_stopped_race_reports_what_was_learnt_and_goes_on(
    call: Here, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("race", simulated, "--methods", "max,average", "--seeds", "0-1", *SMALL)
    assert call(*arguments, "--out", tmp_path / "whole").code == 0
    with monkeypatch.context() as patch:
        Stopper(patch, 3)  # max has had two epochs; average learnt from the same batches, and has had them too
        said = call(*arguments, "--out", tmp_path / "race")
    assert said.code == 130
    assert [(row["method"], row["seed"], row["epochs"]) for row in rows(said)] == [
        ("max", "0", "2"), ("average", "0", "2"),
    ]  # fmt: skip
    assert call(*arguments, "--out", tmp_path / "race").code == 1
    again = call(*arguments, "--out", tmp_path / "race", "--resume")
    assert again.code == 0
    assert len(rows(again)) == 4
    for path in (tmp_path / "whole").glob("*.safetensors"):
        assert_same_weights(path, tmp_path / "race" / path.name)
    assert not (tmp_path / "race" / "unfinished").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--methods", "max,median"), "`--methods` is 'median'"),
        (("--methods", "max,max"), "`--methods` is 'max' twice"),
        (("--seeds", "x"), "`--seeds` is 'x'"),
        (("--resume",), "`--resume` is given without --out"),
        (("--out", "nowhere/race"), "`--out` is in 'nowhere', which is no folder"),
    ],
)
def test_mistake_of_race_is_told_with_exit_code_1(
    call: Here, simulated: Path, arguments: tuple[object, ...], message: str
) -> None:
    said = call("race", simulated, *SMALL, *arguments)
    assert (said.code, said.out) == (1, "")
    assert f"epool-viz: {message}" in said.err


# what it costs


def test_without_torch_the_extra_is_named_before_anything_is_read() -> None:
    code = """
        import importlib.util, sys
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
        from epool_viz.app.cli import main
        main([sys.argv[1], "nosuch.txt"])
    """
    for name in ("train", "race"):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), name],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 1
        assert done.stderr == (
            'epool-viz: training a network needs torch; install it with: pip install "epool-viz[train]"\n'
        )


def test_unlabelled_strings_can_be_written_and_trained_on(call: Here, tmp_path: Path) -> None:
    path = tmp_path / "bound.fa"
    write_sequences(SequenceSet.from_strings(list(load_example("ctcf_peaks"))[:40]), path)
    said = call("race", path, "--methods", "max", *SMALL)
    assert said.code == 0
    assert "count as bound" in said.err
    assert 0 <= float(rows(said)[0]["test_auc"]) <= 1
