"""Both engines against `core` and each other.

The laws are tested on kernels whose numbers are multiples of 1/64: every window score is then exact in float32, ties
are ties, and both engines must choose the same winners. What is left to round is the softmax and the sums of gradients.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from epool_viz.core.alphabet import one_hot
from epool_viz.core.pooling import activate
from epool_viz.core.scan import scan, whole_windows
from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.models import engine, threads
from epool_viz.models.cnn import MotifCNN, predict_log_odds
from epool_viz.models.engine import FusedScan, as_one_hot, can_fuse, fused_pool, torch_pool, torch_scan
from epool_viz.models.pooling import (
    AveragePooling,
    ExpectationPooling,
    LogSumExpPooling,
    MaxPooling,
    make_pooling,
)
from epool_viz.models.steps import FusedSteps, TorchSteps, can_step
from epool_viz.models.training import race, train

WIDTHS = pytest.mark.parametrize("width", [1, 4, 5, 11])
PADDINGS = pytest.mark.parametrize("padding", ["valid", "same"])
EPS = 2.0**-23  # of float32


@pytest.fixture(scope="module", autouse=True)
def prepared():
    assert engine.prepare(lambda _: None)


@pytest.fixture
def codes(rng) -> np.ndarray:
    """2 sequences of 11 letters, unknown ones at the first, a middle and the last place."""
    codes = rng.integers(4, size=(2, 11)).astype(np.int8)
    codes[0, [0, 6]] = -1
    codes[1, 10] = -1
    return codes


# the plain way


@WIDTHS
@PADDINGS
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_plain_scan_gives_the_scores_of_core(width, padding, dtype, codes, rng):
    kernels, biases = torch.tensor(rng.normal(size=(3, 4, width))), torch.tensor(rng.normal(size=3))
    expected = scan(one_hot(codes), kernels.numpy(), bias=biases.numpy(), padding=padding)
    rtol = {torch.float32: 2e-6, torch.float64: 1e-13}[dtype]
    for sequences in (torch.tensor(codes), torch.tensor(one_hot(codes))):
        scores = torch_scan(sequences, kernels.to(dtype), biases.to(dtype), padding)
        assert scores.dtype == dtype
        np.testing.assert_allclose(scores.numpy(), expected, rtol=rtol, atol=10 * rtol)


@WIDTHS
@PADDINGS
def test_the_plain_scan_has_the_right_gradients(width, padding, codes, rng):
    kernels = torch.tensor(rng.normal(size=(3, 4, width)), requires_grad=True)
    biases = torch.tensor(rng.normal(size=3), requires_grad=True)
    assert torch.autograd.gradcheck(lambda k, b: torch_scan(torch.tensor(codes), k, b, padding), (kernels, biases))


def test_an_unknown_letter_is_a_column_of_zeros(codes):
    made = as_one_hot(torch.tensor(codes), torch.zeros(3, 4, 5, dtype=torch.float64))
    np.testing.assert_array_equal(made, one_hot(codes))


# the fused way: the same numbers


def by_either(codes, kernels, biases, pooling, padding, activation, upstream):
    """Pooled values and all gradients, by the fused engine in float32 and by the plain one in float64."""
    found = []
    for way, dtype in ((fused_pool, torch.float32), (torch_pool, torch.float64)):
        layer = make_pooling(pooling["method"], **{k: v for k, v in pooling.items() if k != "method"}).to(dtype)
        weights = [torch.tensor(each, dtype=dtype, requires_grad=True) for each in (kernels, biases)]
        options = {"pooling": layer, "padding": padding, "activation": activation}
        if way is torch_pool and activation == "identity":
            options["mask"] = whole_windows(torch.tensor(one_hot(codes)), kernels.shape[-1], padding=padding)[:, None]
        pooled = way(torch.tensor(codes), *weights, **options)
        pooled.backward(torch.tensor(upstream, dtype=dtype))
        gradients = [weight.grad for weight in (*weights, *layer.parameters())]
        found.append([each.detach().double().numpy() for each in (pooled, *gradients)])
    return found


def assert_agree(codes, kernels, biases, pooling, padding, activation, upstream):
    """Values within 16 roundings of the largest score, and gradients within 300 of the largest that they can be.

    A share is `exp(m (x - top))`, whose argument is rounded in the 24th place: with `m (top - x)` up to 87 (beyond, a
    share is nothing) its relative error is at most 87 roundings, and a pooled value's gradient is at most
    `1 + m (top - lowest)` in all.
    """
    largest = np.abs(kernels).max(1).sum(-1) + np.abs(biases)  # a bound on each kernel's scores
    m = pooling.get("m", 0.0) if pooling["method"].startswith("expectation") else 0.0
    steepness = np.abs(upstream).sum(0) * (1 + 2 * m * largest)
    fused, plain = by_either(codes, kernels, biases, pooling, padding, activation, upstream)
    size = np.maximum(largest, 1)
    if pooling["method"] == "logsumexp":  # its value is the scores' own plus at most this
        size = size + np.log(codes.shape[1]) / pooling["m"]
    assert (np.abs(fused[0] - plain[0]) <= 16 * EPS * size * (1 + m)).all()
    for one, other in zip(fused[1:3], plain[1:3], strict=True):
        off = np.abs(one - other).reshape(len(kernels), -1).max(1)
        assert (off <= 300 * EPS * steepness).all()
    if len(fused) > 3:  # by log m: at most m times a variance, or a logarithm over m
        bound = (np.abs(upstream) * (pooling["m"] * largest**2 + largest + 8 / pooling["m"])).sum()
        assert abs(fused[3] - plain[3]) <= 300 * EPS * bound


POOLINGS = st.one_of(
    st.fixed_dictionaries({"method": st.sampled_from(["max", "average"])}),
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(["logsumexp", "expectation", "expectation_mode1"]),
            "m": st.sampled_from([0.25, 1.0, 3.5]),
            "trainable": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"method": st.sampled_from(["expectation", "expectation_mode1"]), "m": st.just(0.0)}),
)


@given(
    pooling=POOLINGS,
    local_window=st.sampled_from([1, 1, 2, 5, 16, 17, 40]),
    padding=st.sampled_from(["valid", "same"]),
    activation=st.sampled_from(["identity", "relu", "paper"]),
    width=st.integers(1, 40),
    n_kernels=st.integers(1, 200),
    extra=st.integers(0, 60),
    batch=st.integers(1, 5),
    unknown=st.sampled_from([0.0, 0.02, 0.3]),
    repeats=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=120)
# every window below the cap and above it; a single one; the widest and the most
@example({"method": "max"}, 1, "same", "paper", 40, 3, 0, 2, 0.0, True, 1)
@example({"method": "expectation", "m": 1.0, "trainable": True}, 1, "valid", "identity", 40, 200, 0, 3, 0.0, False, 2)
@example({"method": "expectation_mode1", "m": 1.0, "trainable": True}, 5, "same", "paper", 24, 17, 60, 2, 0.3, True, 3)
@example({"method": "average"}, 17, "valid", "relu", 1, 16, 60, 2, 0.02, True, 4)
def test_both_engines_agree(
    pooling, local_window, padding, activation, width, n_kernels, extra, batch, unknown, repeats, seed
):
    rng = np.random.default_rng(seed)
    length = width + extra
    codes = rng.integers(4, size=(batch, length)).astype(np.int8)
    if repeats:  # many windows with the same letters: ties
        codes = codes[:, np.arange(length) % min(length, 3)]
    codes[rng.random(codes.shape) < unknown] = -1
    if activation == "identity":
        codes[:, : min(2 * width + local_window, length)] %= 4  # a window that takes part
    n_windows = length if padding == "same" else length - width + 1
    local_window = min(local_window, n_windows)
    if activation == "identity" and padding == "same" and n_windows // local_window * local_window <= width // 2:
        local_window = 1  # the only whole window would be left out
    kernels = rng.integers(-64, 65, size=(n_kernels, 4, width)) / 64
    biases = rng.integers(-64, 65, size=n_kernels) / 64
    upstream = rng.normal(size=(batch, n_kernels))
    pooling = {**pooling, "local_window": local_window}
    assert_agree(codes, kernels, biases, pooling, padding, activation, upstream)


@pytest.mark.parametrize("length", [130, 150, 400])
@pytest.mark.parametrize("width", [1, 7, 24])
def test_an_average_by_counts_is_the_average(length, width, rng):
    codes = rng.integers(4, size=(5, length)).astype(np.int8)
    codes[3, [0, 60, -1]] = -1  # this one has windows that take no part, and is averaged a window at a time
    kernels, biases = rng.integers(-64, 65, size=(18, 4, width)) / 64, rng.integers(-64, 65, size=18) / 64
    assert_agree(codes, kernels, biases, {"method": "average"}, "valid", "identity", rng.normal(size=(5, 18)))


@PADDINGS
@pytest.mark.parametrize("activation", ["identity", "relu", "paper"])
def test_the_fused_scores_are_those_of_core_within_one_rounding_an_addition(padding, activation, rng):
    # the maximum of one window in each sequence: the score itself
    for width in (1, 2, 3, 15, 24, 40):
        kernels = rng.normal(size=(18, 4, width)).astype(np.float32)
        biases = rng.normal(size=18).astype(np.float32)
        codes = rng.integers(4, size=(7, width)).astype(np.int8)
        onehot = one_hot(codes)
        scores = activate(scan(onehot, kernels.astype(float), bias=biases.astype(float), padding=padding), activation)
        if activation == "identity":
            scores = np.where(whole_windows(onehot, width, padding=padding)[:, None], scores, -np.inf)
        options = {"pooling": MaxPooling(), "padding": padding, "activation": activation}
        found = fused_pool(torch.tensor(codes), torch.tensor(kernels), torch.tensor(biases), **options)
        magnitude = np.abs(kernels).max(1).sum(-1) + np.abs(biases)
        assert (np.abs(found.numpy() - scores.max(-1)) <= (width + 2) * EPS * magnitude).all()


def test_of_equal_windows_the_first_one_has_the_gradient():
    # AC at 0, 4 and, last, 8: kernels that like AC; one of them over the cap everywhere, one exactly at it
    codes = np.array([[0, 1, 2, 3, 0, 1, 3, 2, 0, 1]], np.int8)
    kernels = np.zeros((3, 4, 2), np.float32)
    kernels[:, 0, 0] = kernels[:, 1, 1] = [1, 5, 4]
    biases = np.array([0.0, 0.0, 6.0], np.float32)
    for pooling in ({"method": "max"}, {"method": "max", "local_window": 9}):
        for padding in ("valid", "same"):
            fused, plain = by_either(codes, kernels, biases, pooling, padding, "paper", np.ones((1, 3)))
            for one, other in zip(fused, plain, strict=True):
                np.testing.assert_array_equal(one, other)
            np.testing.assert_array_equal(fused[2], [1, 1, 0])  # the third is above the cap


def test_at_the_cap_the_first_window_that_reaches_it_wins():
    # scores 10, 12: after the cap equal, so the first has it, whose derivative is 1; the other way round 0
    kernels = np.array([[[10], [12], [0], [0]]], np.float32)
    for letters, expected in (([0, 1], 1.0), ([1, 0], 0.0), ([2, 0], 1.0)):
        for pooling in ({"method": "max"}, {"method": "expectation", "local_window": 2}):
            fused, plain = by_either(
                np.array([letters], np.int8), kernels, np.zeros(1, np.float32), pooling, "valid", "paper",
                np.ones((1, 1)),
            )  # fmt: skip
            for one, other in zip(fused, plain, strict=True):
                np.testing.assert_array_equal(one, other)
            assert fused[2][0] == expected


def test_in_mode_1_a_window_at_the_mean_takes_part_by_half():
    # scores 0, 1, 2 and 1: their mean is 1
    kernels = np.array([[[0], [1], [2], [-5]]], np.float32)
    codes, upstream = np.array([[0, 1, 2, 1]], np.int8), np.ones((1, 1))
    pooling = {"method": "expectation_mode1", "m": 0.5}
    fused, plain = by_either(codes, kernels, np.zeros(1, np.float32), pooling, "valid", "identity", upstream)
    for one, other in zip(fused, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=16 * EPS, atol=16 * EPS)
    halves, whole = np.exp(0.5), np.exp(1.0)  # twice a half of the one, once the other
    np.testing.assert_allclose(fused[0], [[(halves + 2 * whole) / (halves + whole)]], rtol=16 * EPS)


def test_a_sequence_without_a_whole_window_is_refused_by_either(network):
    codes = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3], [0, 1, -1, 2, 3, -1, 0, 1]], dtype=torch.int8)
    said = []
    for name in ("fused", "torch"):
        with pytest.raises(ArgumentError, match="no window of known letters; accepted: 5 known letters in a row") as e:
            network(preset="exact", engine=name)(codes)
        said.append(str(e.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("method", ["expectation", "expectation_mode1", "logsumexp", "average", "max"])
def test_scores_as_large_as_floats_are_stay_finite(method):
    kernels = torch.tensor([[[1e38], [-3e38], [0.0], [3e38]]], requires_grad=True)
    biases = torch.zeros(1, requires_grad=True)
    options = {"pooling": make_pooling(method), "padding": "valid", "activation": "identity"}
    if method == "average":  # here its sum is beyond float32 for either engine
        kernels = (kernels * 0.1).detach().requires_grad_()
    pooled = fused_pool(torch.tensor([[0, 1, 3, 2]], dtype=torch.int8), kernels, biases, **options)
    pooled.sum().backward()
    assert torch.isfinite(pooled).all()
    assert torch.isfinite(kernels.grad).all()
    if method != "average":
        assert pooled.item() == pytest.approx(3e38)


def test_what_is_no_number_is_seen(network):
    for name in ("max", "average", "logsumexp", "expectation"):
        model = network(preset="exact", pooling=name, engine="fused")
        torch.nn.init.constant_(model.conv.weight, float("nan"))
        assert torch.isnan(model(torch.tensor([[0, 1, 2, 3, 0, 1, 2]], dtype=torch.int8))).all()


# threads


def gradients_of(n_kernels=40):
    rng = np.random.default_rng(3)
    codes = rng.integers(-1, 4, size=(37, 71)).astype(np.int8)
    labels = rng.integers(2, size=37).astype(np.float32)
    made = FusedScan([ExpectationPooling(local_window=5), MaxPooling()], [n_kernels, 3], 7, "same", "paper", 71)
    kernels = [rng.normal(size=(n, 4, 7)).astype(np.float32) for n in (n_kernels, 3)]
    made.set_kernels(kernels, [np.zeros(n, np.float32) for n in (n_kernels, 3)], [1.0, 0.0])
    weights = [rng.normal(size=n).astype(np.float32) for n in (n_kernels, 3)]
    found = made.train(codes, np.arange(37), labels, 1.0, weights, [0.1, 0.2])
    pooled = made.pool(codes, np.arange(37))
    return [
        found.log_odds, found.losses, found.by_m, found.by_offset, *found.by_weight, pooled,
        *made.kernel_gradients(0), *made.kernel_gradients(1), len(made._chunks(37)),
    ]  # fmt: skip


def test_the_numbers_do_not_depend_on_the_threads(monkeypatch):
    monkeypatch.setattr(engine, "_CHUNK", 1000)
    with threads.use_threads(1):
        expected = gradients_of()
    assert expected[-1] == 16  # chunks
    for n in (2, 3, 7):
        with threads.use_threads(n):
            for one, other in zip(gradients_of(), expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_chunks_are_parts_of_one_sum(monkeypatch):
    whole = gradients_of()
    assert whole[-1] == 1
    monkeypatch.setattr(engine, "_CHUNK", 1000)
    for one, other in zip(gradients_of()[:-1], whole[:-1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_threads_are_those_that_one_was_told(monkeypatch):
    assert threads.n_threads() == threads.cores()
    monkeypatch.setenv("EPOOL_VIZ_THREADS", "3")
    assert threads.n_threads() == 3
    with threads.use_threads(5):
        assert threads.n_threads() == 5
    assert threads.n_threads() == 3
    threads.set_threads(1)
    try:
        assert threads.n_threads() == 1
    finally:
        threads.set_threads(None)
    monkeypatch.setenv("EPOOL_VIZ_THREADS", "many")
    with pytest.raises(ArgumentError, match="`EPOOL_VIZ_THREADS` is 'many'; accepted: a whole number >= 1"):
        threads.n_threads()
    for wrong in (0, 1.5, True):
        with pytest.raises(ArgumentError, match="`n` is "):
            threads.set_threads(wrong)


def test_work_is_done_once_each_and_side_by_side():
    seen, names = [], set()
    gate = threading.Barrier(2, timeout=30)

    def work(i):
        if i < 2:
            gate.wait()  # passes only if two are here at once
        names.add(threading.current_thread().name)
        seen.append(i)

    with threads.use_threads(2):
        threads.for_each(work, 9)
    assert sorted(seen) == list(range(9))
    assert len(names) == 2
    with threads.use_threads(2), pytest.raises(ZeroDivisionError):
        threads.for_each(lambda i: 1 // (i - 5), 9)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own():
    with threads.use_threads(2):
        expected = gradients_of()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 says that forking beside threads may deadlock
            child = os.fork()
        if child == 0:
            code = 1
            try:
                threads.for_each(lambda i: i, 4)
                same = all(np.array_equal(a, b) for a, b in zip(gradients_of(), expected, strict=True))
                code = 0 if same else 2
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# choosing


def test_an_engine_is_chosen_by_name(network, monkeypatch):
    with pytest.raises(ArgumentError, match="`engine` is 'abacus'; accepted: 'auto', 'fused', 'torch'"):
        network(engine="abacus")
    codes = torch.zeros((2, 9), dtype=torch.int8)
    used = {name: network(engine=name).uses_fused(codes) for name in engine.ENGINES}
    assert used == {"auto": True, "fused": True, "torch": False}
    with torch.no_grad():  # a small prediction is not worth loading numba
        used = {name: network(engine=name).uses_fused(codes) for name in engine.ENGINES}
        assert used == {"auto": False, "fused": True, "torch": False}
        monkeypatch.setattr(engine, "_WORTH_LOADING", 100)
        chosen = []
        monkeypatch.setattr(MotifCNN, "uses_fused", lambda *_: bool(chosen.append(engine.is_preferred())))
        predict_log_odds(network(), codes)
    assert set(chosen) == {True}


def test_without_numba_auto_is_torch_and_fused_says_what_to_install(network, monkeypatch):
    monkeypatch.setattr(engine, "has_numba", lambda: False)
    assert not network().uses_fused(torch.zeros((2, 9), dtype=torch.int8))
    with pytest.raises(EpoolError, match=r'The engine "fused" needs numba; install it with: pip install "epool-viz'):
        network(engine="fused")


def test_a_numba_that_does_not_go_with_this_numpy_is_done_without(monkeypatch):
    monkeypatch.setattr(engine, "_load", lambda: None)
    monkeypatch.setattr(engine, "_is_ready", None)
    assert engine.prepare() is False
    assert engine.has_numba()


def test_a_numba_without_the_inner_parts_is_done_without_and_says_so_once(monkeypatch):
    import numba.core.event

    import epool_viz.models

    monkeypatch.delattr(numba.core.event, "install_listener")
    for name in ("_fused", "upstream"):
        monkeypatch.delitem(sys.modules, f"epool_viz.models.{name}", raising=False)
        monkeypatch.delattr(epool_viz.models, name, raising=False)
    monkeypatch.setattr(engine, "_is_ready", None)
    engine._load.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match=r"this numba cannot be used \(cannot import name 'install_listener'"):
            assert engine.prepare() is False
        assert engine._load() is None, "and no second warning"
    finally:
        engine._load.cache_clear()


def test_what_is_unusual_goes_the_plain_way(network):
    class Theirs(MaxPooling):
        """May do anything."""

    codes = torch.zeros((2, 30), dtype=torch.int8)
    weight = network().conv.weight
    plain = {"pooling": MaxPooling(), "padding": "valid"}
    assert can_fuse(codes, weight, **plain)
    assert not can_fuse(codes.double(), weight, **plain)
    assert not can_fuse(as_one_hot(codes, weight), weight, **plain)
    assert not can_fuse(codes, weight.double(), **plain)
    assert not can_fuse(codes, network(alphabet="protein").conv.weight, **plain)
    assert not can_fuse(codes, weight, pooling=Theirs(), padding="valid")
    assert can_fuse(codes, weight, pooling=ExpectationPooling(local_window=26), padding="valid")
    assert not can_fuse(codes, weight, pooling=ExpectationPooling(local_window=27), padding="valid")
    assert can_fuse(codes, weight, pooling=ExpectationPooling(local_window=27), padding="same")
    if torch.cuda.is_available():
        assert not can_fuse(codes.cuda(), weight.cuda(), **plain)
    # and the network then gives the same as ever
    model = network(engine="fused")
    torch.testing.assert_close(model(codes), model(as_one_hot(codes, weight)), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.conv.weight.requires_grad_(False),
        lambda model: model.register_forward_hook(lambda *_: None),
        lambda model: model.output.register_full_backward_hook(lambda *_: None),
        lambda model: model.conv.bias.register_hook(lambda g: g),
        lambda model: setattr(model, "forward", model.forward),
        lambda model: setattr(model, "output", torch.nn.Sequential(torch.nn.Linear(3, 1))),
        lambda model: setattr(model, "conv", type("Other", (torch.nn.Conv1d,), {})(4, 3, 5)),
        lambda model: model.double(),
    ],
    ids=range(8),
)
def test_a_changed_network_is_stepped_by_torch(network, change):
    model = network()
    codes = torch.zeros((2, 30), dtype=torch.int8)
    assert can_step(model, codes)
    change(model)
    assert not can_step(model, codes)
    assert not can_step(network(engine="torch"), codes)
    assert not can_step(torch.nn.Linear(3, 1), codes)


def test_frozen_kernels_stay_while_the_rest_is_trained(network, easy):
    model = network()
    model.conv.weight.requires_grad_(False)
    before, output = model.kernels, model.output_weights
    train(model, easy, epochs=2)
    np.testing.assert_array_equal(model.kernels, before)
    assert not np.array_equal(model.output_weights, output)


# training


@pytest.mark.parametrize("preset", ["paper", "demo", "exact"])
@pytest.mark.parametrize("options", [{"trainable": True}, {"mode": 1}, {"pooling": "max"}, {"pooling": "average"},
                                     {"pooling": "logsumexp", "trainable": True}], ids=str)  # fmt: skip
def test_a_step_is_the_same_by_either(network, easy, preset, options):
    codes = torch.tensor(np.array(easy.all_codes).reshape(90, -1))
    codes[3, 12] = -1
    labels = torch.tensor(easy.labels)
    found = []
    for kinds in ([FusedSteps] * 4, [TorchSteps] * 4, [FusedSteps, TorchSteps] * 2):
        model = network(preset=preset, engine="fused" if kinds[0] is FusedSteps else "torch", **options)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-7)
        held = []
        for i, kind in enumerate(kinds):
            ((loss, told),) = kind([(model, optimizer, 1.7)], codes, labels)(np.arange(20 * i, 20 * i + 20))
            held += [float(loss), *told.tolist()]
        held += torch.cat([weight.detach().reshape(-1) for weight in model.parameters()]).tolist()
        for state in optimizer.state.values():
            assert state["step"] == 4
        found.append(held)
    # Adam's first step moves a weight by the learning rate however small its gradient: rounding is magnified there
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(found[2], found[1], rtol=1e-3, atol=2e-4)


def test_either_engine_learns_the_same(easy):
    results = {
        name: race(
            easy, methods=("max", "expectation", "expectation_mode1"), n_kernels=8, width=10, seeds=(0, 1),
            epochs=15, patience=15, class_weight="balanced", engine=name,
        )
        for name in ("fused", "torch")
    }  # fmt: skip
    for one, other in zip(results["fused"].runs, results["torch"].runs, strict=True):
        for name in ("loss", "val_loss"):
            curves = [[getattr(record, name) for record in run.history] for run in (one, other)]
            np.testing.assert_allclose(*curves, rtol=0.02, atol=2e-3)
        assert one.train_auc == pytest.approx(other.train_auc, abs=0.02)


def test_side_by_side_in_one_table_is_as_good_as_alone(rng):
    codes = rng.integers(4, size=(9, 31)).astype(np.int8)
    poolings = [ExpectationPooling(m=0.7), MaxPooling(), AveragePooling(), LogSumExpPooling(m=2.0, local_window=4)]
    sizes, width = [3, 17, 16, 1], 5
    kernels = [rng.normal(size=(n, 4, width)).astype(np.float32) for n in sizes]
    biases = [rng.normal(size=n).astype(np.float32) for n in sizes]
    weights = [rng.normal(size=n).astype(np.float32) for n in sizes]
    labels, rows = rng.integers(2, size=9).astype(np.float32), np.array([8, 0, 3, 3, 5])
    ms = [0.7, 0.0, 0.0, 2.0]
    together = FusedScan(poolings, sizes, width, "same", "relu", 31)
    together.set_kernels(kernels, biases, ms)
    all_of_them = together.train(codes, rows, labels, 1.0, weights, [0.1] * 4)
    for net in range(4):
        alone = FusedScan([poolings[net]], [sizes[net]], width, "same", "relu", 31)
        alone.set_kernels([kernels[net]], [biases[net]], [ms[net]])
        expected = alone.train(codes, rows, labels, 1.0, [weights[net]], [0.1])
        np.testing.assert_array_equal(all_of_them.log_odds[net], expected.log_odds[0])
        np.testing.assert_array_equal(all_of_them.by_weight[net], expected.by_weight[0])
        for one, other in zip(together.kernel_gradients(net), alone.kernel_gradients(0), strict=True):
            np.testing.assert_array_equal(one, other)


# compiling


def test_compiling_is_said_once_and_reading_what_was_compiled_is_not(monkeypatch):
    from numba import njit

    from epool_viz.models import _fused

    functions = [njit(lambda x: x + 1), njit(lambda x: x + 2)]
    monkeypatch.setattr(engine, "_call_each", lambda _: [function(1) for function in functions])
    said = []
    for _ in range(2):
        monkeypatch.setattr(engine, "_is_ready", None)
        assert engine.prepare(said.append)
    assert said == ["Compiling the scan engine for this machine. It is done once, and takes about a minute."]
    with _fused.on_compiling(lambda: said.append("again")):
        gradients_of()
    assert len(said) == 1


def test_where_no_cache_can_be_written_it_compiles_without(monkeypatch):
    from epool_viz.models import _fused

    asked = []

    def njit(**options):
        asked.append(options.get("cache", False))
        if asked[-1]:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(_fused, "njit", njit)
    assert _fused.compiled(len) is len
    assert asked == [True, False]


def test_where_the_cache_has_no_room_it_goes_on_without(monkeypatch):
    from numba import njit
    from numba.core.caching import NullCache

    from epool_viz.models import _fused

    class Full:
        """A disk with no room."""

        def load_overload(self, *_):
            return None

        def save_overload(self, *_):
            raise OSError(28, "No space left on device")

    function, untouched = njit(lambda x: x + 3), _fused.adam._cache
    function._cache = Full()
    monkeypatch.setattr(_fused, "adam", function)
    for name, value in list(vars(_fused).items()):
        if isinstance(value, type(function)) and name != "adam":
            monkeypatch.setattr(value, "_cache", value._cache)
    monkeypatch.setattr(engine, "_call_each", lambda fused: fused.adam(1))
    monkeypatch.setattr(engine, "_is_ready", None)
    assert engine.prepare(lambda _: None)
    assert isinstance(function._cache, NullCache)
    assert function(4) == 7
    assert not isinstance(untouched, NullCache)


def test_neither_looking_nor_a_small_prediction_loads_numba():
    code = """
        import sys
        from epool_viz.models.cnn import MotifCNN
        import epool_viz.models.training
        model = MotifCNN(n_kernels=2, width=3)
        model.predict(["ACGTACGT", "TTTTACGT"])
        print("numba" in sys.modules)
        model(__import__("torch").zeros((1, 9), dtype=__import__("torch").int8)).sum().backward()
        print("numba" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
