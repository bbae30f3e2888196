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
        What was taken for granted, a sentence each.
    """

    kernels: Array
    names: tuple[str, ...]
    alphabet: Alphabet
    remarks: tuple[str, ...]


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


def read_kernels(path: Path, alphabet: str | None = None) -> KernelFile:
    """Read kernels from text (one matrix, whichever way it lies) or from NumPy's .npy and .npz.

    Parameters
    ----------
    path : path
        Arrays are (letter, position) or (kernel, letter, position); each array of an .npz is taken.
    alphabet : str or None
        None tells by the number of letters.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FormatError
        If it holds no kernel.
    """
    if not path.is_file():
        raise ArgumentError("KERNEL_FILE", f"{str(path)!r}, which is no file", "a file with a kernel")
    if path.suffix.lower() in {".npy", ".npz"}:
        return _read_arrays(path, alphabet)
    text = path.read_bytes()
    parsed = parse_matrix(text, source=path.name, alphabet=alphabet, kind="scores")
    looks = parse_matrix(text, source=path.name, alphabet=alphabet).kind
    doubt = (f"The numbers look like {looks}; they are taken as a kernel all the same.",) if looks != "scores" else ()
    return KernelFile(parsed.values[None], (path.stem,), parsed.alphabet, (*parsed.assumptions, *doubt))


def _read_arrays(path: Path, alphabet: str | None) -> KernelFile:
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {path.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded.items())
        stacked = {name: _three_axes(path.name, array) for name, array in arrays.items()}
    except (ValueError, OSError, EOFError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(path.name, None, f"no plain array ({error})", "an .npy or .npz of numbers") from error
    if len({array.shape[1:] for array in stacked.values()}) != 1:
        raise FormatError(path.name, None, "arrays of different shapes, or none", "kernels of one width")
    letters = next(iter(stacked.values())).shape[1]
    known = get_alphabet(alphabet or ("protein" if letters == 20 else "DNA"))
    if letters != len(known):
        raise FormatError(
            path.name, None, f"{letters} letters", f"{len(known)} for {known.name}, on the axis before the last"
        )
    names = [f"{name}-{i}" if len(array) > 1 else name for name, array in stacked.items() for i in range(len(array))]
    return KernelFile(np.concatenate(list(stacked.values())), tuple(names), known, ())


def _three_axes(name: str, array: Array) -> Array:
    if array.ndim not in {2, 3} or array.size == 0 or not np.issubdtype(array.dtype, np.number):
        found = f"an array of shape {array.shape} and type {array.dtype}"
        raise FormatError(name, None, found, "(letter, position) or (kernel, letter, position), real numbers")
    return np.asarray(array if array.ndim == 3 else array[None], dtype=np.float64)


def read_set(text: str, alphabet: str | None = None) -> SequenceSet:
    """Sequences of a file, or of a bundled example written as `example:NAME`."""
    if text.startswith(EXAMPLE):
        from epool_viz.data.gallery import load_example

        return load_example(text.removeprefix(EXAMPLE))
    from epool_viz.data.sequences import read_sequences

    return read_sequences(text, alphabet=alphabet)
