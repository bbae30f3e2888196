"""JASPAR: the CORE matrices of vertebrates ship; every other release comes through pyjaspar, an optional extra.

The bundled file is text. Its headers are indexed at the first use; a matrix is parsed when it is loaded.
"""

from __future__ import annotations

import dataclasses
import importlib.resources
import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.source import near
from epool_viz.errors import ArgumentError, MissingExtraError

JASPAR_RELEASE = "JASPAR2026"
JASPAR_LICENCE = "CC BY 4.0"
JASPAR_CITATION = "JASPAR 2026, Nucleic Acids Research (2026), PMC12807658; https://jaspar.elixir.no"
_FILE = "jaspar2026_core_vertebrates.jaspar"
_HEADER = re.compile(r"\n>(.*)\nA(.*)")
_LOOK_UP = """
SELECT BASE_ID, max(VERSION) FROM MATRIX
WHERE ?1 COLLATE NOCASE IN (BASE_ID || '.' || VERSION, BASE_ID, NAME)
GROUP BY BASE_ID ORDER BY COLLECTION != 'CORE', BASE_ID
"""
_ACCEPTED = "a JASPAR matrix ID such as 'MA0139.2', or a factor's name such as 'CTCF'"


class JasparRecord(NamedTuple):
    """One line of the index."""

    accession: str
    name: str
    width: int
    tf_class: str
    family: str


def jaspar_index() -> tuple[JasparRecord, ...]:
    """The bundled matrices, in the order of the matrix IDs.

    Returns
    -------
    tuple of JasparRecord(accession, name, width, tf_class, family)
    """
    return tuple(_places())


def search_jaspar(text: str) -> tuple[JasparRecord, ...]:
    """The bundled matrices in whose ID, name, class or family every word occurs; case does not matter.

    Parameters
    ----------
    text : str
        Words; none gives the whole index.

    Returns
    -------
    tuple of JasparRecord: those named so first, then names that begin so, then the rest.
    """
    query = text.strip().lower()
    hits = [record for record in jaspar_index() if all(word in _searchable(record) for word in query.split())]
    return tuple(sorted(hits, key=lambda record: _distance(record, query)))


def load_jaspar(query: str, *, release: str | None = None) -> Motif:
    """Load one matrix of JASPAR.

    Parameters
    ----------
    query : str
        Matrix ID ("MA0139.2"), ID without the version ("MA0139"), or name ("CTCF"); case does not matter. Of several
        matrices of one name the lowest ID is taken, and `assumptions` names the others.
    release : str or None
        None is the bundled one: CORE matrices of vertebrates, release `JASPAR_RELEASE`. "JASPAR2022" or "2022" loads
        pyjaspar for any matrix of that release; it prefers the CORE collection.

    Returns
    -------
    Motif, with counts.

    Raises
    ------
    ArgumentError
        If there is no such matrix or release; the message offers near ones.
    MissingExtraError
        If a release is given and pyjaspar is not installed.
    """
    query = query.strip()
    if release is not None:
        return _load_release(query, release)
    matches = _matches(query.lower())
    if not matches:
        raise ArgumentError("query", repr(query), _ACCEPTED + _near_names(query))
    start, stop = _places()[matches[0]]
    (motif,) = parse_motifs(_text()[start:stop], source=JASPAR_RELEASE, format="jaspar", alphabet="DNA")
    return _with_assumption(motif, [record.accession for record in matches])


def _matches(query: str) -> list[JasparRecord]:
    """By ID, else by ID without the version, else by name."""
    keys: tuple[Callable[[JasparRecord], str], ...] = (
        lambda record: record.accession,
        lambda record: record.accession.split(".")[0],
        lambda record: record.name,
    )
    found = ([record for record in _places() if key(record).lower() == query] for key in keys)
    return next((records for records in found if records), [])


def _with_assumption(motif: Motif, accessions: list[str]) -> Motif:
    if len(accessions) == 1:
        return motif
    others = ", ".join(accessions[1:])
    sentence = f"{len(accessions)} matrices are named {motif.name}; {accessions[0]} was taken, not {others}."
    return dataclasses.replace(motif, assumptions=(sentence, *motif.assumptions))


_LIKENESS = 0.7  # of a name that is offered: CTFC is like CTCF, banana is not like Banp


def _near_names(query: str) -> str:
    """Another version of the same matrix, else names that look alike, as the end of a message; "" where none does."""
    base = query.split(".")[0]
    same = [record.accession for record in _matches(base.lower()) if "." in query]
    known = same or (record.name for record in _places())
    alike = near(base, known, likeness=_LIKENESS, is_short=False)
    return f"; near: {alike}" if alike else ""


def _searchable(record: JasparRecord) -> str:
    return f"{record.accession} {record.name} {record.tf_class} {record.family}".lower()


def _distance(record: JasparRecord, query: str) -> int:
    name, accession = record.name.lower(), record.accession.lower()
    if query in (name, accession):
        return 0
    return 1 if name.startswith(query) or accession.startswith(query) else 2


@cache
def _text() -> str:
    return (importlib.resources.files("epool_viz.data") / "bundled" / _FILE).read_text(encoding="utf-8")


@cache
def _places() -> dict[JasparRecord, tuple[int, int]]:
    """Each record, and where its matrix stands in the text."""
    headers = list(_HEADER.finditer(_text()))
    ends = [*(header.start() for header in headers[1:]), len(_text())]
    return {_record(*header.groups()): (header.start(), end) for header, end in zip(headers, ends, strict=True)}


def _record(header: str, row: str) -> JasparRecord:
    accession, name, tf_class, family = header.split("\t")
    return JasparRecord(accession, name, len(row.strip(" []").split()), tf_class, family)


def _load_release(query: str, release: str) -> Motif:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Biopython warns of its own future
            import pyjaspar
    except ImportError:
        raise MissingExtraError("pyjaspar", "jaspar", f"JASPAR release {release}") from None
    name = release.upper() if release.upper().startswith("JASPAR") else f"JASPAR{release}"
    if name not in pyjaspar.jaspar_releases:
        raise ArgumentError("release", repr(release), ", ".join(sorted(pyjaspar.jaspar_releases)))
    database = pyjaspar.jaspardb(release=name)
    try:
        return _fetch(database, query, name)
    finally:
        database.conn.close()


def _fetch(database: Any, query: str, release: str) -> Motif:
    # pyjaspar writes names into its SQL unescaped, so they are looked up here, with a placeholder
    rows = database.conn.execute(_LOOK_UP, (query,)).fetchall()
    accessions = [f"{base}.{version}" for base, version in rows]
    if not accessions:
        raise ArgumentError("query", repr(query), f"{_ACCEPTED}, of {release}")
    found = database.fetch_motif_by_id(accessions[0])
    counts = np.array([found.counts[letter] for letter in "ACGT"])
    motif = Motif.from_counts(counts, name=found.name, accession=accessions[0])
    return _with_assumption(motif, accessions)
