"""Scan and pool in one pass over the letters on a GPU: a Triton kernel, measured by `benchmarks/gpu.py`.

A window's score is the sum of one row of a table for each token of three letters, as in the fused engine for CPUs; the
four poolings are taken in one pass with running maxima, so that no score is ever stored.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from benchmarks._tokens import ROWS, table_of, tokens_of


@triton.jit
def _pool(  # type: ignore[no-untyped-def] # Triton finds the types
    tokens, whole, table, biases, out, length, n_windows, n_kernels, m,
    GROUPS: tl.constexpr, WINDOWS: tl.constexpr, KERNELS: tl.constexpr, ROWS: tl.constexpr,
):  # fmt: skip
    sequence = tl.program_id(0).to(tl.int64)
    kernels = tl.program_id(1) * KERNELS + tl.arange(0, KERNELS)
    is_kernel = kernels < n_kernels
    bias = tl.load(biases + kernels, mask=is_kernel, other=0.0)
    top = tl.full((KERNELS,), float("-inf"), tl.float32)
    mass = tl.zeros((KERNELS,), tl.float32)
    first = tl.zeros((KERNELS,), tl.float32)
    total = tl.zeros((KERNELS,), tl.float32)
    count = tl.zeros((), tl.float32)
    for begin in range(0, n_windows, WINDOWS):
        window = begin + tl.arange(0, WINDOWS)
        is_in = window < n_windows
        takes_part = tl.load(whole + sequence * n_windows + window, mask=is_in, other=0) != 0
        scores = tl.zeros((WINDOWS, KERNELS), tl.float32) + bias[None, :]
        for group in tl.static_range(GROUPS):
            token = tl.load(tokens + sequence * length + window + group * 3, mask=is_in, other=0).to(tl.int32)
            row = (group * ROWS + token)[:, None] * n_kernels + kernels[None, :]
            scores += tl.load(table + row, mask=is_kernel[None, :], other=0.0)
        known = tl.where(takes_part[:, None], scores, float("-inf"))
        higher = tl.maximum(top, tl.max(known, axis=0))
        safe = tl.where(higher == float("-inf"), 0.0, higher)
        kept = tl.exp((top - safe) * m)
        exponentials = tl.exp((known - safe[None, :]) * m)
        mass = mass * kept + tl.sum(exponentials, axis=0)
        first = first * kept + tl.sum(exponentials * tl.where(takes_part[:, None], scores, 0.0), axis=0)
        total += tl.sum(tl.where(takes_part[:, None], scores, 0.0), axis=0)
        count += tl.sum(tl.where(takes_part, 1.0, 0.0), axis=0)
        top = higher
    place = out + (sequence * n_kernels + kernels) * 4
    tl.store(place, top, mask=is_kernel)
    tl.store(place + 1, total / count, mask=is_kernel)
    tl.store(place + 2, top + tl.log(mass) / m, mask=is_kernel)
    tl.store(place + 3, first / mass, mask=is_kernel)


def pool(codes: Tensor, kernels: Tensor, biases: Tensor, m: float, *, windows: int = 128, warps: int = 4) -> Tensor:
    """Maximum, mean, log-sum-exp and expectation of all whole windows' scores, shape (batch, kernel, 4).

    Parameters
    ----------
    codes : int8, shape (batch, length), on a GPU; -1 is an unknown letter
    kernels : float32, shape (kernel, 4, width)
    biases : shape (kernel,)
    m : float > 0
    """
    tokens, whole = tokens_of(codes, kernels.shape[-1])
    return pool_tokens(tokens, whole, kernels, biases, m, windows=windows, warps=warps)


def pool_tokens(
    tokens: Tensor, whole: Tensor, kernels: Tensor, biases: Tensor, m: float, *, windows: int, warps: int
) -> Tensor:
    """The same of tokens that are made already."""
    table = table_of(kernels)
    n = len(kernels)
    out = torch.full((len(tokens), n, 4), float("nan"), device=kernels.device)
    block = min(16, triton.next_power_of_2(n))
    # a token may begin behind the last window's last letter, never behind the sequence: its place is masked there
    grid = (len(tokens), triton.cdiv(n, block))
    _pool[grid](
        tokens, whole, table.contiguous(), biases, out, tokens.shape[1], whole.shape[1], n, m,
        GROUPS=table.shape[0], WINDOWS=windows, KERNELS=block, ROWS=ROWS, num_warps=warps,
    )  # fmt: skip
    return out
