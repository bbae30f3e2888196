"""The kernels of a network as arrays, and in words what was taken for granted and what holds of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from epool_viz.core.alphabet import DNA, PROTEIN, RNA, Alphabet
from epool_viz.data._source import near
from epool_viz.data.importing.network import (
    SINGLE,
    Array,
    Convolution,
    Network,
    Step,
    Tensor,
    guess_axes,
    possible_axes,
)
from epool_viz.data.importing.statements import nth, statements
from epool_viz.data.importing.whole import WholeNetwork
from epool_viz.errors import ArgumentError, FormatError

_FLOATS = ("float32", "float64")
_MOST_ENTRIES = 1 << 26
_COMMA = ", "
_OURS = ("kernel", "letter", "position")  # read in another way, a network of ours is another network


@dataclass(frozen=True)
class Reading:
    """How the caller wants a weight read; None leaves it to the file.

    Parameters
    ----------
    layer, axes, letters, flip, fold_batch_norm
        As in `import_kernels`.
    """

    layer: str | None = None
    axes: str | tuple[str, ...] | None = None
    letters: str | None = None
    flip: bool | None = None
    fold_batch_norm: bool | None = None


@dataclass(frozen=True, eq=False)
class ImportedKernels:
    """The first-layer kernels of somebody's model.

    Attributes
    ----------
    kernels : shape (kernel, letter, position)
        float32 or float64, letters in the order of `alphabet`, read from left to right.
    bias : shape (kernel,)
    names : tuple of str
        One a kernel.
    alphabet : Alphabet
    source : str
        File, or a word for what is no file.
    format : str
        What kind of file it is, in words.
    layer : str
        Which layer the kernels are of.
    candidates : tuple of str
        Every weight of the file that could be meant, with its shape; `layer=` takes their names.
    axes : str
        What the axes of the stored weight were taken for, as in "kernel, letter, position".
    possible_axes : tuple of str
        All readings that its shape allows; `axes=` takes one of them.
    letters : str
        The order in which the letters are stored.
    flip : bool
        Whether the kernels were turned round.
    activation, pooling, padding : str or None
        What the scores go through; None where the file does not say.
    output_weights : shape (kernel,), or None
        The weight of each pooled value in the single output unit, where the network is that plain.
    assumptions : tuple of str
        What was taken for granted, a sentence each.
    statements : tuple of str
        What holds of these kernels in their network, a sentence each.
    reads_letters : bool or None
        Whether the kernels, as they stand here, are laid on the one-hot letters: True where it is known (what stands
        before them, if anything, is folded in exactly), False where something else is known to stand before them, None
        where the source does not say.
    bias_is_known : bool
        Whether `bias` is the network's; False where the source does not say and 0 was taken.
    check : str
        How the kernels were held against the model's own first layer, in a sentence, or why they were not.
    difference : float or None
        The largest difference found in doing so, relative to the size of the scores where that is above 1; None where
        the model was not run.
    whole : WholeNetwork or None
        What follows the kernels, where the file is a network of this package, which can be run; None for all others.
    """

    kernels: Array
    bias: Array
    names: tuple[str, ...]
    alphabet: Alphabet
    source: str
    format: str
    layer: str = ""
    candidates: tuple[str, ...] = ()
    axes: str = ""
    possible_axes: tuple[str, ...] = ()
    letters: str = ""
    flip: bool = False
    activation: str | None = None
    pooling: str | None = None
    padding: str | None = None
    output_weights: Array | None = None
    assumptions: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    reads_letters: bool | None = None
    bias_is_known: bool = False
    check: str = ""
    difference: float | None = None
    whole: WholeNetwork | None = None

    def __post_init__(self) -> None:
        for name in ("kernels", "bias", "output_weights"):
            value = getattr(self, name)
            if value is not None:
                value = np.array(value, order="C")
                value.setflags(write=False)
                object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.kernels)

    @property
    def width(self) -> int:
        """The kernels' width, in letters."""
        return int(self.kernels.shape[-1])

    def __repr__(self) -> str:
        where = f" of {self.layer!r}" if self.layer else ""
        return f"ImportedKernels({len(self)} kernels of {self.width} positions of {self.alphabet.name}{where})"


def assemble(network: Network, reading: Reading) -> ImportedKernels:
    """Take the first convolution that reads the one-hot input, or the one asked for.

    Raises
    ------
    FormatError
        If there is none, or its numbers are no kernel's.
    ArgumentError
        If `reading` does not fit.
    """
    chosen, candidates = _choose(network, reading)
    axes = _axes(network, chosen, reading)
    alphabet, stored, said = _letters(axes, chosen.weight, reading)
    said = [
        *network.remarks,
        *_say_choice(chosen, candidates, reading),
        _say_axes(chosen, axes, reading),
        *said,
    ]
    kernels = _in_order(read_numbers(network.source, chosen.weight), axes)
    flip = chosen.is_true_convolution if reading.flip is None else reading.flip
    if flip:
        kernels, words = _turned(kernels, axes, chosen)
        said.append(words)
    kernels = _sorted_letters(kernels, stored, alphabet)
    if chosen.dilation > 1:
        kernels = _spread(kernels, chosen.dilation)
        said.append(f"The kernel reads every {nth(chosen.dilation)} letter; columns of zeros stand between them.")
    if chosen.bias is None:
        bias = np.zeros(len(kernels), kernels.dtype)
        said.append("No bias is stored, so it is 0.")
    else:
        bias = _vector(network.source, chosen.bias, len(kernels))
    kernels, bias, rest, folded = _fold(network.source, chosen, kernels, bias, reading)
    said += folded
    activation, pooling, output_weights = _what_follows(network.source, rest, len(kernels))
    return ImportedKernels(
        kernels,
        bias,
        tuple(f"{chosen.name}-{i}" for i in range(len(kernels))) if len(kernels) > 1 else (chosen.name,),
        alphabet,
        network.source,
        network.format,
        chosen.name,
        tuple(each.weight.said for each in candidates),
        _COMMA.join(axes),
        tuple(_COMMA.join(each) for each in possible_axes(chosen.weight.shape, len(stored))),
        stored,
        bool(flip),
        activation,
        pooling,
        chosen.padding,
        output_weights,
        tuple(said),
        statements(chosen, rest, activation, pooling),
        whole=network.whole
        if output_weights is not None and axes == _OURS and stored == alphabet.letters and not flip
        else None,
    )


def read_numbers(source: str, tensor: Tensor) -> Array:
    """The finite floats of a tensor; half precision becomes single."""
    array = tensor.read()
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        raise FormatError(source, None, f"{tensor.name} of type {array.dtype}", "real numbers")
    if array.dtype.name not in _FLOATS:
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.float64)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if not np.isfinite(array).all():
        raise FormatError(source, None, f"NaN or infinity in {tensor.name}", "finite numbers")
    return array


# which weight


def _choose(network: Network, reading: Reading) -> tuple[Convolution, list[Convolution]]:
    sizes = _sizes(reading)
    fitting: list[Convolution] = []
    for n in sizes:
        fitting = fitting or [each for each in network.convolutions if each.groups == 1 and _fits(each, n, reading)]
    if reading.layer is not None:
        return _asked_for(network, reading, fitting), fitting
    if not fitting:
        accepted = f"a convolution that reads {' or '.join(map(str, sizes))} letters"
        if reading.axes is not None:
            accepted += f" with the axes {_COMMA.join(parse_axes(reading.axes))}"
        raise FormatError(network.source, None, _found(network.convolutions), accepted)
    return next((each for each in fitting if each.at_input), fitting[0]), fitting


def _sizes(reading: Reading) -> tuple[int, ...]:
    """How many letters the input may have."""
    return (len(DNA), len(PROTEIN)) if reading.letters is None else (len(_as_order(reading.letters)[0]),)


def _asked_for(network: Network, reading: Reading, fitting: list[Convolution]) -> Convolution:
    wanted = str(reading.layer)
    for each in network.convolutions:
        if wanted in (each.name, each.weight.name):
            if each not in fitting:
                found = f"{wanted!r}, of shape {each.weight.shape}" + (
                    f" in {each.groups} groups" if each.groups > 1 else ""
                )
                raise ArgumentError(
                    "layer", found, f"one that reads the letters: {_listed(fitting) or 'there is none'}"
                )
            return each
    close = near(wanted, [each.name for each in network.convolutions])
    raise ArgumentError("layer", f"{wanted!r}, which is not in {network.source}", close or "no layer: there is none")


def _fits(conv: Convolution, n: int, reading: Reading) -> bool:
    if math.prod(conv.weight.shape) > _MOST_ENTRIES:
        return False
    if reading.axes is not None:
        return parse_axes(reading.axes) in possible_axes(conv.weight.shape, n)
    return guess_axes(conv.weight.shape, conv.roles, n) is not None


def _found(convolutions: Iterable[Convolution]) -> str:
    shapes = [each.weight.said for each in convolutions]
    if not shapes:
        return "no convolution"
    more = f" and {len(shapes) - 5} more" if len(shapes) > 5 else ""
    return f"the weights {'; '.join(shapes[:5])}{more}"


def _listed(convolutions: Sequence[Convolution]) -> str:
    return ", ".join(repr(each.name) for each in convolutions[:8]) + (", …" if len(convolutions) > 8 else "")


def _say_choice(chosen: Convolution, candidates: list[Convolution], reading: Reading) -> Iterable[str]:
    if reading.layer is not None or not chosen.name:
        return
    others = [each for each in candidates if each is not chosen]
    if chosen.at_input:
        yield f"`{chosen.name}` is the convolution that reads the input."
    elif others:
        yield (
            f"`{chosen.name}` is taken, the first of {len(candidates)} that could read the letters; "
            f"others: {_listed(others)}."
        )
    else:
        yield f"`{chosen.name}` is taken, the only convolution that could read the letters."


# axes and letters


def parse_axes(axes: str | Sequence[str]) -> tuple[str, ...]:
    """The words for the axes of a weight, from "kernel, letter, position" or a sequence of them.

    Raises
    ------
    ArgumentError
        For another word, or one too often.
    """
    words = tuple(axes.replace(",", " ").split() if isinstance(axes, str) else map(str, axes))
    named = [word for word in words if word != SINGLE]
    is_whole = set(named) in ({"kernel", "letter", "position"}, {"letter", "position"})
    if len(set(named)) != len(named) or not is_whole:
        accepted = '"kernel", "letter" and "position" in the order of the stored weight, with "1" for an axis of one'
        raise ArgumentError("axes", repr(axes), accepted)
    return words


def _axes(network: Network, conv: Convolution, reading: Reading) -> tuple[str, ...]:
    if reading.axes is not None:
        return parse_axes(reading.axes)
    found = next((axes for n in _sizes(reading) if (axes := guess_axes(conv.weight.shape, conv.roles, n))), None)
    assert found is not None, network.source  # noqa: S101 - only what fits is chosen
    return found


def _say_axes(conv: Convolution, axes: tuple[str, ...], reading: Reading) -> str:
    words = _COMMA.join(axes)
    if reading.axes is not None:
        return f"The axes of {conv.weight.said} are {words}, as you say."
    if conv.roles is not None:
        return f"The axes of {conv.weight.said} are {words}, as its framework has them."
    return f"The axes of {conv.weight.said} are taken as {words}, by its shape."


def _letters(axes: tuple[str, ...], weight: Tensor, reading: Reading) -> tuple[Alphabet, str, list[str]]:
    """The alphabet, the stored order of its letters, and sentences."""
    n = weight.shape[axes.index("letter")]
    if reading.letters is None:
        alphabet = {len(DNA): DNA, len(PROTEIN): PROTEIN}[n]
        order = ", ".join(alphabet.letters)
        return alphabet, alphabet.letters, [f"The {n} letters are {alphabet.name} in the order {order}."]
    stored, alphabet = _as_order(reading.letters)
    said = [f"The {n} letters are {alphabet.name} in the order {_COMMA.join(stored)}, as you say."]
    if len(stored) > len(alphabet):
        said.append("The row of N is left out: an unknown letter takes no part.")
    return alphabet, stored, said


def _as_order(letters: str) -> tuple[str, Alphabet]:
    """The letters in capitals, and whose they are; N may stand among nucleotides."""
    stored = str(letters).upper()
    plain = stored.replace("N", "", 1) if len(stored) == len(DNA) + 1 else stored
    known = next((each for each in (DNA, RNA, PROTEIN) if sorted(plain) == sorted(each.letters)), None)
    if known is None:
        accepted = f"an order of {DNA.letters}, {RNA.letters} or {PROTEIN.letters}"
        raise ArgumentError("letters", repr(letters), accepted)
    return stored, known


def _in_order(array: Array, axes: tuple[str, ...]) -> Array:
    """Any stored order -> (kernel, letter, position)."""
    kept = [axis for axis, word in enumerate(axes) if word != SINGLE]
    array = array.reshape([array.shape[axis] for axis in kept])
    words = [axes[axis] for axis in kept]
    if "kernel" not in words:
        array, words = array[None], ["kernel", *words]
    return array.transpose([words.index(word) for word in ("kernel", "letter", "position")])


def _turned(kernels: Array, axes: tuple[str, ...], conv: Convolution) -> tuple[Array, str]:
    """Turn kernels round; a two-dimensional convolution over the letters turns these too."""
    is_spatial = conv.roles is not None and conv.roles[axes.index("letter")] in ("height", "width")
    why = "its framework computes true convolutions" if conv.is_true_convolution else "as you say"
    if is_spatial:
        return kernels[:, ::-1, ::-1], f"The kernels are turned round, along the letters too ({why})."
    return kernels[:, :, ::-1], f"The kernels are turned round along the sequence ({why})."


def _sorted_letters(kernels: Array, stored: str, alphabet: Alphabet) -> Array:
    return kernels[:, [stored.index(letter) for letter in alphabet.letters]]


def _spread(kernels: Array, dilation: int) -> Array:
    n, letters, width = kernels.shape
    spread = (width - 1) * dilation + 1
    if n * letters * spread > _MOST_ENTRIES:
        raise ArgumentError("layer", f"one with a dilation of {dilation}", "a narrower kernel")
    wide = np.zeros((n, letters, spread), kernels.dtype)
    wide[:, :, ::dilation] = kernels
    return wide


# what follows


def _vector(source: str, tensor: Tensor, n: int) -> Array:
    if math.prod(tensor.shape) != n:
        raise FormatError(source, None, tensor.said, f"{n} numbers, one a kernel")
    return read_numbers(source, tensor).reshape(n)


def _fold(
    source: str, conv: Convolution, kernels: Array, bias: Array, reading: Reading
) -> tuple[Array, Array, tuple[Step, ...] | None, list[str]]:
    """Kernels and biases with the batch-norm in them, the steps that are left, and sentences."""
    if conv.after is None:
        return _fold_unseen(source, conv, kernels, bias, reading)
    for place, step in enumerate(conv.after):
        if step.kind == "batch_norm" and all(math.prod(each.shape) == len(bias) for each in step.tensors.values()):
            if reading.fold_batch_norm is False:
                return kernels, bias, conv.after, [f"The batch-norm `{step.name}` is left out, as you say."]
            kernels, bias = _scaled(source, step, kernels, bias)
            words = (
                f"The batch-norm `{step.name}` comes straight after and is folded in exactly: its running statistics, "
                f"epsilon {step.epsilon:g}."
            )
            return kernels, bias, conv.after[:place] + conv.after[place + 1 :], [words]
        if step.kind != "aside" and step.what != "squeeze":
            break
    later = next((step for step in conv.after if step.kind == "batch_norm"), None)
    said = [f"The batch-norm `{later.name}` does not follow directly, so it is not folded in."] if later else []
    return kernels, bias, conv.after, said


def _fold_unseen(
    source: str, conv: Convolution, kernels: Array, bias: Array, reading: Reading
) -> tuple[Array, Array, None, list[str]]:
    step = conv.batch_norm
    if step is None:
        if reading.fold_batch_norm:
            raise ArgumentError("fold_batch_norm", "True", "None: no batch-norm of this size comes next in the file")
        return kernels, bias, None, []
    if reading.fold_batch_norm:
        kernels, bias = _scaled(source, step, kernels, bias)
        said = f"The batch-norm `{step.name}` is folded in, as you say, with epsilon {step.epsilon:g}, the usual one."
    else:
        said = (
            f"A batch-norm `{step.name}` comes next in the file, but not whether it comes straight after; "
            "fold_batch_norm=True folds it in."
        )
    return kernels, bias, None, [said]


def _scaled(source: str, step: Step, kernels: Array, bias: Array) -> tuple[Array, Array]:
    n = len(kernels)
    values = {name: _vector(source, tensor, n).astype(np.float64) for name, tensor in step.tensors.items()}
    spread = values["variance"] + step.epsilon
    if not (spread > 0).all():
        raise FormatError(source, None, f"a variance in `{step.name}` that is not positive", "variances > 0")
    scale = values.get("gamma", np.ones(n)) / np.sqrt(spread)
    folded = (bias - values["mean"]) * scale + values.get("beta", np.zeros(n))
    scaled = kernels * scale[:, None, None]
    if not (np.isfinite(scaled).all() and np.isfinite(folded).all()):
        raise FormatError(source, None, f"a batch-norm `{step.name}` that leaves no finite kernel", "finite numbers")
    return scaled, folded


def _what_follows(source: str, after: tuple[Step, ...] | None, n: int) -> tuple[str | None, str | None, Array | None]:
    """Activation before the pooling, the pooling, and the weights of a single output that reads the pooled values."""
    if after is None:
        return None, None, None
    activation = "identity"
    poolings: list[str] = []
    output_weights = None
    for step in after:
        if step.kind == "activation" and not poolings and activation == "identity":
            activation = step.what
        elif step.kind == "pooling" and (not poolings or poolings[-1].startswith("local")):
            poolings.append(step.what)
        elif step.kind == "dense" and poolings and not poolings[-1].startswith("local"):
            weight = step.tensors.get("weight")
            if weight is not None and math.prod(weight.shape) == n:
                output_weights = _vector(source, weight, n)
            break
        elif step.kind not in ("aside", "reshape"):
            break
    return activation, _COMMA.join(poolings) or None, output_weights
