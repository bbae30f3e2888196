"""What holds for every control: small, readable for everyone in light and dark, at home on a phone, quick."""

from __future__ import annotations

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from epool_viz.components import widgets
from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.cross_check import CrossCheck
from epool_viz.components.heartbeat import Heartbeat
from tests.components.conftest import source_of, state_of

STEPS = [
    {
        "name": "a",
        "short": "scores",
        "title": "Scores",
        "sentence": "One.",
        "formula": "x<sub>{window}</sub> = {score}",
    },
    {"name": "b", "short": "sum", "title": "Sum", "sentence": "Two.", "formula": "{pooled}"},
]
OPTIONS = {
    "logo": {},
    "editor": {},
    "slider": {
        "key": "m", "label": "m", "min": 0, "max": 20, "scale": "cubic", "help": "The base is e to the m.",
        "buttons": [{"label": "maximum likelihood", "action": "ml"}], "marks": [{"value": 0, "label": "average"}],
    },
    "choice": {"key": "mode", "label": "Mode", "help": "Which windows.", "choices": [
        {"value": 0, "label": "all"}, {"value": 1, "label": "above the mean"}]},
    "player": {"steps": STEPS},
    "steptext": {"steps": STEPS},
    "cross_check": {},
    "heartbeat": {},
    "share_link": {},
}  # fmt: skip
WIDGETS = {
    "logo": widgets.Logo, "editor": widgets.KernelEditor, "slider": widgets.Slider, "choice": widgets.Choice,
    "player": widgets.StepPlayer, "steptext": widgets.StepText, "cross_check": CrossCheck,
    "heartbeat": Heartbeat, "share_link": widgets.ShareLink,
}  # fmt: skip
TEXT = "ACGTTGCANACGTTAGCATTAGACC" * 3
KERNEL = np.random.default_rng(4).normal(size=(4, 12))
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def component(show):
    def render(name, kernel=KERNEL, text=TEXT, **options):
        state = state_of(text, kernel, logo_kind="information", logo_reverse=False, cursor=3)
        return show(state, name, options=OPTIONS[name] | options)

    return render


@pytest.mark.parametrize("name", OPTIONS)
def test_a_module_is_small_and_needs_lib_alone(name):
    source = source_of(name)
    assert len(source.encode()) < 30_000
    sources = re.findall(r'^import .* from "(.*)";$', source, re.MULTILINE)
    assert sources
    assert all(re.fullmatch(r"\.\./lib/\w+\.js|\./style\.css", each) for each in sources)
    assert "innerHTML" not in source


@pytest.mark.parametrize("name", OPTIONS)
def test_a_widget_carries_its_module_and_its_store(name):
    store = Store(state={}, on_patch=lambda _: None)
    widget = WIDGETS[name](store=store, options=OPTIONS[name])
    assert widget.store is store
    assert widget.get_state()["_esm"] == module_text(name)


def open_everything(page):
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(FRAME)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", OPTIONS)
def test_axe_finds_nothing_serious(component, name, theme):
    page = component(name)
    page.evaluate("(theme) => (document.documentElement.style.colorScheme = theme)", theme)
    page.evaluate("document.body.style.background = 'var(--paper)'")
    if name == "heartbeat":
        page.context.set_offline(True)
        page.wait_for_selector("#heartbeat button")
    open_everything(page)
    found = Axe().run(page, context=f"#{name}").response["violations"]
    page.context.set_offline(False)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", ["logo", "editor"])
def test_axe_finds_nothing_serious_where_a_wide_kernel_scrolls(component, name):
    page = component(name, kernel=np.random.default_rng(4).normal(size=(4, 50)))
    page.set_viewport_size({"width": 360, "height": 700})
    page.evaluate(FRAME)
    found = Axe().run(page, context=f"#{name}").response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("name", OPTIONS)
def test_a_phone_scrolls_no_page_sideways(component, name):
    page = component(name)
    page.set_viewport_size({"width": 360, "height": 700})
    open_everything(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", OPTIONS)
def test_every_control_can_be_reached_and_shows_its_focus(component, name):
    page = component(name)
    open_everything(page)
    wanted = page.evaluate(
        f"""[...document.querySelectorAll('#{name} :is(button, input, select, textarea, summary, [tabindex="0"])')]
        .filter((e) => !e.disabled && e.checkVisibility() && !(e.type === "radio" && !e.checked)).length"""
    )
    seen = 0
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """(name) => {
            const at = document.activeElement;
            if (at === document.body || !document.getElementById(name).contains(at)) return null;
            if (at.dataset.reached) return null; // the last one leads back to the first
            at.dataset.reached = true;
            return getComputedStyle(at).outlineStyle;
        }""",
            name,
        )
        if outline is None:
            break
        assert outline == "solid", page.evaluate("document.activeElement.outerHTML")
        seen += 1
    assert seen == wanted


@pytest.mark.parametrize("name", ["logo", "editor", "slider", "steptext", "cross_check"])
def test_a_move_at_50_columns_is_drawn_within_a_frame(component, name):
    page = component(name, kernel=np.random.default_rng(4).normal(size=(4, 50)), text="ACGTTGCATT" * 100)
    cost = page.evaluate(
        """async () => {
        const drawn = [];
        const wait = window.requestAnimationFrame;
        let spent = 0;
        window.requestAnimationFrame = (draw) => wait((time) => {
          const start = performance.now();
          draw(time);
          void document.body.offsetHeight; // the layout that follows belongs to the move
          spent += performance.now() - start;
        });
        for (let i = 0; i < 40; i++) {
          window.store.set({ m: 1 + i / 50, cursor: i });
          spent = 0;
          await new Promise((done) => wait(() => wait(done)));
          drawn.push(spent);
        }
        window.requestAnimationFrame = wait;
        return drawn.sort((a, b) => a - b)[20];
    }"""
    )
    assert cost < 16, f"{cost:.1f} ms"
