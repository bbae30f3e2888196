"""A state of a dashboard, taken over whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from traitlets import TraitError

from epool_viz.errors import ArgumentError


def restore_choices(
    model: Any, state: Mapping[str, Any], take_over: Callable[[Mapping[str, Any]], None] | None = None
) -> None:
    """Set the traits of a model that a state, or a part of one, names.

    Parameters
    ----------
    model : HasTraits
        With `CHOICES`, the names of the state, and `state()`.
    state : dict
    take_over : callable, optional
        Sets what a state names; else the traits are set one by one, in the order of `CHOICES`.

    Raises
    ------
    ArgumentError
        For a name that is no part of the state, or a value of the wrong kind; nothing is changed then.
    """
    require_known(state, model.CHOICES)

    def set_traits(values: Mapping[str, Any]) -> None:
        for name in model.CHOICES:
            if name in values:
                setattr(model, name, values[name])

    take = take_over or set_traits
    before = model.state()
    try:
        take(state)
    except TraitError as error:
        take(before)
        raise not_usable(model, error) from None


def require_known(state: Iterable[str], names: Iterable[str]) -> None:
    """Raise an `ArgumentError` for a name that is none of these."""
    known = tuple(names)
    unknown = sorted(set(state) - set(known))
    if unknown:
        raise ArgumentError(unknown[0], "not part of the state", ", ".join(known))


def not_usable(model: Any, error: TraitError) -> ArgumentError:
    """What is said of a state that holds a value of the wrong kind."""
    return ArgumentError("state", f"not usable ({error})", f"what {type(model).__name__}.state() returns")
