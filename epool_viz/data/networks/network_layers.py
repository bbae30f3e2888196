"""A network around its first convolution, independent of its file format."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_settings import WholeNetwork

Kind = Literal["batch_norm", "activation", "pooling", "dense", "aside", "reshape", "scale", "letters", "other"]

TORCH_1D = ("kernel", "in", "position")
TORCH_2D = ("kernel", "in", "height", "width")
KERAS_1D = ("position", "in", "kernel")
KERAS_2D = ("height", "width", "in", "kernel")
MOST_CONVOLUTIONS = 500  # of a model that are followed
SINGLE = "1"  # an axis of one entry


@dataclass(frozen=True)
class Tensor:
    """Numbers that are named and not read yet.

    Parameters
    ----------
    name : str
    shape : tuple of int
    read : callable
        Gives the array; its size has been held against the file's before.
    """

    name: str
    shape: tuple[int, ...]
    read: Callable[[], Array]

    @property
    def said(self) -> str:
        """Name and shape, as in "conv.weight (32, 4, 10)"."""
        return f"{self.name} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Step:
    """What the scores of a convolution go through.

    Parameters
    ----------
    kind : str
        "aside" leaves what it is given as it is when the network predicts, as dropout does; "reshape" moves it about;
        "scale" multiplies each letter's row by a number and adds one; "letters" puts the letters in another order.
        "other" is anything that is not known: nothing is claimed across it.
    name : str
        The layer's.
    what : str
        Which activation ("relu") or pooling ("max", "local max").
    tensors : dict of Tensor
        Of a batch-norm: `gamma`, `beta` (either may be missing), `mean` and `variance`. Of a scaling: `factor` and
        `shift`, one number a letter or one for all; either may be missing.
    epsilon : float
        Of a batch-norm.
    order : tuple of int
        Of "letters": row `i` of what comes out is row `order[i]` of what goes in.
    """

    kind: Kind
    name: str
    what: str = ""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    epsilon: float = 0.0
    order: tuple[int, ...] = ()


@dataclass(frozen=True)
class Convolution:
    """A layer that may read the one-hot input.

    Parameters
    ----------
    name : str
    weight : Tensor
    bias : Tensor or None
    roles : tuple of str, or None
        What each axis of the weight is by its framework: "kernel", "in", and "position" or "height" and "width"; or,
        where the file has more, the reading itself: "kernel", "letter", "position" and "1". None where the file does
        not say which framework wrote it.
    after : tuple of Step, or None
        What follows, in order; None where the file does not say.
    batch_norm : Step or None
        Where `after` is None: a batch-norm of the same size that stands next in the file.
    norms : tuple of Step
        Where `after` is None: the batch-norms that stand elsewhere in the file.
    stride, dilation : int
        Along the sequence.
    groups : int
    padding : "valid", "same" or None
    is_true_convolution : bool
        Whether the framework turns the kernel round, as Theano does.
    at_input : bool
        Whether it is known that nothing else comes between it and the input.
    before : tuple of Step, or None
        What stands between the input and this convolution, in the order in which the data go through; None where the
        file does not say.
    has_no_bias : bool
        Whether it is known that there is no bias, where `bias` is None.
    doubt : str
        The unknown condition under which its numbers apply to what `before` describes, as in "it is given
        (batch, 4, length)"; empty for none.
    is_open : bool
        Whether arrays that came without names allow more than one reading of the axes: none of them is the usual one.
    """

    name: str
    weight: Tensor
    bias: Tensor | None = None
    roles: tuple[str, ...] | None = None
    after: tuple[Step, ...] | None = None
    batch_norm: Step | None = None
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    padding: str | None = None
    is_true_convolution: bool = False
    at_input: bool = False
    before: tuple[Step, ...] | None = None
    has_no_bias: bool = False
    doubt: str = ""
    is_open: bool = False
    norms: tuple[Step, ...] = ()


class Scores(NamedTuple):
    """What the framework itself computes.

    Attributes
    ----------
    values : shape (batch, kernel, window)
    first : int
        The letter at which the first window starts; negative where that stands in the padding.
    stride : int
    by : str
        What computed them.
    kind : str
        "float16" or "bfloat16" where it computes in half precision; else empty.
    """

    values: Array
    first: int
    stride: int
    by: str
    kind: str = ""


def coarsest(kinds: Iterable[str]) -> str:
    """Of the names of types, that of half precision with the fewest digits; empty for none."""
    held = set(kinds)
    return next((each for each in ("bfloat16", "float16") if each in held), "")


class NotRunError(Exception):
    """Why a network was not run, as in "onnxruntime is not here"."""


@dataclass(frozen=True)
class Network:
    """The convolutions of a file, in the order in which the data go through.

    Parameters
    ----------
    source : str
        What the messages call it.
    format : str
        What kind of file it is, in words.
    convolutions : tuple of Convolution
    remarks : tuple of str
        What the reader took for granted, a sentence each.
    whole : WholeNetwork or None
        What stands behind the first convolution, where the file is a network of this package.
    run : callable or None
        Gives the `Scores` of a convolution, by its name, of what `onehot` gives for a length: an array of shape (batch,
        letter, length) in the order in which the letters are stored. With what comes straight after it and is folded
        in; without batch-norms where the third argument is true. Raises `NotRunError`. None where nothing can run it.
    """

    source: str
    format: str
    convolutions: tuple[Convolution, ...]
    remarks: tuple[str, ...] = ()
    whole: WholeNetwork | None = None
    run: Callable[[str, Callable[[int | None], Array], bool], Scores] | None = field(default=None, compare=False)


def tensor_of(name: str, values: Any) -> Tensor:
    """A tensor whose numbers are here already."""
    array = np.asarray(values)
    return Tensor(name, array.shape, lambda: array)


def in_order(name: str) -> tuple[tuple[int, str], ...]:
    """What to sort names by so that numbers in them count: `layers.2` comes before `layers.10`."""
    return tuple((int(each), "") if each.isdecimal() else (-1, each) for each in re.split(r"(\d{1,18})", name) if each)


def guess_axes(shape: tuple[int, ...], roles: tuple[str, ...] | None, n_letters: int) -> tuple[str, ...] | None:
    """What each axis of a weight is, if it reads a one-hot input of so many letters.

    Returns
    -------
    tuple of "kernel", "letter", "position" and "1", or None if it cannot read such an input. The likeliest where
    `readings` has several.
    """
    return next(iter(readings(shape, roles, n_letters)), None)


def readings(shape: tuple[int, ...], roles: tuple[str, ...] | None, n_letters: int) -> tuple[tuple[str, ...], ...]:
    """Every reading of a weight's axes that what is known of them leaves, the likeliest first.

    Parameters
    ----------
    shape : tuple of int
    roles : tuple of str, or None
        As `Convolution.roles`; where "letter" is among them they are a reading themselves.
    n_letters : int
    """
    if math.prod(shape) == 0:
        return ()
    if roles is not None:
        return _readings_by_roles(shape, roles, n_letters)
    if len(shape) == 4:
        return tuple(dict.fromkeys((*framework_readings(shape, n_letters), *possible_axes(shape, n_letters))))
    if len(shape) != 3:
        return ()
    usual = [("kernel", "letter", "position"), ("kernel", "position", "letter"), ("letter", "position", "kernel")]
    allowed = possible_axes(shape, n_letters)
    return tuple(sorted(allowed, key=lambda each: usual.index(each) if each in usual else len(usual)))


def framework_readings(shape: tuple[int, ...], n_letters: int) -> tuple[tuple[str, ...], ...]:
    """The readings of a weight of four axes that torch or Keras may have written."""
    found = (each for order in (TORCH_2D, KERAS_2D) for each in _readings_by_roles(shape, order, n_letters))
    return tuple(dict.fromkeys(found))


def possible_axes(shape: tuple[int, ...], n_letters: int) -> tuple[tuple[str, ...], ...]:
    """Every reading of a weight's axes that its shape allows."""
    from itertools import permutations

    words = ("kernel", "letter", "position", *(SINGLE,) * (len(shape) - 3))[: max(len(shape), 2)]
    if len(shape) == 2:
        words = ("letter", "position")
    needed = {"letter": n_letters, SINGLE: 1}
    readings = sorted(set(permutations(words)))
    return tuple(
        reading
        for reading in readings
        if len(reading) == len(shape)
        and all(needed.get(word, size) == size for word, size in zip(reading, shape, strict=True))
    )


def n_windows(length: int | None, width: int, *, stride: int, dilation: int, padding: str | None) -> int | None:
    """How many windows a convolution scores of an input of this length, where it is known."""
    if length is None:
        return None
    whole = length if padding == "same" else length - (width - 1) * dilation
    return max(0, -(-whole // stride))


def _readings_by_roles(shape: tuple[int, ...], roles: tuple[str, ...], n_letters: int) -> tuple[tuple[str, ...], ...]:
    if len(shape) != len(roles):
        return ()
    if "letter" in roles:
        return (roles,) if roles in possible_axes(shape, n_letters) else ()
    size = dict(zip(roles, shape, strict=True))
    if "position" in size:
        words = {"kernel": "kernel", "in": "letter", "position": "position"}
        return (tuple(words[role] for role in roles),) if size["in"] == n_letters else ()
    found = []
    if size["in"] == n_letters and 1 in (size["height"], size["width"]):
        found.append(("in", "height" if size["height"] == 1 else "width"))
    elif size["in"] == 1:
        found += [(letter, "in") for letter in ("height", "width") if size[letter] == n_letters]
    return tuple(
        tuple({"kernel": "kernel", letter: "letter", single: SINGLE}.get(role, "position") for role in roles)
        for letter, single in found
    )
