"""What the scores of a convolution go through, as far as it is known."""

from __future__ import annotations

import math
from typing import NamedTuple

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Step
from epool_viz.data.networks.numbers import read_vector

# of what is moved about, this mixes kernels and positions: a maximum behind it is over both
_MIXING = ("flatten", "reshape", "view")


class Follows(NamedTuple):
    """What the scores go through.

    Attributes
    ----------
    activation, pooling : str or None
        None where it is not known; of the pooling also where there is none.
    output_weights : shape (kernel,), or None
        The weight of each pooled value in a single output, with nothing behind it but a sigmoid.
    is_known : bool
        Whether the walk came to a pooling over the sequence, or to where there can be none.
    stop : Step or None
        The unknown step that ended the walk.
    mode : int
        Of expectation pooling: 1 leaves out the windows below the mean.
    """

    activation: str | None = None
    pooling: str | None = None
    output_weights: Array | None = None
    is_known: bool = False
    stop: Step | None = None
    mode: int = 0


def what_follows(source: str, after: tuple[Step, ...] | None, n: int) -> Follows:
    """Activation before the pooling, the pooling, and the weights of a single output that reads the pooled values."""
    if after is None:
        return Follows()
    activations: list[str] = []
    poolings: list[str] = []
    output_weights, stop, is_mixed, mode = None, None, False, 0
    for place, step in enumerate(after):
        is_pooled = bool(poolings) and not poolings[-1].startswith("local")
        if step.kind == "reshape":
            is_mixed |= step.what.lower() in _MIXING
        elif step.kind == "activation" and not poolings:
            activations.append(step.what)
        elif step.kind == "pooling" and not is_pooled and not is_mixed:
            poolings.append(step.what)
            mode = int(step.tensors["mode"].read()) if "mode" in step.tensors else 0
        elif step.kind == "dense" and (is_pooled or is_mixed):
            is_last = is_pooled and _leaves_the_log_odds(after[place + 1 :])
            output_weights = _output_weights(source, step, n) if is_last else None
            break
        elif step.kind != "aside":
            stop = None if is_pooled else step
            break
    is_raw = stop is None or bool(poolings)
    activation = ", ".join(activations) or ("identity" if is_raw else None)
    return Follows(activation, ", ".join(poolings) or None, output_weights, stop is None, stop, mode)


def _leaves_the_log_odds(behind: tuple[Step, ...]) -> bool:
    """Whether a unit with these steps behind it is the network's output, or its log odds."""
    counted = [step for step in behind if step.kind not in ("aside", "reshape")]
    return not counted or [(step.kind, step.what) for step in counted] == [("activation", "sigmoid")]


def _output_weights(source: str, step: Step, n: int) -> Array | None:
    weight = step.tensors.get("weight")
    return None if weight is None or math.prod(weight.shape) != n else read_vector(source, weight, n)
