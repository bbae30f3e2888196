"""A bare page in Chromium that runs the components' modules as they are shipped: no server, no Jupyter."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from epool_viz.components._modules import WEB, module_text
from epool_viz.core.alphabet import DNA

HARNESS = """
async ({ storeSource, modules, state, options }) => {
  const load = (source) => import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const { default: storeModule, createStore, lib } = await load(storeSource);
  window.lib = lib;
  window.pushed = [];
  window.store = createStore(state, (s) => window.pushed.push(s), 20);
  document.body.innerHTML = "";
  for (const [name, source] of Object.entries(modules)) {
    const { default: widget } = await load(source);
    const el = document.createElement("div");
    el.id = name;
    document.body.append(el);
    const traits = { store: "anywidget:store", options: options ?? {} };
    const model = { get: (k) => traits[k], set: (k, v) => (traits[k] = v), save_changes() {}, on() {}, off() {} };
    const host = { getWidget: async () => ({ exports: { store: window.store, lib } }) };
    await widget.render({ model, el, host, signal: new AbortController().signal });
  }
}
"""


def source_of(name: str) -> str:
    """The source of a component, or of another module by its path, such as "lib/maths"."""
    return (WEB / (f"{name}.js" if "/" in name else f"{name}/index.js")).read_text(encoding="utf-8")


def importable(name: str) -> str:
    """A component's bundled module together with what else it exports, which needs no page."""
    store = base64.b64encode(module_text("store").encode()).decode()
    names = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source_of(name), re.MULTILINE)
    return (
        f'import {{ lib as shared }} from "data:text/javascript;base64,{store}";\n'
        f"{module_text(name)}\nexport const {{ {', '.join(names)} }} = load((part) => shared[part]);\n"
    )


def state_of(sequence: str, kernel: Any, **changes: Any) -> dict[str, Any]:
    """A store's state for a sequence and a kernel."""
    state = {
        "codes": DNA.encode(sequence).tolist(),
        "kernel": np.asarray(kernel).tolist(),
        "alphabet": DNA.letters,
        "complement": list(DNA.complement_codes),
        "bias": 0.0,
        "m": 1.0,
        "mode": 0,
        "local_window": 1,
        "activation": "identity",
        "padding": "valid",
        "both_strands": False,
        "strand_reading": "motif",
        "occurrence": "oops",
        "site_rate": 0.5,
        "background": [0.25] * 4,
        "cursor": 0,
        "step": 0,
        "zoom": None,
    }
    return state | changes


@pytest.fixture(scope="session")
def one_page(browser: Any) -> Iterator[Any]:
    """One page for all tests: a new one costs Chromium more than the test itself."""
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    yield page
    page.close()


@pytest.fixture
def bare_page(one_page: Any) -> Iterator[Any]:
    """An empty page; an error on it fails the test."""
    problems: list[str] = []
    listeners = {
        "pageerror": lambda error: problems.append(str(error)),
        "console": lambda message: problems.append(message.text) if message.type == "error" else None,
    }
    one_page.set_viewport_size({"width": 1000, "height": 700})
    one_page.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")
    one_page.goto("about:blank")
    for event, listener in listeners.items():
        one_page.on(event, listener)
    yield one_page
    for event, listener in listeners.items():
        one_page.remove_listener(event, listener)
    assert problems == []


@pytest.fixture
def show(bare_page: Any) -> Callable[..., Any]:
    """`show(state, "posterior_track", options=...)` draws components over one store, `window.store`; gives the page."""

    def render(state: dict[str, Any], *modules: str, options: dict[str, Any] | None = None) -> Any:
        sources = {name: module_text(name) for name in modules}
        argument = {"storeSource": module_text("store"), "modules": sources, "state": state, "options": options}
        bare_page.evaluate(HARNESS, json.loads(json.dumps(argument)))
        return bare_page

    return render
