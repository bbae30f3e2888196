"""Which browser the tests take, on machines that are only described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.browser import chromium
from tests.browser.chromium import Machine, find

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Described:
    """A machine of so many words: programs it has, and what each command does when run."""

    def __init__(
        self, *programs: str, root: bool = False, sudo: bool = False, playwright: str = "none", apt: bool = True
    ) -> None:
        self.programs = set(programs)
        self.root, self.sudo, self.playwright, self.apt = root, sudo, playwright, apt
        self.ran: list[str] = []

    def which(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name in self.programs else None

    def run(self, command: Sequence[str]) -> bool:
        words = " ".join(command)
        self.ran.append(words)
        if "sync_playwright" in words:
            return self.playwright == "there"
        if "playwright install" in words:
            self.playwright = "there" if self.playwright == "fetchable" else self.playwright
            return self.playwright == "there"
        if words == "sudo -n true":
            return self.sudo
        if "apt-get install" in words and self.apt:
            self.programs.add("chromium")
        return self.apt and (self.root or words.startswith("sudo -n "))

    def machine(self, **environment: str) -> Machine:
        return Machine(self.which, lambda _: False, self.run, self.root, environment)


def test_system_browser_comes_first_and_nothing_runs() -> None:
    described = Described("google-chrome", "apt-get", playwright="there", root=True)
    browser = find(described.machine(), install=True)
    assert (browser.found, browser.executable) == (True, "/usr/bin/google-chrome")
    assert described.ran == []


def test_named_browser_comes_before_all() -> None:
    assert find(Described("chromium").machine(EPOOL_VIZ_BROWSER="/opt/b"), install=False).executable == "/opt/b"


def test_chrome_of_a_mac_is_found() -> None:
    machine = Machine(lambda _: None, lambda path: path == chromium.MAC, lambda _: False, False, {})
    assert find(machine, install=False).executable == chromium.MAC


@pytest.mark.parametrize("state", ["there", "fetchable"])
def test_playwrights_own_comes_second(state: str) -> None:
    described = Described("apt-get", playwright=state, root=True)
    browser = find(described.machine(), install=True)
    assert (browser.found, browser.executable) == (True, None)
    assert not any("apt-get" in command for command in described.ran)


def test_debians_comes_third_for_root() -> None:
    described = Described("apt-get", root=True)
    browser = find(described.machine(), install=True)
    assert browser.executable == "/usr/bin/chromium"
    assert described.ran[-2:] == ["apt-get update", "apt-get install -y --no-install-recommends chromium"]


def test_debians_comes_third_for_passwordless_sudo() -> None:
    described = Described("apt-get", "sudo", sudo=True)
    assert find(described.machine(), install=True).executable == "/usr/bin/chromium"
    assert described.ran[-1] == "sudo -n apt-get install -y --no-install-recommends chromium"


@pytest.mark.parametrize(
    ("described", "why"),
    [
        (Described(), "there is no apt-get"),
        (Described("apt-get"), "needs root"),
        (Described("apt-get", "sudo"), "needs root"),
        (Described("apt-get", root=True, apt=False), "apt-get could not install"),
    ],
)
def test_reason_is_given_when_there_is_none(described: Described, why: str) -> None:
    browser = find(described.machine(), install=True)
    assert not browser.found
    assert why in browser.reason


def test_looking_fetches_nothing() -> None:
    described = Described("apt-get", playwright="fetchable", root=True)
    browser = find(described.machine(), install=False)
    assert not browser.found
    assert "python tests/browser/chromium.py" in browser.reason
    assert not any("install" in command for command in described.ran)


@pytest.mark.parametrize(("value", "fails"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_missing_browser_is_a_failure_in_ci_only(monkeypatch: pytest.MonkeyPatch, value: str, fails: bool) -> None:
    monkeypatch.setenv("CI", value)
    assert chromium.Browser(False, None, "none").must_fail is fails
    assert chromium.Browser(True, None, "one").must_fail is False


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_script_fails_only_where_a_skip_would_hide(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ci: str, code: int
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(chromium, "Machine", lambda: Described().machine())
    assert chromium.main() == code
    assert "there is no apt-get" in capsys.readouterr().out


def test_only_root_goes_without_a_sandbox() -> None:
    assert "--no-sandbox" in chromium.arguments(Described(root=True).machine())
    assert "--no-sandbox" not in chromium.arguments(Described().machine())


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_what_playwright_switches_off_stays_off(browser: Browser) -> None:
    """Chromium takes the last of two lists, which is ours."""
    option = "--disable-features="
    commands = [command_of(process) for process in psutil.Process().children(recursive=True)]
    lists = [[each for each in command if each.startswith(option)] for command in commands]
    ((playwrights, _),) = [found for found in lists if len(found) == 2 and found[-1] == option + chromium.FEATURES]
    assert set(playwrights.removeprefix(option).split(",")) <= set(chromium.FEATURES.split(","))
