"""Keras models: `.h5` of any age and `.keras`, with h5py and JSON only. No Lambda is run."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.hdf5_guard import (
    MOST_UNPACKED,
    claimed_bytes,
    damage_as_format_error,
    own_child,
    require_modest_texts,
    require_plain,
    require_sound_heaps,
)
from epool_viz.data.networks.archives import Archive
from epool_viz.data.networks.keras_graph import KerasGraph, Layer
from epool_viz.data.networks.keras_runner import run_keras
from epool_viz.data.networks.network_layers import Network, NotRunError, Scores, Tensor, in_order
from epool_viz.data.networks.tensors import NOT_READ, network_of_tensors
from epool_viz.data.networks.walking import UnknownError
from epool_viz.errors import FormatError

_WHOLE = "a whole Keras model, as `model.save` writes it"
_MOST_JSON = 1 << 25
_MOST_OBJECTS = 20_000
_DEEPEST = 24
_NAMES = {
    "weight": ("kernel", "w", "param_0"),
    "bias": ("bias", "b", "param_1"),
    "gamma": ("gamma",),
    "beta": ("beta",),
    "mean": ("moving_mean", "running_mean", "mean"),
    "variance": ("moving_variance", "running_std", "variance"),  # Keras 1 calls a variance so
}


def read_keras_archive(archive: Archive, source: str) -> Network:
    """Read a `.keras` file: config.json and model.weights.h5.

    Raises
    ------
    FormatError
        If the file is damaged, or claims too much.
    """
    if archive.size("config.json") > _MOST_JSON:
        raise FormatError(source, None, f"a config.json of {archive.size('config.json'):,} bytes", _WHOLE)
    model = _json(archive.read("config.json"), source)
    raw = archive.read("model.weights.h5")
    file = _File(raw, source)
    if isinstance(model, dict) and isinstance(model.get("config"), dict) and "layers" not in model["config"]:
        network = _of_weights(file, source, "Keras 3 archive")
        name = str(model.get("class_name"))[:80]
        remark = f"`{name}` is a class of its own: what stands before and behind its layers is not in the file."
        return dataclasses.replace(network, remarks=(remark,))
    return _network(
        model,
        lambda layer, part: _of_store(file, layer, part),
        False,
        source,
        "Keras 3 archive",
        (archive.raw, ".keras"),
    )


def read_keras_hdf5(raw: bytes, source: str) -> Network:
    """Read an `.h5` file: with its architecture, else its weights alone."""
    file = _File(raw, source)
    text = file.attribute(file.root, "model_config")
    if text is None:
        return _of_weights(file, source, "HDF5 weights")
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
        (raw, ".h5"),
    )


def _of_weights(file: _File, source: str, format: str) -> Network:  # noqa: A002
    """The convolutions of a file that has weights alone; those that are no plain ones are left out."""
    tensors = list(file.walk())
    shapes = {each.name: each.shape for each in tensors}
    network = network_of_tensors(tensors, source=source, format=format, roles="keras")
    kept = tuple(each for each in network.convolutions if _is_plain(each.weight, shapes))
    left_out = tuple(NOT_READ.format(each.weight.said) for each in network.convolutions if each not in kept)
    return dataclasses.replace(network, convolutions=kept, remarks=(*network.remarks, *left_out))


def _is_plain(weight: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether a weight may be a plain convolution's, by the other weights of its layer."""
    stem = weight.name.removesuffix("vars/0")
    if stem == weight.name:
        return "/vars/" not in weight.name
    bias = shapes.get(f"{stem}vars/1")
    return f"{stem}vars/2" not in shapes and bias in (None, weight.shape[-1:])


# the file


class _File:
    """An HDF5 file; every dataset is checked before it is read."""

    def __init__(self, raw: bytes, source: str) -> None:
        import h5py

        self.size, self.source, self._raw = len(raw), source, raw
        require_sound_heaps(raw, source, _WHOLE)
        with damage_as_format_error(source, _WHOLE):
            self.root = h5py.File(io.BytesIO(raw), "r")

    def child(self, group: Any, name: str) -> Any:
        """What stands under a name, or None."""
        with damage_as_format_error(self.source, _WHOLE):
            return own_child(self.source, group, name)

    def at(self, group: Any, names: Iterable[str]) -> Any:
        """What stands at the end of a path, or None; no step leaves the file."""
        for name in names:
            group = self.child(group, name) if _is_group(group) else None
        return group

    def attribute(self, group: Any, name: str) -> Any:
        """An attribute of modest size, or None."""
        with damage_as_format_error(self.source, _WHOLE):
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
        """A dataset that is safe to read; Keras stores bfloat16 as two bytes that HDF5 has no name for."""
        is_brain = self._is_brain(dataset)
        with damage_as_format_error(self.source, _WHOLE):
            require_plain(self.source, dataset, name, "V" if is_brain else "fiu")
            shape = tuple(dataset.shape or ())
            claimed = claimed_bytes(dataset)
        if claimed > MOST_UNPACKED * self.size or dataset.shape is None:
            found = f"`{name}`, which claims {claimed:,} bytes in a file of {self.size:,}"
            raise FormatError(self.source, None, found, f"at most {MOST_UNPACKED:,} times the file")

        def read() -> Array:
            with damage_as_format_error(self.source, _WHOLE):
                values = np.asarray(dataset[()])
            return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32) if is_brain else values

        return Tensor(name, shape, read)

    def _is_brain(self, dataset: Any) -> bool:
        is_pair = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2 and dataset.dtype.names is None
        return bool(is_pair and _word(self.attribute(dataset, "dtype")) == "bfloat16")

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
                with damage_as_format_error(self.source, _WHOLE):
                    names = (
                        self.words(item, "layer_names")
                        or self.words(item, "weight_names")
                        or sorted(item, key=in_order)
                    )
                    names = [name for name in names if name.split("/")[0] in item]
                found = ((*path, *name.split("/")) for name in names)
                pending += [(each, self.at(item, each[len(path) :])) for each in reversed(list(found))]
            elif item is not None and (item.dtype.kind in "fiu" or self._is_brain(item)):
                yield self.tensor(item, "/".join(path).removesuffix(":0"))


def _is_group(item: Any) -> bool:
    import h5py

    return isinstance(item, h5py.Group)


# the architecture


def _network(
    model: Any,
    find: Callable[[Layer, str], Tensor | None],
    is_theano: bool,
    source: str,
    format: str,  # noqa: A002
    file: tuple[bytes, str],
) -> Network:
    graph = KerasGraph(lambda layer, part: None if _is_quantised(layer) else find(layer, part), is_theano)
    try:
        graph.take(model)
        found = list(graph.convolutions())
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError, ValueError, UnknownError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(source, None, f"an architecture that cannot be followed ({error!r:.80})", _WHOLE) from None
    bare = next((layer for layer, conv in found if conv is None), None)
    if bare is not None and _is_quantised(bare):
        found_there = f"codes of few bits as the weights of `{bare.name}`"
        raise FormatError(source, None, found_there, "a model before it is quantised")
    if bare is not None:
        raise FormatError(source, None, f"no weights of the layer `{bare.name}`", _WHOLE)
    if not found and graph.unread:
        listed = ", ".join(f"`{layer.name}`, a {layer.kind}" for layer in graph.unread[:4])
        raise FormatError(source, None, f"{listed}, but no plain convolution", "a Conv1D or Conv2D")
    convolutions = tuple(conv for _, conv in found if conv is not None)

    def run(layer: str, onehot_of: Callable[[int | None], Array], with_norms: bool) -> Scores:
        if layer not in graph.sections:
            raise NotRunError("it stands within another model, or is used several times")
        return run_keras(*file, model, graph.sections[layer], onehot_of, with_norms)

    return Network(source, format, convolutions, tuple(_remarks(graph)), run=run)


def _is_quantised(layer: Layer) -> bool:
    """Whether a layer keeps codes, which its scales make weights of, by the policy that Keras writes with it."""
    policy = layer.config.get("dtype")
    if isinstance(policy, Mapping):
        about = policy.get("config")
        named = about.get("name") if isinstance(about, Mapping) else None
        word = str(policy.get("class_name"))  # of Keras 2 a Policy
        is_of_codes = word.endswith("DTypePolicy") and word not in ("DTypePolicy", "FloatDTypePolicy")
        return is_of_codes or "_from_" in str(named)
    return "_from_" in str(policy) or layer.config.get("quantization_config") is not None


def _remarks(graph: KerasGraph) -> Iterator[str]:
    """What of the model is not read, a sentence each."""
    if len(graph.sources) > 1:
        yield f"The model has {len(graph.sources)} inputs: {', '.join(f'`{name}`' for name in graph.sources)}."
    for uses in graph.layers.values():
        if uses[0].layer.kind == "Lambda":
            yield f"`{uses[0].layer.name}` is a Lambda layer: its code is not run."
    for layer in graph.unread:
        yield f"`{layer.name}` is a {layer.kind}, which is no one kernel over the letters and is not read."


# where the weights are


def _of_store(file: _File, layer: Layer, part: str) -> Tensor | None:
    """From the weights of a .keras file: numbered variables of each layer."""
    order = ["weight", "bias"]
    if layer.kind == "BatchNormalization":
        order = ["gamma"] * bool(layer.config.get("scale", True)) + ["beta"] * bool(layer.config.get("center", True))
        order += ["mean", "variance"]
    elif layer.kind == "Normalization":
        order = ["mean", "variance"]
    if part not in order:
        return None
    steps = (*layer.path, "vars", str(order.index(part)))
    dataset = file.at(file.root, steps)
    if dataset is None:  # TensorFlow's Keras up to 2.15
        steps = tuple("_layer_checkpoint_dependencies" if step == "layers" else step for step in steps)
        dataset = file.at(file.root, steps)
    return None if dataset is None or _is_group(dataset) else file.tensor(dataset, f"{layer.name}/{part}")


def _of_groups(file: _File, weights: Any, layer: Layer, part: str) -> Tensor | None:
    """From an .h5 file: the names of the weights of each layer stand in an attribute of its group."""
    group = file.child(weights, layer.names[0])
    if group is None or not _is_group(group):
        return None
    names = file.words(group, "weight_names")
    found = _named_one(file, group, names, layer, _NAMES[part])
    rank = layer.config.get("lora_rank")
    if part != "weight" or found is None or not isinstance(rank, int) or rank < 1:
        return found
    parts = [_named_one(file, group, names, layer, (f"lora_kernel_{each}",)) for each in "ab"]
    return _adapted(found, parts, layer.config.get("lora_alpha"), rank)


def _named_one(file: _File, group: Any, names: Iterable[str], layer: Layer, words: Iterable[str]) -> Tensor | None:
    words = tuple(words)
    for name in names:
        pieces = name.split(":")[0].split("/")
        own = pieces[-1].lower()
        is_own = len(layer.names) == 1 or layer.names[-1] in pieces[:-1]
        if is_own and any(own == word or own.endswith(f"_{word}") for word in words):
            dataset = file.at(group, name.split("/"))
            return None if dataset is None or _is_group(dataset) else file.tensor(dataset, name.split(":")[0])
    return None


def _adapted(kernel: Tensor, parts: Sequence[Tensor | None], alpha: Any, rank: int) -> Tensor | None:
    """A kernel with what an adapter of low rank adds, which `.h5` files store apart; None where parts are missing.

    The adapter's `a` is (..., rank) and its `b` (rank, kernel).
    """
    a, b = parts
    fits = a is not None and b is not None and (*a.shape[:-1], b.shape[-1]) == kernel.shape
    if a is None or b is None or not fits or a.shape[-1] != rank or b.shape[:1] != (rank,):
        return None
    scale = (alpha if isinstance(alpha, int | float) else rank) / rank

    def read() -> Array:
        return kernel.read() + scale * (a.read() @ b.read())

    return Tensor(kernel.name, kernel.shape, read)


def _json(text: str | bytes, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(source, None, f"an architecture that is no JSON ({error})", _WHOLE) from None


def _word(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
