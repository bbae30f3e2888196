"""Between the model and the page's store: plain values one way, requested changes the other. No widget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA
from epool_viz.core.strands import is_own_complement
from epool_viz.data.kernel_sources import Kernel, scores_text
from epool_viz.panels.one_kernel.model import MOST_LETTERS, WIDEST, EStepModel, edited_name
from epool_viz.panels.one_kernel.steps import STEPS
from epool_viz.panels.registry import row_of
from epool_viz.panels.shared.hand import fasta
from epool_viz.panels.shared.links import link
from epool_viz.panels.shared.visitor_data import CHOICE

SHARED = ("m", "mode", "both_strands", "occurrence", "site_rate", "activation", "local_window", "padding", "bias")
OF_A_SCORE = ("m", "bias")  # what of a network's settings the score of its kernel depends on
# what belongs to the page alone: the looks of a state
LOOKS: dict[str, Any] = {"logo_kind": "information", "logo_reverse": False, "pinned": None}
STEP_NAMES = tuple(step.name for step in STEPS)
_LETTERS = DNA.letters + DNA.unknown[0]


def page_state(model: EStepModel) -> dict[str, Any]:
    """The values of a model that the page needs."""
    return shown(model) | {"step": STEP_NAMES.index(model.current_step.name)}


def shown(model: EStepModel) -> dict[str, Any]:
    """The values of a model that the page needs, whatever its steps are."""
    trace = model.trace
    return {name: getattr(model, name) for name in SHARED} | {
        "strand_reading": model.read_as,
        "strands_differ": model.both_strands and not is_own_complement(trace.background, trace.alphabet),
        "codes": DNA.encode(trace.sequence).tolist(),
        "kernel": np.asarray(trace.kernel).tolist(),
        "alphabet": DNA.letters,
        "complement": list(DNA.complement_codes),
        "background": np.asarray(trace.background).tolist(),
        "background_choice": model.background,
        "letter_shares": list(model.letter_shares),
        "sequence_name": model.sequence_name,
        "kernel_name": model.kernel.label,
        "cursor": model.window,
        "message": model.message,
        "link": link_of(model),
    }


def link_to(model: EStepModel, dashboard: str) -> str:
    """The address at which another dashboard of one kernel opens the kernel and the sequence of a model."""
    choices = link_of(model, row_of(dashboard).model_class())
    return link(dashboard, {"link": choices} | {name: getattr(model, name) for name in OF_A_SCORE})


def link_of(model: EStepModel, opened_by: type[EStepModel] | None = None) -> dict[str, Any]:
    """The choices that differ from the first screen, small enough for an address.

    `opened_by` is the model whose dashboard opens the link, if it is another's. A pasted set is cut down to the
    sequence on the screen and to its background, a file to the numbers of its kernel.
    """
    first = (opened_by or type(model)).class_traits()
    state = {name: value for name, value in model.state().items() if value != first[name].default_value}
    for name in (*SHARED, *EStepModel.LOOKING, "file_name", "file_text", "which"):
        state.pop(name, None)
    if model.sequence_source == "example":
        state.pop("pasted", None)
    else:
        state |= {"pasted": fasta(model.sequence_name, model.trace.sequence)}
        state.pop("index", None)
        state.pop("edited", None)
        if model.background == "data":
            state |= {"background": "typed", "letter_shares": np.asarray(model.trace.background).tolist()}
    if model.sequence_source == CHOICE:
        state["sequence_source"] = "pasted"
    if model.kernel_source in ("file", CHOICE):
        state |= {"kernel_source": "typed", "kernel_text": _text_of(model.kernel, model.kernel.label)}
    elif model.kernel_source != "typed":
        state.pop("kernel_text", None)
    return state


class Memory:
    """The whole choices behind the links of one visit: going back loses nothing of what a link leaves out.

    Parameters
    ----------
    kind : type of model
    most : int
        Links to keep beside the first one.
    """

    def __init__(self, kind: type[EStepModel] = EStepModel, most: int = 8) -> None:
        self.kind = kind
        self.most = most
        self._kept: dict[str, dict[str, Any]] = {}

    def keep(self, model: EStepModel) -> None:
        """Remember what the model's link stands for now."""
        key = _key(link_of(model))
        is_first = not self._kept or key == next(iter(self._kept))
        if not is_first:
            self._kept.pop(key, None)
        state = model.state()
        self._kept[key] = {name: state[name] for name in EStepModel.CHOICES if name not in SHARED}
        if len(self._kept) > self.most + 1:
            del self._kept[list(self._kept)[1]]

    def choices(self, link: Mapping[str, Any]) -> dict[str, Any]:
        """The state of a link: as it was in this visit, else the link's own."""
        return self._kept.get(_key(link)) or _first_choices(self.kind) | dict(link)


def _key(link: Mapping[str, Any]) -> str:
    return json.dumps(link, sort_keys=True)


def take(model: EStepModel, patch: Mapping[str, Any], memory: Memory | None = None) -> None:
    """Apply the page's changes to the model; names that are not the model's stay in the page.

    Raises
    ------
    ArgumentError
        For a value that no page sends.
    """
    take_choices(model, patch, memory)
    if "step" in patch:  # only now: which steps there are follows from the choices
        model.restore({"step": _step_in(model, patch["step"])})
    if "cursor" in patch:
        model.restore({"window": patch["cursor"]})


def take_choices(model: EStepModel, patch: Mapping[str, Any], memory: Memory | None = None) -> None:
    """`take` without the step and the window, which mean something only where the choices are known."""
    shared = [name for name in SHARED if name in model.CHOICES]
    if isinstance(patch.get("link"), Mapping) and patch["link"] != link_of(model):
        # of what it shares and does not name, the page has the model's present values; no network brings others
        kept = (memory or Memory(type(model))).choices(patch["link"])
        model.restore({name: getattr(model, name) for name in shared} | kept)
    wishes = {name: patch[name] for name in shared if name in patch}
    if "background_choice" in patch:
        wishes["background"] = patch["background_choice"]
    if "letter_shares" in patch:
        wishes["letter_shares"] = patch["letter_shares"]
    if patch.get("strand_reading", model.read_as) != model.read_as:
        wishes["strand_reading"] = patch["strand_reading"]
    if wishes:
        model.restore(wishes)
    # only now: a motif's numbers follow from background and strands, and are no edit
    edits = _edited_sequence(model, patch.get("codes")) | _edited_kernel(model, patch.get("kernel"))
    if edits:
        model.restore(edits)


def _first_choices(kind: type[EStepModel]) -> dict[str, Any]:
    """What a link leaves out is what the first screen has."""
    traits = kind.class_traits()
    return {name: traits[name].default_value for name in EStepModel.CHOICES if name not in SHARED}


def _edited_sequence(model: EStepModel, codes: Any) -> dict[str, Any]:
    if not isinstance(codes, list) or len(codes) > MOST_LETTERS:
        return {}
    letters = "".join(_LETTERS[code] if code in range(len(DNA)) else "N" for code in codes)
    if letters == model.trace.sequence:
        return {}
    given = DNA.encode(model.sequences[model.index]).tolist()
    if len(codes) == len(given):
        return {"edited": "" if codes == given else letters}
    return {"sequence_source": "pasted", "pasted": fasta(edited_name(model.sequence_name), letters), "index": 0}


def _edited_kernel(model: EStepModel, kernel: Any) -> dict[str, Any]:
    if kernel is None or len(kernel) != len(DNA) or not 1 <= len(kernel[0]) <= WIDEST:
        return {}
    if np.array_equal(np.asarray(kernel, dtype=float), model.trace.kernel):
        return {}
    edited = model.kernel._replace(matrix=np.asarray(kernel, dtype=float))
    return {"kernel_source": "typed", "kernel_text": _text_of(edited, edited_name(model.kernel.label))}


def _text_of(kernel: Kernel, name: str) -> str:
    return scores_text(kernel.matrix, name, is_of_network=kernel.is_of_network)


def _step_in(model: EStepModel, place: Any) -> int:
    """The model counts only the steps that apply; the page counts all of them."""
    wanted = STEP_NAMES[min(max(int(place), 0), len(STEP_NAMES) - 1)]
    names = [step.name for step in model.steps]
    return names.index(wanted) if wanted in names else model.step
