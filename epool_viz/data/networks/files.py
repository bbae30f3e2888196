"""Recognises model files and reads their kernels; no code in a file is run, and no torch is needed."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from epool_viz.data.limits import MOST_BYTES, Limits
from epool_viz.data.networks.archives import Archive
from epool_viz.data.networks.checking import held_against
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions, assemble
from epool_viz.data.networks.network_layers import Network
from epool_viz.data.opening import OpenedFile, open_file
from epool_viz.data.source import HDF5_MAGIC
from epool_viz.errors import FormatError

KINDS = "safetensors, .npz or .npy, Keras .h5 or .keras, ONNX, MEME, JASPAR, or a matrix as text"
_TORCH_MEMBER = "/data.pkl"
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_NPY_MAGIC = b"\x93NUMPY"
_OTHER_ENDINGS = (".h5", ".hdf5", ".keras", ".npz", ".npy", ".pt", ".pth")
_NO_PICKLE = (
    "a pickle, as torch.save writes it, which can run code when it is read",
    "the weights as safetensors: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
)


class ModelFile(OpenedFile):
    """The bytes of a model or motif file, read and classified once."""

    @cached_property
    def kind(self) -> str:
        """What the file is by its content: "hdf5", "zip", "torch", "npy", "safetensors", "onnx" or "text".

        Raises
        ------
        FormatError
            If it looks like text and its name has another ending.
        """
        return _kind(self.raw, self.name)


def open_model_file(path: str | os.PathLike[str]) -> ModelFile:
    """Read a model or motif file of a size that can be read.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FormatError
        If it is too large.
    """
    opened = open_file(path, name="source", accepted=f"a file: {KINDS}")
    return ModelFile(opened.raw, os.fspath(path), opened.path)


def read_kernel_bytes(
    raw: bytes,
    *,
    name: str = "the uploaded file",
    reading: ImportOptions | None = None,
    most_bytes: int = MOST_BYTES,
) -> ImportedKernels:
    """Read the kernels of a model or motif file out of its bytes; see `read_model_file`."""
    return read_model_file(ModelFile(raw, name), reading, most_bytes=most_bytes)


def read_model_file(
    file: ModelFile, reading: ImportOptions | None = None, *, most_bytes: int = MOST_BYTES
) -> ImportedKernels:
    """Read the kernels of a model or motif file, without torch.

    Parameters
    ----------
    file : ModelFile
        Weights of an ONNX graph may lie in a file beside it; of bytes without a path no other file is read.
    reading : ImportOptions or None
    most_bytes : int
        That the file may have, and any member of an archive.

    Returns
    -------
    ImportedKernels

    Raises
    ------
    FormatError
        For anything that cannot be read, a pickle among it. No code in it is run.
    ArgumentError
        If `reading` does not fit the file.
    """
    if len(file.raw) > most_bytes:
        raise FormatError(file.name, None, f"{len(file.raw):,} bytes", f"at most {most_bytes:,}")
    reading = reading or ImportOptions()
    network = _network(file, most_bytes)
    if network is None:
        from epool_viz.data.networks.motif_kernels import read_motif_kernels

        return read_motif_kernels(file.raw, file.name, reading, limits=Limits(bytes=most_bytes))
    return held_against(network, assemble(network, reading), reading)


def read_kernel_arrays(
    arrays: Any, *, source: str = "the arrays", reading: ImportOptions | None = None
) -> ImportedKernels:
    """Kernels out of an array, arrays by name, or the list that `model.get_weights()` gives."""
    from epool_viz.data.networks.arrays import network_of_values

    return assemble(network_of_values(arrays, source=source, format="arrays"), reading or ImportOptions())


def _kind(raw: bytes, name: str) -> str:
    from epool_viz.data.networks.onnx_files import looks_like_onnx
    from epool_viz.data.networks.safetensors_files import looks_like_safetensors

    if raw.startswith(HDF5_MAGIC):
        return "hdf5"
    if looks_like_safetensors(raw[:9]):  # first: the length of its header may begin as a pickle or an archive does
        return "safetensors"
    if raw.startswith(b"PK"):
        is_torch = any(member.endswith(_TORCH_MEMBER) for member in Archive(raw, name, MOST_BYTES).names)
        return "torch" if is_torch else "zip"
    if raw.startswith(_PICKLES):
        return "torch"
    if raw.startswith(_NPY_MAGIC):
        return "npy"
    ending = Path(name).suffix.lower()
    if ending == ".safetensors":
        return "safetensors"
    if looks_like_onnx(raw[:3]) or ending == ".onnx":
        return "onnx"
    if ending in _OTHER_ENDINGS:
        raise FormatError(
            name, None, f"a file that begins with {raw[:8]!r}", f"a file as its name indicates, or {KINDS}"
        )
    return "text"


def _network(file: ModelFile, most_bytes: int) -> Network | None:
    """The network of a file, or None for text."""
    raw, name, kind = file.raw, file.name, file.kind
    if kind == "torch":
        raise FormatError(name, None, *_NO_PICKLE)
    if kind == "zip":
        return _archived(raw, name, most_bytes)
    if kind == "hdf5":
        from epool_viz.data.networks.keras_files import read_keras_hdf5

        return read_keras_hdf5(raw, name)
    if kind == "npy":
        from epool_viz.data.networks.numpy_files import read_npy

        return read_npy(raw, name, Path(name).stem)
    if kind == "safetensors":
        from epool_viz.data.networks.safetensors_files import read_safetensors

        return read_safetensors(raw, name)
    if kind == "onnx":
        from epool_viz.data.networks.onnx_files import read_onnx

        return read_onnx(raw, name, file.folder)
    return None


def _archived(raw: bytes, name: str, most_bytes: int) -> Network:
    archive = Archive(raw, name, most_bytes)
    if {"config.json", "model.weights.h5"} <= set(archive.names):
        from epool_viz.data.networks.keras_files import read_keras_archive

        return read_keras_archive(archive, name)
    if any(member.endswith(".npy") for member in archive.names):
        from epool_viz.data.networks.numpy_files import read_npz

        return read_npz(archive, name)
    raise FormatError(name, None, f"an archive of {archive.listed}", KINDS)
