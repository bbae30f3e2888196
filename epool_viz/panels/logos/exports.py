"""What a visitor takes along from the logos: matrices, pictures, a report. Texts and files only."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from epool_viz.analysis.kernel_readings import READINGS, bits_of
from epool_viz.analysis.network_readings import counted_motif
from epool_viz.core.types import Array
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_jaspar, write_meme, write_transfac
from epool_viz.data.tables import table_text
from epool_viz.errors import ArgumentError
from epool_viz.figures.palette import LIGHT, component_variables, css_variables
from epool_viz.figures.svg import logo_svg
from epool_viz.panels.logos.model import LogosModel
from epool_viz.panels.shared.html import each, rounded, row

File = tuple[str, str, bytes]  # name, kind, what it holds
Progress = Callable[[int, int], None]
MOST_PRINTED = 64  # kernels in files that logomaker draws
SLOW = ("report.pdf", "logos.zip")
_WIDTH, _HEIGHT, _GAP = 480, 110, 34  # of a logo in the SVG of all


def taken(model: LogosModel) -> list[int]:
    """The kernels that are taken along: those chosen, or all."""
    return list(model.chosen) or list(range(len(model.kernels)))


def kernel_name(place: int, names: Sequence[str] = ()) -> str:
    """What a kernel is called: its own name, or its number from 1."""
    return names[place] if names else f"Kernel {place + 1}"


def motifs(model: LogosModel, *, reading: str | None = None) -> list[tuple[int, Motif]]:
    """The kernels that are taken along, as motifs; those without this reading are left out.

    Raises
    ------
    ArgumentError
        If none of them has the reading.
    """
    reading = reading or model.reading
    found = [(place, model.motif(reading, place)) for place in taken(model)]
    made = [(place, _motif(model, place, reading, *each)) for place, each in found if each is not None]
    if not made:
        raise ArgumentError("reading", f"{reading}, which none of these kernels has", "another reading, or kernels")
    return made


def _motif(model: LogosModel, place: int, reading: str, ppm: Array, n_sites: float) -> Motif:
    name = f"{model.kernels.example or 'model'}_kernel_{place + 1}_{reading}"
    return counted_motif(name, reading, ppm, n_sites, model.letters, model.kernels.alphabet)


def made(model: LogosModel, name: str) -> File:
    """The file behind a button that answers at once.

    Raises
    ------
    ArgumentError
        For a name that no such button has.
    """
    makers: dict[str, tuple[str, Callable[[LogosModel], str]]] = {
        "kernels.meme": ("text/plain", lambda model: write_meme(m for _, m in motifs(model))),
        "kernels.jaspar": ("text/plain", lambda model: write_jaspar(m for _, m in motifs(model))),
        "kernels.transfac": ("text/plain", lambda model: write_transfac(m for _, m in motifs(model))),
        "kernels.csv": ("text/csv", matrices_csv),
        "logos.svg": ("image/svg+xml", logos_svg),
        "report.html": ("text/html", report_html),
    }
    if name not in makers:
        raise ArgumentError("name", repr(name), ", ".join(makers))
    kind, make = makers[name]
    return _file_name(model, name), kind, make(model).encode()


def _file_name(model: LogosModel, name: str) -> str:
    return f"epool_viz_{model.kernels.example or 'model'}_{name}"


def matrices_csv(model: LogosModel) -> str:
    """Every reading of the kernels taken along, a row a letter and position."""
    rows: list[list[Any]] = []
    letters = model.kernels.alphabet.letters
    for place in taken(model):
        for reading in READINGS:
            found = model.motif(reading, place)
            if found is None:
                continue
            ppm, n_sites = found
            sites = "" if np.isinf(n_sites) else f"{n_sites:g}"
            for j in range(ppm.shape[1]):
                for a, letter in enumerate(letters):
                    entry = repr(float(model.kernels.kernels[place, a, j]))
                    numbers = [repr(float(ppm[a, j])), entry, repr(model.log_base), sites]
                    rows.append([place + 1, reading, j + 1, letter, *numbers])
    columns = ("kernel", "reading", "position", "letter", "probability", "kernel_entry", "m", "sites")
    return table_text(columns, rows)


def logos_svg(model: LogosModel) -> Markup:
    """The logos of the reading that is chosen, one under the other, in one picture that stands alone."""
    found = motifs(model)
    pieces = []
    for i, (place, motif) in enumerate(found):
        y = i * (_HEIGHT + _GAP)
        label = Markup('<text x="0" y="{}" font-family="sans-serif" font-size="14">{}</text>')
        pieces.append(label.format(y + 16, _label(model, place)))
        drawn = Markup(
            logo_svg(
                motif.ppm,
                title=kernel_name(place, model.kernels.names),
                description="Information, in bits",
                background=model.letters,
                alphabet=motif.alphabet,
                height=_HEIGHT,
            )
        )
        size = Markup('x="0" y="{}" width="{}" height="{}"').format(y + 24, _WIDTH, _HEIGHT)
        pieces.append(drawn.replace(f'width="100%" height="{_HEIGHT}"', size))
    tall = len(found) * (_HEIGHT + _GAP)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}">'
        "<style>svg{{{variables}}}</style>{pieces}</svg>"
    ).format(wide=_WIDTH, tall=tall, variables=_variables(), pieces=Markup("").join(pieces))


def _variables() -> str:
    return component_variables(LIGHT) + css_variables(LIGHT)


def _label(model: LogosModel, place: int) -> str:
    what = {
        "exact": f"exact, base e^{model.log_base:.4g}",
        "heuristic": f"heuristic of {model.rule}, threshold {model.threshold:g}",
        "posterior": f"one M-step, m = {model.log_base:.4g}",
    }[model.reading]
    return f"{kernel_name(place, model.kernels.names)}: information (bits), {what}"


def report_html(model: LogosModel) -> Markup:
    """A page that stands alone: the kernels taken along, read three ways, with their numbers and known motifs."""
    kernels = model.kernels
    sections = Markup("").join(_section(model, place) for place in taken(model))
    about = (
        f"Exact: base e^{model.log_base:.6g} against the background "
        f"{', '.join(f'{a} {q:.3f}' for a, q in zip(kernels.alphabet.letters, model.letters, strict=True))}. "
        f"Heuristic: {model.rule}, threshold {model.threshold:g} of the largest activation. Posterior: one M-step. "
        "Letters are as tall as their probability times the bits of their column."
    )
    css = (
        "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
        "color:#16202a;background:#fff}"
        "section{border-top:1px solid #d5dce3;padding:.5rem 0 1rem}figure{margin:.5rem 0}figcaption{color:#52606d}"
        "svg{width:100%;max-width:40rem;height:6rem;display:block;border-bottom:1px solid #52606d}"
        "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;text-align:right;"
        "border-bottom:1px solid #d5dce3;font-weight:normal}th[scope=row]{text-align:left;font-weight:600}"
        "caption{text-align:left;color:#52606d}.wide{overflow-x:auto}"
    )
    return Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><style>:root{{{variables}}}{css}</style></head>'
        "<body><main><h1>{title}</h1><p>{about}</p>{sections}</main></body></html>\n"
    ).format(title=f"Kernels of {kernels.title}", variables=_variables(), css=css, about=about, sections=sections)


def _section(model: LogosModel, place: int) -> Markup:
    detail = model.detail(place)
    pictures, rows = [], []
    for reading in READINGS:
        found = model.motif(reading, place)
        if found is None:
            continue
        ppm, n_sites = found
        drawn = Markup(
            logo_svg(
                ppm,
                title=f"{kernel_name(place, model.kernels.names)}, {reading}",
                description="Information, in bits",
                background=model.letters,
                alphabet=model.kernels.alphabet,
            )
        )
        sites = "" if np.isinf(n_sites) else f", {n_sites:,.0f} windows" if reading == "heuristic" else ""
        pictures.append((reading.capitalize() + sites, drawn))
        rows.append(_row(model, reading, ppm, detail, place))
    told = (
        "" if detail is None else f" Scores given back to {detail.residual:.1e}; {detail.worth.n_sites} held-out sites."
    )
    known = "known sites" if detail is not None and detail.worth.known else "best windows"
    weights = model.kernels.output_weights
    return Markup(
        '<section><h2>{}{}</h2>{}<div class="wide"><table><caption>Likelihoods are at {}.{}</caption><tr>{}</tr>{}'
        "</table></div><details><summary>The matrices</summary>{}</details></section>"
    ).format(
        kernel_name(place, model.kernels.names),
        "" if weights is None else f", output weight {weights[place]:+.3g}",
        each(Markup("<figure><figcaption>{}</figcaption>{}</figure>"), pictures),
        known,
        told,
        each(Markup('<th scope="col">{}</th>'), _COLUMNS),
        Markup("").join(rows),
        Markup("").join(_matrix(model, reading, place) for reading in READINGS),
    )


_COLUMNS = ("reading", "bits", "nats a site", "evidence, nats", "from exact, bits", "known motifs (E)")


def _row(model: LogosModel, reading: str, ppm: Array, detail: Any, place: int) -> Markup:
    matches = model.matches(reading, place)
    names = (
        "not compared" if matches is None else ", ".join(f"{m.name} {m.accession} ({m.e_value:.1e})" for m in matches)
    )
    cells: list[str] = [rounded(float(bits_of(ppm, model.letters)), 2)]
    if detail is None:
        cells += ["–"] * 3
    else:
        cells += [rounded(detail.worth.at_sites[reading], 3), rounded(detail.worth.evidence[reading], 3)]
        cells += [rounded(float(detail.divergence[reading].sum()), 3) if reading in detail.divergence else "–"]
    return row(reading, [*cells, names or "none"])


def _matrix(model: LogosModel, reading: str, place: int) -> Markup:
    found = model.motif(reading, place)
    if found is None:
        return Markup("")
    letters = zip(model.kernels.alphabet.letters, found[0], strict=True)
    rows = Markup("").join(row(letter, (f"{p:.4f}" for p in shares)) for letter, shares in letters)
    return Markup('<div class="wide"><table><caption>{}</caption>{}</table></div>').format(reading, rows)


# --- for print, by logomaker: a second for itself and half a second a logo


def prints(model: LogosModel, name: str) -> Callable[[Progress], File]:
    """The file behind a button of `SLOW`, as a function that makes it and may run in a thread: it asks nothing more.

    Raises
    ------
    ArgumentError
        If there is too much to print.
    """
    found = motifs(model)
    if len(found) > MOST_PRINTED:
        raise ArgumentError("kernels", f"{len(found)} to print", f"at most {MOST_PRINTED}; choose some")
    labels = [f"{kernel_name(place, model.kernels.names)}, {model.reading}" for place, _ in found]
    background, file_name = model.letters, _file_name(model, name)
    kind, bind = {"report.pdf": ("application/pdf", _pdf), "logos.zip": ("application/zip", _zip)}[name]

    def make(progress: Progress) -> File:
        from epool_viz.figures.logo import logo_figure

        figures = []
        for done, (label, (_, motif)) in enumerate(zip(labels, found, strict=True)):
            progress(done, len(found))
            figure = logo_figure(motif.ppm, background=background, alphabet=motif.alphabet, title=label)
            figures.append((motif.name, figure))
        progress(len(found), len(found))
        return file_name, kind, bind(figures)

    return make


def _pdf(figures: list[tuple[str, Any]]) -> bytes:
    """A page each."""
    from matplotlib.backends.backend_pdf import PdfPages

    out = io.BytesIO()
    with PdfPages(out) as pages:
        for _, figure in figures:
            pages.savefig(figure)
    return out.getvalue()


def _zip(figures: list[tuple[str, Any]]) -> bytes:
    """A PNG each, 300 dots an inch."""
    from epool_viz.figures.logo import save_logo

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, tempfile.TemporaryDirectory() as folder:
        for name, figure in figures:
            archive.write(save_logo(figure, Path(folder) / f"{name}.png"), f"{name}.png")
    return out.getvalue()
