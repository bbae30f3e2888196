"""A stranger's model file read in a process of its own, which has little time and memory.

The libraries that parse HDF5 and protocol buffers are large and written in C and C++: a file that is made to mislead
one of them can take that process down, and nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

from epool_viz.data.importing.keeping import MOST_NUMBERS, as_text, from_text
from epool_viz.data.importing.kernels import ImportedKernels, Reading
from epool_viz.errors import AmbiguousAxesError, EpoolError, FormatError

SECONDS = 8.0
MEMORY = 2 << 30
_COMMAND = [sys.executable, "-P", "-c", "from epool_viz.data.importing.apart import answer; answer()"]
_SPARING = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def read_apart(raw: bytes, *, name: str, reading: Reading | None = None, seconds: float = SECONDS) -> ImportedKernels:
    """`read_kernel_bytes` in a process that ends after so many seconds.

    Raises
    ------
    EpoolError
        As `read_kernel_bytes`; also if the process ended without an answer.
    """
    request = json.dumps({"name": name, "reading": dataclasses.asdict(reading or Reading())}).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            [*_COMMAND],
            input=len(request).to_bytes(8, "little") + request + raw,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **_SPARING},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FormatError(name, None, f"a file that takes more than {seconds:g} s to read", "a smaller one") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise FormatError(name, None, "a file that its reader does not survive", "a sound one") from None
    if "error" in answer:
        error = answer["error"]
        raise FormatError(*error) if isinstance(error, list) else EpoolError(str(error))
    return from_text(answer["kernels"], source=name)


def answer() -> None:
    """The other process: reads a request from standard input and writes the answer to standard output."""
    from epool_viz.data.importing import onnx_door

    _limit()
    onnx_door.ENGINES[:] = ["onnx.reference"]  # a stranger's graph meets no more compiled code than reading it needs
    stream = sys.stdin.buffer
    request: dict[str, Any] = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    try:
        found = _read(stream.read(), request["name"], Reading(**request["reading"]))
        if found.kernels.size > MOST_NUMBERS:
            accepted = f"at most {MOST_NUMBERS:,} numbers"
            raise FormatError(request["name"], None, f"kernels of {found.kernels.size:,} numbers", accepted)
        said: dict[str, Any] = {"kernels": as_text(found)}
    except EpoolError as error:
        said = {"error": str(error)}
        if isinstance(error, FormatError):
            said = {"error": [error.source, error.line, error.found, error.accepted]}
    sys.stdout.write(json.dumps(said))


def _read(raw: bytes, name: str, reading: Reading) -> ImportedKernels:
    """The kernels; where the axes can be read in several ways, the first of them, and the question as a statement."""
    from epool_viz.data.importing.files import read_kernel_bytes

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
