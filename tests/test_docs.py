"""The documentation builds without a warning, and what it names is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import epool_viz

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documentation as HTML; a warning (a link that leads nowhere, a name that is not there) ends the build."""
    out = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_every_public_name_has_a_page(built: Path) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in built.rglob("*.html"))
    missing = [
        name
        for name in epool_viz.__all__
        if f'id="epool_viz.{name}"' not in pages and name not in {"dashboards", "lessons"}
    ]
    assert missing == []


def test_no_link_within_the_pages_leads_nowhere(built: Path) -> None:
    broken = []
    for page in built.rglob("*.html"):
        for href in re.findall(r'href="([^"#:]+\.html)?(#[^"]+)?"', page.read_text(encoding="utf-8")):
            target = (page.parent / href[0]).resolve() if href[0] else page
            if not target.exists():
                broken.append((page.name, href[0]))
            elif href[1] and len(href[1]) > 1 and f'id="{href[1][1:]}"' not in target.read_text(encoding="utf-8"):
                broken.append((page.name, "".join(href)))
    assert broken == []


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    for file, name in NAMED.findall((DOCS / page).read_text(encoding="utf-8")):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file} has no {name}"


def test_every_equation_of_the_theory_names_a_test_that_holds_it() -> None:
    sections = re.split(r"^##+ ", (DOCS / "theory.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    silent = [part.split("\n", 1)[0] for part in sections if "$$" in part and not NAMED.search(part)]
    assert silent == []
