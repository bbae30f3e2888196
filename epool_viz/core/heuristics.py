"""Motifs by alignment: the heuristic reading of a kernel, and what a motif gives to windows that it has not seen.

DeepBind and Basset align the windows in which a kernel is active and count their letters. What comes out depends on the
rule, the threshold and the sequences; the exact reading, `kernel_to_pwm`, depends on the kernel and its base alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from epool_viz.core._arrays import as_float, background_like, require_choice, require_finite, require_number
from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.core.motifs import pfm_to_ppm, smooth_ppm
from epool_viz.core.pooling import activate
from epool_viz.core.types import Array
from epool_viz.core.windows import Windows, windows_of
from epool_viz.errors import ArgumentError, ShapeError

# rule -> share of the largest activation that a window has to exceed
RULES = {"deepbind": 0.0, "basset": 0.5}


class Alignment(NamedTuple):
    """The windows that a heuristic aligns, and their letters counted.

    Attributes
    ----------
    pfm : shape (letter, width), counts
        Zero where no window passes.
    places : shape (n,), places of the aligned windows in `windows`, rising
    activations : shape (n,)
        Theirs; all above `cut`.
    cut : float
        What an activation has to exceed.
    largest : float
        The largest activation of all windows.
    windows : Windows
    """

    pfm: Array
    places: Array
    activations: Array
    cut: float
    largest: float
    windows: Windows

    def ppm(self, *, pseudocount: float = 0.0, background: Any = None) -> Array:
        """The counts as probabilities; see `pfm_to_ppm`.

        Raises
        ------
        ArgumentError
            If no window was aligned: the heuristic has no motif for this kernel.
        """
        if not len(self.places):
            found = f"a kernel whose largest activation is {self.largest:.4g}, with a cut at {self.cut:.4g}"
            raise ArgumentError("kernel", found, "one that is active in some window")
        return np.asarray(pfm_to_ppm(self.pfm, pseudocount=pseudocount, background=background))


def heuristic_pfm(
    sequences: Any,
    kernel: Any,
    *,
    bias: float = 0.0,
    rule: str = "deepbind",
    threshold: float | None = None,
    activation: str = "identity",
    alphabet: str | Alphabet = DNA,
) -> Alignment:
    """Align the windows in which a kernel is active, and count.

    Parameters
    ----------
    sequences : Windows, SequenceSet, strings, or int8 codes (-1 for an unknown letter)
        Windows with an unknown letter take no part, nor do sequences without a whole window.
    kernel : shape (letter, width)
    bias : float
    rule : "deepbind" or "basset"
        The best window of each sequence, the first of equals; or every window.
    threshold : float in [0, 1), or None
        Share of the largest activation that a window has to exceed. None is the rule's own: 0 for DeepBind, a half for
        Basset.
    activation : "identity", "relu" or "paper"
        Of the network, as for `activate`. A rectifier changes nothing here: what it makes 0 is not above a cut of 0.
    alphabet : for strings

    Returns
    -------
    Alignment

    Raises
    ------
    ArgumentError, ShapeError

    Source: Alipanahi et al., Nat Biotechnol 33:831 (2015), supplementary notes, for the best windows with an activation
    above 0; Kelley et al., Genome Res 26:990 (2016), for all windows above half of the largest. Where nothing is
    active there is no motif, which the exact reading always has.
    """
    require_choice(rule, "rule", tuple(RULES))
    share = RULES[rule] if threshold is None else threshold
    require_number(share, "threshold", at_least=0)
    if not share < 1:
        raise ArgumentError("threshold", f"{share:g}", "a number in [0, 1)")
    matrix = _one_kernel(kernel)
    windows = _windows(sequences, matrix.shape[1], alphabet)
    activations = np.asarray(activate(window_scores(windows, matrix, bias=bias), activation))
    largest = float(activations.max())
    cut = share * max(largest, 0.0)
    places = best_windows(windows, activations) if rule == "deepbind" else np.arange(len(activations))
    places = places[activations[places] > cut]
    pfm = np.stack(
        [np.bincount(windows.letters[places, j], minlength=len(matrix)) for j in range(matrix.shape[1])], axis=1
    ).astype(float)
    return Alignment(pfm, places, activations[places], cut, largest, windows)


def window_scores(windows: Windows, kernel: Any, *, bias: float = 0.0) -> Array:
    """The network's score of each window, `bias + sum_j kernel[letter_j, j]`; shape (window,).

    Raises
    ------
    ShapeError
        If the kernel has another width than the windows, or fewer letters.
    """
    matrix = _one_kernel(kernel)
    require_number(bias, "bias")
    width = windows.letters.shape[1]
    if matrix.shape[1] != width or windows.letters.max() >= matrix.shape[0]:
        raise ShapeError("kernel", f"of shape {matrix.shape}", f"(letter, {width}), a row for each letter")
    scores = np.full(len(windows.letters), float(bias))
    for j in range(width):
        scores += matrix[windows.letters[:, j], j]
    return scores


def best_windows(windows: Windows, scores: Array, *, among: Array | None = None) -> Array:
    """The place of the best window of each sequence, the first of equals.

    Parameters
    ----------
    windows : Windows
    scores : shape (window,)
    among : booleans, shape (window,), or None
        The windows that may be chosen; a sequence without one is left out.

    Returns
    -------
    int array, shape (n,), rising; `n` is the number of sequences, or of those with such a window.
    """
    allowed = np.ones(len(scores), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    ranked = np.where(allowed, scores, -np.inf)
    parts = (slice(first, first + n) for first, n in zip(windows.first, windows.n_windows, strict=True))
    chosen = [part.start + int(np.argmax(ranked[part])) for part in parts if allowed[part].any()]
    return np.array(chosen, dtype=np.int64)


def log_ratios(windows: Windows, ppm: Any, *, background: Any = None, pseudocount: float = 0.0) -> Array:
    """`ln P(window | ppm) / P(window | background)` of each window, nats; shape (window,).

    Its mean over sites that took no part in making `ppm` is how well the motif predicts them.

    Parameters
    ----------
    windows : Windows
    ppm : shape (letter, width)
    background : shape (letter,), or None for uniform
    pseudocount : float >= 0
        Parts of background mixed into one part of `ppm`.

    Raises
    ------
    ArgumentError
        For a zero probability without a pseudocount.
    """
    smooth = np.asarray(smooth_ppm(np.asarray(ppm, dtype=float), pseudocount=pseudocount, background=background))
    q = np.asarray(background_like(background, smooth, smooth.shape[0]))
    return window_scores(windows, np.log(smooth) - np.log(q)[:, None])


def on_sites(windows: Windows, sites: Any, *, share: float = 0.5) -> Array:
    """Which windows lie on a known site.

    Parameters
    ----------
    windows : Windows
    sites : for each sequence its sites, with `start` and `stop` in letters
        `SequenceSet.sites`.
    share : float in (0, 1]
        Of the shorter of window and site, which both must have in common.

    Returns
    -------
    booleans, shape (window,)

    Raises
    ------
    ArgumentError
        If the sites are not one list a sequence, or `share` is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ArgumentError("share", f"{share:g}", "a number in (0, 1]")
    if len(sites) != len(windows.first):
        raise ArgumentError("sites", f"of {len(sites)} sequences", f"of {len(windows.first)}, as the windows are")
    width = windows.letters.shape[1]
    found = np.zeros(len(windows.start), dtype=bool)
    for first, n, known in zip(windows.first, windows.n_windows, sites, strict=True):
        starts = windows.start[first : first + n]
        for site in known:
            common = np.minimum(starts + width, site.stop) - np.maximum(starts, site.start)
            found[first : first + n] |= common >= share * min(width, site.stop - site.start)
    return found


def _one_kernel(kernel: Any) -> Array:
    matrix = np.asarray(as_float(kernel, "kernel"), dtype=float)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ShapeError("kernel", f"of shape {matrix.shape}", "(letter, width): one kernel")
    require_finite(matrix, "kernel")
    return matrix


def _windows(sequences: Any, width: int, alphabet: str | Alphabet) -> Windows:
    if isinstance(sequences, Windows):
        return sequences
    return windows_of(sequences, width, alphabet=alphabet, skip=True)
