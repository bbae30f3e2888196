"""The model: choices in, motif and readings out, the same score by every route."""

import json
import math

import numpy as np
import pytest

from epool_viz.core.alphabet import one_hot
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.scan import scan
from epool_viz.data.examples import MODEL_NAMES, load_example_model
from epool_viz.errors import ArgumentError
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.pwm.model import PwmModel
from epool_viz.panels.pwm.texts import STEPS
from tests.panels.pwm.conftest import SMALL

Q = [0.4, 0.1, 0.2, 0.3]
STATES = [
    {},
    {"m": 0.5, "bias": -0.7, "background": "data"},
    {"background": "typed", "letter_shares": Q, "jaspar": "STAT3", "m": 2.0},
    {"kernel_source": "random", "width": 6, "seed": 3, "m": 1.5, "bias": 0.4},
    {"kernel_source": "trained", "trained": "ctcf_expectation", "rank": 2},
    {**SMALL, "background": "typed", "letter_shares": Q},
    {**SMALL, "edited": "TCGTACGAT"},
]


def scores_of(model):
    return scan(one_hot(model.trace.sequence), model.trace.kernel, bias=model.bias)


@pytest.mark.parametrize("state", STATES)
def test_every_reading_is_the_score(state):
    model = PwmModel(**state)
    assert model.message == ""
    found, onehot = model.readings, one_hot(model.trace.sequence)
    q = np.asarray(model.trace.background)[:, None]
    odds = scan(onehot, np.log(found.ppm / q)) / model.m
    likelihoods = scan(onehot, np.log(found.plain_ppm)) / model.m
    np.testing.assert_allclose(scores_of(model), found.offset + odds, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scores_of(model), found.plain_offset + likelihoods, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(model.trace.scores, scores_of(model), rtol=1e-12, atol=1e-12)
    assert model.trace.identity_error < 1e-10
    public = kernel_to_pwm(model.trace.kernel, bias=model.bias, base=math.exp(model.m), background=q[:, 0])
    np.testing.assert_allclose(found.ppm, public.ppm, rtol=1e-9)
    assert float(found.offset) == pytest.approx(float(public.offset), rel=1e-9, abs=1e-12)


def test_the_first_state_is_a_motif_on_a_site_that_can_be_seen():
    model = PwmModel()
    assert model.kernel.label.startswith("TBP")
    assert (model.m, model.bias, model.message) == (1.0, 0.0, "")
    np.testing.assert_allclose(model.readings.shares, 0, atol=1e-12)
    assert float(model.trace.posterior.max()) > 0.8
    start = model.trace.starts[model.window]
    assert model.trace.sequence[start : start + model.trace.width] == "TATAAAT"
    assert model.current_step.name == "ppm"
    assert model.steps == STEPS


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_constant_of_a_column_moves_the_offset_alone(small, column):
    before = small.readings
    kernel = np.array(small.kernel.matrix)
    kernel[:, column] += 2.5
    text = "# scores: mine\n" + "\n".join(
        f"{a} {' '.join(map(str, row))}" for a, row in zip("ACGT", kernel, strict=True)
    )
    small.kernel_text = text
    after = small.readings
    np.testing.assert_allclose(after.ppm, before.ppm, rtol=1e-13)
    np.testing.assert_allclose(after.shares - before.shares, np.eye(3)[column] * 2.5, atol=1e-14)
    assert float(after.offset - before.offset) == pytest.approx(2.5)
    assert float(after.plain_offset - before.plain_offset) == pytest.approx(2.5)


def test_scaling_the_kernel_is_scaling_m(small):
    scaled = PwmModel(**SMALL | {"kernel_text": "A 3 0 0\nC 0 6 0\nG 0 0 9\nT 0 0 -3\n"})
    small.m = 3.0
    np.testing.assert_allclose(scaled.readings.ppm, small.readings.ppm, rtol=1e-12)


def test_the_state_is_the_part_of_the_e_step_s_that_a_score_depends_on():
    state = PwmModel().state()
    assert set(state) < set(EStepModel().state())
    assert not {"mode", "occurrence", "activation", "local_window", "padding", "both_strands"} & set(state)
    again = PwmModel(**json.loads(json.dumps(state)))
    assert again.state() == state
    with pytest.raises(ArgumentError, match="`mode` is not part of the state"):
        PwmModel(mode=1)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_trained_kernel_brings_its_bias_and_m_and_nothing_else(name):
    model = PwmModel(kernel_source="trained", trained=name, rank=1)
    stored, _ = load_example_model(name)
    place = np.argsort(-np.abs(stored.output_weights))[1]
    np.testing.assert_array_equal(model.trace.kernel, stored.kernels[place])
    assert model.bias == round(float(stored.biases[place]), 9)
    assert (model.activation, model.padding, model.local_window) == ("identity", "valid", 1)
    assert model.trace.exact
    assert "The scores are those of the network's convolution, with its bias." in model.notes
    assert float(model.readings.offset - PwmModel(**model.state() | {"bias": 0.0}).readings.offset) == pytest.approx(
        model.bias
    )


def test_leaving_a_trained_kernel_leaves_its_bias():
    model = PwmModel(kernel_source="trained", trained="p73_max")
    assert model.bias != 0
    model.kernel_source = "jaspar"
    assert (model.bias, model.m) == (0.0, 1.0)
    assert model.network_note == ""


@pytest.mark.parametrize("step", [-3, 0, 6, 7, 99])
def test_the_step_stays_among_the_steps(small, step):
    small.step = step
    assert small.step == min(max(step, 0), len(STEPS) - 1)
    small.m = 2.0
    assert small.step == min(max(step, 0), len(STEPS) - 1)


def test_a_mistake_is_explained_and_loses_nothing(small):
    trace = small.trace
    small.pasted = "ACGTX"
    assert small.message.startswith("The pasted text, line 1: found 'X'")
    assert small.trace is trace
    small.pasted = SMALL["pasted"]
    assert small.message == ""
