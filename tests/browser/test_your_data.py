"""Your data in a real browser: brought once, used on another page, forgotten everywhere; a bad file explained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from safetensors.numpy import save

from tests.browser.server import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Page

FASTA = b">mine one\nACGTTGCATTGACGTCAAGGTTACCA\n>mine two\nGGGCATTGACGTCATTTACG\n"
KERNELS = np.random.default_rng(4).normal(size=(3, 4, 8)).astype("f4")


def bring(page: Page, place: int, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator(".ec-upload input[type=file]").nth(place).set_input_files(file)


def test_what_is_brought_once_is_there_on_another_page_until_it_is_forgotten(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/voila/render/your_data.ipynb")
    bar = page.locator(".ec-keep-bar")
    bar.get_by_text("Nothing of yours is kept in this browser yet.").wait_for()
    page.get_by_text("More about privacy").click()
    page.get_by_text("another project opened there in this same browser could read it too").wait_for()

    # a bad file is explained line by line, one that is too large is not sent
    bring(page, 0, "bad.fa", b">one\nACGT\n>two\n>three\nAC<b>GT\n")
    page.locator(".ep-wrong").wait_for()
    rows = page.locator(".ep-wrong tbody tr")
    assert [rows.nth(i).locator("th").inner_text() for i in range(rows.count())] == ["5"], (
        "a record without letters is left out, and named once the rest is read"
    )
    assert "AC<b>GT" in rows.nth(0).inner_text()
    page.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(8_000_001)], "large.h5"));
          const zone = document.querySelectorAll(".ec-upload-zone")[1];
          zone.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }"""
    )
    page.get_by_text("large.h5 has 8.1 MB; accepted: at most 8 MB. Nothing was sent.").wait_for()

    # sequences and a model are read, shown and kept
    bring(page, 0, "mine.fa", FASTA)
    bring(page, 1, "net.safetensors", save({"conv.weight": KERNELS, "conv.bias": np.array([0.5, 0, -1], "f4")}))
    page.locator(".ep-logos figure").nth(2).wait_for()
    bar.get_by_text("net.safetensors, 3 kernels of conv, 8 letters wide").wait_for()
    bar.get_by_text("mine.fa, 2 sequences of DNA, 46 letters").wait_for()
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found] == []
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 800})

    # another page has a Python of its own, and works on them
    bar.get_by_role("link", name="One E-step").click()
    page.wait_for_url("**/e_step.ipynb*")
    page.locator(".ec-formula:not([hidden])").wait_for()
    page.get_by_label("Kernel or motif of the file").wait_for()
    wait_for(lambda: "conv-0" in page.locator(".ep-notes").inner_text(), seconds=15, what="the kernel of the file")
    assert re.search(r"conv-0 on mine_one", page.locator(".ep-notes").inner_text())
    page.get_by_text("How it was read").click()
    note = page.locator(".ep-notes").inner_text()
    assert "The axes of conv.weight (3, 4, 8) are kernel, letter, position" in note
    page.get_by_label("Number in the set").fill("2")
    page.get_by_label("Number in the set").press("Enter")
    wait_for(lambda: "mine_two" in page.locator(".ep-notes").inner_text(), seconds=15, what="the second sequence")

    # forgotten here, gone there
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{app_url}/voila/render/your_data.ipynb")
    page.get_by_role("button", name="Forget my data").click()
    bar.get_by_text("Nothing of yours is kept in this browser yet.").wait_for()
    page.set_viewport_size({"width": 1280, "height": 800})
    wait_for(lambda: page.locator(".ep-logos figure").count() == 0, seconds=15, what="the logos to go")
    names = page.evaluate(
        """async () => {
          const [{ name }] = await indexedDB.databases();
          const asked = indexedDB.open(name);
          const db = await new Promise((done) => { asked.onsuccess = () => done(asked.result); });
          const all = db.transaction("mine").objectStore("mine").getAllKeys();
          return new Promise((done) => { all.onsuccess = () => { db.close(); done(all.result); }; });
        }"""
    )
    assert names == []
    page.goto(f"{app_url}/voila/render/e_step.ipynb")
    page.get_by_label("Take the sequence from").select_option("yours, from the page Your data")
    page.get_by_text("nothing of the kind is kept in this browser").wait_for()
