"""The state of the panel of a kernel read as a motif. No widget."""

from __future__ import annotations

from typing import Any, ClassVar

from traitlets import Int, Unicode

from epool_viz.core.kernels import KernelReadings, kernel_readings_at
from epool_viz.core.trace import EStepTrace
from epool_viz.panels.one_kernel.model import EStepModel
from epool_viz.panels.one_kernel.page_state import OF_A_SCORE
from epool_viz.panels.pwm.texts import FIRST_STEP, STEPS, PwmStep
from epool_viz.panels.shared.visitor_data import CHOICE

_NOT_HERE = ("mode", "both_strands", "occurrence", "site_rate", "activation", "local_window", "padding")


class PwmModel(EStepModel):
    """Choices in, motif and readings out.

    The choices of the E-step that a window's score depends on; the others stay as they are in the exact E-step, so that
    `trace` holds the score of every window by both routes. `step` counts the steps from kernel to logo.
    """

    example = Unicode("p73_peaks", help="Name of a bundled set, as `load_example` knows it.")
    index = Int(28, help="Place in the set, from 0.")
    jaspar = Unicode("TBP", help="Name or accession.")
    CHOICES: ClassVar[tuple[str, ...]] = tuple(name for name in EStepModel.CHOICES if name not in _NOT_HERE)

    def __init__(self, **state: Any) -> None:
        super().__init__(**{"step": FIRST_STEP} | state)

    @property
    def readings(self) -> KernelReadings:
        """The kernel's motif and its offset column by column, against the background and against none."""
        trace = self.trace
        return kernel_readings_at(trace.kernel, self.m, bias=self.bias, background=trace.background)

    @property
    def network_note(self) -> str:
        """What of the screen the model computes; empty while the kernel shown is none of a model."""
        own = self.visitor_data.model if self.kernel_source == CHOICE else None
        is_of_a_network = self.kernel_source == "trained" or (own is not None and own.format != "motifs")
        if not is_of_a_network or self.message:
            return ""
        return "The scores are those of the network's convolution, with its bias."

    def _uploaded_settings(self, was: tuple[Any, ...]) -> dict[str, Any]:
        uploaded = super()._uploaded_settings(was)
        return {name: value for name, value in uploaded.items() if name in OF_A_SCORE}

    def _walk(self, _: EStepTrace) -> tuple[PwmStep, ...]:
        return STEPS
