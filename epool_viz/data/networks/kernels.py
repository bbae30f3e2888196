"""The kernels of a network as arrays, with sentences on what was assumed and what holds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz.core.alphabet import DNA, PROTEIN, RNA, Alphabet
from epool_viz.core.pooling import ACTIVATIONS
from epool_viz.core.scan import PADDINGS
from epool_viz.core.types import Array
from epool_viz.data.networks.folding import fold_after, fold_before
from epool_viz.data.networks.following import what_follows
from epool_viz.data.networks.network_layers import (
    SINGLE,
    Convolution,
    Network,
    Tensor,
    guess_axes,
    possible_axes,
    readings,
)
from epool_viz.data.networks.network_settings import Computed, WholeNetwork, pooling_over_all
from epool_viz.data.networks.numbers import read_numbers, read_vector
from epool_viz.data.networks.statements import nth, statements
from epool_viz.data.source import near
from epool_viz.errors import AmbiguousAxesError, ArgumentError, FormatError

_MOST_ENTRIES = 1 << 26
_COMMA = ", "
_NOT_CHECKED = "Not checked against the model: what computes with these numbers is not here."
# behind a title: what a logo of these kernels is
_MEANING = {True: "", None: ": motifs, if they read letters", False: ": no motifs, they do not read letters"}
_OURS = ("kernel", "letter", "position")  # a network of this package has no other reading


@dataclass(frozen=True)
class ImportOptions:
    """How to read a weight; None takes it from the file.

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
    """The first-layer kernels of a model.

    Attributes
    ----------
    kernels : shape (kernel, letter, position)
        float32 or float64, letters in the order of `alphabet`, read from left to right.
    bias : shape (kernel,)
    names : tuple of str
        One a kernel; none for those of a model that ships.
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
        The weight of each pooled value in the single output unit, where the network is that plain: the unit reads them
        in the kernels' order, and nothing follows but a sigmoid, of which it is the log odds.
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
        The largest difference found in doing so, relative to how far the scores of each kernel lie apart; None where
        the model was not run.
    background : shape (letter,), or None
        What the log odds of motifs are against; None for uniform, and for the kernels of a network.
    whole : WholeNetwork or None
        What follows the kernels, where the file is a network of this package, which can be run; None for all others.
    example : str
        The model that ships whose kernels these are; else "".
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
    background: Array | None = None
    whole: WholeNetwork | None = None
    example: str = ""

    def __post_init__(self) -> None:
        for name in ("kernels", "bias", "output_weights", "background"):
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

    @property
    def title(self) -> str:
        """What they are called, and what logos of them are."""
        return self.source if self.example else f"{self.source} ({self.format}){_MEANING[self.reads_letters]}"

    @property
    def computed(self) -> Computed:
        """What is computed behind the scores, as far as it is known; what is not, leaves them as they are."""
        if self.whole is not None:
            return self.whole.computed
        return Computed(
            pooling_over_all(self.pooling),
            activation=self.activation if self.activation in ACTIVATIONS else "identity",
            padding=self.padding if self.padding in PADDINGS else "valid",
        )

    @property
    def m(self) -> float | None:
        """Of the network's pooling; None where it has none, or it is not known."""
        return self.computed.m

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the network is not computed, what was taken for granted, and what holds, a sentence each."""
        return (*self._left_out(), *self.assumptions, *self.statements)

    @property
    def checks(self) -> tuple[str, ...]:
        """What is not known, and how the kernels were held against their model, a sentence each."""
        is_unknown = self.activation is None and self.whole is None and self.format not in ("motifs", "matrix")
        said = ("What the scores go through is not known; here they are taken as they are.",) if is_unknown else ()
        return (*said, self.check) if self.check else said

    def _left_out(self) -> Iterable[str]:
        if self.activation not in (None, *ACTIVATIONS):
            yield (
                f"Its activation ({self.activation}) is left out: the heuristics, their threshold and how often a "
                "kernel decides are those of the raw scores. The exact reading and the posterior are so in any case."
            )
        if not self.computed.pooling:
            why = "is not in the file" if self.pooling is None else f"({self.pooling}) is not computed here"
            yield f"What pools the whole sequence {why}, so how often a kernel decides is not known."

    @property
    def report(self) -> tuple[str, ...]:
        """All statements, a sentence each: what was assumed, what holds, and the check."""
        return (*self.assumptions, *self.statements, *((self.check,) if self.check else ()))

    def __repr__(self) -> str:
        where = f" of {self.layer!r}" if self.layer else ""
        return f"ImportedKernels({len(self)} kernels of {self.width} positions of {self.alphabet.name}{where})"


def assemble(network: Network, reading: ImportOptions) -> ImportedKernels:
    """Take the first convolution that reads the one-hot input, or the given one.

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
    chosen = _doubted(chosen, axes, reading)
    kernels = _in_order(read_numbers(network.source, chosen.weight), axes)
    flip = chosen.is_true_convolution if reading.flip is None else reading.flip
    if flip:
        kernels, turned = _turned(kernels, axes, chosen)
        said.append(turned)
    bias, doubt = _bias(network, chosen, len(kernels), kernels.dtype)
    said += doubt
    before = fold_before(network.source, chosen, kernels, bias, reading.fold_batch_norm)
    said += before.said
    kernels = _sorted_letters(before.kernels, stored, alphabet)
    if chosen.dilation > 1:
        kernels = _spread(kernels, chosen.dilation)
        said.append(f"The kernel reads every {nth(chosen.dilation)} letter; columns of zeros stand between them.")
    after = fold_after(network.source, chosen, kernels, before.bias, reading.fold_batch_norm)
    said += after.said
    follows = what_follows(network.source, after.rest, len(kernels))
    is_plain = axes == _OURS and stored == alphabet.letters and not flip
    return ImportedKernels(
        after.kernels,
        after.bias,
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
        follows.activation,
        follows.pooling,
        chosen.padding,
        follows.output_weights,
        tuple(said),
        statements(chosen, before, follows),
        reads_letters=before.reads_letters,
        bias_is_known=chosen.bias is not None or chosen.has_no_bias,
        check=_NOT_CHECKED,
        whole=network.whole if follows.output_weights is not None and is_plain else None,
    )


# which weight


def _choose(network: Network, reading: ImportOptions) -> tuple[Convolution, list[Convolution]]:
    sizes = letters_wanted(reading)
    fitting: list[Convolution] = []
    for n in sizes:
        fitting = fitting or [each for each in network.convolutions if each.groups == 1 and _fits(each, n, reading)]
    if reading.layer is not None:
        return _asked_for(network, reading, fitting), fitting
    if not fitting:
        accepted = f"a convolution that reads {' or '.join(map(str, sizes))} letters"
        if reading.axes is not None:
            accepted += f" with the axes {_COMMA.join(parse_axes(reading.axes))}"
        raise FormatError(network.source, None, _found(network), accepted)
    known = (each for each in fitting if each.at_input or _may_be_folded(each))
    return next((each for each in fitting if each.at_input), next(known, fitting[0])), fitting


def _may_be_folded(conv: Convolution) -> bool:
    kinds = {step.kind for step in conv.before or ()}
    return conv.before is not None and kinds <= {"aside", "reshape", "scale", "letters", "batch_norm"}


def letters_wanted(reading: ImportOptions) -> tuple[int, ...]:
    """How many letters the input may have."""
    return (len(DNA), len(PROTEIN)) if reading.letters is None else (len(_as_order(reading.letters)[0]),)


def _asked_for(network: Network, reading: ImportOptions, fitting: list[Convolution]) -> Convolution:
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


def _fits(conv: Convolution, n: int, reading: ImportOptions) -> bool:
    if math.prod(conv.weight.shape) > _MOST_ENTRIES:
        return False
    if reading.axes is not None:
        return parse_axes(reading.axes) in possible_axes(conv.weight.shape, n)
    return guess_axes(conv.weight.shape, conv.roles, n) is not None


def _found(network: Network) -> str:
    shapes = [each.weight.said for each in network.convolutions]
    if not shapes:
        why = " ".join(network.remarks[:4]).rstrip(".")
        return f"no convolution that can be read ({why})" if why else "no convolution"
    more = f" and {len(shapes) - 5} more" if len(shapes) > 5 else ""
    return f"the weights {'; '.join(shapes[:5])}{more}"


def _listed(convolutions: Sequence[Convolution]) -> str:
    return ", ".join(repr(each.name) for each in convolutions[:8]) + (", …" if len(convolutions) > 8 else "")


def _say_choice(chosen: Convolution, candidates: list[Convolution], reading: ImportOptions) -> Iterable[str]:
    if reading.layer is not None or not chosen.name:
        return
    others = [each for each in candidates if each is not chosen]
    if chosen.at_input:
        also = [each for each in others if each.at_input]
        if also:
            n = len(also) + 1
            yield f"`{chosen.name}` is taken, the first of {n} that read the input; others: {_listed(also)}."
        else:
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


def _axes(network: Network, conv: Convolution, reading: ImportOptions) -> tuple[str, ...]:
    if reading.axes is not None:
        return parse_axes(reading.axes)
    found = _readings(conv, reading)
    assert found, network.source  # noqa: S101 - only what fits is chosen
    is_free = conv.roles is None and not conv.is_open
    if len(found) == 1 or (is_free and _OURS in found):
        return found[0] if len(found) == 1 else _OURS
    raise AmbiguousAxesError(conv.weight.said, tuple(_COMMA.join(each) for each in found))


def _readings(conv: Convolution, reading: ImportOptions) -> tuple[tuple[str, ...], ...]:
    """Every reading of the axes that is left; a matrix is one kernel, whichever way it lies."""
    shape = conv.weight.shape
    found = [each for n in letters_wanted(reading) for each in readings(shape, conv.roles, n)]
    if conv.roles is None and len(shape) == 3 and shape[0] == 1:
        found = [each for each in found if each[0] == "kernel"]
    return tuple(dict.fromkeys(found))


def _doubted(conv: Convolution, axes: tuple[str, ...], reading: ImportOptions) -> Convolution:
    """The convolution, with a doubt where the caller contradicts what is known of it."""
    known = (each for n in letters_wanted(reading) for each in readings(conv.weight.shape, conv.roles, n))
    said = []
    if reading.flip is not None and reading.flip != conv.is_true_convolution:
        said.append("its kernels are turned round, as you say and its framework does not")
    if reading.axes is not None and conv.roles is not None and axes not in known:
        said.append(f"its axes are {_COMMA.join(axes)}, as you say and its framework does not")
    if not said:
        return conv
    return dataclasses.replace(conv, doubt=" and ".join([*([conv.doubt] if conv.doubt else []), *said]))


def _say_axes(conv: Convolution, axes: tuple[str, ...], reading: ImportOptions) -> str:
    words = _COMMA.join(axes)
    if reading.axes is not None:
        return f"The axes of {conv.weight.said} are {words}, as you say."
    if conv.roles is not None and "letter" in conv.roles:
        return f"The axes of {conv.weight.said} are {words}: nothing else fits what stands beside it."
    if conv.roles is not None:
        return f"The axes of {conv.weight.said} are {words}, as its framework has them."
    others = [_COMMA.join(each) for each in _readings(conv, reading) if each != axes]
    if others:
        return (
            f"The axes of {conv.weight.said} are taken as {words}, as arrays are given here; its shape would also "
            f"allow {' or '.join(others)}, which axes= takes."
        )
    return f"The axes of {conv.weight.said} are taken as {words}, by its shape."


def _letters(axes: tuple[str, ...], weight: Tensor, reading: ImportOptions) -> tuple[Alphabet, str, list[str]]:
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


def _bias(network: Network, conv: Convolution, n: int, dtype: np.dtype[Any]) -> tuple[Array, list[str]]:
    """The biases, and a sentence where there are none."""
    if conv.bias is not None:
        return read_vector(network.source, conv.bias, n), []
    if conv.has_no_bias:
        return np.zeros(n, dtype), ["The convolution has no bias."]
    return np.zeros(n, dtype), [
        "No bias is stored that is known to be its own, so 0 is taken: every score may be off by a constant."
    ]
