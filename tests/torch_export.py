"""Exports of torch to ONNX, as the tests make many."""

from __future__ import annotations

import functools


@functools.cache
def keep_operators() -> None:
    """Have torch make its table of operators once; each export by dynamo makes it anew, which takes the longest."""
    from torch.onnx._internal.exporter import _registration

    registry = _registration.ONNXRegistry
    registry.from_torchlib = staticmethod(functools.cache(registry.from_torchlib))
