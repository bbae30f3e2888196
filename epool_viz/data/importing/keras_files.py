"""Keras models: `.h5` of any age and `.keras`, with h5py and JSON only. No layer is built, no Lambda is run."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz.data._hdf5_guard import (
    MOST_UNPACKED,
    claimed_bytes,
    damage_told,
    own_child,
    require_modest_texts,
    require_plain,
    require_sound_heaps,
)
from epool_viz.data.importing.archives import Archive
from epool_viz.data.importing.network import (
    KERAS_1D,
    KERAS_2D,
    TORCH_2D,
    Array,
    Convolution,
    Network,
    Step,
    Tensor,
    n_windows,
)
from epool_viz.data.importing.tensors import network_of_tensors
from epool_viz.errors import FormatError

_WHOLE = "a whole Keras model, as `model.save` writes it"
_MOST_JSON = 1 << 25
_MOST_OBJECTS = 20_000
_DEEPEST = 24
_INPUT = "the input"
_CONVOLUTIONS = {"Conv1D": 1, "Convolution1D": 1, "Conv2D": 2, "Convolution2D": 2}
_NESTED = ("Sequential", "Functional", "Model")
_ASIDE = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "AlphaDropout",
          "ActivityRegularization", "Identity")  # fmt: skip
_RESHAPING = ("Reshape", "Permute", "ZeroPadding1D", "ZeroPadding2D", "Masking", "ExpandDims")
_POOLINGS = {
    "GlobalMaxPooling1D": "max", "GlobalMaxPool1D": "max", "GlobalMaxPooling2D": "max", "GlobalMaxPool2D": "max",
    "GlobalAveragePooling1D": "average", "GlobalAveragePooling2D": "average",
    "GlobalAvgPool1D": "average", "GlobalAvgPool2D": "average",
    "MaxPooling1D": "local max", "MaxPool1D": "local max", "MaxPooling2D": "local max", "MaxPool2D": "local max",
    "AveragePooling1D": "local average", "AvgPool1D": "local average", "AveragePooling2D": "local average",
    "AvgPool2D": "local average",
}  # fmt: skip
_ACTIVATIONS = {"ReLU": "relu", "LeakyReLU": "leaky relu", "PReLU": "prelu", "ELU": "elu", "Softmax": "softmax",
                "ThresholdedReLU": "thresholded relu"}  # fmt: skip
_LINEAR = ("linear", "identity")
_NAMES = {
    "weight": ("kernel", "w", "param_0"),
    "bias": ("bias", "b", "param_1"),
    "gamma": ("gamma",),
    "beta": ("beta",),
    "mean": ("moving_mean", "running_mean"),
    "variance": ("moving_variance", "running_std"),  # Keras 1 calls a variance so
}


@dataclass(frozen=True)
class _Layer:
    name: str
    kind: str
    config: Mapping[str, Any]
    before: tuple[str, ...]
    path: tuple[str, ...]  # where a .keras file has its weights
    names: tuple[str, ...]  # where an .h5 file has them


def read_keras_archive(archive: Archive, source: str) -> Network:
    """Read a `.keras` file: config.json and model.weights.h5."""
    if archive.size("config.json") > _MOST_JSON:
        raise FormatError(source, None, f"a config.json of {archive.size('config.json'):,} bytes", _WHOLE)
    model = _json(archive.read("config.json"), source)
    raw = archive.read("model.weights.h5")
    file = _File(raw, source)
    return _network(model, lambda layer, part: _of_store(file, layer, part), False, source, "Keras 3 archive")


def read_keras_hdf5(raw: bytes, source: str) -> Network:
    """Read an `.h5` file: with its architecture, else its weights alone."""
    file = _File(raw, source)
    text = file.attribute(file.root, "model_config")
    if text is None:
        return network_of_tensors(list(file.walk()), source=source, format="HDF5 weights", roles="keras")
    model = _json(text if isinstance(text, bytes) else str(text), source)
    weights = file.child(file.root, "model_weights") or file.root
    is_theano = _word(file.attribute(weights, "backend") or file.attribute(file.root, "backend")) == "theano"
    version = _word(file.attribute(weights, "keras_version") or file.attribute(file.root, "keras_version"))
    return _network(
        model,
        lambda layer, part: _of_groups(file, weights, layer, part),
        is_theano,
        source,
        f"Keras {version} HDF5" if version else "Keras HDF5",
    )


# the file


class _File:
    """An HDF5 file of which nothing is read that was not looked at first."""

    def __init__(self, raw: bytes, source: str) -> None:
        import h5py

        self.size, self.source, self._raw = len(raw), source, raw
        require_sound_heaps(raw, source, _WHOLE)
        with damage_told(source, _WHOLE):
            self.root = h5py.File(io.BytesIO(raw), "r")

    def child(self, group: Any, name: str) -> Any:
        """What stands under a name, or None."""
        with damage_told(self.source, _WHOLE):
            return own_child(self.source, group, name)

    def at(self, group: Any, names: Iterable[str]) -> Any:
        """What stands at the end of a path, or None; no step leaves the file."""
        for name in names:
            group = self.child(group, name) if _is_group(group) else None
        return group

    def attribute(self, group: Any, name: str) -> Any:
        """An attribute of modest size, or None."""
        with damage_told(self.source, _WHOLE):
            if name not in group.attrs:
                return None
            about = group.attrs.get_id(name)
            if math.prod(about.shape or ()) * about.dtype.itemsize > min(_MOST_JSON, self.size):
                raise FormatError(self.source, None, f"an attribute `{name}` larger than the file", _WHOLE)
            if about.dtype.kind == "O":
                require_modest_texts(self._raw, name, self.source, _WHOLE)
            value = group.attrs[name]
        if isinstance(value, str | bytes) and len(value) > _MOST_JSON:
            raise FormatError(self.source, None, f"an attribute `{name}` of {len(value):,} letters", _WHOLE)
        return value

    def words(self, group: Any, name: str) -> list[str]:
        """An attribute that is a list of words; a long one is stored in pieces, `name0`, `name1`, ..."""
        found = self.attribute(group, name)
        pieces = [found] if found is not None else []
        while not pieces or found is None:
            piece = self.attribute(group, f"{name}{len(pieces)}")
            if piece is None:
                break
            pieces.append(piece)
        return [_word(word) for piece in pieces for word in np.atleast_1d(piece).tolist()]

    def tensor(self, dataset: Any, name: str) -> Tensor:
        """A dataset that is safe to read."""
        with damage_told(self.source, _WHOLE):
            require_plain(self.source, dataset, name, "fiu")
            shape = tuple(dataset.shape or ())
            claimed = claimed_bytes(dataset)
        if claimed > MOST_UNPACKED * self.size or dataset.shape is None:
            found = f"`{name}`, which claims {claimed:,} bytes in a file of {self.size:,}"
            raise FormatError(self.source, None, found, f"at most {MOST_UNPACKED:,} times the file")

        def read() -> Array:
            with damage_told(self.source, _WHOLE):
                return np.asarray(dataset[()])

        return Tensor(name, shape, read)

    def walk(self) -> Iterator[Tensor]:
        """Every dataset of numbers, in the order in which layers were written where that is stored."""
        seen = 0
        pending: list[tuple[tuple[str, ...], Any]] = [((), self.root)]
        while pending:
            path, item = pending.pop()
            seen += 1
            if seen > _MOST_OBJECTS or len(path) > _DEEPEST:
                raise FormatError(self.source, None, f"more than {_MOST_OBJECTS:,} objects, or a loop of them", _WHOLE)
            if _is_group(item):
                with damage_told(self.source, _WHOLE):
                    names = self.words(item, "layer_names") or self.words(item, "weight_names") or sorted(item)
                    names = [name for name in names if name.split("/")[0] in item]
                found = ((*path, *name.split("/")) for name in names)
                pending += [(each, self.at(item, each[len(path) :])) for each in reversed(list(found))]
            elif item is not None and item.dtype.kind in "fiu":
                yield self.tensor(item, "/".join(path).removesuffix(":0"))


def _is_group(item: Any) -> bool:
    import h5py

    return isinstance(item, h5py.Group)


# the architecture


def _network(
    model: Any,
    find: Callable[[_Layer, str], Tensor | None],
    is_theano: bool,
    source: str,
    format: str,  # noqa: A002
) -> Network:
    layers: list[_Layer] = []
    try:
        _flatten(model, (_INPUT,), ("layers",), (), layers, 0)
        by_name = {layer.name: layer for layer in layers}
        users: dict[str, list[_Layer]] = {}
        for layer in layers:
            for name in layer.before:
                users.setdefault(name, []).append(layer)
        found = [
            _convolution(layer, by_name, users, find, is_theano, _input_length(model), source)
            for layer in layers
            if layer.kind in _CONVOLUTIONS
        ]
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise FormatError(source, None, f"an architecture that cannot be followed ({error!r:.80})", _WHOLE) from None
    remarks = tuple(
        f"`{layer.name}` is a Lambda layer: its code is not run." for layer in layers if layer.kind == "Lambda"
    )
    return Network(source, format, tuple(each for each in found if each is not None), remarks)


def _flatten(
    model: Mapping[str, Any],
    inputs: tuple[str, ...],
    path: tuple[str, ...],
    names: tuple[str, ...],
    layers: list[_Layer],
    depth: int,
) -> tuple[str, ...]:
    """Append the layers of a model, those of models within it too; gives the names of its outputs."""
    if depth > _DEEPEST:
        raise RecursionError("models within models")
    config = model["config"]
    listed = config if isinstance(config, list) else config["layers"]  # Keras 1: a Sequential is a list
    is_chain = model["class_name"] == "Sequential"
    outputs: dict[str, tuple[str, ...]] = {}
    last = inputs
    counts: dict[str, int] = {}
    for entry in listed:
        kind, own = entry["class_name"].split(">")[-1], entry["config"]
        name = entry.get("name") or (own.get("name") if isinstance(own, dict) else None) or kind
        inner_path = (*path, _counted(kind, counts))
        before = last if is_chain else tuple(out for each in _named(entry, outputs) for out in outputs[each])
        if kind == "InputLayer":
            last = outputs[name] = inputs
            continue
        if kind in _NESTED:
            last = _flatten(entry, before, (*inner_path, "layers"), (*names, name), layers, depth + 1)
        else:
            whole = "/".join((*names, name))
            layers.append(_Layer(whole, kind, own, before, inner_path, (*names, name)))
            last = (whole,)
        outputs[name] = last
    if is_chain or isinstance(config, list):
        return last
    ends = [out for each in _strings(config.get("output_layers")) for out in outputs.get(each, ())]
    return tuple(ends) or last


def _named(entry: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """The layers that an `inbound_nodes` names, whichever Keras wrote it."""
    return [name for name in _strings(entry.get("inbound_nodes")) if name in known]


def _strings(value: Any) -> Iterator[str]:
    """The layer of every `[name, node, tensor]` within."""
    if isinstance(value, list):
        if len(value) >= 3 and isinstance(value[0], str) and all(isinstance(each, int) for each in value[1:3]):
            yield value[0]
        else:
            for each in value:
                yield from _strings(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)


def _counted(kind: str, counts: dict[str, int]) -> str:
    """How a .keras file names the weights of a layer: its class, numbered from the second one on."""
    snake = re.sub(
        r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    ).lower()
    place = counts.get(snake, 0)
    counts[snake] = place + 1
    return f"{snake}_{place}" if place else snake


def _convolution(
    layer: _Layer,
    by_name: Mapping[str, _Layer],
    users: Mapping[str, list[_Layer]],
    find: Callable[[_Layer, str], Tensor | None],
    is_theano: bool,
    length: int | None,
    source: str,
) -> Convolution | None:
    config = layer.config
    weight = find(layer, "weight")
    if weight is None:
        raise FormatError(source, None, f"no weights of the layer `{layer.name}`", _WHOLE)
    bias = find(layer, "bias") if config.get("use_bias", config.get("bias", True)) else None
    axes = _CONVOLUTIONS[layer.kind]
    filters = config.get("filters", config.get("nb_filter"))
    roles: tuple[str, ...] = KERAS_1D if axes == 1 and len(weight.shape) == 3 else KERAS_2D
    if len(weight.shape) == 4 and weight.shape[0] == filters and (is_theano or weight.shape[3] != filters):
        roles = TORCH_2D  # Keras 1 kept Theano's order
    after = list(_after(layer, users, find))
    built_in = _activation(config.get("activation"))
    if built_in not in _LINEAR:
        after.insert(0, Step("activation", layer.name, built_in))
    along: dict[str, Any] = {
        "stride": _largest(config.get("strides", config.get("subsample_length", config.get("subsample", 1)))),
        "dilation": _largest(config.get("dilation_rate", config.get("atrous_rate", 1))),
        "padding": str(config.get("padding", config.get("border_mode", "valid"))),
    }
    at_input = _at_input(layer, by_name)
    width = max(size for size, role in zip(weight.shape, roles, strict=True) if role not in ("in", "kernel"))
    windows = n_windows(length if at_input else None, width, **along)
    return Convolution(
        layer.name,
        weight,
        bias,
        roles,
        tuple(_whole_pooling(step, by_name, windows) for step in after),
        groups=_largest(config.get("groups", 1)),
        is_true_convolution=is_theano,
        at_input=at_input,
        **along,
    )


def _whole_pooling(step: Step, by_name: Mapping[str, _Layer], windows: int | None) -> Step:
    """A pooling over as many windows as there are is one over all of them."""
    if not step.what.startswith("local"):
        return step
    config = by_name[step.name].config
    size = _largest(config.get("pool_size", config.get("pool_length", 0)))
    return dataclasses.replace(step, what=step.what.removeprefix("local ")) if size == windows else step


def _input_length(model: Any) -> int | None:
    """The letters of an input whose length is fixed."""
    config = model["config"]
    first = (config if isinstance(config, list) else config["layers"])[0]["config"]
    shape = first.get("batch_shape") or first.get("batch_input_shape") or [None]
    sizes = [size for size in shape[1:] if isinstance(size, int)]
    return max(sizes) if sizes and len(sizes) == len(shape) - 1 else None


def _at_input(layer: _Layer, by_name: Mapping[str, _Layer]) -> bool:
    """Whether only layers that reorder or drop stand between the layer and the input."""
    while layer.before != (_INPUT,):
        if len(layer.before) != 1 or layer.before[0] not in by_name:
            return False
        layer = by_name[layer.before[0]]
        if layer.kind not in (*_ASIDE, *_RESHAPING):
            return False
    return True


def _after(
    layer: _Layer, users: Mapping[str, list[_Layer]], find: Callable[[_Layer, str], Tensor | None]
) -> Iterator[Step]:
    """What follows, as far as there is one way to go."""
    for _ in range(_MOST_OBJECTS):
        following = users.get(layer.name, [])
        if len(following) != 1:
            if following:
                yield Step("other", layer.name, "branches")
            return
        layer = following[0]
        yield from _steps(layer, find)


def _steps(layer: _Layer, find: Callable[[_Layer, str], Tensor | None]) -> Iterator[Step]:
    config, kind = layer.config, layer.kind
    if kind == "BatchNormalization":
        parts = {name: find(layer, name) for name in ("gamma", "beta", "mean", "variance")}
        held = {name: tensor for name, tensor in parts.items() if tensor is not None}
        is_whole = "mean" in held and "variance" in held
        yield Step("batch_norm" if is_whole else "other", layer.name, kind, held, float(config.get("epsilon", 1e-3)))
    elif kind == "Activation":
        word = _activation(config.get("activation"))
        yield Step("aside" if word in _LINEAR else "activation", layer.name, word)
    elif kind in _ACTIVATIONS:
        yield Step("activation", layer.name, _ACTIVATIONS[kind])
    elif kind in _POOLINGS:
        yield Step("pooling", layer.name, _POOLINGS[kind])
    elif kind == "Dense":
        weight = find(layer, "weight")
        yield Step("dense", layer.name, kind, {} if weight is None else {"weight": weight})
    else:
        is_moving = kind in (*_RESHAPING, "Flatten")
        yield Step("aside" if kind in _ASIDE else "reshape" if is_moving else "other", layer.name, kind)


def _activation(value: Any) -> str:
    """The name of an activation, whichever way Keras wrote it."""
    if isinstance(value, dict):
        value = value.get("class_name") or value.get("config")
    return "linear" if value is None else re.sub(r"[^a-z0-9_ ]", "", str(value).lower())[:40]


def _largest(value: Any) -> int:
    """A stride or dilation; of two axes the one along the sequence is the only one that is not 1."""
    numbers = [each for each in np.atleast_1d(value).tolist() if isinstance(each, int) and each >= 1]
    return max(numbers, default=1)


# where the weights are


def _of_store(file: _File, layer: _Layer, part: str) -> Tensor | None:
    """From the weights of a .keras file: numbered variables of each layer."""
    order = ["weight", "bias"]
    if layer.kind == "BatchNormalization":
        order = ["gamma"] * bool(layer.config.get("scale", True)) + ["beta"] * bool(layer.config.get("center", True))
        order += ["mean", "variance"]
    if part not in order:
        return None
    steps = (*layer.path, "vars", str(order.index(part)))
    dataset = file.at(file.root, steps)
    if dataset is None:  # TensorFlow's Keras up to 2.15
        steps = tuple("_layer_checkpoint_dependencies" if step == "layers" else step for step in steps)
        dataset = file.at(file.root, steps)
    return None if dataset is None or _is_group(dataset) else file.tensor(dataset, f"{layer.name}/{part}")


def _of_groups(file: _File, weights: Any, layer: _Layer, part: str) -> Tensor | None:
    """From an .h5 file: the names of the weights of each layer stand in an attribute of its group."""
    group = file.child(weights, layer.names[0])
    if group is None or not _is_group(group):
        return None
    for name in file.words(group, "weight_names"):
        pieces = name.split(":")[0].split("/")
        own = pieces[-1].lower()
        is_own = len(layer.names) == 1 or layer.names[-1] in pieces[:-1]
        if is_own and any(own == word or own.endswith(f"_{word}") for word in _NAMES[part]):
            dataset = file.at(group, name.split("/"))
            return None if dataset is None or _is_group(dataset) else file.tensor(dataset, name.split(":")[0])
    return None


def _json(text: str | bytes, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(source, None, f"an architecture that is no JSON ({error})", _WHOLE) from None


def _word(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
