"""Sequences as tokens of three letters, and kernels as tables of every token's score."""

from __future__ import annotations

import torch
from torch import Tensor

TOKEN = 3
ROWS = 128  # of a group: 125 tokens, and a power of two
_CODES = 5  # four letters, and the unknown one


def tokens_of(codes: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Tokens and whole windows of codes (batch, length): uint8 (batch, length) and uint8 (batch, window)."""
    known = torch.where(codes < 0, 4, codes).to(torch.int16)
    padded = torch.nn.functional.pad(known, (0, TOKEN - 1), value=4)
    length = codes.shape[1]
    token = padded[:, :length] * _CODES**2 + padded[:, 1 : length + 1] * _CODES + padded[:, 2 : length + 2]
    unknown = torch.nn.functional.pad((codes < 0).to(torch.int32).cumsum(1, dtype=torch.int32), (1, 0))
    whole = (unknown[:, width:] == unknown[:, :-width]).to(torch.uint8)
    return token.to(torch.uint8), whole


def table_of(kernels: Tensor) -> Tensor:
    """The scores of every token in every group of three positions: (group, row, kernel)."""
    n, letters, width = kernels.shape
    groups = -(-width // TOKEN)
    wide = torch.zeros(n, letters + 1, groups * TOKEN, dtype=kernels.dtype, device=kernels.device)
    wide[:, :letters, :width] = kernels
    # (kernel, letter, group, place) -> (group, place, letter, kernel)
    rows = wide.reshape(n, _CODES, groups, TOKEN).permute(2, 3, 1, 0)
    table = rows[:, 0, :, None, None] + rows[:, 1, None, :, None] + rows[:, 2, None, None, :]
    held = torch.zeros(groups, ROWS, n, dtype=kernels.dtype, device=kernels.device)
    held[:, : _CODES**TOKEN] = table.reshape(groups, _CODES**TOKEN, n)
    return held
