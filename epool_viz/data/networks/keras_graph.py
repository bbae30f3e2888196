"""The way through a Keras model: from its input to a convolution, and on. What is not known ends it."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import (
    KERAS_1D,
    KERAS_2D,
    MOST_CONVOLUTIONS,
    TORCH_2D,
    Convolution,
    Step,
    Tensor,
    n_windows,
)
from epool_viz.data.networks.sections import GraphSection
from epool_viz.data.networks.walking import (
    ALPHABETS,
    BATCH,
    KERNEL,
    LETTER,
    OPEN,
    POSITION,
    SINGLE,
    Roles,
    Sizes,
    UnknownError,
    affine,
    along_axis,
    known,
    letter_axis,
    of_norm,
    reordering,
    scaling,
    spread,
    unreshaped,
)

CONVOLUTIONS = {"Conv1D": 1, "Convolution1D": 1, "Conv2D": 2, "Convolution2D": 2}
UNREAD = ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D",
          "SeparableConvolution2D", "Conv1DTranspose", "Conv2DTranspose", "Deconvolution2D", "LocallyConnected1D",
          "LocallyConnected2D", "Conv3D", "ConvLSTM1D", "ConvLSTM2D", "TimeDistributed")  # fmt: skip
NESTED = ("Sequential", "Functional", "Model")
_ASIDE = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
          "ActivityRegularization", "Identity")  # fmt: skip
_SHAPED = (*_ASIDE, "BatchNormalization", "Rescaling", "Normalization", "Masking", "Activation", "Multiply", "Add",
           "Subtract", "TrueDivide", "Divide", "Negative", "Flip", "GetItem")  # fmt: skip
_ARITHMETIC = {"Multiply": "mul", "Add": "add", "Subtract": "sub", "TrueDivide": "div", "Divide": "div"}
_POOLINGS = {
    "GlobalMaxPooling1D": "max", "GlobalMaxPool1D": "max", "GlobalMaxPooling2D": "max", "GlobalMaxPool2D": "max",
    "GlobalAveragePooling1D": "average", "GlobalAveragePooling2D": "average",
    "GlobalAvgPool1D": "average", "GlobalAvgPool2D": "average",
    "MaxPooling1D": "local max", "MaxPool1D": "local max", "MaxPooling2D": "local max", "MaxPool2D": "local max",
    "AveragePooling1D": "local average", "AvgPool1D": "local average", "AveragePooling2D": "local average",
    "AvgPool2D": "local average",
}  # fmt: skip
_REDUCTIONS = {"Max": "max", "Amax": "max", "Mean": "average", "Logsumexp": "logsumexp"}
_ACTIVATIONS = {"ReLU": "relu", "LeakyReLU": "leaky relu", "PReLU": "prelu", "ELU": "elu", "Softmax": "softmax",
                "ThresholdedReLU": "thresholded relu"}  # fmt: skip
_WORDS = ("relu", "relu6", "leaky_relu", "sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "softmax", "log_softmax",
          "elu", "selu", "celu", "softplus", "softsign", "exponential", "gelu", "silu", "swish", "hard_silu",
          "hard_swish", "mish", "log_sigmoid", "squareplus", "sparse_plus", "soft_shrink", "hard_shrink", "tanh_shrink",
          "threshold", "sparsemax")  # fmt: skip
_LINEAR = ("linear", "identity")
_MOST_CALLS = 20_000
_MOST_WALKED = 10_000  # calls, for all convolutions together
_MOST_ROUNDS = 12
_DEEPEST = 24
_INPUT = "the input"
_TINY = 1e-7  # Keras' epsilon, below which Normalization takes no standard deviation


@dataclass(frozen=True)
class Layer:
    """A layer of a model or of one within it.

    Parameters
    ----------
    name, kind : str
    config : dict
    path : tuple of str
        Where a `.keras` file has its weights.
    names : tuple of str
        Where an `.h5` file has them.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    path: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """One use of a layer.

    Parameters
    ----------
    key : str
        What names its outcome.
    layer : Layer
    before : tuple of str
        The keys of what it is given.
    given : tuple
        What else it is given, as the file has it.
    is_training : bool
        Whether it is called as in training whatever the model does.
    """

    key: str
    layer: Layer
    before: tuple[str, ...]
    given: tuple[Any, ...] = ()
    is_training: bool = False


Find = Callable[[Layer, str], Tensor | None]


@dataclass
class KerasGraph:
    """All calls of a model, those within models in it too.

    Parameters
    ----------
    find : callable
        Gives the part of a layer, as "weight" or "bias", that stands in the file.
    is_theano : bool
        Whether Theano wrote the file, which turns kernels round.
    """

    find: Find
    is_theano: bool
    calls: dict[str, Call] = field(default_factory=dict)
    sources: dict[str, Sizes | None] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    users: dict[str, list[Call]] = field(default_factory=dict)
    layers: dict[str, list[Call]] = field(default_factory=dict)
    unread: list[Layer] = field(default_factory=list)
    sections: dict[str, GraphSection] = field(default_factory=dict)
    left: int = _MOST_WALKED

    def take(self, model: Mapping[str, Any]) -> None:
        """Follow the calls of a model, given as its file has it."""
        self.ends = set(self._flatten(model, None, ("layers",), (), 0))
        for call in self.calls.values():
            self.layers.setdefault(call.layer.name, []).append(call)
            for name in set(call.before):
                self.users.setdefault(name, []).append(call)

    def convolutions(self) -> Iterator[tuple[Layer, Convolution | None]]:
        """Every convolution, None where the file lacks its weights."""
        seen = 0
        for uses in self.layers.values():
            layer = uses[0].layer
            if layer.kind in CONVOLUTIONS:
                seen += 1
                if seen > MOST_CONVOLUTIONS:
                    return
                weight = self.find(layer, "weight")
                yield layer, None if weight is None else self._convolution(layer, uses, weight)
            elif layer.kind in UNREAD or _wraps_convolution(layer):
                self.unread.append(layer)

    # the calls

    def _flatten(
        self,
        model: Mapping[str, Any],
        inputs: Sequence[str] | None,
        path: tuple[str, ...],
        names: tuple[str, ...],
        depth: int,
    ) -> tuple[str, ...]:
        """Add the calls of a model on these inputs, None for its own; gives the keys of its outputs."""
        if depth > _DEEPEST:
            raise RecursionError("models within models")
        config = model["config"]
        listed = config if isinstance(config, list) else config["layers"]  # Keras 1: a Sequential is a list
        entries = list(_entries(listed, path))
        if kind_of(model) == "Sequential":
            return self._chain(entries, inputs, names, depth)
        starts = [each[0] for each in _strings(config.get("input_layers"))]
        outcomes: dict[tuple[str, int, int], str] = {}
        for name, own_kind, own, _, _ in entries:
            if own_kind == "InputLayer":
                key = self._source(name, own, inputs, starts.index(name) if name in starts else 0)
                outcomes[name, 0, 0] = key
        pending = [
            (entry, place, node)
            for entry in entries
            if entry[1] != "InputLayer"
            for place, node in enumerate(_nodes(entry[3]))
        ]
        for _ in range(_MOST_ROUNDS):
            waiting = [each for each in pending if not self._placed(*each, outcomes, names, depth)]
            if len(waiting) == len(pending):
                break
            pending = waiting
        for entry, place, _ in pending:  # what they are given is not there
            self._placed(entry, place, [], outcomes, names, depth, lacks=True)
        ends = [_outcome(outcomes, each) for each in _strings(config.get("output_layers"))]
        return tuple(key for key in ends if key is not None)

    def _source(self, name: str, config: Mapping[str, Any], inputs: Sequence[str] | None, place: int) -> str:
        if inputs is not None:
            return inputs[place] if place < len(inputs) else "nothing"
        self.sources[name] = _shape_of(config)
        return name

    def _chain(
        self, entries: Sequence[_Entry], inputs: Sequence[str] | None, names: tuple[str, ...], depth: int
    ) -> tuple[str, ...]:
        if inputs is None:
            self.sources[_INPUT] = _shape_of(entries[0][2]) if entries else None
        last: tuple[str, ...] = (_INPUT,) if inputs is None else tuple(inputs)
        for name, kind, own, entry, path in entries:
            if kind == "InputLayer":
                continue
            if kind in NESTED:
                last = self._flatten(entry, last, (*path, "layers"), (*names, name), depth + 1)
            else:
                last = (self._call(Layer("/".join((*names, name)), kind, own, path, (*names, name)), last, (), False),)
        return last

    def _placed(
        self,
        entry: _Entry,
        place: int,
        node: Any,
        outcomes: dict[tuple[str, int, int], str],
        names: tuple[str, ...],
        depth: int,
        *,
        lacks: bool = False,
    ) -> bool:
        """Whether all that a call is given is there; then the call is added. `lacks` adds it in any case."""
        name, kind, own, whole, path = entry
        found = [_outcome(outcomes, each) for each in _strings(node)]
        if None in found:
            return False
        before = ("nothing",) if lacks else tuple(key for key in found if key is not None)
        if kind in NESTED:
            for tensor, key in enumerate(self._flatten(whole, before, (*path, "layers"), (*names, name), depth + 1)):
                outcomes[name, place, tensor] = key
        else:
            layer = Layer("/".join((*names, name)), kind, own, path, (*names, name))
            outcomes[name, place, 0] = self._call(layer, before, *_given(node))
        return True

    def _call(self, layer: Layer, before: tuple[str, ...], given: tuple[Any, ...], is_training: bool) -> str:
        if len(self.calls) > _MOST_CALLS:
            raise RecursionError("more layers than any model has")
        key = f"{layer.name}#{len(self.calls)}"
        self.calls[key] = Call(key, layer, before, given, is_training)
        return key

    # a convolution

    def _convolution(self, layer: Layer, uses: Sequence[Call], weight: Tensor) -> Convolution:
        config = layer.config
        has_bias = bool(config.get("use_bias", config.get("bias", True)))
        bias = self.find(layer, "bias") if has_bias else None
        roles = _roles_of_weight(layer, weight, self.is_theano)
        paths = [self._path(each) for each in uses]
        sizes = [self._sizes_along(path, start) for path, start in paths]
        data, reading, trouble = _roles_of_data(layer, weight.shape, roles, sizes[0][-1])
        if trouble is None and config.get("padding", config.get("border_mode")) == "same":
            trouble = _trouble_of_same(layer, data)
        before: tuple[Step, ...] | None
        pads: int | None = None
        start_roles: Roles = []
        if trouble is not None:
            before = None if trouble == OPEN else (Step("other", layer.name, trouble),)
        else:
            letters = weight.shape[_letter_axis_of(reading or roles, data, config)]
            ways = [self._way(*path, each, list(data), letters) for path, each in zip(paths, sizes, strict=True)]
            before, pads, start_roles = ways[0]
            if len(ways) > 1 and any(step.kind not in ("aside", "reshape") for way in ways for step in way[0]):
                before = (Step("other", layer.name, "inputs of several kinds"),)
        if reading is not None and self.is_theano:
            weight = _turned(weight, reading.index(LETTER))
        place = data.index(POSITION)
        length = known_size(sizes[0][-1], place, len(data))
        along = _along(config, place, data)
        width = weight.shape[_position_axis(reading or roles, data, config)]
        windows = n_windows(length, width, **along)
        built_in = _built_in(layer)
        outs = [KERNEL if role == LETTER else role for role in data] if LETTER not in _spatial(data, config) else None
        outs = _roles_behind(data, config) if outs is None else outs
        after = [built_in] if built_in is not None else []
        if len(uses) > 1:
            after.append(Step("other", layer.name, "used several times"))
        elif built_in is None or built_in.kind != "other":
            after += self._behind(uses[0], outs, windows, weight.shape[(reading or roles).index("kernel")])
        is_plain = len(uses) == 1 and before is not None and len(layer.names) == 1
        if is_plain and not any(step.kind == "other" for step in before or ()) and paths[0][1] is not None:
            self.sections[layer.name] = GraphSection(
                paths[0][1],
                tuple(start_roles),
                sizes[0][0],
                weight.shape,
                _begin(width, along, pads or 0),
                along["stride"],
                tuple((name, tuple(outs), is_norm) for name, is_norm in _targets(layer.name, after)),
            )
        padding = str(along["padding"])
        if padding == "same" and along["stride"] > 1:
            padding = "padded"
        return Convolution(
            layer.name,
            weight,
            bias,
            reading or roles,
            tuple(after),
            stride=along["stride"],
            dilation=along["dilation"],
            groups=largest(config.get("groups", 1)),
            padding="padded" if pads is not None else padding,
            is_true_convolution=self.is_theano,
            at_input=before is not None and not any(step.kind == "other" for step in before),
            before=before,
            has_no_bias=not has_bias,
        )

    # the way there

    def _path(self, call: Call) -> tuple[list[Call], str | None]:
        """The calls between the input and this one, in the order of the data, and the input; None where not reached."""
        found: list[Call] = []
        for _ in range(self.left):
            self.left -= 1
            if len(set(call.before)) != 1 or len(call.before) != 1:
                return found[::-1], None
            name = call.before[0]
            if name in self.sources:
                return found[::-1], name
            if name not in self.calls:
                return found[::-1], None
            call = self.calls[name]
            found.append(call)
            if call.layer.kind in CONVOLUTIONS:
                break
        return found[::-1], None

    def _sizes_along(self, path: Sequence[Call], start: str | None) -> list[Sizes | None]:
        """The sizes of what goes into each call, and of what comes out of the last; None where not known."""
        found: list[Sizes | None] = [self.sources.get(start) if start is not None else None]
        for call in path:
            found.append(_sizes_behind(call, found[-1]))
        return found

    def _way(
        self, path: Sequence[Call], start: str | None, sizes: Sequence[Sizes | None], roles: Roles, letters: int
    ) -> tuple[tuple[Step, ...], int | None, Roles]:
        """What stands between the input and data of these roles.

        Also how many letters of padding are put before the sequence on the way, None where the ends are not padded, and
        what the axes of the input are.
        """
        steps: list[Step] = []
        pads: int | None = None
        for place in range(len(path) - 1, -1, -1):
            call = path[place]
            try:
                before, step = self._back(call, roles, sizes[place], letters)
            except (UnknownError, IndexError, ValueError, TypeError):
                return (Step("other", call.layer.name, call.layer.kind), *steps[::-1]), pads, roles
            if call.layer.kind.startswith("ZeroPadding"):
                begin, end = _pads(call.layer.config, len(roles))[roles.index(POSITION)]
                pads = (pads or 0) + begin if begin or end else pads
            roles = before
            steps.append(step)
        declared = sizes[0]
        if start is None:
            joined = path[0] if path else None
            name = "the input" if joined is None else joined.layer.name
            what = "several inputs" if joined is None else f"{joined.layer.kind} of several inputs"
            return (Step("other", name, what), *steps[::-1]), pads, roles
        if declared is not None and (
            len(declared) != len(roles)
            or any(s not in (None, letters) for s, r in zip(declared, roles, strict=True) if r == LETTER)
        ):
            return (Step("other", start, "an input of another shape"), *steps[::-1]), pads, roles
        return tuple(steps[::-1]), pads, roles

    def _back(self, call: Call, roles: Roles, before: Sizes | None, letters: int) -> tuple[Roles, Step]:
        """What the axes are before a call, and what it does."""
        layer, kind, config, name = call.layer, call.layer.kind, call.layer.config, call.layer.name
        if len(call.before) != 1 or call.is_training:
            raise UnknownError
        if kind in _ASIDE or kind == "Masking":
            return roles, Step("aside", name, kind)
        if kind == "Activation" and activation_word(config.get("activation")) in _LINEAR:
            return roles, Step("aside", name, kind)
        if kind == "BatchNormalization":
            return roles, self._norm_before(layer, roles, letters)
        if kind == "Rescaling":
            factor, shift = (
                along_axis(np.asarray(_number(config.get(each, otherwise))), roles, LETTER, letters)
                for each, otherwise in (("scale", 1.0), ("offset", 0.0))
            )
            return roles, scaling(name, kind, factor, shift)
        if kind == "Normalization":
            return roles, self._normalised(layer, roles, letters)
        if kind in _ARITHMETIC and call.given:
            number, is_first = _one_number(call.given)
            factor, shift = affine(_ARITHMETIC[kind], along_axis(number, roles, LETTER, letters), is_first=is_first)
            return roles, scaling(name, kind, factor, shift)
        if kind == "Negative":
            return roles, scaling(name, kind, -np.ones(letters), np.zeros(letters))
        if kind in ("Flip", "Take", "GetItem"):
            return roles, _reordered(call, roles, letters)
        return _moved_back(call, roles, before), Step("reshape", name, kind)

    def _norm_before(self, layer: Layer, roles: Roles, letters: int) -> Step:
        step = self._norm(layer)
        axis = _only(layer.config.get("axis", -1)) % len(roles)
        sizes = {each.shape for each in step.tensors.values()}
        if step.kind != "batch_norm":
            raise UnknownError
        if roles[axis] == LETTER and sizes == {(letters,)}:
            return step
        if roles[axis] != SINGLE or sizes != {(1,)}:
            raise UnknownError
        return scaling(step.name, "batch-norm", *of_norm(step, 1))

    def _norm(self, layer: Layer) -> Step:
        """A BatchNormalization as a step, "other" where its numbers are not there."""
        parts = {name: self.find(layer, name) for name in ("gamma", "beta", "mean", "variance")}
        held = {name: tensor for name, tensor in parts.items() if tensor is not None}
        wanted = {"mean", "variance"}
        wanted |= {"gamma"} if layer.config.get("scale", True) else set()
        wanted |= {"beta"} if layer.config.get("center", True) else set()
        is_whole = wanted <= set(held) and layer.config.get("mode", 0) == 0
        kind = "batch_norm" if is_whole else "other"
        return Step(kind, layer.name, layer.kind, held, float(layer.config.get("epsilon", 1e-3)))  # type: ignore[arg-type]

    def _normalised(self, layer: Layer, roles: Roles, letters: int) -> Step:
        config = layer.config
        given = [config.get("mean"), config.get("variance")]
        axes = config.get("axis", -1)
        tensors = [self.find(layer, each) for each in ("mean", "variance")]
        values = [
            np.asarray(_number(each), np.float64) if each is not None else known(tensor).read().astype(np.float64)
            for each, tensor in zip(given, tensors, strict=True)
        ]
        if axes not in (None, []):
            place = _only(axes) % len(roles)
            if roles[place] != LETTER:
                raise UnknownError
        elif any(each.size != 1 for each in values):
            raise UnknownError
        mean, variance = (np.broadcast_to(each.reshape(-1), (letters,)) for each in values)
        spread_of = np.sqrt(variance)
        if config.get("invert", False):
            return scaling(layer.name, layer.kind, np.maximum(spread_of, _TINY), mean)
        factor = 1 / np.maximum(spread_of, _TINY)
        return scaling(layer.name, layer.kind, factor, -mean * factor)

    # the way on

    def _behind(self, call: Call, roles: Roles | None, windows: int | None, n: int) -> Iterator[Step]:
        """What follows, as far as there is one way to go that is known."""
        is_lost = False
        for _ in range(self.left):
            self.left -= 1
            following = self.users.get(call.key, [])
            if not following:
                if call.key not in self.ends:
                    yield Step("other", call.layer.name, "what is no output")
                return
            if len(following) > 1 or call.key in self.ends:
                yield Step("other", call.layer.name, "branches")
                return
            call = following[0]
            if len(call.before) != 1 or call.is_training:
                yield Step("other", call.layer.name, call.layer.kind)
                return
            if is_lost and call.layer.kind == "BatchNormalization":
                step = self._norm(call.layer)  # named, and never folded in behind what is not known
            else:
                step, roles, windows = self._step(call, roles, windows, n)
            is_lost |= step.kind == "other"
            yield step
            built_in = _built_in(call.layer) if step.kind == "dense" else None
            if built_in is not None:
                yield built_in
        yield Step("other", call.layer.name, "more than is followed")

    def _step(
        self, call: Call, roles: Roles | None, windows: int | None, n: int
    ) -> tuple[Step, Roles | None, int | None]:
        layer, kind, config, name = call.layer, call.layer.kind, call.layer.config, call.layer.name
        other = Step("other", name, kind), None, None
        if kind in _ASIDE:
            return Step("aside", name, kind), roles, windows
        if kind == "BatchNormalization":
            step = self._norm(layer)
            is_fitting = roles is not None and roles[_only(config.get("axis", -1)) % len(roles)] == KERNEL
            is_fitting &= all(each.shape == (n,) for each in step.tensors.values())
            return (step, roles, windows) if is_fitting else other
        if kind == "Activation" or kind in _ACTIVATIONS:
            word = activation_word(config.get("activation")) if kind == "Activation" else _word_of(kind, config)
            if word is None:
                return other
            return Step("aside" if word in _LINEAR else "activation", name, word), roles, windows
        if kind == "Rescaling" and roles is not None:
            try:
                factor, shift = (
                    along_axis(np.asarray(_number(config.get(each, otherwise))), roles, KERNEL, n)
                    for each, otherwise in (("scale", 1.0), ("offset", 0.0))
                )
            except (UnknownError, ValueError):
                return other
            return scaling(name, kind, factor, shift), roles, windows
        if kind in _POOLINGS or kind in _REDUCTIONS:
            return self._pooled(layer, roles, windows) or other
        if kind == "Dense":
            if roles is not None and POSITION in roles:
                return other
            is_over_kernels = roles is not None and (roles[-1] == KERNEL or n == 1)
            weight = self.find(layer, "weight") if is_over_kernels else None
            return Step("dense", name, kind, {} if weight is None else {"weight": weight}), None, None
        if kind in ("Flatten", "Reshape", "Permute", "ExpandDims", "Squeeze", "Transpose"):
            return Step("reshape", name, kind), None if roles is None else _moved_on(call, roles), windows
        return other

    def _pooled(
        self, layer: Layer, roles: Roles | None, windows: int | None
    ) -> tuple[Step, Roles | None, int | None] | None:
        """A pooling over the sequence; None for what pools anything else."""
        config, kind = layer.config, layer.kind
        if roles is None or POSITION not in roles:
            return None
        place = roles.index(POSITION)
        if kind in _REDUCTIONS:
            axes = (
                {each % len(roles) for each in np.atleast_1d(known(config.get("axis", None))).tolist()}
                if (config.get("axis") is not None)
                else set()
            )
            keeps = bool(config.get("keepdims", False))
        else:
            is_first = config.get("data_format", "channels_last") == "channels_first"
            axes = set(range(2, len(roles))) if is_first else set(range(1, len(roles) - 1))
            keeps = bool(config.get("keepdims", config.get("keep_dims", False)))
        if place not in axes or any(roles[each] not in (POSITION, SINGLE) for each in axes):
            return None
        what = _REDUCTIONS.get(kind) or _POOLINGS[kind]
        if not what.startswith("local"):
            left = [SINGLE if i in axes else role for i, role in enumerate(roles) if keeps or i not in axes]
            return Step("pooling", layer.name, what), left, None
        sizes = np.atleast_1d(config.get("pool_size", config.get("pool_length", 0))).tolist()
        size = sizes[min(len(sizes) - 1, sorted(axes).index(place))]
        is_whole = size == windows and config.get("padding", config.get("border_mode", "valid")) == "valid"
        left = [SINGLE if role == POSITION and is_whole else role for role in roles]
        return Step("pooling", layer.name, what.removeprefix("local ") if is_whole else what), left, None


_Entry = tuple[str, str, Mapping[str, Any], Mapping[str, Any], tuple[str, ...]]


def kind_of(entry: Mapping[str, Any]) -> str:
    """The class of a layer or model; one that is not Keras' own never has the name of one that is."""
    kind, module = str(entry["class_name"]), entry.get("module")
    registered = entry.get("registered_name")
    is_own = module is None or str(module).split(".")[0] in ("keras", "tensorflow", "tf_keras", "keras_core")
    is_own &= ">" not in kind and (registered is None or ">" not in str(registered))
    if module is None and "module" in entry:  # Keras 3 writes none for a custom class
        is_own = False
    return kind if is_own else f"{kind} of its own"


def activation_word(value: Any) -> str | None:
    """The name of an activation, whichever way Keras wrote it; None for one that is not Keras' own."""
    if value is None:
        return "linear"
    if isinstance(value, dict):
        kind = str(value.get("class_name", ""))
        config = value.get("config")
        if kind in _ACTIVATIONS and isinstance(config, dict):
            return _word_of(kind, config)
        if kind == "Activation" and isinstance(config, dict):
            return activation_word(config.get("activation"))
        is_own = str(value.get("module", "")).split(".")[0] == "keras" and kind == "function"
        value = config if is_own else kind.lower()
    word = str(value)
    return word.replace("leaky_relu", "leaky relu") if word in (*_WORDS, *_LINEAR) else None


def largest(value: Any) -> int:
    """A stride or dilation; of two axes the one along the sequence is the only one that is not 1."""
    numbers = [each for each in np.atleast_1d(value).tolist() if isinstance(each, int) and each >= 1]
    return max(numbers, default=1)


def known_size(sizes: Sizes | None, place: int, rank: int) -> int | None:
    """The size of an axis, where it is known."""
    return sizes[place] if sizes is not None and len(sizes) == rank else None


def _wraps_convolution(layer: Layer) -> bool:
    """Whether a layer has a convolution of its own within, as SpectralNormalization and TimeDistributed have."""
    inner = layer.config.get("layer")
    kind = inner.get("class_name") if isinstance(inner, Mapping) else None
    return isinstance(kind, str) and (kind in CONVOLUTIONS or kind in UNREAD)


def _word_of(kind: str, config: Mapping[str, Any]) -> str:
    """What a layer that is an activation computes, with its numbers."""
    slope = config.get("negative_slope", config.get("alpha", 0.3 if kind == "LeakyReLU" else 0))
    if kind == "ReLU":
        bounds = (config.get("max_value"), slope or 0, config.get("threshold", 0) or 0)
        if bounds in ((None, 0, 0), (None, 1, 0)):
            return "relu" if not bounds[1] else "linear"
        if bounds[2] or (bounds[1] and bounds[0] is not None):
            return "thresholded relu" if bounds[:2] == (None, 0) else "relu of its own bounds"
        return "relu6" if bounds == (6, 0, 0) else "leaky relu" if bounds[0] is None else "clip"
    if kind == "LeakyReLU" and slope in (0, 1):
        return "linear" if slope else "relu"
    if kind == "ThresholdedReLU" and config.get("theta", 1) == 0:
        return "relu"
    return _ACTIVATIONS[kind]


def _built_in(layer: Layer) -> Step | None:
    """The activation of a convolution itself."""
    word = activation_word(layer.config.get("activation"))
    if word in _LINEAR:
        return None
    if word is None:
        return Step("other", layer.name, "an activation that is not Keras' own")
    return Step("activation", layer.name, word)


# entries of a file


def _entries(listed: Sequence[Mapping[str, Any]], path: tuple[str, ...]) -> Iterator[_Entry]:
    counts: dict[str, int] = {}
    for entry in listed:
        own = entry["config"]
        kind = kind_of(entry)
        is_model = kind not in NESTED and isinstance(own, dict) and "layers" in own and "output_layers" in own
        name = entry.get("name") or (own.get("name") if isinstance(own, dict) else None) or kind
        inner = (*path, _counted(str(entry["class_name"]).split(">")[-1], counts))
        yield str(name), f"{kind}, a model" if is_model else kind, own if isinstance(own, dict) else {}, entry, inner


def _counted(kind: str, counts: dict[str, int]) -> str:
    """How a .keras file names the weights of a layer: its class, numbered from the second one on."""
    snake = re.sub(
        r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    ).lower()
    place = counts.get(snake, 0)
    counts[snake] = place + 1
    return f"{snake}_{place}" if place else snake


def _nodes(entry: Mapping[str, Any]) -> list[Any]:
    """Each use of a layer; Keras 1 and 2 list them, Keras 3 has an entry for each."""
    return list(entry.get("inbound_nodes") or [])


def _strings(value: Any, depth: int = 0) -> Iterator[tuple[str, int, int]]:
    """Every `[name, node, tensor]` within."""
    if depth > _DEEPEST:
        raise RecursionError("lists within lists")
    if isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and all(isinstance(each, int) for each in value[1:3]):
            yield value[0], value[1], value[2]
            for each in value[3:]:
                yield from _strings(each, depth + 1)
        else:
            for each in value:
                yield from _strings(each, depth + 1)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each, depth + 1)


def _outcome(outcomes: Mapping[tuple[str, int, int], str], place: tuple[str, int, int]) -> str | None:
    """What comes out of a use of a layer; where a layer is used once, the number of that use is ignored."""
    if place in outcomes:
        return outcomes[place]
    uses = {each[1] for each in outcomes if each[0] == place[0]} if place[1] else set()
    return outcomes.get((place[0], 0, place[2])) if uses == {0} else None


def _given(node: Any) -> tuple[tuple[Any, ...], bool]:
    """What a use is given beside what other layers make, and whether it is called in training mode."""
    if isinstance(node, dict):
        words = node.get("kwargs") or {}
        return tuple(node.get("args") or ()), isinstance(words, dict) and bool(words.get("training"))
    flat = [each for each in node if isinstance(each, list)] if isinstance(node, list) else []
    words = [each[3] for each in flat if len(each) > 3 and isinstance(each[3], dict)]
    others = [each for each in words if set(each) - {"training"}]
    return tuple(others), any(each.get("training") for each in words)


def _shape_of(config: Mapping[str, Any]) -> Sizes | None:
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if not isinstance(shape, list):
        return None
    return [None if place == 0 or not isinstance(size, int) else size for place, size in enumerate(shape)]


def _number(value: Any) -> Any:
    """A number or a list of them, whichever way Keras wrote it."""
    if isinstance(value, dict):
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or array.size > 1000:
        raise UnknownError
    return array


def _one_number(given: Sequence[Any]) -> tuple[Array, bool]:
    """The number among what an operation is given, and whether it comes first."""
    if len(given) != 2:
        raise UnknownError
    is_first = not _is_tensor(given[0])
    if is_first == (not _is_tensor(given[1])):
        raise UnknownError
    return _number(given[0] if is_first else given[1]), is_first


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _only(value: Any) -> int:
    """The only axis of a list of one, or an axis."""
    axes = np.atleast_1d(value).tolist()
    if len(axes) != 1 or not isinstance(axes[0], int):
        raise UnknownError
    return axes[0]


# axes


def _roles_of_weight(layer: Layer, weight: Tensor, is_theano: bool) -> tuple[str, ...]:
    filters = layer.config.get("filters", layer.config.get("nb_filter"))
    if CONVOLUTIONS[layer.kind] == 1 and len(weight.shape) == 3:
        return KERAS_1D
    if len(weight.shape) == 4 and weight.shape[0] == filters and (is_theano or weight.shape[3] != filters):
        return TORCH_2D  # Keras 1 kept Theano's order
    return KERAS_2D


def _is_channels_first(config: Mapping[str, Any]) -> bool:
    return config.get("data_format") == "channels_first" or config.get("dim_ordering") == "th"


def _roles_of_data(
    layer: Layer, shape: tuple[int, ...], roles: tuple[str, ...], sizes: Sizes | None
) -> tuple[Roles, tuple[str, ...] | None, str | None]:
    """What the axes of a convolution's data are, how its weight is to be read if not plainly, what is wrong."""
    is_first = _is_channels_first(layer.config)
    if CONVOLUTIONS[layer.kind] == 1:
        return [BATCH, LETTER, POSITION] if is_first else [BATCH, POSITION, LETTER], None, None
    if len(shape) != 4:
        return [BATCH, POSITION, SINGLE, LETTER], None, "a weight of another shape"
    size = dict(zip(roles, shape, strict=True))
    known_sizes = sizes if sizes is not None and len(sizes) == 4 else [None] * 4
    spatial = known_sizes[2:] if is_first else known_sizes[1:3]
    kernel = (size["height"], size["width"])
    if size["in"] > 1:
        singles = [axis for axis in (0, 1) if kernel[axis] == 1 and spatial[axis] == 1]
        image = [SINGLE if axis in singles else POSITION for axis in (0, 1)]
        trouble = None if len(singles) == 1 else "a convolution over rows and columns"
        image = image if trouble is None else [SINGLE, POSITION]
        return [BATCH, LETTER, *image] if is_first else [BATCH, *image, LETTER], None, trouble
    trouble, axis = None, None
    try:
        axis = letter_axis(kernel, spatial)
        trouble = OPEN if axis is None else None
    except UnknownError:
        trouble = "a convolution that slides over the letters"
    image = [POSITION, LETTER] if axis == 1 else [LETTER, POSITION]
    data = [BATCH, SINGLE, *image] if is_first else [BATCH, *image, SINGLE]
    if trouble is not None or kernel[1 - int(axis or 0)] not in ALPHABETS:
        return data, None, trouble
    words = {"kernel": KERNEL, "in": SINGLE, "height": image[0], "width": image[1]}
    return data, tuple(words[role] for role in roles), None


def _spatial(data: Roles, config: Mapping[str, Any]) -> Roles:
    return data[2:] if _is_channels_first(config) else data[1:-1]


def _trouble_of_same(layer: Layer, data: Roles) -> str | None:
    """Whether padding to the same size adds to the letters, too."""
    spatial = _spatial(data, layer.config)
    return "padding along the letters" if LETTER in spatial else None


def _roles_behind(data: Roles, config: Mapping[str, Any]) -> Roles:
    """What the axes of the scores are where the letters were an axis of the image."""
    image = [POSITION if role == POSITION else SINGLE for role in _spatial(data, config)]
    return [BATCH, KERNEL, *image] if _is_channels_first(config) else [BATCH, *image, KERNEL]


def _position_axis(roles: Sequence[str], data: Roles, config: Mapping[str, Any]) -> int:
    """Which axis of the weight lies along the sequence."""
    if POSITION in roles:
        return roles.index(POSITION)
    return roles.index(("height", "width")[_spatial(data, config).index(POSITION)])


def _letter_axis_of(roles: Sequence[str], data: Roles, config: Mapping[str, Any]) -> int:
    """Which axis of the weight has the letters."""
    if LETTER in roles:
        return roles.index(LETTER)
    spatial = _spatial(data, config)
    return roles.index(("height", "width")[spatial.index(LETTER)] if LETTER in spatial else "in")


def _along(config: Mapping[str, Any], place: int, data: Roles) -> dict[str, Any]:
    image = place - (2 if _is_channels_first(config) else 1)

    def of(value: Any) -> int:
        numbers = np.atleast_1d(value).tolist()
        number = numbers[image] if len(numbers) > image and len(data) == 4 else numbers[0]
        return number if isinstance(number, int) and number >= 1 else 1

    return {
        "stride": of(config.get("strides", config.get("subsample_length", config.get("subsample", 1)))),
        "dilation": of(config.get("dilation_rate", config.get("atrous_rate", 1))),
        "padding": str(config.get("padding", config.get("border_mode", "valid"))),
    }


def _begin(width: int, along: Mapping[str, Any], pads: int) -> Callable[[int], int]:
    """How many letters of padding stand before an input of a length."""
    span, stride = (width - 1) * along["dilation"], along["stride"]

    def begin(length: int) -> int:
        if along["padding"] == "causal":
            return int(span + pads)
        if along["padding"] != "same":
            return pads
        return int(pads + max(0, (-(-length // stride) - 1) * stride + span + 1 - length) // 2)

    return begin


def _targets(name: str, after: Sequence[Step]) -> Iterator[tuple[str, bool]]:
    """The convolution, and the layers straight behind it that are folded in."""
    yield name, False
    for step in after:
        if step.kind in ("batch_norm", "scale"):
            yield step.name, step.kind == "batch_norm"
        elif step.kind != "aside":
            return


def _turned(weight: Tensor, axis: int) -> Tensor:
    return dataclasses.replace(weight, read=lambda: np.flip(weight.read(), axis))


def _sizes_behind(call: Call, sizes: Sizes | None) -> Sizes | None:
    kind, config = call.layer.kind, call.layer.config
    if sizes is None:
        return None
    if kind in _SHAPED and len(call.before) == 1:
        return sizes
    try:
        if kind == "Permute":
            return [sizes[0], *(sizes[place] for place in config["dims"])]
        if kind == "Transpose":
            return [sizes[place] for place in config["axes"]]
        if kind == "Reshape":
            return [sizes[0], *_target(config["target_shape"], sizes[1:])]
        if kind == "ExpandDims":
            return spread(sizes, np.atleast_1d(config["axis"]).tolist(), 1)
        if kind == "Squeeze":
            gone = {each % len(sizes) for each in np.atleast_1d(config["axis"]).tolist()}
            return [size for i, size in enumerate(sizes) if i not in gone]
        if kind in ("ZeroPadding1D", "ZeroPadding2D"):
            pads = _pads(config, len(sizes))
            return [None if size is None else size + sum(pads[i]) for i, size in enumerate(sizes)]
    except (KeyError, IndexError, TypeError, ValueError, UnknownError):
        return None
    return None


def _target(target: Sequence[Any], sizes: Sizes) -> Sizes:
    given = [int(each) if each is not None else -1 for each in target]
    wanted: Sizes = list(given)
    if given.count(-1) == 1:
        others = math.prod(each for each in given if each != -1)
        known_sizes = [each for each in sizes if each is not None]
        rest: int | None = math.prod(known_sizes) // max(1, others)
        if None in sizes:
            if sizes.count(None) > 1 or others != math.prod(known_sizes):
                raise UnknownError
            rest = None
        wanted = [rest if each == -1 else each for each in wanted]
    return wanted


def _pads(config: Mapping[str, Any], rank: int) -> list[tuple[int, int]]:
    """Begin and end of every axis."""
    padding = config["padding"]
    is_first = _is_channels_first(config)
    found = [(0, 0)] * rank
    pairs = [padding] if rank == 3 else list(padding)
    for axis, pair in enumerate(pairs):
        begin, end = (pair, pair) if isinstance(pair, int) else (int(pair[0]), int(pair[1]))
        found[axis + (2 if is_first else 1)] = (begin, end)
    return found


def _moved_back(call: Call, roles: Roles, before: Sizes | None) -> Roles:
    """What the axes were before something that only moves them."""
    kind, config = call.layer.kind, call.layer.config
    if kind in ("Permute", "Transpose"):
        turn = [0, *config["dims"]] if kind == "Permute" else list(config["axes"])
        if sorted(turn) != list(range(len(roles))):
            raise UnknownError
        return [roles[turn.index(place)] for place in range(len(roles))]
    if kind == "ExpandDims":
        gone = {each % len(roles) for each in np.atleast_1d(config["axis"]).tolist()}
        if any(roles[each] != SINGLE for each in gone):
            raise UnknownError
        return [role for i, role in enumerate(roles) if i not in gone]
    if kind == "Squeeze" and config.get("axis") is not None:
        return spread(roles, np.atleast_1d(config["axis"]).tolist(), SINGLE)
    if kind == "Reshape":
        sizes = known(before)
        after = known(_sizes_behind(call, sizes))
        if sizes[0] is None:  # the batch stays; only one other size may be open
            rest = unreshaped(roles[1:], sizes[1:], after[1:])
            return [BATCH, *(SINGLE if role == BATCH else role for role in rest)]
        return unreshaped(roles, sizes, after)
    if kind in ("ZeroPadding1D", "ZeroPadding2D"):
        pads = _pads(config, len(roles))
        if any(min(each) < 0 or (any(each) and role != POSITION) for each, role in zip(pads, roles, strict=True)):
            raise UnknownError
        return roles
    raise UnknownError


def _moved_on(call: Call, roles: Roles) -> Roles | None:
    """What the axes of scores are behind something that moves them; None where they are mixed."""
    kind, config = call.layer.kind, call.layer.config
    try:
        if kind in ("Permute", "Transpose"):
            turn = [0, *config["dims"]] if kind == "Permute" else list(config["axes"])
            return [roles[place] for place in turn]
        if kind == "ExpandDims":
            return spread(roles, np.atleast_1d(config["axis"]).tolist(), SINGLE)
        if kind == "Squeeze":
            gone = {each % len(roles) for each in np.atleast_1d(config["axis"]).tolist()}
            is_plain = all(roles[each] == SINGLE for each in gone)
            return [role for i, role in enumerate(roles) if i not in gone] if is_plain else None
    except (KeyError, IndexError, TypeError):
        return None
    return [BATCH, KERNEL] if POSITION not in roles else None


def _reordered(call: Call, roles: Roles, letters: int) -> Step:
    """Letters that are put in another order."""
    kind, config, name = call.layer.kind, call.layer.config, call.layer.name
    place, order = roles.index(LETTER), list(range(letters))
    if kind == "Flip":
        if _only(config.get("axis")) % len(roles) != place:
            raise UnknownError
        return reordering(name, kind, order[::-1], letters)
    if kind == "Take":
        if _only(config.get("axis")) % len(roles) != place or len(call.given) < 2:
            raise UnknownError
        return reordering(name, kind, [int(each) for each in np.atleast_1d(_number(call.given[1]))], letters)
    keys = call.given[1] if len(call.given) == 2 else None
    for axis, key in enumerate(keys if isinstance(keys, list) else [keys]):
        about = key.get("config") if isinstance(key, dict) and key.get("class_name") == "__slice__" else None
        if not isinstance(about, dict):
            raise UnknownError
        cut = slice(about.get("start"), about.get("stop"), about.get("step"))
        if axis == place:
            order = order[cut]
        elif cut not in (slice(None), slice(None, None, 1), slice(0, None, None)):
            raise UnknownError
    return reordering(name, kind, order, letters)
