"""Records a forward pass: the calls of layers and functions, their inputs and their outputs.

A run shows more than the source: branches, functions with parameters and weights in parts are recorded as they were
called. The module that is run is a copy, or is left as it was.
"""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_MOST_COPIED = 1 << 28  # numbers of a model; a larger one is run where it stands
_MOST_KEPT = 1 << 26  # numbers of one pass that are copied
_MOST_HELD = 1 << 28  # numbers of one pass; a longer one is followed no further
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
CONVOLUTIONS = {"conv1d": 1, "conv2d": 2}
# what takes numbers out of torch's hands: the pass may depend on them
_ESCAPES = ("item", "tolist", "__bool__", "__int__", "__float__", "__index__", "__contains__", "numpy", "__array__",
            "is_nonzero", "equal", "allclose", "nonzero", "unique")  # fmt: skip


@dataclass(eq=False)
class Value:
    """A tensor that depends on what the model was given.

    Parameters
    ----------
    data : Tensor or None
        A copy of it as it was; None where it was too much to keep.
    maker : Call or None
        What made it; None of an input.
    users : list of Call
    place : int
        Of an input: which one.
    is_output : bool
        Whether the model gives it back.
    """

    data: Tensor | None
    maker: Call | None = None
    users: list[Call] = field(default_factory=list)
    place: int = 0
    is_output: bool = False


@dataclass(eq=False)
class Call:
    """A layer or a function that was called.

    Parameters
    ----------
    name : str
        The layer's path, or the function's name.
    word : str
        The function's name, or the layer's class.
    run : callable
        Computes it again.
    args, kwargs :
        With which it was called.
    layer : nn.Module or None
    inputs, outputs : list of Value
    arguments : list of Tensor
        The tensors among the arguments that are `inputs`, in the same order.
    within : str
        Of a function: the path of the layer that called it.
    within_layer : nn.Module or None
        That layer.
    convolution : dict or None
        Of a convolution: `weight`, `bias`, `stride`, `padding`, `dilation`, `groups` as they were given to torch.
    """

    name: str
    word: str
    run: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    layer: nn.Module | None = None
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    arguments: list[Tensor] = field(default_factory=list)
    within: str = ""
    within_layer: nn.Module | None = None
    convolution: dict[str, Any] | None = None

    def again(self, tensor: Tensor) -> Any:
        """The same with another tensor in the place of its only input."""
        old = self.arguments[0]
        args = tuple(tensor if each is old else each for each in self.args)
        kwargs = {name: tensor if each is old else each for name, each in self.kwargs.items()}
        return self.run(*args, **kwargs)


@dataclass(eq=False)
class Pass:
    """A forward pass.

    Parameters
    ----------
    inputs : list of Value
    calls : list of Call
    error : str
        What ended it early; empty where it came to its end.
    is_free : bool
        Whether its way depends on the numbers that it was given, as far as can be seen.
    knows_outputs : bool
        Whether what the model gave back was understood.
    """

    inputs: list[Value]
    calls: list[Call] = field(default_factory=list)
    error: str = ""
    is_free: bool = False
    knows_outputs: bool = True


class _Watch(TorchFunctionMode):
    """Records calls with a tensor that depends on the inputs."""

    def __init__(self, inputs: Sequence[Tensor], paths: Mapping[nn.Module, str]) -> None:
        super().__init__()
        self.paths = paths
        self.kept = self.n_held = 0
        self.held: list[Tensor] = []  # so that no tensor takes over the identity of another
        self.known: dict[int, tuple[Value, int]] = {}
        self.inside: list[tuple[nn.Module, dict[str, Any] | None, list[tuple[Value, Tensor]]]] = []
        self.around: list[nn.Module] = []  # the layers that are being called and are not known as a whole
        self.is_quiet = False
        self.watched = Pass([self._value(tensor, None, place) for place, tensor in enumerate(inputs)])

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call it, and write it down unless a layer that is known as a whole does it."""
        kwargs = kwargs or {}
        if self.is_quiet:
            return func(*args, **kwargs)
        word = _word(func)
        if self.inside:
            if word in CONVOLUTIONS:
                self.inside[-1] = (self.inside[-1][0], _convolution(args, kwargs), self.inside[-1][2])
            return func(*args, **kwargs)
        inputs = self._inputs(args, kwargs)
        found = func(*args, **kwargs)
        if inputs:
            if word in _ESCAPES:
                self.watched.is_free = True
            about = _convolution(args, kwargs) if word in CONVOLUTIONS else None
            layer = self.around[-1] if self.around else None
            within = self.paths.get(layer, "") if layer is not None else ""
            call = Call(word, word, func, args, kwargs, within=within, within_layer=layer, convolution=about)
            self._write(call, inputs, found)
        return found

    # --- layers

    def enter(self, layer: nn.Module, args: Any, kwargs: Any) -> None:
        """A layer that is known as a whole begins."""
        with self._quiet():  # before it runs: it may change what it is given
            self.inside.append((layer, None, [] if self.inside else self._inputs(args, kwargs)))

    def leave(self, layer: nn.Module, args: Any, kwargs: Any, found: Any) -> None:
        """It ends."""
        if not self.inside or self.inside[-1][0] is not layer:
            return
        _, about, inputs = self.inside.pop()
        if inputs and not self.inside:
            name = self.paths[layer]
            call = Call(name, type(layer).__name__, layer, args, kwargs, layer, convolution=about)
            with self._quiet():
                self._write(call, inputs, found)

    def begin(self, layer: nn.Module, *_: Any) -> None:
        """A layer begins whose functions are written down one by one."""
        self.around.append(layer)

    def end(self, layer: nn.Module, *_: Any) -> None:
        """It ends."""
        if self.around and self.around[-1] is layer:
            self.around.pop()

    # --- values

    def finish(self, found: Any) -> None:
        """What the model gave back."""
        tensors = list(_tensors(found))
        self.watched.knows_outputs = bool(tensors)
        for tensor in tensors:
            if id(tensor) in self.known:
                self.known[id(tensor)][0].is_output = True

    def _inputs(self, args: Any, kwargs: Any) -> list[tuple[Value, Tensor]]:
        found: dict[int, tuple[Value, Tensor]] = {}
        for tensor in _tensors((args, kwargs)):
            if id(tensor) in self.known and id(tensor) not in found:
                found[id(tensor)] = (self._present(tensor), tensor)
        return list(found.values())

    def _present(self, tensor: Tensor) -> Value:
        """The value of a tensor; another one where something has changed it behind our back, through a view."""
        value, version = self.known[id(tensor)]
        if tensor._version == version:
            return value
        change = Call("a change in place", "a change in place", nn.Identity(), (), {}, None, [value], [], [tensor])
        value.users.append(change)
        self.watched.calls.append(change)
        change.outputs.append(self._value(tensor, change))
        return change.outputs[0]

    def _value(self, tensor: Tensor, maker: Call | None, place: int = 0) -> Value:
        value = Value(self._kept(tensor), maker, place=place)
        self.held.append(tensor)
        self.n_held += tensor.numel()
        if self.n_held > _MOST_HELD and maker is not None:
            raise MemoryError("more numbers come of the input than are followed")
        self.known[id(tensor)] = (value, tensor._version)
        return value

    def _kept(self, tensor: Tensor) -> Tensor | None:
        if self.kept + tensor.numel() > _MOST_KEPT:
            return None
        self.kept += tensor.numel()
        return tensor.detach().clone()

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """Record nothing: calls of this class itself are not the module's."""
        self.is_quiet = True
        try:
            yield
        finally:
            self.is_quiet = False

    def _write(self, call: Call, inputs: list[tuple[Value, Tensor]], found: Any) -> None:
        outputs = list(_tensors(found))
        if not outputs and call.word == "__setitem__":
            outputs = [call.args[0]]  # it is changed in place
        if not outputs:
            return  # a shape, or a number: no tensor
        call.inputs = [value for value, _ in inputs]
        call.arguments = [tensor for _, tensor in inputs]
        call.outputs = [self._value(tensor, call) for tensor in outputs]
        for value in call.inputs:
            value.users.append(call)
        self.watched.calls.append(call)


def watch(model: nn.Module, inputs: Sequence[Tensor]) -> Pass:
    """Run a module, which is in evaluation mode, and record its calls.

    Returns
    -------
    Pass
        Also of a pass that ends with an exception: what came before it.
    """
    paths = {layer: path for path, layer in model.named_modules()}
    handles: list[Any] = []
    seer = _Watch(inputs, paths)
    try:
        for layer in paths:
            hooks = (seer.enter, seer.leave) if _is_whole(layer) else (seer.begin, seer.end)
            handles.append(layer.register_forward_pre_hook(hooks[0], with_kwargs=True))
            handles.append(layer.register_forward_hook(hooks[1], with_kwargs=True))
        with torch.no_grad(), warnings.catch_warnings(), seer:
            warnings.simplefilter("ignore")  # of the user's module, shown when it was made
            found = model(*inputs)
        seer.finish(found)
    except Exception as error:  # noqa: BLE001 - a forward pass may raise anything
        seer.watched.error = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    finally:
        for handle in handles:
            handle.remove()
    return seer.watched


@contextmanager
def to_run(model: nn.Module, *, as_it_stands: bool = False) -> Iterator[nn.Module]:
    """A copy of a module on the CPU, in evaluation mode; else the module itself, which is as it was afterwards.

    Random numbers are drawn from a generator of its own: the global ones are unchanged. `as_it_stands` makes no
    copy, for a module that looks up its device.
    """
    with ExitStack() as stack:
        stack.enter_context(_random_numbers_aside())
        copied = None if as_it_stands else _copied(model)
        if copied is None:
            stack.enter_context(_left_as_it_was(model))
            copied = model
        with suppress(NotImplementedError):  # a graph that was exported is as it was exported
            copied.eval()
        yield copied


def _copied(model: nn.Module) -> nn.Module | None:
    if sum(each.numel() for each in model.parameters()) > _MOST_COPIED:
        return None
    try:
        with torch.no_grad():
            copied = copy.deepcopy(model).cpu()
            is_half = any(each.is_floating_point() and each.dtype.itemsize < 4 for each in copied.parameters())
            return copied.float() if is_half else copied  # the same numbers, computed with more digits
    except Exception:  # noqa: BLE001 - a custom module may not be copyable
        return None


@contextmanager
def _random_numbers_aside() -> Iterator[None]:
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextmanager
def _left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Take back what a pass does to a module: modes, numbers, gradients, and attributes of every layer."""
    layers = list(model.modules())
    held = [(vars(layer), dict(vars(layer))) for layer in layers]
    inner = [(each, copy.copy(each)) for _, own in held for each in own.values() if isinstance(each, dict | list | set)]
    tensors = [*model.parameters(), *model.buffers()]
    numbers = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        for now, before in (*held, *inner):  # the same containers: handles of hooks stay valid
            now.clear()
            now.extend(before) if isinstance(now, list) else now.update(before)
        with torch.no_grad():
            for tensor, value in zip(tensors, numbers, strict=True):
                if not torch.equal(tensor, value):
                    tensor.copy_(value)


def _is_whole(layer: nn.Module) -> bool:
    """Whether a layer is known as a whole, so that what it does within is its own."""
    from epool_viz.models.pooling import Pooling

    is_torchs = type(layer).__module__.startswith("torch.nn") and not isinstance(layer, _CONTAINERS)
    return isinstance(layer, Pooling) or is_torchs


def _word(func: Any) -> str:
    name = getattr(func, "__name__", str(func))
    owner = getattr(func, "__self__", None)
    # a property is named by its owner, an operator of an exported graph as in "conv1d.default"
    return getattr(owner, "__name__", name) if name == "__get__" else name.partition(".")[0]


def _convolution(args: Any, kwargs: Any) -> dict[str, Any]:
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    defaults = {"bias": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    bound: dict[str, Any] = defaults | dict(zip(names, args, strict=False)) | kwargs
    return bound


def _tensors(found: Any, depth: int = 0) -> Iterator[Tensor]:
    """Every tensor within lists, dicts and plain objects."""
    if isinstance(found, Tensor):
        yield found
    elif depth < 4 and isinstance(found, Mapping):
        for each in found.values():
            yield from _tensors(each, depth + 1)
    elif depth < 4 and isinstance(found, list | tuple | set):
        for each in found:
            yield from _tensors(each, depth + 1)
    elif depth < 2 and hasattr(found, "__dict__") and not isinstance(found, nn.Module | type) and not callable(found):
        for each in vars(found).values():
            yield from _tensors(each, depth + 1)
