"""Where the landing page leads on a Jupyter server."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from epool_viz.app.server.landing import dashboards_below, landing_page
from epool_viz.lessons import all_lessons


@pytest.mark.parametrize(
    ("notebooks", "address"),
    [
        (".", "voila/render/"),
        ("epool viz/note#books", "voila/render/epool%20viz/note%23books/"),
        ("../elsewhere", ""),
    ],
)
def test_dashboards_are_reached_below_the_servers_folder_only(tmp_path: Path, notebooks: str, address: str) -> None:
    assert dashboards_below(tmp_path / "root", tmp_path / "root" / notebooks) == address


def test_without_dashboards_the_page_says_how_to_open_one_and_links_to_none() -> None:
    alone, among = landing_page(""), landing_page("/a/voila/render/")
    assert "dashboards.e_step()" in alone
    assert ".ipynb" not in alone
    assert among.count('href="/a/voila/render/') == 15  # seven stations, two doors, six lessons
    for lesson in all_lessons():
        assert f'<a href="/a/voila/render/lessons/{lesson.notebook}">{lesson.title}</a>' in among
        assert lesson.line in html.unescape(alone)
