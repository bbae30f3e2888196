"""What a stranger brings, models, motifs and sequences, read in a process of its own that has little time and memory.

The libraries that parse HDF5 and protocol buffers are large and written in C and C++: a file that is made to mislead
one of them can take that process down, and nothing else. The same holds for a text of which nobody can tell how long it
takes: the page waits for so many seconds and no longer.

The request is a JSON object behind its length, then the file; the answer the same, with arrays in place of the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core.alphabet import get_alphabet
from epool_viz.data.limits import Limits
from epool_viz.data.networks.kernel_text import MOST_NUMBERS, as_text, from_text
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.data.sequences.problems import Problem, sequence_problems
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.data.sequences.set import SequenceSet, sequence_arrays, sequences_of
from epool_viz.data.source import HDF5_MAGIC
from epool_viz.errors import AmbiguousAxesError, EpoolError, FormatError

SECONDS = 8.0
MEMORY = 2 << 30
MOST_ANSWER = 1 << 26  # bytes
SMALL = 20_000  # bytes of plain text that is read at once: to start a process takes longer
_COMMAND = [sys.executable, "-P", "-c", "from epool_viz.data.networks.limited_process import answer; answer()"]
_SPARING = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_TYPES = {"codes": "i1", "offsets": "<i8", "labels": "<i8"}


class SequencesRead(NamedTuple):
    """What came of a text of sequences.

    Attributes
    ----------
    sequences : SequenceSet or None
        None where there are problems.
    problems : tuple of Problem
        In the order of the lines.
    are_all : bool
        Whether there are no more problems than these.
    """

    sequences: SequenceSet | None
    problems: tuple[Problem, ...] = ()
    are_all: bool = True


def read_apart(
    raw: bytes, *, name: str, reading: ImportOptions | None = None, seconds: float = SECONDS
) -> ImportedKernels:
    """`read_kernel_bytes` in a process that ends after so many seconds.

    Raises
    ------
    EpoolError
        As `read_kernel_bytes`; also if the process ended without an answer.
    """
    asked = {"what": "kernels", "name": name, "reading": dataclasses.asdict(reading or ImportOptions())}
    said, _ = _ask(asked, raw, seconds)
    return from_text(said["kernels"], source=name)


def read_sequences_apart(
    raw: bytes, *, name: str, alphabet: str | None = None, limits: Limits | None = None, seconds: float = SECONDS
) -> SequencesRead:
    """`parse_sequences` in a process that ends after so many seconds, and all that is wrong with the text.

    Parameters
    ----------
    raw : bytes
        Any format of `read_sequences`, packed or not; a small plain text is read here.
    name : str
        What the messages call it.
    alphabet : name of an Alphabet, or None
    limits : Limits or None
    seconds : float
    """
    limits = limits or Limits()
    if len(raw) <= SMALL and not raw.startswith((b"\x1f\x8b", HDF5_MAGIC)):
        return _sequences_of(raw, name, alphabet, limits)
    asked = {"what": "sequences", "name": name, "alphabet": alphabet, "limits": dataclasses.asdict(limits)}
    try:
        said, block = _ask(asked, raw, seconds)
        if "problems" in said:
            return SequencesRead(None, tuple(Problem(*each) for each in said["problems"]), bool(said["are_all"]))
        return SequencesRead(_unpacked(said, block, name))
    except FormatError as error:
        return SequencesRead(None, (Problem(error.line, "", error.found, error.accepted),))


def _ask(asked: dict[str, Any], raw: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
    """What the other process answers; the error that it met is raised here."""
    name = asked["name"]
    answered = _exchange(_framed(asked, raw), seconds)
    if answered is None:
        raise FormatError(name, None, f"a file that takes more than {seconds:g} s to read", "a smaller one")
    try:
        end = 8 + int.from_bytes(answered[:8], "little")
        said = json.loads(answered[8:end])
    except ValueError:
        raise FormatError(name, None, "a file that its reader does not survive", "a sound one") from None
    if "error" in said:
        error = said["error"]
        raise FormatError(*error) if isinstance(error, list) else EpoolError(str(error))
    return said, answered[end:]


def _framed(said: dict[str, Any], block: bytes = b"") -> bytes:
    text = json.dumps(said).encode()
    return len(text).to_bytes(8, "little") + text + block


def _exchange(sent: bytes, seconds: float) -> bytes | None:
    """Send to a new process and read all that it answers, up to a bound; None if it did not end in time."""
    heard = bytearray()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*_COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_SPARING},
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        if stdin is None or stdout is None:  # for the type checker
            raise AssertionError

        def send() -> None:
            with contextlib.suppress(OSError), stdin:  # it may have ended
                stdin.write(sent)

        def hear() -> None:
            while len(heard) <= MOST_ANSWER and (part := os.read(stdout.fileno(), 1 << 16)):
                heard.extend(part)

        threads = [threading.Thread(target=each, daemon=True) for each in (send, hear)]
        for thread in threads:
            thread.start()
        threads[1].join(seconds)
        is_late = threads[1].is_alive()
        process.kill()
        for thread in threads:
            thread.join()
    return None if is_late else bytes(heard[: MOST_ANSWER + 1])


# --- the other process


def answer() -> None:
    """The other process: reads a request from standard input and writes the answer to standard output."""
    _limit()
    stream = sys.stdin.buffer
    asked: dict[str, Any] = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    name = asked["name"]
    try:
        said, block = (_answer_kernels if asked["what"] == "kernels" else _answer_sequences)(asked, stream.read())
    except FormatError as error:
        said, block = {"error": [error.source, error.line, error.found, error.accepted]}, b""
    except EpoolError as error:
        said, block = {"error": str(error)}, b""
    except MemoryError:
        found = f"a file that takes more than {MEMORY >> 20:,} MiB to read"
        said, block = {"error": [name, None, found, "a smaller one"]}, b""
    sys.stdout.buffer.write(_framed(said, block))


def _answer_kernels(asked: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes]:
    from epool_viz.data.networks import onnx_runner

    onnx_runner.ENGINES[:] = ["onnx.reference"]  # a stranger's graph meets no more compiled code than reading it needs
    found = _kernels_of(raw, asked["name"], ImportOptions(**asked["reading"]))
    if found.kernels.size > MOST_NUMBERS:
        accepted = f"at most {MOST_NUMBERS:,} numbers"
        raise FormatError(asked["name"], None, f"kernels of {found.kernels.size:,} numbers", accepted)
    return {"kernels": as_text(found)}, b""


def _answer_sequences(asked: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes]:
    found = _sequences_of(raw, asked["name"], asked["alphabet"], Limits(**asked["limits"]))
    if found.sequences is None:
        return {"problems": found.problems, "are_all": found.are_all}, b""
    return _packed(found.sequences)


def _packed(sequences: SequenceSet) -> tuple[dict[str, Any], bytes]:
    arrays = sequence_arrays(sequences, "read")
    parts = {name: arrays[f"read.{name}"].astype(kind) for name, kind in _TYPES.items() if f"read.{name}" in arrays}
    told = {
        "sizes": {name: len(array) for name, array in parts.items()},
        "names": sequences.names,
        "alphabet": sequences.alphabet.name,
        "assumptions": sequences.assumptions,
    }
    return told, b"".join(array.tobytes() for array in parts.values())


def _unpacked(said: dict[str, Any], block: bytes, name: str) -> SequenceSet:
    """The set out of an answer; whoever wrote that may have been led astray."""
    arrays, begin = {}, 0
    try:
        for part, kind in _TYPES.items():
            if part in said["sizes"]:
                array = np.frombuffer(block, kind, int(said["sizes"][part]), begin)
                begin += array.nbytes
                arrays[f"read.{part}"] = array.astype(array.dtype.newbyteorder("="))
        found = sequences_of(arrays, "read", get_alphabet(str(said["alphabet"])))
        names, notes = (tuple(map(str, said[each])) for each in ("names", "assumptions"))
        return dataclasses.replace(found, names=names, source=name, assumptions=notes)
    except (KeyError, TypeError, ValueError, EpoolError):
        raise FormatError(name, None, "a file that its reader does not survive", "a sound one") from None


def _sequences_of(raw: bytes, name: str, alphabet: str | None, limits: Limits) -> SequencesRead:
    try:
        return SequencesRead(parse_sequences(raw, source=name, alphabet=alphabet, limits=limits))
    except FormatError as error:
        first = Problem(error.line, "", error.found, error.accepted)
    if first.line is None or len(raw) > limits.bytes:
        return SequencesRead(None, (first,))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return SequencesRead(None, (first,), are_all=False)
    found, are_all = sequence_problems(text, source=name, alphabet=alphabet, limits=limits)
    return SequencesRead(None, tuple(found) or (first,), are_all)


def _kernels_of(raw: bytes, name: str, reading: ImportOptions) -> ImportedKernels:
    """The kernels; where the axes can be read in several ways, the first of them, and the question as a statement."""
    from epool_viz.data.networks.files import read_kernel_bytes

    try:
        return read_kernel_bytes(raw, name=name, reading=reading)
    except AmbiguousAxesError as error:
        first, *others = error.readings
        found = read_kernel_bytes(raw, name=name, reading=dataclasses.replace(reading, axes=first))
        question = (
            f"The axes can be read in {len(error.readings)} ways, and nothing in the file decides: they are shown as "
            f"{first}, and may be {' or '.join(others)}. Say which under axes; until then nothing is claimed."
        )
        said = tuple(each for each in found.assumptions if not each.endswith("as you say."))
        return dataclasses.replace(
            found, assumptions=(*said, question), statements=(question,), reads_letters=None, difference=None
        )


def _limit() -> None:
    """Bound memory and time of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS) + 2, int(SECONDS) + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
