"""Runs a module on random one-hot letters, in every layout that it takes."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from epool_viz.core.types import Array
from epool_viz.models.watching import Pass, watch

SEQUENCES = 3  # of a pass; more than one, so that nothing of one sequence alone passes for a rule
FIRST_LENGTH = 61
_LENGTHS = (100, 101, 150, 200, 201, 250, 251, 256, 300, 400, 500, 501, 512, 600, 800, 1000, 1001, 1024, 2000, 2048)
_LONGEST = 20_000
_SECONDS = 10.0
_SECONDS_OF_PROBES = 5.0
_LONG = 1031
_FEW_LETTERS = 5  # of so few also every two in turn are tried
_MOST_TRIES, _FEWEST_TRIES = 40, 6  # lengths, once a convolution is reached and before
_OF_SHAPES = ("shape", "size", "dimension", "view", "channels", "expand", "match")


@dataclass(frozen=True)
class Layout:
    """A layout of one-hot letters that a module may take.

    Parameters
    ----------
    name : str
        In words, with the number of letters as N.
    order : tuple of str
        Axes, with "1" for one of one entry; empty for codes.
    """

    name: str
    order: tuple[str, ...]

    def tensor(self, codes: Array, n_letters: int, dtype: torch.dtype) -> Tensor:
        """Codes of shape (batch, length) in this layout; one below 0 becomes a column of zeros."""
        if not self.order:
            return torch.from_numpy(codes)
        onehot = np.eye(n_letters)[codes] * (codes >= 0)[..., None]  # (batch, length, letter)
        places = {"batch": 0, "length": 1, "letter": 2}
        moved = onehot.transpose([places[each] for each in self.order if each != "1"])
        shape = list(moved.shape)
        for axis, each in enumerate(self.order):
            if each == "1":
                shape.insert(axis, 1)
        return torch.tensor(moved.reshape(shape), dtype=dtype)

    def said(self, n_letters: int) -> str:
        """As in "(batch, 4, length)"."""
        if not self.order:
            return "(batch, length), codes of letters"
        return f"({', '.join(str(n_letters) if each == 'letter' else each for each in self.order)})"


LAYOUTS = (
    Layout("channels first", ("batch", "letter", "length")),
    Layout("channels last", ("batch", "length", "letter")),
    Layout("image", ("batch", "1", "letter", "length")),
    Layout("image of channels", ("batch", "letter", "1", "length")),
    Layout("image on its side", ("batch", "1", "length", "letter")),
    Layout("image of channels on its side", ("batch", "letter", "length", "1")),
    Layout("codes", ()),
)


@dataclass(frozen=True, eq=False)
class Run:
    """A module that was run.

    Parameters
    ----------
    layout : Layout
    n_letters : int
    codes : list of arrays of shape (batch, length)
        One for each input of the first pass, and after them those of the second.
    passes : tuple of two Pass
        Of sequences with other shares of letters: what goes by the batch differs between them.
    """

    layout: Layout
    n_letters: int
    codes: tuple[tuple[Array, ...], tuple[Array, ...]]
    passes: tuple[Pass, Pass]
    is_fixed: bool

    @property
    def length(self) -> int:
        """Letters of a sequence."""
        return int(self.codes[0][0].shape[1])


@dataclass(frozen=True, eq=False)
class Probe:
    """A module run on sequences that are not random ones, or of another length.

    Parameters
    ----------
    said : str
        Which sequences, as in "sequences of one letter".
    run : Run
        Both of its passes are the same one.
    """

    said: str
    run: Run

    @property
    def is_long(self) -> bool:
        """Whether its sequences are random ones that are longer."""
        return self.run.length == _LONG


def probes_of(model: nn.Module, run: Run) -> Iterator[Probe]:
    """Run a module on other letters than random ones: on shares of letters, unknown letters, and other lengths."""
    deadline = time.monotonic() + _SECONDS_OF_PROBES
    n_inputs = len(run.codes[0])
    for said, codes in _unlike(run):
        if time.monotonic() > deadline:
            return
        given = (codes,) * n_inputs
        watched = watch(model, _inputs(model, run.layout, given, run.n_letters))
        yield Probe(said, Run(run.layout, run.n_letters, (given, given), (watched, watched), run.is_fixed))


def _unlike(run: Run) -> Iterator[tuple[str, Array]]:
    n, length = run.n_letters, run.length
    rng = np.random.default_rng(3)
    if not run.is_fixed:
        for other in (_LONG, 2 * length // 3):
            yield "sequences of another length", rng.integers(0, n, (SEQUENCES, other))
    if run.layout.order:
        codes = rng.integers(0, n, (SEQUENCES, length))
        codes[:, [0, length // 4, *range(length // 2, length // 2 + 7), length - 1]] = -1
        yield "sequences with unknown letters", codes
    for letter in range(n):
        yield "sequences of one letter", np.full((SEQUENCES, length), letter)
    for first in range(n if n <= _FEW_LETTERS else 0):
        for second in range(first):
            yield "sequences of two letters", np.tile(np.resize([first, second], length), (SEQUENCES, 1))


def runs_of(model: nn.Module, sizes: Sequence[int]) -> tuple[list[Run], str]:
    """Run a module on every layout that it takes, at a length that it takes.

    Returns
    -------
    (list of Run, str)
        Those in which a convolution was called, finished ones first; and the error of the module where
        there is none.
    """
    deadline = time.monotonic() + _SECONDS
    said, found = "", []
    for n_letters in sizes:
        lengths: tuple[int, ...] = ()
        for layout in LAYOUTS:
            run, error = _run(model, layout, n_letters, lengths, deadline)
            if run is not None:
                found.append(run)
                lengths = lengths or (() if run.passes[0].error else (run.length,))
            said = said or error
            if time.monotonic() > deadline:
                return _whole_first(found), said
        if found:
            break
    return _whole_first(found), said


def _whole_first(runs: list[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: bool(run.passes[0].error))


def _run(
    model: nn.Module, layout: Layout, n_letters: int, lengths: tuple[int, ...], deadline: float
) -> tuple[Run | None, str]:
    """The module run on a layout: at the first length at which it comes to its end, else as far as it comes.

    `lengths` are all that need be tried; without them lengths are looked for.
    """
    best: tuple[int, Pass] | None = None
    error = ""
    search = _Lengths(n_letters, lengths)
    for length in search:
        watched = watch(model, _inputs(model, layout, _codes(model, n_letters, length, 0), n_letters))
        error = error or watched.error
        reached = any(call.convolution for call in watched.calls)
        if reached and (best is None or not watched.error or len(watched.calls) > len(best[1].calls)):
            best = (length, watched)
        if not watched.error or time.monotonic() > deadline:
            break
        search.hear(length, watched.error, has_begun=best is not None)
    if best is None:
        return None, error
    length, first = best
    codes = tuple(tuple(_codes(model, n_letters, length, seed)) for seed in (0, 1))
    second = watch(model, _inputs(model, layout, codes[1], n_letters))
    is_fixed = False
    if not first.error:
        other = watch(model, _inputs(model, layout, _codes(model, n_letters, length + 7, 2), n_letters))
        is_fixed = bool(other.error)
    return Run(layout, n_letters, codes, (first, second), is_fixed), error  # type: ignore[arg-type]


class _Lengths:
    """Lengths to try: the error for one of them can show the right one."""

    def __init__(self, n_letters: int, lengths: tuple[int, ...]) -> None:
        self.n_letters = n_letters
        self.is_search = not lengths
        self.pending = list(lengths or (FIRST_LENGTH,))
        self.tried: set[int] = set()
        self.wanted: list[tuple[int, int, int]] = []  # a length, what a dense layer got, what it requires

    def __iter__(self) -> Iterator[int]:
        while self.pending:
            length = self.pending.pop(0)
            if length not in self.tried:
                self.tried.add(length)
                yield length

    def hear(self, length: int, error: str, *, has_begun: bool) -> None:
        """Record the error of a pass of this length; `has_begun` if it came as far as a convolution."""
        if not self.is_search or len(self.tried) >= (_MOST_TRIES if has_begun else _FEWEST_TRIES):
            self.pending = []
            return
        dense = re.search(r"\(\d+x(\d+) and (\d+)x\d+\)", error)
        if dense:
            self.wanted.append((length, int(dense[1]), int(dense[2])))
            self.pending = self._by_proportion() + self.pending
        named = [int(each) for each in re.findall(r"\d+", error)[:12]]
        if len(self.tried) < 3 and (has_begun or any(word in error for word in _OF_SHAPES)):
            self.pending += [n for n in (*named, *(n // self.n_letters for n in named)) if self._may_be(n)]
        if has_begun:
            self.pending += [n for n in _LENGTHS if n not in self.pending]

    def _may_be(self, n: int) -> bool:
        # as many letters in a row as there are letters: then any axis would do
        return 8 < n <= _LONGEST and n != self.n_letters

    def _by_proportion(self) -> list[int]:
        length, got, wanted = self.wanted[-1]
        guess = length * wanted / max(got, 1)
        if len(self.wanted) > 1:
            (one, got_one, _), (other, got_other, _) = self.wanted[-2:]
            if got_one != got_other:
                guess = one + (wanted - got_one) * (other - one) / (got_other - got_one)
        return [n for n in (round(guess), int(guess), int(guess) + 1) if self._may_be(n)]


def _n_inputs(model: nn.Module) -> int:
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return 1
    needed = [each for each in parameters if each.default is each.empty and each.kind in (0, 1)]
    return max(1, len(needed))


def input_names(model: nn.Module) -> list[str]:
    """What the forward pass calls its inputs."""
    try:
        parameters = list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return []
    return parameters[: _n_inputs(model)]


def _codes(model: nn.Module, n_letters: int, length: int, seed: int) -> list[Array]:
    """Letters of every input; each seed has other shares of letters, and all letters."""
    rng = np.random.default_rng(seed)
    shares = np.roll(np.linspace(1, 1 + seed * 2, n_letters), seed)
    shape = (SEQUENCES, length)
    return [rng.choice(n_letters, shape, p=shares / shares.sum()) for _ in range(_n_inputs(model))]


def _inputs(model: nn.Module, layout: Layout, codes: Sequence[Array], n_letters: int) -> list[Tensor]:
    like = next((each for each in model.parameters() if each.is_floating_point()), torch.zeros(()))
    dtype = like.dtype if like.dtype.itemsize > 1 else torch.float32
    return [layout.tensor(each, n_letters, dtype).to(like.device) for each in codes]
