"""Asks captum for the tracks that the page shows in closed form: torch and captum are loaded only here."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import HEURISTICS
from epool_viz.errors import EpoolError
from epool_viz.panels.attribution.model import AttributionModel, Reading, references

logger = logging.getLogger(__name__)


def ask_captum(network: str, sequence: str, baseline: str) -> dict[str, list[float]]:
    """Captum's tracks of one sequence, by method; plain numbers.

    Raises
    ------
    MissingExtraError
        If torch or captum is not installed.
    """
    try:
        from epool_viz.models.attribution import attribute
        from epool_viz.models.checkpoint import load_model
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from epool_viz.errors import MissingExtraError

        raise MissingExtraError("torch", "train", "Asking captum") from None
    from epool_viz.data.gallery import load_example_model

    onehot = one_hot([sequence])
    model = load_model(load_example_model(network).info.path).double()
    found = attribute(model, onehot, methods=HEURISTICS, baseline=references(onehot, baseline))
    return {method: scores[0].tolist() for method, scores in found.scores.items()}


class Asker:
    """One question at a time, for one model.

    The thread never touches the model: `pump`, called by the page's loop, does.

    Parameters
    ----------
    model : AttributionModel
    ask : callable
        As `ask_captum`.
    """

    def __init__(self, model: AttributionModel, ask: Callable[..., Any] = ask_captum) -> None:
        self.model = model
        self.ask = ask
        self._thread: threading.Thread | None = None
        self._answer: dict[str, Any] = {}
        self._asked: Reading | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Ask about what is shown."""
        if self.is_running:
            return
        model = self.model
        self._answer, self._asked = {}, model.reading
        model.stage, model.said = "asking", "Loading torch and captum, which takes a few seconds the first time."
        asked = (model.network, model.reading.sequence, model.baseline)
        self._thread = threading.Thread(target=self._run, args=asked, daemon=True)
        self._thread.start()

    def pump(self) -> bool:
        """Take over the answer once it is there; False when there is nothing more to wait for."""
        if self.is_running:
            return True
        answer, self._answer = self._answer, {}
        # an answer about what is no longer shown is none
        if answer and self._asked is self.model.reading and self.model.stage == "asking":
            if "tracks" in answer:
                self.model.take_captum(self._asked, answer["tracks"])
            else:
                self.model.stage, self.model.said = "failed", answer["said"]
        return False

    def _run(self, *asked: Any) -> None:
        try:
            self._answer = {"tracks": self.ask(*asked)}
        except EpoolError as error:
            self._answer = {"said": str(error)}
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception("captum could not be asked; the page shows error %s", reference)
            self._answer = {"said": f"Captum gave no answer, and it is not your doing (error {reference})."}
