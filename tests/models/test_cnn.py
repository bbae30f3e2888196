from __future__ import annotations

import numpy as np
import pytest
import torch

from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.pooling import activate, expectation_pool, local_max
from epool_viz.core.scan import scan
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError, ShapeError
from epool_viz.models.cnn import PRESETS, MotifCNN, predict_log_odds
from epool_viz.models.pooling import POOLINGS, ExpectationPooling, LogSumExpPooling, MaxPooling

SEQUENCES = ["ACGTTGCATGCAA", "TTTTTGGGCATGC", "GATTACAGATTAC", "CCCCCACGTGCAT"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("mode", [0, 1])
def test_the_network_is_scan_rectifier_pooling_and_one_unit(network, preset, mode):
    model = network(preset=preset, mode=mode, m=1.7).double()
    said = PRESETS[preset]
    onehot = SequenceSet.from_strings(SEQUENCES).one_hot()
    scores = activate(scan(onehot, model.kernels, bias=model.biases, padding=said.padding), said.activation)
    cells = local_max(scores, said.local_window).values
    log_odds = expectation_pool(cells, m=1.7, mode=mode) @ model.output_weights + model.output_bias
    np.testing.assert_allclose(predict_log_odds(model, SEQUENCES), log_odds, rtol=1e-12)
    np.testing.assert_allclose(model.predict(SEQUENCES, batch_size=3), 1 / (1 + np.exp(-log_odds)), rtol=1e-12)
    np.testing.assert_allclose(model(torch.tensor(onehot)).detach(), log_odds, rtol=1e-12)


def test_the_presets_are_those_of_the_paper_and_the_notebook():
    fields = ("padding", "activation", "local_window", "batch_size", "patience", "learning_rate")
    found = {name: tuple(getattr(preset, field) for field in fields) for name, preset in PRESETS.items()}
    assert found == {
        "paper": ("same", "paper", 5, 32, 10, 0.01),
        "demo": ("same", "relu", 10, 256, 15, 0.01),
        "exact": ("valid", "identity", 1, 32, 10, 0.01),
    }


@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("preset", PRESETS)
def test_only_the_expectation_has_a_local_maximum_before_it(network, preset, name):
    expected = PRESETS[preset].local_window if name.startswith("expectation") else 1
    assert network(preset=preset, pooling=name).pooling.local_window == expected
    assert network(preset=preset, pooling=name, local_window=2).pooling.local_window == 2


def test_every_option_reaches_the_network(network):
    model = network(pooling="logsumexp", m=0.4, trainable=True, padding="valid", activation="relu", alphabet="RNA")
    assert isinstance(model.pooling, LogSumExpPooling)
    assert model.m == pytest.approx(0.4)
    assert (model.padding, model.activation, model.alphabet.name) == ("valid", "relu", "RNA")
    assert network(pooling={"method": "expectation", "m": 2.5}).pooling.settings() == {
        "method": "expectation", "m": 2.5, "mode": 0, "trainable": False, "local_window": 5,
    }  # fmt: skip
    layer = ExpectationPooling(mode=1)
    assert network(pooling=layer).pooling is layer
    assert network(pooling="max").m is None
    assert network(alphabet="protein").kernels.shape == (3, 20, 5)


def test_settings_make_a_network_of_the_same_form(network):
    model = network(preset="demo", pooling="expectation_mode1", m=2.5, padding="valid", local_window=2)
    twin = MotifCNN(**model.settings())
    assert twin.settings() == model.settings()
    twin.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(twin.predict(SEQUENCES), model.predict(SEQUENCES))


def test_the_first_weights_follow_from_the_seed_and_not_from_the_pooling(network):
    models = [network(pooling=name) for name in POOLINGS]
    for model in models[1:]:
        np.testing.assert_array_equal(model.kernels, models[0].kernels)
        np.testing.assert_array_equal(model.output_weights, models[0].output_weights)
    assert not np.array_equal(network(seed=3).kernels, models[0].kernels)
    assert abs(models[0].kernels).max() <= np.sqrt(6 / (4 * 5 + 3 * 5))  # Glorot's bound
    assert not models[0].biases.any()
    assert models[0].output_bias == 0


def test_making_a_network_leaves_the_randomness_of_torch_alone(network):
    before = torch.get_rng_state()
    network().predict(SEQUENCES)
    assert torch.equal(torch.get_rng_state(), before)


def test_arrays_are_copies(network):
    model = network()
    for name in ("kernels", "biases", "output_weights"):
        getattr(model, name)[:] = 7.0
        assert not (getattr(model, name) == 7.0).any()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("sequence", ["ACGTTGCATGCAA", "NCGTTGCANGCAN"])
def test_a_trace_pools_what_the_network_pools(network, preset, mode, sequence):
    model = network(preset=preset, mode=mode, m=0.8).double()
    codes = torch.tensor(model.alphabet.encode(sequence))[None]
    pooled = model.pool(model.scores(codes), codes)
    for kernel in range(3):
        trace = model.trace(sequence, kernel, background=[0.3, 0.2, 0.2, 0.3])
        assert float(trace.pooled) == pytest.approx(pooled[0, kernel].item(), rel=1e-12)
        if preset == "exact":
            assert trace.exact
            assert trace.identity_error < 1e-12


def test_in_exact_the_pooled_value_is_offset_plus_expected_log_odds(network):
    model = network(preset="exact", m=1.3).double()
    codes = torch.tensor(model.alphabet.encode("ACGTTGCATGCAA"))[None]
    pwm = kernel_to_pwm(model.kernels, bias=model.biases, base=np.exp(1.3))
    log_odds = scan(SequenceSet.from_strings(["ACGTTGCATGCAA"]).one_hot(), pwm.pwm)
    expected = expectation_pool(log_odds, m=1.3) + pwm.offset
    np.testing.assert_allclose(model.pool(model.scores(codes), codes).detach(), expected, rtol=1e-12)


def test_in_exact_a_window_with_an_unknown_letter_takes_no_part(network):
    model = network(preset="exact").double()
    codes = torch.tensor(model.alphabet.encode("ACGTTGCANNNNN"))[None]
    onehot = torch.tensor(SequenceSet.from_strings(["ACGTTGCANNNNN"]).one_hot())
    torch.testing.assert_close(model(codes), model(codes[:, :8]))
    torch.testing.assert_close(model(onehot), model(codes[:, :8]))
    with pytest.raises(ArgumentError, match="no window of known letters; accepted: 5 known letters in a row"):
        model(torch.tensor(model.alphabet.encode("ACGTNACGTN"))[None])


def test_a_posterior_of_max_pooling_is_no_trace(network):
    with pytest.raises(ArgumentError, match="`pooling` is 'max'; accepted: 'expectation', whose weights"):
        network(pooling="max").trace(SEQUENCES[0])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", POOLINGS)
def test_the_whole_network_has_the_right_gradients(network, preset, name):
    model = network(preset=preset, pooling=name).double()
    codes = torch.tensor(np.stack([model.alphabet.encode(s) for s in SEQUENCES[:2]]))
    weights = tuple(p.detach().clone().requires_grad_() for p in model.parameters())
    names = [name for name, _ in model.named_parameters()]

    def log_odds(*weights):
        return torch.func.functional_call(model, dict(zip(names, weights, strict=True)), (codes,))

    assert torch.autograd.gradcheck(log_odds, weights, eps=1e-7, atol=1e-6)


def test_predicting_leaves_the_network_and_the_threads_as_they_were(network):
    model = network().train()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model.predict(SEQUENCES)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert model.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "papper"}, "`preset` is 'papper'; accepted: 'paper', 'demo', 'exact'"),
        ({"n_kernels": 0}, "`n_kernels` is 0; accepted: a whole number >= 1"),
        ({"width": 2.5}, "`width` is 2.5; accepted: a whole number >= 1"),
        ({"padding": "full"}, "`padding` is 'full'"),
        ({"activation": "tanh"}, "`activation` is 'tanh'"),
        ({"pooling": "mean"}, "`pooling` is 'mean'; accepted: 'max', 'average'"),
        ({"pooling": "max", "m": 2.0}, "`pooling` is 'max' with m"),
        ({"pooling": MaxPooling(), "m": 2.0}, "`pooling` is a layer, with m beside it"),
        ({"engine": "gpu"}, "`engine` is 'gpu'"),
    ],
)
def test_a_wrong_option_is_named(network, options, message):
    with pytest.raises(ArgumentError) as error:
        network(**options)
    assert message in str(error.value)


def test_wrong_sequences_are_named(network):
    model = network(preset="exact")
    with pytest.raises(ShapeError, match=r"`sequences` is of shape \(2, 3, 9\)"):
        model(torch.zeros(2, 3, 9))
    with pytest.raises(ShapeError, match=r"`sequences` is of shape \(2, 9\), torch.float32; accepted: codes"):
        model(torch.zeros(2, 9))
    with pytest.raises(ShapeError, match="4 letters long; accepted: at least the kernels' width, 5"):
        model(torch.zeros(2, 4, dtype=torch.int8))
    with pytest.raises(ShapeError, match=r"from 3 letters \('sequence 2'\) to 13"):
        model.predict([SEQUENCES[0], "ACG"])
    with pytest.raises(ShapeError, match="an empty set"):
        model.predict([])
    with pytest.raises(ArgumentError, match="`sequences` is of protein; accepted: DNA, the network's alphabet"):
        model.predict(SequenceSet.from_strings(["MKV"], alphabet="protein"))
