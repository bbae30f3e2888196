"""Motifs as kernels: the natural-log odds of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from epool_viz.core.alphabet import Alphabet
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

OF_SCORES = "Each kernel is a PWM: the score of a window is an offset plus its log odds, exactly."


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
            given = f"{getattr(reading, name)!r}, while {source} is text"
            raise ArgumentError(name, given, "None: a matrix in text is read by its letters and its shape")
    if not is_motif_file(raw, limits=limits):
        parsed = parse_matrix(raw, source=source, limits=limits)
        if parsed.kind == "scores":
            said, holds = parsed.assumptions, (OF_SCORES,)
            return _imported(parsed.values[None], (source,), parsed.alphabet, source, "matrix", said, holds)
    motifs = parse_motifs(raw, source=source, limits=limits)
    found = kernels_of_motifs(motifs, source, motifs[0].background)  # one for all in the formats that give one
    if all(motif.width == found.width for motif in motifs):
        return found
    filled = f"Motifs shorter than {found.width} have columns of zeros at their end, which add nothing to a score."
    return replace(found, assumptions=(*found.assumptions, filled))


def kernels_of_motifs(
    motifs: Sequence[Motif], source: str, background: Array | None, remark: str = ""
) -> ImportedKernels:
    """Motifs as their log odds against one background, with columns of zeros behind the shorter.

    Parameters
    ----------
    motifs : sequence of Motif
    source : str
        The name of those that have none.
    background : shape (letter,), or None for uniform
    remark : str
        What is said of the background where the motifs bring one; "" says that it is theirs.
    """
    pairs = [log_odds(motif, background) for motif in motifs]
    said = [sentence for motif in motifs for sentence in motif.assumptions]
    said += [sentence for _, sentence in pairs]
    alphabet = motifs[0].alphabet
    if motifs[0].background is not None and background is not None:
        shares = zip(alphabet.letters, background, strict=True)
        said.append(remark or f"{OF_THE_FILE}: {', '.join(f'{letter} {share:.3g}' for letter, share in shares)}.")
    kernels = as_one_array([matrix for matrix, _ in pairs], source)
    names = tuple(motif.label or source for motif in motifs)
    found = _imported(kernels, names, alphabet, source, "motifs", tuple(dict.fromkeys(said)), (OF_MOTIFS,))
    return replace(found, background=background)


def _imported(
    kernels: Array,
    names: tuple[str, ...],
    alphabet: Alphabet,
    source: str,
    format: str,  # noqa: A002
    assumptions: tuple[str, ...],
    statements: tuple[str, ...],
) -> ImportedKernels:
    return ImportedKernels(
        kernels,
        np.zeros(len(kernels)),
        names,
        alphabet,
        source,
        format,
        letters=alphabet.letters,
        assumptions=assumptions,
        statements=statements,
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
