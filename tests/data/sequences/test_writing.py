"""Sequences as text: what is written is what is read back."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from epool_viz.data.examples import load_example
from epool_viz.data.sequences.reading import parse_sequences, read_sequences
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate
from epool_viz.data.sequences.writing import SITE_COLUMNS, write_sequences, write_sites
from epool_viz.errors import ArgumentError

PPM = np.full((4, 5), 0.01) + 0.96 * np.eye(4)[[0, 1, 2, 3, 0]].T


@pytest.fixture
def made() -> SequenceSet:
    """13 sequences of 29 letters with up to two sites on either strand, and one unknown letter."""
    found = simulate(PPM, n=13, length=29, n_sites=(0, 2), both_strands=True, seed=3)
    codes = np.array(found.all_codes)
    codes[7] = -1
    return dataclasses.replace(found, all_codes=codes)


@pytest.mark.parametrize("name", ["set.txt", "set.data", "set.txt.gz", "set"])
def test_lines_keep_letters_labels_and_names(made: SequenceSet, tmp_path: Path, name: str) -> None:
    text = write_sequences(made, tmp_path / name)
    for found in (read_sequences(tmp_path / name), parse_sequences(text)):
        assert list(found) == list(made)
        assert found.labels.tolist() == made.labels.tolist()
        assert found.names == tuple(each.replace(" ", "_") for each in made.names)


@pytest.mark.parametrize("name", ["set.fa", "set.FASTA", "set.fna.gz"])
def test_fasta_keeps_letters_and_names_and_says_the_truth(made: SequenceSet, tmp_path: Path, name: str) -> None:
    write_sequences(made, tmp_path / name)
    found = read_sequences(tmp_path / name)
    assert list(found) == list(made)
    assert found.labels is None
    for header, plain, label, sites in zip(found.names, made.names, made.labels, made.sites, strict=True):
        first, said, *places = header.split()
        assert (first, said) == (plain.replace(" ", "_"), f"label={label}")
        told = [f"motif_1:{site.start + 1}-{site.stop}:{site.strand}" for site in sites]
        assert places == ([f"sites={','.join(told)}"] if told else [])


def test_packed_file_holds_no_date(made: SequenceSet, tmp_path: Path) -> None:
    write_sequences(made, tmp_path / "set.gz")
    packed = (tmp_path / "set.gz").read_bytes()
    assert packed.startswith(b"\x1f\x8b")
    assert packed[4:8] == bytes(4)  # where gzip has the seconds since 1970


def test_set_without_labels_becomes_fasta() -> None:
    assert write_sequences(load_example("crp0")).startswith(">ce1cg sites=:17-38:+,:61-82:+\n")
    assert write_sequences(SequenceSet.from_strings(["ACGT"])) == ">sequence_1\nACGT\n"


def test_table_of_sites_counts_from_1_and_finds_each_site(made: SequenceSet, tmp_path: Path) -> None:
    text = write_sites(made, tmp_path / "sites.tsv")
    assert (tmp_path / "sites.tsv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert list(rows[0]) == list(SITE_COLUMNS)
    planted = [
        (name.replace(" ", "_"), site) for name, sites in zip(made.names, made.sites, strict=True) for site in sites
    ]
    assert {site.strand for _, site in planted} == {"+", "-"}
    assert [(r["sequence"], int(r["start"]) - 1, int(r["stop"]), r["strand"]) for r in rows] == [
        (name, site.start, site.stop, site.strand) for name, site in planted
    ]
    assert {row["motif"] for row in rows} == {"motif_1"}


def test_what_cannot_be_written_is_said(assert_refused: Callable[..., None], made: SequenceSet) -> None:
    bare = SequenceSet.from_strings(["ACGT"])
    message = '`sequences` is without labels, which this format needs; accepted: labels, or format="fasta"'
    assert_refused(ArgumentError, message, write_sequences, bare, format="encode")
    assert_refused(
        ArgumentError, "`format` is 'bed'; accepted: 'encode', 'fasta' or None", write_sequences, made, format="bed"
    )
    message = "`sequences` is without known sites; accepted: a set of `simulate`, or another with known sites"
    assert_refused(ArgumentError, message, write_sites, bare)
