"""Motifs as kernels: the natural-log odds of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from epool_viz.core.kernels import pwm_to_kernel
from epool_viz.core.motifs import pfm_to_ppm
from epool_viz.core.strands import either_strand
from epool_viz.data.importing.kernels import ImportedKernels, Reading
from epool_viz.data.importing.network import Array
from epool_viz.data.motif_files import Motif, parse_matrix, parse_motifs
from epool_viz.errors import ArgumentError

IMAGINARY_SITES = 1.0
OF_THE_FILE = "The background is the file's"
_SAYS = (
    "The scores of a motif are its log odds: with m = 1 the kernel means this motif again, and the posterior is exact."
)


def log_odds(motif: Motif, background: Any = None, *, both_strands: bool = False) -> tuple[Array, str]:
    """The natural-log odds of a motif, and a sentence that says of what.

    Counts get one imaginary site drawn from the background, so that no entry is infinite; probabilities without counts
    get it as one part in the number of sites, or in 1000 where that number is not known.

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
    if motif.counts is not None:
        ppm = pfm_to_ppm(motif.counts, pseudocount=IMAGINARY_SITES, background=imaginary)
        matrix, mixed = pwm_to_kernel(ppm, background=background), "the counts and one imaginary site"
    else:
        sites = motif.n_sites or 1000.0
        ppm = pfm_to_ppm(motif.ppm, pseudocount=IMAGINARY_SITES / sites, background=imaginary)
        matrix = pwm_to_kernel(ppm, background=background)
        mixed = f"the probabilities and one imaginary site in {sites:g}"
    return matrix, f"Natural-log odds of {mixed} against the background."


def read_motif_kernels(raw: bytes, source: str, reading: Reading) -> ImportedKernels:
    """Kernels of a MEME or JASPAR file, or of one plain matrix: scores as they are, a motif as its log odds."""
    for name in ("layer", "axes", "letters", "flip", "fold_batch_norm"):
        if getattr(reading, name) is not None:
            found = f"{getattr(reading, name)!r}, while {source} is text"
            raise ArgumentError(name, found, "None: a matrix in text is read by its letters and its shape")
    if not is_motif_file(raw):
        parsed = parse_matrix(raw, source=source)
        if parsed.kind == "scores":
            return _imported([parsed.values], [source], parsed.alphabet, source, "matrix", parsed.assumptions, False)
    motifs = parse_motifs(raw, source=source)
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
    width = max(matrix.shape[1] for matrix in matrices)
    kernels = np.zeros((len(matrices), len(alphabet), width))
    for kernel, matrix in zip(kernels, matrices, strict=True):
        kernel[:, : matrix.shape[1]] = matrix
    if any(matrix.shape[1] < width for matrix in matrices):
        assumptions = (
            *assumptions,
            f"Motifs shorter than {width} have columns of zeros at their end, which add nothing to a score.",
        )
    statement = (
        _SAYS if are_motifs else "Each kernel is a PWM: the score of a window is an offset plus its log odds, exactly."
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


def is_motif_file(raw: bytes) -> bool:
    """Whether a text is of a format that is known to hold motifs; a matrix may be a kernel."""
    return b"MEME version" in raw[:4096] or b"\nMOTIF " in raw or raw[:2] == b"\x1f\x8b" or raw.lstrip()[:1] == b">"
