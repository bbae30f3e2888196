"""Settings of trainings and races, checked in one place, without torch: a page and the command line make these."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from epool_viz.core._arrays import require_choice, require_number, require_whole
from epool_viz.core.choices import PRESETS, SPLITS
from epool_viz.core.poolings import POOLING_NAMES
from epool_viz.errors import ArgumentError

CLASS_WEIGHTS = (None, "balanced")
OF_THE_PRESET = ("batch_size", "patience", "learning_rate")  # None takes the preset's


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; the parameters are those of `train`.

    Raises
    ------
    ArgumentError
        If one of them is out of its bounds.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    patience: int
    validation_fraction: float
    split: str
    class_weight: str | None
    seed: int

    def __post_init__(self) -> None:
        _check_training(dataclasses.asdict(self))
        require_whole(self.seed, "seed", at_least=0)


@dataclass(frozen=True)
class RaceSettings:
    """Which networks are raced, and how they are trained; the parameters are those of `race`.

    Parameters
    ----------
    methods : names of poolings, dicts of settings with "method", or Pooling layers
    preset, n_kernels, width, engine : as for `MotifCNN`
    seeds : ints
        Of the first weights, the split and the batches.
    epochs, batch_size, validation_fraction, patience, learning_rate, split, class_weight : as for `train`

    Raises
    ------
    ArgumentError
        If one of them is out of its bounds, there is no such pooling, or one stands twice.
    """

    methods: tuple[Any, ...] = ("max", "average", "expectation")
    preset: str = "paper"
    n_kernels: int = 16
    width: int = 15
    seeds: tuple[int, ...] = (0,)
    epochs: int = 100
    batch_size: int | None = None
    validation_fraction: float = 0.1
    patience: int | None = None
    learning_rate: float | None = None
    split: str = "stratified"
    class_weight: str | None = None
    engine: str = "auto"

    def __post_init__(self) -> None:
        if isinstance(self.methods, str) or not len(self.methods):
            raise ArgumentError("methods", repr(self.methods), "a list of poolings, such as ['max', 'expectation']")
        object.__setattr__(self, "methods", tuple(self.methods))
        object.__setattr__(self, "seeds", tuple(self.seeds))
        labels = self.labels
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ArgumentError("methods", f"{twice[0]!r} twice", "each pooling once")
        for method in self.methods:
            if isinstance(method, str | dict):
                require_choice(_name(method), "pooling", POOLING_NAMES)
        require_choice(self.preset, "preset", PRESETS)
        require_whole(self.n_kernels, "n_kernels", at_least=1)
        require_whole(self.width, "width", at_least=1)
        _check_training(self.training)
        for seed in self.seeds:
            require_whole(seed, "seed", at_least=0)

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> RaceSettings:
        """Out of what `plain` gave, or JSON made of it.

        Raises
        ------
        ArgumentError
            As for the class; or if there is a name that is none of its parameters.
        """
        known = [each.name for each in dataclasses.fields(cls)]
        unknown = sorted(set(plain) - set(known))
        if unknown:
            raise ArgumentError("settings", f"with {unknown[0]!r}", f"some of {', '.join(known)}")
        return cls(**plain)

    @property
    def plain(self) -> dict[str, Any]:
        """As plain values, which JSON can hold where no method is a layer."""
        held = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}

    @property
    def labels(self) -> list[str]:
        """A name for each method, in which its settings stand where it has some."""
        return [method if isinstance(method, str) else _label(method) for method in self.methods]

    @property
    def network(self) -> dict[str, Any]:
        """The arguments of `MotifCNN` that all methods share."""
        return {name: getattr(self, name) for name in ("n_kernels", "width", "preset", "engine")}

    @property
    def training(self) -> dict[str, Any]:
        """The arguments of `train`, but for the seed."""
        names = [each.name for each in dataclasses.fields(TrainingSettings) if each.name != "seed"]
        return {name: getattr(self, name) for name in names}


def _check_training(given: Mapping[str, Any]) -> None:
    """Raise an `ArgumentError` for a value out of bounds; None passes where it means the preset's."""
    for name, least in (("epochs", 0), ("batch_size", 1), ("patience", 1)):
        if given[name] is not None or name not in OF_THE_PRESET:
            require_whole(given[name], name, at_least=least)
    if given["learning_rate"] is not None:
        require_number(given["learning_rate"], "learning_rate", above=0)
    fraction = given["validation_fraction"]
    require_number(fraction, "validation_fraction", above=0)
    if not fraction < 1:
        raise ArgumentError("validation_fraction", f"{fraction:g}", "a number between 0 and 1")
    require_choice(given["split"], "split", SPLITS)
    require_choice(given["class_weight"], "class_weight", CLASS_WEIGHTS)


def _settings_of(method: Any) -> dict[str, Any]:
    return dict(method) if isinstance(method, dict) else dict(method.settings())


def _name(method: str | dict[str, Any]) -> Any:
    return method if isinstance(method, str) else method.get("method", "expectation")


def _label(method: Any) -> str:
    settings = _settings_of(method)
    rest = [f"{name}={value}" for name, value in settings.items() if name != "method"]
    return " ".join([str(settings.get("method", "expectation")), *rest])
