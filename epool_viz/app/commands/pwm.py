"""`epool-viz pwm`: what a kernel means, as a motif file and a logo."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz._writing import write_file
from epool_viz.app.commands.inputs import read_kernels, read_set
from epool_viz.app.commands.outputs import require_places
from epool_viz.core.kernels import KernelPWM, estimate_base, kernel_to_pwm, kernel_to_pwm_at
from epool_viz.core.motifs import consensus, information_content
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.writing import write_meme
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.errors import ArgumentError

_ROUNDING = 64 * float(np.finfo(float).eps)
Sink = Callable[[str], None]


def kernels_to_meme(
    kernel_file: str,
    *,
    base: float | None = None,
    m: float | None = None,
    fit: str | None = None,
    background: str | None = None,
    out: Path | None = None,
    logo: Path | None = None,
    force: bool = False,
    kind: str = "information",
    alphabet: str | None = None,
    layer: str | None = None,
    axes: str | None = None,
    letters: str | None = None,
    flip: bool | None = None,
    sink: Sink,
) -> str:
    """Read kernels as motifs and write them.

    Parameters
    ----------
    kernel_file : str
        As for `read_kernels`.
    base, m, fit : float, float, str or None
        The base of the score's logarithm, its natural logarithm, or the sequences to estimate it from; none of them is
        base e.
    background : str
        As for `read_kernels`.
    out, logo : path or None
        Where the MEME text and the logo go. Of several kernels each gets a logo, numbered from 1.
    force : bool
        As for `require_places`.
    kind : str
        As for `logo_figure`.
    alphabet : str or None
    layer, axes, letters, flip
        As in `import_kernels`.
    sink : callable
        Gets one line a kernel, and what was taken for granted.

    Returns
    -------
    str, the MEME text.
    """
    reads = [("KERNEL_FILE", kernel_file), ("--fit", fit)]
    require_places(reads, [("--out", out), ("--logo", logo)], force=True)  # whether they exist is checked below
    read = read_kernels(
        kernel_file, alphabet, background=background, layer=layer, axes=axes, letters=letters, flip=flip
    )
    kernels, q = read.kernels, read.background
    logos = [] if logo is None else _numbered(logo, len(kernels))
    require_places(reads, [("--out", out), *(("--logo", path) for path in logos)], force=force)
    pwm, log_base = _transform(kernels, base, m, fit, q)
    motifs = [
        Motif(name, "", ppm[:, :width], background=q, alphabet=kernels.alphabet)
        for name, ppm, width in zip(kernels.names, pwm.ppm, read.widths, strict=True)
    ]
    for remark in kernels.report:
        sink(remark)
    for motif, offset, kernel, bias in zip(motifs, pwm.offset, kernels.kernels, kernels.bias, strict=True):
        sink(_line(motif, _settled(float(offset), kernel, float(bias)), log_base, q))
    for path, kernel, motif in zip(logos, kernels.kernels, motifs, strict=bool(logos)):
        _draw(kernel[:, : motif.width] if kind == "kernel" else motif.ppm, motif, kind, q, path)
    text = write_meme(motifs, background=q)
    if out is not None:
        write_file(out, text, name="--out")
    return text


def _numbered(logo: Path, n: int) -> list[Path]:
    return [logo] if n == 1 else [logo.with_stem(f"{logo.stem}-{i}") for i in range(1, n + 1)]


def _transform(
    read: ImportedKernels, base: float | None, m: float | None, fit: str | None, q: Any
) -> tuple[KernelPWM, float]:
    if m is not None:
        if m < 0:
            raise ArgumentError("--m", f"{m:g}", "a finite number >= 0")
        return kernel_to_pwm_at(read.kernels, m, bias=read.bias, background=q), m
    if fit is not None:
        base = estimate_base(read.kernels, read_set(fit, read.alphabet.name, "--fit"), alphabet=read.alphabet)
    base = math.e if base is None else base
    return kernel_to_pwm(read.kernels, base=base, bias=read.bias, background=q), math.log(base)


def _settled(offset: float, kernel: Any, bias: float) -> float:
    """The offset, or 0 where it is no more than the rounding of the sizes that it is the sum of."""
    sizes = abs(bias) + float(np.abs(kernel).max(axis=0).sum())
    return 0.0 if abs(offset) <= _ROUNDING * sizes else offset


def _line(motif: Motif, offset: float, log_base: float, q: Any) -> str:
    likeliest = consensus(motif.ppm, motif.alphabet.letters, q)
    bits = float(information_content(motif.ppm, q).sum())
    return f"{motif.name}: {likeliest}, {bits:.4g} bits, base e^{log_base:.6g}; score = {offset:.10g} + log odds"


def _draw(matrix: Any, motif: Motif, kind: str, q: Any, path: Path) -> None:
    from epool_viz.figures.logo import logo_figure, save_logo

    figure = logo_figure(matrix, kind=kind, background=q, alphabet=motif.alphabet, title=f"{motif.name}: {kind}")
    try:
        save_logo(figure, path)
    except ArgumentError as error:
        raise ArgumentError("--logo", error.found, error.accepted) from None
