"""What a visitor brought: kept by the browser, handed over when asked for, forgotten by a button or in time."""

from __future__ import annotations

import pytest

from epool_viz.components._modules import module_text
from epool_viz.components.base import Store
from epool_viz.components.browser_store import BrowserStore
from tests.components.conftest import importable

ADDRESS = "http://keep.test/user/one/voila/render/e_step.ipynb"
HARNESS = """async ({ storeSource, source, options, id }) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { createStore, lib } = await load(storeSource);
  window.lib = lib;
  const { default: widget, drawer, databaseName } = await load(source);
  window.drawer = drawer;
  window.databaseName = databaseName;
  const el = document.body.appendChild(document.createElement("div"));
  el.id = id;
  const page = { sent: [], heard: null, isLeft: options.isLeft };
  window[id] = page;
  const traits = { store: "anywidget:store", options };
  const model = {
    get: (k) => traits[k], on: (name, f) => (page.heard = f), off() {},
    send: (content, callbacks, buffers) => {
      if (page.isLeft) throw new Error("Cannot send");
      page.sent.push({ content, text: buffers ? new TextDecoder().decode(buffers[0]) : null });
    },
  };
  const host = { getWidget: async () => ({ exports: { store: createStore({}), lib: window.lib } }) };
  const ends = new AbortController();
  page.stop = () => ends.abort();
  await widget.render({ model, el, host, signal: ends.signal });
}"""
PUT = """([id, name, text, about]) => {
  const whole = new TextEncoder().encode(`..${text}..`); // a view into a larger buffer, as they come
  return window[id].heard({ put: name, about }, [new DataView(whole.buffer, 2, whole.length - 4)]);
}"""
ITEMS = [{"name": "sequences", "label": "sequences"}, {"name": "model", "label": "kernels"}]


@pytest.fixture
def keep(bare_page):
    """`keep("a", **options)` draws one more component on a page that has an address; gives the page."""
    bare_page.route("http://keep.test/**", lambda route: route.fulfill(body="<body></body>", content_type="text/html"))
    bare_page.goto(ADDRESS)
    bare_page.evaluate("name => indexedDB.deleteDatabase(name)", "epool_viz /user/one")

    def render(name="a", **options):
        argument = {"storeSource": module_text("store"), "source": importable("browser_store"), "id": name}
        bare_page.evaluate(HARNESS, argument | {"options": {"items": ITEMS, **options}})
        return bare_page

    yield render
    bare_page.evaluate("for (const id of ['a', 'b']) window[id]?.stop()")
    bare_page.goto("about:blank")
    bare_page.unroute("http://keep.test/**")


def sent(page, name="a"):
    return page.evaluate(f"window.{name}.sent.map(({{ content, text }}) => ({{ ...content, text }}))")


def test_a_page_that_is_left_is_no_error_and_no_lack_of_room(keep):
    page = keep("a", bar=True, isLeft=True)
    assert sent(page) == []
    page.evaluate(PUT, ["a", "sequences", ">x\nACGT\n", {"name": "my.fa", "says": "my.fa, 1 sequence"}])
    page.evaluate("window.a.heard({ want: ['sequences', 'model'] })")
    assert page.locator(".ec-warning").count() == 0
    assert "my.fa, 1 sequence" in page.locator("#a").inner_text()
    page.evaluate("window.a.heard({ forget: true })")
    assert "Nothing of yours is kept" in page.locator("#a").inner_text()


def test_what_is_put_is_there_for_the_next_page_and_given_when_asked(keep):
    page = keep("a")
    assert sent(page) == [{"kept": {}, "text": None}]
    page.evaluate(PUT, ["a", "sequences", ">x\nACGT\n", {"name": "my.fa", "n": 1}])
    assert sent(page)[-1]["kept"]["sequences"] | {"until": 0} == {"name": "my.fa", "n": 1, "until": 0}
    keep("b")
    assert list(sent(page, "b")[0]["kept"]) == ["sequences"]
    page.evaluate("window.b.heard({ want: ['sequences', 'model'] })")
    first, second = sent(page, "b")[-2:]
    assert (first["given"], first["about"], first["text"]) == ("sequences", {"name": "my.fa", "n": 1}, ">x\nACGT\n")
    assert second == {"given": "model", "text": None}
    assert page.locator("#a").is_hidden()


def test_forgetting_is_told_to_every_page_and_leaves_nothing(keep):
    page = keep("a", bar=True, links=[{"href": "e_step.ipynb", "label": "One E-step"}])
    keep("b")
    assert "Nothing of yours is kept" in page.locator("#a").inner_text()
    page.evaluate(PUT, ["a", "model", "{}", {"name": "m", "says": "m.h5, 3 <kernels>"}])
    bar = page.locator("#a .ec-keep-bar")
    assert "kernels: m.h5, 3 <kernels>" in bar.inner_text()
    assert bar.get_by_role("link", name="One E-step").get_attribute("href") == "e_step.ipynb"
    page.wait_for_function("'model' in (window.b.sent.at(-1).content.kept ?? {})")
    page.get_by_role("button", name="Forget my data").click()
    page.wait_for_function("window.a.sent.at(-1).content.forgotten")
    page.wait_for_function("Object.keys(window.b.sent.at(-1).content.kept).length === 0")
    assert "Forgotten: nothing of yours is kept any more." in page.locator("#a [role=status]").inner_text()
    page.evaluate("window.b.heard({ want: ['model'] })")
    assert sent(page, "b")[-1] == {"given": "model", "text": None}


def test_what_is_too_old_is_dropped(keep):
    page = keep("a")
    found = page.evaluate(
        """async () => {
          let clock = 1e12;
          const mine = window.drawer("t", 2, () => clock);
          await mine.put("sequences", { name: "s" }, new Uint8Array([1]).buffer);
          const seen = [];
          for (const hours of [1.99, 2.01]) {
            clock = 1e12 + hours * 3.6e6;
            seen.push((await mine.get("sequences")) !== null, Object.keys(await mine.list()).length);
          }
          clock = 1e12;
          seen.push((await mine.get("sequences")) !== null);
          return seen;
        }"""
    )
    assert found == [True, 1, False, 0, False]


def test_two_servers_at_one_host_keep_apart(keep):
    page = keep("a")
    names = page.evaluate("['/user/one/voila/render/e.ipynb', '/user/two/voila/x', '/voila/'].map(window.databaseName)")
    assert len(set(names)) == 3


def test_a_bar_without_links_says_what_is_kept_and_no_more(keep):
    page = keep("a", bar=True)
    page.evaluate(PUT, ["a", "model", "{}", {"name": "m", "says": "m.h5, 3 kernels"}])
    lines = page.locator("#a .ec-keep-bar").inner_text().split("\n")
    assert [line for line in lines[1:] if line] == ["kernels: m.h5, 3 kernels", "Forget my data"]


def test_a_browser_that_keeps_nothing_says_so(keep):
    page = keep("a")
    page.evaluate("() => { window.a.stop(); IDBFactory.prototype.open = () => { throw new Error('no storage'); }; }")
    keep("b", bar=True)
    assert "This browser keeps nothing for this site" in page.locator("#b").inner_text()
    assert sent(page, "b")[0]["kept"] == {}


def test_python_asks_puts_and_hears_only_what_is_sound():
    heard = []
    keep = BrowserStore(
        Store({}, lambda patch: None), heard.append, lambda *given: heard.append(given), lambda: heard.append("gone")
    )
    messages = []
    keep.send = lambda content, buffers=None: messages.append((content, buffers))
    keep.want("sequences")
    keep.put("model", {"name": "m"}, b"data")
    keep.forget()
    assert messages == [
        ({"want": ["sequences"]}, None),
        ({"put": "model", "about": {"name": "m"}}, [b"data"]),
        ({"forget": True}, None),
    ]
    for content in ("x", {"kept": 3}, {"given": "other"}, {"kept": {"other": {}, "model": 3}}):
        keep._receive(keep, content, [])
    assert heard == [{}]
    keep._receive(keep, {"kept": {"model": {"name": "m"}}}, [])
    keep._receive(keep, {"given": "model", "about": {"name": "m"}}, [memoryview(b"abc")])
    keep._receive(keep, {"given": "sequences"}, [])
    keep._receive(keep, {"given": "sequences"}, [bytes(8_000_001)])
    keep._receive(keep, {"forgotten": True}, [])
    assert heard[1:] == [
        {"model": {"name": "m"}},
        ("model", {"name": "m"}, b"abc"),
        ("sequences", {}, None),
        ("sequences", {}, None),
        "gone",
    ]
