"""Pooled scores of sequences, by either of two engines that give the same numbers.

"torch" is the plain way: convolve, rectify, pool, with `epool_viz.core` for the arithmetic. It takes everything: any
alphabet, any type of floats, one-hot input, a GPU, gradients of gradients. "fused" does all three at once from letter
codes, by looking tokens of three letters up in a table that is built from the kernels at every step, and its gradient
touches only the windows that won. It needs numba, float32 on the CPU, letter codes and an alphabet of four letters;
everything else takes the plain way. "auto" is "fused" where numba is installed.

Tests compare both with `core` and with each other. Sums are taken in another order, so they differ by rounding: by at
most `(width + 2) * 2 ** -23` times the sum of the magnitudes in a window's score, each of whose additions rounds once
on either side.

The first use compiles, which takes a while and prints a line; the compiled code is stored on disk for later processes.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import math
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from epool_viz.core._arrays import require_choice
from epool_viz.core.pooling import activate
from epool_viz.core.types import Array
from epool_viz.errors import ArgumentError, MissingExtraError
from epool_viz.models.pooling import (
    AveragePooling,
    ExpectationPooling,
    LogSumExpPooling,
    MaxPooling,
    Pooling,
)
from epool_viz.models.threads import for_each

ENGINES = ("auto", "fused", "torch")
SAID = "Compiling the scan engine for this machine. It is done once, and takes about a minute."
_MOST_CHUNKS = 16
_CHUNK = 300_000  # rows of a table, a fraction of a millisecond: less is not worth a thread
_WORTH_LOADING = 2e9  # multiplications of a dense convolution; numba takes a second to load
# slope below zero, derivative at zero, cap
_RECTIFIERS = {"identity": (1.0, 1.0, math.inf), "relu": (0.0, 0.0, math.inf), "paper": (0.5, 0.0, 10.0)}


# the plain way


def torch_scan(sequences: Tensor, kernels: Tensor, biases: Tensor, padding: str) -> Tensor:
    """Window scores by torch's convolution, which is a cross-correlation: nothing is flipped.

    Parameters
    ----------
    sequences : integer codes of shape (batch, length), -1 for an unknown letter, or one-hot (batch, letter, length)
    kernels : shape (kernel, letter, width)
    biases : shape (kernel,)
    padding : "valid" or "same"

    Returns
    -------
    Tensor, shape (batch, kernel, position)
    """
    onehot = as_one_hot(sequences, kernels)
    if padding == "same":
        # padded here: of itself torch warns about an even width
        width = kernels.shape[-1]
        onehot = functional.pad(onehot, ((width - 1) // 2, width // 2))
    return functional.conv1d(onehot, kernels, biases)


def torch_pool(
    sequences: Tensor,
    kernels: Tensor,
    biases: Tensor,
    *,
    pooling: Pooling,
    padding: str,
    activation: str,
    mask: Tensor | None = None,
) -> Tensor:
    """Scan, rectify and pool, one after the other; shape (batch, kernel). The reference for `fused_pool`."""
    scores = torch_scan(sequences, kernels, biases, padding)
    pooled: Tensor = pooling(activate(scores, activation), mask=mask)
    return pooled


def as_one_hot(sequences: Tensor, like: Tensor) -> Tensor:
    """Codes (batch, length) as one-hot (batch, letter, length) of the type of `like`; one-hot stays."""
    if sequences.dtype.is_floating_point:
        return sequences.to(like.dtype)
    n_letters = like.shape[-2]
    # the last row, which the code -1 finds, is the unknown letter's column of zeros
    letters = torch.eye(n_letters + 1, n_letters, dtype=like.dtype, device=like.device)
    return letters[sequences.long()].transpose(1, 2)


# choosing


def require_engine(name: str) -> None:
    """Raise at once for an unknown engine, or one whose library is missing.

    Raises
    ------
    ArgumentError
        If there is no such engine.
    MissingExtraError
        If numba is not installed and "fused" is chosen.
    """
    require_choice(name, "engine", ENGINES)
    if name == "fused" and not has_numba():
        raise MissingExtraError("numba", "train", 'The engine "fused"')


@functools.cache
def has_numba() -> bool:
    """Whether numba is installed; without loading it."""
    return importlib.util.find_spec("numba") is not None


def can_fuse(sequences: Tensor, kernels: Tensor, pooling: Pooling, padding: str) -> bool:
    """Whether the fused engine takes this; without loading it."""
    width = kernels.shape[-1]
    n_windows = sequences.shape[-1] - (width - 1 if padding == "valid" else 0)
    return (
        sequences.ndim == 2
        and not sequences.dtype.is_floating_point
        and sequences.device.type == kernels.device.type == "cpu"
        and kernels.dtype == torch.float32
        and kernels.shape[1] == 4
        and _method_of(pooling) is not None
        and n_windows >= pooling.local_window
        and has_numba()
    )


_preferred = ContextVar("preferred", default=False)


@contextmanager
def prefer_fused(is_preferred: bool = True) -> Iterator[None]:
    """Let "auto" predict by the fused engine inside, as it trains; else it does not load it for a prediction."""
    token = _preferred.set(is_preferred)
    try:
        yield
    finally:
        _preferred.reset(token)


def is_preferred() -> bool:
    """Whether "auto" predicts by the fused engine just now."""
    return _preferred.get()


def is_worth_loading(n_letters: int, kernels: Tensor) -> bool:
    """Whether a prediction is so large that loading the fused engine for it pays."""
    return n_letters * kernels.numel() / 4 >= _WORTH_LOADING


def _method_of(pooling: Pooling) -> str | None:
    """What the fused engine calls this layer; None for a subclass, which may do anything."""
    if type(pooling) is ExpectationPooling:
        return "EXPECTATION_MODE1" if pooling.mode == 1 else "EXPECTATION"
    kinds = {MaxPooling: "MAX", AveragePooling: "AVERAGE", LogSumExpPooling: "LOGSUMEXP"}
    return kinds.get(type(pooling))


# loading and compiling

_compiling = threading.Lock()
_is_ready: bool | None = None


@functools.cache
def _load() -> ModuleType | None:
    """The compiled part; None without numba, or with an unsupported one, which warns once."""
    try:
        from epool_viz.models import _fused
    except (ImportError, AttributeError) as error:
        if has_numba():
            said = f'this numba cannot be used ({error}): networks are computed the plain way, as with engine="torch"'
            warnings.warn(said, RuntimeWarning, stacklevel=2)
        return None
    return _fused


def _to_stderr(text: str) -> None:
    sys.stderr.write(text + "\n")


def prepare(sink: Callable[[str], object] = _to_stderr) -> bool:
    """Load the fused engine, and compile it if that was not done before.

    Parameters
    ----------
    sink : callable
        Called with a sentence when it has to compile, which takes about a minute, once on a machine.

    Returns
    -------
    bool, False where there is no numba
    """
    global _is_ready
    with _compiling:
        if _is_ready is None:
            _is_ready = _compile(sink)
        return _is_ready


def _compile(sink: Callable[[str], object]) -> bool:
    """Call each entry of the compiled part once, on two sequences."""
    fused = _load()
    if fused is None:
        return False
    with fused.on_compiling(lambda: sink(SAID)):
        try:
            _call_each(fused)
        except OSError:  # what was compiled could not be kept
            fused.keep_nothing()
            _call_each(fused)
    return True


def _call_each(fused: ModuleType) -> None:
    codes = np.zeros((2, 3), np.int8)
    scan = FusedScan([MaxPooling()], [1], 2, "valid", "relu", 3)
    scan.set_kernels([np.zeros((1, 4, 2), np.float32)], [np.zeros(1, np.float32)], [0.0])
    rows = np.arange(2)
    scan.pool(codes, rows)
    scan.gradients(codes, rows, np.zeros((2, fused.LANES), np.float32))
    scan.train(codes, rows, np.zeros(2, np.float32), 1.0, [np.zeros(1, np.float32)], [0.0])
    scan.kernel_gradients(0)
    flat = np.zeros(1, np.float32)
    fused.adam(flat, flat, flat, flat, 1, 0.1, 0.9, 0.999, 1e-7)


# the fused way


@dataclass(frozen=True)
class BatchGradients:
    """What `FusedScan.train` finds of a batch, besides the kernels' gradients, which `kernel_gradients` gives.

    Attributes
    ----------
    log_odds : shape (network, sequence)
    losses : shape (network,)
        Means over the batch.
    by_m, by_offset : shape (network,)
    by_weight : list of arrays (kernel,)
    """

    log_odds: Array
    losses: Array
    by_m: Array
    by_offset: Array
    by_weight: list[Array]


class FusedScan:
    """Networks whose kernels lie side by side in one table, so that one pass over a batch serves them all.

    Parameters
    ----------
    poolings : sequence of Pooling
        One a network, those of `POOLINGS`.
    n_kernels : sequence of int
    width, length : int
        Of all kernels, and of all sequences.
    padding : "valid" or "same"
    activation : "identity", "relu" or "paper"
        With "identity", windows that are not whole take no part.
    """

    def __init__(
        self,
        poolings: Sequence[Pooling],
        n_kernels: Sequence[int],
        width: int,
        padding: str,
        activation: str,
        length: int,
    ) -> None:
        fused = _load()
        assert fused is not None  # noqa: S101 - `prepare` has been called before
        self._fused = fused
        self.n_kernels = list(n_kernels)
        self.n_windows = length if padding == "same" else length - width + 1
        self.n_groups = -(-width // fused.TOKEN)
        blocks = [-(-n // fused.LANES) for n in n_kernels]
        self._first_block = np.concatenate([[0], np.cumsum(blocks)]).astype(np.int64)
        n_blocks = int(self._first_block[-1])
        methods, cells, n_cells = [], [], []
        for pooling in poolings:
            method = getattr(fused, str(_method_of(pooling)))
            # the global maximum is that of one large cell
            n = self.n_windows // pooling.local_window
            is_max = method == fused.MAX
            methods.append(method)
            cells.append(n * pooling.local_window if is_max else pooling.local_window)
            n_cells.append(1 if is_max else n)
        slope, at_zero, cap = _RECTIFIERS[activation]
        self._job = fused.Job(
            width,
            self.n_groups,
            self.n_windows,
            (width - 1) // 2 if padding == "same" else 0,
            activation == "identity",
            np.float32(slope),
            np.float32(at_zero),
            np.float32(cap),
            np.array(methods, np.int64),
            np.array(cells, np.int64),
            np.array(n_cells, np.int64),
            self._first_block,
        )
        self._tables = fused.aligned(n_blocks * self.n_groups * fused.GROUP)
        self._biases = fused.aligned(n_blocks * fused.LANES)
        self._ms = np.zeros(len(poolings), np.float32)
        self._row_gradients = np.empty((0, 0), np.float32)
        self._bias_gradients = np.empty((0, 0), np.float32)

    def set_kernels(self, kernels: Sequence[Array], biases: Sequence[Array], ms: Sequence[float]) -> None:
        """Build the table of these kernels (kernel, letter, width), one array a network."""
        for net, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
            first = self._first_block[net]
            self._fused.build_tables(kernel, bias, first, self.n_groups, self._tables, self._biases)
        self._ms[:] = ms

    def pool(self, codes: Array, rows: Array) -> Array:
        """Pooled values of the sequences `rows` of `codes`, shape (sequence, padded kernels); see `kernels_of`.

        Raises
        ------
        ArgumentError
            If a sequence has no window without an unknown letter.
        """
        pooled = np.empty((len(rows), len(self._biases)), np.float32)
        parts = self._chunks(len(rows))
        n_bad = [0] * len(parts)

        def work(i: int) -> None:
            part = parts[i]
            n_bad[i] = self._fused.pool_chunk(
                self._job, codes, rows[part], self._tables, self._biases, self._ms, pooled[part]
            )

        for_each(work, len(parts))
        self._require_windows(sum(n_bad))
        return pooled

    def kernels_of(self, net: int) -> slice:
        """The columns of a network's kernels in an array of all."""
        begin = int(self._first_block[net]) * self._fused.LANES
        return slice(begin, begin + self.n_kernels[net])

    def gradients(self, codes: Array, rows: Array, upstream: Array) -> Array:
        """Follow the gradient of the pooled values (shape as of `pool`) back; gives that with respect to each `m`.

        `kernel_gradients` has the rest.
        """
        parts = self._chunks(len(rows))
        by_m = self._make_room(len(parts))

        def work(i: int) -> None:
            part = parts[i]
            self._fused.gradient_chunk(
                self._job, codes, rows[part], self._tables, self._biases, self._ms, upstream[part],
                self._row_gradients[i], self._bias_gradients[i], by_m[i],
            )  # fmt: skip

        for_each(work, len(parts))
        return _in_order(by_m)

    def train(
        self,
        codes: Array,
        rows: Array,
        labels: Array,
        positive_weight: float,
        weights: Sequence[Array],
        offsets: Sequence[float],
    ) -> BatchGradients:
        """Log odds, cross entropy and gradients of a batch, for networks that end in one dense unit.

        Parameters
        ----------
        codes : int8, shape (N, length)
        rows : ints, shape (batch,)
            Of `codes` and `labels`.
        labels : float32, shape (N,)
        positive_weight : float
            Of label 1 in the loss.
        weights, offsets : of the dense units; shapes (kernel,) and (), one a network

        Raises
        ------
        ArgumentError
            If a sequence has no window without an unknown letter.
        """
        parts = self._chunks(len(rows))
        n_nets, n_padded = len(self.n_kernels), len(self._biases)
        by_m = self._make_room(len(parts))
        dense = np.zeros(n_padded, np.float32)
        for net, weight in enumerate(weights):
            dense[self.kernels_of(net)] = weight
        shifts = np.array(offsets, np.float32)
        told = np.empty((n_nets, len(rows)), np.float32)
        losses = np.empty((len(parts), n_nets))
        by_weight = np.empty((len(parts), n_padded), np.float32)
        by_offset = np.empty((len(parts), n_nets), np.float32)
        n_bad = [0] * len(parts)

        def work(i: int) -> None:
            part = parts[i]
            n_bad[i] = self._fused.train_chunk(
                self._job, codes, rows[part], self._tables, self._biases, self._ms, labels, positive_weight,
                len(rows), dense, shifts, told[:, part], losses[i], self._row_gradients[i], self._bias_gradients[i],
                by_m[i], by_weight[i], by_offset[i],
            )  # fmt: skip

        for_each(work, len(parts))
        self._require_windows(sum(n_bad))
        of_all = _in_order(by_weight)
        each = [of_all[self.kernels_of(net)] for net in range(n_nets)]
        return BatchGradients(told, _in_order(losses) / len(rows), _in_order(by_m), _in_order(by_offset), each)

    def kernel_gradients(self, net: int) -> tuple[Array, Array]:
        """The gradients of a network's kernels and biases, from the last `gradients` or `train`."""
        width = self._job.width
        gradient = np.empty((self.n_kernels[net], 4, width), np.float32)
        by_bias = np.empty(self.n_kernels[net], np.float32)
        first = self._first_block[net]
        self._fused.contract(self._row_gradients, self._bias_gradients, first, self.n_groups, gradient, by_bias)
        return gradient, by_bias

    def _chunks(self, n_rows: int) -> list[slice]:
        """Parts of a batch; they follow from the sizes alone, and so do the numbers.

        From those of one network, whatever lies beside it: a race learns what each would learn alone.
        """
        work = n_rows * self.n_windows * self.n_groups * int(np.diff(self._first_block).max())
        n = max(1, min(_MOST_CHUNKS, n_rows, work // _CHUNK))
        ends = [n_rows * i // n for i in range(n + 1)]
        return [slice(a, b) for a, b in itertools.pairwise(ends)]

    def _make_room(self, n_chunks: int) -> Array:
        if len(self._row_gradients) != n_chunks:
            self._row_gradients = self._fused.aligned(n_chunks * len(self._tables)).reshape(n_chunks, -1)
            self._bias_gradients = self._fused.aligned(n_chunks * len(self._biases)).reshape(n_chunks, -1)
        return np.empty((n_chunks, len(self.n_kernels)), np.float32)

    def _require_windows(self, n_bad: int) -> None:
        if n_bad:
            raise no_window(self._job.width)


def no_window(width: int) -> ArgumentError:
    """The message for a sequence without a window that takes part."""
    found = "with one that has no window of known letters"
    return ArgumentError("sequences", found, f"{width} known letters in a row")


def _in_order(parts: Array) -> Array:
    """The sum over chunks, one after the other."""
    total: Array = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def adam(*arguments: Any) -> None:
    """One step of Adam on flat arrays; see `_fused.adam`."""
    _load().adam(*arguments)  # type: ignore[union-attr]


class _FusedPool(torch.autograd.Function):
    """Scan, rectify and pool in one pass; back through the windows that won."""

    @staticmethod
    def forward(ctx: Any, kernels: Tensor, biases: Tensor, m: Tensor, codes: Tensor, scan: FusedScan) -> Tensor:
        ctx.save_for_backward(kernels, biases, m, codes)
        ctx.scan = scan
        rows = np.arange(len(codes))
        _set(scan, kernels, biases, m)
        pooled = scan.pool(codes.numpy(), rows)
        return torch.from_numpy(np.ascontiguousarray(pooled[:, scan.kernels_of(0)]))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        kernels, biases, m, codes = ctx.saved_tensors
        scan = ctx.scan
        padded = np.zeros((len(codes), len(scan._biases)), np.float32)
        padded[:, scan.kernels_of(0)] = upstream.numpy()
        _set(scan, kernels, biases, m)
        by_m = scan.gradients(codes.numpy(), np.arange(len(codes)), padded)
        by_kernel, by_bias = map(torch.from_numpy, scan.kernel_gradients(0))
        return by_kernel, by_bias, torch.tensor(by_m[0]), None, None


def _set(scan: FusedScan, kernels: Tensor, biases: Tensor, m: Tensor) -> None:
    scan.set_kernels([kernels.detach().numpy()], [biases.detach().numpy()], [float(m)])


def fused_pool(
    sequences: Tensor, kernels: Tensor, biases: Tensor, *, pooling: Pooling, padding: str, activation: str
) -> Tensor:
    """Scan, rectify and pool at once; shape (batch, kernel). For what `can_fuse` takes, after `prepare`.

    Parameters
    ----------
    sequences : integer codes, shape (batch, length); -1 is an unknown letter
    kernels : float32, shape (kernel, 4, width)
    biases : float32, shape (kernel,)
    pooling : a layer of `POOLINGS`
    padding, activation : as for `MotifCNN`
        With "identity", windows that are not whole take no part.

    Raises
    ------
    ArgumentError
        If that leaves none in a sequence.
    """
    scan = FusedScan([pooling], [len(kernels)], kernels.shape[-1], padding, activation, sequences.shape[1])
    m = pooling._m() if isinstance(pooling, ExpectationPooling | LogSumExpPooling) else 0.0
    m = m if isinstance(m, Tensor) else torch.tensor(float(m))
    pooled: Tensor = _FusedPool.apply(kernels, biases, m, sequences.to(torch.int8).contiguous(), scan)  # type: ignore[no-untyped-call]
    return pooled


if __name__ == "__main__":  # compiles in advance
    prepare()
