"""`epool-viz fetch`: sets of the ENCODE benchmark."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from epool_viz.data.sequences.chipseq import PARTS, chipseq_folder, fetch_chipseq, find_chipseq, list_chipseq

COLUMNS = ("name", "part", "sequences", "bound", "file")


def list_rows(words: Sequence[str]) -> list[str]:
    """The catalogue as tab-separated rows: name, cells, factor."""
    return ["name\tcell\tfactor", *("\t".join(info) for info in list_chipseq(" ".join(words)))]


def fetch_sets(
    names: Sequence[str],
    *,
    url: str | None,
    folder: Path | None,
    stream: Callable[[str], None],
    bars: bool | None = None,
) -> None:
    """Fetch sets, one after the other, and print a row a file.

    Parameters
    ----------
    names, url, folder : as for `fetch_chipseq`
        Every name is looked up before anything is downloaded.
    stream : callable
        Gets the rows.
    bars : bool or None
        None shows a bar where standard error is a terminal.
    """
    wanted = [find_chipseq(name).name for name in names]
    store = chipseq_folder(folder)
    stream("\t".join(COLUMNS))
    for name in wanted:
        with _progress(name, bars) as progress:
            found = fetch_chipseq(name, base_url=url, folder=store, progress=progress)
        for part, sequences in zip(PARTS, found, strict=True):
            bound = 0 if sequences.labels is None else int((sequences.labels == 1).sum())
            stream("\t".join((name, part, str(len(sequences)), str(bound), str(store / name / f"{part}.data"))))


@contextlib.contextmanager
def _progress(name: str, wanted: bool | None) -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar on standard error that is gone when all is done."""
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True, force_terminal=True), transient=True) as progress:
        tasks = {part: progress.add_task(f"{name}, {part}", total=None) for part in PARTS}
        yield lambda part, done, total: progress.update(tasks[part], completed=done, total=total or None)
