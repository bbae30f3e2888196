"""The axes of a weight: what the file knows decides, and where two readings are left the reader asks."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from epool_viz import import_kernels
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.data.networks.network_layers import (
    KERAS_2D,
    TORCH_1D,
    TORCH_2D,
    guess_axes,
    in_order,
    possible_axes,
    readings,
)
from epool_viz.errors import AmbiguousAxesError, ArgumentError, FormatError
from epool_viz.jobs.parsing import parse_kernels_limited


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


# what a shape allows


@pytest.mark.parametrize("roles", [None, TORCH_1D, TORCH_2D, KERAS_2D])
@pytest.mark.parametrize(
    "shape", [(3, 4, 5), (4, 4, 4), (7, 1, 4, 4), (4, 4, 1, 7), (3, 1, 4, 9), (9, 4, 1, 3), (2, 3, 5)]
)
def test_every_reading_is_one_that_the_shape_allows(shape: tuple, roles: tuple | None) -> None:
    found = readings(shape, roles, 4)
    assert set(found) <= set(possible_axes(shape, 4))
    assert len(set(found)) == len(found)
    assert guess_axes(shape, roles, 4) == (found[0] if found else None)


def test_an_image_of_four_rows_and_four_columns_has_two_readings_until_its_input_is_known() -> None:
    assert readings((7, 1, 4, 4), TORCH_2D, 4) == (
        ("kernel", "1", "letter", "position"),
        ("kernel", "1", "position", "letter"),
    )
    pinned = ("kernel", "1", "position", "letter")
    assert readings((7, 1, 4, 4), pinned, 4) == (pinned,)
    assert readings((7, 1, 5, 4), ("kernel", "1", "letter", "position"), 4) == ()


# lists of weights


def test_weights_of_keras_lie_as_the_length_of_their_bias_says(rng: np.random.Generator) -> None:
    wanted, bias = rng.normal(size=(3, 4, 7)), rng.normal(size=3)
    dense = rng.normal(size=(3, 1))
    for given in (
        [wanted.transpose(2, 1, 0), bias, dense, np.zeros(1)],
        npz(arr_0=wanted.transpose(2, 1, 0), arr_1=bias, arr_2=dense, arr_3=np.zeros(1)),
    ):
        read = import_kernels(given)
        np.testing.assert_array_equal(read.kernels, wanted)
        np.testing.assert_array_equal(read.bias, bias)
        assert read.axes == "position, letter, kernel"
        assert read.bias_is_known


def test_weights_in_the_order_of_torch_are_told_by_their_bias_too(rng: np.random.Generator) -> None:
    wanted, bias = rng.normal(size=(3, 4, 7)), rng.normal(size=3)
    read = import_kernels([wanted, bias, rng.normal(size=(1, 3))])
    np.testing.assert_array_equal(read.kernels, wanted)
    np.testing.assert_array_equal(read.bias, bias)


@pytest.mark.parametrize(
    ("shape", "length"),
    [((3, 4, 3), 3), ((4, 4, 4), 4), ((7, 4, 3), None), ((4, 4, 1, 3), 3), ((3, 1, 4, 4), 3)],
    ids=["as wide as many", "all four", "no bias", "an image", "an image of torch"],
)
def test_weights_that_can_be_read_in_two_ways_are_asked_about(
    rng: np.random.Generator, shape: tuple, length: int | None
) -> None:
    weight = rng.normal(size=shape)
    rest = [rng.normal(size=length)] if length else []
    with pytest.raises(AmbiguousAxesError) as caught:
        import_kernels([weight, *rest, np.ones((5, 1))])
    assert "`axes` is not given, and weight_0" in str(caught.value)
    found = [import_kernels([weight, *rest, np.ones((5, 1))], axes=each) for each in caught.value.readings]
    assert len({each.kernels.tobytes() for each in found}) == len(found) >= 2


def test_the_statistics_of_a_batch_norm_are_not_taken_for_a_bias(rng: np.random.Generator) -> None:
    weight = rng.normal(size=(7, 4, 3))
    four = [rng.uniform(1, 2, 3) for _ in range(4)]
    alone = import_kernels([weight, *four])
    np.testing.assert_array_equal(alone.kernels, weight.transpose(2, 1, 0))
    assert not alone.bias.any()
    assert not alone.bias_is_known
    bias = rng.normal(size=3)
    np.testing.assert_array_equal(import_kernels([weight, bias, *four]).bias, bias)


def test_a_list_of_arrays_that_are_no_weights_is_named() -> None:
    with pytest.raises(ArgumentError, match=r"`source` is a list of arrays of different shapes.*get_weights"):
        import_kernels([np.ones((4, 7)), np.ones((4, 9))])


# names


@pytest.mark.parametrize("name", ["conv1d/kernel:0", "model/conv1d/kernel", "params.Conv_0.kernel", "kernel"])
def test_the_name_that_a_framework_gives_decides(rng: np.random.Generator, name: str) -> None:
    wanted, bias = rng.normal(size=(4, 4, 6)), rng.normal(size=4)
    arrays = {name: wanted.transpose(2, 1, 0), name.replace("kernel", "bias"): bias}
    for given in (arrays, npz(**arrays)):
        read = import_kernels(given)
        np.testing.assert_array_equal(read.kernels, wanted)
        np.testing.assert_array_equal(read.bias, bias)


def test_a_bias_with_a_name_tells_which_axis_counts_the_kernels(rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 7))
    read = import_kernels({"first": wanted.transpose(2, 1, 0), "first_bias": np.arange(3.0)})
    np.testing.assert_array_equal(read.kernels, wanted)
    np.testing.assert_array_equal(read.bias, [0, 1, 2])


def test_an_array_alone_lies_as_arrays_do_here_and_the_other_readings_are_named(rng: np.random.Generator) -> None:
    read = import_kernels(rng.normal(size=(3, 4, 7)))
    assert read.axes == "kernel, letter, position"
    assert read.reads_letters is None
    assert any("would also allow position, letter, kernel, which axes= takes" in each for each in read.assumptions)
    with pytest.raises(AmbiguousAxesError, match=r"kernels \(3, 7, 4\) can be read in 2 ways"):
        import_kernels(rng.normal(size=(3, 7, 4)))


# files


def keras_weights(shape: tuple[int, ...], name: str = "scan") -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.attrs["layer_names"] = [name.encode()]
        group = file.create_group(name)
        group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
        group[f"{name}/kernel:0"] = np.arange(np.prod(shape), dtype="f4").reshape(shape)
        group[f"{name}/bias:0"] = np.zeros(shape[-1], "f4")
    return out.getvalue()


def test_an_image_whose_weights_alone_are_kept_is_asked_about() -> None:
    raw = keras_weights((4, 4, 1, 3))
    with pytest.raises(AmbiguousAxesError, match=r'"letter, position, 1, kernel" or "position, letter, 1, kernel"'):
        import_kernels(raw)
    first = import_kernels(raw, axes="letter, position, 1, kernel").kernels
    np.testing.assert_array_equal(import_kernels(raw, axes="position, letter, 1, kernel").kernels, first.swapaxes(1, 2))


def test_the_dashboards_show_the_question_and_take_the_answer() -> None:
    raw = keras_weights((4, 4, 1, 3))
    asked = parse_kernels_limited(raw, name="w.h5")
    assert asked.reads_letters is None
    assert asked.statements == (asked.assumptions[-1],)
    assert (
        "may be position, letter, 1, kernel. Say which under axes; until then nothing is claimed" in asked.statements[0]
    )
    assert not any("as you say" in each for each in asked.assumptions)
    answered = parse_kernels_limited(raw, name="w.h5", reading=ImportOptions(axes="position, letter, 1, kernel"))
    np.testing.assert_array_equal(answered.kernels, asked.kernels.swapaxes(1, 2))
    assert "as you say" in " ".join(answered.assumptions)


def safetensors(name: str, values: np.ndarray, dtype: str = "F32") -> bytes:
    entry: dict[str, Any] = {"dtype": dtype, "shape": values.shape, "data_offsets": [0, values.nbytes]}
    text = json.dumps({name: entry}).encode()
    return len(text).to_bytes(8, "little") + text + values.tobytes()


def test_flax_kernels_in_safetensors_lie_as_flax_has_them(rng: np.random.Generator) -> None:
    wanted = rng.normal(size=(3, 4, 7)).astype("f4")
    raw = safetensors("params.Conv_0.kernel", np.ascontiguousarray(wanted.transpose(2, 1, 0)))
    np.testing.assert_array_equal(import_kernels(raw).kernels, wanted)


def test_layers_of_safetensors_come_in_the_order_of_their_numbers(tmp_path: Path, rng: np.random.Generator) -> None:
    arrays = {f"layers.{i}.weight": rng.normal(size=(3, 4, 2 + i)).astype("f4") for i in range(12)}
    save_file(arrays, tmp_path / "m.safetensors")
    read = import_kernels(tmp_path / "m.safetensors")
    assert [each.partition(".weight")[0] for each in read.candidates] == [f"layers.{i}" for i in range(12)]


def test_a_name_is_sorted_by_its_numbers() -> None:
    names = ["conv1d", "conv1d_2", "conv1d_10", "layers.2.a", "layers.10", "layers.10.b"]
    assert sorted({*names}, key=in_order) == names


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "I8", "U8", "%s", "F4"])
def test_packed_weights_are_refused_by_the_name_of_their_type(dtype: str) -> None:
    raw = safetensors("c.weight", np.zeros((3, 4, 5), np.int8), dtype)
    with pytest.raises(
        FormatError, match=rf"no convolution .*`c\.weight` \(3, 4, 5\) of type {dtype}; accepted: .* F16, BF16"
    ):
        import_kernels(raw)


def test_packed_weights_beside_others_are_named(tmp_path: Path, rng: np.random.Generator) -> None:
    arrays = {"b.weight": rng.normal(size=(3, 4, 5)).astype("f4"), "a.weight": np.ones((3, 4, 7), np.int8)}
    save_file(arrays, tmp_path / "m.safetensors")
    read = import_kernels(tmp_path / "m.safetensors")
    assert read.layer == "b"
    assert any(each.startswith("`a.weight` (3, 4, 7) of type I8 is not read") for each in read.assumptions)


@pytest.mark.parametrize("shape", [(1, 6, 4, 11), (6, 1, 4, 11), (6, 4, 1, 11), (6, 4, 11, 1), (11, 1, 4, 6)])
def test_an_image_alone_is_asked_about_wherever_its_single_axis_lies(
    shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    values = rng.normal(size=shape)
    with pytest.raises(AmbiguousAxesError) as caught:
        import_kernels(values)
    with pytest.raises(AmbiguousAxesError):
        import_kernels({"kernels": values})
    assert len(caught.value.readings) == 2
    taken = [import_kernels(values, axes=each) for each in caught.value.readings]
    assert {each.kernels.shape for each in taken} == {(6, 4, 11), (11, 4, 6)}
    for each in taken:
        assert set(each.possible_axes) == set(caught.value.readings)
        assert not any("nothing else fits" in said for said in each.assumptions)


def test_a_bias_tells_of_an_image_which_axis_counts_the_kernels(rng: np.random.Generator) -> None:
    values = rng.normal(size=(1, 6, 4, 11))
    for n, shape in ((6, (6, 4, 11)), (11, (11, 4, 6))):
        read = import_kernels({"scan": values, "scan_bias": rng.normal(size=n)})
        assert read.kernels.shape == shape
        assert any("nothing else fits what stands beside it" in said for said in read.assumptions)
