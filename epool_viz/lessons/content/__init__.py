"""The six lessons, in their order."""

from __future__ import annotations

from epool_viz.lessons.content import (
    average_to_maximum,
    em_finds_motifs,
    kernel_is_a_pwm,
    motif,
    pooling_is_the_e_step,
    reading_a_network,
)

LESSONS = (
    motif.LESSON,
    kernel_is_a_pwm.LESSON,
    pooling_is_the_e_step.LESSON,
    average_to_maximum.LESSON,
    em_finds_motifs.LESSON,
    reading_a_network.LESSON,
)
