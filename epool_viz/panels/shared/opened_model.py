"""Uploads of a visitor: sequences, and a model file with the ways in which it can be read. No widget."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from traitlets import Any as AnyTrait
from traitlets import Bool, HasTraits, Unicode, observe

from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.data.sequences.problems import Problem
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.writing import write_sequences
from epool_viz.errors import ArgumentError, EpoolError, FormatError
from epool_viz.jobs.parsing import parse_kernels_limited, parse_sequences_limited
from epool_viz.panels.shared.state import require_size

LARGEST_MODEL = 8_000_000  # bytes of a file; below what the page's connection takes in one message
MOST_KERNELS = 1024
_PACKED = (b"\x1f\x8b", b"\x89HDF", b"PK")


class OpenedModel(HasTraits):
    """A file in; kernels out, or what is wrong with it.

    What cannot be read changes nothing of what was there. The traits named in `READING` say how it is read.
    """

    layer = Unicode("", help="Which convolution of the model; empty takes the first that fits.")
    axes = Unicode("", help="What the axes of the stored weight are; empty goes by the file.")
    letters = Unicode("", help="The order of the letters in the model's input; empty is ACGT.")
    flip = Bool(None, allow_none=True, help="Whether kernels are turned round; None goes by the file.")
    fold = Bool(None, allow_none=True, help="Whether a batch-norm is folded in; None goes by the file.")

    kernels = AnyTrait(help="The ImportedKernels that were read, or None.")
    model_problem = AnyTrait(help="What is wrong with the last model file: a Problem, or None.")
    model_name = Unicode("", help="What that file was called.")
    has_file = Bool(False, help="Whether the model file is still here, so that it can be read another way.")

    READING: ClassVar[tuple[str, ...]] = ("layer", "axes", "letters", "flip", "fold")

    def __init__(self, most_kernels: int = MOST_KERNELS) -> None:
        super().__init__()
        self.most_kernels = most_kernels
        self.error: EpoolError | None = None  # what the last reading ended with
        self._raw, self._name = b"", ""
        self._is_reading_anew = False

    def load_model(self, name: str, content: bytes) -> None:
        """Read a model or motif file; one that cannot be read is explained and changes nothing."""
        if self._read(name, content, ImportOptions()):
            self._raw, self._name, self.has_file = content, name, True
            self._read_as_the_file_says()

    @property
    def can_be_read_otherwise(self) -> bool:
        """Whether the visitor can choose axes, letters and direction: a text determines its own."""
        return self.has_file and self.kernels is not None and bool(self.kernels.axes)

    @property
    def has_batch_norm(self) -> bool:
        """Whether a batch-norm is folded in, or could be."""
        said = () if self.kernels is None else self.kernels.assumptions
        return any("batch-norm" in each and "does not follow" not in each for each in said)

    @property
    def options(self) -> dict[str, Any]:
        """The visitor's settings for the file, as arguments of `import_kernels`, where they are set."""
        named = {"fold": "fold_batch_norm"}
        return {
            named.get(name, name): value for name in self.READING if (value := getattr(self, name)) not in ("", None)
        }

    def drop_file(self) -> None:
        """Drop the file and what was read of it."""
        self._raw, self.has_file = b"", False
        self.model_problem = self.kernels = None
        self._read_as_the_file_says()

    def _read_as_the_file_says(self) -> None:
        """Reset the settings for an earlier file."""
        self._is_reading_anew = True
        try:
            for each in self.READING:
                setattr(self, each, self.traits()[each].default_value)
        finally:
            self._is_reading_anew = False

    @observe(*READING)
    def _another_reading(self, _: Any) -> None:
        if self.has_file and not self._is_reading_anew:
            reading = ImportOptions(
                self.layer or None,
                self.axes or None,
                self.letters.strip() or None,
                self.flip,
                self.fold,
            )
            self._read(self._name, self._raw, reading)

    def _read(self, name: str, content: bytes, reading: ImportOptions) -> bool:
        self.model_problem, self.model_name = None, name  # the same problem of another file is news
        try:
            if len(content) > LARGEST_MODEL:
                raise FormatError(name, None, f"{len(content):,} bytes", f"at most {LARGEST_MODEL:,}")
            read = parse_kernels_limited(content, name=name, reading=reading)
            if len(read) > self.most_kernels:
                raise FormatError(name, None, f"{len(read):,} kernels", f"at most {self.most_kernels:,}")
        except EpoolError as error:
            self.error = error
            self.model_problem = _problem(error, name)
            return False
        self.error = self.model_problem = None
        self.kernels = read
        return True


def sequences_of_file(name: str, content: bytes, limits: Limits, alphabet: str | None = None) -> SequenceSet:
    """The sequences of a file, parsed in a limited process.

    Raises
    ------
    FormatError
        For the first thing in it that cannot be read.
    """
    read = parse_sequences_limited(content, name=name, alphabet=alphabet, limits=limits)
    if read.sequences is None:
        first = read.problems[0]
        raise FormatError(name, first.line, first.found, first.accepted)
    return read.sequences


@lru_cache(maxsize=8)
def sequences_of_text(text: str, name: str, limits: Limits, alphabet: str | None = "DNA") -> SequenceSet:
    """The sequences of what was typed or pasted, read as a file is; the last few texts are remembered.

    Raises
    ------
    FormatError
        As `sequences_of_file`.
    """
    return sequences_of_file(name, text.encode("utf-8", "replace"), limits, alphabet)


def text_of_file(name: str, content: bytes, limits: Limits, most: int) -> str:
    """The text of a file of DNA sequences; of one that is no plain text (gzip, HDF5), the same sequences as text.

    Parameters
    ----------
    name : str
    content : bytes
    limits : Limits
        Of what is read.
    most : int
        Bytes of the file.

    Raises
    ------
    FormatError
        As `sequences_of_file`.
    ArgumentError
        For a file that is too large, or no text at all.
    """
    require_size(name, content, most)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        sequences = _packed_sequences(name, content, limits)
        return write_sequences(sequences, format="fasta" if sequences.labels is None else "encode")
    sequences_of_text(text, name, limits)
    return text


def _packed_sequences(name: str, content: bytes, limits: Limits) -> SequenceSet:
    try:
        return sequences_of_file(name, content, limits, "DNA")
    except FormatError:
        if content.startswith(_PACKED):
            raise
        raise ArgumentError(f"the file {name}", "not a text in UTF-8", "FASTA, or sequences, one a line") from None


def said_of(name: str, problem: Problem) -> str:
    """What is wrong with a model file, as a sentence; the file's name comes first."""
    accepted = f"; accepted: {problem.accepted}" if problem.accepted else ""
    return f"{name} cannot be read: {problem.found}{accepted}."


def _problem(error: EpoolError, name: str) -> Problem:
    """An error as a problem of the whole file."""
    if isinstance(error, FormatError):
        return Problem(error.line, "", error.found, error.accepted)
    said = str(error).removeprefix(f"{name}: ")
    return Problem(None, "", said.removeprefix("found "), "")
