"""The ENCODE sets: the catalogue, and downloads from a site that may misbehave."""

from __future__ import annotations

import gzip
import hashlib
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from epool_viz.data.sequences import chipseq
from epool_viz.data.sequences.chipseq import chipseq_folder, fetch_chipseq, find_chipseq, list_chipseq
from epool_viz.data.sequences.reading import parse_sequences, read_sequences
from epool_viz.errors import ArgumentError, DownloadError, FormatError, MissingExtraError
from tests.data.sequences.chipseq_site import NAME, TEST, TRAIN, Site, serving_sets

ROOT = Path(__file__).resolve().parents[3]
TRAIN_PATH, TEST_PATH = f"/{NAME}/train.data", f"/{NAME}/test.data"
PUT = (
    "name another address (base_url=, or EPOOL_VIZ_CHIPSEQ_URL; {name} and {part} in it stand for the set and for "
    "train or test), or put the file there yourself: "
)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.delenv(chipseq.URL_VARIABLE, raising=False)
    monkeypatch.delenv(chipseq.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)  # before it tries again
    with serving_sets() as found:
        yield found


@pytest.fixture
def fetch(site: Site, tmp_path: Path) -> Callable[..., chipseq.ChipseqSets]:
    return lambda name=NAME, **options: fetch_chipseq(name, **{"base_url": site.url, "folder": tmp_path, **options})


def kept(folder: Path) -> set[str]:
    """Every file below, half downloads included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


# the catalogue


def test_catalogue_has_690_sets_each_once() -> None:
    every = list_chipseq()
    assert len(every) == len({info.name for info in every}) == 690
    assert [info.name for info in every] == sorted(info.name for info in every)
    for info in every:
        assert info.name.startswith("wgEncodeAwgTfbs")
        assert info.name.endswith("UniPk")
        assert info.cell
        assert info.factor


def test_words_of_name_cells_and_factor_narrow_the_list() -> None:
    found = list_chipseq("hela-s3 STAT3")
    assert found == (("wgEncodeAwgTfbsSydhHelas3Stat3IggrabUniPk", "HeLa-S3", "STAT3"),)
    assert {info.factor for info in list_chipseq("dnd41")} == {"CTCF", "EZH2"}
    assert list_chipseq("no such word") == ()
    # a word of a name that DeepBind's table does not know stands as it is
    assert {info.factor for info in list_chipseq("gm10847 nfkb")} == {"Nfkb"}


def test_catalogue_is_what_its_script_makes_of_the_published_tables(shared_data: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "build_chipseq.py"), str(shared_data / "published_results")]
    done = subprocess.run([*script, "--check"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (0, "chipseq_sets.tsv: the same\n")


@pytest.mark.parametrize("name", [NAME, "BroadDnd41Ezh239875", "broaddnd41ezh239875unipk", f" {NAME} "])
def test_set_is_found_by_its_short_name(name: str) -> None:
    assert find_chipseq(name) == (NAME, "Dnd41", "EZH2")


def test_unknown_name_offers_near_ones_and_asks_nobody(
    fetch: Callable[..., object], site: Site, assert_refused: Callable[..., None]
) -> None:
    message = (
        "`name` is 'BroadDnd41Ctfc'; accepted: one of the 690 names of `list_chipseq()`; "
        "near: 'BroadDnd41Ctcf', 'BroadNhaCtcf', 'BroadNhdfadCtcf'"
    )
    assert_refused(ArgumentError, message, fetch, "BroadDnd41Ctfc")
    assert site.asked == []


# downloads


def test_both_parts_come_with_their_labels(fetch: Callable[..., chipseq.ChipseqSets]) -> None:
    found = fetch()
    for got, text, part in ((found.train, TRAIN, "train"), (found.test, TEST, "test")):
        expected = parse_sequences(text)
        assert list(got) == list(expected)
        assert got.names == expected.names
        assert got.labels.tolist() == expected.labels.tolist()
        assert got.source == f"{NAME}, {part}"


def test_real_sets_are_read_as_they_are(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site, shared_data: Path
) -> None:
    files = {part: shared_data / "encode_chipseq" / f"{NAME}.{part}.data.gz" for part in chipseq.PARTS}
    site.files = {f"/{NAME}/{part}.data": gzip.decompress(path.read_bytes()) for part, path in files.items()}
    found = fetch()
    assert (len(found.train), len(found.test)) == (2680, 670)
    assert list(found.test) == list(read_sequences(files["test"]))


def test_second_fetch_asks_nobody(fetch: Callable[..., chipseq.ChipseqSets], site: Site, tmp_path: Path) -> None:
    first = fetch()
    assert site.asked == [TRAIN_PATH, TEST_PATH]
    again = fetch(base_url="http://127.0.0.1:9/nobody")
    assert site.asked == [TRAIN_PATH, TEST_PATH]
    assert [list(part) for part in again] == [list(part) for part in first]
    assert kept(tmp_path) == {f"{NAME}/train.data", f"{NAME}/test.data", "registry.txt"}
    assert (tmp_path / "registry.txt").read_text().splitlines() == [
        f"{NAME}/train.data {sha256(TRAIN)}",
        f"{NAME}/test.data {sha256(TEST)}",
    ]


def test_file_put_there_by_hand_is_taken_and_recorded(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site, tmp_path: Path
) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "train.data").write_bytes(gzip.compress(TRAIN))
    assert len(fetch().train) == 3
    assert site.asked == [TEST_PATH]
    assert len((tmp_path / "registry.txt").read_text().splitlines()) == 2


def test_damaged_file_is_downloaded_again(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site, tmp_path: Path
) -> None:
    fetch()
    (tmp_path / NAME / "test.data").write_bytes(TEST[:-9])
    assert list(fetch().test) == list(parse_sequences(TEST))
    assert site.asked == [TRAIN_PATH, TEST_PATH, TEST_PATH]


@pytest.mark.parametrize("way", ["variable", "template", "trailing slash"])
def test_address_is_of_the_callers_choice(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "template":
        site.files = {f"/mirror/{NAME}.{p}.data.gz": gzip.compress(t) for p, t in (("train", TRAIN), ("test", TEST))}
        found = fetch(base_url=site.url + "/mirror/{name}.{part}.data.gz")
    elif way == "variable":
        monkeypatch.setenv(chipseq.URL_VARIABLE, site.url)
        found = fetch(base_url=None)
    else:
        site.files = {f"/deep{path}": data for path, data in site.files.items()}
        found = fetch(base_url=site.url + "/deep/")
    assert list(found.train) == list(parse_sequences(TRAIN))


def test_folder_is_of_the_callers_choice(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fetch: Callable[..., object]
) -> None:
    import pooch

    assert chipseq_folder() == Path(pooch.os_cache("epool_viz")) / "chipseq"
    monkeypatch.setenv(chipseq.FOLDER_VARIABLE, str(tmp_path / "mine"))
    fetch(folder=None)
    assert (tmp_path / "mine" / NAME / "test.data").read_bytes() == TEST


@pytest.mark.parametrize("url", ["ftp://somewhere", "cnn.csail.mit.edu", "http://here/{name}.data"])
def test_address_that_cannot_be_one_is_refused(fetch: Callable[..., object], url: str) -> None:
    with pytest.raises(ArgumentError, match=r"`base_url` is .*; accepted: an address that begins with http://"):
        fetch(base_url=url)


def test_address_of_the_variable_is_named_by_it(fetch: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chipseq.URL_VARIABLE, "nowhere")
    with pytest.raises(ArgumentError, match="`EPOOL_VIZ_CHIPSEQ_URL` is 'nowhere'"):
        fetch(base_url=None)


def test_progress_is_told_up_to_the_whole(fetch: Callable[..., chipseq.ChipseqSets], site: Site) -> None:
    site.files[TRAIN_PATH] = TRAIN * 4000
    told: list[tuple[str, int, int]] = []
    fetch(progress=lambda *state: told.append(state))
    train = [(done, total) for part, done, total in told if part == "train"]
    assert {total for _, total in train} == {len(TRAIN) * 4000}
    done = [each for each, _ in train]
    assert done == sorted(done)
    assert done[-1] == len(TRAIN) * 4000
    assert len(done) > 3
    assert told[-1] == ("test", len(TEST), len(TEST))


def test_server_that_does_not_say_the_length_is_no_trouble(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site
) -> None:
    site.says_length = False
    told: list[tuple[str, int, int]] = []
    assert len(fetch(progress=lambda *state: told.append(state)).train) == 3
    assert {total for _, _, total in told} == {0}


def test_length_on_the_way_is_not_taken_for_that_of_the_file(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site
) -> None:
    site.packs = True
    told: list[tuple[str, int, int]] = []
    assert len(fetch(progress=lambda *state: told.append(state)).train) == 3
    assert told == [("train", len(TRAIN), 0), ("test", len(TEST), 0)]


def test_pooch_tells_nobody_meanwhile(fetch: Callable[..., chipseq.ChipseqSets]) -> None:
    import pooch

    logger, records = pooch.get_logger(), []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        fetch()
        assert records == []
        assert logger.level == logging.DEBUG
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


# what goes wrong


def test_download_that_breaks_off_is_begun_again(fetch: Callable[..., chipseq.ChipseqSets], site: Site) -> None:
    site.cuts[TRAIN_PATH] = [20, 50]
    assert list(fetch(retries=2).train) == list(parse_sequences(TRAIN))
    assert site.asked == [TRAIN_PATH] * 3 + [TEST_PATH]


def test_download_that_always_breaks_off_leaves_nothing(
    fetch: Callable[..., object], site: Site, tmp_path: Path, assert_refused: Callable[..., None]
) -> None:
    site.cuts[TRAIN_PATH] = [20, 50]
    message = (
        f"the train part of {NAME} broke off after 50 of {len(TRAIN)} bytes, at {site.url}{TRAIN_PATH}; "
        f"try again, {PUT}{tmp_path / NAME / 'train.data'}"
    )
    assert_refused(DownloadError, message, fetch, retries=1)
    assert site.asked == [TRAIN_PATH] * 2
    assert kept(tmp_path) == set()


def test_site_in_trouble_is_asked_again_and_named(
    fetch: Callable[..., object], site: Site, tmp_path: Path, assert_refused: Callable[..., None]
) -> None:
    site.failures[TRAIN_PATH] = [503, 200]
    site.cuts[TRAIN_PATH] = [20]
    site.failures[TEST_PATH] = [500, 429, 503]
    message = (
        f"the test part of {NAME} is not handed out now (HTTP 503), at {site.url}{TEST_PATH}; "
        f"try again later, {PUT}{tmp_path / NAME / 'test.data'}"
    )
    assert_refused(DownloadError, message, fetch, retries=2)
    assert site.asked == [TRAIN_PATH] * 3 + [TEST_PATH] * 3


def test_wrong_checksum_is_refused_and_nothing_kept(
    fetch: Callable[..., object], site: Site, tmp_path: Path, assert_refused: Callable[..., None]
) -> None:
    (tmp_path / "registry.txt").write_text(f"# the one I trust\n{NAME}/train.data {sha256(b'another file')}\n")
    message = (
        f"the train part of {NAME} has the checksum {sha256(TRAIN)}, and {sha256(b'another file')} is demanded, "
        f"at {site.url}{TRAIN_PATH}; if the site's file has changed, take the line of the set out of "
        f"{tmp_path / 'registry.txt'}, else {PUT}{tmp_path / NAME / 'train.data'}"
    )
    assert_refused(DownloadError, message, fetch, retries=0)
    assert kept(tmp_path) == {"registry.txt"}


def test_checksum_of_another_kind_holds_as_well(
    fetch: Callable[..., chipseq.ChipseqSets], site: Site, tmp_path: Path
) -> None:
    registry = tmp_path / "registry.txt"
    registry.write_text(f"{NAME}/train.data md5:{hashlib.md5(TRAIN).hexdigest()}\n")
    assert len(fetch().train) == 3
    registry.write_text(f"{NAME}/train.data md5:{hashlib.md5(TEST).hexdigest()}\n")
    with pytest.raises(DownloadError, match=f"has the checksum md5:{hashlib.md5(TRAIN).hexdigest()}, and md5:"):
        fetch(retries=0)


def test_registry_names_no_other_address(fetch: Callable[..., object], site: Site, tmp_path: Path) -> None:
    (tmp_path / "registry.txt").write_text(f"{NAME}/train.data {sha256(TRAIN)} http://127.0.0.1:9/elsewhere\n")
    fetch(retries=0)
    assert site.asked == [TRAIN_PATH, TEST_PATH]


def test_missing_set_is_said_after_one_question(
    fetch: Callable[..., object], site: Site, tmp_path: Path, assert_refused: Callable[..., None]
) -> None:
    del site.files[TEST_PATH]
    message = (
        f"the test part of {NAME} is not there (HTTP 404), at {site.url}{TEST_PATH}; "
        f"{PUT}{tmp_path / NAME / 'test.data'}"
    )
    assert_refused(DownloadError, message, fetch, retries=3)
    assert site.asked == [TRAIN_PATH, TEST_PATH]
    assert kept(tmp_path) == {f"{NAME}/train.data", "registry.txt"}  # the half that came is kept


def test_site_that_does_not_answer_is_said(fetch: Callable[..., object], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer there
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DownloadError, match=r"cannot be reached \(.*refused\), at http.*; try again later, name"):
            fetch(base_url=url, retries=1)
    assert kept(tmp_path) == set()


def test_answer_that_is_no_set_is_refused_and_not_kept(
    fetch: Callable[..., object], site: Site, tmp_path: Path
) -> None:
    site.files[TRAIN_PATH] = b"<html>\n<body>Please log in to the network of this hotel</body>\n</html>\n"
    with pytest.raises(FormatError, match=r"train\.data, line 1: found 1 column; accepted: three: id, sequence, label"):
        fetch()
    assert kept(tmp_path) == set()


def test_registry_that_is_none_is_named(fetch: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "registry.txt").write_text("one two three four\n")
    with pytest.raises(FormatError, match=r"registry\.txt: found no registry .*line 1.*; accepted: a file and its ch"):
        fetch()


def test_without_pooch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, fetch: Callable[..., object]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r'fetching a ChIP-seq set needs pooch; .*"epool-viz\[train\]"'):
        fetch()
