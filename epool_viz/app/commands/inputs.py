"""Read the arguments of all commands: kernels, motifs, sequences; from files, pipes, standard input, packed or not."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epool_viz.app.commands.outputs import STANDARD
from epool_viz.core.alphabet import DNA, RNA, Alphabet, get_alphabet
from epool_viz.core.types import Array
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.opening import OpenedFile, open_file, read_input
from epool_viz.errors import ArgumentError, FormatError

if TYPE_CHECKING:
    from epool_viz.data.networks.kernels import ImportedKernels
    from epool_viz.data.sequences.set import SequenceSet

EXAMPLE = "example:"
OF_MOTIF = "motif"  # a background: that of the motif file
_STANDARD_INPUT = "standard input"
_FILE_ENDINGS = {".meme", ".jaspar", ".transfac", ".txt", ".pfm", ".ppm", ".pwm", ".gz"}  # a file was meant
_RNA_READ = "The motif is one of RNA: its U is read as T."


class KernelFile(NamedTuple):
    """Kernels of one file, and what they are to be read as motifs with.

    Attributes
    ----------
    kernels : ImportedKernels
        In double precision.
    widths : tuple of int
        Of each; what is beyond adds nothing to a score.
    background : shape (letter,)
        Against which motifs became kernels, and kernels are to become motifs.
    """

    kernels: ImportedKernels
    widths: tuple[int, ...]
    background: Array


def open_argument(text: str, argument: str, accepted: str = "a file that can be read") -> OpenedFile:
    """Read an argument: a file, a pipe, or "-" for standard input.

    Parameters
    ----------
    text : str
    argument : str
        As the user typed it, for messages.
    accepted : str
        For messages.

    Raises
    ------
    ArgumentError
        If there is nothing that can be read.
    """
    if text == STANDARD:
        return OpenedFile(_read_standard_input(argument, accepted), _STANDARD_INPUT)
    try:
        return open_file(text, name=argument, accepted=accepted)
    except ArgumentError as error:
        found = error.found.replace(" (No such file or directory)", ", which is no file")
        raise ArgumentError(argument, found, accepted) from None


def _read_standard_input(argument: str, accepted: str) -> bytes:
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None:
        sys.stderr.write("reading from the keyboard; Ctrl-D ends it\n")
    try:
        return read_input("/dev/stdin", name=argument, accepted=accepted)
    except ArgumentError as error:
        raise ArgumentError(argument, error.found.replace("'/dev/stdin'", "'-', standard input"), accepted) from None


def means_file(text: str) -> bool:
    """Whether a word is a file, or was meant for one, rather than the name of a motif."""
    path = Path(text)
    return text == STANDARD or os.path.lexists(text) or len(path.parts) > 1 or path.suffix.lower() in _FILE_ENDINGS


def read_motifs_of(text: str, argument: str, *, alphabet: str | None = None) -> list[Motif]:
    """The motifs of a file that `read_motifs` reads, or the JASPAR motif of that name.

    Parameters
    ----------
    text : str
        A file, a pipe, "-", or a name or ID of JASPAR.
    argument : str
    alphabet : "DNA" or None
        "DNA" reads motifs of RNA as motifs of DNA, with a note.
    """
    if not means_file(text):
        from epool_viz.data.motifs.jaspar import load_jaspar

        with called(argument):
            return [load_jaspar(text)]
    file = open_argument(text, argument, "a file of motifs, or a name of JASPAR")
    return read_motif_file(file, argument, alphabet=alphabet)


def read_motif_file(file: OpenedFile, argument: str, *, alphabet: str | None = None) -> list[Motif]:
    """The motifs of a file; parameters as for `read_motifs_of`."""
    motifs = parse_motifs(file.raw, source=file.name)
    motifs = [dataclasses.replace(each, name=file.stem) if each.name == file.name else each for each in motifs]
    return [as_dna(motif, argument) for motif in motifs] if alphabet == "DNA" else motifs


def as_dna(motif: Motif, argument: str) -> Motif:
    """The motif as one of DNA; an ArgumentError for protein."""
    if motif.alphabet == RNA:
        return dataclasses.replace(motif, alphabet=DNA, assumptions=(*motif.assumptions, _RNA_READ))
    if motif.alphabet != DNA:
        raise ArgumentError(argument, f"{motif.label!r}, a motif of {motif.alphabet.name}", "a motif of DNA or RNA")
    return motif


def background_remark(motifs: list[Motif], background: Array, option: str = "--background") -> str:
    """A sentence where the background of the motif file is not the one in use; else empty."""
    uploaded = next((each.background for each in motifs if each.background is not None), None)
    if uploaded is None or np.allclose(uploaded, background, rtol=0, atol=1e-6):
        return ""
    letters = motifs[0].alphabet.letters
    theirs, ours = (
        ", ".join(f"{letter} {share:.4g}" for letter, share in zip(letters, each, strict=True))
        for each in (uploaded, background)
    )
    return f"The background in the motif file ({theirs}) is not used, but {option}: {ours}."


def read_background(
    text: str, alphabet: Alphabet, *, of: SequenceSet | None = None, motif: Array | None = None
) -> Array:
    """Letter probabilities from the command line.

    Parameters
    ----------
    text : str
        "uniform", "sequences" (the letters of `of`), "motif" (that of the motif file), or one share a letter between
        commas; shares need not sum to 1.
    alphabet : Alphabet
    of : SequenceSet or None
    motif : shape (letter,), or None

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
    if text == OF_MOTIF:
        if motif is None:
            raise ArgumentError("--background", "'motif', and the motif has none", '"uniform", or shares of letters')
        return np.asarray(motif, dtype=float) / np.sum(motif)
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
    text: str,
    alphabet: str | None = None,
    *,
    background: str | None = None,
    layer: str | None = None,
    axes: str | None = None,
    letters: str | None = None,
    flip: bool | None = None,
) -> KernelFile:
    """Read kernels from whatever `import_kernels` or `read_motifs` reads; a plain matrix in text is a kernel.

    Parameters
    ----------
    text : str
        A file, a pipe, or "-".
    alphabet : str or None
        None takes it from the number of letters.
    background : str or None
        As for `read_background`; None is that of a motif file that has one, else uniform.
    layer, axes, letters, flip
        As in `import_kernels`.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FormatError
        If it holds no kernel.
    """
    from epool_viz.data.networks.files import ModelFile
    from epool_viz.data.networks.kernels import ImportOptions
    from epool_viz.data.networks.motif_kernels import is_motif_file

    opened = open_argument(text, "KERNEL_FILE", "a file with a kernel")
    file = ModelFile(opened.raw, opened.name, opened.path)
    reading = ImportOptions(layer, axes, letters, flip, None)
    if reading == ImportOptions() and file.kind == "text":
        if is_motif_file(file.raw):
            return _read_motifs(file, alphabet, background)
        return _read_matrix(file, alphabet, background)
    from epool_viz.importing import import_file

    imported = import_file(file, reading)
    known = imported.alphabet if alphabet is None else get_alphabet(alphabet)
    if len(known) != len(imported.alphabet):
        raise FormatError(file.name, None, f"{len(imported.alphabet)} letters", f"{len(known)} for {known.name}")
    kernels = dataclasses.replace(imported, kernels=np.asarray(imported.kernels, float), alphabet=known)
    return KernelFile(kernels, (kernels.width,) * len(kernels), read_background(background or "uniform", known))


def _read_matrix(file: OpenedFile, alphabet: str | None, background: str | None) -> KernelFile:
    """One plain matrix, read as a kernel, whatever its numbers."""
    from epool_viz.data.networks.kernels import ImportedKernels

    parsed = parse_matrix(file.raw, source=file.name, alphabet=alphabet, kind="scores")
    looks = parse_matrix(file.raw, source=file.name, alphabet=alphabet).kind
    doubt = (f"The numbers look like {looks}; they are taken as a kernel all the same.",) if looks != "scores" else ()
    said = (*parsed.assumptions, *doubt)
    kernels = ImportedKernels(
        parsed.values[None], np.zeros(1), (file.stem,), parsed.alphabet, file.name, "matrix", assumptions=said
    )
    return KernelFile(kernels, (kernels.width,), read_background(background or "uniform", parsed.alphabet))


def _read_motifs(file: OpenedFile, alphabet: str | None, background: str | None) -> KernelFile:
    """Motifs as log odds against one background, which converts back to the motifs."""
    from epool_viz.data.networks.motif_kernels import kernels_of_motifs

    motifs = parse_motifs(file.raw, source=file.name, alphabet=alphabet)
    theirs = motifs[0].background
    q = read_background(background or ("uniform" if theirs is None else OF_MOTIF), motifs[0].alphabet, motif=theirs)
    kernels = kernels_of_motifs(motifs, file.name, q, background_remark(motifs, q))
    names = tuple(file.stem if name == file.name else name for name in kernels.names)
    widths = tuple(motif.width for motif in motifs)
    return KernelFile(dataclasses.replace(kernels, names=names), widths, q)


def read_set(text: str, alphabet: str | None = None, argument: str = "SEQUENCES") -> SequenceSet:
    """Sequences of a file, a pipe, "-", or of a bundled example written as `example:NAME`."""
    if text.startswith(EXAMPLE):
        from epool_viz.data.examples import load_example

        with called(argument):
            return load_example(text.removeprefix(EXAMPLE))
    from epool_viz.data.sequences.reading import parse_sequences, read_sequences

    if text == STANDARD:
        raw = _read_standard_input(argument, "sequences")
        return parse_sequences(raw, source=_STANDARD_INPUT, alphabet=alphabet)
    with called(argument):
        return read_sequences(text, alphabet=alphabet)


@contextlib.contextmanager
def called(argument: str) -> Iterator[None]:
    """Errors name the argument as the user typed it."""
    try:
        yield
    except ArgumentError as error:
        if error.name not in ("path", "source", "name", "query"):
            raise
        raise ArgumentError(argument, error.found, error.accepted) from None
