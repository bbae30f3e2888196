"""The kernels of torch's own things: modules, state dicts, and files of weights."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor as TorchTensor
from torch import nn

from epool_viz.data.limits import MOST_BYTES
from epool_viz.data.networks.archives import Archive
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions, assemble
from epool_viz.data.networks.network_layers import Network, Tensor
from epool_viz.data.networks.tensors import network_of_arrays, network_of_tensors
from epool_viz.errors import FormatError

_INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")
_KNOWN = (torch.float16, torch.float32, torch.float64)
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_ACCEPTED = "a file of weights: torch.save(model.state_dict(), path)"


def read_torch_object(source: Any, reading: ImportOptions) -> ImportedKernels:
    """Kernels of a module, a tensor, or tensors by name."""
    if isinstance(source, nn.Module):
        from epool_viz.models.modules import read_module

        return read_module(source, reading, _network_of_state)
    if isinstance(source, TorchTensor):
        network = network_of_arrays({"kernels": _array(source)}, source="the tensor", format="torch tensor")
        return assemble(network, reading)
    return assemble(_network_of_state(source, "the state dict"), reading)


def read_torch_bytes(raw: bytes, source: str, reading: ImportOptions) -> ImportedKernels:
    """Kernels of a `.pt` or `.pth` of weights, out of its bytes.

    Raises
    ------
    FormatError
        If it holds more than weights: torch refuses to unpickle it, and nothing in it is run.
    """
    if raw.startswith(b"PK"):
        archive = Archive(raw, source, MOST_BYTES)
        for name in archive.names:
            archive.require_sound(name)  # torch holds neither sizes nor checksums against the file
    loaded = _loaded(raw, source)
    state = _state_in(loaded)
    if state is None:
        raise FormatError(source, None, f"a {type(loaded).__name__} without weights", _ACCEPTED)
    return assemble(_network_of_state(state, source), reading)


def _loaded(raw: bytes, source: str) -> Any:
    """What torch reads as weights: tensors, plain values and NumPy's numbers, and nothing that is called."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_numpy_scalars()):
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - whatever torch's own unpickler falls over in a damaged file
        raise FormatError(source, None, f"what torch does not read as weights ({_why(error)})", _ACCEPTED) from None


def _numpy_scalars() -> list[Any]:
    """What a number of NumPy is written with, as a loss or a score among the weights is, by the names it has had."""
    scalar = np.float64(0).__reduce__()[0]
    kinds = {type(np.dtype(each)) for each in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}
    named = [(scalar, f"numpy.{inside}.multiarray.scalar") for inside in ("core", "_core")]
    return [*named, np.dtype, *sorted(kinds, key=lambda kind: kind.__name__)]


def _why(error: Exception) -> str:
    """The cause in a few words; torch's own message is a page."""
    said = str(error).strip()
    named = _GLOBAL.search(said)
    if named:
        name = named[1]
        if name.startswith("torch.nn.") or "." not in name.removeprefix("__main__."):
            return f"`{name}` is pickled in it: a whole module, whose code a reader would run, and no state dict"
        return f"`{name}` is pickled in it, beside the weights or around them"
    if "TorchScript" in said:
        return "a TorchScript program: torch.jit.load(path).state_dict() are its weights"
    return said.splitlines()[-1][:200] if said else type(error).__name__


def _state_in(loaded: Any) -> Mapping[str, Any] | None:
    """The tensors by name of what was loaded, or of what it holds, under a usual name first."""
    if isinstance(loaded, TorchTensor):
        return {"kernels": loaded}
    if not isinstance(loaded, Mapping):
        return None
    usual = [loaded[name] for name in _INSIDE if isinstance(loaded.get(name), Mapping)]
    within = [each for each in (loaded, *usual, *loaded.values()) if isinstance(each, Mapping)]
    inner = [each[name] for each in within[1:] for name in _INSIDE if isinstance(each.get(name), Mapping)]
    states = [_tensors_in(each) for each in (*within, *inner)]
    weights = next((each for each in states if any(value.ndim > 2 for value in each.values())), None)
    return weights or next((each for each in states if each), None)


def _tensors_in(held: Mapping[Any, Any]) -> dict[str, TorchTensor]:
    return {str(name): value for name, value in held.items() if isinstance(value, TorchTensor)}


def _network_of_state(state: Mapping[str, Any], source: str) -> Network:
    tensors = [_tensor(str(name), value) for name, value in state.items() if isinstance(value, TorchTensor)]
    roles = None if any(tensor.name == "kernels" for tensor in tensors) else "torch"
    return network_of_tensors(tensors, source=source, format="torch weights", roles=roles)


def _tensor(name: str, value: TorchTensor) -> Tensor:
    return Tensor(name, tuple(value.shape), lambda: _array(value, name))


def _array(value: TorchTensor, name: str = "the tensor") -> Any:
    """The numbers of a tensor; what NumPy has no name for, such as floats of eight bits, becomes single precision."""
    refused = FormatError(name, None, f"{value.numel():,} numbers of type {value.dtype}", "plain floats")
    if value.layout != torch.strided or value.is_quantized or value.is_complex():
        raise refused
    try:
        plain = value.detach().cpu()
        is_known = plain.dtype in _KNOWN or not plain.is_floating_point()
        return (plain if is_known else plain.float()).numpy()
    except (RuntimeError, TypeError, NotImplementedError):  # a type of which torch itself makes no floats, or no data
        raise refused from None
