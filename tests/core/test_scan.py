from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.core.alphabet import DNA, PROTEIN, one_hot, reverse_complement
from epool_viz.core.scan import scan, scan_both_strands, whole_windows, window_starts
from epool_viz.errors import ArgumentError, ShapeError


def random_letters(rng, *shape):
    """Codes with an unknown letter here and there."""
    return rng.integers(-1, 4, size=shape).astype(np.int8)


def by_lookup(codes, kernel, bias, i):
    """The score of window i as its definition reads, letter by letter."""
    return bias + sum(
        kernel[codes[i + j], j] for j in range(kernel.shape[1]) if 0 <= i + j < len(codes) and codes[i + j] >= 0
    )


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_scan_equals_letter_by_letter_lookup_from_first_to_last_window(backend, rng, padding):
    codes, kernels, bias = random_letters(rng, 2, 11), rng.normal(size=(3, 4, 5)), np.array([0.5, -2, 1])
    scores = scan(backend(one_hot(codes)), backend(kernels), bias=bias, padding=padding)
    assert backend.is_mine(scores)
    starts = window_starts(scores.shape[-1], 5, padding)
    assert (starts[0], starts[-1]) == {"valid": (0, 6), "same": (-2, 8)}[padding]
    expected = [[[by_lookup(s, k, b, i) for i in starts] for k, b in zip(kernels, bias, strict=True)] for s in codes]
    np.testing.assert_allclose(scores, expected, rtol=backend.rtol, atol=1e-5 if backend.dtype == "float32" else 1e-12)


@pytest.mark.filterwarnings(
    "ignore:Using padding='same' with even kernel lengths:UserWarning"
)  # torch, of its own cost
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("width", [1, 4, 5])
def test_scan_is_torch_conv1d_without_a_flip(rng, padding, width):
    onehot, kernels, bias = one_hot(random_letters(rng, 2, 11)), rng.normal(size=(3, 4, width)), rng.normal(size=3)
    reference = torch.nn.functional.conv1d(*map(torch.asarray, (onehot, kernels, bias)), padding=padding)
    np.testing.assert_allclose(scan(onehot, kernels, bias=bias, padding=padding), reference, rtol=1e-12, atol=1e-12)


def test_scan_drops_the_axes_that_the_input_does_not_have(rng):
    onehot, kernels = one_hot(random_letters(rng, 2, 11)), rng.normal(size=(3, 4, 5))
    full = scan(onehot, kernels)
    assert full.shape == (2, 3, 7)
    np.testing.assert_array_equal(scan(onehot[1], kernels), full[1])
    np.testing.assert_array_equal(scan(onehot, kernels[2]), full[:, 2])
    np.testing.assert_array_equal(scan(onehot[1], kernels[2]), full[1, 2])


def test_scan_reads_proteins(rng):
    text, kernel = "MKVLAX", rng.normal(size=(20, 3))
    codes = PROTEIN.encode(text)
    expected = [by_lookup(codes, kernel, 0, i) for i in range(4)]
    np.testing.assert_allclose(scan(one_hot(codes, PROTEIN), kernel), expected, rtol=1e-12)


def test_scan_passes_gradients_to_kernel_and_bias(tensor, rng):
    kernel, bias = tensor(rng.normal(size=(3, 4, 5))), tensor(rng.normal(size=3))
    onehot = torch.asarray(one_hot(random_letters(rng, 2, 11)))
    assert torch.autograd.gradcheck(lambda k, b: scan(onehot, k, bias=b, padding="same"), (kernel, bias))


@pytest.mark.parametrize(
    ("onehot", "kernel", "options", "message"),
    [
        ((4, 9), (3, 5), {}, r"`kernel` is of 3 letters against 4 of the sequence; accepted: the same letters in both"),
        ((4, 4), (4, 5), {}, r"`onehot` is 4 letters long; accepted: at least the kernel's width, 5"),
        ((4, 9), (2, 2, 4, 5), {}, r"`kernel` is of shape \(2, 2, 4, 5\); accepted: \(kernel, letter, width\)"),
        ((4, 0), (4, 5), {}, r"`onehot` is of shape \(4, 0\); accepted: \(batch, letter, length\)"),
        ((4, 9), (2, 4, 5), {"bias": np.zeros(3)}, r"`bias` is of shape \(3,\); accepted: a number, or shape \(2,\)"),
    ],
)
def test_scan_names_the_argument_that_does_not_fit(onehot, kernel, options, message):
    with pytest.raises(ShapeError, match=message):
        scan(np.zeros(onehot), np.zeros(kernel), **options)


def test_scan_lists_the_paddings():
    with pytest.raises(ArgumentError, match="`padding` is 'full'; accepted: 'valid', 'same'"):
        scan(np.zeros((4, 9)), np.zeros((4, 5)), padding="full")


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_both_strands_are_the_scan_of_the_other_strand_read_backwards(backend, rng, padding):
    codes, kernel = random_letters(rng, 12), rng.normal(size=(4, 5))
    both = scan_both_strands(backend(one_hot(codes)), backend(kernel), bias=0.3, padding=padding)
    forward, reverse = np.split(np.asarray(both), 2)
    other = scan(one_hot(reverse_complement(codes)), kernel, bias=0.3, padding=padding)[::-1]
    np.testing.assert_allclose(forward, scan(one_hot(codes), kernel, bias=0.3, padding=padding), rtol=1e-5)
    # width 5 is odd, so that "same" pads both ends alike
    np.testing.assert_allclose(reverse, other, rtol=1e-5)


@given(st.text("ACGTN", min_size=1, max_size=20), st.integers(1, 8), st.sampled_from(["valid", "same"]))
def test_whole_windows_are_those_that_hold_width_known_letters(text, width, padding):
    codes = DNA.encode(text)
    n_windows = len(text) - width + 1 if padding == "valid" else len(text)
    if n_windows < 1:
        with pytest.raises(ShapeError, match=f"`onehot` is {len(text)} letters long; accepted: at least the width"):
            whole_windows(one_hot(codes), width, padding=padding)
        return
    expected = [
        i >= 0 and i + width <= len(text) and "N" not in text[i : i + width]
        for i in window_starts(n_windows, width, padding)
    ]
    np.testing.assert_array_equal(whole_windows(one_hot(codes), width, padding=padding), expected)


def test_whole_windows_of_torch_are_those_of_numpy(rng):
    onehot = one_hot(random_letters(rng, 2, 13))
    np.testing.assert_array_equal(whole_windows(torch.asarray(onehot), 3), whole_windows(onehot, 3))
