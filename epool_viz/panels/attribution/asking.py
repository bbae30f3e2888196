"""Requests captum's tracks beside those in closed form; a worker computes them, so that the page stays light."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from epool_viz.core.alphabet import one_hot
from epool_viz.core.types import Array
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.jobs.client import do
from epool_viz.jobs.wire import Message
from epool_viz.panels.attribution.model import AttributionModel, references
from epool_viz.panels.shared.background_task import BackgroundJob


def ask_captum(
    network: str | ImportedKernels, sequence: str, baseline: str, cancel: threading.Event, say: Callable[[str], object]
) -> dict[str, Array]:
    """Captum's tracks of one sequence, by method; nothing once `cancel` is set. `say` gets what it waits for.

    The network is a model that ships, or a whole one of the visitor's.

    Raises
    ------
    EpoolError
        MissingExtraError without torch or captum; WorkerLostError where the worker's process has ended.
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


class Asker(BackgroundJob):
    """One question at a time.

    Parameters
    ----------
    model, guard, every : as for `BackgroundJob`
    ask : callable
        As `ask_captum`.
    """

    model: AttributionModel
    FAILED = "captum could not be asked"
    DEFECT = "Captum gave no answer, and it is not your doing"
    LOST = "Ask again."

    def __init__(self, *args: Any, ask: Callable[..., Any] = ask_captum, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ask = ask

    def start(self) -> None:
        """Request the tracks of what is shown, if it is a network."""
        model = self.model
        if not model.reading.is_whole or model.stage == "asking":
            return
        asked = model.own or model.network, model.reading.sequence, model.baseline
        self.drop()  # of what was shown before
        if self.run(lambda tell, cancel: tell(tracks=self.ask(*asked, cancel, lambda said: tell(said=said)))):
            model.stage, model.said = "asking", "Captum is asked; it takes some seconds to load."

    def take(self, events: dict[str, Any]) -> None:
        """Take over the answer, if it is still one to what is shown."""
        if self.model.stage != "asking":
            return
        self.model.said = events.get("said", self.model.said)
        if "tracks" in events:
            self.model.take_captum(self.model.reading, events["tracks"])

    def end(self, failure: str, _: Any) -> None:
        """Show what failed."""
        if failure and self.model.stage == "asking":
            self.model.stage, self.model.said = "failed", failure
