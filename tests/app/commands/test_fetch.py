"""`epool-viz fetch`: the catalogue, and sets of a site on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from epool_viz.data.sequences.chipseq import FOLDER_VARIABLE, URL_VARIABLE
from tests.app.here import Here
from tests.data.sequences.chipseq_site import NAME, TEST, TRAIN, serving_sets


def test_list_prints_the_sets_that_hold_every_word(call: Here) -> None:
    said = call("fetch", "--list", "dnd41", "ezh2")
    assert (said.code, said.err) == (0, "")
    assert said.out == f"name\tcell\tfactor\n{NAME}\tDnd41\tEZH2\n"
    assert len(call("fetch", "--list").out.splitlines()) == 1 + 690


@pytest.mark.parametrize("bars", [False, True])
def test_fetched_files_are_told_with_their_sizes(
    call: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bars: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: bars)
    with serving_sets() as site:
        said = call("fetch", "BroadDnd41Ezh239875", "--url", site.url, "--folder", tmp_path)
    assert said.code == 0
    assert [line.split("\t") for line in said.out.splitlines()] == [
        ["name", "part", "sequences", "bound", "file"],
        [NAME, "train", "3", "2", str(tmp_path / NAME / "train.data")],
        [NAME, "test", "2", "1", str(tmp_path / NAME / "test.data")],
    ]
    assert (tmp_path / NAME / "train.data").read_bytes() == TRAIN
    assert (tmp_path / NAME / "test.data").read_bytes() == TEST
    assert (f"{NAME}, train" in said.err) == bars


def test_environment_says_address_and_folder(call: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_sets() as site:
        monkeypatch.setenv(URL_VARIABLE, site.url)
        monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
        assert call("fetch", NAME).code == 0
    assert (tmp_path / NAME / "train.data").is_file()


def test_missing_set_is_one_line_and_exit_code_1(call: Here, tmp_path: Path) -> None:
    with serving_sets() as site:
        site.files.clear()
        said = call("fetch", NAME, "--url", site.url, "--folder", tmp_path)
    assert said.code == 1
    assert said.err.startswith(f"epool-viz: the train part of {NAME} is not there (HTTP 404), at {site.url}/")
    assert said.err.count("\n") == 1


def test_every_name_is_looked_up_before_anything_is_fetched(call: Here, tmp_path: Path) -> None:
    with serving_sets() as site:
        said = call("fetch", NAME, "nosuch", "--url", site.url, "--folder", tmp_path)
        assert site.asked == []
    assert said.code == 1
    assert "`NAME` is 'nosuch'" in said.err


def test_fetch_without_a_name_is_a_wrong_call(call: Here) -> None:
    said = call("fetch")
    assert said.code == 2
    assert "give a NAME, or --list" in said.err
