"""The E-step in a real browser: every stage on a ChIP-seq peak, each number held to the library's."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from epool_viz import e_step_trace, load_example, load_example_model, load_jaspar, pwm_to_kernel
from epool_viz.data.kernel_sources import scores_text
from epool_viz.figures.svg import GLYPHS
from epool_viz.panels.one_kernel.steps import STEPS
from epool_viz.panels.shared.links import fragment
from tests.browser.head import settings
from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from epool_viz import EStepTrace

WALK = [step.name for step in STEPS if step.name not in {"activated", "cells"}]
TITLES = {step.name: step.title for step in STEPS}
CTCF = np.round(pwm_to_kernel(load_jaspar("CTCF").ppm, pseudocount=0.01), 3)
_BOX = "path => { const { x, y, width, height } = path.getBBox(); return { x, y, width, height }; }"


@pytest.fixture
def dashboard(page: Page, app_url: str) -> Page:
    """The dashboard at the first step of the walk; it opens at the posterior."""
    page.goto(f"{app_url}/voila/render/e_step.ipynb{fragment({'step': 0})}")
    ready(page)
    go_to(page, WALK[0])
    return page


def ready(page: Page) -> None:
    """Every component is drawn, and Python answers."""
    for component in ("player", "steptext", "strip", "track", "formula", "logo", "axis"):
        page.locator(f".ec-{component}:visible").first.wait_for()


@pytest.fixture(scope="module")
def trace() -> EStepTrace:
    """What the library says of the first state."""
    return peak_trace()


def peak_trace(**options: float) -> EStepTrace:
    motif = load_jaspar("CTCF")
    counts = motif.counts + 0.25
    return e_step_trace(load_example("ctcf_peaks")[0], pwm_to_kernel(counts / counts.sum(axis=0)), **options)


def shown(page: Page, name: str, within: str) -> float:
    """A number on the page, to the last bit; shown twice, it must be the same twice. Not a number until it is drawn."""
    values = page.locator(f'{within} [data-name="{name}"]').evaluate_all("ds => ds.map(d => d.dataset.value)")
    assert len(set(values)) <= 1, f"{name} is shown as {values}"
    return float(values[0]) if values else math.nan


def pooled(page: Page) -> float:
    """ePool, as it stands at the axis."""
    return shown(page, "expectation", ".ec-axis")


def wait_until_pooled(page: Page, value: float) -> None:
    wait_for(lambda: pooled(page) == pytest.approx(value, rel=1e-12), seconds=15, what=f"ePool = {value}")


def move_m(page: Page, key: str) -> float:
    """Press a key on the slider of m, and tell where it came to once it says so: it draws in the page's next frame."""
    slider = page.get_by_role("slider", name="m", exact=True)
    before = slider.get_attribute("aria-valuetext")
    slider.press(key)
    wait_for(lambda: slider.get_attribute("aria-valuetext") != before, seconds=15, what="the slider of m to move")
    return float((slider.get_attribute("aria-valuetext") or "").split()[-1])


def go_to(page: Page, step: str) -> None:
    page.locator(".ec-steptext").get_by_role("heading", name=TITLES[step]).wait_for()


def test_every_stage_of_a_real_peak_shows_the_librarys_numbers(dashboard: Page, trace: EStepTrace) -> None:
    window = int(np.argmax(trace.posterior))
    in_hand = {
        "window": {"score": trace.scores},
        "scores": {"score": trace.scores, "log_ratio": trace.log_ratios, "offset": trace.offsets},
        "shifted": {"shifted": trace.shifted, "cell": trace.cells},
        "exponentials": {"exponential": trace.exponentials},
        "weights": {"weight": trace.weights},
        "posterior": {"bayes_posterior": trace.bayes_posterior, "weight": trace.weights},
        "weighted": {"weighted": trace.weighted},
    }
    for place, step in enumerate(WALK):
        go_to(dashboard, step)
        for name, values in in_hand.get(step, {}).items():
            value = shown(dashboard, name, ".ec-steptext")
            assert value == pytest.approx(float(values[window]), rel=1e-11, abs=1e-13), (step, name)
        if place + 1 < len(WALK):
            dashboard.get_by_role("button", name="next step").click()
    assert shown(dashboard, "pooled", ".ec-steptext") == pytest.approx(float(trace.pooled), rel=1e-12)
    assert pooled(dashboard) == pytest.approx(float(trace.pooled), rel=1e-12)


def test_m_moves_by_the_keyboard_and_takes_pooled_value_and_logo_along(dashboard: Page) -> None:
    logo = dashboard.locator(".ec-logo svg").first
    before = logo.inner_html()
    m = move_m(dashboard, "ArrowRight")
    assert m > 1
    slider = dashboard.get_by_role("slider", name="m", exact=True)
    box = dashboard.locator(".ec-slider").filter(has=slider).locator(".ec-box")
    assert float(box.input_value()) == m
    wait_until_pooled(dashboard, float(peak_trace(m=m).pooled))
    wait_for(lambda: logo.inner_html() != before, seconds=15, what="another logo")


def test_python_follows_the_page(dashboard: Page) -> None:
    """The check of the numbers comes from Python: it agrees only when the model has heard of the move."""
    dashboard.get_by_role("button", name="Check the numbers").click()
    verdict = dashboard.locator(".ec-trust-verdict")
    wait_for(lambda: verdict.get_attribute("data-agrees") == "true", seconds=15, what="agreement")
    move_m(dashboard, "PageUp")
    dashboard.get_by_role("button", name="next step").click()
    wait_for(lambda: verdict.get_attribute("data-agrees") == "true", seconds=15, what="agreement after a move")


def test_a_changed_letter_stays_in_hand_and_is_taken_back(dashboard: Page, trace: EStepTrace) -> None:
    """Letter 155, the first of the best window, makes another window the best one; the hand stays where it was."""
    plot, said = dashboard.locator(".ec-strip-plot"), dashboard.locator(".ec-strip-edit [data-name=in-hand]")
    source = dashboard.get_by_label("Take the sequence from")
    notes = dashboard.locator(".ep-notes")
    height = dashboard.locator(".ep-chosen").bounding_box()
    plot.focus()
    plot.press("T")
    wait_for(lambda: "(edited)" in notes.inner_text(), seconds=15, what="Python to follow")
    assert said.inner_text().startswith("Letter 155 is T, it was G")
    assert shown(dashboard, "score", ".ec-formula") == pytest.approx(
        float(e_step_trace(_with(trace.sequence, {154: "T"}), trace.kernel).scores[154])
    )
    plot.press("ArrowRight")
    plot.press("A")
    text = _with(trace.sequence, {154: "T", 155: "A"})
    wait_until_pooled(dashboard, float(e_step_trace(text, trace.kernel).pooled))
    assert said.inner_text().startswith("Letter 156 is A")
    assert source.evaluate("e => e.selectedIndex") == 0
    assert dashboard.get_by_label("Sequence, or FASTA").is_hidden()
    grown = dashboard.locator(".ep-chosen").bounding_box()
    assert height is not None
    assert grown is not None
    assert (grown["x"], grown["width"]) == (height["x"], height["width"])
    plot.press("Control+z")
    wait_until_pooled(dashboard, float(e_step_trace(_with(trace.sequence, {154: "T"}), trace.kernel).pooled))
    dashboard.get_by_role("button", name="Undo the last change").click()
    wait_until_pooled(dashboard, float(trace.pooled))
    assert said.inner_text().startswith("Letter 155 is G.")
    wait_for(lambda: "(edited)" not in notes.inner_text(), seconds=15, what="the sequence as it was given")


def _with(sequence: str, letters: dict[int, str]) -> str:
    return "".join(letters.get(place, letter) for place, letter in enumerate(sequence))


def test_a_letter_is_mutated_and_python_names_the_sequence_the_users_own(dashboard: Page, trace: EStepTrace) -> None:
    strip = dashboard.locator(".ec-strip")
    letter = trace.sequence[trace.starts[int(np.argmax(trace.posterior))]]
    other = "T" if letter != "T" else "A"
    strip.get_by_role("button", name=re.compile(rf"^(Make it |change to )?{other}$", re.IGNORECASE)).first.click()
    place = trace.starts[int(np.argmax(trace.posterior))]
    text = trace.sequence[:place] + other + trace.sequence[place + 1 :]
    wait_until_pooled(dashboard, float(e_step_trace(text, trace.kernel).pooled))
    notes = dashboard.locator(".ep-notes")
    wait_for(lambda: "(edited)" in notes.inner_text(), seconds=15, what="the model's own name")


def test_the_walk_goes_by_keyboard_alone(dashboard: Page) -> None:
    following = dashboard.get_by_role("button", name="next step")
    following.focus()
    following.press("Enter")
    go_to(dashboard, WALK[1])
    following.press("Space")
    go_to(dashboard, WALK[2])


def test_a_pasted_sequence_is_walked_and_a_mistake_in_it_is_told(dashboard: Page) -> None:
    dashboard.get_by_label("Take the sequence from").select_option("my own: paste or upload")
    alert = dashboard.locator(".ep-alert [role=alert]")
    alert.wait_for()
    assert alert.inner_text().startswith("The sequence is empty")
    field = dashboard.get_by_label("Sequence, or FASTA")
    sequence = "TTTTGGCCACCAGGGGGCGCTATTTTNTTTT"
    field.fill(f">mine\n{sequence}")
    alert.wait_for(state="detached")
    expected = e_step_trace(sequence, peak_trace().kernel)
    wait_until_pooled(dashboard, float(expected.pooled))
    field.fill(f">mine\n{sequence}!")
    alert.wait_for()
    assert "line 2: found '!'" in alert.inner_text()
    assert pooled(dashboard) == pytest.approx(float(expected.pooled), rel=1e-12)


def choose(page: Page, button: Locator, name: str, content: bytes) -> None:
    with page.expect_file_chooser() as chooser:
        button.press("Enter")
    chooser.value.set_files({"name": name, "mimeType": "text/plain", "buffer": content})


def test_a_kernel_file_is_uploaded(dashboard: Page) -> None:
    dashboard.get_by_label("Take the kernel from").select_option("a file")
    button = dashboard.get_by_role("button", name="Choose a kernel file")
    choose(dashboard, button, "large.meme", bytes(1_000_001))
    dashboard.get_by_text("large.meme has 1.1 MB; accepted: at most 1 MB. Nothing was sent.").wait_for()
    content = b">x\nA [1 2 5]\nC [3 4 1]\nG [5 6 1]\nT [7 8 1]\n"
    choose(dashboard, button, "x.jaspar", content)
    counts = np.array([[1.0, 2, 5], [3, 4, 1], [5, 6, 1], [7, 8, 1]]) + 0.25
    expected = e_step_trace(load_example("ctcf_peaks")[0], pwm_to_kernel(counts / counts.sum(axis=0)))
    wait_until_pooled(dashboard, float(expected.pooled))


def test_a_trained_model_is_chosen_linked_and_left(dashboard: Page, page: Page, app_url: str) -> None:
    model, info = load_example_model("ctcf_paper")
    place = int(np.argsort(-np.abs(model.output_weights))[1])
    dashboard.get_by_label("Take the kernel from").select_option("a trained model")
    dashboard.get_by_label("Model", exact=True).select_option(f"{info.title} (test AUC {info.test_auc:.2f})")
    kernels = dashboard.get_by_label("Kernel of the model")
    wait_for(lambda: kernels.locator("option").count() == info.n_kernels, seconds=15, what="the kernels")
    kernels.select_option(index=1)
    options = {"bias": round(float(model.biases[place]), 9), "padding": "same", "activation": "paper"}
    kernel = model.kernels[place].astype(float)
    expected = e_step_trace(load_example("ctcf_peaks")[0], kernel, local_window=5, **options)
    wait_until_pooled(dashboard, float(expected.pooled))
    note = dashboard.locator(".ep-source")
    note.get_by_text("As the network computes it").wait_for()
    wait_for(dashboard.get_by_label("as published").is_checked, seconds=15, what="the activation of the network")
    dashboard.get_by_role("button", name="Share").click()
    field = dashboard.get_by_label("link to this state")
    wait_for(lambda: "#state=" in field.input_value(), seconds=5, what="the link")
    link = field.input_value()
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    wait_until_pooled(page, float(expected.pooled))
    page.locator(".ep-source").get_by_text("As the network computes it").wait_for()
    settings(page)
    page.get_by_role("button", name="Reset").click()
    wait_until_pooled(page, float(peak_trace().pooled))


def test_a_download_is_opened_and_read(dashboard: Page, trace: EStepTrace) -> None:
    dashboard.get_by_role("button", name="Take away").click()
    with dashboard.expect_download() as download:
        dashboard.get_by_role("button", name="Every window, CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == len(trace.scores) + 1
    scores = [float(line.split(",")[lines[0].split(",").index("score")]) for line in lines[1:]]
    np.testing.assert_array_equal(scores, trace.scores)


def test_a_link_opens_the_same_state(dashboard: Page, page: Page, app_url: str) -> None:
    value = float(peak_trace(m=move_m(dashboard, "PageUp")).pooled)
    dashboard.get_by_role("button", name="next step").click()
    go_to(dashboard, WALK[1])
    dashboard.locator(".ec-logo").get_by_role("radio", name="Raw kernel").check()
    wait_until_pooled(dashboard, value)
    dashboard.get_by_role("button", name="Share").click()
    field = dashboard.get_by_label("link to this state")
    wait_for(lambda: "#state=" in field.input_value(), seconds=5, what="the link")
    link = field.input_value()
    page.goto("about:blank")
    page.goto(link)
    ready(page)
    wait_until_pooled(page, value)
    go_to(page, WALK[1])
    raw = page.locator(".ec-logo").get_by_role("radio", name="Raw kernel")
    wait_for(raw.is_checked, seconds=15, what="the raw kernel")


def test_both_strands_are_read_as_the_kernel_in_hand_has_it_and_as_chosen(page: Page, app_url: str) -> None:
    """Under a skewed background a motif is held against it on either strand; there a network is a choice."""
    q = [0.4, 0.1, 0.2, 0.3]
    text = load_example("ctcf_peaks")[0]
    pooled_as = {
        reading: float(e_step_trace(text, CTCF, both_strands=True, background=q, strand_reading=reading).pooled)
        for reading in ("motif", "network")
    }
    link = {
        "background": "typed",
        "letter_shares": q,
        "kernel_source": "typed",
        "kernel_text": scores_text(CTCF, "CTCF"),
    }
    page.goto(f"{app_url}/voila/render/e_step.ipynb{fragment({'link': link, 'both_strands': False})}")
    ready(page)
    page.get_by_role("button", name="Check the numbers").click()
    network = page.get_by_role("radio", name="the same kernel, as a network scans")
    assert not network.is_visible()
    page.get_by_role("checkbox", name="Both strands").check()
    network.wait_for()
    wait_until_pooled(page, pooled_as["motif"])
    notes, verdict = page.locator(".ep-notes"), page.locator(".ec-trust-verdict")
    uniform = "its start uniform over all whole windows of both strands"
    wait_for(lambda: uniform in notes.inner_text(), seconds=15, what="the statement of a motif")
    network.check()
    wait_until_pooled(page, pooled_as["network"])
    wait_for(lambda: "with the prior e^(m × offset)" in notes.inner_text(), seconds=15, what="the prior of a network")
    wait_for(lambda: verdict.get_attribute("data-agrees") == "true", seconds=15, what="agreement")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(dashboard: Page, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 740})
    for step in WALK[1:]:
        assert dashboard.evaluate("document.documentElement.scrollWidth") <= width
        dashboard.get_by_role("button", name="next step").click()
        go_to(dashboard, step)


def test_every_glyph_is_as_tall_as_its_box(page: Page) -> None:
    paths = "".join(f'<path id="{letter}" d="{outline}"/>' for letter, outline in GLYPHS.items())
    page.set_content(f'<svg viewBox="0 0 100 100">{paths}</svg>')
    for letter in GLYPHS:
        box = page.locator(f"#{letter}").evaluate(_BOX)
        assert box["y"] == pytest.approx(0, abs=0.5), letter
        assert box["height"] == pytest.approx(100, abs=0.5), letter
        assert box["x"] >= -0.5, letter
        assert 90 < box["x"] + box["width"] <= 100.5, letter
