"""The trust panel: core, torch and the page to the last digit, and an honest verdict."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.cross_check import CrossCheck, fingerprint, numbers_of, torch_numbers_of
from epool_viz.core.trace import e_step_trace
from epool_viz.errors import ArgumentError
from tests.components.conftest import importable, state_of

KERNEL = np.random.default_rng(4).normal(size=(4, 5)) * 1.5
TEXT = "ACGTTGCANACGTTAGCATTAGACCATGN"
STATE = state_of(TEXT, KERNEL, cursor=11, m=1.7, background=[0.1, 0.2, 0.3, 0.4])
QUANTITIES = ("score", "offset", "posterior", "pooled", "log_evidence")

HARNESS = """async ({ storeSource, source, state, core, torch, options }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.store = createStore(state);
  const { default: widget } = await load(source);
  const el = document.body.appendChild(document.createElement("div"));
  el.id = "trust";
  const heard = {};
  const traits = { store: "anywidget:store", options, core, torch };
  const model = { get: (k) => traits[k], on: (name, f) => (heard[name] = f), off() {} };
  window.tell = (name, value) => { traits[name] = value; heard[`change:${name}`](); };
  const host = { getWidget: async () => ({ exports: { store: window.store, lib: window.lib } }) };
  await widget.render({ model, el, host, signal: new AbortController().signal });
}"""


@pytest.fixture
def trust(bare_page):
    def render(core=None, torch=None, state=STATE, **options):
        argument = {"storeSource": module_text("store"), "source": importable("cross_check"), "state": state}
        argument |= {"core": core or {}, "torch": torch, "options": options}
        bare_page.evaluate(HARNESS, json.loads(json.dumps(argument)))
        return bare_page

    return render


def settle(page):
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def verdict(page):
    settle(page)
    return page.get_attribute(".ec-trust-verdict", "data-agrees"), page.inner_text(".ec-trust-verdict")


def value(page, name):
    return float(page.get_attribute(f"#trust [data-name={name}]", "data-value"))


def test_the_panels_numbers_are_the_traces():
    trace = e_step_trace(TEXT, KERNEL, m=1.7, background=STATE["background"])
    found = numbers_of(STATE)
    assert found["score"] == trace.scores[11]
    assert found["offset"] == trace.pwm.offset
    assert found["posterior"] == trace.posterior.max()
    assert found["pooled"] == trace.pooled
    assert found["log_evidence"] == trace.log_evidence
    assert found["errors"] == {name: float(error) for name, error in trace.errors.items()}


def test_page_and_core_stand_side_by_side_and_agree(trust):
    core = numbers_of(STATE)
    page = trust(core)
    agrees, text = verdict(page)
    assert agrees == "true"
    assert text.startswith("They agree: core and this page differ by at most")
    assert "accepted: 1.0×10⁻⁹" in text
    for name in QUANTITIES:
        assert value(page, f"core_{name}") == core[name]
        assert value(page, f"page_{name}") == pytest.approx(core[name], rel=1e-12)
        assert value(page, f"difference_{name}") < 1e-12
        assert page.inner_text(f"#trust [data-name=core_{name}]").replace("−", "-") in (
            repr(core[name]),
            str(core[name]),
        )
    for name, error in core["errors"].items():
        assert value(page, f"core_error_{name}") == error
        assert value(page, f"page_error_{name}") < 1e-11
    assert "torch: not loaded" in page.inner_text("#trust table >> nth=0")


def test_torch_has_its_column_where_it_is_loaded(trust):
    torch = pytest.importorskip("torch")
    numbers = torch_numbers_of(STATE)
    assert numbers is not None
    assert numbers["pooled"] == pytest.approx(numbers_of(STATE)["pooled"], rel=1e-12)
    page = trust(numbers_of(STATE), numbers)
    agrees, text = verdict(page)
    assert agrees == "true"
    assert "core, torch and this page" in text
    assert value(page, "torch_pooled") == numbers["pooled"]
    assert "not loaded" not in page.inner_text("#trust")
    assert torch is sys.modules["torch"]


def test_torch_is_never_loaded_for_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert torch_numbers_of(STATE) is None
    assert "torch" not in sys.modules


def test_a_difference_is_told_and_its_digits_are_marked(trust):
    core = numbers_of(STATE)
    wrong = core | {"pooled": core["pooled"] + 1e-6}
    page = trust(wrong)
    agrees, text = verdict(page)
    assert agrees == "false"
    assert text.startswith("They disagree: core and this page differ by ")
    assert value(page, "difference_pooled") == pytest.approx(1e-6 / max(1, abs(core["pooled"])), rel=1e-3)
    assert page.locator("#trust [data-name=page_pooled] mark").count() == 1
    assert page.locator("#trust [data-name=core_pooled] mark").count() == 0


def test_two_routes_that_part_are_a_disagreement(trust):
    core = numbers_of(STATE)
    page = trust(core | {"errors": core["errors"] | {"posterior": 1e-3}})
    assert verdict(page)[0] == "false"


def test_the_tolerance_is_an_option(trust):
    core = numbers_of(STATE)
    page = trust(core | {"pooled": core["pooled"] + 1e-6}, tolerance=1e-3)
    assert verdict(page)[0] == "true"


def test_numbers_of_another_state_are_not_compared(trust):
    page = trust(numbers_of(STATE))
    page.evaluate("window.store.set({ m: 2.5 })")
    agrees, text = verdict(page)
    assert agrees == "wait"
    assert text == "Waiting for Python’s numbers of this state."
    assert page.locator("#trust [data-name=core_pooled]").count() == 0
    page.evaluate("(core) => window.tell('core', core)", numbers_of(STATE | {"m": 2.5}))
    assert verdict(page)[0] == "true"


def test_a_rectifier_leaves_one_statement(trust):
    state = STATE | {"activation": "paper", "local_window": 2}
    page = trust(numbers_of(state), state=state)
    assert verdict(page)[0] == "true"
    assert page.locator("#trust [data-name^=page_error_]").count() == 1


CHANGES = {
    "m": 1.8, "bias": 0.1, "mode": 1, "local_window": 2, "both_strands": True, "site_rate": 0.4, "cursor": 12,
    "activation": "relu", "padding": "same", "occurrence": "zoops", "background": None, "codes": STATE["codes"][:-1],
    "kernel": (KERNEL + 1e-9).tolist(),
}  # fmt: skip


def test_page_and_python_know_a_state_by_the_same_fingerprint(trust):
    page = trust(numbers_of(STATE))
    source = importable("cross_check")
    ask = """async ([source, states]) => {
      const { fingerprint } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      return states.map(fingerprint);
    }"""
    states = [STATE, *(STATE | {name: value} for name, value in CHANGES.items())]
    found = page.evaluate(ask, [source, json.loads(json.dumps(states))])
    assert found == [fingerprint(state) for state in states]
    assert len(set(found)) == len(states), "two states look alike"


def test_the_widget_sends_what_core_says_and_keeps_it_when_a_state_fails():
    store = Store(state=STATE, on_patch=lambda _: None)
    panel = CrossCheck(store=store)
    assert panel.torch is None
    panel.compare(STATE)
    assert panel.core == numbers_of(STATE)
    panel.compare(STATE | {"codes": [0, 1]})
    assert panel.core == numbers_of(STATE)


def test_an_unknown_alphabet_is_an_error_that_can_be_read():
    with pytest.raises(ArgumentError, match="'AB'; accepted: ACGT, ACGU"):
        numbers_of(STATE | {"alphabet": "AB"})
