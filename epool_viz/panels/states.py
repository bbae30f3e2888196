"""A state of a dashboard, taken over whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from traitlets import TraitError

from epool_viz.errors import ArgumentError

MOST = 200_000  # characters and numbers of a state
LONGEST_TEXT = 50_000  # characters of one text in it; as in web/lib/link.js
DEEPEST = 12


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
    traits = model.traits()
    for name, value in state.items():
        if value is None and traits[name].default_value is not None:
            raise ArgumentError(name, "None", f"what {type(model).__name__}.state() returns")

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


def require_modest(state: Any) -> None:
    """Raise an `ArgumentError` for a state that carries more than any link may; what hangs on it takes no second.

    Parameters
    ----------
    state : plain values
        Bounded are all characters and numbers together, the characters of one text, and how deep lists lie in lists.
    """
    layer, n = [state], 0
    for _ in range(DEEPEST):
        n += sum(len(each) if isinstance(each, str) else 1 for each in layer)
        longest = max((len(each) for each in layer if isinstance(each, str)), default=0)
        if longest > LONGEST_TEXT:
            raise ArgumentError("state", f"with a text of {longest:,} characters", f"at most {LONGEST_TEXT:,}")
        if n > MOST:
            raise ArgumentError("state", f"of more than {MOST:,} characters and numbers", f"at most {MOST:,}")
        layer = [inner for each in layer for inner in _within(each)]
        if not layer:
            return
    raise ArgumentError("state", f"nested deeper than {DEEPEST} times", "what a link of ours holds")


def require_size(name: str, content: bytes, most: int) -> None:
    """Raise an `ArgumentError` for a file that is too large."""
    if len(content) > most:
        raise ArgumentError(f"the file {name}", f"{len(content):,} bytes large", f"at most {most:,} bytes")


def letters(n: int) -> str:
    """So many letters, in words."""
    return f"{n:,} letter" if n == 1 else f"{n:,} letters"


def told_of(name: str, error: ArgumentError) -> str:
    """An error as a sentence about something called `name`: what is counted follows a colon, sequences are none."""
    are = ":" if re.search(r"\d", error.found) else " are"
    verb = are if name.endswith("s") and not name.endswith("ias") else " is"
    return f"{name}{verb} {error.found}; accepted: {error.accepted}."


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return (*value.keys(), *value.values())
    return value if isinstance(value, list | tuple) else ()


def require_known(state: Iterable[str], names: Iterable[str]) -> None:
    """Raise an `ArgumentError` for a name that is none of these."""
    known = tuple(names)
    unknown = sorted(set(state) - set(known))
    if unknown:
        raise ArgumentError(unknown[0], "not part of the state", ", ".join(known))


def not_usable(model: Any, error: TraitError) -> ArgumentError:
    """What is said of a state that holds a value of the wrong kind."""
    return ArgumentError("state", f"not usable ({error})", f"what {type(model).__name__}.state() returns")
