"""The numbers that the page's own are compared with."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets

from epool_viz.components.base import Component
from epool_viz.core.alphabet import ALPHABETS
from epool_viz.core.trace import e_step_trace
from epool_viz.errors import ArgumentError, EpoolError

_NUMBERS = ("m", "bias", "mode", "local_window", "both_strands", "site_rate", "cursor")
_WORDS = ("activation", "padding", "occurrence", "strand_reading")
_OPTIONS = ("m", "bias", "mode", "local_window", "both_strands", "site_rate", *_WORDS)


class CrossCheck(Component):
    """core, torch (where it is loaded) and the page side by side.

    Parameters
    ----------
    store : Store
    options : dict
        `tolerance`, relative to the number where that is above 1.
    core : dict
        `numbers_of` a state; see `compare`.
    torch : dict or None
        The same by torch, None where it is not loaded.
    """

    module = "cross_check"
    core = traitlets.Dict().tag(sync=True)
    torch = traitlets.Any(None, help="A dict or None.").tag(sync=True)

    def compare(self, state: Mapping[str, Any]) -> None:
        """Send the numbers of a state; one that cannot be traced changes nothing."""
        try:
            core, torch = numbers_of(state), torch_numbers_of(state)
        except EpoolError:
            return
        with self.hold_sync():
            self.core, self.torch = core, torch


def fingerprint(state: Mapping[str, Any]) -> int:
    """A key of a state: the CRC-32 of all that a trace depends on, and of the cursor."""
    background = state["background"]
    parts = (
        [float(state[name]) for name in _NUMBERS],
        [] if background is None else background,
        state["codes"],
        np.ravel(state["kernel"]),
    )
    numbers = np.concatenate([np.asarray(part, dtype="<f8") for part in parts])
    return zlib.crc32(numbers.tobytes() + "|".join(str(state[name]) for name in _WORDS).encode())


def numbers_of(state: Mapping[str, Any], kernel: Any = None) -> dict[str, Any]:
    """The quantities of the panel as core computes them.

    Parameters
    ----------
    state : mapping
        As the store holds it.
    kernel : array or tensor, or None for the state's own
        core computes with whatever this is.

    Returns
    -------
    dict with `of` (the fingerprint), score, offset, posterior, pooled, log_evidence, errors
    """
    alphabet = next((known for known in ALPHABETS.values() if known.letters == state["alphabet"]), None)
    if alphabet is None:
        raise ArgumentError(
            "alphabet", repr(state["alphabet"]), ", ".join(known.letters for known in ALPHABETS.values())
        )
    trace = e_step_trace(
        np.asarray(state["codes"], dtype=np.int8),
        np.asarray(state["kernel"], dtype=np.float64) if kernel is None else kernel,
        background=state["background"],
        alphabet=alphabet,
        **{name: state[name] for name in _OPTIONS},
    )
    cursor = min(max(int(state["cursor"]), 0), len(trace.starts) - 1)
    return {
        "of": fingerprint(state),
        "score": float(trace.scores[cursor]),
        "offset": float(trace.pwm.offset),
        "posterior": float(trace.posterior.max()),
        "pooled": float(trace.pooled),
        "log_evidence": float(trace.log_evidence),
        "errors": {name: float(error) for name, error in trace.errors.items()},
    }


def torch_numbers_of(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same with torch's arithmetic, if torch is loaded already; None if not."""
    torch = sys.modules.get("torch")
    return None if torch is None else numbers_of(state, torch.tensor(state["kernel"], dtype=torch.float64))
