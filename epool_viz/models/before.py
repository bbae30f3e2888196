"""What stands between the letters and a convolution, found from the numbers of its input.

A tensor of which every column is a function of one letter, the same for every sequence, is the letters in another form,
however it came about. What is a factor, a shift or another order of the letters can be folded in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import Step, tensor_of
from epool_viz.data.networks.numbers import norm_affine
from epool_viz.models.runs import SEQUENCES, Run
from epool_viz.models.watching import Call, Value

_ROUNDINGS = 16  # so many units in the last place of the largest number come of rounding
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True, eq=False)
class Table:
    """A tensor of which every column is a function of one letter.

    Parameters
    ----------
    rows : shape (channel, letter), float64
    offset : int
        Column `p` is of the letter `p + offset`.
    place : int
        Of which input.
    columns : int
    outside : shape (batch, channel, ...), float64
        The columns that are of no letter.
    noise : shape (channel,), float64
        What rounding explains in each channel.
    varies : bool
        Whether the columns that are of no letter are others for other sequences.
    """

    rows: Array
    offset: int
    place: int
    columns: int
    outside: Array
    noise: Array
    varies: bool = False

    @property
    def tolerance(self) -> Array:
        """By how much each channel may differ from one sequence to another."""
        return np.asarray(self.noise + 1e-5 * np.ptp(self.rows, axis=1))

    @property
    def per_letter(self) -> tuple[Array, Array, Array] | None:
        """Letter, factor and shift of each channel, if each is of one letter and no two of the same."""
        n_channels, n_letters = self.rows.shape
        if n_channels != n_letters:
            return None
        letters, factor, shift = np.full(n_channels, -1), np.zeros(n_channels), np.zeros(n_channels)
        for channel, row in enumerate(self.rows):
            middle = float(np.median(row))
            apart = np.flatnonzero(np.abs(row - middle) > self.noise[channel] + 1e-5 * np.ptp(row))
            shift[channel] = middle
            if len(apart) > 1:
                return None
            if len(apart) == 1:
                letters[channel], factor[channel] = apart[0], row[apart[0]] - middle
        used = letters[letters >= 0]
        if len(set(used.tolist())) != len(used):
            return None
        letters[letters < 0] = np.setdiff1d(np.arange(n_letters), used)
        return letters, factor, shift


def table_of(values: Sequence[Value], run: Run) -> Table | None:
    """A value, in both passes, as a function of the letter in each column; None where it is none."""
    first, second = values
    if first.data is None or second.data is None:
        return None
    table = _table(first.data, run.codes[0], run.n_letters, None)
    other = table and _table(second.data, run.codes[1], run.n_letters, table)
    if table is None or other is None:
        return None
    apart = np.abs(table.rows - other.rows).max(axis=1)
    if not (apart <= table.tolerance).all():
        return None
    beside = np.concatenate([table.outside, other.outside])
    return dataclasses.replace(table, varies=not bool((np.ptp(beside, axis=0) <= table.tolerance[:, None]).all()))


def agrees(table: Table, tensor: Tensor, codes: Sequence[Array]) -> bool:
    """Whether another tensor is the same function of the letters, whatever its length.

    Parameters
    ----------
    table : Table
    tensor : Tensor
    codes : sequence of shape (batch, length)
        Below 0 for an unknown letter, which is not compared.
    """
    letters = codes[table.place]
    length = letters.shape[1]
    for arranged in _arrangements(floats(tensor), length, fewest=8, more=3 * length):
        apart = arranged.shape[2] - length
        offsets = [table.offset, *(range(0, -apart - 1, -1) if apart >= 0 else range(-apart + 1))]
        is_alike = arranged.shape[1] == len(table.rows)
        if is_alike and any(_is_read_as(table, arranged, letters, offset) for offset in offsets):
            return True
    return False


def _is_read_as(table: Table, data: Array, codes: Array, offset: int) -> bool:
    first, last = max(0, -offset), min(data.shape[2], codes.shape[1] - offset)
    if last - first < 8:
        return False
    letters = codes[:, first + offset : last + offset]
    apart = np.abs(data[:, :, first:last] - table.rows[:, letters].transpose(1, 0, 2))
    return bool(((apart <= table.tolerance[:, None]) | (letters < 0)[:, None]).all())


def _table(tensor: Tensor, codes: Sequence[Array], n_letters: int, like: Table | None) -> Table | None:
    rounding = _ROUNDINGS * torch.finfo(tensor.dtype).eps if tensor.is_floating_point() else 0.0
    for arranged in _arrangements(floats(tensor), codes[0].shape[1]):
        for place, letters in enumerate(codes):
            length = letters.shape[1]
            apart = arranged.shape[2] - length
            offsets = range(-apart, 1) if apart >= 0 else range(-apart + 1)
            for offset in offsets if like is None else [like.offset]:
                found = _fitted(arranged, letters, n_letters, offset, place, rounding)
                if found is not None and (like is None or (like.place, like.columns) == (place, found.columns)):
                    return found
    return None


def _arrangements(data: Array, length: int, fewest: int | None = None, more: int = 200) -> Iterator[Array]:
    """The data as (batch, channel, position), in every way in which at most one axis is a channel's."""
    fewest = length - 20 if fewest is None else fewest
    if not 2 <= data.ndim <= 4:
        return
    for batch in range(data.ndim):
        for position in range(data.ndim):
            rest = [axis for axis in range(data.ndim) if axis not in (batch, position)]
            is_plain = sum(data.shape[axis] != 1 for axis in rest) <= 1
            near = fewest <= data.shape[position] <= length + more
            if batch != position and data.shape[batch] == SEQUENCES and is_plain and near:
                yield data.transpose([batch, *rest, position]).reshape(SEQUENCES, -1, data.shape[position])


def _fitted(data: Array, codes: Array, n_letters: int, offset: int, place: int, rounding: float) -> Table | None:
    columns = data.shape[2]
    first, last = max(0, -offset), min(columns, codes.shape[1] - offset)
    if last - first < 8:
        return None
    within = data[:, :, first:last]
    letters = codes[:, first + offset : last + offset]
    onehot = np.eye(n_letters)[letters]  # (batch, position, letter)
    counts = onehot.sum((0, 1))
    if not counts.all():
        return None
    rows = np.einsum("ncp,npl->cl", within, onehot) / counts
    noise = rounding * np.abs(within).max(axis=(0, 2))
    apart = np.abs(within - rows[:, letters].transpose(1, 0, 2)).max(axis=(0, 2))
    if not (apart <= noise).all():
        return None
    if data.shape[1] == n_letters and not np.ptp(rows, axis=1).any():
        return None  # the same for every letter: it reads nothing
    outside = np.concatenate([data[:, :, :first], data[:, :, last:]], axis=2)
    return Table(rows, offset, place, columns, outside, noise)


def floats(tensor: Tensor) -> Array:
    """A tensor's numbers, double precision."""
    return tensor.detach().cpu().double().numpy()


# what stands before


@dataclass(frozen=True, eq=False)
class Read:
    """What a convolution is given.

    Parameters
    ----------
    before : tuple of Step
    table : Table or None
        Of its input; None where that is no function of a letter a column.
    """

    before: tuple[Step, ...]
    table: Table | None


def read_before(index: int, run: Run) -> Read:
    """What stands between the letters and the convolution that is call `index` of both passes."""
    calls = _same_call(index, run)
    if calls is None:
        return Read((Step("other", "", "a forward pass that is not the same for every sequence"),), None)
    chain = _chain(calls[0])
    places = {id(call): place for place, call in enumerate(run.passes[0].calls)}
    table = table_of([each.inputs[0] for each in calls], run)
    steps: list[Step] = []
    here = (np.arange(run.n_letters), np.ones(run.n_letters), np.zeros(run.n_letters))
    stop: Call | None = None
    for call in chain:
        there = _letters_in(call, places, run)
        if there is None:
            stop = stop or call
            continue
        steps += _between(call, here, there)
        here, stop = there, None
    end = None if table is None else table.per_letter
    if end is None or table is None:
        blamed = stop or (chain[-1] if chain else calls[0])
        return Read((Step("other", blamed.name, what_it_is(blamed)),), None)
    close = 1e-5 * float(np.abs(end[1]).max())
    if not all(np.allclose(one, other, rtol=1e-4, atol=close) for one, other in zip(here, end, strict=True)):
        blamed = stop or calls[0]  # several ways that meet, and letters come out of it
        steps += _between(blamed, here, end)
    return Read(tuple(steps), table)


def _chain(call: Call) -> list[Call]:
    """The calls that lead to a call, as far back as there is one way."""
    chain: list[Call] = []
    value = call.inputs[0]
    while value.maker is not None:
        chain.append(value.maker)
        if len(value.maker.inputs) != 1:
            break
        value = value.maker.inputs[0]
    return chain[::-1]


def _letters_in(call: Call, places: dict[int, int], run: Run) -> tuple[Array, Array, Array] | None:
    """What comes out of a call, as letter, factor and shift of each channel."""
    calls = _same_call(places[id(call)], run)
    table = None if calls is None else table_of([each.outputs[0] for each in calls], run)
    return None if table is None else table.per_letter


def _same_call(index: int, run: Run) -> list[Call] | None:
    """A call in both passes; None where they went different ways."""
    if index >= len(run.passes[1].calls):
        return None
    calls = [each.calls[index] for each in run.passes]
    return calls if calls[0].word == calls[1].word and calls[0].name == calls[1].name else None


def _between(call: Call, here: tuple[Array, ...], there: tuple[Array, ...]) -> Iterator[Step]:
    """The steps that lead from one function of a letter to another."""
    (letters, factor, shift), (new_letters, new_factor, new_shift) = here, there
    order = np.argsort(letters)[new_letters]  # where the letter stood
    if (order != np.arange(len(order))).any():
        yield Step("letters", call.name, call.word, order=tuple(int(each) for each in order))
    before, moved = factor[order], shift[order]
    scale = np.divide(new_factor, before, out=np.zeros_like(before), where=before != 0)
    added = new_shift - scale * moved
    if np.allclose(scale, 1, atol=1e-6) and np.allclose(added, 0, atol=1e-6 * float(np.abs(new_factor).max())):
        return
    normed = batch_norm_of(call)
    if normed is not None and np.allclose(affine_of(normed), (scale, added), rtol=1e-3, atol=1e-4):
        yield normed
        return
    tensors = {"factor": tensor_of("factor", scale), "shift": tensor_of("shift", added)}
    yield Step("scale", call.name, call.word, tensors)


def batch_norm_of(call: Call) -> Step | None:
    """A batch-norm with running statistics, as a layer or as a function."""
    names = ("mean", "variance", "gamma", "beta")
    if isinstance(call.layer, BATCH_NORMS):
        layer = call.layer
        if layer.running_mean is None or layer.running_var is None or layer.training:
            return None
        held: dict[str, object] = dict(
            zip(names, (layer.running_mean, layer.running_var, layer.weight, layer.bias), strict=True)
        )
        epsilon = layer.eps
    elif call.word == "batch_norm":
        given = dict(zip(("input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
                         call.args, strict=False)) | call.kwargs  # fmt: skip
        if given.get("training") or given.get("running_mean") is None or given.get("running_var") is None:
            return None
        held = dict(zip(names, (given.get(each) for each in ("running_mean", "running_var", "weight", "bias")),
                        strict=True))  # fmt: skip
        epsilon = given.get("eps", 1e-5)
    else:
        return None
    tensors = {
        name: tensor_of(f"{call.name}.{name}", floats(value))
        for name, value in held.items()
        if isinstance(value, Tensor)
    }
    return Step("batch_norm", call.name, call.word, tensors, float(epsilon))


def affine_of(step: Step) -> tuple[Array, Array]:
    """Factor and shift of a batch-norm."""
    return norm_affine({name: tensor.read() for name, tensor in step.tensors.items()}, step.epsilon)


def what_it_is(call: Call) -> str:
    """A call in a word."""
    return "several ways meet" if len(call.inputs) > 1 else call.word
