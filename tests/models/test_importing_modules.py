"""Modules of every kind: what the report says is held against what the module itself computes."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as torch writes it
from torch.nn.utils import parametrizations, prune

from epool_viz import MotifCNN, import_kernels, kernel_to_pwm, scan
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.models.pooling import ExpectationPooling

LENGTH = 61
POSITIVE = ("PWM: the score", "posterior is exact", "are the posterior", "reads the input")


def conv(**about: Any) -> nn.Conv1d:
    """3 kernels of 5 positions with biases."""
    return nn.Conv1d(4, 3, 5, **about)


def learnt(norm: Any) -> Any:
    """A batch-norm as it is after training."""
    for values in (norm.weight, norm.running_var):
        if values is not None:
            values.data.uniform_(0.5, 2)
    for values in (norm.bias, norm.running_mean):
        if values is not None:
            values.data.normal_()
    return norm


class Net(nn.Module):
    """Layers by name, and a forward pass that is given."""

    def __init__(self, forward: Callable[..., torch.Tensor], **layers: Any) -> None:
        super().__init__()
        self.way = forward
        for name, layer in layers.items():
            if isinstance(layer, nn.Parameter):
                self.register_parameter(name, layer)
            elif isinstance(layer, torch.Tensor):
                self.register_buffer(name, layer)
            else:
                setattr(self, name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.way(self, x)


def first_scores(model: nn.Module, x: torch.Tensor, layer: str = "c") -> np.ndarray:
    """What a convolution of the module gives, by a hook of the test's own."""
    kept: list[torch.Tensor] = []
    module = model.get_submodule(layer)
    handle = module.register_forward_hook(lambda _, __, output: kept.append(output.detach().clone()))
    try:
        with torch.no_grad():
            model.eval()(x)
    finally:
        handle.remove()
    return kept[0].double().numpy().reshape(len(x), 3, -1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(11)


@pytest.fixture
def codes(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 4, (2, LENGTH))


def one_hot(codes: np.ndarray) -> torch.Tensor:
    """(batch, letter, position)."""
    return torch.eye(4)[torch.from_numpy(codes)].transpose(1, 2)


def scores_by(read: ImportedKernels, codes: np.ndarray) -> np.ndarray:
    return scan(np.eye(4)[codes].transpose(0, 2, 1), read.kernels.astype(float), bias=read.bias.astype(float))


def claims(read: ImportedKernels) -> list[str]:
    said = [*read.assumptions, *read.statements]
    return [each for each in said if any(word in each for word in POSITIVE) and "if " not in each.lower()]


# what stands before, and can be folded in

MEAN, STD = torch.tensor([0.2, 0.3, 0.1, 0.4])[:, None], torch.tensor([0.5, 0.7, 0.2, 1.5])[:, None]
FOLDED: dict[str, Callable[[], tuple[nn.Module, Callable[[torch.Tensor], torch.Tensor]]]] = {
    "nothing": lambda: (Net(lambda s, x: s.c(x).amax(-1), c=conv()), lambda x: x),
    "batch-norm": lambda: (Net(lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=learnt(nn.BatchNorm1d(4))), lambda x: x),
    "batch-norm without weights": lambda: (
        Net(lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=learnt(nn.BatchNorm1d(4, affine=False))), lambda x: x),
    "functional batch-norm": lambda: (
        Net(lambda s, x: s.c(F.batch_norm(x, s.mean, s.var)), c=conv(), mean=torch.rand(4), var=torch.rand(4) + 1),
        lambda x: x),
    "scaling": lambda: (Net(lambda s, x: s.c(x * 2 - 1).amax(-1), c=conv()), lambda x: x),
    "division": lambda: (Net(lambda s, x: s.c(x / 255).amax(-1), c=conv()), lambda x: x),
    "mean and deviation": lambda: (
        Net(lambda s, x: s.c((x - s.mean) / s.std).amax(-1), c=conv(), mean=MEAN, std=STD), lambda x: x),
    "scaling in place": lambda: (Net(lambda s, x: s.c(x.clone().mul_(3).sub_(0.5)).amax(-1), c=conv()), lambda x: x),
    "a part changed in place": lambda: (Net(in_place, c=conv()), lambda x: x),
    "a view changed in place": lambda: (Net(through_a_view, c=conv()), lambda x: x),
    "channels indexed": lambda: (Net(lambda s, x: s.c(x[:, [2, 0, 3, 1]]).amax(-1), c=conv()), lambda x: x),
    "index_select": lambda: (
        Net(lambda s, x: s.c(x.index_select(1, s.order)).amax(-1), c=conv(), order=torch.tensor([1, 2, 3, 0])),
        lambda x: x),
    "channels turned": lambda: (Net(lambda s, x: s.c(x.flip(1)).amax(-1), c=conv()), lambda x: x),
    "channels last": lambda: (
        Net(lambda s, x: s.c(x.transpose(1, 2)).amax(-1), c=conv()), lambda x: x.transpose(1, 2)),
    "channels last, normed": lambda: (
        Net(lambda s, x: s.c(s.n(x.permute(0, 2, 1))).amax(-1), c=conv(), n=learnt(nn.BatchNorm1d(4))),
        lambda x: x.transpose(1, 2)),
    "dropout": lambda: (Net(lambda s, x: s.c(s.d(x)).amax(-1), c=conv(), d=nn.Dropout(0.5)), lambda x: x),
    "codes": lambda: (
        Net(lambda s, x: s.c(F.one_hot(x, 4).float().transpose(1, 2)).amax(-1), c=conv()), lambda x: x.argmax(1)),
    "an image of one row": lambda: (
        Net(lambda s, x: s.c(x).amax((2, 3)), c=nn.Conv2d(4, 3, (1, 5))), lambda x: x[:, :, None]),
    "an image of four rows": lambda: (
        Net(lambda s, x: s.c(x).amax((2, 3)), c=nn.Conv2d(1, 3, (4, 5))), lambda x: x[:, None]),
    "an image on its side": lambda: (
        Net(lambda s, x: s.c(x).amax((2, 3)), c=nn.Conv2d(1, 3, (5, 4))), lambda x: x.transpose(1, 2)[:, None]),
    "an axis added": lambda: (
        Net(lambda s, x: s.c(x.unsqueeze(1)).amax((2, 3)), c=nn.Conv2d(1, 3, (4, 5))), lambda x: x),
    "small numbers": lambda: (Net(lambda s, x: s.c(x * 1e-6).amax(-1), c=conv()), lambda x: x),
    "far from zero": lambda: (Net(lambda s, x: s.c(x * 0.25 + 20).amax(-1), c=conv()), lambda x: x),
    "several of them": lambda: (
        Net(lambda s, x: s.c(s.n(x.flip(1) * 2)[:, [1, 0, 2, 3]] + 0.5).amax(-1), c=conv(),
            n=learnt(nn.BatchNorm1d(4))), lambda x: x),
    "a logarithm": lambda: (Net(lambda s, x: s.c(torch.log(x + 0.1)).amax(-1), c=conv()), lambda x: x),
    "a softmax over the letters": lambda: (Net(lambda s, x: s.c(x.softmax(1)).amax(-1), c=conv()), lambda x: x),
    "a block of zeros beside": lambda: (Net(lambda s, x: s.c(F.pad(x, (0, 0))).amax(-1), c=conv()), lambda x: x),
}  # fmt: skip


def through_a_view(self: Net, x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, 1].mul_(3)
    x.T.sub_(0.25) if x.ndim == 2 else x[:, :, :].sub_(0.25)
    return self.c(x).amax(-1)


def in_place(self: Net, x: torch.Tensor) -> torch.Tensor:
    x = x.clone()
    x[:, 1] *= 3
    return self.c(x).amax(-1)


@pytest.mark.parametrize("case", FOLDED)
def test_letters_in_another_form_are_folded_in_exactly(case: str, codes: np.ndarray) -> None:
    model, given = FOLDED[case]()
    read = import_kernels(model)
    expected = first_scores(model, given(one_hot(codes)))
    np.testing.assert_allclose(scores_by(read, codes), expected, rtol=1e-5, atol=1e-5)
    assert read.reads_letters is True, read.statements
    assert read.difference is not None
    assert read.difference < 5e-5  # single precision; the order of the sums is that of the processor
    assert read.check.startswith("Checked against the model: ")
    assert read.statements[0].startswith("Each kernel is a PWM")


# what stands before, and cannot


class Reshaping(nn.Module):
    """A view that takes positions for letters."""

    def __init__(self) -> None:
        super().__init__()
        self.c = conv()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert x.shape[2] == 4
        return self.c(x.reshape(len(x), 4, -1)).amax(-1)


def lstm(self: Net, x: torch.Tensor) -> torch.Tensor:
    return self.c(self.l(x.transpose(1, 2))[0].transpose(1, 2)).amax(-1)


def attention(self: Net, x: torch.Tensor) -> torch.Tensor:
    x = x.transpose(1, 2)
    return self.c(self.l(x, x, x)[0].transpose(1, 2)).amax(-1)


NOT_LETTERS: dict[str, Callable[[], nn.Module]] = {
    "batch-norm without statistics": lambda: Net(
        lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=nn.BatchNorm1d(4, track_running_stats=False)),
    "functional batch-norm in training": lambda: Net(
        lambda s, x: s.c(F.batch_norm(x, s.mean, s.var, training=True)), c=conv(), mean=torch.rand(4),
        var=torch.rand(4) + 1),
    "instance norm": lambda: Net(lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=nn.InstanceNorm1d(4)),
    "LSTM": lambda: Net(lstm, c=conv(), l=nn.LSTM(4, 4, batch_first=True)),
    "attention": lambda: Net(attention, c=conv(), l=nn.MultiheadAttention(4, 2, batch_first=True)),
    "1×1 convolution": lambda: Net(lambda s, x: s.c(s.l(x)).amax(-1), l=nn.Conv1d(4, 4, 1), c=conv()),
    "dense": lambda: Net(
        lambda s, x: s.c(s.l(x.transpose(1, 2)).transpose(1, 2)).amax(-1), c=conv(), l=nn.Linear(4, 4)),
    "embedding": lambda: Net(
        lambda s, x: s.c(s.l(x).transpose(1, 2)).amax(-1), c=conv(), l=nn.Embedding(4, 4)),
    "a view that mixes": Reshaping,
    "the sequence turned": lambda: Net(lambda s, x: s.c(x.flip(-1)).amax(-1), c=conv()),
    "reverse complement": lambda: Net(lambda s, x: s.c(x.flip(1, 2)).amax(-1), c=conv()),
    "positions added": lambda: Net(
        lambda s, x: s.c(x + torch.arange(x.shape[-1]) / 9).amax(-1), c=conv()),
    "neighbours": lambda: Net(lambda s, x: s.c(F.avg_pool1d(x, 2)).amax(-1), c=conv()),
    "another convolution": lambda: Net(
        lambda s, x: s.c(s.l(x[:, :, None])[:, :, 0]).amax(-1), l=nn.ConvTranspose2d(4, 4, 1), c=conv()),
    "a running sum": lambda: Net(lambda s, x: s.c(x.cumsum(-1)).amax(-1), c=conv()),
    "active dropout": lambda: Net(lambda s, x: s.c(F.dropout(x, 0.5)).amax(-1), c=conv()),
    "a second axis to slide along": lambda: Net(
        lambda s, x: s.c(x[:, None]).amax((2, 3)), c=nn.Conv2d(1, 3, (4, 5), padding=(1, 2))),
    "small numbers of an LSTM": lambda: Net(
        lambda s, x: s.c(s.l(x.transpose(1, 2))[0].transpose(1, 2) * 1e-7).amax(-1), c=conv(),
        l=nn.LSTM(4, 4, batch_first=True)),
    "a small part beside letters": lambda: Net(
        lambda s, x: s.c(x + 1e-4 * x.roll(1, -1)).amax(-1), c=conv()),
    "two letters that meet": lambda: Net(lambda s, x: s.c(x[:, [0, 0, 1, 1]]).amax(-1), c=conv()),
    "a sum of two": lambda: Net(lambda s, x: s.c(x + s.l(x)).amax(-1), c=conv(), l=nn.Conv1d(4, 4, 3, padding=1)),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_LETTERS)
def test_kernels_behind_anything_else_claim_nothing(case: str) -> None:
    read = import_kernels(NOT_LETTERS[case](), layer="c")
    assert read.reads_letters is False
    assert not claims(read), claims(read)
    assert "stands before `c` and is not folded in" in read.statements[0]
    assert read.check.startswith("Not checked against the model: ")


def test_a_first_layer_that_reads_letters_is_taken_before_one_that_does_not() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        odd = self.behind(self.l(x.transpose(1, 2))[0].transpose(1, 2)).amax(-1)
        return odd + self.c(self.n(x)).amax(-1)

    model = Net(forward, behind=conv(), l=nn.LSTM(4, 4, batch_first=True), c=conv(), n=learnt(nn.BatchNorm1d(4)))
    assert import_kernels(model).layer == "c"


def test_batch_norm_before_is_left_alone_where_the_caller_says_so() -> None:
    model = Net(lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=learnt(nn.BatchNorm1d(4)))
    read = import_kernels(model, fold_batch_norm=False)
    np.testing.assert_array_equal(read.kernels, model.c.weight.detach())
    assert read.reads_letters is False
    assert "The batch-norm `n`, which stands before `c`, is left out, as you say." in read.assumptions


def test_a_view_whose_layout_is_not_known_leaves_a_condition() -> None:
    model = Net(lambda s, x: s.c(x.reshape(len(x), 4, -1)).amax(-1), c=conv())
    read = import_kernels(model)
    assert read.reads_letters is None
    assert read.statements[0].startswith("If it is given (batch, 4, length), and not (batch, length, 4)")
    assert not claims(read)


def test_letters_of_a_square_image_lie_where_the_module_takes_them(codes: np.ndarray) -> None:
    for size, given in ((61, (-1, 1, 4, 61)), (61, (-1, 1, 61, 4))):
        down = given[2] == 4
        layer = nn.Conv2d(1, 3, 4)

        def forward(self: Net, x: torch.Tensor, down: bool = down) -> torch.Tensor:
            assert x.ndim == 3
            assert x.shape[1 if down else 2] == 4
            return self.c(x[:, None]).amax((2, 3))

        read = import_kernels(Net(forward, c=layer))
        assert read.axes == ("kernel, 1, letter, position" if down else "kernel, 1, position, letter"), size
        assert (read.reads_letters, (read.difference or 0) < 1e-5) == (True, True)
        x = one_hot(codes)
        expected = first_scores(Net(lambda s, x: s.c(x), c=layer), (x if down else x.transpose(1, 2))[:, None])
        np.testing.assert_allclose(scores_by(read, codes), expected, rtol=1e-4, atol=1e-5)


def test_a_square_image_that_can_be_given_both_ways_is_asked_about() -> None:
    model = Net(lambda s, x: s.c(x).amax((2, 3)), c=nn.Conv2d(1, 3, 4))
    with pytest.raises(ArgumentError, match="can be read in 2 ways"):
        import_kernels(model)
    for axes in ("kernel, 1, letter, position", "kernel, 1, position, letter"):
        read = import_kernels(model, axes=axes)
        assert (read.axes, read.reads_letters, (read.difference or 0) < 1e-5) == (axes, True, True)


# weights in parts and functions


class Standardised(nn.Conv1d):
    """A convolution that standardises its weight when it is called."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = (self.weight - self.weight.mean((1, 2), keepdim=True)) / self.weight.std((1, 2), keepdim=True)
        return F.conv1d(x, weight, self.bias)


class Doubled(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x.exp()


def old_weight_norm(dim: int | None) -> nn.Module:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(conv(), dim=dim)  # type: ignore[no-any-return]


def pruned() -> nn.Module:
    layer = conv()
    prune.l1_unstructured(layer, "weight", amount=0.4)
    prune.l1_unstructured(layer, "bias", amount=1)
    return layer


def parametrized() -> nn.Module:
    layer = conv()
    torch.nn.utils.parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


PARTS: dict[str, Callable[[], nn.Module]] = {
    "plain": conv,
    "spectral": lambda: parametrizations.spectral_norm(conv()),
    "old spectral": lambda: nn.utils.spectral_norm(conv()),
    **{f"weight norm {dim}": lambda dim=dim: parametrizations.weight_norm(conv(), dim=dim) for dim in (0, 1, 2, None)},
    **{f"old weight norm {dim}": lambda dim=dim: old_weight_norm(dim) for dim in (0, 1, 2, None)},
    "pruned": pruned,
    "parametrized": parametrized,
    "orthogonal": lambda: parametrizations.orthogonal(conv()),
    "standardised": lambda: Standardised(4, 3, 5),
    "float64": lambda: conv().double(),
    "lazy, that has run": lambda: has_run(nn.LazyConv1d(3, 5)),
}  # fmt: skip


def has_run(layer: nn.Module) -> nn.Module:
    layer(torch.zeros(1, 4, 9))
    return layer


@pytest.mark.parametrize("case", PARTS)
@pytest.mark.parametrize("bare", [True, False])
def test_weights_in_parts_are_what_the_module_computes_with(case: str, bare: bool, codes: np.ndarray) -> None:
    layer = PARTS[case]()
    model = layer if bare else nn.Sequential(layer, nn.ReLU())
    with torch.no_grad():
        expected = layer.eval()(one_hot(codes).to(next(layer.parameters()).dtype)).double().numpy()
    read = import_kernels(model.train())
    np.testing.assert_allclose(scores_by(read, codes), expected, rtol=1e-4, atol=1e-4)
    assert read.bias_is_known
    assert read.reads_letters
    assert read.layer == ("the convolution" if bare else "0")
    assert model.training


def test_a_state_that_was_loaded_counts_and_not_what_was_there_before(codes: np.ndarray) -> None:
    other, layer = old_weight_norm(0), old_weight_norm(0)
    layer.load_state_dict(other.state_dict())  # `weight` is stale until it runs
    with torch.no_grad():
        expected = other(one_hot(codes)).numpy()
    np.testing.assert_allclose(scores_by(import_kernels(layer), codes), expected, rtol=1e-4, atol=1e-4)


def test_a_function_with_parameters_is_a_convolution_too(codes: np.ndarray) -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        return F.conv1d(x, self.motifs, self.offsets, padding=2).relu().amax(-1)

    model = Net(forward, motifs=nn.Parameter(torch.randn(3, 4, 5)), offsets=nn.Parameter(torch.randn(3)))
    read = import_kernels(model)
    with torch.no_grad():
        expected = F.conv1d(one_hot(codes), model.motifs, model.offsets).numpy()
    np.testing.assert_allclose(scores_by(read, codes), expected, rtol=1e-4, atol=1e-4)
    assert (read.layer, read.padding, read.activation, read.pooling) == ("motifs", "same", "relu", "max")
    softmaxed = Net(lambda s, x: F.conv1d(x, s.motifs.softmax(1)).amax(-1), motifs=model.motifs)
    np.testing.assert_allclose(import_kernels(softmaxed).kernels.sum(1), 1, rtol=1e-5)


def test_a_module_without_numbers_is_refused() -> None:
    with pytest.raises(FormatError, match="found weights without numbers, on the device `meta`"):
        import_kernels(nn.Sequential(nn.Conv1d(4, 3, 5, device="meta")))


def test_lazy_layers_that_have_not_run_are_refused() -> None:
    with pytest.raises(FormatError, match="found weights that are not there yet; accepted: a module whose lazy layers"):
        import_kernels(nn.Sequential(nn.LazyConv1d(3, 5)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_modules_in_half_precision_are_read(dtype: torch.dtype, codes: np.ndarray) -> None:
    layer = conv().to(dtype)
    read = import_kernels(nn.Sequential(layer, nn.ReLU()))
    np.testing.assert_array_equal(read.kernels, layer.weight.detach().float())
    assert read.reads_letters


def test_a_module_that_asks_for_half_precision_is_run_as_it_stands() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        assert x.dtype == torch.bfloat16
        return self.c(x).relu().amax(-1)

    model = Net(forward, c=conv().to(torch.bfloat16))
    read = import_kernels(model)
    assert (read.reads_letters, read.activation) == (True, "relu")
    assert (read.difference or 0) < 2e-2
    assert import_kernels(model, flip=True).reads_letters is False


def test_warnings_of_a_module_neither_end_its_pass_nor_reach_the_caller() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        warnings.warn("an old habit", DeprecationWarning, stacklevel=1)
        return self.c(x).amax(-1)

    read = import_kernels(Net(forward, c=nn.Conv1d(4, 3, 6, padding="same")))
    assert (read.reads_letters, read.padding, read.pooling) == (True, "same", "max")


# how it is laid


@pytest.mark.parametrize(
    ("about", "padding", "said"),
    [
        ({}, "valid", ""),
        ({"padding": 2}, "same", "partial sums"),
        ({"padding": "same", "dilation": 3}, "same", "partial sums"),
        ({"padding": 4}, "4 columns before and 4 behind", "no log odds"),
        ({"padding": 2, "padding_mode": "circular"}, "circular", "no log odds"),
        ({"padding": 2, "padding_mode": "reflect"}, "reflect", "no log odds"),
        ({"stride": 3}, "valid", "every 3rd window"),
        ({"stride": 3, "padding": 2, "dilation": 2}, "2 columns before and 2 behind", "every 3rd window"),
        ({"dilation": 2}, "valid", ""),
    ],
)
def test_what_the_convolution_does_at_the_ends_and_between_is_told_and_checked(
    about: dict, padding: str, said: str, codes: np.ndarray
) -> None:
    read = import_kernels(nn.Sequential(conv(**about), nn.ReLU()))
    assert read.padding == padding
    assert said in " ".join(read.statements)
    assert read.reads_letters
    assert (read.difference or 0) < 1e-5


@pytest.mark.parametrize(
    ("pad", "padding"),
    [
        (nn.ConstantPad1d((2, 2), 0.0), "same"),
        (nn.ConstantPad1d((2, 2), 0.25), "columns of other numbers than 0"),
        (nn.ConstantPad1d((3, 1), 0.0), "3 columns before and 1 behind"),
        (nn.CircularPad1d(2), "columns that vary with the letters"),
        (nn.ConstantPad1d((-2, 0), 0.0), "letters at the ends are left out"),
        (nn.ConstantPad1d((0, -1), 0.0), "letters at the ends are left out"),
    ],
)
def test_what_is_put_at_the_ends_before_the_convolution_is_told(pad: nn.Module, padding: str) -> None:
    read = import_kernels(nn.Sequential(pad, conv()))
    assert (read.padding, read.reads_letters) == (padding, True)
    assert (read.difference or 0) < 1e-5


# what follows


def seq(*behind: nn.Module, first: nn.Module | None = None) -> nn.Module:
    return nn.Sequential(first or conv(), *behind)


def two_ways(self: Net, x: torch.Tensor) -> torch.Tensor:
    h = self.c(x)
    return torch.cat([h.amax(-1), h.mean(-1)], 1)


def given_back(self: Net, x: torch.Tensor) -> Any:
    h = self.c(x)
    return h, h.amax(-1)


def gated(self: Net, x: torch.Tensor) -> torch.Tensor:
    return (self.c(x) * self.l(x)).amax(-1)


def f(forward: Callable[..., Any], **more: Any) -> nn.Module:
    return Net(forward, c=conv(), **more)


LINEAR = nn.Linear(3, 1)
FOLLOWS: dict[str, tuple[Callable[[], nn.Module], str | None, str | None, bool]] = {
    "nothing": (lambda: seq(), "identity", None, True),
    "relu": (lambda: seq(nn.ReLU()), "relu", None, True),
    "relu, max": (lambda: seq(nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1)), "relu", "max", True),
    "relu in place": (lambda: seq(nn.ReLU(inplace=True), nn.AdaptiveMaxPool1d(1)), "relu", "max", True),
    "one relu twice": (lambda: f(lambda s, x: s.l(s.r(s.c(x)).amax(-1)), r=nn.ReLU(), l=LINEAR), "relu", "max", True),
    "max with values": (lambda: f(lambda s, x: s.c(x).max(-1)[0]), "identity", "max", True),
    "max over kernels": (lambda: f(lambda s, x: s.c(x).amax(1)), None, None, False),
    "max over all": (lambda: f(lambda s, x: s.c(x).flatten(1).amax(-1)), None, None, False),
    "mean": (lambda: f(lambda s, x: s.c(x).sigmoid().mean(2)), "sigmoid", "average", True),
    "logsumexp": (lambda: f(lambda s, x: s.c(x).logsumexp(-1)), "identity", "logsumexp", True),
    "sum": (lambda: f(lambda s, x: s.c(x).sum(-1)), None, None, False),
    "exp, mean": (lambda: f(lambda s, x: s.c(x).exp().mean(-1)), "exponential", "average", True),
    "local": (lambda: seq(nn.MaxPool1d(4), nn.AdaptiveMaxPool1d(1)), "identity", "local max, max", True),
    "clamp": (lambda: f(lambda s, x: s.c(x).clamp(min=0).amax(-1)), "relu", "max", True),
    "softplus": (lambda: seq(nn.Softplus()), "softplus", None, True),
    "a sharper softplus": (lambda: seq(nn.Softplus(3.0)), "softplus of beta 3", None, True),
    "a sharper softplus by a function": (lambda: f(lambda s, x: F.softplus(s.c(x), beta=3)), None, None, False),
    "clip": (lambda: f(lambda s, x: s.c(x).clamp(0, 4).amax(-1)), "clip", "max", True),
    "transposed": (lambda: f(lambda s, x: s.c(x).transpose(1, 2).amax(1)), "identity", "max", True),
    "two activations": (lambda: seq(nn.ReLU(), nn.Tanh(), nn.AdaptiveMaxPool1d(1)), "relu, tanh", "max", True),
    "dropout": (lambda: seq(nn.Dropout(0.4), nn.ReLU(), nn.AdaptiveMaxPool1d(1)), "relu", "max", True),
    "active dropout": (lambda: f(lambda s, x: F.dropout(s.c(x), 0.5).amax(-1)), None, None, False),
    "two ways": (lambda: f(two_ways), None, None, False),
    "given back": (lambda: f(given_back), None, None, False),
    "gated": (lambda: f(gated, l=nn.Conv1d(4, 3, 5)), None, None, False),
    "another convolution": (lambda: seq(nn.ReLU(), nn.Conv1d(3, 2, 3), nn.AdaptiveMaxPool1d(1)), "relu", None, False),
    "attention": (lambda: f(lambda s, x: s.l(s.c(x).transpose(1, 2))[0].amax(1), l=nn.LSTM(3, 2, batch_first=True)),
                  None, None, False),
    "batch-norm behind relu": (lambda: seq(nn.ReLU(), learnt(nn.BatchNorm1d(3)), nn.AdaptiveMaxPool1d(1)), "relu",
                               None, False),
    "batch-norm without statistics": (lambda: seq(nn.BatchNorm1d(3, track_running_stats=False),
                                                  nn.AdaptiveMaxPool1d(1)), None, None, False),
    "an unknown layer": (lambda: seq(nn.GLU(1), first=nn.Conv1d(4, 6, 5)), None, None, False),
    "dense over positions": (lambda: seq(nn.Linear(57, 2)), None, None, False),
    "dense over all": (lambda: seq(nn.ReLU(), nn.Flatten(), nn.Linear(3 * 57, 2)), "relu", None, True),
    "positions picked": (lambda: f(lambda s, x: s.c(x)[:, :, ::2].amax(-1)), None, None, False),
    "a maximum of stretches that leaves some out": (lambda: seq(nn.MaxPool1d(50), nn.Flatten(), nn.Linear(3, 1)),
                                                    "identity", "local max", False),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLLOWS)
def test_what_follows_is_what_the_numbers_say_or_not_known(case: str) -> None:
    make, activation, pooling, is_known = FOLLOWS[case]
    read = import_kernels(make())
    assert (read.activation, read.pooling) == (activation, pooling), read.statements
    assert read.reads_letters
    said = " ".join(read.statements)
    assert ("which is not followed" in said) == (not is_known), said
    if not is_known:
        assert "No pooling over the whole sequence follows" not in said


def test_a_rectifier_that_does_more_is_not_taken_for_one() -> None:
    model = seq(nn.ReLU(), nn.AdaptiveMaxPool1d(1))
    model[1].register_forward_hook(lambda _, __, output: output + 1)
    read = import_kernels(model)
    assert (read.activation, read.pooling) == (None, None)
    assert "Then comes `1` (ReLU), which is not followed" in read.statements[-1]


def test_a_layer_that_is_used_twice_is_followed_no_further() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        return torch.maximum(self.c(x.flip(1, 2)).amax(-1), self.c(x).amax(-1))

    read = import_kernels(Net(forward, c=conv()))
    assert read.reads_letters
    assert (read.activation, read.pooling) == (None, None)
    assert "another use of `c`, of 2" in read.statements[-1]
    assert (read.difference or 0) < 1e-5


@pytest.mark.parametrize("mode", [0, 1])
def test_what_expectation_pooling_weighs_by_its_mode(mode: int) -> None:
    read = import_kernels(nn.Sequential(conv(), ExpectationPooling(m=2.0, mode=mode, local_window=1)))
    assert ("are the posterior of the E-step" in read.statements[-1]) == (mode == 0)
    assert ("leaves out the windows below the mean" in read.statements[-1]) == (mode == 1)


# batch-norm behind


@pytest.mark.parametrize("how", ["layer", "function", "shift and factor", "double"])
def test_what_scales_the_scores_straight_after_is_folded_in(how: str, codes: np.ndarray) -> None:
    norm = learnt(nn.BatchNorm1d(3, eps=0.03))
    ways: dict[str, Callable[[Net, torch.Tensor], torch.Tensor]] = {
        "layer": lambda s, x: s.n(s.c(x)),
        "function": lambda s, x: F.batch_norm(s.c(x), s.n.running_mean, s.n.running_var, s.n.weight, s.n.bias, eps=0.2),
        "shift and factor": lambda s, x: s.c(x) * s.k + 3,
        "double": lambda s, x: s.n(s.n(s.c(x)) / 2),
    }
    model = Net(lambda s, x: ways[how](s, x).relu().amax(-1), c=conv(), n=norm, k=torch.rand(3, 1) + 0.5)
    read = import_kernels(model)
    with torch.no_grad():
        expected = ways[how](model.eval(), one_hot(codes)).numpy()
    np.testing.assert_allclose(scores_by(read, codes), expected, rtol=1e-4, atol=1e-4)
    assert (read.activation, read.pooling) == ("relu", "max")
    assert (read.difference or 0) < 1e-5
    if how in ("layer", "function"):
        plain = import_kernels(model, fold_batch_norm=False)
        np.testing.assert_array_equal(plain.kernels, model.c.weight.detach())
        assert plain.activation is None
        assert (plain.difference or 0) < 1e-5


# several, and none


def test_several_convolutions_of_the_input_are_all_named() -> None:
    class Towers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.towers = nn.ModuleList(nn.Conv1d(4, 3, width) for width in (3, 5, 7))
            self.top = nn.Conv1d(4, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([each(x).amax(-1) for each in self.towers], 1)

    read = import_kernels(Towers())
    assert read.candidates == ("towers.0.weight (3, 4, 3)", "towers.1.weight (3, 4, 5)", "towers.2.weight (3, 4, 7)")
    assert read.assumptions[0] == (
        "`towers.0` is taken, the first of 3 that read the input; others: 'towers.1', 'towers.2'."
    )
    assert (import_kernels(Towers(), layer="towers.2").difference or 0) < 1e-5


def test_several_inputs_are_all_named() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.right, self.left = nn.Conv1d(4, 3, 5), nn.Conv1d(4, 2, 7)

        def forward(self, one: torch.Tensor, other: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
            return torch.cat([self.left(other).amax(-1), self.right(one).amax(-1)], 1) * scale

    read = import_kernels(Two())
    assert "The module takes 2 inputs: `one`, `other`." in read.assumptions
    assert "`left` reads `other`." in read.assumptions
    assert "`right` reads `one`." in read.assumptions
    assert (read.layer, read.reads_letters) == ("left", True)
    assert (read.difference or 0) < 1e-5


def test_inputs_side_by_side_are_no_letters() -> None:
    class Beside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c = nn.Conv1d(8, 3, 5)

        def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            return self.c(torch.cat([one, other], 1)).amax(-1)

    with pytest.raises(FormatError, match=r"found the weights c\.weight \(3, 8, 5\)"):
        import_kernels(Beside())


@pytest.mark.parametrize("kind", ["groups", "transposed"])
def test_what_is_no_plain_convolution_is_not_offered(kind: str) -> None:
    layer = nn.Conv1d(4, 4, 5, groups=4) if kind == "groups" else nn.ConvTranspose1d(4, 4, 5)
    named = r"0\.weight \(4, 1, 5\)" if kind == "groups" else r"no convolution, but `0` \(ConvTranspose1d\)"
    with pytest.raises(FormatError, match=f"found .*{named}; accepted: a convolution that reads 4 or 20 letters"):
        import_kernels(nn.Sequential(layer))


def test_a_way_that_depends_on_the_numbers_leaves_a_condition() -> None:
    model = Net(lambda s, x: s.c(x) if x.sum() > 0 else s.d(x), c=conv(), d=conv())
    read = import_kernels(model)
    assert (read.layer, read.reads_letters) == ("c", None)
    assert "another sequence takes the same way" in read.statements[0]
    assert not claims(read)


def test_a_module_that_cannot_be_run_says_so() -> None:
    class Batch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c = conv(stride=2, bias=False)

        def forward(self, batch: Any) -> torch.Tensor:
            return self.c(batch["sequence"])

    read = import_kernels(Batch())
    assert read.reads_letters is None
    assert read.assumptions[0].startswith("The forward pass cannot be followed")
    assert read.check.startswith("Not checked against the model: it could not be run on one-hot letters (")
    assert read.bias_is_known
    assert "every 2nd window" in " ".join(read.statements)
    assert not claims(read)


@pytest.mark.parametrize("n", [1000, 137])
def test_a_length_that_the_model_asks_for_is_found(n: int) -> None:
    pooled = (n - 4) // 4
    model = nn.Sequential(conv(), nn.MaxPool1d(4), nn.Flatten(), nn.Linear(3 * pooled, 1))
    read = import_kernels(model)
    assert "could not be run further" not in " ".join(read.statements)
    whole = nn.Sequential(conv(), nn.ReLU(), nn.MaxPool1d(n - 4), nn.Flatten(), nn.Linear(3, 1))
    assert import_kernels(whole).reads_letters


def test_a_maximum_over_as_many_windows_as_there_are_is_one_over_all() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        return self.l(self.p(self.c(x.view(-1, 4, 200))).flatten(1))

    model = Net(forward, c=conv(), p=nn.MaxPool1d(196), l=nn.Linear(3, 1))
    assert import_kernels(model).pooling == "max"
    model.p = nn.MaxPool1d(190)
    assert import_kernels(model).pooling == "local max"


# the check


def test_a_reading_that_is_not_what_the_module_computes_is_overturned() -> None:
    model = nn.Sequential(conv(), nn.ReLU(), nn.AdaptiveMaxPool1d(1))
    for wrong in ({"flip": True}, {"letters": "TGCA", "axes": "kernel, letter, position", "flip": True}):
        read = import_kernels(model, **wrong)
        assert read.reads_letters is False
        assert "it does not agree" in read.check
        assert read.statements == (read.statements[0],)
        assert "not what `0` computes" in read.statements[0]
    assert import_kernels(model, letters="TGCA").reads_letters
    five = nn.Sequential(nn.Conv1d(5, 3, 5), nn.ReLU())
    assert (import_kernels(five, letters="ACGTN").difference or 0) < 1e-5


def test_a_motif_cnn_is_checked_by_its_own_scores() -> None:
    for preset in ("paper", "exact"):
        read = import_kernels(MotifCNN(n_kernels=3, width=6, preset=preset, seed=2))
        assert read.reads_letters
        assert (read.difference or 0) < 1e-5
        assert read.check.startswith("Checked against the model: ")


def test_protein_is_run_as_protein() -> None:
    read = import_kernels(nn.Sequential(nn.Conv1d(20, 3, 5), nn.ReLU()))
    assert (read.alphabet.name, read.reads_letters) == ("protein", True)
    assert "(batch, 20, length)" in read.check


def test_a_difference_counts_however_small_the_scores_are() -> None:
    layer = conv()
    with torch.no_grad():
        layer.weight.mul_(1e-6)
        layer.bias.zero_()
    assert (import_kernels(nn.Sequential(layer)).difference or 0) < 1e-5
    assert import_kernels(nn.Sequential(layer), flip=True).reads_letters is False


def test_a_pass_of_too_many_numbers_is_followed_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    from epool_viz.models import watching

    monkeypatch.setattr(watching, "_MOST_HELD", 5000)
    read = import_kernels(nn.Sequential(conv(), *(nn.ReLU() for _ in range(20)), nn.AdaptiveMaxPool1d(1)))
    assert read.pooling is None
    assert "could not be run (MemoryError: more numbers come of the input" in read.statements[-1]


# it is left as it was


class Noisy(nn.Module):
    """Draws numbers, counts its calls, keeps what it saw, and cannot be copied where `fixed`."""

    def __init__(self, fixed: bool) -> None:
        super().__init__()
        self.c = conv()
        self.n = nn.BatchNorm1d(3)
        self.d = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(()))
        self.seen: list[int] = []
        self.last: Any = None
        if fixed:
            self.lock = (x for x in ())  # a generator has no copy

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen.append(len(x))
        self.last = x
        noise = torch.rand(1) + np.random.rand() * 0
        return (self.n(self.c(self.d(x))) + 0 * noise).amax(-1)


@pytest.mark.parametrize("fixed", [False, True])
def test_a_module_is_left_as_it_was(fixed: bool) -> None:
    model = Noisy(fixed)
    model.train()
    model.n.eval()
    model.d.weight_of_user = 3  # type: ignore[assignment]
    heard: list[int] = []
    handle = model.c.register_forward_hook(lambda *_: heard.append(1))
    model(torch.rand(2, 4, 9)).sum().backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradient, n_heard = model.c.weight.grad.clone(), len(heard)
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(5)
    np.random.seed(5)
    read = import_kernels(model)
    assert read.reads_letters
    torch.testing.assert_close(torch.rand(3), expected[0], rtol=0, atol=0)
    np.testing.assert_array_equal(np.random.rand(3), expected[1])
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    torch.testing.assert_close(model.c.weight.grad, gradient, rtol=0, atol=0)
    assert (model.training, model.c.training, model.n.training) == (True, True, False)
    assert (model.seen, len(model.last)) == ([2], 2)
    assert len(model.c._forward_hooks) == 1
    handle.remove()
    assert not model.c._forward_hooks
    assert n_heard == 1
    assert torch.is_grad_enabled()


def test_the_ppm_of_a_module_behind_a_batch_norm_is_that_of_the_folded_kernel(codes: np.ndarray) -> None:
    norm = learnt(nn.BatchNorm1d(4))
    model = Net(lambda s, x: s.c(s.n(x)).amax(-1), c=conv(), n=norm)
    read = import_kernels(model)
    factor = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().numpy()
    by_hand = kernel_to_pwm(model.c.weight.detach().numpy().astype(float) * factor[:, None]).ppm
    np.testing.assert_allclose(kernel_to_pwm(read.kernels).ppm, by_hand, rtol=1e-5)
    assert math.isclose(by_hand.sum(), 15, rel_tol=1e-6)


def pooled(self: Net, x: torch.Tensor) -> torch.Tensor:
    return F.relu(self.c(x)).amax(-1)


UNITS: dict[str, Callable[..., Any]] = {
    "the unit alone": lambda s, x: s.fc(pooled(s, x)),
    "one number a sequence": lambda s, x: s.fc(pooled(s, x)).squeeze(-1),
    "a sigmoid on it": lambda s, x: torch.sigmoid(s.fc(pooled(s, x))[:, 0]),
    "a function": lambda s, x: F.linear(pooled(s, x), s.fc.weight),
}
OTHER_UNITS: dict[str, Callable[..., Any]] = {
    "turned round before it": lambda s, x: s.fc(pooled(s, x).flip(1)),
    "another order before it": lambda s, x: F.linear(pooled(s, x)[:, [2, 0, 1]], s.fc.weight),
    "moved on before it": lambda s, x: s.fc(pooled(s, x).roll(1, 1)),
    "its negative": lambda s, x: -s.fc(pooled(s, x)),
    "taken from nothing": lambda s, x: 0 - s.fc(pooled(s, x)),
    "the other class": lambda s, x: 1 - torch.sigmoid(s.fc(pooled(s, x))),
    "the sigmoid of its negative": lambda s, x: torch.sigmoid(-s.fc(pooled(s, x))),
    "an exponential of its negative": lambda s, x: torch.exp(-s.fc(pooled(s, x))),
    "a second unit": lambda s, x: s.fc1(s.fc(pooled(s, x))),
    "a multiple": lambda s, x: s.fc(pooled(s, x)) * 3,
    "a square": lambda s, x: s.fc(pooled(s, x)) ** 2,
    "a rectifier": lambda s, x: F.relu(s.fc(pooled(s, x)) + 50),
    "the mean of the sequences": lambda s, x: s.fc(pooled(s, x)).mean().reshape(1, 1),
    "the sequences turned round": lambda s, x: s.fc(pooled(s, x)).flip(0),
    "a share of one letter": lambda s, x: s.fc(pooled(s, x)) + x[:, 1].mean(-1, keepdim=True),
}


@pytest.mark.parametrize("case", UNITS)
def test_the_weights_of_a_unit_that_is_the_output_are_told(case: str) -> None:
    model = Net(UNITS[case], c=conv(), fc=nn.Linear(3, 1))
    read = import_kernels(model)
    assert read.output_weights is not None
    np.testing.assert_allclose(read.output_weights, model.fc.weight[0].detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("case", OTHER_UNITS)
def test_the_weights_of_a_unit_are_not_known_where_order_sign_or_scale_may_be_others(case: str) -> None:
    read = import_kernels(Net(OTHER_UNITS[case], c=conv(), fc=nn.Linear(3, 1), fc1=nn.Linear(1, 1)))
    assert (read.output_weights, read.pooling) == (None, "max")


def test_a_hook_that_changes_what_a_unit_gives_leaves_its_weights_unknown() -> None:
    model = Net(UNITS["the unit alone"], c=conv(), fc=nn.Linear(3, 1))
    model.fc.register_forward_hook(lambda _, __, out: -out)
    assert import_kernels(model).output_weights is None


def both_strands(self: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x, x.flip(1).flip(2)], -1)


def twice(self: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x.flip(2), torch.zeros_like(x[..., :5]), x], -1)


@pytest.mark.parametrize("joined", [both_strands, twice])
def test_columns_that_vary_with_the_letters_beside_them_leave_a_condition(joined: Any) -> None:
    read = import_kernels(Net(lambda s, x: s.fc(F.relu(s.c(joined(s, x))).amax(-1)), c=conv(), fc=nn.Linear(3, 1)))
    assert (read.reads_letters, read.padding) == (None, "columns that vary with the letters")
    assert "If the columns that are joined to the letters, and vary with them as another strand" in read.statements[0]


def test_columns_that_stay_the_same_beside_the_letters_are_padding() -> None:
    model = Net(lambda s, x: s.c(torch.cat([x, s.more.expand(len(x), 4, 9)], -1)), c=conv(), more=torch.rand(4, 9))
    read = import_kernels(model)
    assert (read.reads_letters, read.padding) == (True, "columns of other numbers than 0")


GATES: dict[str, tuple[Callable[..., torch.Tensor], str]] = {
    "a share": (lambda s, x: x * (x[:, 1:2].mean(-1, keepdim=True) < 0.6), "sequences of one letter"),
    "a share of the batch": (lambda s, x: x * (x[:, 3].mean() < 0.9), "sequences of one letter"),
    "neighbours": (
        lambda s, x: x * ((x[:, 1, 1:] * x[:, 2, :-1]).mean(-1)[:, None, None] < 0.4),
        "sequences of two letters",
    ),
    "an unknown letter": (lambda s, x: x * x.sum(1).amin(-1)[:, None, None], "sequences with unknown letters"),
    "a length": (lambda s, x: x if x.shape[-1] < 100 else x.cumsum(-1), "sequences of another length"),
    "a short one": (lambda s, x: x if x.shape[-1] > 50 else x * 2, "sequences of another length"),
}


@pytest.mark.parametrize("case", GATES)
def test_a_gate_that_random_letters_do_not_set_off_overturns_the_claim(case: str) -> None:
    gate, said = GATES[case]
    read = import_kernels(Net(lambda s, x: s.c(gate(s, x)), c=conv()))
    assert (read.reads_letters, read.difference) == (False, None)
    assert f"Something that treats {said} differently stands before `c`" in read.statements[0]
    assert not claims(read)


def test_weights_that_are_others_for_another_length_overturn_the_claim() -> None:
    model = Net(lambda s, x: F.conv1d(x, s.c.weight * (1 if x.shape[-1] < 500 else 2), s.c.bias), c=conv())
    assert import_kernels(model).reads_letters is False


def test_what_follows_is_not_known_where_it_goes_by_the_length() -> None:
    def forward(self: Net, x: torch.Tensor) -> torch.Tensor:
        scores = F.relu(self.c(x))
        return self.fc(scores.amax(-1) if x.shape[-1] < 200 else scores.mean(-1))

    read = import_kernels(Net(forward, c=conv(), fc=nn.Linear(3, 1)))
    assert (read.reads_letters, read.activation, read.pooling, read.output_weights) == (True, "relu", None, None)
    assert "a place behind which the forward pass goes by the length" in read.statements[-1]


def test_a_sequence_that_is_cut_to_a_length_is_read_as_letters() -> None:
    read = import_kernels(Net(lambda s, x: s.c(x[..., :300]), c=conv()))
    assert read.reads_letters is True


class Turned(MotifCNN):
    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        return -super().forward(sequences)


@pytest.mark.parametrize("kind", ["a subclass", "a hook"])
def test_a_motif_cnn_that_was_changed_is_read_as_any_module(kind: str) -> None:
    model = (Turned if kind == "a subclass" else MotifCNN)(n_kernels=3, width=5, preset="exact")
    if kind == "a hook":
        model.output.register_forward_hook(lambda _, __, out: -out)
    read = import_kernels(model)
    assert (read.format, read.output_weights) == ("torch module", None)


class Halved(ExpectationPooling):
    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return super().forward(scores) / -2


@pytest.mark.parametrize("kind", ["a subclass", "a hook"])
def test_a_pooling_that_was_changed_is_not_called_what_it_was(kind: str) -> None:
    pooling = Halved(1.0) if kind == "a subclass" else ExpectationPooling(1.0)
    if kind == "a hook":
        pooling.register_forward_hook(lambda _, __, out: out / -2)
    read = import_kernels(nn.Sequential(conv(), pooling, nn.Linear(3, 1)))
    assert (read.pooling, read.output_weights) == (None, None)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_batch_norm_in_training_mode_is_told_as_the_module_computes_otherwise_now(
    place: str, codes: np.ndarray
) -> None:
    norm = learnt(nn.BatchNorm1d(4 if place == "before" else 3))
    model = nn.Sequential(*([norm, conv()] if place == "before" else [conv(), norm])).train()
    name = "0" if place == "before" else "1"
    read = import_kernels(model)
    [told] = [said for said in read.assumptions if "in training mode" in said]
    assert told.startswith(f"`{name}` is in training mode")
    assert norm.training
    with torch.no_grad():
        now = copy.deepcopy(model)(one_hot(codes)).numpy()
        later = copy.deepcopy(model).eval()(one_hot(codes)).numpy()
    np.testing.assert_allclose(scores_by(read, codes), later, rtol=0, atol=1e-5)
    assert not np.allclose(now, scores_by(read, codes), rtol=0, atol=1e-2)
    assert not any("in training mode" in said for said in import_kernels(model.eval()).assumptions)
    left_out = import_kernels(model.train(), fold_batch_norm=False)
    assert not any("in training mode" in said for said in left_out.assumptions)
