"""Parses uploaded or pasted models, motifs and sequences in a limited process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from epool_viz.core.alphabet import get_alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernel_text import MOST_NUMBERS, as_text, from_text
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.data.sequences.problems import Problem
from epool_viz.data.sequences.set import SequenceSet, sequence_arrays, sequences_of
from epool_viz.data.sequences.uploaded import SequencesRead, read_uploaded_sequences
from epool_viz.data.source import HDF5_MAGIC
from epool_viz.errors import EpoolError, FormatError
from epool_viz.jobs.limited import Answer, Bounds, LimitError, call
from epool_viz.jobs.wire import packed, unpacked

BOUNDS = Bounds()
SMALL = 20_000  # bytes of plain text that is parsed at once: to start a process takes longer


def parse_kernels_limited(
    raw: bytes, *, name: str, reading: ImportOptions | None = None, seconds: float = BOUNDS.seconds
) -> ImportedKernels:
    """`read_uploaded_kernels` in a limited process.

    Raises
    ------
    EpoolError
        As `read_kernel_bytes`; also if the process gives no answer within its bounds.
    """
    asked = {"name": name, "reading": dataclasses.asdict(reading or ImportOptions())}
    said, _ = _parsed(_kernels, asked, raw, seconds)
    return from_text(str(said.get("kernels")), source=name)


def parse_sequences_limited(
    raw: bytes,
    *,
    name: str,
    alphabet: str | None = None,
    limits: Limits | None = None,
    seconds: float = BOUNDS.seconds,
) -> SequencesRead:
    """`read_uploaded_sequences` in a limited process; a small plain text is parsed here.

    Parameters
    ----------
    raw : bytes
        Any format of `read_sequences`, packed or not.
    name : str
        What the messages call it.
    alphabet : name of an Alphabet, or None
    limits : Limits or None
    seconds : float
    """
    limits = limits or Limits()
    if len(raw) <= SMALL and not raw.startswith((b"\x1f\x8b", HDF5_MAGIC)):
        return read_uploaded_sequences(raw, name=name, alphabet=alphabet, limits=limits)
    asked = {"name": name, "alphabet": alphabet, "limits": dataclasses.asdict(limits)}
    try:
        said, block = _parsed(_sequences, asked, raw, seconds)
        if "problems" in said:
            return SequencesRead(None, tuple(Problem(*each) for each in said["problems"]), bool(said["are_all"]))
        return SequencesRead(_set_of(said, block, name))
    except FormatError as error:
        return SequencesRead(None, (Problem(error.line, "", error.found, error.accepted),))


def _parsed(function: Callable[..., Answer], asked: dict[str, Any], raw: bytes, seconds: float) -> Answer:
    bounds = dataclasses.replace(BOUNDS, seconds=seconds)
    try:
        return call(function, asked, raw, bounds=bounds)
    except LimitError as error:
        if error.limit == "time":
            found = f"a file that takes more than {seconds:g} s to read"
        elif error.limit == "memory":
            found = f"a file that takes more than {(bounds.memory or 0) >> 20:,} MiB to read"
        else:
            raise _astray(asked["name"]) from None
        raise FormatError(asked["name"], None, found, "a smaller one") from None


def _astray(name: str) -> FormatError:
    return FormatError(name, None, "a file that its reader does not survive", "a sound one")


def _set_of(said: dict[str, Any], block: bytes, name: str) -> SequenceSet:
    """The set of an answer, checked: a malicious file may have taken over its process."""
    try:
        found = sequences_of(unpacked(block), "read", get_alphabet(str(said["alphabet"])))
        names, notes = (tuple(map(str, said[each])) for each in ("names", "assumptions"))
        return dataclasses.replace(found, names=names, source=name, assumptions=notes)
    except (KeyError, TypeError, ValueError, EpoolError):
        raise _astray(name) from None


# --- the limited process


def _kernels(asked: dict[str, Any], raw: bytes) -> Answer:
    from epool_viz.data.networks import onnx_runner
    from epool_viz.data.networks.uploaded import read_uploaded_kernels

    onnx_runner.ENGINES[:] = ["onnx.reference"]  # no more compiled code meets the file than reading it needs
    found = read_uploaded_kernels(raw, name=asked["name"], reading=ImportOptions(**asked["reading"]))
    if found.kernels.size > MOST_NUMBERS:
        accepted = f"at most {MOST_NUMBERS:,} numbers"
        raise FormatError(asked["name"], None, f"kernels of {found.kernels.size:,} numbers", accepted)
    return {"kernels": as_text(found)}, b""


def _sequences(asked: dict[str, Any], raw: bytes) -> Answer:
    limits = Limits(**asked["limits"])
    found = read_uploaded_sequences(raw, name=asked["name"], alphabet=asked["alphabet"], limits=limits)
    if found.sequences is None:
        return {"problems": found.problems, "are_all": found.are_all}, b""
    read = found.sequences
    said = {"names": read.names, "alphabet": read.alphabet.name, "assumptions": read.assumptions}
    return said, packed(sequence_arrays(read, "read"))
