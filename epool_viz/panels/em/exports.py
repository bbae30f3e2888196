"""What a visitor takes along from EM: motifs, sites, history, lines of Python. Texts and files only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from epool_viz.analysis.site_tables import sites_bed, sites_table
from epool_viz.core.windows import FoundSite
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_jaspar, write_meme, write_transfac
from epool_viz.data.tables import table_text
from epool_viz.errors import ArgumentError
from epool_viz.panels.em.model import PEAKS, EMModel
from epool_viz.panels.em.page import TAKE_AWAY
from epool_viz.panels.em.texts import name_of
from epool_viz.panels.shared.exports import kind_of
from epool_viz.panels.shared.visitor_data import CHOICE

HISTORY_COLUMNS = ("iteration", "log_evidence", "objective", "site_rate", "bits_moved")


def taken(model: EMModel, name: str) -> tuple[str, str, bytes]:
    """The file behind a button: its name, its kind, what it holds.

    Raises
    ------
    ArgumentError
        For a name that no button has, or while there is nothing to take.
    """
    known = [item["name"] for item in TAKE_AWAY]
    if name not in known:
        raise ArgumentError("name", repr(name), ", ".join(known))
    if model.trail is None:
        raise ArgumentError("motif", "still looked for", "a start")
    return f"epool_viz_{name}", kind_of(name), _MAKERS[name](model).encode()


def motifs_of(model: EMModel) -> list[tuple[str, np.ndarray[Any, Any], list[FoundSite]]]:
    """Name, PPM and sites of the motifs found before, and of the one that is shown."""
    now = (f"motif_{len(model.found) + 1}", model.trail.ppm(model.at), model.trail.sites(model.at))
    return [*((each.name.replace(" ", "_"), each.ppm, each.sites) for each in model.found), now]


def _motifs(model: EMModel) -> list[Motif]:
    found = []
    for name, ppm, sites in motifs_of(model):
        n = float(len(sites)) if sites else None
        found.append(Motif(name, "", ppm, n_sites=n, background=np.asarray(model.background)))
    return found


def history_csv(model: EMModel) -> str:
    """A row an iteration that has been walked."""
    trail = model.trail
    rows = []
    for k, evidence in enumerate(trail.evidence):
        rate = trail.rates[k] if trail.occurrence == "zoops" else 1.0
        moved = float(trail.moved(2 * k).mean())
        rows.append((k + 1, repr(evidence), repr(trail.objective[k]), repr(rate), repr(moved)))
    return table_text(HISTORY_COLUMNS, rows)


def python_lines(model: EMModel) -> str:
    """Lines that walk to the step that is shown, and give its motif and its sites."""
    lines = ["import numpy as np", "", "import epool_viz as ev", "", *_data_lines(model)]
    options = [f"occurrence={model.occurrence!r}", f"pseudocount={model.pseudocount!r}"]
    options += ["both_strands=True"] if model.both_strands else []
    if model.found:
        lines += _erasing_lines(model)
        options.append("erased=erased")
    at = model.at
    lines += [
        f"start = np.array({np.asarray(model.trail.ppms[0]).tolist()!r})  # {' '.join(model.trail.name.split())}",
        f"at = {at}  # {name_of(at)}; half_steps=None walks on to convergence, and then at is trail.end",
        f"trail = ev.walk_em(sequences, start, {', '.join(options)}, half_steps=at)",
        "ppm = trail.ppm(at)  # the motif, a row a letter: A, C, G, T",
        "for evidence in trail.evidence[-1:]:",
        '    print(f"{len(trail.evidence)} iterations, log evidence {evidence:.2f}")',
        "for site in trail.sites(at):",
        '    print(sequences.names[site.sequence], site.start + 1, site.strand, f"{site.posterior:.3f}")',
    ]
    return "\n".join(lines) + "\n"


def _erasing_lines(model: EMModel) -> list[str]:
    """Lines that erase the sites of the motifs found before."""
    sites = {motif.name: [(s.sequence, s.start, s.stop) for s in motif.sites] for motif in model.found}
    return [
        f"found = {sites!r}  # (sequence, start, stop) of each site, from 0",
        "erased = [np.zeros(length, dtype=bool) for length in sequences.lengths]",
        "for sites in found.values():",
        "    for i, begin, end in sites:",
        "        erased[i][begin:end] = True",
    ]


def _data_lines(model: EMModel) -> list[str]:
    if model.data == "simulated":
        settings = f"n={model.n}, length={model.length}, positive_fraction={model.site_share}, margin=0"
        return [f"sequences = ev.simulate(ev.load_jaspar({model.motif!r}), {settings}, seed={model.data_seed})"]
    if model.data in ("pasted", CHOICE):
        return [f"sequences = ev.SequenceSet.from_strings({list(model.sequences)!r}, names={model.sequences.names!r})"]
    part = f"[:{PEAKS}]" if model.data.endswith("_peaks") else ""
    return [f"sequences = ev.load_example({model.data!r}){part}"]


def logo(model: EMModel) -> str:
    """The motif shown, as one SVG."""
    from epool_viz.figures.svg import logo_svg

    name, ppm, _ = motifs_of(model)[-1]
    return logo_svg(ppm, title=name, description="Information in bits", background=model.background, height=160)


_MAKERS: dict[str, Callable[[EMModel], str]] = {
    "motif.meme": lambda model: write_meme(_motifs(model)),
    "motif.jaspar": lambda model: write_jaspar(_motifs(model)),
    "motif.transfac": lambda model: write_transfac(_motifs(model)),
    "sites.tsv": lambda model: sites_table(model.sequences, motifs_of(model)),
    "sites.csv": lambda model: sites_table(model.sequences, motifs_of(model), ","),
    "sites.bed": lambda model: sites_bed(model.sequences, motifs_of(model)),
    "history.csv": history_csv,
    "logo.svg": logo,
    "em.py": python_lines,
}
