"""Pooling layers for torch: (batch, channel, position) -> (batch, channel).

Each is a drop-in for a global max pool. The arithmetic is `epool_viz.core.pooling`'s, gradients included.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from epool_viz.core import pooling as core
from epool_viz.core._arrays import require_choice, require_number, require_whole
from epool_viz.errors import ArgumentError, ShapeError

LARGEST_LOG_M = 20.0  # a learnt m stays within e^-20 and e^20, where its arithmetic is sound


class Pooling(nn.Module):
    """What the pooling layers share; make one of its subclasses.

    `layer(scores, mask=None)` pools the last axis; `mask` holds booleans that broadcast to `scores`, True where a
    position takes part. `weights` and `gradient` give each position's part in it, in closed form.
    """

    method: ClassVar[str]

    def __init__(self, *, local_window: int = 1) -> None:
        super().__init__()
        require_whole(local_window, "local_window", at_least=1)
        self.local_window = local_window

    def forward(self, scores: Tensor, mask: Any = None) -> Tensor:
        """Pool (..., position) to (...).

        Raises
        ------
        ShapeError
            If `scores` is no tensor of shape (batch, channel, position).
        """
        _require_tensor(scores)
        cells, mask, _ = self._cells(scores, mask)
        return self._pool(cells, mask)

    def weights(self, scores: Tensor, mask: Any = None) -> Tensor:
        """The share of each position in the pooled value; shape as `scores`, sums to 1.

        A local maximum gives its share to the position it comes from.

        Raises
        ------
        ShapeError
            If `scores` is no tensor of shape (batch, channel, position).
        """
        _require_tensor(scores)
        cells, mask, positions = self._cells(scores, mask)
        return _back(core.pool_weights(cells, **self._options(), mask=mask), positions, scores)

    def gradient(self, scores: Tensor, mask: Any = None) -> Tensor:
        """The derivative of the pooled value by each score, in closed form; shape as `scores`, sums to 1.

        Raises
        ------
        ShapeError
            If `scores` is no tensor of shape (batch, channel, position).
        """
        _require_tensor(scores)
        cells, mask, positions = self._cells(scores, mask)
        return _back(core.pool_gradient(cells, **self._options(), mask=mask), positions, scores)

    def settings(self) -> dict[str, Any]:
        """What `make_pooling` makes the same layer of; plain values. A learnt `m` is its present one."""
        return {"method": self.method, "local_window": self.local_window}

    def extra_repr(self) -> str:
        """The settings, as torch prints them within the layer's name; no `m` that may change."""
        hidden = {"method", "m"} if getattr(self, "trainable", False) else {"method"}
        return ", ".join(f"{name}={value}" for name, value in self.settings().items() if name not in hidden)

    def _pool(self, cells: Tensor, mask: Any) -> Tensor:
        raise NotImplementedError

    def _options(self) -> dict[str, Any]:
        """The arguments of core's `pool_weights`."""
        return {"method": self.method}

    def _cells(self, scores: Tensor, mask: Any) -> tuple[Tensor, Any, Tensor | None]:
        """What is pooled, which of it takes part, and the positions it comes from (None for all)."""
        if self.local_window == 1:
            return scores, mask, None
        winners = core.local_max(scores, self.local_window, mask=mask)
        if mask is not None:
            # a cell takes part where one of its positions does
            used = torch.broadcast_to(torch.as_tensor(mask, device=scores.device), scores.shape)
            mask = torch.gather(used, -1, winners.positions)
        return winners.values, mask, winners.positions


class MaxPooling(Pooling):
    """The largest score; its gradient goes to the first largest position alone."""

    method = "max"

    def _pool(self, cells: Tensor, mask: Any) -> Tensor:
        pooled: Tensor = core.max_pool(cells, mask=mask)
        return pooled


class AveragePooling(Pooling):
    """The mean of the scores."""

    method = "average"

    def _pool(self, cells: Tensor, mask: Any) -> Tensor:
        pooled: Tensor = core.average_pool(cells, mask=mask)
        return pooled


class _WithM(Pooling):
    """A pooling with a parameter `m`, fixed or learnt; learnt, it is `exp(log_m)`, so that it stays positive."""

    def __init__(self, m: float, *, trainable: bool, local_window: int, least: float | None) -> None:
        super().__init__(local_window=local_window)
        if not isinstance(trainable, bool):
            raise ArgumentError("trainable", repr(trainable), "True or False")
        above_zero = trainable or least is None
        require_number(m, "m", above=0 if above_zero else None, at_least=None if above_zero else least)
        self.trainable = trainable
        self._fixed_m = float(m)
        if trainable:
            self.log_m = nn.Parameter(torch.tensor(math.log(m)))

    @property
    def m(self) -> float:
        """The present `m`."""
        return float(self._m().detach()) if self.trainable else self._fixed_m

    def _m(self) -> Any:
        """`m` as it enters the arithmetic: exact where fixed, a tensor where learnt."""
        return torch.exp(self.log_m.clamp(-LARGEST_LOG_M, LARGEST_LOG_M)) if self.trainable else self._fixed_m

    def settings(self) -> dict[str, Any]:
        """What `make_pooling` makes the same layer of; plain values. A learnt `m` is its present one."""
        return {**super().settings(), "m": self.m, "trainable": self.trainable}


class ExpectationPooling(_WithM):
    """ePooling: the mean of the scores under their own posterior, `sum_i softmax(m x)_i x_i`.

    Parameters
    ----------
    m : float >= 0, and > 0 where `trainable`
        0 gives the average, infinity the maximum. It fixes the base, e^m, in which a kernel reads as a PWM.
    mode : 0 or 1
        1: only positions above the mean take part, as in the published code.
    trainable : bool
        Learn `m`, one number for all channels. The parameter is `log_m`, so that `m` stays positive, and a step of
        the optimizer changes it by a share of itself.
    local_window : int >= 1
        Pool only the best of every so many neighbours; 1 is exact, 5 and 10 as published.

    Source: Luo et al., Bioinformatics 36(5), 2020, eq. 4-6.
    """

    method = "expectation"

    def __init__(self, m: float = 1.0, mode: int = 0, trainable: bool = False, local_window: int = 1) -> None:
        super().__init__(m, trainable=trainable, local_window=local_window, least=0)
        require_choice(mode, "mode", core.MODES)
        self.mode = mode

    def settings(self) -> dict[str, Any]:
        """What `make_pooling` makes the same layer of; plain values. A learnt `m` is its present one."""
        return {**super().settings(), "mode": self.mode}

    def _pool(self, cells: Tensor, mask: Any) -> Tensor:
        pooled: Tensor = core.expectation_pool(cells, m=self._m(), mode=self.mode, mask=mask)
        return pooled

    def _options(self) -> dict[str, Any]:
        return {"method": self.method, "m": self._m(), "mode": self.mode}


class LogSumExpPooling(_WithM):
    """`(1/m) ln sum_i exp(m x_i)`: the sequence's log evidence up to constants.

    It learns late: its gradient is at first spread over all windows, and the first epochs go to undo the constant that
    `ln n` adds. On 800 sequences of 200 letters the loss stayed at chance for 10 to 40 epochs; raise `patience`.

    Parameters
    ----------
    m : float > 0
    trainable, local_window : as for `ExpectationPooling`
    """

    method = "logsumexp"

    def __init__(self, m: float = 1.0, trainable: bool = False, local_window: int = 1) -> None:
        super().__init__(m, trainable=trainable, local_window=local_window, least=None)

    def _pool(self, cells: Tensor, mask: Any) -> Tensor:
        pooled: Tensor = core.logsumexp_pool(cells, m=self._m(), mask=mask)
        return pooled

    def _options(self) -> dict[str, Any]:
        return {"method": self.method, "m": self._m()}


POOLINGS: dict[str, Callable[..., Pooling]] = {  # of each row of `epool_viz.core.poolings`
    **{layer.method: layer for layer in (MaxPooling, AveragePooling, LogSumExpPooling, ExpectationPooling)},
    "expectation_mode1": partial(ExpectationPooling, mode=1),
}


def make_pooling(method: str, **settings: Any) -> Pooling:
    """Make a pooling layer by its name.

    Parameters
    ----------
    method : a key of `POOLINGS`
    settings : the layer's own parameters

    Raises
    ------
    ArgumentError
        If there is no such method, or it has no such parameter.
    """
    require_choice(method, "pooling", tuple(POOLINGS))
    try:
        return POOLINGS[method](**settings)
    except TypeError:
        raise ArgumentError(
            "pooling", f"{method!r} with {', '.join(settings)}", "a method with the parameters that it has"
        ) from None


class LocalPooling(nn.Module):
    """Pool every `window` neighbours by any method: a drop-in for `nn.MaxPool1d(window)`.

    Parameters
    ----------
    pooling : Pooling
    window : int >= 1
        Both the size and the stride; a last, incomplete group is dropped.
    """

    def __init__(self, pooling: Pooling, window: int) -> None:
        super().__init__()
        require_whole(window, "window", at_least=1)
        self.pooling = pooling
        self.window = window

    def forward(self, scores: Tensor) -> Tensor:
        """Pool (batch, channel, position) to (batch, channel, group).

        Raises
        ------
        ShapeError
            If `scores` is no tensor of shape (batch, channel, position).
        """
        n_groups = scores.shape[-1] // self.window
        if n_groups == 0:
            raise ShapeError(
                "scores", f"of {scores.shape[-1]} positions", f"at least the window, {self.window}, of them"
            )
        # (batch, channel, position) -> (batch, channel, group, place in group)
        groups = scores[..., : n_groups * self.window].reshape(*scores.shape[:-1], n_groups, self.window)
        pooled: Tensor = self.pooling(groups)
        return pooled


def _require_tensor(scores: Any) -> None:
    if not isinstance(scores, Tensor) or scores.ndim < 2:
        found = f"of shape {tuple(scores.shape)}" if isinstance(scores, Tensor) else f"a {type(scores).__name__}"
        raise ShapeError("scores", found, "a tensor of shape (batch, channel, position)")


def _back(shares: Tensor, positions: Tensor | None, scores: Tensor) -> Tensor:
    """The shares of cells, at the positions that they come from."""
    if positions is None:
        return shares
    return torch.zeros_like(scores).scatter(-1, positions, shares)
