"""Combines weights that are stored in parts, where names and shapes determine how.

Spectral norm and weight norm, old and as parametrisations, and pruning masks: these parts determine the whole. With
any other part the weight is reported as not known, and the raw part is not used for it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Tensor
from epool_viz.errors import FormatError

_WHOLE = (
    "the weight as a whole, with any adapter merged into it: in Python, `import_kernels(model)` runs the module itself"
)
_PARAMETRIZATIONS = "parametrizations"
# names beside a weight that change it, in a way that its numbers do not determine
_ADAPTER = re.compile(
    r"(?:^|[./_])(?:[Ll]o[Rr][Aa]|loha|lokr|lycoris|hada|ia3|b?oft|vera|dora|glora|[Aa]dapters?)(?=[^a-z]|$)"
)
_PAIRS = (("down", "up"), ("A", "B"), ("a", "b"))  # of a product of low rank, as some call its factors
_OWN = re.compile(r"(?:^|[./])(?:weight|kernel|W)$")
_SCALES = ("weight_scale", "weight_scale_inv", "scale", "scales", "zero_point", "qzeros", "SCB", "absmax")
_WRAPPED = ("base_layer", "conv")  # an adapter's own names for the layer within it
_HARMLESS = ("weight", "bias", "num_batches_tracked", "kernel", "_extra_state")


def joined(tensors: Sequence[Tensor], source: str) -> tuple[list[Tensor], dict[str, str]]:
    """The tensors with parts put together, in the order of their first parts.

    Returns
    -------
    (list of Tensor, dict of str to str)
        The second has a doubt for a weight beside which something stands that may make another one of it. A weight
        whose parts do not determine the whole raises a `FormatError` when it is read.
    """
    held = {tensor.name: tensor for tensor in tensors}
    for _ in range(3):  # a mask on a part of a weight norm is a part of a part
        held, has_changed = _once(held, source)
        if not has_changed:
            break
    held = _adapted(held, source)
    hidden = {split[0] + split[1] for each in tensors if (split := _split(each.name)) is not None}
    doubts = dict.fromkeys(hidden, "nothing else that has no numbers of its own makes another one of it")
    for name, doubt in (*_doubts(held).items(), *_unplaced(held).items()):
        doubts[name] = f"{doubts[name]}, and {doubt}" if name in doubts else doubt
    return list(held.values()), doubts


def _once(held: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], bool]:
    """Combine parts, and return whether there were any."""
    under = _parametrizations(held)
    taken: set[str] = set()
    rest: dict[str, Tensor] = {}
    for name, tensor in held.items():
        if name in taken:
            continue
        found = _parametrized(name, under, source) or _hooked(name, held, source)
        if found is None:
            rest[name] = tensor
        else:
            whole, parts = found
            taken |= set(parts)
            rest[whole.name] = whole
    return rest, bool(taken)


_Found = tuple[Tensor, list[str]]


def _split(name: str) -> tuple[str, str, str] | None:
    """The layer, the weight and the part of a name under `parametrizations`."""
    before, mark, behind = name.partition(f"{_PARAMETRIZATIONS}.")
    own, dot, part = behind.partition(".")
    return (before, own, part) if mark and dot and own and part else None


def _parametrizations(held: Mapping[str, Tensor]) -> dict[tuple[str, str], dict[str, Tensor]]:
    """The parts of every parametrised weight, by its layer and its name."""
    found: dict[tuple[str, str], dict[str, Tensor]] = {}
    for name, tensor in held.items():
        split = _split(name)
        if split is not None:
            found.setdefault(split[:2], {})[split[2]] = tensor
    return found


def _parametrized(name: str, under: Mapping[tuple[str, str], Mapping[str, Tensor]], source: str) -> _Found | None:
    """A weight under `parametrizations`."""
    split = _split(name)
    if split is None:
        return None
    parts = under[split[:2]]
    whole, names = split[0] + split[1], [each.name for each in parts.values()]
    if set(parts) == {"original0", "original1"}:
        return _normed(parts["original1"], parts["original0"], whole, source), names
    if set(parts) == {"original", "0._u", "0._v"}:
        return _spectral(parts["original"], parts["0._u"], parts["0._v"], whole, source), names
    original = parts.get("original", max(parts.values(), key=lambda part: math.prod(part.shape)))
    return _unknown(original, whole, f"a part of a parametrisation of `{whole}`", source), names


def _hooked(name: str, held: Mapping[str, Tensor], source: str) -> _Found | None:
    """A weight in parts as torch's older functions write them: `weight_orig`, `weight_mask`, `weight_g` and so on."""
    whole, _, kind = name.rpartition("_")
    if kind not in ("orig", "g", "mask", "u", "v") or not whole.rpartition(".")[2]:
        return None
    parts = {each: held[f"{whole}_{each}"] for each in ("orig", "mask", "u", "v", "g") if f"{whole}_{each}" in held}
    names = [each.name for each in parts.values()]
    if set(parts) == {"g", "v"} and whole not in held:
        return _normed(parts["v"], parts["g"], whole, source), names
    if set(parts) == {"orig", "mask"}:
        return _masked(parts["orig"], parts["mask"], whole, source), names
    if set(parts) == {"orig", "u", "v"}:
        return _spectral(parts["orig"], parts["u"], parts["v"], whole, source), names
    if "orig" in parts:
        return _unknown(parts["orig"], whole, f"a part of `{whole}` that does not determine the whole", source), names
    return None


def _normed(direction: Tensor, length: Tensor, name: str, source: str) -> Tensor:
    """Weight norm; the axes along which the length is one number are those that the norm is taken over."""
    shape = length.shape if len(length.shape) == len(direction.shape) else (1,) * len(direction.shape)
    fits = math.prod(length.shape) == math.prod(shape)
    fits &= all(size in (1, full) for size, full in zip(shape, direction.shape, strict=True))

    def read() -> Array:
        if not fits:
            _refuse(source, f"{length.said} as the length of {direction.said}")
        v = np.asarray(direction.read(), dtype=np.float64)
        g = np.asarray(length.read(), dtype=np.float64).reshape(shape)
        norm = np.sqrt((v**2).sum(axis=tuple(axis for axis, size in enumerate(shape) if size == 1), keepdims=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(g * v / norm)

    return dataclasses.replace(direction, name=name, read=read)


def _masked(original: Tensor, mask: Tensor, name: str, source: str) -> Tensor:
    def read() -> Array:
        if mask.shape != original.shape:
            _refuse(source, f"{mask.said} as the mask of {original.said}")
        return np.asarray(original.read()) * np.asarray(mask.read()).astype(np.float64)

    return dataclasses.replace(original, name=name, read=read)


def _spectral(original: Tensor, left: Tensor, right: Tensor, name: str, source: str) -> Tensor:
    """Spectral norm as it is when a network predicts: by the stored vectors."""
    total, n_left, n_right = (math.prod(each.shape) for each in (original, left, right))
    axis = next((i for i, size in enumerate(original.shape) if size == n_left and size * n_right == total), None)

    def read() -> Array:
        if axis is None:
            _refuse(source, f"{left.said} and {right.said} as the vectors of {original.said}")
        values = np.asarray(original.read(), dtype=np.float64)
        u, v = (np.asarray(each.read(), dtype=np.float64).reshape(-1) for each in (left, right))
        matrix = np.moveaxis(values, axis, 0).reshape(n_left, -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return values / (u @ matrix @ v)

    return dataclasses.replace(original, name=name, read=read)


def _unknown(part: Tensor, name: str, what: str, source: str) -> Tensor:
    return dataclasses.replace(part, name=name, read=_refusing(source, f"{part.said}, {what}"))


def adapter_factors(tensors: Iterable[Tensor]) -> dict[str, str]:
    """The names of what is a factor of an adapter, and the layer each is of; "" where the name does not say."""
    held = {tensor.name: tensor for tensor in tensors}
    found = {name: name[: mark.start()] for name in held if (mark := _ADAPTER.search(name)) is not None}
    for name in held:
        for down, up in _PAIRS:
            stem = re.sub(rf"(^|[._]){down}\.weight$", r"\1", name)
            other = f"{stem}{up}.weight"
            if stem != name and other in held:
                layer = _of_product(held[name], held[other], stem.rstrip("._"), held)
                found |= {} if layer is None else {name: layer, other: layer}
    return found


def _of_product(down: Tensor, up: Tensor, stem: str, held: Mapping[str, Tensor]) -> str | None:
    """The layer that the product of two factors is added to, as its shape and place say; None if it is no such pair."""
    is_pair = len(down.shape) == len(up.shape) > 1 and up.shape[1] == down.shape[0] and set(up.shape[2:]) <= {1}
    if not is_pair:
        return None
    whole = (up.shape[0], *down.shape[1:])
    around = stem.rpartition(".")[0]
    names = [name for name, each in held.items() if each.shape == whole and each not in (down, up)]
    beside = next((name for name in names if name.startswith((f"{stem}.", around)) and _OWN.search(name)), None)
    if beside is not None and down.shape[0] < whole[0]:
        return _OWN.sub("", beside)
    return stem if any(f"{stem}.{each}" in held for each in ("alpha", "scale", "scaling", "rank")) else None


def _layers_of(name: str) -> tuple[str, ...]:
    """What an adapter may call the layer of a weight: its own name, and that of what is wrapped around it."""
    stem = _OWN.sub("", name)
    if stem == name:
        return ()
    outer, _, inner = stem.rpartition(".")
    return (stem, outer) if inner in _WRAPPED else (stem,)


def _unplaced(held: Mapping[str, Tensor]) -> dict[str, str]:
    """A doubt for every weight, where the layer of an adapter's factor is not known."""
    layers = {layer for name in held for layer in _layers_of(name)}
    factors = adapter_factors(held.values())
    lost = next((name for name, layer in factors.items() if layer not in layers), None)
    if lost is None:
        return {}
    doubt = f"`{lost}`, a factor of an adapter, is not added to it"
    return {name: doubt for name, each in held.items() if name not in factors and len(each.shape) in (3, 4)}


def _adapted(held: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """The tensors; a weight that an adapter or a scale makes another one of is not known."""
    changed: dict[str, str] = {}
    factors = adapter_factors(held.values())
    for name in held:
        pieces = name.split(".")
        if name in factors:
            changed[factors[name]] = f"`{name}` beside it, whose factor is not stored with it"
        elif pieces[-1] in _SCALES:
            changed[".".join(pieces[:-1])] = f"`{name}` beside it, which scales its numbers in a way that is not known"
    found = {}
    for name, tensor in held.items():
        why = next((changed[layer] for layer in _layers_of(name) if layer in changed), None)
        is_changed = why is not None and len(tensor.shape) > 2
        read = _refusing(source, f"{tensor.said} with {why}") if is_changed else tensor.read
        found[name] = dataclasses.replace(tensor, read=read)
    return found


def _doubts(held: Mapping[str, Tensor]) -> dict[str, str]:
    """What stands beside a weight under no name of a layer that is known."""
    odd: dict[str, list[str]] = {}
    for name in held:
        stem, _, last = name.rpartition(".")
        if stem and last not in _HARMLESS:
            odd.setdefault(stem, []).append(f"`{name}`")
    found = {}
    for stem, names in odd.items():
        if f"{stem}.weight" in held:
            leaves = "leaves" if len(names) == 1 else "leave"
            found[f"{stem}.weight"] = f"{', '.join(names[:3])}, stored beside it, {leaves} it as it is"
    return found


def _refusing(source: str, found: str) -> Callable[[], Array]:
    def read() -> Array:
        _refuse(source, found)

    return read


def _refuse(source: str, found: str) -> NoReturn:
    raise FormatError(source, None, found, _WHOLE)
