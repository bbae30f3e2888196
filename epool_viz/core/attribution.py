"""Letter by letter: the exact reading of a motif network, and the heuristics that are used where there is none.

A network of one layer, `output_bias + sum_k output_weight_k pool(activate(scan(sequence, kernel_k)))`, can be read
letter by letter in closed form, and so can DeepLIFT, integrated gradients and saliency of it: all of them spread one
number a window over the letters of the window. `epool_viz.models.attribution` computes them by captum, for
this network or any other; tests hold the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from epool_viz.core._arrays import (
    as_float,
    check_mask,
    is_torch,
    namespace,
    only_first_max,
    require_choice,
    require_shape,
    require_whole,
)
from epool_viz.core._softmax import checked_scores, logistic
from epool_viz.core.kernels import KernelPWM, kernel_to_pwm_at
from epool_viz.core.per_letter import letter_coverage, letter_log_odds, spread
from epool_viz.core.pooling import activate, expectation_pool, local_max, pool, pool_gradient, pool_weights
from epool_viz.core.poolings import METHODS as POOLINGS
from epool_viz.core.scan import scan, whole_windows
from epool_viz.core.types import AnyArray
from epool_viz.errors import ShapeError

EXACT = ("posterior", "log_odds")
NAIVE = ("best_window",)
HEURISTICS = ("deeplift", "integrated_gradients", "gradient_x_input", "saliency")
METHODS = (*EXACT, *NAIVE, *HEURISTICS)
COMPLETE = ("deeplift", "integrated_gradients")  # meant to sum to what lies between sequence and baseline
BASELINES = ("uniform", "zeros")
STEPS = 50


@dataclass(frozen=True, eq=False)
class MotifNetwork:
    """A motif CNN of one layer as arrays: all that reading it letter by letter needs.

    Attributes
    ----------
    kernels : shape (kernel, letter, width)
    biases, output_weights : shape (kernel,)
    output_bias : float
    pooling : one of `epool_viz.core.poolings.METHODS`
    m : float, or None where the pooling has none
    mode, local_window : int
    activation : "identity", "relu" or "paper"
    padding : "valid" or "same"
    """

    kernels: AnyArray
    biases: AnyArray
    output_weights: AnyArray
    output_bias: float
    pooling: str = "expectation"
    m: float | None = 1.0
    mode: int = 0
    local_window: int = 1
    activation: str = "identity"
    padding: str = "valid"

    def __post_init__(self) -> None:
        require_choice(self.pooling, "pooling", POOLINGS)
        require_shape(self.kernels, "kernels", at_least=3, accepted="(kernel, letter, width)")

    @property
    def width(self) -> int:
        """Of the kernels, in letters."""
        return int(self.kernels.shape[-1])

    @property
    def base(self) -> float:
        """The `m` at which the kernels are read: the pooling's own, or 1 where it has none."""
        return 1.0 if self.m is None else float(self.m)

    @cached_property
    def reading(self) -> KernelPWM:
        """What the kernels mean to the base `e^m`, against a uniform background."""
        return kernel_to_pwm_at(self.kernels, self.base, bias=self.biases)

    @property
    def is_exact(self) -> bool:
        """Whether the letters' log odds sum to the network's own number, less a constant."""
        return self.activation == "identity" and self.pooling != "logsumexp"

    @property
    def constant(self) -> float:
        """The output of the network for a sequence whose windows are as likely under motif as under background."""
        xp = namespace(self.kernels)
        weights = as_float(self.output_weights, "output_weights", like=self.kernels)
        return self.output_bias + float(xp.sum(weights * self.reading.offset))

    def scores(self, onehot: AnyArray) -> AnyArray:
        """Window scores; shape (batch, kernel, position)."""
        return scan(onehot, self.kernels, bias=self.biases, padding=self.padding)

    def mask(self, onehot: AnyArray) -> AnyArray | None:
        """Which windows take part, shape (batch, 1, position); None for all, as behind a rectifier."""
        if self.activation != "identity":
            return None
        return whole_windows(onehot, self.width, padding=self.padding)[:, None, :]

    def log_odds(self, onehot: AnyArray, *, mask: AnyArray | None = None) -> AnyArray:
        """The network's number; shape (batch,). `mask` as `mask(onehot)` has it, if None."""
        mask = self.mask(onehot) if mask is None else mask
        cells, _, taking_part = self._cells(activate(self.scores(onehot), self.activation), mask)
        return self._out(pool(cells, **self._options(), mask=taking_part))

    def weights(self, onehot: AnyArray, method: str | None = None) -> AnyArray:
        """The share of each window in the pooled value; shape (batch, kernel, position).

        Parameters
        ----------
        onehot : shape (batch, letter, length)
        method : a pooling, or None for the network's own
            "expectation" gives the posterior over windows, to the base `base`.
        """
        cells, groups, taking_part = self._cells(activate(self.scores(onehot), self.activation), self.mask(onehot))
        options = self._options() | ({} if method is None else {"method": method})
        return self._at_windows(pool_weights(cells, **options, mask=taking_part), groups, onehot)

    def _options(self) -> dict[str, Any]:
        return {"method": self.pooling, "m": self.base, "mode": self.mode}

    def _out(self, pooled: AnyArray) -> AnyArray:
        """Weighted with the output weights: (batch, kernel) -> (batch,)."""
        weights = as_float(self.output_weights, "output_weights", like=pooled)
        return namespace(pooled).sum(pooled * weights, axis=-1) + self.output_bias

    def _cells(self, scores: AnyArray, mask: AnyArray | None) -> tuple[AnyArray, AnyArray | None, AnyArray | None]:
        """What is pooled, the winner of each group (None without a local maximum), and which cells take part."""
        taking_part = check_mask(mask, scores, allow_empty=True)
        if self.local_window == 1:
            return scores, None, taking_part
        xp = namespace(scores)
        values = local_max(scores, self.local_window, mask=taking_part).values
        winners = only_first_max(_keys(_grouped(scores, self.local_window), _grouped(taking_part, self.local_window)))
        if taking_part is not None:
            taking_part = xp.any(_grouped(taking_part, self.local_window), axis=-1)
        return values, winners, taking_part

    def _at_windows(self, values: AnyArray, groups: AnyArray | None, onehot: AnyArray) -> AnyArray:
        """Values of cells, at the windows that they come from."""
        if groups is None:
            return values
        xp = namespace(values)
        return self._ungrouped(values[..., None] * xp.astype(groups, values.dtype), onehot)

    def _ungrouped(self, values: AnyArray, onehot: AnyArray) -> AnyArray:
        """Groups laid out again, 0 for an incomplete last one: (..., cell, place in cell) -> (..., position)."""
        xp = namespace(values)
        flat = xp.reshape(values, (*values.shape[:-2], -1))
        n_windows = onehot.shape[-1] - (self.width - 1 if self.padding == "valid" else 0)
        device = values.device if is_torch(values) else None
        rest = xp.zeros((*flat.shape[:-1], n_windows - flat.shape[-1]), dtype=flat.dtype, device=device)
        return xp.concat([flat, rest], axis=-1)


@dataclass(frozen=True, eq=False)
class LetterScores:
    """What each letter of some sequences has to do with a network's answer.

    Attributes
    ----------
    scores : dict of arrays of shape (batch, length), by method
    output : shape (batch,)
        The network's log odds.
    reference : shape (batch,)
        Those of the baseline; the mean, where there are several.
    """

    scores: dict[str, AnyArray]
    output: AnyArray
    reference: AnyArray

    @property
    def probability(self) -> AnyArray:
        """That the sequence is bound, the logistic of `output`; shape (batch,)."""
        return logistic(self.output)

    def completeness_error(self, method: str) -> AnyArray:
        """How far the letters' sum misses `output - reference`; shape (batch,).

        Raises
        ------
        ArgumentError
            If there is no such method.
        """
        require_choice(method, "method", tuple(self.scores))
        return namespace(self.output).sum(self.scores[method], axis=-1) - (self.output - self.reference)


def attribute_letters(
    network: MotifNetwork,
    onehot: AnyArray,
    *,
    methods: tuple[str, ...] = METHODS,
    baseline: Any = "uniform",
    steps: int = STEPS,
) -> LetterScores:
    """Read a motif network letter by letter, exactly and by heuristics.

    Parameters
    ----------
    network : MotifNetwork
    onehot : shape (batch, letter, length)
    methods : some of `METHODS`
        "posterior": how much of each kernel's posterior over windows covers the letter, times the kernel's output
        weight, summed over kernels; it sums to `width * sum_k output_weight_k`.
        "log_odds": the letter's part in the expected log odds under the network's own pooling weights; it sums to
        `output - network.constant` where `is_exact`.
        "best_window": as "posterior", with all of each kernel's weight on its best window.
        "deeplift" (the rescale rule, carried through the pooling by `pool_multipliers`) and "integrated_gradients":
        summed over the four letters of a position, signed.
        "gradient_x_input": the gradient at the letter that stands there, signed.
        "saliency": the largest size of the gradient among the letters of a position.
    baseline : "uniform", "zeros", or array of shape (batch, letter, length) or (reference, batch, letter, length)
        What DeepLIFT and integrated gradients compare with: an equal share of every letter, nothing, or sequences of
        your own, whose attributions are averaged. Windows that take no part in the sequence take none in the baseline.
    steps : int
        Of integrated gradients, by Gauss and Legendre.

    Returns
    -------
    LetterScores

    Raises
    ------
    ArgumentError
        If there is no such method or baseline, or `steps` is no whole number above 0.
    ShapeError
        If `onehot` is not of shape (batch, letter, length), or a baseline does not fit it.

    Source: Shrikumar et al., ICML 2017 (DeepLIFT); Sundararajan et al., ICML 2017 (integrated gradients); Simonyan et
    al., arXiv:1312.6034 (saliency).
    """
    for method in methods:
        require_choice(method, "methods", METHODS)
    onehot = as_float(onehot, "onehot", like=as_float(network.kernels, "kernels"))
    if onehot.ndim != 3:
        raise ShapeError("onehot", f"of shape {tuple(onehot.shape)}", "(batch, letter, length)")
    require_whole(steps, "steps", at_least=1)
    xp = namespace(onehot)
    mask = network.mask(onehot)
    baselines = baselines_like(onehot, baseline)
    references = [network.log_odds(each, mask=mask) for each in baselines]
    found = {}
    for method in methods:
        if method in COMPLETE:
            each = [_against(network, onehot, other, mask, method, steps) for other in baselines]
            found[method] = sum(each[1:], each[0]) / len(each)
        else:
            found[method] = _alone(network, onehot, mask, method)
    total = sum(references[1:], references[0]) / len(references)
    return LetterScores(found, network.log_odds(onehot), xp.asarray(total))


def baselines_like(onehot: AnyArray, baseline: Any) -> list[AnyArray]:
    """Baselines as one-hot arrays; an unknown letter stays unknown in "uniform", so that it gets no attribution.

    Raises
    ------
    ArgumentError
        If there is no baseline of that name.
    ShapeError
        If the array does not fit `onehot`.
    """
    xp = namespace(onehot)
    if isinstance(baseline, str):
        require_choice(baseline, "baseline", BASELINES)
        if baseline == "zeros":
            return [xp.zeros_like(onehot)]
        known = xp.any(onehot != 0, axis=-2, keepdims=True)
        share = xp.full_like(onehot, 1 / onehot.shape[-2])
        return [xp.where(known, share, xp.zeros_like(onehot))]
    baseline = as_float(baseline, "baseline", like=onehot)
    if tuple(baseline.shape) == tuple(onehot.shape):
        return [baseline]
    if baseline.ndim == 4 and tuple(baseline.shape[1:]) == tuple(onehot.shape) and baseline.shape[0]:
        return [baseline[i, ...] for i in range(baseline.shape[0])]
    accepted = f"{', '.join(map(repr, BASELINES))}, or shape {tuple(onehot.shape)}, one reference or a stack of them"
    raise ShapeError("baseline", f"of shape {tuple(baseline.shape)}", accepted)


def pool_multipliers(
    scores: AnyArray, reference: AnyArray, *, method: str = "expectation", m: Any = 1.0, mode: int = 0, mask: Any = None
) -> AnyArray:
    """DeepLIFT's multipliers of a pooling: `sum_i multiplier_i (x_i - reference_i)` is the difference of pooled values.

    Parameters
    ----------
    scores, reference : shape (..., position)
    method, m, mode, mask : as for `pool_weights`

    Returns
    -------
    Array, shape as `scores`. Where the two are equal it is the gradient. In mode 1, whose gate jumps, and of a
    pooling that has no rule here, it is the gradient everywhere and the sum need not hold.

    Raises
    ------
    ArgumentError
        If there is no such method, `m` is negative, or `mask` leaves no window in a row.
    ShapeError
        If the reference has another shape than the scores.

    Notes
    -----
    Expectation is a product of weights and scores, so its difference is `mean weight * dx + mean score * d weight`; the
    weights are `exp(m x - L)`, so `d weight = logmean(weight) (m dx - dL)`, and `L` is a log-sum-exp, so
    `dL = m sum logmean(e) / logmean(sum e) dx`. Each of these steps is DeepLIFT's rescale rule. Scores are taken from
    the middle of the two pooled values, which makes the multipliers free of a constant in the scores. The maximum is
    split at the larger of the two maxima, as captum does.

    Source: Shrikumar et al., ICML 2017, sections 3.2 and 3.5.1.
    """
    require_choice(method, "method", POOLINGS)
    scores, mask = checked_scores(scores, m, mask)
    reference = as_float(reference, "reference", like=scores)
    if tuple(reference.shape) != tuple(scores.shape):
        raise ShapeError(
            "reference", f"of shape {tuple(reference.shape)}", f"that of the scores, {tuple(scores.shape)}"
        )
    options = {"method": method, "m": m, "mode": mode}
    if method == "max":
        return _max_multipliers(scores, reference, mask)
    if method not in ("logsumexp", "expectation") or mode == 1:
        return pool_gradient(scores, **options, mask=mask)
    xp = namespace(scores)
    taken = xp.ones_like(scores) if mask is None else xp.astype(mask, scores.dtype)
    total, total0 = (_log_total(s, m, mask) for s in (scores, reference))
    # logarithms of the weights; where masked any number will do
    zeros = xp.zeros_like(scores)
    log_p, log_p0 = m * scores - total, m * reference - total0
    if mask is not None:
        log_p, log_p0 = xp.where(mask, log_p, zeros), xp.where(mask, log_p0, zeros)
    top = xp.where(total > total0, total, total0)
    sums = _logmean(total - top, total0 - top)
    lse = taken * _logmean(log_p + total - top, log_p0 + total0 - top) / sums
    if method == "logsumexp":
        return lse
    mean_weight = taken * (xp.exp(log_p) + xp.exp(log_p0)) / 2
    rise = taken * _logmean(log_p, log_p0)
    middle = (expectation_pool(scores, m=m, mask=mask) + expectation_pool(reference, m=m, mask=mask)) / 2
    distance = xp.where(taken > 0, (scores + reference) / 2 - middle[..., None], zeros)
    return mean_weight + m * (distance * rise - xp.sum(distance * rise, axis=-1, keepdims=True) * lse)


def activation_multipliers(scores: AnyArray, reference: AnyArray, activation: str) -> AnyArray:
    """DeepLIFT's multipliers of the rectifier: what its value rises by, a rise of the score; the slope where equal."""
    xp = namespace(scores)
    if activation == "identity":
        return xp.ones_like(scores)
    rise = scores - reference
    is_flat = rise == 0
    safe = xp.where(is_flat, xp.ones_like(rise), rise)
    return xp.where(
        is_flat, _slope(scores, activation), (activate(scores, activation) - activate(reference, activation)) / safe
    )


def _alone(network: MotifNetwork, onehot: AnyArray, mask: AnyArray | None, method: str) -> AnyArray:
    """What needs no baseline; shape (batch, length)."""
    xp = namespace(onehot)
    votes = as_float(network.output_weights, "output_weights", like=onehot)[:, None]
    if method == "log_odds":
        weights = network.weights(onehot) * votes
        return letter_log_odds(onehot, network.reading.pwm, weights, padding=network.padding)
    if method in ("posterior", "best_window"):
        chosen = network.weights(onehot, {"posterior": "expectation", "best_window": "max"}[method])
        return letter_coverage(xp.sum(chosen * votes, axis=-2), network.width, padding=network.padding)
    slopes = _score_gradient(network, network.scores(onehot), mask, onehot) * votes
    gradient = spread(slopes, network.kernels, padding=network.padding)
    if method == "saliency":
        return xp.max(xp.abs(gradient), axis=-2)
    return xp.sum(onehot * gradient, axis=-2)


def _against(
    network: MotifNetwork, onehot: AnyArray, other: AnyArray, mask: AnyArray | None, method: str, steps: int
) -> AnyArray:
    """DeepLIFT or integrated gradients against one baseline; shape (batch, length)."""
    xp = namespace(onehot)
    votes = as_float(network.output_weights, "output_weights", like=onehot)[:, None]
    scores, reference = network.scores(onehot), network.scores(other)
    if method == "deeplift":
        multipliers = _score_multipliers(network, scores, reference, mask, onehot)
    else:
        # scores are linear in the one-hot matrix: the straight path there is a straight path here
        nodes, shares = np.polynomial.legendre.leggauss(steps)
        multipliers = 0.0
        for node, share in zip(nodes.tolist(), shares.tolist(), strict=True):
            on_the_way = reference + (1 + node) / 2 * (scores - reference)
            multipliers = multipliers + share / 2 * _score_gradient(network, on_the_way, mask, onehot)
    parts = spread(multipliers * votes, network.kernels, padding=network.padding)
    return xp.sum((onehot - other) * parts, axis=-2)


def _score_gradient(network: MotifNetwork, scores: AnyArray, mask: AnyArray | None, onehot: AnyArray) -> AnyArray:
    """The derivative of the pooled value by each window score; shape (batch, kernel, position)."""
    cells, groups, taking_part = network._cells(activate(scores, network.activation), mask)
    slopes = pool_gradient(cells, **network._options(), mask=taking_part)
    return network._at_windows(slopes, groups, onehot) * _slope(scores, network.activation)


def _score_multipliers(
    network: MotifNetwork, scores: AnyArray, reference: AnyArray, mask: AnyArray | None, onehot: AnyArray
) -> AnyArray:
    """DeepLIFT's multipliers of the pooled value by each window score; shape (batch, kernel, position)."""
    active, active0 = (activate(s, network.activation) for s in (scores, reference))
    cells, groups, taking_part = network._cells(active, mask)
    cells0, _, _ = network._cells(active0, mask)
    multipliers = pool_multipliers(cells, cells0, **network._options(), mask=taking_part)
    if groups is not None:
        inside = (
            _grouped(x, network.local_window) for x in (active, active0, check_mask(mask, active, allow_empty=True))
        )
        multipliers = network._ungrouped(multipliers[..., None] * _max_multipliers(*inside), onehot)
    return multipliers * activation_multipliers(scores, reference, network.activation)


def _slope(scores: AnyArray, activation: str) -> AnyArray:
    xp = namespace(scores)
    ones = xp.ones_like(scores)
    if activation == "identity":
        return ones
    rising = xp.astype(scores > 0, scores.dtype)
    if activation == "relu":
        return rising
    return rising * xp.astype(scores <= 10, scores.dtype) + 0.5 * xp.astype(scores < 0, scores.dtype)


def _max_multipliers(scores: AnyArray, reference: AnyArray, mask: AnyArray | None) -> AnyArray:
    """What a maximum differs by, given to the places of the two maxima; shape as `scores`."""
    xp = namespace(scores)
    zeros = xp.zeros_like(scores)
    here, there = (only_first_max(_keys(s, mask)) for s in (scores, reference))
    top, top0 = (
        xp.sum(xp.where(at, s, zeros), axis=-1, keepdims=True) for at, s in ((here, scores), (there, reference))
    )
    highest = xp.where(top > top0, top, top0)
    rise = scores - reference
    is_flat = rise == 0
    safe = xp.where(is_flat, xp.ones_like(rise), rise)
    shares = xp.where(here, (highest - top0) / safe, zeros) + xp.where(there, (top - highest) / safe, zeros)
    # where nothing differs there is nothing to share out: the gradient
    return xp.where(is_flat, xp.astype(here, scores.dtype), shares)


def _keys(scores: AnyArray, mask: AnyArray | None) -> AnyArray:
    xp = namespace(scores)
    return scores if mask is None else xp.where(mask, scores, xp.full_like(scores, -math.inf))


def _grouped(x: AnyArray | None, window: int) -> Any:
    """Neighbours as groups: (..., position) -> (..., cell, place in cell)."""
    if x is None:
        return None
    n_cells = x.shape[-1] // window
    return namespace(x).reshape(x[..., : n_cells * window], (*x.shape[:-1], n_cells, window))


def _log_total(scores: AnyArray, m: Any, mask: AnyArray | None) -> AnyArray:
    """`ln sum_i exp(m x_i)`; shape (..., 1). At m = 0 the logarithm of the number of windows."""
    xp = namespace(scores)
    exponents = _keys(m * scores, mask)
    top = xp.max(exponents, axis=-1, keepdims=True)
    return top + xp.log(xp.sum(xp.exp(exponents - top), axis=-1, keepdims=True))


def _logmean(log_a: AnyArray, log_b: AnyArray) -> AnyArray:
    """The logarithmic mean `(a - b) / (ln a - ln b)` of two numbers that are given by their logarithms."""
    xp = namespace(log_a)
    top = xp.where(log_a > log_b, log_a, log_b)
    below = -xp.abs(log_a - log_b)
    safe = xp.where(below == 0, -xp.ones_like(below), below)
    return xp.exp(top) * xp.where(below == 0, xp.ones_like(below), xp.expm1(safe) / safe)
