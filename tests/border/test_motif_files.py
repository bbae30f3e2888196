"""Every motif file that is made here is read as what it was made of, or refused with its cause."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.errors import FormatError
from tests.border.motif_files import DIALECTS, FAULTS, FORMATS, Case, judge, sound_cases, spoilt_cases, table

SOUND = list(sound_cases())
SPOILT = list(spoilt_cases())


def assert_none_wrong(cases: list[Case], allowed: set[str]) -> None:
    found = [(case.name, *judge(case)) for case in cases]
    assert [(name, reason) for name, verdict, reason in found if verdict not in allowed] == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_without_a_fault_is_read_right_in_every_dialect(name: str) -> None:
    assert_none_wrong([case for case in SOUND if case.format == name], {"right"})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_what_is_sound_is_read(fault: str) -> None:
    cases = [case for case in SPOILT if case.fault == fault]
    assert_none_wrong([case for case in cases if case.must_read], {"right"})
    assert_none_wrong([case for case in cases if not case.must_read], {"refused"})


def test_there_are_files_enough_and_most_of_them_are_read() -> None:
    assert len(SOUND) >= 400
    assert len(SPOILT) >= 80
    assert len({case.data for case in [*SOUND, *SPOILT]}) >= 150
    verdicts = Counter(judge(case)[0] for case in SOUND)
    assert verdicts == {"right": len(SOUND)}
    assert len(SOUND) == len(FORMATS) * (len(DIALECTS) + 2)


def exchanged(data: bytes) -> list[Motif]:
    """A reader that takes G for T."""
    return [dataclasses.replace(motif, ppm=motif.ppm[[0, 1, 3, 2]], counts=None) for motif in parse_motifs(data)]


def turned(data: bytes) -> list[Motif]:
    """A reader that begins at the last position."""
    return [dataclasses.replace(motif, ppm=motif.ppm[:, ::-1]) for motif in parse_motifs(data)]


def without_last(data: bytes) -> list[Motif]:
    """A reader that loses a motif."""
    return parse_motifs(data)[:-1]


def with_sites(data: bytes) -> list[Motif]:
    """A reader that invents a number of sites."""
    return [dataclasses.replace(motif, n_sites=1.0) for motif in parse_motifs(data)]


def refusing(data: bytes) -> list[Motif]:
    """A reader that takes nothing."""
    raise FormatError("x", None, "something", "something else")


def silent(data: bytes) -> list[Motif]:
    """A reader that does not say what it left out."""
    return [dataclasses.replace(motif, assumptions=()) for motif in parse_motifs(data)]


@pytest.mark.parametrize("reader", [exchanged, turned, without_last, with_sites, refusing], ids=lambda r: r.__name__)
def test_the_judge_calls_a_doctored_reader_wrong(reader: object) -> None:
    assert {judge(case, reader)[0] for case in SOUND} == {"wrong"}


def test_the_judge_asks_for_a_word_on_every_fault() -> None:
    assert {judge(case, silent)[0] for case in SPOILT if case.must_read} == {"wrong"}
    assert {judge(case, refusing)[0] for case in SPOILT} == {"wrong"}
    anything = parse_motifs(SOUND[0].data)
    assert {judge(case, lambda data: anything)[0] for case in SPOILT if not case.must_read} == {"wrong"}


def test_made_matrices_betray_every_exchange() -> None:
    for case in SOUND:
        for made in case.truth:
            assert len(np.unique(made.counts)) == made.counts.size
            assert len(set(made.counts.sum(axis=0).tolist())) == 1
            assert np.ptp(made.counts.sum(axis=1)) > 0


def test_the_table_counts_every_file() -> None:
    *rows, last = table().splitlines()
    assert len(rows) == 1 + len(FORMATS) + len(FAULTS)
    assert last.split() == ["all", *map(str, (_count("right"), _count("refused"), 0))]


def _count(verdict: str) -> int:
    return sum(judge(case)[0] == verdict for case in [*SOUND, *SPOILT])
