"""What kind of model file some bytes are, and their kernels; no code in a file is ever run, and no torch is needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from epool_viz.data.limits import MOST_BYTES, Limits
from epool_viz.data.networks.archives import Archive
from epool_viz.data.networks.checking import held_against
from epool_viz.data.networks.kernels import ImportedKernels, Reading, assemble
from epool_viz.data.networks.network_layers import Network
from epool_viz.data.opening import read_input
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


def read_kernel_bytes(
    raw: bytes,
    *,
    name: str = "the uploaded file",
    reading: Reading | None = None,
    most_bytes: int = MOST_BYTES,
    folder: Path | None = None,
) -> ImportedKernels:
    """Read the kernels of a model or motif file out of its bytes.

    Parameters
    ----------
    raw : bytes
    name : str
        The file's, for messages; what kind of file it is, its content tells.
    reading : Reading or None
    most_bytes : int
        That the file may have, and any member of an archive.
    folder : Path or None
        Where the file lies, for an ONNX graph whose weights lie in a file beside it; None reads no other file.

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
    if len(raw) > most_bytes:
        raise FormatError(name, None, f"{len(raw):,} bytes", f"at most {most_bytes:,}")
    reading = reading or Reading()
    network = _network(raw, name, most_bytes, folder)
    if network is None:
        from epool_viz.data.networks.motif_kernels import read_motif_kernels

        return read_motif_kernels(raw, name, reading, limits=Limits(bytes=most_bytes))
    return held_against(network, assemble(network, reading), reading)


def read_kernel_file(path: str | os.PathLike[str], *, reading: Reading | None = None) -> ImportedKernels:
    """Read the kernels of a model or motif file; `read_kernel_bytes` says what is refused."""
    folder = Path(path).resolve().parent
    return read_kernel_bytes(read_whole(path), name=os.fspath(path), reading=reading, folder=folder)


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file of a size that can be read.

    Raises
    ------
    ArgumentError
        If there is no such file.
    FormatError
        If it is too large.
    """
    return read_input(path, name="source", accepted=f"a file: {KINDS}")


def read_kernel_arrays(arrays: Any, *, source: str = "the arrays", reading: Reading | None = None) -> ImportedKernels:
    """Kernels out of an array, arrays by name, or the list that `model.get_weights()` gives."""
    from epool_viz.data.networks.arrays import network_of_values

    return assemble(network_of_values(arrays, source=source, format="arrays"), reading or Reading())


def kind_of(raw: bytes, name: str) -> str:
    """What a file is by its content: "hdf5", "zip", "torch", "npy", "safetensors", "onnx" or "text".

    Raises
    ------
    FormatError
        If it looks like text and its name says otherwise.
    """
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
        raise FormatError(name, None, f"a file that begins with {raw[:8]!r}", f"what its name says, or {KINDS}")
    return "text"


def _network(raw: bytes, name: str, most_bytes: int, folder: Path | None) -> Network | None:
    """The network of a file, or None for text."""
    kind = kind_of(raw, name)
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

        return read_onnx(raw, name, folder)
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
