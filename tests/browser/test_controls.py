"""Depths and folds hide controls; none was lost: `controls.toml` lists all that there were, and where each one is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from epool_viz.panels.registry import DASHBOARDS
from tests.browser.head import settings
from tests.browser.server import Server, wait_for
from tests.browser.watch import Watch, watched
from tests.patience import allowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LISTED = tomllib.loads((Path(__file__).parent / "controls.toml").read_text(encoding="utf-8"))
DEPTHS = ("learn", "explore", "expert")


@pytest.fixture
def opened(browser: Browser, app_server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A dashboard as a newcomer meets it."""
    with watched(browser, app_server, Watch(), "learn") as page:
        page.goto(f"{app_server.address}/voila/render/{request.param}.ipynb")
        page.locator("#loading").wait_for(state="detached", timeout=1000 * allowed(60))
        if (charts := page.locator(".ec-charts")).count():
            charts.scroll_into_view_if_needed()
            page.locator(".modebar-btn").first.wait_for(state="attached", timeout=1000 * allowed(30))
        yield page


def controls(page: Page) -> set[str]:
    """Role and name of everything in the tree that screen readers read, folded tables opened; digits as `#`."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    named = ((n["role"]["value"], n["name"]["value"]) for n in nodes if not n.get("ignored") and "name" in n)
    return {f"{role} {_plain(name)}" for role, name in named}


def _plain(name: str) -> str:
    return re.sub(r"[−-]?\d+([.,]\d+)?", "#", name.replace("\xa0", " ").strip())


def press(page: Page, names: str) -> None:
    """Press what lies before: "Settings > Teach"; nothing for "page" and for the menu, whose fold is open already."""
    for name in [] if names in ("page", "menu") else names.split(" > "):
        button = page.get_by_role("button", name=name, exact=len(name) == 1).first
        if button.get_attribute("aria-expanded") != "true":
            button.click()


def missing(page: Page, wanted: list[str]) -> list[str]:
    """What of it is not there; a link may say more than its title."""
    found = controls(page)
    links = tuple(one for one in found if one.startswith("link "))
    return [one for one in wanted if one not in found and not any(link.startswith(f"{one} ") for link in links)]


def go_to(page: Page, depth: str) -> None:
    """Choose a depth, and close what that needs."""
    settings(page)
    page.get_by_label("Depth", exact=True).select_option(depth)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("opened", [row.name for row in DASHBOARDS], indirect=True)
def test_every_control_is_where_the_list_says(opened: Page, request: pytest.FixtureRequest) -> None:
    places = LISTED[request.node.callspec.params["opened"]]
    for depth in DEPTHS:
        go_to(opened, depth)
        deeper = [place for place in places if DEPTHS.index(place.partition(":")[0]) > DEPTHS.index(depth)]
        hidden = [one for place in deeper if place.endswith(": page") for one in places[place]]
        wait_for(lambda hidden=hidden: not controls(opened) & {*hidden}, seconds=5, what=f"less at {depth}")  # type: ignore[misc]
        for place in (each for each in places if each.startswith(f"{depth}: ")):
            press(opened, place.partition(": ")[2])
            wanted = places[place]
            wait_for(lambda wanted=wanted: not missing(opened, wanted), seconds=5, what=place)  # type: ignore[misc]
            opened.keyboard.press("Escape")


def test_what_is_not_in_the_list_says_why() -> None:
    places = [place for row in DASHBOARDS for place in LISTED[row.name].values()]
    wanted = {control for place in places for control in place}
    assert all(LISTED["gone"].values())
    assert all(LISTED["later"].values())
    assert not wanted & {*LISTED["gone"], *LISTED["renamed"]}
    assert set(LISTED) == {row.name for row in DASHBOARDS} | {"renamed", "gone", "later"}
    assert sum(map(len, places)) > 350
