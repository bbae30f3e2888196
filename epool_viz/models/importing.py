"""The kernels of torch's own things: modules, state dicts, and files of weights."""

from __future__ import annotations

import dataclasses
import os
import pickle
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor as TorchTensor
from torch import nn

from epool_viz.data.importing.archives import Archive
from epool_viz.data.importing.files import LARGEST_FILE, read_whole
from epool_viz.data.importing.kernels import ImportedKernels, Reading, assemble
from epool_viz.data.importing.network import TORCH_1D, TORCH_2D, Convolution, Network, Step, Tensor
from epool_viz.data.importing.tensors import network_of_arrays, network_of_tensors
from epool_viz.errors import FormatError
from epool_viz.models.cnn import MotifCNN
from epool_viz.models.pooling import Pooling

_INSIDE = ("state_dict", "model_state_dict", "model", "net", "weights")
_ACCEPTED = "a file of weights: torch.save(model.state_dict(), path)"
_CONVOLUTIONS = {nn.Conv1d: TORCH_1D, nn.Conv2d: TORCH_2D}
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_ASIDE = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout, nn.Identity)
_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.LeakyReLU: "leaky relu", nn.ELU: "elu", nn.SELU: "selu", nn.GELU: "gelu", nn.SiLU: "silu",
    nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.Softplus: "softplus", nn.PReLU: "prelu", nn.Softmax: "softmax",
    nn.Hardtanh: "clip", nn.ReLU6: "relu6",
}  # fmt: skip
_LOCAL = {
    nn.MaxPool1d: "local max",
    nn.MaxPool2d: "local max",
    nn.AvgPool1d: "local average",
    nn.AvgPool2d: "local average",
}
_ADAPTIVE = {
    nn.AdaptiveMaxPool1d: "max", nn.AdaptiveMaxPool2d: "max",
    nn.AdaptiveAvgPool1d: "average", nn.AdaptiveAvgPool2d: "average",
}  # fmt: skip
# functions and methods that a forward pass calls, by their names
_CALLED = {
    "relu": ("activation", "relu"), "relu_": ("activation", "relu"), "leaky_relu": ("activation", "leaky relu"),
    "sigmoid": ("activation", "sigmoid"), "tanh": ("activation", "tanh"), "exp": ("activation", "exponential"),
    "elu": ("activation", "elu"), "gelu": ("activation", "gelu"), "silu": ("activation", "silu"),
    "softplus": ("activation", "softplus"), "max_pool1d": ("pooling", "local max"),
    "max_pool2d": ("pooling", "local max"), "avg_pool1d": ("pooling", "local average"),
    "max": ("pooling", "max"), "amax": ("pooling", "max"), "mean": ("pooling", "average"),
    "logsumexp": ("pooling", "logsumexp"), "adaptive_max_pool1d": ("pooling", "max"),
    "adaptive_avg_pool1d": ("pooling", "average"), "dropout": ("aside", "dropout"),
}  # fmt: skip
# what leaves the numbers as they are
_RESHAPING = (
    "squeeze",
    "unsqueeze",
    "flatten",
    "view",
    "reshape",
    "transpose",
    "permute",
    "contiguous",
    "float",
    "getitem",
)


def read_torch_object(source: Any, reading: Reading) -> ImportedKernels:
    """Kernels of a module, a tensor, or tensors by name."""
    if isinstance(source, nn.Module):
        return assemble(_network_of_module(source), reading)
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


# modules


def _network_of_module(model: nn.Module) -> Network:
    name = type(model).__name__
    if isinstance(model, MotifCNN):
        return Network(name, "MotifCNN", (_of_motif_cnn(model),))
    flow = _flow(model)
    if flow is None:
        remark = "The forward pass cannot be followed, so layers are taken in the order in which they were made."
        steps = [(path, layer) for path, layer in model.named_modules() if not any(layer.children())]
        convolutions = [_convolution(path, layer, None, False) for path, layer in steps if type(layer) in _CONVOLUTIONS]
        return Network(name, "torch module", tuple(convolutions), (remark,))
    return Network(name, "torch module", tuple(flow))


def _of_motif_cnn(model: MotifCNN) -> Convolution:
    after = []
    if model.activation != "identity":
        after.append(Step("activation", "activation", model.activation))
    after += _pooled("pooling", model.pooling)
    after.append(Step("dense", "output", "Linear", {"weight": _tensor("output.weight", model.output.weight)}))
    conv = _convolution("conv", model.conv, tuple(after), True)
    return dataclasses.replace(conv, padding=model.padding, before=())


def _flow(model: nn.Module) -> list[Convolution] | None:
    """The convolutions in the order of the forward pass, each with what follows; None where it cannot be traced."""
    from torch import fx

    class Leaves(fx.Tracer):
        def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
            return isinstance(m, Pooling) or super().is_leaf_module(m, module_qualified_name)

    try:
        graph = Leaves().trace(model)
    except Exception:  # noqa: BLE001 - a forward pass may raise anything; registration order is left then
        return None
    layers = dict(model.named_modules())
    found = []
    for node in graph.nodes:
        layer = layers.get(str(node.target)) if node.op == "call_module" else None
        if type(layer) in _CONVOLUTIONS:
            found.append(
                _convolution(str(node.target), layer, tuple(_traced(node, layers)), _reads_input(node, layers))
            )
    return found


def _reads_input(node: Any, layers: Mapping[str, nn.Module]) -> bool:
    while node.op != "placeholder":
        inputs = node.all_input_nodes
        if len(inputs) != 1:
            return False
        node = inputs[0]
        is_plain = node.op == "call_module" and isinstance(layers.get(str(node.target)), (*_ASIDE, nn.Unflatten))
        is_plain |= node.op in ("call_function", "call_method") and _called(node) in _RESHAPING
        if node.op != "placeholder" and not is_plain:
            return False
    return True


def _traced(node: Any, layers: Mapping[str, nn.Module]) -> Iterator[Step]:
    """What follows, as far as there is one way to go."""
    while True:
        users = [user for user in node.users if user.op != "output"]
        if len(users) != 1 or len(node.users) != 1:
            if node.users and users:
                yield Step("other", str(node.name), "branches")
            return
        node = users[0]
        if node.op == "call_module":
            yield from _of_layer(str(node.target), layers[str(node.target)])
        else:
            word = _called(node)
            kind, what = _CALLED.get(word, ("reshape" if word in _RESHAPING else "other", word))
            yield Step(kind, str(node.name), what)  # type: ignore[arg-type]


def _called(node: Any) -> str:
    return str(node.target) if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _of_layer(path: str, layer: nn.Module) -> Iterator[Step]:
    if isinstance(layer, _BATCH_NORMS):
        yield _batch_norm(path, layer)
    elif isinstance(layer, Pooling):
        yield from _pooled(path, layer)
    elif type(layer) in _ACTIVATIONS:
        yield Step("activation", path, _ACTIVATIONS[type(layer)])
    elif type(layer) in _LOCAL:
        yield Step("pooling", path, _LOCAL[type(layer)])
    elif type(layer) in _ADAPTIVE:
        is_global = layer.output_size in (1, (1, 1), (1,))
        yield Step("pooling", path, ("" if is_global else "local ") + _ADAPTIVE[type(layer)])
    elif isinstance(layer, nn.Linear):
        yield Step("dense", path, "Linear", {"weight": _tensor(f"{path}.weight", layer.weight)})
    else:
        kind = "aside" if isinstance(layer, _ASIDE) else "reshape" if isinstance(layer, nn.Flatten) else "other"
        yield Step(kind, path, type(layer).__name__)  # type: ignore[arg-type]


def _pooled(path: str, layer: Pooling) -> Iterator[Step]:
    settings = layer.settings()
    if settings.get("local_window", 1) > 1:
        yield Step("pooling", path, "local max")
    yield Step("pooling", path, str(settings.get("method", type(layer).__name__)))


def _batch_norm(path: str, layer: Any) -> Step:
    if layer.running_mean is None:
        return Step("other", path, "a batch-norm without running statistics")
    held = {"gamma": layer.weight, "beta": layer.bias, "mean": layer.running_mean, "variance": layer.running_var}
    tensors = {name: _tensor(f"{path}.{name}", value) for name, value in held.items() if value is not None}
    return Step("batch_norm", path, type(layer).__name__, tensors, float(layer.eps))


def _convolution(path: str, layer: Any, after: tuple[Step, ...] | None, at_input: bool) -> Convolution:
    if layer.padding_mode != "zeros":
        padding = layer.padding_mode
    else:
        padding = "same" if layer.padding == "same" or _largest(layer.padding) else "valid"
    return Convolution(
        path or "the convolution",
        _tensor(f"{path}.weight" if path else "weight", layer.weight),
        None if layer.bias is None else _tensor(f"{path}.bias" if path else "bias", layer.bias),
        _CONVOLUTIONS[type(layer)],
        after,
        stride=_largest(layer.stride),
        dilation=_largest(layer.dilation),
        groups=layer.groups,
        padding=padding,
        at_input=at_input,
    )


def _largest(value: Any) -> int:
    if isinstance(value, str):
        return 0
    return max(value) if isinstance(value, tuple) else int(value)
