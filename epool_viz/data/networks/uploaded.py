"""Kernels of an uploaded model: a question about its axes is a statement, and no error."""

from __future__ import annotations

import dataclasses

from epool_viz.data.networks.files import read_kernel_bytes
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions
from epool_viz.errors import AmbiguousAxesError


def read_uploaded_kernels(raw: bytes, *, name: str, reading: ImportOptions) -> ImportedKernels:
    """`read_kernel_bytes`; where the axes can be read in several ways, the first of them, and the question.

    Raises
    ------
    EpoolError
        As `read_kernel_bytes`, but for AmbiguousAxesError.
    """
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
