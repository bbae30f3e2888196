"""From windows to letters: what each letter of a sequence has of a quantity that windows hold."""

from __future__ import annotations

from epool_viz.core._arrays import as_float, is_torch, namespace, require_choice, require_shape, require_whole
from epool_viz.core.scan import PADDINGS
from epool_viz.core.types import AnyArray
from epool_viz.errors import ShapeError


def spread(multipliers: AnyArray, kernel: AnyArray, *, padding: str = "valid") -> AnyArray:
    """The way back of `scan`: what each entry of the one-hot matrix has in `sum_i multipliers_i scores_i`.

    `scan` and `spread` are adjoint: `sum_i multipliers_i (x_i - bias) = sum_aj onehot[a, j] spread[a, j]`, so this is
    the gradient of that sum by the one-hot matrix.

    Parameters
    ----------
    multipliers : shape (..., kernel, position), or (..., position) for one kernel
        One number a window.
    kernel : shape (kernel, letter, width) or (letter, width)
        With several kernels their parts are added.
    padding : "valid" or "same"
        As it was in `scan`; what falls into the padding is dropped.

    Returns
    -------
    Array, shape (..., letter, length).

    Raises
    ------
    ShapeError
        If there is not one row of multipliers a kernel.
    """
    kernel = as_float(kernel, "kernel")
    require_choice(padding, "padding", PADDINGS)
    require_shape(kernel, "kernel", at_least=2, accepted="(kernel, letter, width) or (letter, width)")
    multipliers = as_float(multipliers, "multipliers", like=kernel)
    if kernel.ndim == 2:
        kernel, multipliers = kernel[None, ...], multipliers[..., None, :]
    if multipliers.ndim < 2 or multipliers.shape[-2] != kernel.shape[0]:
        found = f"of shape {tuple(multipliers.shape)}"
        raise ShapeError("multipliers", found, f"(..., {kernel.shape[0]}, position): a row a kernel")
    xp = namespace(multipliers, kernel)
    width = kernel.shape[-1]
    device = kernel.device if is_torch(kernel) else None
    total = 0.0
    for j in range(width):
        # (letter, kernel) @ (..., kernel, position) -> (..., letter, position)
        term = kernel[:, :, j].T @ multipliers
        shape = (*term.shape[:-1], width - 1)
        gap = xp.zeros(shape, dtype=term.dtype, device=device)
        total = total + xp.concat([gap[..., :j], term, gap[..., j:]], axis=-1)
    if padding == "valid":
        return total
    first = (width - 1) // 2
    return total[..., first : first + multipliers.shape[-1]]  # type: ignore[index]


def letter_coverage(weights: AnyArray, width: int, *, padding: str = "valid") -> AnyArray:
    """How much of the windows' weight lies over each letter: `sum of weight_i over the windows i that contain it`.

    With the posterior for weights it is the probability that the letter is part of the site.

    Parameters
    ----------
    weights : shape (..., position)
    width : int
        Of a window, in letters.
    padding : "valid" or "same"

    Returns
    -------
    Array, shape (..., length). With "valid" it sums to `width` times the sum of the weights.

    Raises
    ------
    ArgumentError
        If `width` is no whole number above 0.
    """
    weights = as_float(weights, "weights")
    require_whole(width, "width", at_least=1)
    xp = namespace(weights)
    ones = xp.ones((1, width), dtype=weights.dtype, device=weights.device if is_torch(weights) else None)
    return spread(weights, ones, padding=padding)[..., 0, :]


def letter_log_odds(onehot: AnyArray, pwm: AnyArray, weights: AnyArray, *, padding: str = "valid") -> AnyArray:
    """The part of each letter in the windows' expected log odds: `sum_i weight_i pwm[S[j], j - i]`.

    With the posterior for weights the letters sum to `ePool - offset` exactly: the expected log-likelihood ratio of the
    E-step, letter by letter.

    Parameters
    ----------
    onehot : shape (..., letter, length)
    pwm : shape (kernel, letter, width) or (letter, width)
        Log odds of a kernel, `kernel_to_pwm(...).pwm`. Of several kernels the parts are added: put the factor of each
        kernel into its weights.
    weights : shape (..., kernel, position) or (..., position)
        0 for windows that are not whole.
    padding : "valid" or "same"

    Returns
    -------
    Array, shape (..., length). It does not change when a constant is added to a column of the kernel.

    Raises
    ------
    ShapeError
        If `onehot` does not have the letters and the length that the weights have.

    Source: Luo et al., Bioinformatics 36(5), 2020 (the pooled value as the expected log-likelihood).
    """
    pwm = as_float(pwm, "pwm")
    onehot = as_float(onehot, "onehot", like=pwm)
    parts = spread(weights, pwm, padding=padding)
    if tuple(parts.shape[-2:]) != tuple(onehot.shape[-2:]):
        found = f"of shape {tuple(onehot.shape)}"
        raise ShapeError("onehot", found, f"(..., {', '.join(map(str, parts.shape[-2:]))}), as the weights have it")
    return namespace(onehot, parts).sum(onehot * parts, axis=-2)


def smooth_letters(scores: AnyArray, width: int) -> AnyArray:
    """The mean of each letter's neighbourhood: `width` letters around it, or as many as there are at the ends.

    A letter that a motif does not care about is part of the site all the same: the posterior covers it, and a score of
    single letters cannot. Smoothed, such scores are compared on equal terms.

    Parameters
    ----------
    scores : shape (..., length)
    width : int
        Even ones reach one letter further to the right.

    Returns
    -------
    Array, shape as `scores`.

    Raises
    ------
    ArgumentError
        If `width` is no whole number above 0.
    """
    scores = as_float(scores, "scores")
    require_whole(width, "width", at_least=1)
    xp = namespace(scores)
    sums = letter_coverage(scores, width)[..., width // 2 : width // 2 + scores.shape[-1]]
    counts = letter_coverage(xp.ones_like(scores), width)[..., width // 2 : width // 2 + scores.shape[-1]]
    return sums / counts
