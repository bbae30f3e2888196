"""The array types that every room names alike."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Codes: TypeAlias = np.ndarray[Any, np.dtype[np.int8]]
AnyArray: TypeAlias = Any  # a NumPy array or a torch tensor
