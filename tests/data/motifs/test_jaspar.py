"""The JASPAR matrices that ship: the file as a whole, what a query finds, and other releases through pyjaspar."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from epool_viz.core.alphabet import DNA
from epool_viz.data.motifs import jaspar
from epool_viz.data.motifs.jaspar import jaspar_index, load_jaspar, search_jaspar
from epool_viz.data.motifs.reading import read_motifs
from epool_viz.errors import ArgumentError, MissingExtraError

Refused = Callable[..., None]
ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "epool_viz" / "data" / "bundled" / "jaspar2026_core_vertebrates.jaspar"
QUERY = "a JASPAR matrix ID such as 'MA0139.2', or a factor's name such as 'CTCF'"


def test_jaspar_index_and_the_general_reader_agree() -> None:
    motifs = read_motifs(FILE)
    index = jaspar_index()
    assert len(motifs) == len(index) == 1019
    assert [(m.accession, m.name, m.width) for m in motifs] == [record[:3] for record in index]
    for place in (0, 500, -1):
        loaded = load_jaspar(index[place].accession)
        assert np.array_equal(loaded.counts, motifs[place].counts)
        assert loaded.alphabet is DNA


def test_jaspar_index_is_in_order_and_without_repeats() -> None:
    accessions = [record.accession for record in jaspar_index()]
    assert accessions == sorted(set(accessions))
    assert len({accession.split(".")[0] for accession in accessions}) == len(accessions)


@pytest.mark.parametrize("query", ["MA0139.2", "ma0139.2", "MA0139", " CTCF ", "ctcf"])
def test_load_jaspar_takes_id_base_id_or_name_in_either_case(query: str) -> None:
    motif = load_jaspar(query)
    assert motif.label == "CTCF (MA0139.2)"
    # first and last position, as the database shows them
    assert motif.counts[:, [0, -1]].T.tolist() == [[281, 49, 449, 134], [82, 482, 307, 37]]
    assert motif.n_sites == 913


def test_load_jaspar_says_which_of_several_it_took() -> None:
    sentence = "3 matrices are named CTCF; MA0139.2 was taken, not MA1929.2, MA1930.2."
    assert sentence in load_jaspar("CTCF").assumptions
    assert load_jaspar("MA1929.2").name == "CTCF"
    assert not any("are named" in said for said in load_jaspar("MA0139.2").assumptions)


def test_newer_matrix_is_the_older_one_trimmed(shared_data: Path) -> None:
    older = next(m for m in read_motifs(shared_data / "motifs" / "jaspar2022_subset.jaspar") if m.name == "CTCF")
    newer = load_jaspar("MA0139.2")
    assert np.array_equal(newer.counts, older.counts[:, 2 : 2 + newer.width])


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("MA0139.1", "'MA0139.2'"),
        ("CTFC", "'TFEC', 'CTCF'"),
        ("STAT", "'STAT1', 'STAT3', 'STAT1::STAT2'"),
    ],
)
def test_load_jaspar_offers_near_names(query: str, near: str, assert_refused: Refused) -> None:
    assert_refused(ArgumentError, f"`query` is {query!r}; accepted: {QUERY}; near: {near}", load_jaspar, query)


@pytest.mark.parametrize("query", ["zzz", "banana", "hello"])
def test_load_jaspar_offers_no_name_that_is_unlike(query: str, assert_refused: Refused) -> None:
    assert_refused(ArgumentError, f"`query` is {query!r}; accepted: {QUERY}", load_jaspar, query)


def test_search_jaspar_puts_the_exact_name_first_and_its_likes_next() -> None:
    names = [record.name for record in search_jaspar("jun")]
    begins = [name.lower().startswith("jun") for name in names]
    # the IDs are in another order: FOS::JUN is MA0099, JUN is MA0488
    assert names[0] == "JUN"
    assert "FOS::JUN" in names
    assert begins == sorted(begins, reverse=True)
    assert [record.accession for record in search_jaspar("ma0139.2")] == ["MA0139.2"]
    assert {record.tf_class for record in search_jaspar("RUNT domain")} == {"Runt domain factors"}
    assert search_jaspar("") == jaspar_index()
    assert search_jaspar("no such factor") == ()


def test_jaspar_module_names_its_source() -> None:
    assert jaspar.JASPAR_RELEASE in FILE.read_text().splitlines()[0]
    assert jaspar.JASPAR_LICENCE == "CC BY 4.0"
    assert "JASPAR 2026" in jaspar.JASPAR_CITATION


# ---------------------------------------------------------------- other releases


def test_release_without_pyjaspar_names_the_extra(monkeypatch: pytest.MonkeyPatch, assert_refused: Refused) -> None:
    monkeypatch.setitem(sys.modules, "pyjaspar", None)
    message = 'JASPAR release 2022 needs pyjaspar; install it with: pip install "epool-viz[jaspar]"'
    assert_refused(MissingExtraError, message, load_jaspar, "CTCF", release="2022")


@pytest.fixture
def small_pyjaspar(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in with the tables and calls of pyjaspar that are used; the list tells what was closed."""
    import sqlite3

    closed: list[str] = []

    class Database:
        def __init__(self, release: str) -> None:
            self.conn = SimpleNamespace(execute=self._tables().execute, close=lambda: closed.append(release))

        def _tables(self) -> sqlite3.Connection:
            self.tables = sqlite3.connect(":memory:")
            self.tables.execute("CREATE TABLE MATRIX (ID, COLLECTION, BASE_ID, VERSION, NAME)")
            rows = [
                (1, "UNVALIDATED", "MA0001", 1, "CTCF"),
                (2, "CORE", "MA0139", 1, "CTCF"),
                (3, "CORE", "MA0139", 2, "CTCF"),
                (4, "CORE", "MA0531", 1, "ctcf"),
            ]
            self.tables.executemany("INSERT INTO MATRIX VALUES (?, ?, ?, ?, ?)", rows)
            return self.tables

        def fetch_motif_by_id(self, accession: str) -> SimpleNamespace:
            self.tables.close()
            counts = {letter: [float(i), 2.0] for i, letter in enumerate("ACGT")}
            return SimpleNamespace(name="CTCF", counts=counts, matrix_id=accession)

    module = ModuleType("pyjaspar")
    module.jaspar_releases = {"JASPAR2022": "a", "JASPAR2024": "b"}
    module.jaspardb = Database
    monkeypatch.setitem(sys.modules, "pyjaspar", module)
    return closed


@pytest.mark.parametrize(
    ("query", "accession"),
    [("ctcf", "MA0139.2"), ("ma0139.1", "MA0139.1"), ("MA0139", "MA0139.2"), ("MA0001.1", "MA0001.1")],
)
def test_release_prefers_core_and_the_latest_version(small_pyjaspar: list[str], query: str, accession: str) -> None:
    motif = load_jaspar(query, release="2022")
    assert motif.accession == accession
    assert motif.counts.T.tolist() == [[0, 1, 2, 3], [2, 2, 2, 2]]
    assert small_pyjaspar == ["JASPAR2022"]


def test_release_says_which_of_several_it_took(small_pyjaspar: list[str]) -> None:
    sentence = "3 matrices are named CTCF; MA0139.2 was taken, not MA0531.1, MA0001.1."
    assert load_jaspar("CTCF", release="JASPAR2024").assumptions[0] == sentence


def test_release_takes_a_query_for_a_value_and_never_for_sql(
    small_pyjaspar: list[str], assert_refused: Refused
) -> None:
    query = "x' OR '1' = '1"
    message = f"`query` is {query!r}; accepted: {QUERY}, of JASPAR2022"
    assert_refused(ArgumentError, message, load_jaspar, query, release="2022")
    assert small_pyjaspar == ["JASPAR2022"]


def test_release_that_does_not_exist_is_refused(small_pyjaspar: list[str], assert_refused: Refused) -> None:
    message = "`release` is '1999'; accepted: JASPAR2022, JASPAR2024"
    assert_refused(ArgumentError, message, load_jaspar, "CTCF", release="1999")


def test_real_pyjaspar_gives_what_ships() -> None:
    pytest.importorskip("pyjaspar", reason="the extra `jaspar` (142 MB) is not installed")
    check = subprocess.run(
        [sys.executable, ROOT / "scripts" / "build_jaspar.py", "--check"], capture_output=True, text=True
    )
    assert (check.returncode, check.stdout) == (0, f"{FILE.name}: the same\n")
    assert np.array_equal(load_jaspar("CTCF", release="2026").counts, load_jaspar("CTCF").counts)
    assert load_jaspar("MA0139.1", release="2022").width == 19
