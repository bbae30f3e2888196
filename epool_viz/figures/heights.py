"""How tall each letter of a logo is, and what the height means: shared by every way to draw one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from epool_viz.core._arrays import as_float, background_like, require_choice, require_finite
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet
from epool_viz.core.choices import LOGO_KINDS
from epool_viz.core.motifs import check_ppm, information_content, ppm_to_pwm
from epool_viz.core.types import Array
from epool_viz.errors import ShapeError

AXIS_LABELS = {
    "information": "information (bits)",
    "probability": "probability",
    "log odds": "log odds against the background (bits)",
    "kernel": "kernel entry (score units)",
}


def letter_heights(
    matrix: Any, *, kind: str = "information", background: Any = None, alphabet: str | Alphabet = DNA
) -> Array:
    """Signed height of each letter.

    Parameters
    ----------
    matrix : shape (letter, position)
        A PPM; for the kind "kernel" the kernel itself.
    kind : "information", "probability", "log odds" or "kernel"
        `p` times the column's information content, `p`, `log2(p / q)`, or the entry as it is.
    background : shape (letter,), or None for uniform
        Read for "information" and "log odds".
    alphabet : Alphabet or its name

    Returns
    -------
    array, shape (letter, position), in the unit of `AXIS_LABELS[kind]`.

    Raises
    ------
    ShapeError
        If there is not one row a letter.
    ArgumentError
        If the matrix is no PPM where one is needed, or has a zero and "log odds" is chosen.
    """
    require_choice(kind, "kind", LOGO_KINDS)
    matrix = np.asarray(as_float(matrix, "matrix"))
    letters = len(get_alphabet(alphabet))
    if matrix.ndim != 2 or matrix.shape[0] != letters or matrix.shape[1] == 0:
        raise ShapeError("matrix", f"of shape {matrix.shape}", f"({letters}, position): one row a letter")
    if kind == "kernel":
        require_finite(matrix, "matrix")
        return matrix
    if kind == "probability":
        return np.asarray(check_ppm(matrix, "matrix"))
    if kind == "log odds":
        return np.asarray(ppm_to_pwm(matrix, background=background))
    return np.asarray(matrix * information_content(matrix, background))


def height_limits(heights: Array, *, kind: str = "information", background: Any = None) -> tuple[float, float]:
    """Lower and upper end of the height axis.

    Probabilities and information have fixed ends (1, and the bits of the background's rarest letter), so
    that two logos side by side can be compared; the others end at the tallest stack.
    """
    if kind == "probability":
        return 0.0, 1.0
    if kind == "information":
        rarest = float(np.min(background_like(background, heights, heights.shape[0])))
        return 0.0, -math.log2(rarest)
    up = float(np.where(heights > 0, heights, 0).sum(axis=0).max())
    down = float(np.where(heights < 0, heights, 0).sum(axis=0).min())
    return (down, up) if up > down else (0.0, 1.0)
