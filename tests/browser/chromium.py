"""Find a browser for the tests, or say why there is none.

In this order: Chromium or Chrome of the system, Playwright's own download, Debian's package where it may be installed.
As a script it prints what it found; it ends with 1 when there is nothing and `CI` is set, since a run that skips its
browser tests there would be green for nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
# Chromium takes the last of two lists. Playwright's own, said again (test_chromium), and at the end the pages of
# Chromium's address bar, which it loads anew for every context and nobody sees
FEATURES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "TcpPortRandomizationWin,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "msForceBrowserSignIn,msEdgeUpdateLaunchServicesPreferredVersion,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup"
)
QUIET = (
    f"--disable-features={FEATURES}",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def succeeds(command: Sequence[str]) -> bool:
    """Run a command without input and tell whether it ended with 0."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


@dataclass(frozen=True)
class Machine:
    """What the search may ask and do; tests put fakes here."""

    which: Callable[[str], str | None] = shutil.which
    exists: Callable[[str], bool] = lambda path: Path(path).exists()
    run: Callable[[Sequence[str]], bool] = succeeds
    is_root: bool = field(default_factory=lambda: hasattr(os, "geteuid") and os.geteuid() == 0)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True)
class Browser:
    """A browser to start, or the reason why there is none.

    `executable` is None for Playwright's own, which Playwright finds by itself.
    """

    found: bool
    executable: str | None
    reason: str

    @property
    def must_fail(self) -> bool:
        """True where a missing browser is a failure and not a skip."""
        return not self.found and is_ci(os.environ)


def is_ci(environment: Mapping[str, str]) -> bool:
    """True when the variable CI says so."""
    return environment.get("CI", "").lower() in {"1", "true", "yes"}


def arguments(machine: Machine | None = None) -> list[str]:
    """Command line of a quiet browser; root has no sandbox to run it in."""
    return [*QUIET, *(["--no-sandbox"] if (machine or Machine()).is_root else [])]


def find(machine: Machine, *, install: bool) -> Browser:
    """Look for a browser, and where `install` allows it fetch one."""
    if path := _system(machine):
        return Browser(True, path, f"the system's: {path}")
    if machine.run(_playwright_has_one()):
        return Browser(True, None, "Playwright's own")
    if not install:
        return Browser(
            False, None, "no Chromium or Chrome found, and none was fetched (python tests/browser/chromium.py)"
        )
    if machine.run([sys.executable, "-m", "playwright", "install", "chromium"]) and machine.run(_playwright_has_one()):
        return Browser(True, None, "Playwright's own, fetched now")
    return _from_debian(machine)


def _system(machine: Machine) -> str | None:
    named = machine.environment.get("EPOOL_VIZ_BROWSER")
    candidates = [named] if named else [machine.which(name) for name in NAMES]
    found = next((path for path in candidates if path), None)
    return found or (MAC if machine.exists(MAC) else None)


def _playwright_has_one() -> list[str]:
    start = (
        "from playwright.sync_api import sync_playwright as p; c = p().start(); c.chromium.launch().close(); c.stop()"
    )
    return [sys.executable, "-c", start]


def _from_debian(machine: Machine) -> Browser:
    missing = "no Chromium or Chrome on this machine, Playwright's could not be fetched"
    if machine.which("apt-get") is None:
        return Browser(False, None, f"{missing}, and there is no apt-get")
    if machine.is_root:
        become: list[str] = []
    elif machine.which("sudo") and machine.run(["sudo", "-n", "true"]):
        become = ["sudo", "-n"]
    else:
        return Browser(False, None, f"{missing}, and Debian's package needs root")
    steps = (["update"], ["install", "-y", "--no-install-recommends", "chromium"])
    if all(machine.run([*become, "apt-get", *step]) for step in steps) and (path := _system(machine)):
        return Browser(True, path, f"Debian's, installed now: {path}")
    return Browser(False, None, f"{missing}, and apt-get could not install Debian's")


def main() -> int:
    """Fetch a browser if need be and say what there is."""
    browser = find(Machine(), install=True)
    print(f"browser for the tests: {browser.reason}")
    return 1 if browser.must_fail else 0


if __name__ == "__main__":
    sys.exit(main())
