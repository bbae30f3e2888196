"""The settings of a network of this package behind its kernels, as plain values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from epool_viz.core.pooling import ACTIVATIONS, MODES
from epool_viz.core.poolings import METHODS, WITH_M
from epool_viz.core.scan import PADDINGS
from epool_viz.errors import ArgumentError

_LARGEST_M = math.exp(20)
_LARGEST = 1e6  # of a bias


class Computed(NamedTuple):
    """What is computed behind the scores of kernels.

    Attributes
    ----------
    pooling : one of `epool_viz.core.poolings.METHODS`, or "" where that is not known
    m : float, or None where the pooling has none
    mode, local_window : int
    activation : "identity", "relu" or "paper"
    padding : "valid" or "same"
    """

    pooling: str
    m: float | None = None
    mode: int = 0
    local_window: int = 1
    activation: str = "identity"
    padding: str = "valid"


@dataclass(frozen=True)
class WholeNetwork:
    """What a `MotifCNN` does with the scores of its kernels, its output weights left out.

    Parameters
    ----------
    pooling : one of `epool_viz.core.poolings.METHODS`
    m : float, or None where the pooling has none
    mode, local_window : int
    activation : "identity", "relu" or "paper"
    padding : "valid" or "same"
    output_bias : float

    Raises
    ------
    ArgumentError
        For what no network has.
    """

    pooling: str
    m: float | None
    mode: int
    local_window: int
    activation: str
    padding: str
    output_bias: float

    def __post_init__(self) -> None:
        has_m = self.pooling in WITH_M
        least = 0.0 if self.pooling == "expectation" else math.exp(-20)
        sound = {
            "pooling": self.pooling in METHODS,
            "m": _is_number(self.m, least, _LARGEST_M) if has_m else self.m is None,
            "mode": type(self.mode) is int and self.mode in MODES,
            "local_window": type(self.local_window) is int and self.local_window >= 1,
            "activation": self.activation in ACTIVATIONS,
            "padding": self.padding in PADDINGS,
            "output_bias": _is_number(self.output_bias, -_LARGEST, _LARGEST),
        }
        for name, is_sound in sound.items():
            if not is_sound:
                raise ArgumentError(name, repr(getattr(self, name))[:80], "what a MotifCNN has there")

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any], output_bias: Any) -> WholeNetwork | None:
        """Out of the settings of a MotifCNN; None where they are of none."""
        pooling = settings.get("pooling")
        if not isinstance(pooling, Mapping):
            return None
        method = pooling.get("method")
        return cls.of_plain(
            {
                "pooling": method,
                "m": pooling.get("m"),
                "mode": pooling.get("mode", 0),
                "local_window": pooling.get("local_window", 1),
                "activation": settings.get("activation"),
                "padding": settings.get("padding"),
                "output_bias": output_bias,
            }
        )

    @classmethod
    def of_plain(cls, plain: Any) -> WholeNetwork | None:
        """Out of what `plain` gave; None for anything else."""
        try:
            return cls(**plain)
        except (ArgumentError, TypeError):
            return None

    @property
    def plain(self) -> dict[str, Any]:
        """As plain values, which JSON can hold."""
        return dataclasses.asdict(self)

    @property
    def computed(self) -> Computed:
        """What is computed behind the scores."""
        m = None if self.m is None else float(self.m)
        return Computed(self.pooling, m, self.mode, self.local_window, self.activation, self.padding)

    @property
    def settings(self) -> dict[str, Any]:
        """What makes a MotifCNN do the same; its `m` is fixed."""
        pooling: dict[str, Any] = {"method": self.pooling, "local_window": self.local_window}
        if self.pooling in WITH_M:
            pooling["m"] = self.m
        if self.pooling == "expectation":
            pooling["mode"] = self.mode
        return {"pooling": pooling, "activation": self.activation, "padding": self.padding}


def pooling_over_all(pooling: str | None) -> str:
    """The pooling over the whole sequence, of the stages of a network; "" for one that is not computed here."""
    stages = (pooling or "").split(", ")
    if stages[-1] == "max" and set(stages[:-1]) <= {"local max"}:
        return "max"  # the best of the best of each stretch
    return "average" if stages == ["average"] else ""


def _is_number(value: Any, least: float, largest: float) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value) and least <= value <= largest
