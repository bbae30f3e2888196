"""Asks captum for the tracks that the page shows in closed form; a worker answers, so that the page stays light."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

from epool_viz.core.alphabet import one_hot
from epool_viz.core.types import Array
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.errors import EpoolError
from epool_viz.jobs.client import JobFailedError, WorkerLostError, do
from epool_viz.jobs.wire import Message
from epool_viz.panels.attribution.model import AttributionModel, references

logger = logging.getLogger(__name__)


def ask_captum(
    network: str | ImportedKernels, sequence: str, baseline: str, cancel: threading.Event, say: Callable[[str], object]
) -> dict[str, Array]:
    """Captum's tracks of one sequence, by method; nothing if `cancel` is set meanwhile. `say` hears what it waits for.

    The network is a model that ships, or a whole one of the visitor's.

    Raises
    ------
    EpoolError
        MissingExtraError without torch or captum; WorkerLostError where the process that was asked has ended.
    """
    onehot = one_hot([sequence])
    given = references(onehot, baseline)
    about: dict[str, Any] = {"network": network}
    arrays = {"onehot": onehot}
    if not isinstance(network, str):
        about["network"] = network.whole.plain if network.whole else {}
        arrays |= {"kernels": network.kernels, "biases": network.bias}
        arrays |= {} if network.output_weights is None else {"output_weights": network.output_weights}
    if isinstance(given, str):
        about["baseline"] = given
    else:
        arrays["reference"] = given
    found: dict[str, Array] = {}

    def hear(message: Message) -> None:
        if message.kind == "tracks":
            found.update({method: scores[0] for method, scores in message.arrays.items()})
        elif message.kind == "waiting":
            before = message.about["before"]
            say("One job is before this one." if before == 1 else f"{before} jobs are before this one.")
        elif message.kind == "loading":
            say("Loading torch. The very first time on a machine something is compiled: half a minute.")

    do("attribute", about, arrays, tell=hear, cancel=cancel, purpose="Asking captum")
    return found


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
        self._cancel = threading.Event()
        self._said = ""

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Ask about what is shown."""
        if self.is_running:
            return
        model = self.model
        self._answer, self._said = {}, ""
        if not model.reading.is_whole:
            return  # there is no network to ask about
        model.stage, model.said = "asking", "Captum is asked; it takes some seconds to load."
        self._cancel = threading.Event()
        asked = (model.own or model.network, model.reading.sequence, model.baseline, self._cancel, self._hear)
        self._thread = threading.Thread(target=self._run, args=asked, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for no answer any more."""
        self._cancel.set()

    def pump(self) -> bool:
        """Take over the answer once it is there; False when there is nothing more to wait for."""
        if self.is_running:
            if self._said and self.model.stage == "asking":
                self.model.said = self._said
            return True
        answer, self._answer = self._answer, {}
        # the model asks no more once something else is shown: an answer that comes then is none
        if answer and self.model.stage == "asking":
            if "tracks" in answer:
                self.model.take_captum(self.model.reading, answer["tracks"])
            else:
                self.model.stage, self.model.said = "failed", answer["said"]
        return False

    def _hear(self, said: str) -> None:
        self._said = said

    def _run(self, *asked: Any) -> None:
        try:
            self._answer = {"tracks": self.ask(*asked)}
        except WorkerLostError as error:
            self._answer = {"said": f"{error}, perhaps for want of memory. Ask again."}
        except EpoolError as error:
            self._answer = {"said": str(error)}
        except Exception as error:
            if isinstance(error, JobFailedError):
                reference = error.reference  # the worker's log tells it
            else:
                reference = secrets.token_hex(4)
                logger.exception("captum could not be asked; the page shows error %s", reference)
            self._answer = {"said": f"Captum gave no answer, and it is not your doing (error {reference})."}
