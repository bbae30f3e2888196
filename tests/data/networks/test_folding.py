"""What stands before and after a convolution: folded in exactly, or nothing is claimed across it."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

from epool_viz import import_kernels, scan
from epool_viz.core.types import Array
from epool_viz.data.networks.checking import checked, held_against, largest_difference, not_checked
from epool_viz.data.networks.kernel_text import as_text, from_text
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions, assemble
from epool_viz.data.networks.network_layers import TORCH_1D, Convolution, Network, Scores, Step, tensor_of

CODES = np.array([[0, 1, 2, 3, 3, 0, 2, 1, 1, 0, 3], [2, 2, 0, 1, 3, 1, 0, 0, 2, 3, 1]])
POSITIVE = ("PWM", "posterior is exact", "its weights are the posterior", "is the convolution that reads the input")


@pytest.fixture
def weight(rng: np.random.Generator) -> Array:
    """3 kernels of 5 positions."""
    return rng.normal(size=(3, 4, 5))


def onehot(codes: Array = CODES, letters: str = "ACGT") -> Array:
    """(batch, letter, position) with the rows in the order of `letters`."""
    return np.eye(4)[codes].transpose(0, 2, 1)[:, ["ACGT".index(each) for each in letters]]


def batch_norm(rng: np.random.Generator, n: int, name: str = "bn") -> Step:
    held = {"gamma": rng.normal(size=n), "beta": rng.normal(size=n), "mean": rng.normal(size=n)}
    tensors = {each: tensor_of(f"{name}.{each}", values) for each, values in held.items()}
    tensors["variance"] = tensor_of(f"{name}.variance", rng.uniform(0.3, 2, n))
    return Step("batch_norm", name, "BatchNorm1d", tensors, 0.01)


def scale(name: str = "centre", **held: Any) -> Step:
    return Step("scale", name, "mul", {each: tensor_of(each, np.asarray(values)) for each, values in held.items()})


def run(step: Step, x: Array) -> Array:
    """What a step makes of (batch, row, position), written out by hand."""
    held = {name: tensor.read().reshape(-1, 1) for name, tensor in step.tensors.items()}
    if step.kind == "letters":
        return x[:, list(step.order)]
    if step.kind == "scale":
        return x * held.get("factor", 1) + held.get("shift", 0)
    if step.kind == "batch_norm":
        normed = (x - held["mean"]) / np.sqrt(held["variance"] + step.epsilon)
        return normed * held["gamma"] + held["beta"]
    return x


def read(weight: Array, reading: ImportOptions | None = None, **about: Any) -> ImportedKernels:
    bias = tensor_of("conv.bias", np.array([0.5, -1, 2]))
    conv = Convolution("conv", tensor_of("conv.weight", weight), bias, TORCH_1D, **about)
    return assemble(Network("the model", "made by hand", (conv,)), reading or ImportOptions())


def claims(read: ImportedKernels) -> list[str]:
    return [each for each in (*read.assumptions, *read.statements) if any(word in each for word in POSITIVE)]


CHAINS = {
    "batch-norm": lambda rng: [batch_norm(rng, 4)],
    "scaling": lambda rng: [scale(factor=[2.0, -1, 3, 0.5], shift=[-1.0])],
    "one number for all": lambda rng: [scale(factor=[2.0]), scale("shift", shift=[0.25])],
    "letters": lambda rng: [Step("letters", "swap", order=(2, 0, 3, 1))],
    "dropout and reshape": lambda rng: [Step("aside", "drop"), Step("reshape", "t", "permute")],
    "all of them": lambda rng: [
        batch_norm(rng, 4), Step("aside", "drop"), Step("letters", "swap", order=(1, 2, 3, 0)),
        scale(factor=[2.0, -1, 3, 0.5], shift=rng.normal(size=4)), Step("letters", "again", order=(2, 0, 3, 1)),
        batch_norm(rng, 4, "second"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("letters", ["ACGT", "GTCA"])
def test_what_stands_before_is_folded_in_exactly(
    chain: str, letters: str, weight: Array, rng: np.random.Generator
) -> None:
    before = tuple(CHAINS[chain](rng))
    found = read(weight, ImportOptions(letters=letters), before=before, after=())
    x = onehot(letters=letters)
    for step in before:
        x = run(step, x)
    expected = scan(x, weight, bias=np.array([0.5, -1, 2]))
    np.testing.assert_allclose(scan(onehot(), found.kernels, bias=found.bias), expected, rtol=1e-12, atol=1e-12)
    assert found.reads_letters is True
    assert found.statements[0].startswith("Each kernel is a PWM")


def test_a_shift_goes_into_the_bias_so_that_an_unknown_letter_keeps_it(weight: Array, rng: np.random.Generator) -> None:
    step = batch_norm(rng, 4)
    found = read(weight, before=(step,), after=())
    x = onehot()
    x[:, :, [0, 5, 10]] = 0
    expected = scan(run(step, x), weight, bias=np.array([0.5, -1, 2]))
    np.testing.assert_allclose(scan(x, found.kernels, bias=found.bias), expected, rtol=1e-12, atol=1e-12)


def test_padding_behind_a_folded_shift_is_told(weight: Array) -> None:
    shifted = read(weight, before=(scale(shift=[0.5]),), after=(), padding="same")
    assert "It pads the ends behind the shift that is folded in" in shifted.statements[1]
    plain = read(weight, before=(scale(factor=[0.5]),), after=(), padding="same")
    assert "partial sums, no log odds" in plain.statements[1]


@pytest.mark.parametrize(
    "step",
    [
        Step("other", "lstm", "LSTM"),
        Step("dense", "fc", "Linear"),
        Step("activation", "act", "relu"),
        Step("pooling", "pool", "local max"),
        scale("odd", factor=[1.0, 2, 3]),
        Step("letters", "pick", order=(0, 1, 2)),
        Step("letters", "twice", order=(0, 0, 2, 3)),
    ],
    ids=lambda step: step.name,
)
def test_nothing_is_claimed_across_what_is_not_known(step: Step, weight: Array, rng: np.random.Generator) -> None:
    pooled = (Step("pooling", "pool", "expectation"),)
    for before in ((step,), (batch_norm(rng, 4), step), (step, batch_norm(rng, 4))):
        found = read(weight, before=before, after=pooled)
        assert found.reads_letters is False
        assert f"`{step.name}`" in found.statements[0]
        assert "stands before `conv` and is not folded in" in found.statements[0]
        assert not [each for each in claims(found) if "no PWM and no posterior is claimed" not in each]
        assert found.statements[-1] == "It pools the expectation."


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_batch_norm_is_left_alone_where_the_caller_says_so(
    place: str, weight: Array, rng: np.random.Generator
) -> None:
    step = batch_norm(rng, 4 if place == "before" else 3)
    about: dict[str, Any] = {"before": (), "after": (), place: (step,)}
    found = read(weight, ImportOptions(fold_batch_norm=False), **about)
    np.testing.assert_array_equal(found.kernels, weight)
    assert any("`bn`" in each and "is left out, as you say." in each for each in found.assumptions)
    if place == "before":
        assert found.reads_letters is False
    else:
        assert found.activation is None
        assert "Then comes `bn` (a batch-norm), which is not followed" in found.statements[-1]


def test_without_a_word_on_what_stands_before_every_claim_has_a_condition(weight: Array) -> None:
    for after in (None, (), (Step("activation", "a", "relu"), Step("pooling", "p", "max"))):
        found = read(weight, before=None, after=after)
        assert found.reads_letters is None
        assert found.statements[0].startswith("If nothing stands before `conv`")
        for claim in claims(found):
            assert "if nothing stands before" in claim.lower() or "if it reads letters" in claim.lower(), claim


def test_scalings_and_batch_norms_straight_after_are_folded_in_one_by_one(
    weight: Array, rng: np.random.Generator
) -> None:
    steps = (scale(shift=rng.normal(size=3)), Step("aside", "drop"), batch_norm(rng, 3), scale("twice", factor=[2.0]))
    found = read(weight, before=(), after=(*steps, Step("activation", "a", "relu")))
    expected = scan(onehot(), weight, bias=np.array([0.5, -1, 2]))
    for step in steps:
        expected = run(step, expected)
    np.testing.assert_allclose(scan(onehot(), found.kernels, bias=found.bias), expected, rtol=1e-12, atol=1e-12)
    assert found.activation == "relu"


def test_a_reading_against_what_is_known_leaves_a_condition(weight: Array) -> None:
    assert read(weight, ImportOptions(flip=False, axes="kernel, letter, position"), before=(), after=()).reads_letters
    for reading in (ImportOptions(flip=True), ImportOptions(axes="kernel, position, letter")):
        stored = weight if reading.axes is None else weight.transpose(0, 2, 1)
        found = read(stored, reading, before=(), after=())
        assert found.reads_letters is None
        assert "as you say and its framework does not" in found.statements[0]


# what follows

RELU, TANH = Step("activation", "r", "relu"), Step("activation", "t", "tanh")
MAX, LOCAL = Step("pooling", "m", "max"), Step("pooling", "l", "local max")
OTHER, FLAT = Step("other", "attention", "MultiheadAttention"), Step("reshape", "f", "Flatten")
DENSE = Step("dense", "out", "Linear", {"weight": tensor_of("w", np.arange(3.0))})


@pytest.mark.parametrize(
    ("after", "activation", "pooling", "is_known"),
    [
        ((), "identity", None, True),
        ((RELU,), "relu", None, True),
        ((RELU, MAX), "relu", "max", True),
        ((MAX, OTHER), "identity", "max", True),
        ((RELU, TANH, MAX), "relu, tanh", "max", True),
        ((LOCAL, MAX), "identity", "local max, max", True),
        ((FLAT, DENSE), "identity", None, True),
        ((OTHER, MAX), None, None, False),
        ((RELU, OTHER), "relu", None, False),
        ((LOCAL, RELU, MAX), "identity", "local max", False),
        ((FLAT, MAX), None, None, False),
        ((DENSE, MAX), None, None, False),
    ],
)
def test_a_walk_that_meets_something_unknown_ends_in_not_known(
    after: tuple[Step, ...], activation: str | None, pooling: str | None, is_known: bool, weight: Array
) -> None:
    found = read(weight, before=(), after=after)
    assert (found.pooling, found.output_weights) == (pooling, None)
    assert found.activation == activation
    said = " ".join(found.statements)
    assert ("is not followed" in said) == (not is_known)
    assert ("No pooling over the whole sequence follows" in said) == (is_known and pooling is None)


def test_output_weights_are_those_of_pooled_values_only(weight: Array) -> None:
    np.testing.assert_array_equal(read(weight, before=(), after=(MAX, DENSE)).output_weights, np.arange(3))
    for after in ((LOCAL, FLAT, DENSE), (FLAT, DENSE), (MAX, RELU, DENSE)):
        assert read(weight, before=(), after=after).output_weights is None


@pytest.mark.parametrize(
    ("after", "padding", "is_claimed"),
    [((), "valid", True), ((RELU,), "valid", False), ((LOCAL,), "valid", False), ((), "same", True)],
)
def test_the_weights_of_expectation_pooling_are_a_posterior_of_raw_scores_only(
    after: tuple[Step, ...], padding: str, is_claimed: bool, weight: Array
) -> None:
    found = read(weight, before=(), after=(*after, Step("pooling", "e", "expectation")), padding=padding)
    assert ("its weights are the posterior of the E-step" in found.statements[-1]) == is_claimed
    assert ("but for the windows over the padding" in found.statements[-1]) == (padding == "same")


@pytest.mark.parametrize(
    ("after", "end"), [((), "No pooling"), ((OTHER,), "Then comes `attention`"), ((MAX,), "The ex")]
)
def test_an_exponential_does_not_hide_what_follows(after: tuple[Step, ...], end: str, weight: Array) -> None:
    found = read(weight, before=(), after=(Step("activation", "e", "exponential"), *after))
    assert found.statements[1].startswith("The exponential of a score is the likelihood ratio of its window")
    assert found.statements[-1].startswith(end)


# the bias


def test_a_bias_that_is_not_there_is_taken_as_0_and_said_so(weight: Array) -> None:
    conv = Convolution("conv", tensor_of("conv.weight", weight), None, TORCH_1D, after=(), before=())
    unknown = assemble(Network("m", "f", (conv,)), ImportOptions())
    known = assemble(Network("m", "f", (dataclasses.replace(conv, has_no_bias=True),)), ImportOptions())
    assert (unknown.bias_is_known, known.bias_is_known) == (False, True)
    assert any("0 is taken" in each for each in unknown.assumptions)
    assert "The convolution has no bias." in known.assumptions
    assert read(weight).bias_is_known


# the check


def test_kernels_that_agree_with_the_model_say_by_how_much(weight: Array) -> None:
    found = read(weight, before=(), after=())
    scores = scan(onehot(), found.kernels, bias=found.bias) + 1e-6
    difference = largest_difference(found, CODES, scores)
    held = checked(found, difference or 0)
    assert held.check == f"Checked against the model: {difference:.1g}."
    assert (held.reads_letters, held.statements) == (True, found.statements)
    assert held.difference is not None
    assert 0 < held.difference <= 1e-6


@pytest.mark.parametrize("window", [0, 3, 6])
def test_one_window_that_differs_overturns_every_claim(window: int, weight: Array) -> None:
    found = read(weight, before=(), after=())
    scores = scan(onehot(), found.kernels, bias=found.bias)
    scores[1, 2, window] += 0.1 * np.abs(scores).max()
    held = checked(found, largest_difference(found, CODES, scores) or 0)
    assert held.reads_letters is False
    assert "does not agree" in held.check
    assert "not what `conv` computes" in held.statements[0]
    assert len(held.statements) == 1


def test_windows_over_the_padding_and_between_strides_take_no_part(weight: Array) -> None:
    found = read(weight, before=(), after=())
    whole = scan(onehot(), found.kernels, bias=found.bias)
    same = scan(onehot(), found.kernels, bias=found.bias, padding="same")
    same[:, :, [0, 1, -1, -2]] += 9
    assert (largest_difference(found, CODES, same, first=-2) or 0) < 1e-12
    assert (largest_difference(found, CODES, whole[:, :, 1::3], first=1, stride=3) or 0) < 1e-12
    assert (largest_difference(found, CODES, whole[:, :, 1::3], first=0, stride=3) or 0) > 1e-3
    assert largest_difference(found, CODES, whole[:, :2]) == float("inf")
    assert largest_difference(found, CODES, whole[:, :, :2], first=-9) is None


def test_what_is_known_of_kernels_is_kept(weight: Array) -> None:
    found = read(weight, before=(), after=())
    for held in (
        checked(found, 3e-7),
        checked(found, 0.25),
        checked(found, float("inf")),
        not_checked(found, "nothing runs it"),
        import_kernels(weight),
    ):
        kept = from_text(as_text(held))
        for name in ("check", "reads_letters", "bias_is_known", "statements"):
            assert getattr(kept, name) == getattr(held, name)
        assert kept.difference == (None if held.difference == float("inf") else held.difference)
    assert "Infinity" not in as_text(checked(found, float("inf")))


def half(values: Array, kind: str) -> Array:
    """Rounded to the digits that half precision keeps: 11, or 8 of bfloat16."""
    digits = {"float16": 11, "bfloat16": 8}[kind]
    size = 2.0 ** (np.floor(np.log2(np.abs(values))) + 1 - digits)
    return np.round(values / size) * size


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
@pytest.mark.parametrize("wrong", [0.0, 0.02, 0.2])
def test_rounding_of_half_precision_is_told_from_kernels_that_are_wrong(kind: str, wrong: float, weight: Array) -> None:
    conv = Convolution(
        "conv", tensor_of("conv.weight", weight), None, TORCH_1D, (), at_input=True, before=(), has_no_bias=True
    )
    found = assemble(Network("m", "f", (conv,)), ImportOptions())
    largest = np.abs(weight).max()

    def run(layer: str, onehot_of: Any, with_norms: bool, says: str = kind) -> Scores:
        kernels = half(weight.astype(np.float64), kind)
        scores = half(np.asarray(scan(onehot_of(None), kernels)), kind)
        scores[-1, -1, -1] += wrong * largest * weight.shape[2]
        return Scores(scores, 0, 1, "a test", says)

    held = held_against(Network("m", "f", (conv,), run=run), found, ImportOptions())
    assert held.reads_letters is (not wrong)
    assert ("the rounding of half precision" in held.check) is (not wrong)
    says_nothing = Network("m", "f", (conv,), run=functools.partial(run, says=""))
    assert held_against(says_nothing, found, ImportOptions()).reads_letters is False
