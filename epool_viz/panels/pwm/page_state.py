"""Between the model and the page's store: plain values one way, wishes the other. Knows no widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from epool_viz.panels.one_kernel import page_state as e_step
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.pwm.model import OF_A_SCORE, PwmModel
from epool_viz.panels.shared.links import fragment

# what belongs to the page alone: the looks of a state
LOOKS: dict[str, Any] = {
    "logo_kind": "information",
    "logo_reverse": False,
    "column": 0,
    "form": "background",
    "zoom": [0, 40],
}


def page_state(model: PwmModel) -> dict[str, Any]:
    """What the page has to know of a model."""
    return e_step.shown(model) | {"step": model.step}


def take(model: PwmModel, patch: Mapping[str, Any], memory: e_step.Memory | None = None) -> None:
    """Let the model follow what the page has changed; what it does not know is left to the page.

    Raises
    ------
    ArgumentError
        For a value that no page of ours sends.
    """
    e_step.take_choices(model, patch, memory)
    looking = {"step": "step", "window": "cursor"}
    model.restore({name: patch[key] for name, key in looking.items() if key in patch})


def link_to(model: EStepModel, opened_by: type[EStepModel]) -> str:
    """The fragment that opens a model's kernel and sequence in the dashboard of another kind of model."""
    return fragment({"link": e_step.link_of(model, opened_by)} | {name: getattr(model, name) for name in OF_A_SCORE})
