"""The section of a graph from its input to a convolution, so that it can be run as it stands in the file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import NotRunError, Scores

MOST_WORK = 1 << 28  # multiplications of one run


@dataclass(frozen=True)
class GraphSection:
    """The part of a graph that leads from an input to a convolution and the steps folded into it.

    Parameters
    ----------
    start : str
        The input, by the name that it has in the file.
    roles : tuple of str
        What the axes of that input are.
    sizes : sequence of int or None, or None
        Their size, where it is known.
    shape : tuple of int
        Of the weight.
    begin : callable
        How many letters of padding stand before an input of a length.
    stride : int
    targets : tuple of (str, tuple of str, bool)
        The names of what comes out: of the convolution, and of each step behind it that is folded in; what the axes of
        each are, and whether it is a batch-norm.
    """

    start: str
    roles: tuple[str, ...]
    sizes: Sequence[int | None] | None
    shape: tuple[int, ...]
    begin: Callable[[int], int]
    stride: int
    targets: tuple[tuple[str, tuple[str, ...], bool], ...]

    def target(self, with_norms: bool) -> tuple[str, tuple[str, ...]]:
        """The last outcome that is folded in, and its axes; without batch-norms the last before the first of them."""
        norms = (place for place, each in enumerate(self.targets) if each[2] and not with_norms)
        name, roles, _ = self.targets[next(norms, len(self.targets)) - 1]
        return name, roles

    def letters(self, onehot_of: Callable[[int | None], Array]) -> Array:
        """The one-hot letters that it is given.

        Raises
        ------
        NotRunError
            If they are too many.
        """
        has_length = self.sizes is not None and "position" in self.roles
        onehot = onehot_of(self.sizes[self.roles.index("position")] if self.sizes is not None and has_length else None)
        if math.prod(self.shape) * onehot.shape[0] * onehot.shape[2] > MOST_WORK:
            raise NotRunError(f"an input of {onehot.shape[2]:,} letters is too long to run here")
        return onehot

    def laid_out(self, onehot: Array) -> Array:
        """One-hot letters as the input takes them; places of letters where it makes them one-hot itself.

        Raises
        ------
        NotRunError
            If the input takes letters in another way.
        """
        roles = [role for role in self.roles if role != "1"]
        words = ["batch", "letter", "position"]
        value = onehot
        if "letter" not in roles:
            value, words = onehot.argmax(axis=1), ["batch", "position"]
        if "batch" not in roles:
            value, words = value[0], words[1:]
        if sorted(words) != sorted(roles):
            raise NotRunError("its input is laid out in another way")
        value = value.transpose([words.index(role) for role in roles])
        shape = iter(value.shape)
        return value.reshape([1 if role == "1" else next(shape) for role in self.roles])

    def scores(self, found: Array, roles: Sequence[str], onehot: Array, by: str, kind: str) -> Scores:
        """What came out, of axes that are known, as (batch, kernel, window).

        Raises
        ------
        NotRunError
            If the scores are laid out in another way.
        """
        if found.ndim != len(roles) or "position" not in roles or "kernel" not in roles:
            raise NotRunError("its scores are laid out in another way")
        places = [roles.index(word) for word in ("batch", "kernel", "position") if word in roles]
        rest = [place for place in range(found.ndim) if place not in places]
        if any(found.shape[place] != 1 for place in rest):
            raise NotRunError("its scores are laid out in another way")
        turned = found.transpose([*rest, *places])
        values = turned.reshape(len(onehot), *turned.shape[-2:])
        return Scores(values, -self.begin(onehot.shape[2]), self.stride, by, kind)
