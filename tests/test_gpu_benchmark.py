"""What `benchmarks/gpu.py` measures is what `core` computes; its part for the GPU alone runs where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from benchmarks import _tokens, gpu
from epool_viz.core.alphabet import DNA, one_hot
from epool_viz.core.scan import scan, whole_windows


def test_rows_of_tokens_add_up_to_the_scores_of_whole_windows_of_any_width() -> None:
    generator = np.random.default_rng(11)
    codes = generator.integers(0, 4, (3, 29)).astype(np.int8)
    codes[1, 17] = codes[2, 28] = -1
    for width in (1, 3, 4, 8):
        kernels = generator.normal(size=(5, 4, width))
        tokens, whole = _tokens.tokens_of(torch.from_numpy(codes), width)
        table = _tokens.table_of(torch.from_numpy(kernels)).numpy()
        onehot = np.stack([one_hot(row, DNA) for row in codes]).astype(float)
        n = 29 - width + 1
        places = np.arange(n)[:, None] + 3 * np.arange(len(table))
        added = table[np.arange(len(table)), tokens.numpy()[:, places].astype(int)].sum(
            -2
        )  # (sequence, window, kernel)
        np.testing.assert_allclose(added.swapaxes(1, 2), scan(onehot, kernels), rtol=0, atol=1e-12)
        np.testing.assert_array_equal(whole.numpy().astype(bool), whole_windows(onehot, width))


def test_the_sides_of_the_reading_agree_and_equality_is_to_rounding(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    assert gpu.main(["--device", "cpu", "--letters", "1", "--sequences", "20", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["equality"]["float64"] < 1e-12
    assert all(found["equality"][name] < 1e-5 for name in found["equality"])
    sides = [value for value in found["reading"].values() if isinstance(value, dict)]
    assert len(sides) == 2
    assert all(side["largest relative error"] < 1e-5 for side in sides)
    assert all(seconds > 0 for seconds in found["training"].values())
