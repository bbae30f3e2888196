"""What leads through the dashboards, as data: the story, tours, notes for a speaker, and the words of the field.

The TOML files beside this one hold the texts. The component `guide` of the page shows story and tours,
`presenter` the notes, `glossary` the words. Nothing here knows a widget.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Option:
    """One answer that a visitor may choose, and what is so for whoever chose it."""

    value: str
    label: str
    said: str


@dataclass(frozen=True)
class Scene:
    """One scene of the story.

    Attributes
    ----------
    id : str
        In the address: `#scene=<id>`.
    dashboard : str
        Where it plays.
    at : str
        CSS selector of the picture that it is about.
    sentence, question, task : str
        What is so, what to guess first, what to do then.
    options : tuple of Option
    right : str
        The value of the option that is right.
    done : tuple of dict
        Conditions on the page's state that all hold once the task is done: `key`, and one of `is` (a value), `below`,
        `above` (a number), `reaches` (another key of the state), `changed` (True: since the question was answered).
    state : dict
        What of the page's state is set when the scene begins.
    control : str
        CSS selector of where the task is done; "" where that is `at`.
    is_fresh : bool
        Whether the dashboard shows its own data: what the visitor has in hand is not taken over.
    """

    id: str
    dashboard: str
    at: str
    sentence: str
    question: str
    options: tuple[Option, ...]
    right: str
    task: str
    done: tuple[Mapping[str, Any], ...]
    state: Mapping[str, Any] = field(default_factory=dict)
    control: str = ""
    is_fresh: bool = False


@dataclass(frozen=True)
class Stop:
    """One stop of a tour: a CSS selector, and a sentence on what is there."""

    at: str
    text: str


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Attributes
    ----------
    name, text : str
    also : tuple of str
        Other spellings that mean it in a text.
    plain : bool
        Whether the word means something else too, so that texts do not mark it.
    """

    name: str
    text: str
    also: tuple[str, ...] = ()
    plain: bool = False


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def story() -> tuple[Scene, ...]:
    """The scenes, in their order."""

    def scene(row: dict[str, Any]) -> Scene:
        options = tuple(Option(**option) for option in row["options"])
        return Scene(**row | {"options": options, "done": tuple(row["done"])})

    return tuple(scene(row) for row in _table("story")["scene"])


@cache
def tour(dashboard: str) -> tuple[Stop, ...]:
    """The stops of a dashboard's tour, in their order."""
    return tuple(Stop(**row) for row in _table("tours").get(dashboard, ()))


@cache
def notes(dashboard: str) -> Mapping[str, Any]:
    """What a speaker may say and ask at a dashboard, and what a class tends to get wrong: `say`, `ask`, `beware`."""
    found: dict[str, Any] = _table("notes").get(dashboard, {"say": [], "ask": [], "beware": ""})
    return found


@cache
def glossary() -> Mapping[str, Term]:
    """Every word by its name."""
    return {name: Term(name, **row | {"also": tuple(row.get("also", ()))}) for name, row in _table("glossary").items()}


def explained(names: Sequence[str]) -> list[list[str]]:
    """Names of the glossary with their texts, as a dashboard's help lists them."""
    return [[name, glossary()[name].text] for name in names]


def page_terms() -> list[dict[str, Any]]:
    """The words that a page marks in its texts: `names` and `text`."""
    return [{"names": [term.name, *term.also], "text": term.text} for term in glossary().values() if not term.plain]


def page_guide(dashboard: str, stages: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What the page of a dashboard has to know: its scenes, where the others play, and its tour.

    Parameters
    ----------
    dashboard : str
    stages : dict
        Keys of the page's state whose values are places in a list of names; scenes name them.
    """

    def placed(values: Mapping[str, Any]) -> dict[str, Any]:
        return {key: stages[key].index(x) if key in stages else x for key, x in values.items()}

    def condition(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, "is": placed({row["key"]: row["is"]})[row["key"]]} if "is" in row else dict(row)

    def plain(scene: Scene) -> dict[str, Any]:
        done = [condition(row) for row in scene.done]
        return asdict(scene) | {"state": placed(scene.state), "done": done}

    return {
        "scenes": [plain(scene) for scene in story() if scene.dashboard == dashboard],
        "path": [{"id": scene.id, "dashboard": scene.dashboard} for scene in story()],
        "tour": [asdict(stop) for stop in tour(dashboard)],
    }
