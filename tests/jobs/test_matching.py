"""Motifs compared in a limited process: the same answer, and an end when nobody waits for it any more."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from epool_viz.analysis.known_motifs import match_motifs
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.errors import EpoolError, MissingExtraError
from epool_viz.jobs import limited, matching
from epool_viz.jobs.matching import match_motifs_limited

pytest.importorskip("memelite")
MIDDLE, LAST = "MA0138.3", "MA0139.2"


def test_another_process_gives_the_same_answer() -> None:
    ppm = load_jaspar(MIDDLE).ppm
    (found,) = match_motifs_limited([ppm])
    (expected,) = match_motifs([ppm])
    assert found[0].accession == MIDDLE
    assert found[0].p_value == pytest.approx(expected[0].p_value, rel=1e-6)
    assert len(found) <= 5


def test_another_process_can_be_stopped() -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(EpoolError, match="was stopped"):
        match_motifs_limited([load_jaspar(LAST).ppm], cancel=cancel)
    with pytest.raises(EpoolError, match=r"not ended after 0 seconds"):
        match_motifs_limited([load_jaspar(LAST).ppm], patience=0)


def test_a_process_that_nobody_waits_for_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Kept(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            started.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", Kept)
    monkeypatch.setattr(limited, "_COMMAND", [sys.executable, "-c", "import time; time.sleep(20)"])
    with pytest.raises(EpoolError, match="not ended"):
        match_motifs_limited([load_jaspar(LAST).ppm], patience=0.1)
    (process,) = started
    assert process.returncode < 0


def test_what_is_refused_there_is_told_here() -> None:
    with pytest.raises(EpoolError, match=r"ppms\[0\].*\(20, 3\).*DNA"):
        match_motifs_limited([np.full((20, 3), 0.05)])
    with pytest.raises(EpoolError, match=r"the comparison with known motifs failed: TypeError: "):
        match_motifs_limited([np.full((4, 3), 0.25)], significance="much")  # type: ignore[arg-type]


def test_without_memelite_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "has_matching", lambda: False)
    with pytest.raises(MissingExtraError, match=r"epool-viz\[motifs\]"):
        match_motifs_limited([np.full((4, 3), 0.25)])
