"""Limits of time hold on a quiet machine as they are written, and stretch on a busy one."""

from __future__ import annotations

import os

import pytest

from tests.patience import allowed


@pytest.mark.parametrize(("load", "seconds"), [(0.0, 10), (2.0, 10), (3.0, 15), (20.0, 100)])
def test_a_limit_is_as_much_longer_as_the_cores_have_more_to_do(
    monkeypatch: pytest.MonkeyPatch, load: float, seconds: float
) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert allowed(10) == seconds
