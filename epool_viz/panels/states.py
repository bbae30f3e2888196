"""A state of a dashboard, taken over whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traitlets import TraitError

from epool_viz.errors import ArgumentError


def restore_choices(model: Any, state: Mapping[str, Any]) -> None:
    """Set the traits of a model that a state, or a part of one, names.

    Parameters
    ----------
    model : HasTraits
        With `CHOICES`, the names of the state, and `state()`.
    state : dict

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind; nothing is changed then.
    """
    unknown = sorted(set(state) - set(model.CHOICES))
    if unknown:
        raise ArgumentError(unknown[0], "not part of the state", ", ".join(model.CHOICES))
    before = model.state()
    try:
        for name, value in state.items():
            setattr(model, name, value)
    except TraitError as error:
        for name, value in before.items():
            setattr(model, name, value)
        accepted = f"what {type(model).__name__}.state() returns"
        raise ArgumentError("state", f"not usable ({error})", accepted) from None
