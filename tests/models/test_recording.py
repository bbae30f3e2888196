"""What is written down of a race is what the race was."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from epool_viz.core.pooling import activate, pool_gradient, pool_weights
from epool_viz.core.scan import scan
from epool_viz.data.results.races import RANKS, read_race, write_race
from epool_viz.data.sequences.simulate import simulate, split_sequences
from epool_viz.models.checkpoint import load_model
from epool_viz.models.recording import Recorder, precision_recall, roc
from epool_viz.models.training import race

MOTIF = np.array([[0.9, 0.02, 0.04, 0.05], [0.03, 0.9, 0.05, 0.05], [0.03, 0.04, 0.9, 0.1], [0.04, 0.04, 0.01, 0.8]])


@pytest.fixture(scope="module")
def raced():
    data = simulate(MOTIF, n=240, length=40, seed=3)
    train, test = split_sequences(data, 0.25, seed=1)
    recorder = Recorder(test, title="t", about={"n": 1})
    options = {"preset": "exact", "n_kernels": 3, "width": 7, "epochs": 3, "seeds": (2,)}
    result = race(
        train,
        test=test,
        methods=("max", "average", "expectation"),
        on_epoch=recorder.on_epoch,
        on_batch=recorder.on_batch,
        **options,
    )
    return train, test, result, recorder.finish(result, 5)


def test_every_epoch_of_every_run_is_there(raced):
    _, _, result, record = raced
    assert [(run.method, run.seed) for run in record.runs] == [(run.method, run.seed) for run in result.runs]
    for run, held in zip(result.runs, record.runs, strict=True):
        assert [e["val_auc"] for e in held.epochs] == [e.val_auc for e in run.history]
        assert len(held.snapshots) == len(run.history) == 3
        assert (held.stopped, held.best_epoch) == (run.stopped, run.best_epoch)
        assert held.roc.area == pytest.approx(run.test_auc, rel=1e-12)
        assert held.precision_recall.area == pytest.approx(run.test_auprc, rel=1e-12)
        assert held.first_losses[-1][0] == 1.0
        best = held.snapshots[run.best_epoch - 1]  # the network has its best weights now
        np.testing.assert_array_equal(best.kernels, run.model.kernels)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_shares_are_cores(raced, place):
    """By the other route: core's scan and closed forms on NumPy arrays."""
    _, test, result, record = raced
    run, held = result.runs[place], record.runs[place]
    snapshot = held.snapshots[run.best_epoch - 1]  # the network has its best weights now
    positive = test[np.flatnonzero(test.labels == 1)[:64]]
    scores = scan(positive.one_hot(), snapshot.kernels, bias=snapshot.biases, padding="valid")
    cells = activate(scores, "identity")
    method = {"method": run.method} | ({"m": run.model.m, "mode": 0} if run.method == "expectation" else {})
    ranked = np.sort(np.abs(pool_gradient(cells, **method)), axis=-1)[..., ::-1][..., :RANKS].mean(0)
    importance = np.abs(snapshot.output_weights)
    np.testing.assert_allclose(snapshot.gradient_shares, importance / importance.sum() @ ranked, rtol=1e-4, atol=1e-6)

    weights = pool_weights(cells, **method)
    starts = np.arange(weights.shape[-1])
    site = [sites[0] for sites in positive.sites]
    shared = [np.minimum(starts + 7, s.stop) - np.maximum(starts, s.start) for s in site]
    on = np.array(shared) * 2 >= 4
    share = (weights * on[:, None]).sum(-1).mean(0)
    assert snapshot.on_site == pytest.approx(share.max(), rel=1e-4)
    best = weights[:, share.argmax()].argmax(-1)
    assert snapshot.hits == pytest.approx(on[np.arange(len(on)), best].mean(), abs=1e-9)


def test_max_teaches_one_window_and_average_all_alike(raced):
    _, _, _, record = raced
    top, mean, soft = (run.snapshots[-1].gradient_shares for run in record.runs)
    np.testing.assert_allclose(top, np.eye(RANKS)[0], atol=1e-6)
    np.testing.assert_allclose(mean, 1 / (40 - 7 + 1), rtol=1e-5)
    assert 1 / 34 < soft[0] < 1


def test_curves_agree_with_their_areas_and_intervals_hold_them(rng):
    labels = np.repeat([0, 1], [31, 17])
    scores = rng.normal(size=48) + labels
    one, two = roc(labels, scores, 4), precision_recall(labels, scores, 4)
    assert np.trapezoid(one.y, one.x) == pytest.approx(roc_auc_score(labels, scores), rel=1e-12)
    assert two.area == pytest.approx(average_precision_score(labels, scores), rel=1e-12)
    assert one.low < one.area < one.high
    assert two.low < two.area < two.high
    again = roc(labels, scores, 4)
    assert (again.low, again.high) == (one.low, one.high)
    assert roc(labels, scores, 5).low != one.low
    assert (one.x[0], one.x[-1], one.y[0], one.y[-1]) == (0, 1, 0, 1)


def test_the_network_in_a_race_file_is_the_network(raced, tmp_path):
    _, test, result, record = raced
    write_race(tmp_path / "r", record)
    held = read_race(tmp_path / "r").runs[2]
    (tmp_path / "m.safetensors").write_bytes(held.model_file)
    again = load_model(tmp_path / "m.safetensors")
    np.testing.assert_allclose(again.predict(test), result.runs[2].model.predict(test), rtol=1e-6)


def test_a_test_set_without_sites_says_nothing_of_them(raced):
    train, test, _, _ = raced
    import dataclasses

    blind = dataclasses.replace(test, sites=None)
    recorder = Recorder(blind)
    race(
        train, test=blind, methods=("max",), preset="exact", n_kernels=1, width=4, epochs=1, on_epoch=recorder.on_epoch
    )
    assert recorder.record.runs[0].snapshots[0].on_site is None
    assert not recorder.record.knows_sites
