"""Every law of `core` is checked for NumPy and torch, in single and double precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch


@dataclass(frozen=True)
class Backend:
    """Makes arrays of one kind, and turns them back."""

    library: str
    dtype: str

    @property
    def rtol(self) -> float:
        return {"float32": 2e-5, "float64": 1e-12}[self.dtype]

    def __call__(self, values: Any) -> Any:
        array = np.array(values, dtype=self.dtype)
        return torch.asarray(array) if self.library == "torch" else array

    def is_mine(self, x: Any) -> bool:
        if self.library == "torch":
            return isinstance(x, torch.Tensor) and x.dtype == getattr(torch, self.dtype)
        return isinstance(x, np.ndarray | np.generic) and x.dtype == self.dtype


@pytest.fixture(params=["numpy-float64", "numpy-float32", "torch-float64", "torch-float32"])
def backend(request: pytest.FixtureRequest) -> Backend:
    return Backend(*request.param.split("-"))


@pytest.fixture
def tensor() -> Callable[[Any], torch.Tensor]:
    """A double-precision leaf that collects gradients."""
    return lambda values: torch.tensor(np.array(values), dtype=torch.float64, requires_grad=True)
