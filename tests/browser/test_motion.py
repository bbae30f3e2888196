"""Motion between the steps of a walk: frame by frame, interrupted, turned back, drawn by the slider, and left out."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from epool_viz.panels.one_kernel.steps import STEPS
from epool_viz.panels.shared.links import fragment
from tests.browser.server import wait_for
from tests.browser.test_em import go_on, is_at, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLACES = {step.name: place for place, step in enumerate(STEPS)}
WALK = [step for step in STEPS if step.name not in {"activated", "cells"}]
FEWEST = 15  # pictures in between

# a clock that goes on by 16 ms a frame: however slow the machine, a motion has all its frames
_CLOCK = """() => {
  let now = performance.now();
  const tick = () => { now += 16; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  performance.now = () => now;
}"""

# presses keys at their milliseconds, [{at, key}], and gives what each frame shows until nothing changes for a while:
# the bars, their number, the highest, the meter of their sum, where the window is, the letters of the one-hot matrix
_WATCH = """async (press) => {
  const track = [...document.querySelectorAll(".ep-picture .ec-track")].at(-1);
  const options = { bubbles: true, cancelable: true };
  const key = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ...options }));
  const look = () => {
    const isMoving = Boolean(track.querySelector("[data-name=moving] path"));
    const bars = track.querySelector(`[data-name=${isMoving ? "moving" : "bars"}] .ec-track-bars`);
    const d = bars?.getAttribute("d") ?? "";
    const heights = [...d.matchAll(/v([\\d.]+)/g)].map(([, v]) => Number(v));
    const letters = document.querySelector(".ec-onehot path[data-letter=A]");
    return {
      bars: d, count: heights.length, highest: Math.max(0, ...heights), isMoving,
      meter: parseFloat(track.querySelector(".ec-track-meter i")?.style.width),
      frame: Number(document.querySelector(".ec-strip-frame").getAttribute("x")),
      letters: letters?.checkVisibility() ? letters.getAttribute("d") : "",
      shade: document.querySelector(".ec-onehot section, section.ec-onehot").style.opacity,
    };
  };
  const seen = [look()];
  const begun = performance.now();
  let still = 0;
  while (still < 20 || press.length) {
    const now = performance.now() - begun;
    if (press.length && now >= press[0].at) key(press.shift().key);
    await new Promise(requestAnimationFrame);
    await new Promise((done) => setTimeout(done)); // after the page has drawn
    const next = look();
    still = JSON.stringify(next) === JSON.stringify(seen.at(-1)) ? still + 1 : 0;
    seen.push(next);
    if (now > 8000) break;
  }
  return seen;
}"""


@pytest.fixture
def depth() -> str:
    return "learn"


@pytest.fixture
def moving(page: Page) -> Page:
    """A page of a visitor who has asked for nothing less."""
    page.emulate_media(reduced_motion="no-preference")
    page.add_init_script(f"({_CLOCK})()")
    return page


def at_step(page: Page, app_url: str, name: str) -> Page:
    page.goto(f"{app_url}/voila/render/e_step.ipynb{fragment({'step': PLACES[name]})}")
    page.locator("#loading").wait_for(state="detached")
    shows(page, name)
    return page


def shows(page: Page, name: str) -> None:
    page.locator(".ec-steptext").get_by_role("heading", name=STEPS[PLACES[name]].title).wait_for()


def watched(page: Page, *press: tuple[float, str]) -> list[dict[str, Any]]:
    """What each frame shows, while keys are pressed at their milliseconds."""
    seen: list[dict[str, Any]] = page.evaluate(_WATCH, [{"at": at, "key": key} for at, key in press])
    return seen


def different(values: list[Any]) -> list[Any]:
    """The values, each as often as it comes anew."""
    return [value for i, value in enumerate(values) if not i or value != values[i - 1]]


def picture(page: Page) -> str:
    """What is drawn, but for names that are drawn at random."""
    drawn = page.locator(".ep-picture svg:visible").evaluate_all("es => es.map(e => e.outerHTML).join('')")
    return re.sub(r"ec-\w*[0-9]\w*|transform=\"translate\(0 0\)\"", "", drawn)


def test_play_makes_columns_then_the_kernel_slides_and_drops_score_after_score(moving: Page, app_url: str) -> None:
    at_step(moving, app_url, "pooled")
    moving.get_by_role("button", name="Play").click()
    columns = different([frame["letters"] for frame in watched(moving)])
    assert len(columns) > FEWEST
    shows(moving, "onehot")
    shows(moving, "window")
    moving.get_by_role("button", name="Pause").click()
    seen = watched(moving)
    moving.keyboard.press("ArrowLeft")
    shows(moving, "onehot")
    watched(moving)
    slid = watched(moving, (0, "ArrowRight"))
    counts = [frame["count"] for frame in slid if frame["isMoving"]]
    assert counts == sorted(counts)
    assert len(set(counts)) > FEWEST
    assert slid[-1]["bars"] == seen[-1]["bars"]
    assert slid[-1]["count"] >= max(counts)
    assert len({frame["frame"] for frame in slid}) > FEWEST, "the window travels"
    assert slid[-1]["frame"] == slid[0]["frame"], "and comes back to the one in hand"


def test_weights_shrink_until_their_sum_is_one_and_grow_again_on_the_way_back(moving: Page, app_url: str) -> None:
    at_step(moving, app_url, "exponentials")
    there = watched(moving, (0, "ArrowRight"))
    shows(moving, "weights")
    totals = [frame["meter"] for frame in there][1:]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) > FEWEST
    assert totals[-1] == pytest.approx(60, abs=1e-9), "where 1 lies"
    back = watched(moving, (0, "ArrowLeft"))
    shows(moving, "exponentials")
    assert back[-1]["bars"] == there[0]["bars"]
    totals = [frame["meter"] for frame in back if frame["isMoving"]]
    assert totals == sorted(totals)
    assert len(set(totals)) > FEWEST


def test_a_key_interrupts_a_motion_which_turns_back_from_where_it_is(moving: Page, app_url: str) -> None:
    at_step(moving, app_url, "shifted")
    seen = watched(moving, (0, "ArrowRight"), (450, "ArrowLeft"))
    shows(moving, "shifted")
    assert seen[-1]["bars"] == seen[0]["bars"]
    bars = different([frame["bars"] for frame in seen])
    assert len(bars) > FEWEST
    least = [abs(frame["highest"] - before["highest"]) for before, frame in pairwise(seen)]
    assert max(least) < 0.5 * max(frame["highest"] for frame in seen), "no cut"
    moving.keyboard.press("ArrowRight")
    shows(moving, "exponentials")


def test_the_slider_draws_the_pictures_between_two_steps_and_settles_at_the_nearer(moving: Page, app_url: str) -> None:
    at_step(moving, app_url, "exponentials")
    moving.evaluate("scrollTo(0, 0)")
    still = watched(moving)[-1]["bars"]
    slider = moving.get_by_role("slider", name="step", exact=True)
    box = slider.bounding_box()
    assert box is not None
    x = [box["x"] + 8 + (box["width"] - 16) * place / (len(WALK) - 1) for place in (4, 4.3, 4.7)]
    y = box["y"] + box["height"] / 2
    moving.mouse.move(x[0], y)
    moving.mouse.down()
    moving.mouse.move(x[1], y, steps=4)
    [between] = different([frame["bars"] for frame in watched(moving)])
    assert between != still
    assert watched(moving)[-1]["isMoving"]
    assert (slider.get_attribute("aria-valuetext") or "").endswith(": exponentiate")
    moving.mouse.up()
    assert watched(moving)[-1]["bars"] == still
    shows(moving, "exponentials")
    moving.mouse.move(x[0], y)
    moving.mouse.down()
    moving.mouse.move(x[2], y, steps=4)
    shows(moving, "weights")
    assert watched(moving)[-1]["isMoving"]
    moving.mouse.up()
    wait_for(lambda: not watched(moving)[-1]["isMoving"], seconds=10, what="a step")
    slider.press("ArrowRight")
    shows(moving, "posterior")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    shows(moving, "exponentials")
    wait_for(lambda: watched(moving)[-1]["bars"] == still, seconds=10, what="the picture of before")


def test_who_wants_less_motion_sees_no_picture_in_between(page: Page, app_url: str) -> None:
    at_step(page, app_url, "onehot")
    for step in WALK[1:]:
        seen = watched(page, (0, "ArrowRight"))
        shows(page, step.name)
        assert not any(frame["isMoving"] for frame in seen)
        assert len(different([frame["bars"] for frame in seen])) <= 2
        assert len(different([frame["letters"] for frame in seen])) <= 2


def test_every_step_ends_with_the_picture_that_is_drawn_without_motion(page: Page, app_url: str) -> None:
    at_step(page, app_url, "onehot")
    ends = {}
    for way in ("reduce", "no-preference"):
        page.emulate_media(reduced_motion=way)  # type: ignore[arg-type]
        for place, step in enumerate(WALK):
            shows(page, step.name)
            wait_for(lambda: not watched(page)[-1]["isMoving"], seconds=10, what="rest")
            ends[way, step.name] = picture(page)
            if place + 1 < len(WALK):
                page.keyboard.press("ArrowRight")
        if way == "reduce":
            for step in reversed(WALK[:-1]):
                page.keyboard.press("ArrowLeft")
                shows(page, step.name)
    for step in WALK:
        assert ends["reduce", step.name] == ends["no-preference", step.name], step.name


def test_the_logo_of_em_grows_between_iterations_and_ends_as_without_motion(moving: Page, app_url: str) -> None:
    opened(moving, app_url)
    go_on(moving)
    is_at(moving, "E-step 1")
    moving.evaluate(
        """() => {
            window.sizes = [];
            const glyphs = [...document.querySelectorAll(".ec-logo svg path")];
            const look = () => {
              const sizes = glyphs.map((g) => Number(/,([\\d.e-]+)\\)$/.exec(g.getAttribute("transform"))[1]));
              window.sizes.push(sizes.reduce((a, b) => a + b, 0));
              requestAnimationFrame(look);
            };
            look();
        }"""
    )
    go_on(moving)
    is_at(moving, "M-step 1")
    logo = moving.locator(".ec-logo svg").first
    wait_for(lambda: _has_come_to_rest(moving), seconds=10, what="the logo at rest")
    sizes = different(moving.evaluate("window.sizes"))
    assert len(sizes) > FEWEST
    assert sizes in (sorted(sizes), sorted(sizes, reverse=True))
    grown = logo.inner_html()
    moving.emulate_media(reduced_motion="reduce")
    moving.keyboard.press("ArrowLeft")
    is_at(moving, "E-step 1")
    go_on(moving)
    is_at(moving, "M-step 1")
    wait_for(lambda: logo.inner_html() == grown, seconds=10, what="the same logo without motion")


def _has_come_to_rest(page: Page) -> bool:
    """Whether the logo has grown, and then been the same for a while."""
    at_rest: bool = page.evaluate(
        "() => new Set(window.sizes).size > 2 && window.sizes.slice(-30).every((x) => x === window.sizes.at(-1))"
    )
    return at_rest
