"""A model small enough to work out by hand."""

from __future__ import annotations

import pytest

from epool_viz.panels.one_kernel.model import EStepModel

SMALL = {
    "sequence_source": "pasted",
    "pasted": ">first\nACGTACGTT\n>second\nTTGNACA\n",
    "kernel_source": "typed",
    "kernel_text": "A 1 0 0\nC 0 2 0\nG 0 0 3\nT 0 0 -1\n",
}


@pytest.fixture
def small():
    """Nine letters, a kernel of three columns: seven windows, `ACG` at the first and the fifth."""
    return EStepModel.from_state(SMALL)
