"""Reads the convolutions of a module, and compares the kernels with what the module computes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import nn

from epool_viz.core.types import Array
from epool_viz.data.networks.checking import MOST, checked, largest_difference, not_checked
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions, assemble, letters_wanted
from epool_viz.data.networks.network_layers import (
    TORCH_1D,
    TORCH_2D,
    Convolution,
    Network,
    Step,
    Tensor,
    coarsest,
    tensor_of,
)
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.models.after import Stage, pooling_steps, read_after, scores_of
from epool_viz.models.before import Read, agrees, read_before
from epool_viz.models.cnn import MotifCNN
from epool_viz.models.runs import Probe, Run, input_names, probes_of, runs_of
from epool_viz.models.threads import few_threads
from epool_viz.models.watching import Call, to_run

_ACCEPTED = "a convolution that reads 4 or 20 letters"
_FORMAT = "torch module"
_MOST_OF_HALVES = 2e-2
_LAZY = (nn.parameter.UninitializedParameter, nn.parameter.UninitializedBuffer)
_DOWN, _ACROSS = ("kernel", "1", "letter", "position"), ("kernel", "1", "position", "letter")
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)
_STATISTICS = "running statistics"
_FOLDED = ("batch_norm", "scale")


@dataclass(frozen=True, eq=False)
class _Found:
    """A convolution in one run of its module."""

    name: str
    call: Call
    read: Read
    stages: tuple[Stage, ...]
    n_uses: int
    run: Run
    use: int = 0


def read_module(model: nn.Module, reading: ImportOptions, by_names: Any) -> ImportedKernels:
    """Kernels of a module, compared with what it computes.

    Parameters
    ----------
    model : nn.Module
    reading : ImportOptions
    by_names : callable
        Makes a network of a state dict, where the module cannot be run.

    Raises
    ------
    FormatError
        If the module has no numbers yet, or no convolution that reads letters.
    """
    model = _unwrapped(model)
    name = type(model).__name__
    held = [*model.parameters(), *model.buffers()]
    if any(isinstance(each, _LAZY) for each in held):
        raise FormatError(name, None, "weights that are not there yet", "a module whose lazy layers have run once")
    if any(each.is_meta for each in held):
        raise FormatError(name, None, "weights without numbers, on the device `meta`", "a module with its numbers")
    if _is_ours(model):
        return _read_motif_cnn(model, reading)
    return _in_training(_read_any(model, reading, by_names, held), model)


def _read_any(model: nn.Module, reading: ImportOptions, by_names: Any, held: Sequence[torch.Tensor]) -> ImportedKernels:
    read = _read_run(model, reading, as_it_stands=False)
    if isinstance(read, str) and any(each.device.type != "cpu" or each.dtype.itemsize < 4 for each in held):
        read = _read_run(model, reading, as_it_stands=True)
    return _read_unrun(model, reading, by_names, read) if isinstance(read, str) else read


def _in_training(kernels: ImportedKernels, model: nn.Module) -> ImportedKernels:
    """The kernels; of a batch-norm in them that is in training mode, that the module now computes otherwise."""
    norms = (name for name, each in model.named_modules() if isinstance(each, _NORMS) and each.training)
    said = [name for name in norms if any(_STATISTICS in each and f"`{name}`" in each for each in kernels.assumptions)]
    if not said:
        return kernels
    names = ", ".join(f"`{name}`" for name in said)
    remark = (
        f"{names} {'is' if len(said) == 1 else 'are'} in training mode: as it stands now, the module computes with the "
        "statistics of each batch and not with the running ones; these kernels are those of the module after "
        "`model.eval()`."
    )
    return dataclasses.replace(kernels, assumptions=(*kernels.assumptions, remark))


def _read_run(model: nn.Module, reading: ImportOptions, *, as_it_stands: bool) -> ImportedKernels | str:
    """Kernels of a module that runs on letters in one way at least; else its error."""
    name = type(model).__name__
    with to_run(model, as_it_stands=as_it_stands) as running, few_threads():
        runs, error = runs_of(running, letters_wanted(reading))
        if not runs:
            return error
        runs = [run for run in runs if bool(run.passes[0].error) == bool(runs[0].passes[0].error)]
        found = {id(run): _convolutions(run, running) for run in runs}
        if reading.axes is not None:  # the layout that agrees with the caller's axes
            runs.sort(key=lambda run: _apart(_network(name, run, found, running), found[id(run)], run, reading))
        found[id(runs[0])] = _probed(found[id(runs[0])], running, runs[0])
        network = _network(name, runs[0], found, running)
        kernels = assemble(network, reading)
        against = [_against(kernels, _named(found[id(run)], kernels.layer), run, reading) for run in runs]
    most = _most_of(runs[0])
    contrary = [run for run, apart in zip(runs, against, strict=True) if apart is not None and apart > most]
    if kernels.reads_letters and contrary and runs[0] not in contrary and reading.axes is None:
        doubt = f"it is given {_said(runs[0])}, and not {_said(contrary[0])}, which it takes as well"
        doubted = tuple(
            dataclasses.replace(each, doubt=doubt, at_input=False) if each.name == kernels.layer else each
            for each in network.convolutions
        )
        kernels = assemble(dataclasses.replace(network, convolutions=doubted), reading)
    return _checked(kernels, against[0], runs[0])


def _most_of(run: Run) -> float:
    """The difference that rounding explains: more of halves, and of a GPU, which may keep fewer digits by default."""
    given = run.passes[0].inputs[0].data
    is_rough = given is None or given.device.type != "cpu" or given.dtype in (torch.float16, torch.bfloat16)
    return _MOST_OF_HALVES if is_rough else MOST


def _network(name: str, run: Run, found: dict[int, list[_Found]], model: nn.Module) -> Network:
    """The module's convolutions as one run shows them; the others show where a weight can be read in two ways."""
    here = found[id(run)]
    others = [convolutions for key, convolutions in found.items() if key != id(run)]
    made = []
    for each in here:
        elsewhere = [other for convolutions in others if (other := _named(convolutions, each.name)) is not None]
        is_open = any(_letter_axis(other) not in (None, _letter_axis(each)) for other in elsewhere)
        made.append(_convolution(each, run, is_open=is_open))
    return Network(name, _FORMAT, tuple(made), tuple(_remarks(model, here)))


def _apart(network: Network, found: list[_Found], run: Run, reading: ImportOptions) -> float:
    try:
        kernels = assemble(network, reading)
    except (FormatError, ArgumentError):
        return float("inf")
    apart = _against(kernels, _named(found, kernels.layer), run, reading)
    return float("inf") if apart is None else apart


def _letter_axis(found: _Found) -> int | None:
    """Of a weight with two spatial axes: along which one the letters lie; None where it is neither, or not known."""
    about, data = found.call.convolution, found.call.outputs[0].data
    is_plain = found.read.table is not None and scores_of(found.call) is not None
    if about is None or about["weight"].ndim != 4 or about["weight"].shape[1] != 1 or not is_plain or data is None:
        return None
    return 2 if data.shape[2] == 1 else 3


def _is_ours(model: nn.Module) -> TypeGuard[MotifCNN]:
    """Whether a module is this package's network as it stands: no other forward pass, no hook."""
    hooked = (each._forward_hooks or each._forward_pre_hooks for each in model.modules())
    return type(model) is MotifCNN and not any(hooked)


def _unwrapped(model: nn.Module) -> nn.Module:
    """What stands within torch's own wrappers."""
    for attribute in ("_orig_mod", "module"):
        inner = getattr(model, attribute, None)
        if isinstance(inner, nn.Module) and type(model).__module__.startswith("torch."):
            return _unwrapped(inner)
    return model


def _said(run: Run) -> str:
    return run.layout.said(run.n_letters)


# which convolutions


def _convolutions(run: Run, model: nn.Module) -> list[_Found]:
    """Every convolution that was called, once; of several calls the first that reads letters."""
    uses: dict[str, list[int]] = {}
    for index, call in enumerate(run.passes[0].calls):
        if call.convolution is not None and call.convolution["weight"] is not None:
            uses.setdefault(_name_of(call, model), []).append(index)
    found = []
    for name, indices in uses.items():
        reads = [read_before(index, run) for index in indices]
        best = next((i for i, read in enumerate(reads) if read.table is not None), 0)
        call = run.passes[0].calls[indices[best]]
        found.append(_Found(name, call, reads[best], tuple(read_after(call, run)), len(indices), run, best))
    return found


def _probed(found: list[_Found], model: nn.Module, run: Run) -> list[_Found]:
    """The same where sequences of other kinds and lengths are read as random ones are; else nothing is known there."""
    if run.passes[0].is_free or not any(each.read.table for each in found):
        return found
    for probe in probes_of(model, run):
        found = [each if each.read.table is None else _after_probe(each, probe, model) for each in found]
    return found


def _after_probe(found: _Found, probe: Probe, model: nn.Module) -> _Found:
    watched, table = probe.run.passes[0], found.read.table
    calls = [
        call
        for call in watched.calls
        if call.convolution is not None
        and call.convolution["weight"] is not None
        and _name_of(call, model) == found.name
    ]
    if watched.error and len(calls) <= found.use:
        return found
    call = calls[found.use] if len(calls) > found.use else None
    data = None if call is None else call.inputs[0].data
    is_so = call is not None and _is_same_convolution(call, found.call)
    if not is_so or (data is not None and table is not None and not agrees(table, data, probe.run.codes[0])):
        stop = Step("other", "", f"something that treats {probe.said} differently")
        return dataclasses.replace(found, read=Read((stop,), None))
    if call is None or watched.error or not probe.is_long:
        return found
    there = [(stage.step.kind, stage.step.what, stage.step.name) for stage in read_after(call, probe.run)]
    here = [(stage.step.kind, stage.step.what, stage.step.name) for stage in found.stages]
    if (there, len(calls)) == (here, found.n_uses):
        return found
    alike = next((i for i, pair in enumerate(zip(here, there, strict=False)) if pair[0] != pair[1]), 0)
    stop = Step("other", "", "a place behind which the forward pass goes by the length")
    return dataclasses.replace(found, stages=(*found.stages[:alike], Stage(stop, None)))


def _is_same_convolution(one: Call, other: Call) -> bool:
    """Whether two calls have the same numbers and do the same with them."""
    here, there = one.convolution, other.convolution
    if here is None or there is None:
        return False
    for name in ("weight", "bias"):
        pair = here[name], there[name]
        if not all(isinstance(each, torch.Tensor) for each in pair):
            if pair[0] is not pair[1]:
                return False
        elif pair[0].shape != pair[1].shape or not torch.allclose(*pair, rtol=1e-4, equal_nan=True):
            return False
    return all(here[name] == there[name] for name in ("stride", "padding", "dilation", "groups"))


def _name_of(call: Call, model: nn.Module) -> str:
    if call.layer is not None or isinstance(call.within_layer, nn.Conv1d | nn.Conv2d):
        return (call.name if call.layer is not None else call.within) or "the convolution"
    assert call.convolution is not None  # noqa: S101 - called for convolutions only
    weight = call.convolution["weight"]
    held = [*model.named_parameters(), *model.named_buffers()]
    name = next((name for name, each in held if each.data_ptr() == weight.data_ptr()), None)
    if name is not None:
        return name.removesuffix(".weight")
    return call.within or f"{call.word} of ({', '.join(map(str, weight.shape))})"


def _named(found: Sequence[_Found], layer: str) -> _Found | None:
    return next((each for each in found if each.name == layer), None)


def _roles(found: _Found, *, is_open: bool) -> tuple[str, ...]:
    """What the axes of a weight are; of a square image, which one the letters lie along, where the run shows it."""
    assert found.call.convolution is not None  # noqa: S101 - only convolutions are found
    shape = found.call.convolution["weight"].shape
    if len(shape) == 3:
        return TORCH_1D
    axis = None if is_open or shape[2] != shape[3] else _letter_axis(found)
    return {None: TORCH_2D, 2: _DOWN, 3: _ACROSS}[axis]


def _convolution(found: _Found, run: Run, *, is_open: bool) -> Convolution:
    call, about = found.call, found.call.convolution
    assert about is not None  # noqa: S101 - only convolutions are found
    after = tuple(stage.step for stage in found.stages)
    if found.n_uses > 1:
        after = (Step("other", "", f"another use of `{found.name}`, of {found.n_uses}"),)
    if run.passes[0].is_free:
        after = (Step("other", "", "a place where the forward pass goes by the numbers"),)
    name = "weight" if found.name == "the convolution" else f"{found.name}.weight"
    bias = about["bias"]
    before = _before(found)
    doubt = "another sequence takes the same way through the forward pass" if run.passes[0].is_free else ""
    if _reads_more(found):
        more = "the columns that are joined to the letters, and vary with them as another strand does, are letters too"
        doubt = f"{doubt} and {more}" if doubt else more
    stride, dilation = _along(about["stride"], call), _along(about["dilation"], call)
    return Convolution(
        found.name,
        tensor_of(name, _numbers(about["weight"])),
        None if bias is None else tensor_of(name.removesuffix("weight") + "bias", _numbers(bias)),
        _roles(found, is_open=is_open),
        after,
        stride=stride,
        dilation=dilation,
        groups=about["groups"],
        padding=_padding(found),
        at_input=found.read.table is not None and before == () and not doubt,
        before=before,
        has_no_bias=bias is None,
        doubt=doubt,
    )


def _before(found: _Found) -> tuple[Step, ...] | None:
    """What stands between the letters and the kernels; None where the scores were too many to keep."""
    if found.read.table is None or scores_of(found.call) is not None:
        return found.read.before
    if found.call.outputs[0].data is None:
        return None
    return (*found.read.before, Step("other", "", "a second axis, that of the letters, along which the kernels slide,"))


def _numbers(tensor: torch.Tensor) -> Array:
    tensor = tensor.detach().cpu()
    return (tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()).numpy()


def _along(value: Any, call: Call) -> int:
    """A stride or dilation along the sequence."""
    if not isinstance(value, tuple | list):
        return int(value)
    data = call.outputs[0].data
    is_across = len(value) == 2 and data is not None and data.ndim == 4 and data.shape[3] == 1 and data.shape[2] > 1
    return int(value[0] if is_across else value[-1])


def _pads(call: Call) -> tuple[int, int, str]:
    """How many columns are put before and behind, and which."""
    about = call.convolution
    assert about is not None  # noqa: S101 - called for convolutions only
    mode = getattr(call.layer, "padding_mode", "zeros")
    padding = about["padding"] if mode == "zeros" else getattr(call.layer, "padding", 0)
    if padding == "valid":
        return 0, 0, mode
    if padding == "same":
        data = call.outputs[0].data
        is_across = data is not None and data.ndim == 4 and data.shape[3] == 1
        total = _along(about["dilation"], call) * (about["weight"].shape[2 if is_across else -1] - 1)
        return total // 2, total - total // 2, mode
    size = _along(padding, call)
    return size, size, mode


def _reads_more(found: _Found) -> bool:
    """Whether whole windows lie where no letter is and what is there varies with the sequence."""
    table = found.read.table
    if table is None or not table.varies:
        return False
    before, behind = max(0, -table.offset), table.columns - (found.run.length - table.offset)
    return max(before, behind) >= _width(found.call)


def _width(call: Call) -> int:
    """Letters from the first to the last of a window."""
    about = call.convolution
    assert about is not None  # noqa: S101 - called for convolutions only
    data = call.outputs[0].data
    is_across = data is not None and data.ndim == 4 and data.shape[3] == 1
    return int(_along(about["dilation"], call) * (about["weight"].shape[2 if is_across else -1] - 1) + 1)


def _padding(found: _Found) -> str | None:
    """What is done at the ends: "valid", "same", or in words."""
    left, right, mode = _pads(found.call)
    table = found.read.table
    if table is None:
        return mode if mode != "zeros" else "valid" if not left + right else None
    length = found.run.length
    before, behind = max(0, -table.offset), max(0, table.columns - (length - table.offset))
    if table.offset > 0 or table.columns < length - table.offset:
        return "letters at the ends are left out"
    if mode != "zeros":
        return mode
    if before + behind and table.varies:
        return "columns that vary with the letters"
    if before + behind and np.abs(table.outside).max() > 0:
        return "columns of other numbers than 0"
    sides = left + before, right + behind
    if not any(sides):
        return "valid"
    width = _width(found.call)
    return "same" if sides == ((width - 1) // 2, width // 2) else f"{sides[0]} columns before and {sides[1]} behind"


def _remarks(model: nn.Module, found: Sequence[_Found]) -> list[str]:
    """What is to be known of the inputs, where there are several."""
    names = input_names(model)
    if len(names) < 2:
        return []
    told = [f"The module takes {len(names)} inputs: {', '.join(f'`{each}`' for each in names)}."]
    told += [f"`{each.name}` reads `{names[each.read.table.place]}`." for each in found if each.read.table is not None]
    return told


# the check


def _against(kernels: ImportedKernels, found: _Found | None, run: Run, reading: ImportOptions) -> float | None:
    """The largest difference on whole windows; infinite where it reads something else, None where none is known."""
    if found is None:
        return None
    if found.read.table is None:
        return float("inf")
    scores = _compared(found, reading)
    if scores is None:
        return None
    places = [kernels.alphabet.letters.find(letter) for letter in kernels.letters]
    codes = np.array(places)[run.codes[0][found.read.table.place]]
    left, _, _ = _pads(found.call)
    assert found.call.convolution is not None  # noqa: S101 - only convolutions are found
    stride = _along(found.call.convolution["stride"], found.call)
    return largest_difference(kernels, codes, scores, first=found.read.table.offset - left, stride=stride)


def _compared(found: _Found, reading: ImportOptions) -> Array | None:
    """The module's own scores, behind what is folded in."""
    scores = scores_of(found.call)
    if found.n_uses > 1 or found.run.passes[0].is_free:
        return scores
    for stage in found.stages:
        step = stage.step
        if step.kind == "batch_norm" and reading.fold_batch_norm is False:
            break
        if step.kind in _FOLDED:
            scores = stage.scores
        elif step.kind != "aside":
            break
    return scores


def _checked(kernels: ImportedKernels, difference: float | None, run: Run) -> ImportedKernels:
    if kernels.reads_letters is False:
        return not_checked(kernels, "these kernels do not read its letters")
    if difference is None:
        return not_checked(kernels, "what it computes with them cannot be laid beside their scores")
    given = run.passes[0].inputs[0].data
    kind = "" if given is None else coarsest([str(given.dtype).removeprefix("torch.")])
    told = checked(kernels, difference, most=_most_of(run), kind=kind)
    how = f" It was given random letters as {_said(run)}, {run.length} long."
    return dataclasses.replace(told, check=told.check + how)


# what is not run as it stands


def _read_unrun(model: nn.Module, reading: ImportOptions, by_names: Any, error: str) -> ImportedKernels:
    """Kernels by the names of the weights, with the settings of the layers."""
    name = type(model).__name__
    remark = "The forward pass cannot be followed, so layers are taken in the order in which they were made."
    layers = dict(model.named_modules())
    network = by_names(model.state_dict(), name)
    convolutions = [_of_layer(each, layers) for each in network.convolutions]
    kept = tuple(each for each in convolutions if each is not None)
    if not kept:
        raise FormatError(name, None, f"no convolution, but {_listed(layers)}", _ACCEPTED)
    kernels = assemble(Network(name, _FORMAT, kept, (remark, *network.remarks)), reading)
    why = "it could not be run on one-hot letters" + (f" ({error})" if error else "")
    return not_checked(kernels, why)


def _listed(layers: dict[str, nn.Module]) -> str:
    """The layers that have weights, in words."""
    told = [
        f"`{path}` ({type(each).__name__})" if path else type(each).__name__
        for path, each in layers.items()
        if any(True for _ in each.parameters(recurse=False))
    ]
    return ", ".join(told[:5]) + (", …" if len(told) > 5 else "") if told else "no layer with weights"


def _of_layer(conv: Convolution, layers: dict[str, nn.Module]) -> Convolution | None:
    """A weight with the settings of its layer; None for one of a layer that is no convolution."""
    path = "" if conv.weight.name == "weight" else conv.name
    layer = layers.get(path)
    if layer is None or not isinstance(layer, nn.Conv1d | nn.Conv2d):
        is_plain = layer is None or type(layer) is nn.Module or not type(layer).__module__.startswith("torch.nn")
        return dataclasses.replace(conv, name=conv.name or "the convolution") if is_plain else None
    width = (layer.kernel_size[-1] - 1) * layer.dilation[-1] + 1
    padding: str = layer.padding_mode
    if padding == "zeros":
        sides = [0] if isinstance(layer.padding, str) else [int(each) for each in layer.padding]
        is_same = layer.padding == "same" or 2 * max(sides) == width - 1 > 0
        padding = "same" if is_same else f"{max(sides)} columns on either side" if any(sides) else "valid"
    return dataclasses.replace(
        conv,
        name=path or "the convolution",
        stride=max(layer.stride),
        dilation=max(layer.dilation),
        groups=layer.groups,
        padding=padding,
        has_no_bias=layer.bias is None,
    )


def _read_motif_cnn(model: MotifCNN, reading: ImportOptions) -> ImportedKernels:
    """Kernels of this package's own network, by its settings."""
    after = []
    if model.activation != "identity":
        after.append(Step("activation", "activation", model.activation))
    after += pooling_steps("pooling", model.pooling)
    after.append(Step("dense", "output", "Linear", {"weight": _tensor("output.weight", model.output.weight)}))
    bias = model.conv.bias
    conv = Convolution(
        "conv",
        _tensor("conv.weight", model.conv.weight),
        None if bias is None else _tensor("conv.bias", bias),
        TORCH_1D,
        tuple(after),
        padding=model.padding,
        at_input=True,
        before=(),
        has_no_bias=bias is None,
    )
    kernels = assemble(Network("MotifCNN", "MotifCNN", (conv,)), reading)
    n_letters = model.conv.weight.shape[1]
    stored = kernels.letters if len(kernels.letters) == n_letters else kernels.alphabet.letters
    width = model.conv.weight.shape[2]
    codes = np.random.default_rng(0).integers(0, n_letters, (3, width + 23))
    onehot = torch.eye(n_letters)[torch.from_numpy(codes)].transpose(1, 2)
    with torch.no_grad():
        scores = model.scores(onehot.to(model.conv.weight)).cpu().double().numpy()
    places = np.array([kernels.alphabet.letters.find(letter) for letter in stored])
    first = -((width - 1) // 2) if model.padding == "same" else 0
    difference = largest_difference(kernels, places[codes], scores, first=first)
    return kernels if difference is None else checked(kernels, difference)


def _tensor(name: str, value: torch.Tensor) -> Tensor:
    return tensor_of(name, _numbers(value))
