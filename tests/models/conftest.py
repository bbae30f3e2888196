"""Small sets that a network learns in a second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate
from epool_viz.models.cnn import MotifCNN

PPM = np.full((4, 10), 0.01) + 0.96 * np.eye(4)[[0, 1, 2, 3, 0, 2, 2, 0, 3, 1]].T


@pytest.fixture(scope="session")
def easy() -> SequenceSet:
    """90 sequences of 31 letters, 45 of them with a site that is easy to learn."""
    return simulate(PPM, n=90, length=31, seed=4)


@pytest.fixture
def network() -> Callable[..., MotifCNN]:
    """A small network, 3 kernels of 5 letters unless told otherwise."""
    return lambda **options: MotifCNN(**{"n_kernels": 3, "width": 5, "seed": 2, **options})
