"""The state that page and Python share: who has heard of what."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from epool_viz.components.base import Store


def sent_by(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(store, "send", lambda content, buffers=None: found.append(copy.deepcopy(content)))
    return found


def test_what_is_sent_says_which_patches_were_received(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, Any]] = []
    store = Store({"m": 1.0, "step": 0}, heard.append)
    sent = sent_by(store, monkeypatch)
    store.tell({"m": 2.0, "step": 0})
    store._receive(store, {"patch": {"m": 3.0}, "page": "a", "n": 1}, [])
    store._receive(store, {"patch": {"step": 4}, "page": "b", "n": 7}, [])
    store.tell({"m": 3.0, "step": 5})
    store._receive(store, {"ready": True}, [])
    assert heard == [{"m": 3.0}, {"step": 4}]
    assert sent == [
        {"patch": {"m": 2.0}, "seen": {}},
        {"patch": {"step": 5}, "seen": {"a": 1, "b": 7}},
        {"patch": {"m": 3.0, "step": 5}, "seen": {"a": 1, "b": 7}},
    ]


def test_pages_that_it_remembers_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store({"m": 1.0}, lambda _: None)
    sent = sent_by(store, monkeypatch)
    for place in range(100):
        store._receive(store, {"patch": {"m": place}, "page": f"page {place}", "n": place}, [])
    store._receive(store, {"patch": {"m": 0.5}, "page": "x" * 1000, "n": 1}, [])
    store._receive(store, {"patch": {"m": 0.6}, "page": "page 1", "n": "much"}, [])
    store.tell({"m": 7})
    assert sent[-1]["seen"] == {f"page {place}": place for place in range(83, 100)}
