from __future__ import annotations

import dataclasses
import re
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate, split_sequences
from epool_viz.errors import ArgumentError
from epool_viz.models.cnn import predict_log_odds
from epool_viz.models.pooling import ExpectationPooling
from epool_viz.models.published import deepbind
from epool_viz.models.training import Run, data_fingerprint, judge, race, train
from tests.models.conftest import PPM


def weights(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def assert_same_weights(one, other):
    assert set(one) == set(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def told(history):
    """A history without its seconds, the only thing that may differ."""
    return [dataclasses.replace(record, seconds=0.0) for record in history]


class After:
    """Cancels at the n-th question."""

    def __init__(self, n):
        self.left = n

    def is_set(self):
        self.left -= 1
        return self.left < 0


# train


def test_an_easy_motif_is_learnt(network):
    data, held_out = split_sequences(simulate(PPM, n=400, length=31, seed=4), 0.3)
    model = network(n_kernels=4, width=10)
    result = train(model, data, epochs=12, batch_size=10, seed=3)
    assert result.model is model
    assert roc_auc_score(held_out.labels, model.predict(held_out)) > 0.9
    assert result.history[-1].loss < result.history[0].loss


def test_the_history_is_data(network, easy):
    model = network(trainable=True, m=0.5)
    result = train(model, easy, epochs=3, batch_size=7)
    assert [record.epoch for record in result.history] == [1, 2, 3]
    for record in result.history:
        for name in ("auc", "val_auc", "val_auprc"):
            assert 0 <= getattr(record, name) <= 1
        assert record.seconds > 0
        assert record.loss > 0
    assert result.history[0].m != 0.5  # learnt from the first epoch on
    assert result.seconds == pytest.approx(sum(record.seconds for record in result.history))
    assert (result.n_train, result.n_validation) == (82, 8)
    assert result.fingerprint == data_fingerprint(easy)
    assert result.notes == ()


def test_the_first_loss_is_that_of_one_batch_by_hand(network, easy):
    model, twin = network(), network()
    result = train(model, easy, epochs=1, batch_size=1000, seed=5, validation_fraction=0.25)
    kept = np.setdiff1d(np.arange(90), _validation(easy, 0.25, 5))
    log_odds, labels = predict_log_odds(twin, easy)[kept], easy.labels[kept]
    by_hand = -np.mean(np.where(labels == 1, -np.log1p(np.exp(-log_odds)), -np.log1p(np.exp(log_odds))))
    assert result.history[0].loss == pytest.approx(by_hand, rel=1e-5)
    assert result.history[0].auc == pytest.approx(roc_auc_score(labels, log_odds), abs=1e-12)
    # and one step of Adam moves each weight by the learning rate, up or down
    moved = np.abs(model.kernels - twin.kernels)
    np.testing.assert_allclose(moved[moved > 0], 0.01, rtol=0.02)


def _validation(data, fraction, seed):
    from epool_viz.data.sequences.simulate import stratified_places

    return stratified_places(data.labels, fraction, seed)[1]


def test_the_records_are_those_of_the_weights_after_the_epoch(network, easy):
    model = network()
    aside = easy[_validation(easy, 0.2, 6)]
    seen = []
    result = train(
        model, easy, epochs=4, validation_fraction=0.2, seed=6,
        on_epoch=lambda record: seen.append((record, predict_log_odds(model, aside))),
    )  # fmt: skip
    assert [record for record, _ in seen] == result.history
    for record, log_odds in seen:
        assert record.val_auc == pytest.approx(roc_auc_score(aside.labels, log_odds))
        assert record.val_auprc == pytest.approx(average_precision_score(aside.labels, log_odds))
        by_hand = np.mean(np.log1p(np.exp(np.where(aside.labels == 1, -log_odds, log_odds))))
        # a small prediction goes by torch, a training by the fused engine: they differ by float32's rounding
        assert record.val_loss == pytest.approx(by_hand, rel=1e-6)


def test_the_best_weights_are_kept_and_patience_ends_it(network, easy):
    model = network()
    states = []
    result = train(
        model, easy, epochs=200, patience=4, learning_rate=0.3, on_epoch=lambda _: states.append(weights(model))
    )
    losses = [record.val_loss for record in result.history]
    assert result.stopped == "patience"
    assert result.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) == result.best_epoch + 4
    assert_same_weights(weights(model), states[result.best_epoch - 1])
    lowest = np.minimum.accumulate(losses)
    assert [r.is_best for r in result.history] == [True, *(np.diff(lowest) < 0)]


def test_the_same_seed_gives_the_same_weights_and_another_one_others(network, easy):
    results = [train(network(), easy, epochs=3, seed=seed) for seed in (8, 8, 9)]
    assert_same_weights(weights(results[0].model), weights(results[1].model))
    assert told(results[0].history) == told(results[1].history)
    assert not np.array_equal(results[0].model.kernels, results[2].model.kernels)


def test_training_leaves_threads_mode_and_randomness_as_they_were(network, easy):
    model = network().eval()
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    inside = []
    torch.set_num_threads(2)
    try:
        train(model, easy, epochs=1, on_batch=lambda _: inside.append(torch.get_num_threads()))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert set(inside) == {1}
    assert not model.training
    assert torch.equal(torch.get_rng_state(), state)


def test_dropout_follows_from_the_seed_alone(easy):
    found = []
    for noise in (1, 2):
        torch.manual_seed(7)
        model = deepbind(n_kernels=3, width=6, n_hidden=4)
        torch.manual_seed(noise)
        train(model, easy, epochs=2)
        found.append(weights(model))
    assert_same_weights(*found)


def test_the_presets_say_how_to_train(network, easy):
    result = train(network(preset="demo", width=6), easy, epochs=1)
    assert (result.settings.batch_size, result.settings.patience, result.settings.learning_rate) == (256, 15, 0.01)
    result = train(network(preset="demo", width=6), easy, epochs=1, batch_size=9, patience=2, learning_rate=0.5)
    assert (result.settings.batch_size, result.settings.patience, result.settings.learning_rate) == (9, 2, 0.5)


def test_hooks_hear_of_every_batch(network, easy):
    heard = []
    result = train(network(), easy, epochs=2, batch_size=25, on_batch=heard.append)
    assert [(r.epoch, r.batch, r.n_batches) for r in heard] == [(e, b, 4) for e in (1, 2) for b in (1, 2, 3, 4)]
    sizes = [25, 25, 25, 7]
    first = np.average([r.loss for r in heard[:4]], weights=sizes)
    assert result.history[0].loss == pytest.approx(first)


def test_every_epoch_has_batches_of_its_own(network, easy):
    heard = []
    train(network(), easy, epochs=2, batch_size=25, learning_rate=1e-12, on_batch=heard.append)
    first, second = ([record.loss for record in heard if record.epoch == epoch] for epoch in (1, 2))
    assert not np.allclose(sorted(first), sorted(second), rtol=1e-4)  # the weights hardly move, so the batches differ


def test_a_hook_that_raises_ends_the_training(network, easy):
    def fail(_):
        raise RuntimeError("the page is gone")

    with pytest.raises(RuntimeError, match="the page is gone"):
        train(network(), easy, epochs=2, on_batch=fail)


@pytest.mark.parametrize(("asked", "finished"), [(0, 0), (2, 0), (3, 1), (8, 2)])
def test_cancel_drops_the_unfinished_epoch(network, easy, asked, finished):
    model = network()
    result = train(model, easy, epochs=9, batch_size=30, cancel=After(asked))
    assert result.stopped == "cancelled"
    assert len(result.history) == finished
    expected = train(network(), easy, epochs=finished, batch_size=30)
    assert_same_weights(weights(model), weights(expected.model))


def test_another_thread_can_cancel(network, easy):
    cancel, results = threading.Event(), []
    began = threading.Event()
    options = {"epochs": 10_000, "patience": 10_000, "cancel": cancel, "on_batch": lambda _: began.set()}
    thread = threading.Thread(target=lambda: results.append(train(network(), easy, **options)))
    thread.start()
    assert began.wait(30)
    cancel.set()
    thread.join(30)
    assert results[0].stopped == "cancelled"


def test_a_loss_that_is_no_number_ends_it_with_the_best_weights(network, easy):
    model = network(preset="exact")
    result = train(model, easy, epochs=9, learning_rate=1e20)
    assert result.stopped == "diverged"
    assert "try a smaller learning rate" in result.notes[-1]
    assert all(np.isfinite(value).all() for value in weights(model).values())


def test_a_module_of_somebody_else_is_trained_on_one_hot_floats(easy):
    shapes = set()

    class Theirs(torch.nn.Sequential):
        def forward(self, x):
            shapes.add((x.dtype, *x.shape[1:]))
            return super().forward(x)

    model = Theirs(torch.nn.Conv1d(4, 3, 6), ExpectationPooling(), torch.nn.Linear(3, 1))
    result = train(model, easy, epochs=2)
    assert shapes == {(torch.float32, 4, 31)}
    assert result.history[-1].m is None
    assert result.settings.batch_size == 32


def test_a_module_with_many_outputs_is_refused(easy):
    model = torch.nn.Sequential(torch.nn.Conv1d(4, 3, 6), ExpectationPooling())
    with pytest.raises(ArgumentError, match=r"`model` is one that gives shape \(32, 3\); accepted: one number a seq"):
        train(model, easy, epochs=1)
    with pytest.raises(ArgumentError, match=r"`model` is without an nn.Conv1d"):
        train(torch.nn.Linear(31, 1), easy, epochs=1)


# labels and splits


def test_balanced_weighs_the_rare_label_as_much_as_the_other(network, easy):
    rare = easy[np.r_[np.flatnonzero(easy.labels == 1)[:6], np.flatnonzero(easy.labels == 0)]]
    model = network()
    plain = train(network(), rare, epochs=1, batch_size=99, validation_fraction=0.5)
    balanced = train(model, rare, epochs=1, batch_size=99, validation_fraction=0.5, class_weight="balanced")
    assert plain.notes == (
        'Label 1 is rare: 6 of 51. The loss counts every sequence alike; class_weight="balanced" would count both '
        "labels alike.",
    )
    assert balanced.notes == ("Label 1 is rare: 6 of 51.",)
    kept = np.setdiff1d(np.arange(51), _validation(rare, 0.5, 0))
    log_odds, labels = predict_log_odds(network(), rare)[kept], rare.labels[kept]
    loss = np.log1p(np.exp(np.where(labels == 1, -log_odds, log_odds)))
    n_positive = labels.sum()
    weight = np.where(labels == 1, (len(labels) - n_positive) / n_positive, 1.0)
    assert balanced.history[0].loss == pytest.approx(np.mean(weight * loss), rel=1e-5)


def test_the_last_part_is_keras_split(network, easy):
    seen = []
    model = network()
    train(model, easy, epochs=1, split="last", on_epoch=seen.append)
    aside = easy[81:]
    # the weights after the epoch are the best and only ones
    assert seen[0].val_auc == pytest.approx(roc_auc_score(aside.labels, predict_log_odds(model, aside)))


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (None, {}, "`data` is without labels; accepted: labels 0 and 1; `add_shuffled_negatives` makes negatives"),
        ([1] * 20, {}, "`data` is with the label 1 alone; accepted: both labels, 0 and 1; `add_shuffled_negatives`"),
        ([0, 2] * 10, {}, "`data` is with the labels 0, 2; accepted: labels 0 and 1"),
        ([1] + [0] * 19, {}, "`labels` is 1 for a single sequence; accepted: two or more of each label"),
        (
            [1, 0] * 8 + [0] * 4,
            {"split": "last"},
            "`split` is 'last', and the last 2 sequences have the label 0 alone; accepted: 'stratified', or data in",
        ),
        (
            [1] * 18 + [0, 1],
            {"split": "last"},
            "`split` is 'last', and the first 18 sequences have the label 1 alone; accepted: 'stratified'",
        ),
    ],
)
def test_labels_that_cannot_be_learnt_from_are_named(network, labels, options, message):
    data = SequenceSet.from_strings(["ACGTACGT"] * 20, labels=labels)
    with pytest.raises(ArgumentError) as error:
        train(network(), data, **options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("epochs", -1, "`epochs` is -1; accepted: a whole number >= 0"),
        ("batch_size", 0, "`batch_size` is 0; accepted: a whole number >= 1"),
        ("patience", 1.5, "`patience` is 1.5"),
        ("seed", -3, "`seed` is -3"),
        ("learning_rate", 0.0, "`learning_rate` is 0; accepted: a finite number > 0"),
        ("validation_fraction", 1.0, "`validation_fraction` is 1; accepted: a number between 0 and 1"),
        ("split", "random", "`split` is 'random'; accepted: 'stratified', 'last'"),
        ("class_weight", "heavy", "`class_weight` is 'heavy'; accepted: None, 'balanced'"),
    ],
)
def test_a_wrong_option_is_named(network, easy, option, value, message):
    with pytest.raises(ArgumentError) as error:
        train(network(), easy, **{option: value})
    assert message in str(error.value)
    with pytest.raises(ArgumentError):
        race(easy, **({"seeds": (value,)} if option == "seed" else {option: value}))


def test_data_of_another_kind_are_named(network):
    with pytest.raises(ArgumentError, match="`data` is a list; accepted: a SequenceSet with labels"):
        train(network(), ["ACGT"])


def test_the_fingerprint_tells_letters_and_labels_apart(easy):
    assert data_fingerprint(easy) == data_fingerprint(easy[:])
    renamed = dataclasses.replace(easy, names=tuple("x" for _ in easy.names), sites=None)
    assert data_fingerprint(renamed) == data_fingerprint(easy)
    others = [easy[:-1], easy[::-1], dataclasses.replace(easy, labels=1 - easy.labels)]
    assert len({data_fingerprint(each) for each in [easy, *others]}) == 4


# resume

TRAINING = """
    import sys
    from pathlib import Path
    from epool_viz.models.cnn import MotifCNN
    from epool_viz.models.training import train
    from tests.models.conftest import PPM
    from epool_viz.data.sequences.simulate import simulate

    def wait(record):
        if record.epoch == 4 and record.batch == 2:
            print("here", flush=True)
            sys.stdin.read()  # until it is killed

    model = MotifCNN(n_kernels=3, width=5, seed=2, trainable=True)
    train(model, simulate(PPM, n=90, length=31, seed=4), epochs=7, batch_size=20, patience=3, learning_rate=0.1,
          checkpoint=Path(sys.argv[1]), on_batch=wait)
"""


def test_a_killed_training_ends_as_if_it_had_not_been_killed(network, easy, tmp_path):
    path = tmp_path / "training.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(TRAINING), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    options = {"epochs": 7, "batch_size": 20, "patience": 3, "learning_rate": 0.1}
    undisturbed = train(network(trainable=True), easy, **options)
    heard = []
    resumed = train(network(trainable=True, seed=11), easy, **options, checkpoint=path, on_epoch=heard.append)
    assert [record.epoch for record in heard] == list(range(4, len(undisturbed.history) + 1))
    assert told(resumed.history) == told(undisturbed.history)
    assert (resumed.stopped, resumed.best_epoch) == (undisturbed.stopped, undisturbed.best_epoch)
    assert_same_weights(weights(resumed.model), weights(undisturbed.model))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_training_resumes_after_any_epoch(network, easy, tmp_path, cut):
    options = {"epochs": 9, "patience": 3, "learning_rate": 0.3}
    path = tmp_path / "training.safetensors"
    undisturbed = train(network(), easy, **options)
    train(network(), easy, **{**options, "epochs": cut}, checkpoint=path)
    resumed = train(network(), easy, **options, checkpoint=path)
    assert told(resumed.history) == told(undisturbed.history)
    assert resumed.stopped == undisturbed.stopped
    assert_same_weights(weights(resumed.model), weights(undisturbed.model))


def test_dropout_and_batch_norm_resume_too(easy, tmp_path):
    def made():
        torch.manual_seed(5)
        layers = [torch.nn.Conv1d(4, 3, 6), torch.nn.BatchNorm1d(3), ExpectationPooling(trainable=True)]
        return torch.nn.Sequential(*layers, torch.nn.Dropout(0.3), torch.nn.Linear(3, 1))

    path = tmp_path / "training.safetensors"
    undisturbed, model = made(), made()
    train(undisturbed, easy, epochs=5)
    train(made(), easy, epochs=2, checkpoint=path)
    torch.manual_seed(77)
    train(model, easy, epochs=5, checkpoint=path)
    assert_same_weights(weights(model), weights(undisturbed))


def test_a_cancelled_training_resumes(network, easy, tmp_path):
    path = tmp_path / "training.safetensors"
    train(network(), easy, epochs=5, checkpoint=path, cancel=After(8))
    resumed = train(network(), easy, epochs=5, checkpoint=path)
    assert_same_weights(weights(resumed.model), weights(train(network(), easy, epochs=5).model))


def test_a_finished_training_is_not_trained_again(network, easy, tmp_path):
    path = tmp_path / "training.safetensors"
    first = train(network(), easy, epochs=2, checkpoint=path)
    again = train(network(), easy, epochs=2, checkpoint=path, on_batch=lambda _: pytest.fail("trained again"))
    assert again.history == first.history
    assert_same_weights(weights(again.model), weights(first.model))


def test_a_checkpoint_of_another_training_is_refused(network, easy, tmp_path):
    path = tmp_path / "training.safetensors"
    train(network(), easy, epochs=1, checkpoint=path)
    cases = [
        (network(), easy, {"seed": 5}, "of another training: seed is 0 there and 5 here"),
        (network(), easy, {"batch_size": 9, "patience": 2}, "batch_size is 32 there and 9 here, patience is 10 there"),
        (network(n_kernels=4), easy, {}, "n_kernels is 3 there and 4 here"),
        (network(pooling="max"), easy, {}, "pooling is {'method': 'expectation'"),
        (network(), easy[:-4], {}, f"the data is '{data_fingerprint(easy)}' there"),
    ]
    for model, data, options, message in cases:
        with pytest.raises(ArgumentError) as error:
            train(model, data, epochs=2, checkpoint=path, **options)
        assert message in str(error.value)
        assert "accepted: the same settings, or another file" in str(error.value)


# race


@pytest.fixture(scope="module")
def raced(easy):
    data, test = split_sequences(easy, 0.3)
    heard = []
    result = race(
        data, test=test, methods=("max", {"method": "expectation", "mode": 1}, ExpectationPooling(trainable=True)),
        n_kernels=3, width=6, seeds=(0, 2), epochs=4, batch_size=13, on_epoch=lambda run, record: heard.append(
            (run.seed, run.method, record.epoch)),
    )  # fmt: skip
    return data, test, result, heard


def test_a_race_runs_every_method_with_every_seed(raced):
    _, _, result, _ = raced
    found = [(run.method.split()[0], run.seed) for run in result.runs]
    assert found == [("max", 0), ("expectation", 0), ("expectation", 0), ("max", 2), ("expectation", 2),
                     ("expectation", 2)]  # fmt: skip
    assert {len(runs) for runs in result.by_method().values()} == {2}
    assert [run.model.pooling.local_window for run in result.runs[:3]] == [1, 5, 1]  # a layer is used as it is
    assert not result.cancelled


def test_of_every_epoch_the_methods_are_heard_in_their_order(raced):
    _, _, result, heard = raced
    methods = list(result.by_method())
    assert heard == [(seed, method, epoch) for seed in (0, 2) for epoch in (1, 2, 3, 4) for method in methods]


def test_a_run_of_a_race_is_the_training_alone(raced):
    from epool_viz.models.cnn import MotifCNN

    data, _, result, _ = raced
    for run, pooling in zip(result.runs[3:5], ("max", "expectation_mode1"), strict=True):
        alone = train(MotifCNN(n_kernels=3, width=6, pooling=pooling, seed=2), data, epochs=4, batch_size=13, seed=2)
        assert_same_weights(weights(run.model), weights(alone.model))
        assert told(run.history) == told(alone.history)


def test_a_race_is_judged_by_its_test_set(raced):
    data, test, result, _ = raced
    np.testing.assert_array_equal(result.test_labels, test.labels)
    for run in result.runs:
        log_odds = predict_log_odds(run.model, test)
        np.testing.assert_array_equal(run.test_log_odds, log_odds)
        assert run.test_auc == pytest.approx(roc_auc_score(test.labels, log_odds))
        assert run.test_auprc == pytest.approx(average_precision_score(test.labels, log_odds))
        assert run.train_auc == pytest.approx(roc_auc_score(data.labels, predict_log_odds(run.model, data)))
        assert run.result.best_epoch == run.best_epoch


def test_a_race_does_without_a_test_set_and_hears_cancel(easy):
    seen = []
    result = race(
        easy, n_kernels=3, width=6, epochs=50, seeds=(0, 1), cancel=After(15),
        on_batch=lambda run, record: seen.append((run.method, record.batch)),
    )  # fmt: skip
    assert result.cancelled
    methods = ("max", "average", "expectation")
    assert seen == [(method, 1 + i % 3) for i in range(15) for method in methods]  # each batch by all, side by side
    assert {run.seed for run in result.runs} == {0}
    assert {run.stopped for run in result.runs} == {"cancelled"}
    assert result.runs[0].test_auc is None
    assert result.test_labels is None
    assert np.isnan(result.runs[0].train_auc)


def test_without_the_fused_engine_methods_take_turns_an_epoch_each(easy):
    seen = []
    race(
        easy, methods=("max", "average"), n_kernels=3, width=6, epochs=2, engine="torch",
        on_batch=lambda run, record: seen.append((run.method, record.epoch)),
    )  # fmt: skip
    n = len(seen) // 4
    assert n > 1
    assert seen == [(method, epoch) for epoch in (1, 2) for method in ("max", "average") for _ in range(n)]


def test_a_method_that_fell_behind_catches_up_before_they_go_on_together(easy, tmp_path):
    options = {"methods": ("max", "expectation"), "n_kernels": 3, "width": 6, "seeds": (1,)}
    race(easy, **options, epochs=3, checkpoint=tmp_path)
    race(easy, **options | {"methods": ("max",)}, epochs=1, checkpoint=tmp_path / "one")
    (tmp_path / "one" / "max-seed1.safetensors").replace(tmp_path / "max-seed1.safetensors")
    heard = []
    resumed = race(
        easy,
        **options,
        epochs=4,
        checkpoint=tmp_path,
        on_epoch=lambda run, record: heard.append((run.method, record.epoch)),
    )
    assert heard == [("max", 2), ("max", 3), ("max", 4), ("expectation", 4)]
    for one, other in zip(resumed.runs, race(easy, **options, epochs=4).runs, strict=True):
        assert_same_weights(weights(one.model), weights(other.model))


def test_a_race_resumes_from_its_folder(easy, tmp_path):
    options = {"methods": ("max", "expectation"), "n_kernels": 3, "width": 6, "seeds": (1,)}
    race(easy, **options, epochs=4, checkpoint=tmp_path / "runs", cancel=After(13))
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["expectation-seed1.safetensors", "max-seed1.safetensors"]
    resumed = race(easy, **options, epochs=4, checkpoint=tmp_path / "runs")
    undisturbed = race(easy, **options, epochs=4)
    for one, other in zip(resumed.runs, undisturbed.runs, strict=True):
        assert_same_weights(weights(one.model), weights(other.model))
        assert told(one.history) == told(other.history)


def test_a_device_is_where_the_network_and_the_codes_are(network, easy):
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device in devices:
        alone = train(network(), easy, epochs=2, seed=0, device=torch.device(device))
        raced = race(easy, methods=("expectation",), n_kernels=3, width=5, epochs=2, device=device, test=easy)
        for model in (alone.model, raced.runs[0].model):
            assert {weight.device.type for weight in model.parameters()} == {device}
        assert raced.runs[0].test_auc == pytest.approx(roc_auc_score(easy.labels, raced.runs[0].model.predict(easy)))
        assert len(alone.history) == 2
    assert_same_weights(weights(train(network(), easy, epochs=2, device="cpu").model),
                        weights(train(network(), easy, epochs=2).model))  # fmt: skip


@pytest.mark.parametrize("device", ["abacus", "cuda:99", 1.5])
def test_a_device_that_is_not_there_is_named(network, easy, device):
    accepted = "accepted: 'cpu', or 'cuda' where torch finds a GPU"
    with pytest.raises(ArgumentError, match=re.escape(f"`device` is {device!r}; {accepted}")):
        train(network(), easy, epochs=1, device=device)
    with pytest.raises(ArgumentError, match=re.escape(f"`device` is {device!r}; {accepted}")):
        race(easy, epochs=1, device=device)


def test_a_wrong_race_is_named(easy):
    with pytest.raises(ArgumentError, match="`methods` is 'max' twice; accepted: each pooling once"):
        race(easy, methods=("max", "max"))
    with pytest.raises(ArgumentError, match=r"`methods` is 'max'; accepted: a list of poolings"):
        race(easy, methods="max")
    with pytest.raises(ArgumentError, match="`test` is with the label 1 alone"):
        race(easy, test=easy[easy.labels == 1])


def test_expectation_overfits_less_and_is_better_than_the_average():
    """The direction of the paper's claim where it is plain: a weak motif, few sequences."""
    weak = 0.55 * PPM + 0.45 * 0.25
    data = simulate(weak, n=240, length=60, margin=5, seed=1)
    test = simulate(weak, n=600, length=60, margin=5, seed=2)
    result = race(data, test=test, methods=("average", "expectation"), n_kernels=4, width=8, epochs=15)
    average, expectation = result.runs
    assert expectation.test_auc > average.test_auc


@pytest.mark.parametrize("mode", [0, 1])
def test_in_exact_every_identity_holds_for_the_trained_network(network, easy, mode):
    data, test = split_sequences(easy, 0.3)
    model = network(preset="exact", mode=mode, trainable=True)
    train(model, data, epochs=8, batch_size=10)
    for kernel in range(3):
        for sequence in test:
            trace = model.trace(sequence, kernel, background=data.letter_frequencies())
            assert trace.exact
            assert trace.identity_error < 2e-5  # single precision
    double = network(preset="exact", mode=mode, trainable=True).double()
    double.load_state_dict(model.state_dict())
    assert max(double.trace(sequence, kernel).identity_error for sequence in test for kernel in range(3)) < 1e-12


def test_a_run_is_judged_as_the_race_judges_it(easy):
    test = simulate(PPM, n=40, length=31, seed=9)
    (run,) = race(easy, test=test, methods=["max"], n_kernels=3, width=5, epochs=1).runs
    again = Run("max", 0, run.model)
    judge(again, test)
    assert (again.test_auc, again.test_auprc) == (run.test_auc, run.test_auprc)
    np.testing.assert_array_equal(again.test_log_odds, run.test_log_odds)
    with pytest.raises(ArgumentError, match="`test` is without labels"):
        judge(again, SequenceSet.from_strings(["ACGTACGTAC"]))
