"""The numbers of a tensor as floats, or why they are none."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Tensor
from epool_viz.errors import FormatError

_FLOATS = ("float32", "float64")


def read_numbers(source: str, tensor: Tensor) -> Array:
    """The finite floats of a tensor; half precision becomes single.

    Raises
    ------
    FormatError
        If the numbers are not real and finite.
    """
    array = tensor.read()
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise FormatError(source, None, f"{tensor.name} of type {array.dtype}", "real numbers")
    if array.dtype.name not in _FLOATS:
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.float64)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if not np.isfinite(array).all():
        raise FormatError(source, None, f"NaN or infinity in {tensor.name}", "finite numbers")
    return array


def read_vector(source: str, tensor: Tensor, n: int) -> Array:
    """So many numbers, whatever axes of one stand around them.

    Raises
    ------
    FormatError
        If there are not so many.
    """
    if math.prod(tensor.shape) != n:
        raise FormatError(source, None, tensor.said, f"{n} numbers, one a kernel")
    return read_numbers(source, tensor).reshape(n)


def norm_affine(values: Mapping[str, Array], epsilon: float) -> tuple[Array, Array]:
    """The factor and the shift that a batch-norm is, by its running mean and variance."""
    factor = values.get("gamma", 1.0) / np.sqrt(values["variance"] + epsilon)
    return factor, values.get("beta", 0.0) - values["mean"] * factor
