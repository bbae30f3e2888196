"""What several commands read: a background, a kernel file, a set of sequences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from epool_viz.core.alphabet import Alphabet, get_alphabet
from epool_viz.data.motif_files import parse_matrix
from epool_viz.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    from epool_viz.data.sequences import SequenceSet

Array = np.ndarray[Any, Any]
EXAMPLE = "example:"


class KernelFile(NamedTuple):
    """Kernels of one file.

    Attributes
    ----------
    kernels : shape (kernel, letter, width)
    names : tuple of str
    alphabet : Alphabet
    remarks : tuple of str
        What was taken for granted and what holds, a sentence each.
    bias : shape (kernel,)
    """

    kernels: Array
    names: tuple[str, ...]
    alphabet: Alphabet
    remarks: tuple[str, ...]
    bias: Array


def read_background(text: str, alphabet: Alphabet, *, of: SequenceSet | None = None) -> Array:
    """Letter probabilities from the command line.

    Parameters
    ----------
    text : str
        "uniform", "sequences" (the letters of `of`), or one share a letter between commas; shares need not sum to 1.
    alphabet : Alphabet
    of : SequenceSet or None

    Returns
    -------
    array, shape (letter,), sums to 1.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    n = len(alphabet)
    if text == "uniform":
        return np.full(n, 1 / n)
    if text == "sequences" and of is not None:
        return np.asarray(of.letter_frequencies())
    try:
        shares = np.array([float(share) for share in text.split(",")])
    except ValueError:
        shares = np.array([])
    if shares.shape != (n,) or not np.isfinite(shares).all() or not (shares > 0).all():
        words = '"uniform"' if of is None else '"uniform", "sequences"'
        accepted = f"{words}, or {n} positive numbers between commas, for {', '.join(alphabet.letters)}"
        raise ArgumentError("--background", repr(text), accepted)
    return shares / shares.sum()


def read_kernels(
    path: Path,
    alphabet: str | None = None,
    *,
    layer: str | None = None,
    axes: str | None = None,
    letters: str | None = None,
    flip: bool | None = None,
) -> KernelFile:
    """Read kernels from any file that `import_kernels` reads; a plain matrix in text is always taken as a kernel.

    Parameters
    ----------
    path : path
    alphabet : str or None
        None tells by the number of letters.
    layer, axes, letters, flip
        As in `import_kernels`.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FormatError
        If it holds no kernel.
    """
    if not path.is_file():
        raise ArgumentError("KERNEL_FILE", f"{str(path)!r}, which is no file", "a file with a kernel")
    if (layer, axes, letters, flip) == (None,) * 4 and _is_plain_matrix(path):
        return _read_matrix(path, alphabet)
    from epool_viz.importing import import_kernels

    read = import_kernels(path, layer=layer, axes=axes, letters=letters, flip=flip)
    known = read.alphabet if alphabet is None else get_alphabet(alphabet)
    if len(known) != len(read.alphabet):
        raise FormatError(path.name, None, f"{len(read.alphabet)} letters", f"{len(known)} for {known.name}")
    return KernelFile(np.asarray(read.kernels, float), read.names, known, read.report, read.bias)


def _is_plain_matrix(path: Path) -> bool:
    from epool_viz.data.importing.files import kind_of, read_whole
    from epool_viz.data.importing.motif_kernels import is_motif_file

    raw = read_whole(path)
    return kind_of(raw, path.name) == "text" and not is_motif_file(raw)


def _read_matrix(path: Path, alphabet: str | None) -> KernelFile:
    text = path.read_bytes()
    parsed = parse_matrix(text, source=path.name, alphabet=alphabet, kind="scores")
    looks = parse_matrix(text, source=path.name, alphabet=alphabet).kind
    doubt = (f"The numbers look like {looks}; they are taken as a kernel all the same.",) if looks != "scores" else ()
    return KernelFile(parsed.values[None], (path.stem,), parsed.alphabet, (*parsed.assumptions, *doubt), np.zeros(1))


def read_set(text: str, alphabet: str | None = None) -> SequenceSet:
    """Sequences of a file, or of a bundled example written as `example:NAME`."""
    if text.startswith(EXAMPLE):
        from epool_viz.data.gallery import load_example

        return load_example(text.removeprefix(EXAMPLE))
    from epool_viz.data.sequences import read_sequences

    return read_sequences(text, alphabet=alphabet)
