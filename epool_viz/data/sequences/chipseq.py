"""The 690 ENCODE ChIP-seq sets of the motif discovery benchmark: what there is, and how to get it.

The names are those of Zeng et al. 2016, and are bundled. The sets are not: they are downloaded on request, and stored.

Not checked, for want of a network: that the public site still answers at `BASE_URL`, and the layout of its files.
Both (a folder a set, in it `train.data` and `test.data`, as plain text) are as in several published programs that read
the site. No checksums of its files are known, so none are bundled: those of the first download are recorded in
`registry.txt`, and are checked from then on. The format of the text was checked on two whole sets from elsewhere.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import importlib.util
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from epool_viz._writing import write_file
from epool_viz.data.sequences.reading import read_sequences
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.source import near
from epool_viz.errors import ArgumentError, DownloadError, FormatError, MissingExtraError

BASE_URL = "http://cnn.csail.mit.edu/motif_discovery/"
URL_VARIABLE = "EPOOL_VIZ_CHIPSEQ_URL"
FOLDER_VARIABLE = "EPOOL_VIZ_CHIPSEQ_FOLDER"
REGISTRY = "registry.txt"
PARTS = ("train", "test")
_PREFIX, _SUFFIX = "wgEncodeAwgTfbs", "UniPk"
_TIMEOUT = 30  # seconds without a byte
_CHUNK = 1 << 16
_PASSING = {408, 425, 429}  # refusals that a second try may get over
_WAYS_OUT = (
    f"name another address (base_url=, or {URL_VARIABLE}; {{name}} and {{part}} in it stand for the set and for "
    "train or test), or put the file there yourself:"
)


class ChipseqInfo(NamedTuple):
    """One line of the catalogue.

    Attributes
    ----------
    name : str
        For `fetch_chipseq`.
    cell, factor : str
        As DeepBind's supplementary table spells them (508 sets, and others of the same words); elsewhere the word in
        the name, such as "Nfkb".
    """

    name: str
    cell: str
    factor: str


class ChipseqSets(NamedTuple):
    """Both parts of a set, with labels."""

    train: SequenceSet
    test: SequenceSet


def list_chipseq(text: str = "") -> tuple[ChipseqInfo, ...]:
    """The sets whose name, cells or factor hold every word; no network is needed.

    Parameters
    ----------
    text : str
        Words; case does not matter, and none gives all 690.

    Returns
    -------
    tuple of ChipseqInfo(name, cell, factor), by name
    """
    words = text.lower().split()
    return tuple(info for info in _catalogue() if all(word in " ".join(info).lower() for word in words))


def fetch_chipseq(
    name: str,
    *,
    base_url: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    retries: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> ChipseqSets:
    """Read a set; what is not here yet is downloaded first.

    Parameters
    ----------
    name : str
        As in `list_chipseq()`; "wgEncodeAwgTfbs" before and "UniPk" behind may be left out, and case does not matter.
    base_url : str, or None for $EPOOL_VIZ_CHIPSEQ_URL or `BASE_URL`
        A folder with a folder a set; or, for another layout, an address in which {name} and {part} stand for the set
        and for "train" or "test". Files packed with gzip are read as well.
    folder : path, or None for $EPOOL_VIZ_CHIPSEQ_FOLDER or the user's cache
        Where the files are kept, as NAME/train.data and NAME/test.data. Beside them lies `registry.txt`, in pooch's
        form, a file and its checksum a line: what you write there is demanded of the next download, and what is
        downloaded without is recorded there.
    retries : int
        How often a download that broke off is begun again.
    progress : callable (part, done, total), or None
        Called with the bytes of a download; the total is 0 where the server does not send it.

    Returns
    -------
    ChipseqSets(train, test)
        Of 101 letters each, label 1 for a peak and 0 for its letters shuffled.

    Raises
    ------
    ArgumentError
        If there is no such set; the message offers near names.
    DownloadError
        If the set is not at the address, breaks off, or has the wrong checksum. Nothing of it is kept.
    FormatError
        If what came is no such set; it is not kept either.
    MissingExtraError
        If pooch is not installed.
    """
    info = find_chipseq(name)
    template = _template(base_url)
    store = chipseq_folder(folder)
    return ChipseqSets(*(_part(info.name, part, template, store, retries, progress) for part in PARTS))


def find_chipseq(name: str) -> ChipseqInfo:
    """The line of the catalogue with this name.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    wanted = _short(str(name).strip())
    for info in _catalogue():
        if _short(info.name) == wanted:
            return info
    names = [info.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for info in _catalogue()]
    accepted = f"one of the 690 names of `list_chipseq()`; near: {near(wanted, names)}"
    raise ArgumentError("name", repr(name), accepted)


def chipseq_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the files."""
    given = folder or os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given).expanduser()
    return Path(_pooch().os_cache("epool_viz")) / "chipseq"


@cache
def _catalogue() -> tuple[ChipseqInfo, ...]:
    path = importlib.resources.files("epool_viz.data") / "bundled" / "chipseq_sets.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(ChipseqInfo(*line.split("\t")) for line in lines if not line.startswith("#"))


def _short(name: str) -> str:
    return name.lower().removeprefix(_PREFIX.lower()).removesuffix(_SUFFIX.lower())


def _pooch() -> Any:
    if importlib.util.find_spec("pooch") is None:
        raise MissingExtraError("pooch", "train", "fetching a ChIP-seq set")
    import pooch

    return pooch


def _template(base_url: str | None) -> str:
    """The address of a file, with {name} and {part} in it."""
    said, url = ("base_url", base_url) if base_url else (URL_VARIABLE, os.environ.get(URL_VARIABLE) or BASE_URL)
    if not url.startswith(("http://", "https://")) or ("{name}" in url) != ("{part}" in url):
        accepted = "an address that begins with http:// or https://, with both {name} and {part} in it or neither"
        raise ArgumentError(said, repr(url), accepted)
    return url if "{name}" in url else url.rstrip("/") + "/{name}/{part}.data"


def _part(
    name: str, part: str, template: str, store: Path, retries: int, progress: Callable[[str, int, int], None] | None
) -> SequenceSet:
    """One file, from the cache or from its address."""
    pooch = _pooch()
    file = f"{name}/{part}.data"
    url = template.replace("{name}", name).replace("{part}", part)
    shelf = pooch.create(path=store, base_url="", registry={file: None}, urls={file: url}, retry_if_failed=retries)
    _load_registry(shelf, store / REGISTRY)
    known = shelf.registry[file]
    download = _Download(name, part, url, known, store / file, progress)
    with _quiet(pooch.get_logger()):
        path = Path(download.into(shelf, file))
    try:
        found = read_sequences(path, format="encode", alphabet="DNA")
    except FormatError:
        if known is None:  # a page of a hotel's network, say; what was checked once stays
            path.unlink()
        raise
    if known is None:
        registry = store / REGISTRY
        before = registry.read_text(encoding="utf-8") if registry.is_file() else ""
        write_file(registry, f"{before}{file} sha256:{pooch.file_hash(str(path))}\n", name="folder")
    return dataclasses.replace(found, source=f"{name}, {part}")


def _load_registry(shelf: Any, path: Path) -> None:
    if not path.is_file():
        return
    wanted = dict(shelf.urls)
    try:
        shelf.load_registry(path)
    except (OSError, ValueError) as error:
        raise FormatError(str(path), None, f"no registry ({error})", "a file and its checksum a line") from None
    shelf.urls.update(wanted)  # the address is the requested one


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Silence pooch, which prints each download on standard error: `progress` reports it."""
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class _Download:
    """Fetches one file for pooch, and keeps the error."""

    def __init__(
        self,
        name: str,
        part: str,
        url: str,
        known: str | None,
        path: Path,
        progress: Callable[[str, int, int], None] | None,
    ) -> None:
        self.name, self.part, self.url, self.known, self.path, self.progress = name, part, url, known, path, progress
        self.total: int | None = None  # None until an answer has begun, 0 where it does not say
        self.checksum = ""
        self.written = 0

    def into(self, shelf: Any, file: str) -> str:
        """The path of the file, or an error with advice."""
        import requests

        try:
            return str(shelf.fetch(file, downloader=self))
        except requests.RequestException as error:
            if isinstance(error, requests.HTTPError) and error.response is not None:
                found = f"is not handed out now (HTTP {error.response.status_code})"
                raise self._error(found, f"try again later, {_WAYS_OUT}") from None
            if self.total is None:
                raise self._error(f"cannot be reached ({_reason(error)})", f"try again later, {_WAYS_OUT}") from None
            read = max(self.written, _partial(error))
            of = f" of {self.total:,}" if self.total else ""
            raise self._error(f"broke off after {read:,}{of} bytes", f"try again, {_WAYS_OUT}") from None
        except ValueError:
            if not self.checksum:
                raise
            found = f"has the checksum {self.checksum}, and {self.known} is demanded"
            remedy = (
                f"if the site's file has changed, take the line of the set out of "
                f"{self.path.parents[1] / REGISTRY}, else {_WAYS_OUT}"
            )
            raise self._error(found, remedy) from None

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        """Download once; pooch calls it again where that failed. Its own downloader leaves broken connections open."""
        import requests

        self.total, self.checksum, self.written = None, "", 0
        with requests.get(url, stream=True, timeout=_TIMEOUT) as response, Path(output_file).open("wb") as file:
            if 400 <= response.status_code < 500 and response.status_code not in _PASSING:
                raise self._error(f"is not there (HTTP {response.status_code})", _WAYS_OUT)
            response.raise_for_status()
            packed = "content-encoding" in response.headers  # then the length is not that of the file
            self.total = 0 if packed else int(response.headers.get("content-length", 0))
            for chunk in response.iter_content(_CHUNK):
                self.written += file.write(chunk)
                if self.progress is not None:
                    self.progress(self.part, self.written, self.total)
        kind = (self.known or "").rpartition(":")[0] or "sha256"
        self.checksum = f"{kind}:{_pooch().file_hash(output_file, alg=kind)}"

    def _error(self, found: str, remedy: str) -> DownloadError:
        where = f" {self.path}" if remedy.endswith("yourself:") else ""
        return DownloadError(f"the {self.part} part of {self.name}", self.url, found, remedy + where)


def _partial(error: BaseException) -> int:
    """The bytes received before a connection ended, if the error has them."""
    inside = [_partial(each) for each in error.args if isinstance(each, BaseException)]
    return max([*inside, *(n for n in [getattr(error, "partial", 0)] if isinstance(n, int))])


def _reason(error: Exception) -> str:
    """The innermost cause of a failure of requests, in a few words."""
    cause: BaseException = error
    while isinstance(cause.args[0] if cause.args else None, BaseException):
        cause = cause.args[0]
    said = str(getattr(cause, "reason", None) or cause)
    return said.rpartition(": ")[2][:120] or type(error).__name__
