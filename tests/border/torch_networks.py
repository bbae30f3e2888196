"""Networks of torch, kept as modules, state dicts of every kind, and exports."""

from __future__ import annotations

import copy
import dataclasses
import logging
import math
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it
from torch.nn.utils import parametrizations, parametrize, prune

from epool_viz.models.pooling import ExpectationPooling
from tests.border.networks import (
    BATCH,
    KERNELS,
    LENGTH,
    LETTERS,
    WIDTH,
    Array,
    Behind,
    Example,
    Stage,
    canonical,
    onehot,
    window_starts,
)
from tests.torch_export import keep_operators

MODULE, UNTRACEABLE, STATE, FILE, OLD_FILE, CHECKPOINT, SAFETENSORS, NPZ, LEGACY, DYNAMO = (
    "torch module",
    "torch module that cannot be traced",
    "state dict",
    "torch .pt",
    "old torch .pt",
    "torch checkpoint",
    "safetensors",
    "npz",
    "torch onnx",
    "torch onnx dynamo",
)
SHOWING = (MODULE, LEGACY, DYNAMO)  # ways that keep what stands around the weights
KEEPING = (STATE, FILE, OLD_FILE, CHECKPOINT, SAFETENSORS, NPZ)
_LAYOUT = ("lay", "lay2")  # parts that belong to the layer: they only bring the letters into its order


class Does(nn.Module):
    """A function within a forward pass."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *x: Any) -> Any:
        return self.function(*x)


class Holds(nn.Module):
    """A function of the input and numbers of its own."""

    def __init__(self, function: Callable[..., Any], **values: torch.Tensor) -> None:
        super().__init__()
        self.function = function
        for name, value in values.items():
            self.register_buffer(name, value)
        self.names = tuple(values)

    def forward(self, x: Any) -> Any:
        return self.function(x, *(getattr(self, name) for name in self.names))


class Along(nn.Module):
    """A layer of (batch, position, channel) within ones of (batch, channel, position)."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        given = self.layer(x.transpose(1, 2))
        return (given[0] if isinstance(self.layer, nn.RNNBase) else given).transpose(1, 2)


class Attends(nn.Module):
    """Attention pooling: the weights come from scores of their own."""

    def __init__(self, kernels: int) -> None:
        super().__init__()
        self.score = nn.Conv1d(kernels, 1, 1)

    def forward(self, x: Any) -> Any:
        return (torch.softmax(self.score(x), dim=-1) * x).sum(-1)


class Winding(nn.Module):
    """A forward pass that looks at the numbers, which no tracing follows."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x) if float(x.sum()) > -1e9 else x


def settled(model: nn.Module) -> nn.Module:
    """Statistics as if learnt, and evaluation mode."""
    for layer in model.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is not None:
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
        if (
            isinstance(layer, nn.modules.batchnorm._BatchNorm | nn.InstanceNorm1d | nn.LayerNorm)
            and layer.weight is not None
        ):
            layer.weight.data.uniform_(-2, 2)
            layer.bias.data.normal_()
    return model.eval()


class Joined(nn.Sequential):
    """A chain whose first part takes two inputs."""

    def forward(self, x: Any, y: Any) -> Any:  # type: ignore[override]
        first, *rest = self
        x = first(x, y)
        for part in rest:
            x = part(x)
        return x


def net(**parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(parts))


def conv(letters: int = LETTERS, kernels: int = KERNELS, width: int = WIDTH, **options: Any) -> nn.Conv1d:
    return nn.Conv1d(letters, kernels, width, **options)


# the truth


def outputs(model: nn.Sequential, x: Any) -> dict[str, Any]:
    """What each part gives."""
    given = {}
    with torch.no_grad():
        for name, part in model.named_children():
            x = part(*x) if isinstance(x, tuple) else part(x)
            given[name] = x
    return given


def stages_of(
    model: nn.Sequential,
    x: Any,
    letters: torch.Tensor,
    *,
    kernels: int,
    stage: str = "conv",
    foldable: str = "norm",
    activated: str | None = "act",
    names: Sequence[str] = (),
    pool_names: Sequence[str] = (),
    pools: bool | None = None,
    local_kind: str = "",
    left: int = 0,
    stride: int = 1,
    shift: int = 0,
    layer: str = "conv",
    begins: Sequence[str] = (),
    also: Sequence[float] = (),
    judged: bool = True,
    may_be_first: bool = True,
    reads_input: bool = True,
    is_whole: bool = True,
) -> Iterator[Stage]:
    """The layer `stage` and what may be folded into it.

    `also` are factors that a reader may take out of what follows. `left` columns of padding are the layer's own, and
    `shift` says by how many letters more the network's windows begin before those of the letters. `is_whole` is False
    where its scores are none of windows of all letters.
    """
    given = outputs(model, x)
    parts = dict(model.named_children())
    with torch.no_grad():
        lone = letters
        for name in _LAYOUT:
            lone = parts[name](lone) if name in parts else lone
        through: Any = given[stage]
        try:
            lone = parts[stage](lone)
        except RuntimeError:
            return
        found = [(stage, lone, through)]
        if stage == "conv" and foldable in parts:
            found.append((foldable, parts[foldable](lone), given[foldable]))
    last = next((name for name in (activated, foldable, stage) if name in parts), stage) if activated else None
    behind = None
    if judged:
        acted = None if last is None else canonical(given[last], kernels)
        pooled = np.asarray(given["pool"], dtype=np.float64) if "pool" in given else None
        pooled = pooled.reshape(BATCH, kernels) if pooled is not None and pooled.size == BATCH * kernels else None
        local = canonical(given["local"], kernels) if "local" in given else None
        head = np.asarray(given["head"], dtype=np.float64) if "head" in given else None
        behind = Behind(
            acted,
            tuple(names),
            tuple(begins),
            local,
            local_kind,
            pooled,
            tuple(pool_names),
            ("pool" in parts or "local" in parts) if pools is None else pools,
            head.reshape(BATCH) if head is not None and head.size == BATCH else None,
        )
    for _, lone, inside in found:
        alone = canonical(lone, kernels)
        if alone is None:  # its scores are of more than windows
            yield Stage(layer, np.zeros((1, 0, 0)), np.zeros(0, int), None, None, behind)
            continue
        inner = canonical(inside, kernels) if is_whole else None
        starts = window_starts(alone.shape[2], stride=stride, left=left)
        inner_starts = None if inner is None else window_starts(inner.shape[2], stride=stride, left=left + shift)
        yield Stage(layer, alone, starts, inner, inner_starts, behind, may_be_first, reads_input)
        for factor in also:  # a reader may split a function into a factor and the rest
            grown = None
            if behind is not None and last == stage and behind.pooled is not None:
                grown = dataclasses.replace(
                    behind, activated=factor * inner, pooled=factor * behind.pooled, output=None
                )
            rest = grown or Behind(begins=("softplus",), pools=behind is not None and behind.pools)
            yield Stage(layer, factor * alone, starts, factor * inner, inner_starts, rest, may_be_first, reads_input)


# ways of keeping


def kept(model: nn.Module, way: str, x: Any) -> Callable[[Path], Any]:
    """How an example is written and what the reader is given."""
    return partial(_keep, model, way, x)


def _keep(model: nn.Module, way: str, x: Any, folder: Path) -> Any:
    state = model.state_dict()
    if way == MODULE:
        return model
    if way == UNTRACEABLE:
        return Winding(model).eval()
    if way == STATE:
        return state
    path = folder / {SAFETENSORS: "m.safetensors", NPZ: "m.npz", LEGACY: "m.onnx", DYNAMO: "m.onnx"}.get(way, "m.pt")
    if way in (LEGACY, DYNAMO):
        export(model, x, path, dynamo=way == DYNAMO)
    else:
        save(state, way, path)
    return path


def save(state: Mapping[str, torch.Tensor], way: str, path: Path) -> None:
    if way == SAFETENSORS:
        save_file({name: value.contiguous().clone() for name, value in state.items()}, path)
    elif way == NPZ:
        np.savez(path, **{name: value.numpy() for name, value in state.items()})
    elif way == CHECKPOINT:
        held = {
            "epoch": 7,
            "state_dict": dict(state),
            "hyper_parameters": {"lr": 1e-3},
            "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.randn(KERNELS, LETTERS, WIDTH)}}},
        }
        torch.save(held, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=way != OLD_FILE)


def export(model: nn.Module, x: Any, path: Path, *, dynamo: bool) -> None:
    if dynamo:
        keep_operators()
    given = tuple(each[:1] for each in (x if isinstance(x, tuple) else (x,)))
    old = logging.root.manager.disable
    logging.disable()  # an export has much to say
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model, given, str(path), dynamo=dynamo, verbose=False, external_data=False)
    finally:
        logging.disable(old)


# the examples


def _examples(
    name: str,
    about: str,
    model: nn.Sequential,
    ways: Sequence[str] = (MODULE,),
    *,
    lay: Callable[[torch.Tensor], Any] | None = None,
    letters: int = LETTERS,
    kernels: int = KERNELS,
    length: int = LENGTH,
    must: str | None = None,
    more: Sequence[dict[str, Any]] = (),
    only_main: bool = False,
    state_model: nn.Module | None = None,
    options: dict[str, Any] | None = None,
    named: Sequence[str] = (),
    has_convolution: bool = True,
    **truth: Any,
) -> Iterator[Example]:
    sequences = onehot(letters, length)
    x = torch.from_numpy(sequences.copy())
    model = settled(copy.deepcopy(model))  # parts are shared between examples
    given = x if lay is None else lay(x)
    stages = list(stages_of(model, given, x, kernels=kernels, **truth))
    for each in more:
        stages += stages_of(model, given, x, **{"judged": False, "layer": each.get("stage", "conv"), **each})
    is_plain = must == "plain"
    for way in ways:
        if way == DYNAMO:  # its nodes have numbers for names
            stages = [dataclasses.replace(each, layer="") for each in stages]
        needed = (
            ("claimed" if way in SHOWING else "bias" if way in KEEPING and "without bias" not in name else "read")
            if is_plain
            else ("read" if must == "read" else "")
        )
        own = model if state_model is None else state_model
        yield Example(
            f"{way}: {name}",
            way,
            about,
            kept(own, way, given),
            tuple(stages),
            sequences,
            needed,
            options or {},
            tuple(named),
            way in (SAFETENSORS, NPZ, LEGACY, DYNAMO),
            has_convolution,
        )


def head(kernels: int = KERNELS) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(kernels, 1))


def plain_tail(kernels: int = KERNELS) -> dict[str, nn.Module]:
    return {"act": nn.ReLU(), "pool": nn.AdaptiveMaxPool1d(1), "flat": nn.Flatten(), "head": nn.Linear(kernels, 1)}


def examples() -> list[Example]:
    """All of them; the same every time."""
    torch.manual_seed(11)
    return [*_plain(), *_layouts(), *_before(), *_parts(), *_behind(), *_several(), *_stored(), *_unusual()]


ALL = (MODULE, UNTRACEABLE, *KEEPING, LEGACY, DYNAMO)


def _plain() -> Iterator[Example]:
    yield from _examples("conv, relu, max, dense", "plain", net(conv=conv(), **plain_tail()), ALL, must="plain")
    yield from _examples(
        "conv without bias, exp, average",
        "plain",
        net(conv=conv(bias=False), act=Does(torch.exp), pool=nn.AdaptiveAvgPool1d(1)),
        (MODULE, LEGACY, STATE, SAFETENSORS),
        must="plain",
    )
    yield from _examples(
        "conv, batch norm, relu, max",
        "plain",
        net(conv=conv(), norm=nn.BatchNorm1d(KERNELS, eps=0.03), **plain_tail()),
        (MODULE, LEGACY, DYNAMO, FILE, SAFETENSORS),
        must="plain",
    )
    yield from _examples("a convolution and nothing else", "plain", net(conv=conv()), (MODULE, LEGACY), must="plain")
    yield from _examples(
        "protein", "plain", net(conv=conv(20), **plain_tail()), (MODULE, LEGACY, FILE), letters=20, must="plain"
    )
    yield from _examples(
        "twenty kernels of a protein, twenty wide",
        "plain",
        net(conv=conv(20, 20, 20), **plain_tail(20)),
        (MODULE, LEGACY),
        letters=20,
        length=41,
        kernels=20,
        must="plain",
    )
    yield from _examples(
        "four kernels of width four",
        "plain",
        net(conv=conv(4, 4, 4), **plain_tail(4)),
        (MODULE, FILE, LEGACY),
        kernels=4,
        must="plain",
    )
    yield from _examples(
        "one kernel", "plain", net(conv=conv(4, 1, 5), **plain_tail(1)), (MODULE, SAFETENSORS), kernels=1, must="plain"
    )


def _layouts() -> Iterator[Example]:
    def two(*size: int, channels: int = 1, **options: Any) -> nn.Conv2d:
        return nn.Conv2d(channels, KERNELS, size, **options)

    flat: dict[str, nn.Module] = {
        "act": nn.ReLU(),
        "pool": nn.AdaptiveMaxPool2d(1),
        "flat": nn.Flatten(),
        "head": nn.Linear(KERNELS, 1),
    }
    orders: dict[str, tuple[nn.Module, Callable[[Any], Any]]] = {
        "(N, 1, 4, L)": (two(4, 5), lambda x: x[:, None]),
        "(N, 4, 1, L)": (two(1, 5, channels=4), lambda x: x[:, :, None]),
        "(N, 4, L, 1)": (two(5, 1, channels=4), lambda x: x[..., None]),
        "(N, 1, L, 4)": (two(5, 4), lambda x: x.transpose(1, 2)[:, None]),
    }
    for said, (layer, lay) in orders.items():
        model = net(lay=Does(lay), conv=layer, **flat)
        yield from _examples(f"layout {said} made within", "layout", model, (MODULE, LEGACY, FILE), must="read")
    square = {
        "letters are rows": lambda x: x[:, None],
        "letters are columns": lambda x: x.transpose(1, 2)[:, None],
    }
    for said, lay in square.items():
        model = net(lay=Does(lay), conv=two(4, 4), **flat)
        yield from _examples(f"square kernels, {said}", "layout", model, (MODULE, LEGACY, FILE, NPZ))
    yield from _examples(
        "channels last, transposed within",
        "layout",
        net(turn=Does(lambda x: x.transpose(1, 2)), conv=conv(), **plain_tail()),
        (MODULE, LEGACY, DYNAMO),
        lay=lambda x: x.transpose(1, 2),
        must="plain",
    )
    yield from _examples(
        "channels last, permuted within",
        "layout",
        net(turn=Does(lambda x: x.permute(0, 2, 1)), conv=conv(4, 4, 4), **plain_tail(4)),
        (MODULE, LEGACY),
        lay=lambda x: x.transpose(1, 2),
        kernels=4,
        must="plain",
    )
    yield from _examples(
        "padded along the sequence alone, two axes",
        "layout",
        net(lay=Does(lambda x: x[:, None]), conv=two(4, 5, padding=(0, 1)), **flat),
        (MODULE, LEGACY),
        left=1,
    )
    both = two(4, 5, padding="same")
    inner = two(4, 5, padding=(0, 2))
    inner.load_state_dict(both.state_dict())
    alone = canonical(inner(torch.from_numpy(onehot())[:, None]).detach(), KERNELS)
    behind = Behind(names=("relu",), pool_names=("max", "local max"), pools=True)
    for example in _examples(
        "letters padded too",
        "layout",
        net(lay=Does(lambda x: x[:, None]), conv=both, **flat),
        (MODULE, LEGACY),
        is_whole=False,
    ):
        known = dataclasses.replace(
            behind, pooled=example.stages[0].behind.pooled, output=example.stages[0].behind.output
        )
        yield _with(example, stages=(Stage("conv", alone, window_starts(LENGTH, left=2), None, None, known),))
    yield from _examples(
        "padded along the sequence alone",
        "layout",
        net(lay=Does(lambda x: x[:, None]), conv=two(4, 5, padding=(0, 2)), **flat),
        (MODULE, LEGACY),
        left=2,
    )
    ends: dict[str, tuple[nn.Module, dict[str, Any]]] = {
        "padding same": (conv(padding="same"), {"left": 2}),
        "padding same, even width": (conv(width=6, padding="same"), {"left": 2}),
        "padding 2": (conv(padding=2), {"left": 2}),
        "padding 1": (conv(padding=1), {"left": 1}),
        "padding wider than the kernel": (conv(padding=7), {"left": 7}),
        "padding circular": (conv(padding=2, padding_mode="circular"), {"left": 2}),
        "padding reflect": (conv(padding=2, padding_mode="reflect"), {"left": 2}),
        "padding replicate": (conv(padding=2, padding_mode="replicate"), {"left": 2}),
        "stride 2": (conv(stride=2), {"stride": 2}),
        "stride 3, padding 2": (conv(stride=3, padding=2), {"stride": 3, "left": 2}),
        "dilation 2": (conv(dilation=2), {}),
        "dilation 3, padding same": (conv(width=4, dilation=3, padding="same"), {"left": 4}),
        "width 1": (conv(width=1), {}),
        "as wide as the sequence": (conv(width=17), {}),
    }
    for said, (layer, truth) in ends.items():
        model = net(conv=layer, **plain_tail())
        yield from _examples(said, "layout", model, (MODULE, LEGACY), must="read", **truth)
        dense = conv(width=layer.kernel_size[0])  # a state dict knows neither stride nor dilation
        dense.load_state_dict(layer.state_dict())
        for example in _examples(said, "layout", model, (FILE,), must="read", **truth):
            starts = window_starts(LENGTH + 1 - layer.kernel_size[0])
            stage = Stage("conv", _scores(dense), starts)
            yield _with(example, stages=(*example.stages, stage))
    yield from _examples(
        "causal, padded before",
        "layout",
        net(pad=nn.ConstantPad1d((4, 0), 0.0), conv=conv(), **plain_tail()),
        (MODULE, LEGACY),
        shift=4,
    )
    odd: dict[str, nn.Module] = {
        "two groups": nn.Conv1d(4, 6 + 2, 5, groups=2),
        "depthwise": nn.Conv1d(4, 8, 5, groups=4),
        "depthwise, one each": nn.Conv1d(4, 4, 5, groups=4),
    }
    for said, layer in odd.items():
        kernels = layer.out_channels
        yield from _examples(
            said, "layout", net(conv=layer, **plain_tail(kernels)), (MODULE, LEGACY, FILE), kernels=kernels
        )
    separable = net(deep=nn.Conv1d(4, 4, 5, groups=4), conv=nn.Conv1d(4, KERNELS, 1), **plain_tail())
    yield from _examples("separable", "layout", separable, (MODULE, LEGACY, FILE), reads_input=False)
    for said, layer in {
        "transposed convolution": nn.ConvTranspose1d(4, KERNELS, 5),
        "transposed convolution, square": nn.ConvTranspose1d(4, 4, 4),
    }.items():
        # a state dict of a square one is that of an ordinary one
        yield from _examples(
            said,
            "layout",
            net(conv=layer, **plain_tail(layer.out_channels)),
            (MODULE, LEGACY) if "square" in said else (MODULE, LEGACY, FILE),
            kernels=layer.out_channels,
            left=layer.kernel_size[0] - 1,
        )
    yield from _examples(
        "a linear layer over all letters",
        "layout",
        net(flat=nn.Flatten(), conv=nn.Linear(4 * 17, 3), act=nn.ReLU()),
        (MODULE, FILE),
        has_convolution=False,
    )


def _before() -> Iterator[Example]:
    per_letter = torch.tensor([6.3, 1.1, 1.8, 1.6])[:, None]
    mean = torch.tensor([0.31, 0.17, 0.21, 0.31])[:, None]
    before: dict[str, tuple[nn.Module, bool]] = {  # and whether it is seen in no weight
        "nothing that counts: dropout": (nn.Dropout(0.4), True),
        "identity": (nn.Identity(), True),
        "batch norm": (nn.BatchNorm1d(4), False),
        "batch norm without weights": (nn.BatchNorm1d(4, affine=False), False),
        "batch norm without statistics": (nn.BatchNorm1d(4, track_running_stats=False), False),
        "two batch norms": (nn.Sequential(nn.BatchNorm1d(4), nn.BatchNorm1d(4)), False),
        "dropout and batch norm": (nn.Sequential(nn.Dropout(0.2), nn.BatchNorm1d(4)), False),
        "a factor": (Does(lambda x: x * 2.5), True),
        "a quarter taken off": (Does(lambda x: x - 0.25), True),
        "minus one to one": (Does(lambda x: 2 * x - 1), True),
        "divided": (Does(lambda x: x / 0.3), True),
        "taken from one": (Does(lambda x: 1 - x), True),
        "negated": (Does(lambda x: -x), True),
        "torch.mul and torch.sub": (Does(lambda x: torch.sub(torch.mul(x, 3.0), 0.5)), True),
        "add with alpha": (Does(lambda x: torch.add(x, torch.ones(1), alpha=-0.25)), True),
        "a factor a letter": (Holds(lambda x, f: x * f, f=per_letter), False),
        "standardised a letter": (Holds(lambda x, m, s: (x - m) / s, m=mean, s=per_letter), False),
        "a number a position": (Holds(lambda x, p: x + p, p=torch.randn(1, 1, 17)), False),
        "a factor a position": (Holds(lambda x, p: x * p, p=torch.rand(17)), False),
        "letters in another order, by index": (Does(lambda x: x[:, [3, 1, 0, 2]]), True),
        "letters in another order, by index_select": (
            Holds(lambda x, i: torch.index_select(x, 1, i), i=torch.tensor([2, 0, 3, 1])),
            False,
        ),
        "letters turned round": (Does(lambda x: x.flip(1)), True),
        "letters turned round by torch.flip": (Does(lambda x: torch.flip(x, [1])), True),
        "letters rolled": (Does(lambda x: torch.roll(x, 1, 1)), True),
        "two letters exchanged by cat": (Does(lambda x: torch.cat([x[:, :2], x[:, 3:], x[:, 2:3]], 1)), True),
        "sequence turned round": (Does(lambda x: x.flip(2)), True),
        "sequence turned round by torch.flip": (Does(lambda x: torch.flip(x, dims=(-1,))), True),
        "reverse complement": (Does(lambda x: x.flip([1, 2])), True),
        "one letter left out": (Does(lambda x: x * torch.tensor([1.0, 1, 1, 0])[:, None]), True),
        "dense over the letters": (Along(nn.Linear(4, 4)), False),
        "LSTM": (Along(nn.LSTM(4, 2, bidirectional=True, batch_first=True)), False),
        "GRU": (Along(nn.GRU(4, 4, batch_first=True)), False),
        "instance norm": (nn.InstanceNorm1d(4), True),
        "instance norm, affine": (nn.InstanceNorm1d(4, affine=True), False),
        "layer norm over letters": (Along(nn.LayerNorm(4)), False),
        "layer norm over positions": (nn.LayerNorm(17), False),
        "group norm": (nn.GroupNorm(2, 4), False),
        "softmax over letters": (nn.Softmax(dim=1), True),
        "softmax over positions": (nn.Softmax(dim=2), True),
        "squared": (Does(lambda x: x**2), True),
        "sigmoid": (nn.Sigmoid(), True),
        "relu of letters less a half": (Does(lambda x: torch.relu(x - 0.5)), True),
        "a threshold": (nn.Threshold(0.5, 0.2), True),
        "hard clip": (Does(lambda x: x.clamp(0.1, 0.7)), True),
        "reshaped, which mixes": (Does(lambda x: x.reshape(x.shape[0], 17, 4).transpose(1, 2)), True),
        "viewed, which mixes": (Does(lambda x: x.contiguous().view(-1, 17, 4).permute(0, 2, 1)), True),
        "averaged over three": (nn.AvgPool1d(3), True),
        "best of three": (nn.MaxPool1d(3, 1), True),
        "summed up along": (Does(lambda x: x.cumsum(2)), True),
        "every other letter": (Does(lambda x: x[:, :, ::2]), True),
        "upsampled": (nn.Upsample(scale_factor=2), True),
        "less its neighbours": (Does(lambda x: x - F.avg_pool1d(x, 3, 1, 1)), True),
        "less the mean of the batch": (Does(lambda x: x - x.mean(0, keepdim=True)), True),
        "less the mean over letters": (Does(lambda x: x - x.mean(1, keepdim=True)), True),
        "divided by the sum over letters": (Does(lambda x: x / x.sum(1, keepdim=True)), True),
        "noise that stays": (Holds(lambda x, n: x + n, n=torch.randn(4, 17)), False),
    }
    for said, (layer, is_hidden) in before.items():
        model = net(before=layer, conv=conv(), **plain_tail())
        ways = [MODULE]
        is_exported = not any(
            word in said for word in ("without statistics", "rolled", "batch norm", "group", "threshold")
        )
        ways += [LEGACY] if is_exported or said in ("batch norm", "two batch norms") else []
        ways += (
            [FILE] if (is_hidden and said in ("a quarter taken off", "sequence turned round")) or not is_hidden else []
        )
        must = "plain" if said in ("nothing that counts: dropout", "identity") else None
        for example in _examples(said, "before", model, ways, must=must, reads_input=True):
            stages = example.stages
            if said == "dense over the letters" and example.way == LEGACY:  # its last part is a number a letter
                shift = layer.layer.bias.detach()[:, None]
                with torch.no_grad():
                    part = model.conv(torch.from_numpy(onehot()) + shift).double().numpy()
                stages = (*stages, dataclasses.replace(stages[0], alone=part))
            yield _with(example, stages=stages)
    for said in ("batch norm", "a quarter taken off", "letters turned round"):
        model = net(before=before[said][0], conv=conv(), **plain_tail())
        yield from _examples(said, "before", model, (DYNAMO, UNTRACEABLE))
    yield from _examples(
        "zeros added at both ends",
        "before",
        net(pad=nn.ConstantPad1d(2, 0.0), conv=conv(), **plain_tail()),
        (MODULE, LEGACY, DYNAMO),
        shift=2,
    )
    yield from _examples(
        "quarters added at both ends",
        "before",
        net(pad=nn.ConstantPad1d(2, 0.25), conv=conv(), **plain_tail()),
        (MODULE, LEGACY),
        shift=2,
    )
    yield from _examples(
        "letters cut off",
        "before",
        net(cut=Does(lambda x: x[:, :, 2:-1]), conv=conv(), **plain_tail()),
        (MODULE, LEGACY),
        shift=-2,
    )
    for said, layer in {
        "1×1": nn.Conv1d(4, 4, 1),
        "1×1 without bias": nn.Conv1d(4, 4, 1, bias=False),
    }.items():
        yield from _examples(
            said,
            "before",
            net(point=layer, conv=conv(), **plain_tail()),
            (MODULE, LEGACY, FILE),
            reads_input=False,
            more=[{"stage": "point", "kernels": 4}],
        )
    table = nn.Embedding(4, 4)
    yield from _examples(
        "embedding of indices",
        "before",
        net(before=table, turn=Does(lambda x: x.transpose(1, 2)), conv=conv(), **plain_tail()),
        (MODULE, LEGACY, FILE),
        lay=lambda x: x.argmax(1),
    )
    yield from _examples(
        "one-hot of indices",
        "before",
        net(
            before=Does(lambda x: F.one_hot(x, 4).float()),
            turn=Does(lambda x: x.transpose(1, 2)),
            conv=conv(),
            **plain_tail(),
        ),
        (MODULE, LEGACY),
        lay=lambda x: x.argmax(1),
    )
    track = torch.rand(BATCH, 1, LENGTH, generator=torch.Generator().manual_seed(3))
    joined: dict[str, tuple[Callable[..., Any], int, int]] = {
        "a track takes the place of T": (lambda x, y: torch.cat([x[:, :3], y], 1), 4, 0),
        "a fifth row": (lambda x, y: torch.cat([x, y], 1), 5, 0),
        "masked by a track": (lambda x, y: x * y, 4, 0),
        "weighted by one plus a track": (lambda x, y: x + 0 * y, 4, 0),
        "the second input alone": (lambda x, y: y.expand(-1, 4, -1) + 0 * x, 4, 0),
    }
    for said, (function, rows, _) in joined.items():
        model = Joined(OrderedDict({"before": Does(function), "conv": conv(rows), **plain_tail()}))
        ways = (LEGACY,) if said == "the second input alone" else (MODULE, LEGACY)  # no module tells its shape
        yield from _examples(said, "before", model, ways, lay=lambda x: (x, track))
    image = net(
        lay=Does(lambda x: x[:, None]),
        before=nn.BatchNorm2d(1),
        conv=nn.Conv2d(1, KERNELS, (4, 5)),
        act=nn.ReLU(),
        pool=nn.AdaptiveMaxPool2d(1),
    )
    yield from _examples("batch norm of an image", "before", image, (MODULE, LEGACY, FILE))
    other = net(
        lay=Does(lambda x: x[:, None]),
        before=Does(lambda x: x[:, :, [1, 0, 3, 2]]),
        conv=nn.Conv2d(1, KERNELS, (4, 5)),
        act=nn.ReLU(),
        pool=nn.AdaptiveMaxPool2d(1),
    )
    yield from _examples("letters in another order in an image", "before", other, (MODULE, LEGACY))
    around = net(before=Does(lambda x: x), conv=conv(), norm=nn.BatchNorm1d(KERNELS), **plain_tail())
    yield from _examples("a function that does nothing", "before", around, (MODULE, LEGACY), must="plain")
    both = net(before=nn.BatchNorm1d(4), conv=conv(bias=False), norm=nn.BatchNorm1d(KERNELS), **plain_tail())
    yield from _examples("batch norm before and after", "before", both, (MODULE, LEGACY, FILE))
    padded = net(before=nn.BatchNorm1d(4), conv=conv(padding="same"), **plain_tail())
    yield from _examples("batch norm before padded ends", "before", padded, (MODULE, LEGACY), left=2)
    quarter = net(before=Does(lambda x: x - 0.25), conv=conv(padding=2, padding_mode="circular"), **plain_tail())
    yield from _examples("a quarter taken off before circular ends", "before", quarter, (MODULE,), left=2)
    dilated = net(before=Does(lambda x: x[:, [3, 2, 1, 0]] * 2 - 1), conv=conv(dilation=2), **plain_tail())
    yield from _examples("order and scale before dilation", "before", dilated, (MODULE, LEGACY))
    functional = net(
        before=Holds(lambda x, m, v: F.batch_norm(x, m, v, eps=0.01), m=torch.randn(4), v=torch.rand(4) + 0.5),
        conv=conv(),
        **plain_tail(),
    )
    yield from _examples("functional batch norm", "before", functional, (MODULE, LEGACY))


class Added(nn.Module):
    """A low-rank addition to a weight."""

    def __init__(self, rank: int = 2) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(KERNELS, rank))
        self.b = nn.Parameter(torch.randn(rank, LETTERS * WIDTH))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + (self.a @ self.b).reshape(weight.shape)


class Positive(nn.Module):
    """Weights above 0."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.exp()


class Mirrored(nn.Module):
    """Kernels that equal their reverse complements."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return (weight + weight.flip((1, 2))) / 2


class LowRank(nn.Module):
    """A convolution with a low-rank one beside it, as adapters have."""

    def __init__(self) -> None:
        super().__init__()
        self.base_layer = conv()
        self.lora_A = nn.ModuleDict({"default": nn.Conv1d(4, 2, 5, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Conv1d(2, 3, 1, bias=False)})

    def forward(self, x: Any) -> Any:
        return self.base_layer(x) + 1.5 * self.lora_B["default"](self.lora_A["default"](x))


class Made(nn.Module):
    """A convolution whose weight is made in the forward pass."""

    def __init__(self, make: Callable[..., Any], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.make = make
        self.values = nn.ParameterList([nn.Parameter(torch.randn(shape)) for shape in shapes])
        self.bias = nn.Parameter(torch.randn(KERNELS))

    def forward(self, x: Any) -> Any:
        return F.conv1d(x, self.make(*self.values), self.bias)


def _pruned(amount: float = 0.4, **options: Any) -> nn.Module:
    return prune.l1_unstructured(conv(), "weight", amount=amount, **options)


def _moved(layer: nn.Module) -> nn.Module:
    """A mask that no longer fits the numbers, as in training."""
    with torch.no_grad():
        layer.weight_orig.add_(torch.randn_like(layer.weight_orig))
    layer(torch.zeros(1, 4, 9))
    return layer


def _old_norm(dim: int | None) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = nn.utils.weight_norm(conv(), dim=dim)
    with torch.no_grad():
        layer.weight_g.mul_(torch.rand_like(layer.weight_g) + 0.5)
        layer(torch.zeros(1, 4, 9))
    return layer


def _new_norm(dim: int | None) -> nn.Module:
    layer = parametrizations.weight_norm(conv(), dim=dim)
    with torch.no_grad():
        lengths = layer.parametrizations.weight.original0
        lengths.mul_(torch.rand_like(lengths) + 0.5)
    return layer


def _old_spectral(**options: Any) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = nn.utils.spectral_norm(conv(), **options)
    for _ in range(2):
        layer(torch.zeros(1, 4, 9))
    layer.eval()
    layer(torch.zeros(1, 4, 9))
    return layer


def _parts() -> Iterator[Example]:
    layers: dict[str, Callable[[], nn.Module]] = {
        **{f"weight norm, old, dim {dim}": partial(_old_norm, dim) for dim in (0, 1, 2, -1, None)},
        **{f"weight norm, new, dim {dim}": partial(_new_norm, dim) for dim in (0, 1, 2, -1, None)},
        "spectral norm, old": _old_spectral,
        "spectral norm, old, dim 1": partial(_old_spectral, dim=1),
        "spectral norm, new": lambda: parametrizations.spectral_norm(conv()),
        "spectral norm, new, dim 1": lambda: parametrizations.spectral_norm(conv(), dim=1),
        "orthogonal": lambda: parametrizations.orthogonal(conv()),
        "pruned": _pruned,
        "pruned and trained on": lambda: _moved(_pruned()),
        "pruned, bias too": lambda: prune.random_unstructured(_pruned(), "bias", amount=1),
        "kernels pruned": lambda: prune.ln_structured(conv(), "weight", amount=1, n=2, dim=0),
        "pruned twice": lambda: prune.random_unstructured(_pruned(), "weight", amount=0.3),
        "pruned for good": lambda: prune.remove(_pruned(), "weight"),
        "parametrised: positive": lambda: parametrize.register_parametrization(conv(), "weight", Positive()),
        "parametrised: mirrored": lambda: parametrize.register_parametrization(conv(), "weight", Mirrored()),
        "parametrised: low rank added": lambda: parametrize.register_parametrization(conv(), "weight", Added()),
        "parametrised: two": lambda: parametrize.register_parametrization(
            parametrizations.weight_norm(conv()), "weight", Mirrored()
        ),
        "parametrised bias": lambda: parametrize.register_parametrization(conv(), "bias", Positive()),
        "weight made: exp": lambda: Made(torch.exp, (3, 4, 5)),
        "weight made: softmax over letters": lambda: Made(lambda w: torch.log_softmax(w, 1), (3, 4, 5)),
        "weight made: product": lambda: Made(lambda a, b: (a @ b).reshape(3, 4, 5), (3, 2), (2, 20)),
        "weight made: mirrored": lambda: Made(lambda w: torch.cat([w, w.flip((1, 2))[:, :, 1:]], 2), (3, 4, 3)),
        "weight made: masked": lambda: Made(lambda w: w * (w > 0), (3, 4, 5)),
        "weight made: turned": lambda: Made(lambda w: w.transpose(0, 2), (5, 4, 3)),
        "weight made: standardised": lambda: Made(
            lambda w: (w - w.mean((1, 2), keepdim=True)) / w.std((1, 2), keepdim=True), (3, 4, 5)
        ),
    }
    for said, make in layers.items():
        model = net(conv=make(), **plain_tail())
        with torch.no_grad():
            settled(model)(torch.zeros(1, 4, 17))
        # what a forward pass makes of a tensor no file tells, nor a second parametrisation without numbers of its own
        ways = [MODULE] if "made" in said or said.endswith("two") else [MODULE, FILE]
        ways += [SAFETENSORS] if "dim" in said or said in ("pruned", "spectral norm, new", "adapter beside") else []
        ways += [LEGACY] if "new" not in said and "orthogonal" not in said and "parametrised" not in said else []
        # numbers that are told apart in a file by their names alone are read; the rest may be refused
        is_known = said.startswith(("weight norm", "spectral", "pruned", "kernels pruned"))
        yield from _examples(said, "parts", model, ways, must="read" if is_known else None)
    for way in (MODULE, LEGACY, FILE, SAFETENSORS):
        shown = [{"stage": "conv", "foldable": ""}] if way in (MODULE, LEGACY) else []
        yield from _adapter(way, bool(shown))
    yield from _half()
    for said, prefix in {
        "data parallel": "module.",
        "compiled": "_orig_mod.",
        "lightning": "model.",
        "long": "a.b.0.encoder.layers.0.",
    }.items():
        model = net(conv=conv(), **plain_tail())
        state = {prefix + name: value for name, value in settled(model).state_dict().items()}
        for way in (FILE, SAFETENSORS):
            for example in _examples(f"prefix of {said}", "parts", model, (way,), must="plain"):
                yield _with(example, make=partial(_saved, state, way))


def _adapter(way: str, is_layer_shown: bool) -> Iterator[Example]:
    """Where the forward pass is seen, the layer beneath the adapter may be shown as what it is."""
    model = net(conv=LowRank(), act=nn.ReLU(), pool=nn.AdaptiveMaxPool1d(1))
    for example in _examples("adapter beside", "parts", model, (way,), layer="conv", activated=None):
        base = Stage(
            "conv.base_layer",
            _scores(model.conv.base_layer),
            window_starts(13),
            _scores(model.conv.base_layer),
            behind=Behind(pools=True),
        )
        yield _with(example, stages=(*example.stages, *([base] if is_layer_shown else [])))


def _with(example: Example, **changes: Any) -> Example:
    return dataclasses.replace(example, **changes)


def _saved(state: Mapping[str, torch.Tensor], way: str, folder: Path) -> Any:
    path = folder / ("m.safetensors" if way == SAFETENSORS else "m.pt")
    save(state, way, path)
    return path


def _half() -> Iterator[Example]:
    for said, kind in {"half": torch.float16, "bfloat16": torch.bfloat16, "double": torch.float64}.items():
        model = net(conv=conv(), **plain_tail()).to(kind)
        exact = net(conv=conv(), **plain_tail())
        exact.load_state_dict(model.state_dict())
        for way in (MODULE, FILE, SAFETENSORS):
            for example in _examples(f"{said} precision", "parts", exact, (way,), must="read"):
                yield _with(example, rounding=1e-2, make=partial(_keep, settled(model), way, None))
    for kind in (torch.float8_e4m3fn, torch.float8_e5m2):
        exact = net(conv=conv(), **plain_tail())
        small = {name: value.to(kind) for name, value in exact.state_dict().items()}
        exact.load_state_dict({name: value.float() for name, value in small.items()})
        for way in (FILE, SAFETENSORS):
            for example in _examples(f"{kind}".removeprefix("torch."), "parts", exact, (way,)):
                yield _with(example, make=partial(_saved, small, way))
    exact = net(conv=conv(), **plain_tail())
    scale = exact.conv.weight.detach().abs().amax((1, 2), keepdim=True) / 127
    whole = (exact.conv.weight.detach() / scale).round().to(torch.int8)
    exact.conv.weight.data = whole.float() * scale
    state = {**exact.state_dict(), "conv.weight": whole, "conv.weight_scale": scale}
    for way in (FILE, SAFETENSORS):
        for example in _examples("eight-bit numbers and their scale", "parts", exact, (way,)):
            yield _with(example, make=partial(_saved, state, way))
    exact = net(conv=conv(), **plain_tail())
    whole = torch.quantize_per_channel(
        exact.conv.weight.detach(), torch.full((3,), 0.01), torch.zeros(3, dtype=torch.long), 0, torch.qint8
    )
    exact.conv.weight.data = whole.dequantize()
    state = {**exact.state_dict(), "conv.weight": whole}
    for example in _examples("torch's own quantised tensor", "parts", exact, (FILE,)):
        yield _with(example, make=partial(_saved, state, FILE))
    exact = net(conv=conv(), **plain_tail())
    exact.conv.weight.data *= torch.rand(3, 4, 5) > 0.5
    state = {**exact.state_dict(), "conv.weight": exact.conv.weight.detach().to_sparse()}
    for example in _examples("a sparse tensor", "parts", exact, (FILE,)):
        yield _with(example, make=partial(_saved, state, FILE))


def _begins(said: str) -> tuple[str, ...]:
    """What the first of several functions is called."""
    first = {
        "relu, then": "relu",
        "batch norm behind relu": "relu",
        "exp, capped": "exponential",
        "tanh, then": "tanh",
        "relu of sigmoid": "sigmoid",
        "log of one plus": "relu",
    }
    return tuple(word for start, word in first.items() if said.startswith(start))


def _behind() -> Iterator[Example]:
    last = {"flat": nn.Flatten(), "head": nn.Linear(KERNELS, 1)}
    maximum = {"pool": nn.AdaptiveMaxPool1d(1), **last}
    shift = torch.randn(KERNELS, 1)
    acts: dict[str, tuple[nn.Module, tuple[str, ...]]] = {
        "F.relu": (Does(F.relu), ()),
        "torch.relu": (Does(torch.relu), ()),
        "x.relu()": (Does(lambda x: x.relu()), ()),
        "clamp at 0": (Does(lambda x: x.clamp(min=0)), ()),
        "torch.clamp at 0": (Does(lambda x: torch.clamp(x, min=0)), ()),
        "clamp 0 to 6": (Does(lambda x: x.clamp(0, 6)), ()),
        "clamp at 0.5": (Does(lambda x: x.clamp(min=0.5)), ()),
        "clamp from above": (Does(lambda x: x.clamp(max=0.5)), ()),
        "maximum with 0": (Does(lambda x: torch.maximum(x, torch.zeros(1))), ()),
        "torch.max with 0": (Does(lambda x: torch.max(x, torch.zeros(1))), ("relu",)),
        "minimum with 1": (Does(lambda x: torch.minimum(x, torch.ones(1))), ()),
        "where": (Does(lambda x: torch.where(x > 0, x, 0.5 * x)), ()),
        "leaky relu": (nn.LeakyReLU(0.2), ()),
        "F.leaky_relu": (Does(lambda x: F.leaky_relu(x, 0.3)), ()),
        "prelu": (nn.PReLU(KERNELS), ("prelu",)),
        "relu6": (nn.ReLU6(), ()),
        "hardtanh": (nn.Hardtanh(-0.3, 0.4), ("hardtanh",)),
        "elu": (nn.ELU(0.7), ()),
        "selu": (nn.SELU(), ("selu",)),
        "sigmoid": (nn.Sigmoid(), ()),
        "F.sigmoid": (Does(torch.sigmoid), ()),
        "tanh": (nn.Tanh(), ()),
        "tanh, functional": (Does(torch.tanh), ()),
        "softplus": (nn.Softplus(), ()),
        "softplus, beta 3": (nn.Softplus(beta=3), ()),
        "softplus, functional, beta 3": (Does(lambda x: F.softplus(x, beta=3)), ()),
        "gelu": (nn.GELU(), ()),
        "gelu by tanh": (nn.GELU(approximate="tanh"), ("gelu",)),
        "silu": (nn.SiLU(), ()),
        "x sigmoid x": (Does(lambda x: x * torch.sigmoid(x)), ("silu",)),
        "exp": (Does(torch.exp), ()),
        "exp, capped": (Does(lambda x: torch.exp(x).clamp(max=2)), ()),
        "squared": (Does(lambda x: x**2), ("pow", "square")),
        "absolute": (Does(torch.abs), ("abs", "absolute", "absolute value")),
        "relu, then a factor": (Does(lambda x: 2 * torch.relu(x)), ()),
        "relu, then relu6": (nn.Sequential(nn.ReLU(), nn.ReLU6()), ("relu6",)),
        "relu of sigmoid": (nn.Sequential(nn.Sigmoid(), nn.ReLU()), ()),
        "tanh, then relu": (nn.Sequential(nn.Tanh(), nn.ReLU()), ()),
        "log of one plus": (Does(lambda x: torch.log1p(torch.relu(x))), ()),
        "threshold": (nn.Threshold(0.2, 0.0), ("threshold", "thresholded relu")),
        "hard shrink": (nn.Hardshrink(0.2), ("hardshrink",)),
        "hard sigmoid": (nn.Hardsigmoid(), ("hardsigmoid",)),
        "sine": (Does(torch.sin), ("sin", "sine")),
        "rounded": (Does(torch.round), ("round",)),
        "softmax over windows": (nn.Softmax(dim=-1), ("softmax",)),
        "softmax over kernels": (nn.Softmax(dim=1), ("softmax",)),
        "batch norm behind relu": (nn.Sequential(nn.ReLU(), nn.BatchNorm1d(KERNELS)), ()),
        "group norm": (nn.GroupNorm(1, KERNELS), ()),
        "instance norm": (nn.InstanceNorm1d(KERNELS), ()),
        "layer norm over kernels": (Along(nn.LayerNorm(KERNELS)), ()),
        "LSTM": (Along(nn.LSTM(KERNELS, KERNELS, batch_first=True)), ()),
        "residual": (Does(lambda x: x + torch.tanh(x)), ()),
        "gated": (Does(lambda x: x * x.mean(-1, keepdim=True)), ()),
    }
    exported = (
        "F.relu",
        "clamp at 0",
        "clamp 0 to 6",
        "clamp at 0.5",
        "maximum with 0",
        "where",
        "leaky relu",
        "prelu",
        "relu6",
        "hardtanh",
        "elu",
        "softplus, beta 3",
        "silu",
        "x sigmoid x",
        "exp",
        "gelu",
        "squared",
        "relu, then a factor",
        "relu, then relu6",
        "tanh, then relu",
        "batch norm behind relu",
        "softmax over windows",
        "LSTM",
        "residual",
        "gated",
        "gelu by tanh",
        "minimum with 1",
    )
    for said, (layer, names) in acts.items():
        model = net(conv=conv(), act=layer, **maximum)
        yield from _examples(
            f"then {said}",
            "behind",
            model,
            (MODULE, LEGACY) if said in exported else (MODULE,),
            names=names,
            must="read",
            begins=_begins(said),
            also=(3.0,) if "beta 3" in said else (),
        )
    affine: dict[str, tuple[nn.Module, nn.Module | None]] = {
        "negated": (Does(lambda x: -x), None),
        "relu of the negative": (Does(lambda x: -x), nn.ReLU()),
        "relu above one": (Does(lambda x: x - 1), nn.ReLU()),
        "twice, relu": (Does(lambda x: 2 * x), nn.ReLU()),
        "exp of three times": (Does(lambda x: 3 * x), Does(torch.exp)),
        "a number": (Does(lambda x: x + 0.7), None),
        "a number a kernel": (Holds(lambda x, s: x + s, s=shift), None),
        "a factor a kernel": (Holds(lambda x, s: x * s, s=shift), None),
    }
    for said, (scale, function) in affine.items():
        act = {} if function is None else {"act": function}
        yield from _examples(
            f"then {said}", "behind", net(conv=conv(), norm=scale, **act, **maximum), (MODULE, LEGACY), must="read"
        )
    for said in ("F.relu", "relu6", "gelu", "silu", "clamp at 0.5"):
        yield from _examples(
            f"then {said}", "behind", net(conv=conv(), act=acts[said][0], **maximum), (DYNAMO,), names=acts[said][1]
        )
    yield from _poolings(last)
    yield from _norms(last, maximum)
    yield from _biases(maximum)


def _poolings(last: Mapping[str, nn.Module]) -> Iterator[Example]:
    pools: dict[str, tuple[nn.Module, tuple[str, ...]]] = {
        "amax": (Does(lambda x: x.amax(-1)), ()),
        "torch.amax, dim 2": (Does(lambda x: torch.amax(x, 2)), ()),
        "max(-1)[0]": (Does(lambda x: x.max(-1)[0]), ()),
        "max(dim=2).values": (Does(lambda x: x.max(dim=2).values), ()),
        "max over windows, unpacked": (Does(lambda x: torch.max(x, dim=2)[0]), ()),
        "mean(-1)": (Does(lambda x: x.mean(-1)), ()),
        "mean, keepdim": (Does(lambda x: x.mean(2, keepdim=True)), ()),
        "sum": (Does(lambda x: x.sum(-1)), ("sum",)),
        "logsumexp": (Does(lambda x: x.logsumexp(-1)), ()),
        "logsumexp, sharper": (Does(lambda x: (3 * x).logsumexp(-1) / 3), ()),
        "log mean exp": (Does(lambda x: x.logsumexp(-1) - math.log(13)), ("logsumexp",)),
        "min": (Does(lambda x: x.amin(-1)), ("min",)),
        "median": (Does(lambda x: x.median(-1)[0]), ("median",)),
        "best three": (Does(lambda x: x.topk(3, -1)[0].mean(-1)), ()),
        "second best": (Does(lambda x: x.sort(-1)[0][..., -2]), ()),
        "standard deviation": (Does(lambda x: x.std(-1)), ()),
        "last window": (Does(lambda x: x[:, :, -1]), ()),
        "first window": (Does(lambda x: x[..., 0]), ()),
        "attention": (Attends(KERNELS), ("attention",)),
        "softmax weights": (Does(lambda x: (torch.softmax(x, -1) * x).sum(-1)), ("expectation",)),
        "expectation": (ExpectationPooling(m=2.0, local_window=1), ("expectation",)),
        "expectation behind local max": (ExpectationPooling(m=2.0, local_window=4), ("local max, expectation",)),
        "max pool of all": (nn.MaxPool1d(13), ()),
        "max pool of twelve": (nn.MaxPool1d(12), ("local max",)),
        "average pool of all": (nn.AvgPool1d(13), ()),
        "F.max_pool1d of all": (Does(lambda x: F.max_pool1d(x, 13)), ()),
        "F.max_pool1d by its shape": (Does(lambda x: F.max_pool1d(x, x.shape[-1])), ()),
        "F.adaptive_max_pool1d": (Does(lambda x: F.adaptive_max_pool1d(x, 1)), ()),
        "F.adaptive_avg_pool1d": (Does(lambda x: F.adaptive_avg_pool1d(x, 1)), ()),
        "max and mean added": (Does(lambda x: x.amax(-1) + x.mean(-1)), ()),
        "max less mean": (Does(lambda x: x.amax(-1) - x.mean(-1)), ()),
        "max of half": (Does(lambda x: x[..., :6].amax(-1)), ()),
        "max of every other": (Does(lambda x: x[..., ::2].amax(-1)), ()),
        "power mean": (nn.LPPool1d(2, 13), ("lp",)),
        "fractional": (Does(lambda x: x.abs().mean(-1)), ()),
        "max of both signs": (Does(lambda x: x.abs().amax(-1)), ()),
        "max, then relu": (nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.ReLU()), ()),
        "mean, then sigmoid": (nn.Sequential(nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Sigmoid()), ()),
        "max, then batch norm": (nn.Sequential(nn.AdaptiveMaxPool1d(1), nn.BatchNorm1d(KERNELS)), ()),
        "max, then a factor": (Does(lambda x: 2 * x.amax(-1)), ()),
        "einsum": (Does(lambda x: torch.einsum("nkw->nk", x)), ("sum",)),
    }
    exported = (
        "amax",
        "max(-1)[0]",
        "mean(-1)",
        "sum",
        "logsumexp",
        "min",
        "attention",
        "softmax weights",
        "max pool of all",
        "max pool of twelve",
        "average pool of all",
        "last window",
        "max and mean added",
        "log mean exp",
        "best three",
        "max of half",
        "max, then relu",
        "logsumexp, sharper",
        "max, then batch norm",
        "max of every other",
    )
    for said, (layer, names) in pools.items():
        stays_honest = said in ("max, then relu", "mean, then sigmoid", "max, then batch norm", "max, then a factor")
        names = (*names, "max" if "max" in said else "average") if stays_honest else names
        extra = {"pools": False} if said in ("last window", "first window") else {}
        for way in (MODULE, LEGACY) if said in exported else (MODULE,):
            # a module does not know how long its input is
            local = {"max pool": "local max", "average pool": "local average", "F.max_pool1d": "local max"}
            unknown = tuple(word for start, word in local.items() if said.startswith(start) and way == MODULE)
            yield from _examples(
                f"pooled by {said}",
                "behind",
                net(conv=conv(), pool=layer, **last),
                (way,),
                pool_names=(*names, *unknown),
                must="read",
                also=(3.0,) if "sharper" in said else (),
                **extra,
            )
    wrong_axis: dict[str, Callable[[Any], Any]] = {
        "max over kernels": lambda x: x.amax(1),
        "max(1) over kernels": lambda x: x.max(1)[0],
        "mean over kernels": lambda x: x.mean(1),
        "mean over kernels and windows": lambda x: x.mean((1, 2)),
        "max over everything": lambda x: x.amax((1, 2)),
        "max over the batch": lambda x: x.amax(0),
        "logsumexp over kernels": lambda x: x.logsumexp(1),
        "max over kernels behind a transpose": lambda x: x.transpose(1, 2).amax(-1),
        "max over windows behind a transpose": lambda x: x.transpose(1, 2).amax(1),
        "max over windows behind a permutation": lambda x: x.permute(2, 0, 1).amax(0),
        "max over kernels behind a permutation": lambda x: x.permute(2, 0, 1).max(2)[0],
        "pool over kernels by a layer": lambda x: F.adaptive_max_pool1d(x.transpose(1, 2), 1),
        "one max of all": lambda x: x.max(),
        "one mean of all": lambda x: x.mean(),
        "flattened, then max": lambda x: x.flatten(1).amax(1),
    }
    for said, function in wrong_axis.items():
        legacy = (LEGACY,) if said not in ("max over the batch", "one max of all") else ()
        yield from _examples(
            f"then {said}",
            "behind",
            net(conv=conv(), pool=Does(function)),
            (MODULE, *legacy),
            must="read",
            pools=any(word in said for word in ("windows", "everything", "of all", "flattened")),
        )
    local: dict[str, tuple[nn.Module, str, nn.Module]] = {
        "local max, then max": (nn.MaxPool1d(3), "max", nn.AdaptiveMaxPool1d(1)),
        "local max, then average": (nn.MaxPool1d(3), "max", nn.AdaptiveAvgPool1d(1)),
        "local average, then max": (nn.AvgPool1d(3), "average", nn.AdaptiveMaxPool1d(1)),
        "local max of stride 1, then max": (nn.MaxPool1d(3, 1), "max", nn.AdaptiveMaxPool1d(1)),
        "local max of the same length, then max": (nn.MaxPool1d(3, 1, 1), "max", nn.AdaptiveMaxPool1d(1)),
        "adaptive of four, then max": (nn.AdaptiveMaxPool1d(4), "max", nn.AdaptiveMaxPool1d(1)),
        "local max, relu, then max": (nn.MaxPool1d(3), "max", nn.Sequential(nn.ReLU(), nn.AdaptiveMaxPool1d(1))),
        "local max, batch norm, then max": (
            nn.MaxPool1d(3),
            "max",
            nn.Sequential(nn.BatchNorm1d(KERNELS), nn.AdaptiveMaxPool1d(1)),
        ),
        "local max, LSTM, then max": (
            nn.MaxPool1d(3),
            "max",
            nn.Sequential(Along(nn.LSTM(KERNELS, KERNELS, batch_first=True)), nn.AdaptiveMaxPool1d(1)),
        ),
        "local max, another convolution, then max": (
            nn.MaxPool1d(2),
            "max",
            nn.Sequential(nn.Conv1d(KERNELS, KERNELS, 2), nn.AdaptiveMaxPool1d(1)),
        ),
    }
    for said, (first, kind, second) in local.items():
        yield from _examples(
            f"then {said}",
            "behind",
            net(conv=conv(), act=nn.ReLU(), local=first, pool=second, **last),
            (MODULE, LEGACY) if "adaptive" not in said else (MODULE,),
            local_kind=kind,
            must="read",
            pool_names=(f"local {kind}",),
        )


def _norms(last: Mapping[str, nn.Module], maximum: Mapping[str, nn.Module]) -> Iterator[Example]:
    norms: dict[str, nn.Module] = {
        "batch norm": nn.BatchNorm1d(KERNELS),
        "batch norm without weights": nn.BatchNorm1d(KERNELS, affine=False, eps=0.1),
        "dropout, batch norm": nn.Sequential(nn.Dropout(0.3), nn.BatchNorm1d(KERNELS)),
        "two batch norms": nn.Sequential(nn.BatchNorm1d(KERNELS), nn.BatchNorm1d(KERNELS)),
        "batch norm without statistics": nn.BatchNorm1d(KERNELS, track_running_stats=False),
    }
    for said, layer in norms.items():
        for other in ({"act": nn.ReLU(), **maximum}, {"pool": nn.AdaptiveMaxPool1d(1), **last}):
            words = "relu, max" if "act" in other else "max"
            ways = (MODULE, LEGACY, FILE) if "act" in other and "without statistics" not in said else (MODULE,)
            yield from _examples(
                f"then {said}, {words}", "behind", net(conv=conv(), norm=layer, **other), ways, must="read"
            )
    for said, factor in {"negative": -1.0, "positive": 1.0}.items():
        model = net(conv=conv(), act=nn.ReLU(), after=nn.BatchNorm1d(KERNELS), pool=nn.AdaptiveMaxPool1d(1), **last)
        settled(model)
        model.after.weight.data = factor * model.after.weight.data.abs()
        sequences = onehot()
        x = torch.from_numpy(sequences.copy())
        stages = tuple(stages_of(model, x, x, kernels=KERNELS, names=("relu",)))
        for way in (MODULE, LEGACY):
            yield Example(
                f"{way}: then relu, batch norm of {said} weights, max",
                way,
                "behind",
                kept(model, way, x),
                stages,
                sequences,
                "read",
                can_be_uploaded=way == LEGACY,
            )


def _biases(maximum: Mapping[str, nn.Module]) -> Iterator[Example]:
    own = torch.randn(KERNELS, 1)
    adds: dict[str, nn.Module] = {
        "a buffer": Holds(lambda x, b: x + b, b=own),
        "a parameter": Biased(),
        "a buffer taken off": Holds(lambda x, b: x - b, b=own),
        "one number": Does(lambda x: x + 1.5),
        "a number a window": Holds(lambda x, b: x + b, b=torch.randn(13)),
    }
    for said, layer in adds.items():
        for bias in (True, False):
            words = "with a bias" if bias else "without bias"
            model = net(conv=conv(bias=bias), norm=layer, act=nn.ReLU(), **maximum)
            ways = (MODULE, LEGACY, FILE) if said == "a parameter" else (MODULE, LEGACY)
            yield from _examples(f"{words}, then {said} added", "behind", model, ways, must="read")


class Biased(nn.Module):
    """A bias of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(KERNELS))

    def forward(self, x: Any) -> Any:
        return x + self.bias[None, :, None]


class Strands(nn.Module):
    """One layer on both strands."""

    def __init__(self, put_together: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.conv = conv()
        self.put_together = put_together

    def forward(self, x: Any) -> Any:
        return self.put_together(torch.relu(self.conv(x)), torch.relu(self.conv(x.flip([1, 2]))))


class Backward(nn.Module):
    """The other strand alone."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()

    def forward(self, x: Any) -> Any:
        return torch.relu(self.conv(x.flip([1, 2]))).amax(-1)


class Branches(nn.Module):
    """Convolutions of several widths side by side."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.narrow, self.wide = conv(), conv(kernels=7, width=9)
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(x, self.narrow, self.wide)


class Twice(nn.Module):
    """The convolution's scores are used by two."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.conv = conv()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self.conv(x))


def _of_layers(
    name: str,
    model: nn.Module,
    layers: Mapping[str, nn.Module],
    behind: Mapping[str, Behind],
    ways: Sequence[str],
    *,
    named: Sequence[str] = (),
    through: Callable[[str, torch.Tensor], Any] | None = None,
    unlikely: Sequence[str] = (),
    not_at_input: Sequence[str] = (),
    must: str = "",
    x: Callable[[torch.Tensor], Any] | None = None,
) -> Iterator[Example]:
    """A network of any form: each layer laid on the letters, and what is behind it."""
    settled(model)
    sequences = onehot()
    letters = torch.from_numpy(sequences.copy())
    stages = []
    for path, layer in layers.items():
        with torch.no_grad():
            alone = layer(letters).double().numpy()
            inside = alone if through is None else through(path, letters)
        inner = None if inside is None else np.asarray(inside, dtype=np.float64)
        starts = window_starts(alone.shape[2])
        stages.append(
            Stage(path, alone, starts, inner, None, behind.get(path), path not in unlikely, path not in not_at_input)
        )
    given = letters if x is None else x(letters)
    for way in ways:
        yield Example(
            f"{way}: {name}",
            way,
            "several",
            kept(model, way, given),
            tuple(stages),
            sequences,
            must,
            {},
            tuple(named) if way in (MODULE, *KEEPING) else (),
            way in (SAFETENSORS, NPZ, LEGACY, DYNAMO),
        )


def _scores(layer: nn.Module) -> Array:
    with torch.no_grad():
        return layer(torch.from_numpy(onehot())).double().numpy()


def _several() -> Iterator[Example]:
    joins: dict[str, Callable[[Any, Any], Any]] = {
        "max over both strands": lambda a, b: torch.maximum(a.amax(-1), b.amax(-1)),
        "strands joined along, then max": lambda a, b: torch.cat([a, b], 2).amax(-1),
        "strands added, then max": lambda a, b: (a + b.flip(2)).amax(-1),
        "strands as kernels of their own": lambda a, b: torch.cat([a, b], 1).amax(-1),
        "mean over both strands": lambda a, b: (a.mean(-1) + b.mean(-1)) / 2,
    }
    for said, function in joins.items():
        model = Strands(function)
        scores = _scores(model.conv)
        own = ("max",) if said == "max over both strands" else ("average",) if said.startswith("mean") else ()
        behind = Behind(np.maximum(scores, 0), pools=True, pool_names=own)
        yield from _of_layers(said, model, {"conv": model.conv}, {"conv": behind}, (MODULE, LEGACY, FILE))
    back = Backward()
    yield from _of_layers(
        "the other strand alone",
        back,
        {"conv": back.conv},
        {},
        (MODULE, LEGACY, FILE),
        through=lambda _, x: back.conv(x.flip([1, 2])).detach().double(),
    )
    sides: dict[str, Callable[..., Any]] = {
        "two widths side by side": lambda x, a, b: torch.cat([a(x).amax(-1), b(x).amax(-1)], 1),
        "the wide one first": lambda x, a, b: torch.cat([b(x).relu().amax(-1), a(x).relu().amax(-1)], 1),
        "gated by the other": lambda x, a, b: a(x).amax(-1) * torch.sigmoid(b(x).mean((1, 2))[:, None]),
    }
    for said, function in sides.items():
        model = Branches(function)
        yield from _of_layers(
            said,
            model,
            {"narrow": model.narrow, "wide": model.wide},
            {},
            (MODULE, LEGACY, FILE, SAFETENSORS),
            named=("narrow", "wide"),
        )
    uses: dict[str, tuple[Callable[[Any], Any], Behind]] = {
        "max and mean side by side": (
            lambda x: torch.cat([x.amax(-1), x.mean(-1)], 1),
            Behind(pools=True, pool_names=()),
        ),
        "relu on one side": (lambda x: torch.relu(x).amax(-1) + x.mean(-1), Behind(pools=True)),
        "both signs": (lambda x: torch.cat([torch.relu(x), torch.relu(-x)], 1).amax(-1), Behind(pools=True)),
        "returned twice": (lambda x: (x, x.amax(-1)), Behind(pools=True, names=("identity",))),
    }
    for said, (function, behind) in uses.items():
        model = Twice(function)
        yield from _of_layers(said, model, {"conv": model.conv}, {"conv": behind}, (MODULE, LEGACY))
    yield from _numbered()
    yield from _second_input()


def _numbered() -> Iterator[Example]:
    """Layers whose names are numbers, kept in the order of letters."""
    layers = {f"layers.{n}": conv(kernels=4, width=5) for n in (2, 10)}
    chain = nn.ModuleDict({})
    chain.layers = nn.ModuleList([layers[f"layers.{n}"] if f"layers.{n}" in layers else nn.ReLU() for n in range(11)])
    state = dict(chain.state_dict())
    in_letters = dict(sorted(state.items()))
    for way in (STATE, FILE, SAFETENSORS, NPZ):
        for example in _of_layers(
            "layers.2 and layers.10",
            chain,
            layers,
            {},
            (way,),
            named=tuple(layers),
            unlikely=("layers.10",),
            must="read",
        ):
            make = (lambda folder, kept=in_letters: kept) if way == STATE else partial(_stored_as, in_letters, way)
            yield _with(example, make=make)
    several = {f"conv{n}": conv(kernels=4, width=5) for n in (1, 2, 10)}
    named = nn.ModuleDict(several)
    state = dict(sorted(named.state_dict().items()))
    for way in (FILE, SAFETENSORS):
        for example in _of_layers(
            "conv1, conv2 and conv10",
            named,
            several,
            {},
            (way,),
            named=tuple(several),
            unlikely=("conv2", "conv10"),
            must="read",
        ):
            yield _with(example, make=partial(_stored_as, state, way))


def _stored_as(state: Mapping[str, torch.Tensor], way: str, folder: Path) -> Path:
    path = folder / {SAFETENSORS: "m.safetensors", NPZ: "m.npz"}.get(way, "m.pt")
    save(state, way, path)
    return path


class TwoInputs(nn.Module):
    """Letters and a signal of four rows, each with a convolution of its own."""

    def __init__(self, *, is_signal_first: bool) -> None:
        super().__init__()
        self.letters, self.signal = conv(), conv(kernels=7, width=3)
        self.is_signal_first = is_signal_first

    def forward(self, x: Any, y: Any) -> Any:
        a, b = self.letters(x).amax(-1), self.signal(y).amax(-1)
        return torch.cat([b, a] if self.is_signal_first else [a, b], 1)


def _second_input() -> Iterator[Example]:
    signal = torch.rand(BATCH, 4, LENGTH, generator=torch.Generator().manual_seed(5))
    for first in (False, True):
        model = TwoInputs(is_signal_first=first)
        yield from _of_layers(
            f"a second input of four rows{', read first' if first else ''}",
            model,
            {"letters": model.letters, "signal": model.signal},
            {},
            (MODULE, LEGACY),
            named=("letters", "signal"),
            x=lambda letters: (letters, signal),
        )


class Lone(nn.Module):
    """Holds a convolution that is kept by itself."""


def _stored() -> Iterator[Example]:
    """Weights kept in ways of their own."""
    for way in (MODULE, STATE, FILE, SAFETENSORS, NPZ):
        layer = conv()
        holder = net(conv=layer)
        for example in _examples("a bare convolution", "axes", holder, (way,), must="plain", layer=""):
            yield _with(example, make=partial(_keep, layer.eval(), way, None))
    layer = conv(kernels=4, width=4)
    for way in (STATE, FILE, NPZ):
        for example in _examples(
            "a bare convolution, four of four", "axes", net(conv=layer), (way,), kernels=4, layer=""
        ):
            yield _with(example, make=partial(_keep, layer.eval(), way, None))
    flat = nn.Conv2d(1, KERNELS, (4, 5))
    for way in (MODULE, FILE):
        model = net(lay=Does(lambda x: x[:, None]), conv=flat)
        for example in _examples("a bare convolution of two axes", "axes", model, (way,), layer="", must="read"):
            yield _with(example, make=partial(_keep, flat.eval(), way, None))
    yield from _arrays()
    yield from _decoys()


def _given(values: Any, _: Path) -> Any:
    return values


def _written(values: Any, folder: Path) -> Path:
    path = folder / "m.npy"
    np.save(path, values)
    return path


def _arrays() -> Iterator[Example]:
    """Arrays that stand alone, whose axes the shape tells or does not."""
    for said, (kernels, width) in {
        "3 of 5": (3, 5),
        "4 of 5": (4, 5),
        "3 of 4": (3, 4),
        "4 of 4": (4, 4),
        "5 of 3": (5, 3),
    }.items():
        layer = conv(kernels=kernels, width=width, bias=False)
        weight = layer.weight.detach().numpy()
        orders = {
            "kernel, letter, position": (0, 1, 2),
            "position, letter, kernel": (2, 1, 0),
            "letter, position, kernel": (1, 2, 0),
            "kernel, position, letter": (0, 2, 1),
        }
        for axes, order in orders.items():
            values = np.ascontiguousarray(weight.transpose(order))
            for how, make in {"array": _given, "npy": _written}.items():
                if how == "npy" and axes not in ("kernel, letter, position", "position, letter, kernel"):
                    continue
                told = {"options": {"axes": axes}, "must": "read"}
                for words, extra in {"": {}, ", told": told}.items():
                    for example in _examples(
                        f"{how} of {said} as {axes}{words}",
                        "axes",
                        net(conv=layer),
                        (how,),
                        kernels=kernels,
                        layer="",
                        **extra,
                    ):
                        if words and how == "npy":
                            continue
                        yield _with(example, make=partial(make, values), can_be_uploaded=how == "npy", axes=axes)
    single = conv(kernels=1)
    values = single.weight.detach().numpy()[0]
    for said, array in {"letter, position": values, "position, letter": values.T}.items():
        for example in _examples(
            f"array of one kernel as {said}", "axes", net(conv=single), ("array",), kernels=1, layer=""
        ):
            yield _with(example, make=partial(_given, array))


def _decoys() -> Iterator[Example]:
    """Tensors beside the weight that have its shape or a name like its own."""
    model = settled(net(conv=conv(), **plain_tail()))
    others = {
        "running averages first": {"ema.conv.weight": torch.randn(3, 4, 5), "ema.conv.bias": torch.randn(3)},
        "moments of the optimiser": {"optimizer.conv.weight.exp_avg": torch.randn(3, 4, 5)},
        "a dense layer of three axes": {"attn.in_proj": torch.randn(3, 4, 7)},
    }
    for said, more in others.items():
        state = {**model.state_dict(), **more}
        for way in (FILE, SAFETENSORS):
            for example in _examples(said, "axes", model, (way,), must="read"):
                yield _with(example, make=partial(_stored_as, state, way))
    for said, inner in {
        "model_state_dict": {"model_state_dict": dict(model.state_dict()), "optimizer_state_dict": {"state": {}}},
        "model": {"model": dict(model.state_dict()), "args": {"width": 5}},
        "net": {"net": dict(model.state_dict()), "acc": 0.9},
        "two networks": {"generator": dict(model.state_dict()), "critic": {"w": torch.zeros(2, 2)}},
    }.items():
        for example in _examples(f"checkpoint under {said}", "axes", model, (CHECKPOINT,)):
            yield _with(example, make=partial(_dumped, inner))
    for example in _examples("a whole module, pickled", "axes", model, (FILE,)):
        yield _with(example, make=partial(_dumped, nn.Sequential(conv())))
    for example in _examples("TorchScript", "axes", model, (FILE,)):
        yield _with(example, make=partial(_scripted, nn.Sequential(conv())))


def _dumped(value: Any, folder: Path) -> Path:
    torch.save(value, folder / "m.pt")
    return folder / "m.pt"


def _scripted(model: nn.Module, folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(model.eval(), torch.zeros(1, 4, 9)), folder / "m.pt")
    return folder / "m.pt"


class Standardised(nn.Conv1d):
    """A convolution whose forward pass is another: its weights are standardised first."""

    def forward(self, x: Any) -> Any:
        mean = self.weight.mean((1, 2), keepdim=True)
        spread = self.weight.std((1, 2), keepdim=True)
        return self._conv_forward(x, (self.weight - mean) / spread, self.bias)


class Turned(nn.Conv1d):
    """A true convolution."""

    def forward(self, x: Any) -> Any:
        return self._conv_forward(x, self.weight.flip(2), self.bias)


class Renamed(nn.Conv1d):
    """A convolution by another name, which does the same."""


class Typed(nn.Module):
    """A convolution and nothing else in its forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = conv()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.conv(x))


def _unusual() -> Iterator[Example]:
    """Modules that are not what their class says."""
    for said, layer in {"weights standardised": Standardised(4, 3, 5), "a true convolution": Turned(4, 3, 5)}.items():
        # a state dict is that of an ordinary one
        yield from _examples(f"a class of its own: {said}", "parts", net(conv=layer, **plain_tail()), (MODULE, LEGACY))
    yield from _examples(
        "a class of its own, which does the same", "parts", net(conv=Renamed(4, 3, 5), **plain_tail()), (MODULE, LEGACY)
    )
    for said, change in {
        "a hook doubles its input": lambda m: m.register_forward_pre_hook(lambda _, given: (2 * given[0],)),
        "a hook turns its output": lambda m: m.register_forward_hook(lambda *given: -given[2]),
        "a hook looks on": lambda m: m.register_forward_hook(lambda *_: None),
        "another forward": lambda m: setattr(m, "forward", lambda given: nn.Conv1d.forward(m, given.flip(1))),
    }.items():
        layer = conv()
        change(layer)
        model = net(conv=layer, **plain_tail()).eval()
        sequences = onehot()
        x = torch.from_numpy(sequences.copy())
        with torch.no_grad():
            scores = F.conv1d(x, layer.weight, layer.bias).double().numpy()
            inside = layer(x).double().numpy()
        pooled = np.maximum(inside, 0).max(2)
        with torch.no_grad():
            output = model(x).double().numpy().reshape(BATCH)
        behind = Behind(np.maximum(inside, 0), pooled=pooled, pools=True, output=output)
        stage = Stage("conv", scores, window_starts(13), inside, None, behind)
        yield Example(f"{MODULE}: {said}", MODULE, "parts", partial(_given, model), (stage,), sequences)
    for said, wrap in {
        "torch.jit.trace": lambda m: _quietly(lambda: torch.jit.trace(m, torch.zeros(2, 4, 17))),
        "torch.jit.script": lambda m: _quietly(lambda: torch.jit.script(m)),
        "torch.compile": lambda m: _quietly(lambda: torch.compile(m)),
        "torch.fx": torch.fx.symbolic_trace,
        "data parallel": nn.DataParallel,
        "frozen": lambda m: m.requires_grad_(False),
    }.items():
        inner = Typed().eval()
        sequences = onehot()
        scores = _scores(inner.conv)
        behind = Behind(np.maximum(scores, 0))
        stage = Stage("conv", scores, window_starts(13), scores, None, behind)
        yield Example(f"{MODULE}: {said}", MODULE, "parts", partial(_given, wrap(inner)), (stage,), sequences)
    for said, change in {"training": lambda m: m.train(), "dropout that stays on": lambda m: m.before.train()}.items():
        model = settled(net(before=nn.Dropout(0.5), conv=conv(), norm=nn.BatchNorm1d(KERNELS), **plain_tail()))
        for example in _examples(f"left in {said}", "before", model, (MODULE,)):
            own = copy.deepcopy(model)
            change(own)
            yield _with(example, make=partial(_given, own), stages=tuple(_of_layers_alone(model)))
    for example in _examples("of complex numbers", "parts", net(conv=conv()), (MODULE,)):
        yield _with(example, make=partial(_given, nn.Conv1d(4, 3, 5, dtype=torch.complex64)))
    for example in _examples("without numbers", "parts", net(conv=conv()), (MODULE,)):
        yield _with(example, make=partial(_given, nn.Sequential(nn.Conv1d(4, 3, 5, device="meta"))))
    for example in _examples("not made yet", "parts", net(conv=conv()), (MODULE,)):
        lazy = _quietly(lambda: nn.Sequential(nn.LazyConv1d(3, 5)))
        yield _with(example, make=partial(_given, lazy), has_convolution=False)
    for value in (float("nan"), float("inf")):
        broken = net(conv=conv())
        broken.conv.weight.data[1, 2, 3] = value
        for way in (MODULE, FILE, SAFETENSORS):
            for example in _examples(f"a weight of {value}", "parts", net(conv=conv()), (way,)):
                yield _with(example, make=partial(_keep, broken, way, None))


def _of_layers_alone(model: nn.Sequential) -> Iterator[Stage]:
    """What the layers of a model give when it predicts; in training they give something else."""
    x = torch.from_numpy(onehot())
    with torch.no_grad():
        scores = model.conv(x)
        normed = model.norm(scores)
    for values in (scores, normed):
        array = values.double().numpy()
        yield Stage("conv", array, window_starts(13), array, None, None)


def _quietly(make: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()
