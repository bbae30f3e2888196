"""What stands straight before and after a convolution, folded into its kernels and biases where that is exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Convolution, Step
from epool_viz.data.networks.numbers import norm_affine, read_numbers, read_vector
from epool_viz.errors import ArgumentError, FormatError

_SKIPPED = ("aside", "reshape")
_SQUEEZED = ("squeeze", "unsqueeze", "transpose", "permute")  # of what is moved about, this leaves kernels kernels


class Before(NamedTuple):
    """Kernels with what stands before them in them.

    Attributes
    ----------
    kernels, bias : arrays
    reads_letters : bool or None
        Whether they are now laid on the one-hot letters; None where it is not known what stands before them.
    stop : Step or None
        What could not be folded in, the one nearest to the kernels.
    has_shift : bool
        Whether a constant that the letters have had added is now in the bias.
    said : tuple of str
        A sentence for each that was folded in, or left out.
    """

    kernels: Array
    bias: Array
    reads_letters: bool | None
    stop: Step | None = None
    has_shift: bool = False
    said: tuple[str, ...] = ()


class After(NamedTuple):
    """Kernels with what comes straight after them in them.

    Attributes
    ----------
    kernels, bias : arrays
    rest : tuple of Step, or None
        What follows still.
    said : tuple of str
    """

    kernels: Array
    bias: Array
    rest: tuple[Step, ...] | None
    said: tuple[str, ...] = ()


def fold_before(source: str, conv: Convolution, kernels: Array, bias: Array, fold_batch_norm: bool | None) -> Before:
    """Fold what stands between the letters and a convolution, its nearest first.

    Parameters
    ----------
    source : str
    conv : Convolution
    kernels : shape (kernel, letter, position)
        The letters in the order in which they are stored.
    bias : shape (kernel,)
    fold_batch_norm : bool or None
        False leaves a batch-norm out; then the kernels do not read letters.

    Raises
    ------
    FormatError
        If what is folded gives a number that is not finite.
    """
    if conv.before is None:
        return _fold_unseen_before(source, conv, kernels, bias, fold_batch_norm)
    has_shift = False
    said: list[str] = []
    for step in reversed(conv.before):
        if step.kind in _SKIPPED:
            continue
        if step.kind == "batch_norm" and fold_batch_norm is False:
            said.append(f"The batch-norm `{step.name}`, which stands before `{conv.name}`, is left out, as you say.")
            return Before(kernels, bias, False, step, has_shift, tuple(said))
        n = kernels.shape[1]
        if step.kind == "letters" and sorted(step.order) == list(range(n)):
            kernels = kernels[:, np.argsort(step.order)]  # row `i` of what comes out is row `order[i]` of what goes in
            said.append(f"`{step.name}` puts the letters in another order before `{conv.name}`; the rows go back.")
        elif step.kind in ("scale", "batch_norm") and _fits(step, n):
            factor, shift = _affine(source, step, n)
            bias = bias + np.einsum("klj,l->k", kernels.astype(np.float64), shift)
            kernels = kernels * factor[:, None]
            _require_finite(source, step, kernels, bias)
            has_shift |= bool(shift.any())
            said.append(_folded_before(step, conv))
        else:
            return Before(kernels, bias, False, step, has_shift, tuple(said))
    return Before(kernels, bias, None if conv.doubt else True, None, has_shift, tuple(said))


def fold_after(source: str, conv: Convolution, kernels: Array, bias: Array, fold_batch_norm: bool | None) -> After:
    """Fold batch-norms and scalings that come straight after a convolution.

    Raises
    ------
    FormatError
        If what is folded gives a number that is not finite.
    """
    if conv.after is None:
        return _fold_unseen(source, conv, kernels, bias, fold_batch_norm)
    rest: list[Step] = []
    said: list[str] = []
    for place, step in enumerate(conv.after):
        is_affine = step.kind in ("batch_norm", "scale") and _fits(step, len(bias))
        if is_affine and step.kind == "batch_norm" and fold_batch_norm is False:
            said.append(f"The batch-norm `{step.name}` is left out, as you say.")
            return After(kernels, bias, (*rest, *conv.after[place:]), tuple(said))
        if is_affine:
            factor, shift = _affine(source, step, len(bias))
            kernels, bias = kernels * factor[:, None, None], bias * factor + shift
            _require_finite(source, step, kernels, bias)
            said.append(_folded_after(step))
        elif step.kind == "aside" or (step.kind == "reshape" and step.what.lower() in _SQUEEZED):
            rest.append(step)
        else:
            rest += conv.after[place:]
            break
    later = next((step for step in rest if step.kind == "batch_norm"), None)
    if later:
        said.append(f"The batch-norm `{later.name}` does not follow directly, so it is not folded in.")
    return After(kernels, bias, tuple(rest), tuple(said))


def _fold_unseen(source: str, conv: Convolution, kernels: Array, bias: Array, fold_batch_norm: bool | None) -> After:
    n, n_letters = len(bias), kernels.shape[1]
    step = conv.batch_norm or (_sole(_others(conv, n)) if n != n_letters else None)
    if step is None:
        if fold_batch_norm and (n == n_letters or _sole(_others(conv, n_letters)) is None):
            raise ArgumentError("fold_batch_norm", "True", "None: no batch-norm of this size comes next in the file")
        return After(kernels, bias, None, () if fold_batch_norm else _said_of(conv, n, n_letters))
    if fold_batch_norm:
        factor, shift = _affine(source, step, len(bias))
        kernels, bias = kernels * factor[:, None, None], bias * factor + shift
        _require_finite(source, step, kernels, bias)
        said = f"The batch-norm `{step.name}` is folded in, as you say, with epsilon {step.epsilon:g}, the usual one."
    elif step is conv.batch_norm:
        said = (
            f"A batch-norm `{step.name}` comes next in the file, but not whether it comes straight after; "
            "fold_batch_norm=True folds it in."
        )
    else:
        return After(kernels, bias, None, _said_of(conv, n, n_letters))
    return After(kernels, bias, None, (said,))


def _fold_unseen_before(
    source: str, conv: Convolution, kernels: Array, bias: Array, fold_batch_norm: bool | None
) -> Before:
    """Fold a batch-norm of the letters where the caller requests it and the file has no architecture."""
    n, n_letters = len(bias), kernels.shape[1]
    step = _sole(_others(conv, n_letters))
    is_asked = fold_batch_norm and conv.after is None and conv.batch_norm is None and _sole(_others(conv, n)) is None
    if step is None or not is_asked or n == n_letters:
        return Before(kernels, bias, None)
    factor, shift = _affine(source, step, n_letters)
    bias = bias + np.einsum("klj,l->k", kernels.astype(np.float64), shift)
    kernels = kernels * factor[:, None]
    _require_finite(source, step, kernels, bias)
    said = (
        f"The batch-norm `{step.name}` of {n_letters} numbers is folded in as one that stands before `{conv.name}`, as "
        f"you say, with epsilon {step.epsilon:g}, the usual one."
    )
    return Before(kernels, bias, None, None, bool(shift.any()), (said,))


def _others(conv: Convolution, n: int) -> list[Step]:
    """The batch-norms of so many numbers that stand in the file, but not next."""
    next_one = conv.batch_norm.name if conv.batch_norm is not None else None
    return [each for each in conv.norms if each.tensors["mean"].shape == (n,) and each.name != next_one]


def _sole(steps: Sequence[Step]) -> Step | None:
    """The one that can be folded, where there is no other."""
    return steps[0] if len(steps) == 1 and "variance" in steps[0].tensors else None


def _said_of(conv: Convolution, n: int, n_letters: int) -> tuple[str, ...]:
    """A sentence for every batch-norm that may stand straight before or after."""
    said = []
    for size in dict.fromkeys((n_letters, n)):
        places = [f"before `{conv.name}`, on its {size} letters"] * (size == n_letters)
        places += [f"straight after it, on its {size} kernels"] * (size == n)
        others = _others(conv, size)
        way = "import_kernels(model) runs the module itself."
        if _sole(others) is not None and n != n_letters and (size == n or _sole(_others(conv, n)) is None):
            way = "fold_batch_norm=True folds it in there; " + way
        said += [
            f"A batch-norm `{each.name}` of {size} numbers stands in the file: it may stand {' or '.join(places)}, "
            f"which the file does not say, and is left out; {way}"
            for each in others[:3]
        ]
    return tuple(said)


def _folded_before(step: Step, conv: Convolution) -> str:
    if step.kind == "batch_norm":
        return (
            f"The batch-norm `{step.name}` stands before `{conv.name}` and is folded in exactly: its running "
            f"statistics, epsilon {step.epsilon:g}."
        )
    return f"`{step.name}` scales or shifts each letter before `{conv.name}`; that is folded in exactly."


def _folded_after(step: Step) -> str:
    if step.kind == "batch_norm":
        return (
            f"The batch-norm `{step.name}` comes straight after and is folded in exactly: its running statistics, "
            f"epsilon {step.epsilon:g}."
        )
    return f"`{step.name}` scales or shifts the scores straight after; that is folded in exactly."


def _fits(step: Step, n: int) -> bool:
    """Whether it has a number for each of `n`, or one for all."""
    sizes = {math.prod(tensor.shape) for tensor in step.tensors.values()}
    return (
        sizes <= {1, n} if step.kind == "scale" else sizes in ({1}, {n}) and {"mean", "variance"} <= set(step.tensors)
    )


def _affine(source: str, step: Step, n: int) -> tuple[Array, Array]:
    """Factor and shift of each of `n`, double precision."""
    values = {
        name: np.broadcast_to(read_numbers(source, tensor).astype(np.float64).reshape(-1), n)
        if math.prod(tensor.shape) == 1
        else read_vector(source, tensor, n).astype(np.float64)
        for name, tensor in step.tensors.items()
    }
    if step.kind == "scale":
        return values.get("factor", np.ones(n)), values.get("shift", np.zeros(n))
    if not (values["variance"] + step.epsilon > 0).all():
        raise FormatError(source, None, f"a variance in `{step.name}` that is not positive", "variances > 0")
    return norm_affine(values, step.epsilon)


def _require_finite(source: str, step: Step, kernels: Array, bias: Array) -> None:
    if not (np.isfinite(kernels).all() and np.isfinite(bias).all()):
        what = "batch-norm" if step.kind == "batch_norm" else "scaling"
        raise FormatError(source, None, f"a {what} `{step.name}` that leaves no finite kernel", "finite numbers")
