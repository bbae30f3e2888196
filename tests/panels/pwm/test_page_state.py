"""Between page and model, and from one dashboard to the other."""

import base64
import json

import numpy as np
import pytest

from epool_viz.core.alphabet import DNA
from epool_viz.panels.one_kernel import page_state as e_step
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.pwm import page as bridge
from epool_viz.panels.pwm.model import PwmModel
from tests.panels.pwm.conftest import SMALL
from tests.panels.pwm.test_model import STATES


def opened(address):
    """What a page takes over from an address."""
    text = address.partition("#state=")[2]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_page_is_told_the_trace_in_plain_values(small):
    state = bridge.page_state(small)
    assert json.loads(json.dumps(state)) == state
    assert DNA.decode(np.array(state["codes"], dtype=np.int8)) == "ACGTACGTT"
    assert (state["step"], state["cursor"], state["mode"], state["activation"]) == (4, 0, 0, "identity")


def test_the_model_follows_the_page(small):
    kernel = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]
    bridge.take(small, {"m": 0.5, "bias": 2.0, "kernel": kernel, "background_choice": "data", "step": 6, "cursor": 5})
    assert (small.m, small.bias, small.background, small.step, small.window) == (0.5, 2.0, "data", 6, 5)
    np.testing.assert_array_equal(small.trace.kernel, kernel)
    bridge.take(small, {"mode": 1, "activation": "relu", "zoom": [1, 2], "column": 3, "form": "plain"})
    assert (small.mode, small.activation) == (0, "identity"), "what has no part here stays"


@pytest.mark.parametrize("state", STATES)
def test_a_link_opens_the_same_numbers(state):
    one = PwmModel(**state)
    told = bridge.page_state(one)
    other = PwmModel()
    bridge.take(other, json.loads(json.dumps({name: told[name] for name in ("link", "m", "bias", "step", "cursor")})))
    assert bridge.page_state(other) == told
    np.testing.assert_array_equal(other.readings.ppm, one.readings.ppm)
    assert e_step.link_of(other) == e_step.link_of(one)


@pytest.mark.parametrize("state", STATES)
def test_a_kernel_and_its_sequence_go_to_the_e_step_and_back(state):
    here = PwmModel(**state)
    there = EStepModel()
    e_step.take(there, opened(e_step.link_to(here, "e_step")))
    back = PwmModel(jaspar="STAT3")
    bridge.take(back, opened(e_step.link_to(there, "pwm")))
    for other in (there, back):
        assert other.message == ""
        assert other.trace.sequence == here.trace.sequence
        np.testing.assert_array_equal(other.trace.kernel, here.trace.kernel)
        np.testing.assert_allclose(other.trace.scores, here.trace.scores, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(other.trace.pwm.ppm, here.trace.pwm.ppm, rtol=1e-12)


def test_what_the_page_has_not_changed_is_no_change():
    model = PwmModel(**SMALL)
    before = model.state()
    bridge.take(model, json.loads(json.dumps(bridge.page_state(model))))
    assert model.state() == before
