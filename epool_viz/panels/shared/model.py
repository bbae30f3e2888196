"""The state of a dashboard: choices that are restored whole or not at all, kept in bounds and explained. No widget."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from traitlets import Any as AnyTrait
from traitlets import HasTraits, TraitError, Unicode, validate

from epool_viz.errors import ArgumentError, EpoolError
from epool_viz.panels.shared.hand import Hand
from epool_viz.panels.shared.state import friendly
from epool_viz.panels.shared.visitor_data import VisitorData


class Value(AnyTrait):
    """Any value that a validator accepts; None is shown to it as well."""

    allow_none = False


class DashboardModel(HasTraits):
    """The visitor's choices; a subclass computes what follows from them.

    The traits named in `CHOICES` and `LOOKING` are the state. A choice that cannot be used is kept and explained in
    `message`; what follows stays the last good one until the choice is corrected.
    """

    visitor_data = AnyTrait(VisitorData(), help="The VisitorData that the browser stores.")
    message = Unicode("", help="What the user can put right; empty when all is well.")

    CHOICES: ClassVar[tuple[str, ...]] = ()  # in the order in which a state sets them
    LOOKING: ClassVar[tuple[str, ...]] = ()  # places in what follows from the choices; whole numbers
    BOUNDED: ClassVar[Mapping[str, tuple[float, float]]] = {}  # numbers: the least and the largest
    LONGEST: ClassVar[Mapping[str, int]] = {}  # texts: most characters

    LONGEST_LINKED: ClassVar[int] = 4000  # characters of pasted text that a link carries

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for names, validator in ((cls.BOUNDED, _bounded), (cls.LONGEST, _short_enough)):
            if names:
                setattr(cls, validator.__name__, validate(*names)(validator))

    def __init__(self, **state: Any) -> None:
        super().__init__()
        self._paused = False  # while a state is set: observers of the choices wait for `_follow`
        self._refresh()
        if state:
            self.restore(state)

    @classmethod
    def opened(cls, **state: Any) -> Self:
        """The model that a dashboard opens with."""
        return cls(**state)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """A model in the state that `state()` gave."""
        return cls(**state)

    @classmethod
    def first_screen(cls) -> dict[str, Any]:
        """The choices that a link means where it names none: the first ones, but for what was pasted."""
        traits = cls.class_traits()
        return {name: traits[name].default_value for name in cls.CHOICES if not name.startswith("pasted")}

    def choices(self) -> dict[str, Any]:
        """What the user chose, without the places looked at."""
        return {name: getattr(self, name) for name in self.CHOICES}

    def linked(self) -> dict[str, Any]:
        """The choices that differ from the first ones, small enough for a link."""
        first = {name: self.traits()[name].default_value for name in self.CHOICES}
        found = {name: value for name, value in self.choices().items() if value != first[name]}
        too_long = {name for name in found if name.startswith("pasted") and len(found[name]) > self.LONGEST_LINKED}
        return {name: value for name, value in found.items() if name not in too_long}

    def state(self) -> dict[str, Any]:
        """All that the user chose, as plain values; JSON can hold it."""
        return self.choices() | {name: getattr(self, name) for name in self.LOOKING}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state, or a part of one.

        Raises
        ------
        ArgumentError
            For a name that is no part of the state, or a value of the wrong kind; nothing is changed then.
        """
        known = tuple(self.state())
        unknown = sorted(set(state) - set(known))
        if unknown:
            raise ArgumentError(unknown[0], "not part of the state", ", ".join(known))
        self._require(state)
        before = self.choices()
        try:
            for name in set(self.LOOKING) & set(state):
                if type(state[name]) is not int:  # True would be one
                    raise TraitError(f"{name} is {state[name]!r}; accepted: a whole number")
            self._set(state)
        except TraitError as error:
            self._set(before)
            accepted = f"what {type(self).__name__}.state() returns"
            raise ArgumentError("state", f"not usable ({error})", accepted) from None
        self._follow(before, state)
        self._look({name: state[name] for name in self.LOOKING if name in state})

    # --- what goes along from one dashboard to the next

    def in_hand(self) -> dict[str, Any]:
        """The sequence, the kernel and `m` that are shown, as far as another dashboard can use them.

        Each of the first two is a dict as in `Hand`, with a `label` for the page's head.
        """
        return {}

    def take_in_hand(self, hand: Hand) -> None:
        """Take over what can be used of what another dashboard had in hand."""

    # --- what a subclass defines

    def _require(self, state: Mapping[str, Any]) -> None:
        """Raise an `ArgumentError` for a value that no trait would refuse; nothing has been set yet."""

    def _refresh(self) -> None:
        """Follow the choices as far as they can be used."""

    def _follow(self, before: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Follow choices that were set together.

        Parameters
        ----------
        before : dict
            All choices as they were.
        state : dict
            The part of a state that was requested.
        """

    def _look(self, places: Mapping[str, Any]) -> None:
        """Go to places in what follows."""
        for name, place in places.items():
            setattr(self, name, place)

    # --- what a subclass uses

    def _set(self, state: Mapping[str, Any]) -> None:
        """Set the choices that a state names, in their order."""
        was, self._paused = self._paused, True
        try:
            for name in self.CHOICES:
                if name in state:
                    setattr(self, name, state[name])
        finally:
            self._paused = was

    def _take_over(self, state: Mapping[str, Any]) -> None:
        """Set choices together, and follow."""
        before = self.choices()
        self._set(state)
        self._follow(before, state)

    @contextlib.contextmanager
    def _explaining(self) -> Iterator[None]:
        """Turn an error into a `message`."""
        try:
            yield
        except EpoolError as error:
            self.message = friendly(error)


def bounded(value: Any, low: float, high: float, otherwise: Any = 0) -> Any:
    """A number within its bounds and without float noise; `otherwise` for one that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return otherwise
    kind = float if isinstance(value, float) else int
    return kind(min(max(round(value, 9), low), high))


def _bounded(model: DashboardModel, proposal: Any) -> Any:
    name = proposal.trait.name
    return bounded(proposal.value, *model.BOUNDED[name], otherwise=getattr(model, name))


def _short_enough(model: DashboardModel, proposal: Any) -> str:
    name, text = proposal.trait.name, proposal.value
    if len(text) <= model.LONGEST[name]:
        return str(text)
    model.message = f"The text has {len(text):,} characters; accepted: at most {model.LONGEST[name]:,}."
    return str(getattr(model, name))
