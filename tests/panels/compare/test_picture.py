"""The picture of a race as data: which kernel, of which epoch, and what a page is sent of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from epool_viz import load_example_race
from epool_viz.data.results.races import RaceRecord
from epool_viz.panels.compare.picture import Frames, m_at, picked_kernel, race_state


@pytest.fixture(scope="module")
def record():
    return load_example_race("simulated")


def test_all_networks_show_the_same_kernel_the_one_that_they_use_most(record):
    weights = sum(np.abs(run.snapshots[run.best_epoch - 1].output_weights) for run in record.runs)
    assert picked_kernel(record) == int(np.argmax(weights))
    assert picked_kernel(RaceRecord()) == 0


@pytest.mark.parametrize("epoch", [1, 13, 26])
def test_a_frame_holds_each_network_after_its_epoch_or_after_its_last(record, epoch):
    frames = Frames().of(record, 3)
    assert len(frames) == record.n_epochs == 26
    for run, learnt in zip(record.runs, frames[f"frame_{epoch}"], strict=True):
        snapshot = run.snapshots[min(epoch, len(run.snapshots)) - 1]
        np.testing.assert_allclose(learnt["kernel"], snapshot.kernels[3], atol=1e-5)
        assert learnt["bias"] == pytest.approx(snapshot.biases[3], abs=1e-5)
        assert learnt["m"] == 1.0


def test_frames_of_another_race_are_made_anew(record):
    frames = Frames()
    one = frames.of(record, 2)
    assert frames.of(record, 2)["frame_4"] is one["frame_4"]
    other = dataclasses.replace(record, runs=record.runs[::-1])
    assert frames.of(other, 2)["frame_4"] == one["frame_4"][::-1]
    assert frames.of(record, 5)["frame_4"] != one["frame_4"]


def test_a_network_without_an_epoch_has_nothing_to_show(record):
    begun = dataclasses.replace(record.runs[1], epochs=[], snapshots=[], stopped="")
    both = dataclasses.replace(record, runs=[record.runs[0], begun])
    assert Frames().of(both, 0)["frame_2"][1] is None
    assert [network["ended"] for network in race_state(both)["networks"]] == [26, None]


def test_an_m_that_is_learnt_is_that_of_the_epoch(record):
    run = record.runs[3]
    learns = dataclasses.replace(run, epochs=[epoch | {"m": 1 + i / 10} for i, epoch in enumerate(run.epochs)])
    assert [m_at(learns, epoch) for epoch in (1, 3, 99)] == [1.0, 1.2, 3.3]


def test_the_site_goes_with_the_sequence(record):
    state = race_state(record)
    ((first, stop),) = state["sites"]
    assert "ACGT"[state["codes"][first]] == record.example[first]
    assert record.example[first:stop] == "TCCCAAGAA"
    assert race_state(load_example_race("ctcf_peaks"))["sites"] == []
