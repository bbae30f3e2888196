"""Motifs as kernels: the natural-log odds of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.core.motifs import pfm_to_ppm
from epool_viz.core.strands import either_strand
from epool_viz.core.types import Array
from epool_viz.data.limits import Limits
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import motif_format, parse_motifs
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.errors import ArgumentError, FormatError

IMAGINARY_SITES = 1.0
OF_THE_FILE = "The background is the file's"
_MOST_NUMBERS = 1 << 26
OF_MOTIFS = (
    "The scores of a motif are its log odds: with m = 1 the kernel means this motif again, and the posterior is exact."
)


def log_odds(motif: Motif, background: Any = None, *, both_strands: bool = False) -> tuple[Array, str]:
    """The natural-log odds of a motif, and a sentence that describes them.

    Counts get one imaginary site drawn from the background, so that no entry is infinite; probabilities without counts
    get it as one part in the number of sites, or in 1000 where that number is not known. Log odds of a file stay what
    they are, but for the background and a constant a position.

    Parameters
    ----------
    motif : Motif
    background : shape (letter,), or None for uniform
    both_strands : bool
        Whether the motif is to be looked for on both strands: half of the imaginary site is then drawn from either, so
        that the motif is the same whichever strand is the given one.

    Returns
    -------
    (array of shape (letter, position), str)
    """
    imaginary = either_strand(background, motif.alphabet) if both_strands else background
    if motif.is_of_odds:
        matrix, mixed = pwm_to_kernel(motif.ppm, background=background), "the probabilities of the file's log odds"
    elif motif.counts is not None:
        ppm = pfm_to_ppm(motif.counts, pseudocount=IMAGINARY_SITES, background=imaginary)
        matrix, mixed = pwm_to_kernel(ppm, background=background), "the counts and one imaginary site"
    else:
        sites = motif.n_sites or 1000.0
        ppm = pfm_to_ppm(motif.ppm, pseudocount=IMAGINARY_SITES / sites, background=imaginary)
        matrix = pwm_to_kernel(ppm, background=background)
        unknown = "" if motif.n_sites else " (how many were counted is not known)"
        mixed = f"the probabilities and one imaginary site in {sites:g}{unknown}"
    return matrix, f"Natural-log odds of {mixed} against the background."


def read_motif_kernels(
    raw: bytes, source: str, reading: ImportOptions, *, limits: Limits | None = None
) -> ImportedKernels:
    """Kernels of a MEME or JASPAR file, or of one plain matrix: scores as they are, a motif as its log odds.

    Raises
    ------
    ArgumentError
        If an option is given: a text takes none.
    FormatError
        If the text is in no known format.
    """
    for name in ("layer", "axes", "letters", "flip", "fold_batch_norm"):
        if getattr(reading, name) is not None:
            found = f"{getattr(reading, name)!r}, while {source} is text"
            raise ArgumentError(name, found, "None: a matrix in text is read by its letters and its shape")
    if not is_motif_file(raw, limits=limits):
        parsed = parse_matrix(raw, source=source, limits=limits)
        if parsed.kind == "scores":
            return _imported([parsed.values], [source], parsed.alphabet, source, "matrix", parsed.assumptions, False)
    motifs = parse_motifs(raw, source=source, limits=limits)
    background = motifs[0].background  # one for all in the formats that give one
    pairs = [log_odds(motif, background) for motif in motifs]
    said = [sentence for motif in motifs for sentence in motif.assumptions]
    said += [sentence for _, sentence in pairs]
    if background is not None:
        shares = ", ".join(
            f"{letter} {share:.3g}" for letter, share in zip(motifs[0].alphabet.letters, background, strict=True)
        )
        said.append(f"{OF_THE_FILE}: {shares}.")
    matrices = [matrix for matrix, _ in pairs]
    names = [motif.label or source for motif in motifs]
    told = tuple(dict.fromkeys(said))
    imported = _imported(matrices, names, motifs[0].alphabet, source, "motifs", told, True)
    return replace(imported, background=background)


def _imported(
    matrices: Sequence[Array],
    names: Sequence[str],
    alphabet: Any,
    source: str,
    format: str,  # noqa: A002
    assumptions: tuple[str, ...],
    are_motifs: bool,
) -> ImportedKernels:
    kernels = as_one_array(matrices, source)
    width = kernels.shape[2]
    if any(matrix.shape[1] < width for matrix in matrices):
        assumptions = (
            *assumptions,
            f"Motifs shorter than {width} have columns of zeros at their end, which add nothing to a score.",
        )
    statement = (
        OF_MOTIFS
        if are_motifs
        else "Each kernel is a PWM: the score of a window is an offset plus its log odds, exactly."
    )
    return ImportedKernels(
        kernels,
        np.zeros(len(matrices)),
        tuple(names),
        alphabet,
        source,
        format,
        letters=alphabet.letters,
        assumptions=assumptions,
        statements=(statement,),
        reads_letters=True,
        bias_is_known=True,
    )


def as_one_array(matrices: Sequence[Array], source: str) -> Array:
    """Matrices of shape (letter, position) as kernels, shape (kernel, letter, width), with zeros behind the shorter.

    Raises
    ------
    FormatError
        If zeros would take more room than a computer at home has.
    """
    n, letters, width = len(matrices), len(matrices[0]), max(matrix.shape[1] for matrix in matrices)
    if n * letters * width > _MOST_NUMBERS:
        found = f"{n:,} motifs, of which the widest has {width:,} positions"
        raise FormatError(source, None, found, f"at most {_MOST_NUMBERS:,} numbers, all as wide as the widest")
    kernels = np.zeros((n, letters, width))
    for kernel, matrix in zip(kernels, matrices, strict=True):
        kernel[:, : matrix.shape[1]] = matrix
    return kernels


def is_motif_file(raw: str | bytes, *, limits: Limits | None = None) -> bool:
    """Whether a text, packed or not, holds motifs and nothing else: one plain matrix may be a kernel."""
    return motif_format(raw, limits=limits) not in (None, "matrix")
