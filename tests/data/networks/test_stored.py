"""The container itself; hostile files are in tests/models/test_checkpoint.py, where there are models to spoil."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from epool_viz.data.networks.stored import read_arrays, write_arrays
from epool_viz.errors import FormatError


def test_arrays_come_back_with_what_they_mean(tmp_path, rng):
    arrays = {
        "wide": rng.normal(size=(2, 3, 5)),
        "turned": rng.normal(size=(4, 7)).T,
        "every other": rng.normal(size=11).astype(np.float32)[::2],
        "one": np.array(2.5),
        "whole": np.array([3, -1]),
    }
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, arrays, {"name": "β", "rate": 0.1}, kind="test")
    found, about = read_arrays(str(path), kind="test")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
    assert about == {"name": "β", "rate": 0.1, "format_version": 1, "kind": "test"}
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_arrays_make_the_same_file(tmp_path, rng):
    arrays = {name: rng.normal(size=(2, 3)) for name in "cab"}
    made = set()
    for i in range(12):
        write_arrays(tmp_path / str(i), arrays, {"name": "β"}, kind="test")
        made.add((tmp_path / str(i)).read_bytes())
    assert len(made) == 1


def test_numbers_that_json_cannot_hold_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_arrays(tmp_path / "x", {}, {"loss": float("nan")}, kind="test")
    assert not list(tmp_path.iterdir())


def test_a_model_is_read_without_torch(tmp_path):
    write_arrays(tmp_path / "x", {"a": np.zeros(2)}, {}, kind="model")
    code = f"""
import sys
from epool_viz import EpoolError, read_model
try:
    read_model({str(tmp_path / "x")!r})
except EpoolError as error:
    print(error)
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "without the settings of a model" in done.stdout


def test_a_named_error_tells_the_file(tmp_path):
    (tmp_path / "odd.safetensors").write_bytes(b"\0" * 8)
    with pytest.raises(FormatError, match=r"odd\.safetensors: found a header that is no JSON"):
        read_arrays(tmp_path / "odd.safetensors", kind="test")
