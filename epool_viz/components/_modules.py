"""The text of each widget's module, as esbuild has bundled it from `epool_viz/web`."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

BUILT = Path(__file__).with_name("built")
WEB = Path(__file__).parents[1] / "web"
DIGEST = "sources.sha256"


@cache
def module_text(name: str) -> str:
    """The bundled module of a component.

    Raises
    ------
    RuntimeError
        In a checkout whose bundle is missing or older than its sources.
    """
    _require_fresh()
    return (BUILT / f"{name}.js").read_text(encoding="utf-8")


def sources_digest(web: Path = WEB) -> str:
    """SHA-256 of what a bundle is made of: modules and style sheets, without tests, and how they are built."""
    parts = [path for suffix in ("js", "css") for path in web.glob(f"*/*.{suffix}") if ".test." not in path.name]
    digest = hashlib.sha256()
    for path in sorted([*parts, web / "build.js", web / "package-lock.json"]):
        digest.update(f"{path.relative_to(web).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_fresh(web: Path = WEB, built: Path = BUILT) -> bool:
    """Whether `built` was bundled from `web` as it is now."""
    stamp = built / DIGEST
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == sources_digest(web)


@cache
def _require_fresh() -> None:
    is_installed = not (WEB / "build.js").is_file()
    if not (is_installed or is_fresh()):
        raise RuntimeError(
            f"The modules of the page in {BUILT} are missing or older than {WEB}. Bundle them with: make web"
        )
