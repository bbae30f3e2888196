"""No page has a finding of axe, of any level, in any state that a visitor reaches.

A dashboard is opened once and led through its states; a new one is led through them as soon as it has a row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe

from epool_viz import guides
from epool_viz.lessons import all_lessons
from epool_viz.panels.registry import DASHBOARDS, Row
from epool_viz.panels.shared.links import fragment
from epool_viz.panels.shared.state import DEEPEST
from tests.browser.server import Server
from tests.browser.watch import Watch, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEPTHS = ("expert", "explore", "learn")  # what is looked at first is most of what the others show
UNREADABLE = {"name": "bad.fa", "mimeType": "text/plain", "buffer": b">one\nACGT\n>two\n>three\nAC<b>GT\n"}
PHONE = {"width": 360, "height": 740}
LESSON = all_lessons()[0]
TOO_DEEP: list[Any] = []
for _ in range(DEEPEST):
    TOO_DEEP = [TOO_DEEP]


class Allowed(NamedTuple):
    """What a library writes and we cannot change: where, which rule, a part of the element's HTML, and why it stays."""

    page: str
    rule: str
    html: str
    reason: str


ALLOWED: tuple[Allowed, ...] = ()

# nothing has changed for some frames; what moves all the time is waited for no longer than two seconds
_AT_REST = """() => new Promise(done => {
    const begun = performance.now();
    let last = begun;
    const watching = new MutationObserver(() => (last = performance.now()));
    watching.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    const look = now => {
        if (now - last < 100 && now - begun < 2000) return requestAnimationFrame(look);
        watching.disconnect();
        done();
    };
    requestAnimationFrame(look);
})"""
# contrast is most of axe's time: it is measured for one of the texts that look alike and stand in elements of one kind
_RUN = """async () => {
    const options = {resultTypes: ["violations"], elementRef: false, preload: false, iframes: false};
    const groundOf = element => {
        for (let each = element; each; each = each.parentElement) {
            const {backgroundColor, backgroundImage} = getComputedStyle(each);
            const isClear = backgroundImage === "none" && backgroundColor.endsWith(", 0)");
            if (!isClear) return backgroundColor + backgroundImage;
        }
        return "";
    };
    const kindOf = element => [element, element.parentElement].map(each => each.tagName + each.getAttribute("class"));
    const looks = (window.epoolLooks ??= new Set()), fresh = new Set();
    for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode();) {
        const {data, parentElement} = walk.currentNode;
        if (!data.trim() || !parentElement.checkVisibility({visibilityProperty: true})) continue;
        const {color, opacity} = getComputedStyle(parentElement);
        const look = [...kindOf(parentElement), color, opacity, groundOf(parentElement)].join();
        if (looks.has(look)) continue;
        looks.add(look);
        fresh.add(parentElement);
    }
    const {violations} = await axe.run(document, {...options, rules: {"color-contrast": {enabled: false}}});
    if (fresh.size) {
        const contrast = await axe.run({include: [...fresh]}, {...options, runOnly: ["color-contrast"]});
        violations.push(...contrast.violations);
    }
    return violations.flatMap(({id, impact, nodes}) =>
        nodes.map(({html, target}) => [id, impact, target.join(" "), html.slice(0, 160)]));
}"""


class Finding(NamedTuple):
    """One element that breaks one rule."""

    rule: str
    level: str
    at: str
    html: str


class Visit:
    """A page on which each state is looked at by axe, and what was found.

    Parameters
    ----------
    page : Page
        Open.
    name : str
        Of the page, for the messages.
    """

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.found: dict[Finding, str] = {}  # and the first state that has it
        self.states: list[str] = []

    def look(self, state: str) -> None:
        """Run axe once the page is at rest."""
        self.page.evaluate(_AT_REST)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(Axe().axe_script)
        self.states.append(state)
        for each in self.page.evaluate(_RUN):
            self.found.setdefault(Finding(*each), state)

    def look_at_each_depth(self, state: str) -> None:
        """The same at each depth, the last of which stays."""
        for depth in DEPTHS:
            self.choose("Depth", depth)
            self.look(f"{state}, {depth}")

    def choose(self, setting: str, value: str) -> None:
        """Choose one of the settings, which need not be open."""
        menu = f"select[aria-label='{setting}']"
        self.page.locator(f".ec-toolbar-panel {menu}").evaluate(
            "(menu, value) => { menu.value = value; menu.dispatchEvent(new Event('change')); }", value
        )

    def press(self, selector: str) -> int:
        """Press what is on the page, wherever it is scrolled to; how many there were."""
        found: int = self.page.evaluate(
            """selector => {
                const all = [...document.querySelectorAll(selector)].filter(each => each.checkVisibility());
                all.forEach(each => each.click());
                return all.length;
            }""",
            selector,
        )
        return found

    def assert_only_what_is_allowed(self) -> None:
        """Fail with each finding that is not in the table, and with each line of the table that is not found."""
        wrong = complaints(self.name, self.found)
        assert not wrong, "\n".join(wrong)


def complaints(name: str, found: Mapping[Finding, str], table: Sequence[Allowed] = ALLOWED) -> list[str]:
    """Each finding that the table does not allow, and each line of it that nothing fits any more."""
    allowed = [each for each in table if each.page == name]
    fits = {
        finding: [each for each in allowed if each.rule == finding.rule and each.html in finding.html]
        for finding in found
    }
    wrong = [f"{name}, {state}: {each}" for each, state in found.items() if not fits[each]]
    used = {each for fitting in fits.values() for each in fitting}
    return wrong + [f"{name}: nothing fits {each} any more" for each in allowed if each not in used]


# the states of a dashboard -------------------------------------------------------------------------------------------


def see_walk(visit: Visit, row: Row) -> None:
    """Each named step of what the dashboard walks through, or an E-step and an M-step."""
    walk = visit.page.locator(".ep-root :is(.ec-player, .ec-stepper)").locator("visible=true")
    if not walk.count():
        return
    walk.get_by_role("slider").press("Home")
    for step in range(walk.locator("ol li").count() or 3):
        visit.look(f"step {step}")
        visit.press(".ep-root :is(.ec-player, .ec-stepper) [data-ep-next]")


def see_help(visit: Visit, row: Row) -> None:
    """What the page shows, its words and keys."""
    visit.press(".ec-toolbar-help")
    visit.page.get_by_role("dialog").wait_for()
    visit.look("help")
    visit.page.keyboard.press("Escape")


def see_teaching(visit: Visit, row: Row) -> None:
    """The link for a class."""
    visit.page.locator(".ec-toolbar-panel button", has_text="Teach").evaluate("e => e.click()")
    visit.page.get_by_role("dialog").wait_for()
    visit.look("teaching")
    visit.page.keyboard.press("Escape")


def see_scene(visit: Visit, row: Row) -> None:
    """A scene of the story, asked and guessed, where the dashboard has one."""
    scene = next((each for each in guides.story() if each.dashboard == row.name), None)
    if scene is None:
        return
    visit.page.evaluate("id => { location.hash = `#scene=${id}`; }", scene.id)
    visit.page.locator(".ec-guide-bar").get_by_role("heading", name=scene.sentence).wait_for()
    visit.press(f".ec-guide-bar [data-value={scene.options[0].value}]")
    visit.look("scene, guessed")
    visit.press(".ec-guide-shut")


def see_question(visit: Visit, row: Row) -> None:
    """A question to guess before the page shows it, where the dashboard asks any."""
    if not visit.press(".ep-opens-predict"):
        return
    asked = visit.page.locator(".ec-predict")
    asked.get_by_role("button", name="Start").click()
    asked.locator(".ec-predict-count").wait_for()
    visit.look("question")
    asked.get_by_role("button", name="Leave").click()
    visit.press(".ep-opens-predict")


def load_charts(page: Page) -> None:
    """Come near to the charts, which are loaded then, and wait for them."""
    for charts in page.locator(".ec-charts:visible").all():
        charts.scroll_into_view_if_needed()
        charts.locator(".main-svg").first.wait_for(state="attached")


def see_all_open(visit: Visit, row: Row) -> None:
    """Menu, settings, link, tools, folds, a stop of the tour, and messages about mistakes, together."""
    page = visit.page
    visit.choose("Depth", "expert")
    page.locator(".ec-toolbar-settings").click()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")  # the link is shown then
    visit.press(".epool-header [data-icon=share], .epool-menu:not([open]) summary")
    page.get_by_label("link to this state").wait_for()
    visit.press(".jupyter-button[class*=ep-opens-]:not(.mod-active)")
    page.evaluate(_AT_REST)
    visit.press("#rendered_cells [aria-expanded=false], #rendered_cells details:not([open]) > summary")
    files = page.locator(".ec-upload input[type=file]")
    for place in range(files.count()):
        files.nth(place).set_input_files(UNREADABLE)  # type: ignore[arg-type]
    load_charts(page)
    page.evaluate("() => { location.hash = '#tour'; }")
    page.locator(".ec-guide-bar").get_by_role("heading", name=guides.tour(row.name)[0].text, exact=True).wait_for()
    page.evaluate("hash => { location.hash = hash; }", fragment({"without": TOO_DEEP}))
    page.locator(".ep-alert [role=alert]", has_text="nested deeper").wait_for()
    visit.look_at_each_depth("all open")
    visit.choose("Depth", "expert")


def see_dark_and_small(visit: Visit, row: Row) -> None:
    """Everything that is open in the dark, and on a phone."""
    visit.choose("Colours", "dark")
    visit.look("all open, dark")
    visit.choose("Colours", "light")
    visit.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    visit.look("all open, 360 px")


def see_presented(visit: Visit, row: Row) -> None:
    """The presenter's view, and its head."""
    page = visit.page
    page.locator(".ec-toolbar-panel button", has_text="Present").evaluate("e => e.click()")
    page.wait_for_function("document.documentElement.matches('[data-ep-present]:not([data-ep-sizing])')")
    page.mouse.move(900, 2)
    page.locator(".ec-presenter-tools").wait_for()
    visit.look("presented, its head")
    page.mouse.move(900, 700)
    page.keyboard.press("Escape")


JOURNEY = (
    see_walk,
    see_help,
    see_teaching,
    see_question,
    see_scene,
    see_presented,
    see_all_open,
    see_dark_and_small,
)


@contextlib.contextmanager
def visiting(browser: Browser, server: Server, path: str, name: str) -> Iterator[Visit]:
    """A page, closed and held to its console at the end."""
    watch = Watch()
    watch.expected += ["404"] * (name == "no such page")
    with watched(browser, server, watch, "learn") as page:
        page.goto(f"{server.address}{path}")
        yield Visit(page, name)


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_a_dashboard_has_no_finding_in_any_state(browser: Browser, app_server: Server, row: Row) -> None:
    with visiting(browser, app_server, f"/voila/render/{row.notebook}", row.name) as visit:
        visit.page.locator("#loading").wait_for(state="detached")
        visit.look_at_each_depth("opened")
        for see in JOURNEY:
            see(visit, row)
    visit.assert_only_what_is_allowed()


# the other pages -----------------------------------------------------------------------------------------------------

OTHERS = {
    "landing": ("/", "[data-ep-landing] svg"),
    "lesson": (f"/voila/render/lessons/{LESSON.notebook}", "mjx-container"),
    "class": ("/class", "#class_code"),
    "class of no such code": ("/class/QQQQQ", "[role=alert]"),
    "no such page": ("/nowhere", "h1"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_page_has_no_finding_in_any_state(browser: Browser, app_server: Server, name: str) -> None:
    path, drawn = OTHERS[name]
    with visiting(browser, app_server, path, name) as visit:
        page = visit.page
        page.locator(drawn).first.wait_for(state="attached")
        if page.locator("#rendered_cells").count():
            page.locator("#loading").wait_for(state="detached")
        visit.look("opened")
        visit.press("details:not([open]) > summary, main button:not(form *)")  # questions that nobody has answered too
        for theme, is_light in (("light", "true"), ("dark", "false")):
            page.evaluate("is => { document.documentElement.dataset.jpThemeLight = is; }", is_light)
            visit.look(f"all open, {theme}")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        visit.look("360 px, dark")
    visit.assert_only_what_is_allowed()


def test_a_finding_and_a_line_of_the_table_that_nothing_fits_both_fail() -> None:
    line = Allowed("em", "region", "<canvas", "drawn by a library")
    found = Finding("region", "moderate", "#one", "<canvas></canvas>")
    assert complaints("em", {found: "opened"}, [line]) == []
    assert complaints("pwm", {}, [line]) == []
    assert complaints("pwm", {found: "opened"}, [line]) == [f"pwm, opened: {found}"]
    assert complaints("em", {found._replace(rule="list"): "help"}, [line])[0].startswith("em, help: ")
    assert complaints("em", {}, [line]) == [f"em: nothing fits {line} any more"]
