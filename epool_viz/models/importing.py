"""The kernels of torch's own things: modules, state dicts, and files of weights."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor as TorchTensor
from torch import nn

from epool_viz.data.importing.archives import Archive
from epool_viz.data.importing.files import LARGEST_FILE, read_whole
from epool_viz.data.importing.kernels import ImportedKernels, Reading, assemble
from epool_viz.data.importing.network import Network, Tensor
from epool_viz.data.importing.tensors import network_of_arrays, network_of_tensors
from epool_viz.errors import FormatError

_INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")
_ACCEPTED = "a file of weights: torch.save(model.state_dict(), path)"


def read_torch_object(source: Any, reading: Reading) -> ImportedKernels:
    """Kernels of a module, a tensor, or tensors by name."""
    if isinstance(source, nn.Module):
        from epool_viz.models.modules import read_module

        return read_module(source, reading, _network_of_state)
    if isinstance(source, TorchTensor):
        network = network_of_arrays({"kernels": _array(source)}, source="the tensor", format="torch tensor")
        return assemble(network, reading)
    return assemble(_network_of_state(source, "the state dict"), reading)


def read_torch_file(path: str | os.PathLike[str], reading: Reading) -> ImportedKernels:
    """Kernels of a `.pt` or `.pth` of weights.

    Raises
    ------
    FormatError
        If it holds more than weights: torch refuses to unpickle it, and nothing in it is run.
    """
    source = os.fspath(path)
    raw = read_whole(path)
    if raw.startswith(b"PK"):
        archive = Archive(raw, source, LARGEST_FILE)
        for name in archive.names:
            archive.open(name).close()  # its size is looked at before torch sets anything aside
    del raw
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, KeyError, EOFError, AttributeError) as error:
        reason = str(error).strip().splitlines()[-1][:200] if str(error).strip() else type(error).__name__
        found = f"what torch does not read as weights ({reason})"
        raise FormatError(source, None, found, _ACCEPTED) from None
    state = _state_in(loaded)
    if state is None:
        raise FormatError(source, None, f"a {type(loaded).__name__} without weights", _ACCEPTED)
    return assemble(_network_of_state(state, source), reading)


def _state_in(loaded: Any) -> Mapping[str, Any] | None:
    """The tensors by name of what was loaded, or of what it holds under a usual name."""
    if isinstance(loaded, TorchTensor):
        return {"kernels": loaded}
    if not isinstance(loaded, Mapping):
        return None
    for inner in [loaded, *(loaded[name] for name in _INSIDE if isinstance(loaded.get(name), Mapping))]:
        if any(isinstance(value, TorchTensor) for value in inner.values()):
            return {str(name): value for name, value in inner.items() if isinstance(value, TorchTensor)}
    return None


def _network_of_state(state: Mapping[str, Any], source: str) -> Network:
    tensors = [_tensor(str(name), value) for name, value in state.items() if isinstance(value, TorchTensor)]
    roles = None if any(tensor.name == "kernels" for tensor in tensors) else "torch"
    return network_of_tensors(tensors, source=source, format="torch weights", roles=roles)


def _tensor(name: str, value: TorchTensor) -> Tensor:
    def read() -> Any:
        if value.is_sparse or value.is_quantized or value.is_complex():
            raise FormatError(name, None, f"{value.numel():,} numbers of type {value.dtype}", "plain floats")
        return _array(value)

    return Tensor(name, tuple(value.shape), read)


def _array(value: TorchTensor) -> Any:
    value = value.detach().cpu()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
