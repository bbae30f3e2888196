"""Import first-layer kernels of a model: a file, bytes, a torch module, or arrays."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epool_viz.data.networks.files import ModelFile, open_model_file, read_kernel_arrays, read_model_file
from epool_viz.data.networks.kernels import ImportedKernels, ImportOptions

if TYPE_CHECKING:
    from collections.abc import Sequence


def import_kernels(
    source: Any,
    *,
    layer: str | None = None,
    axes: str | Sequence[str] | None = None,
    letters: str | None = None,
    flip: bool | None = None,
    fold_batch_norm: bool | None = None,
) -> ImportedKernels:
    """The first-layer kernels of a model, as (kernel, letter, position).

    Parameters
    ----------
    source : path, bytes of a file, torch module, state dict, array, arrays by name, or what `get_weights()` gives
        Files: safetensors, .npz and .npy, Keras .h5 and .keras, ONNX (extra `onnx`), MEME, JASPAR, a matrix as text,
        and a .pt or .pth of weights, which is read with torch's `weights_only=True` and from a path only. The kind
        of a file is found from its content. No code in it is run; of an ONNX graph the part that leads to the
        convolution is computed once, to compare the kernels with it; its weights may lie in a file beside it. A torch
        module, or a copy of it, is run on random one-hot letters and left unchanged. Only torch's own kinds of source
        need torch.
    layer : str or None
        Which convolution. None takes the first that reads the one-hot input; the result's `candidates` lists all.
    axes : str, sequence of str, or None
        What the axes of the stored weight are, as in "position, letter, kernel"; "1" names an axis of one entry. None
        goes by the framework, by the shape of the input, or by the length of the bias; an array alone is taken as
        (kernel, letter, position).
    letters : str or None
        The order of the letters in the model's one-hot input; None is "ACGT", or the alphabetical order of protein.
    flip : bool or None
        Flip the kernels along the sequence, as a true convolution does. None does so where the file shows that
        Theano wrote it.
    fold_batch_norm : bool or None
        None folds a batch-norm into the kernels where it is known that it stands straight before or after them. True
        also folds the next one of a file without architecture, with torch's usual epsilon; False folds none, and
        kernels behind one do not read letters then.

    Returns
    -------
    ImportedKernels
        `assumptions` has what was assumed as sentences, `statements` what holds of the kernels in their
        network, `check` how they were compared with what the network computes, where it can be run. `reads_letters`
        is whether they are applied to the one-hot letters: True, False, or None where it is not known. Nothing is
        claimed across what is not known.

    Raises
    ------
    FormatError
        If the file is damaged, hostile or of another kind, or no convolution of it reads 4 or 20 letters.
    ArgumentError
        If there is no such file, or an argument does not fit it.
    AmbiguousAxesError
        If the axes can be read in several ways and nothing decides; its `readings` are what `axes` takes.
    MissingExtraError
        For ONNX without the package `onnx`, or torch's kinds of source without torch.

    A motif becomes its natural-log odds with one imaginary site, as in the dashboards.
    """
    reading = ImportOptions(
        layer, axes if axes is None or isinstance(axes, str) else tuple(axes), letters, flip, fold_batch_norm
    )
    if isinstance(source, str | os.PathLike):
        return import_file(open_model_file(source), reading)
    if isinstance(source, bytes | bytearray | memoryview):
        return read_model_file(ModelFile(bytes(source), "the file"), reading)
    if _is_of_torch(source):
        from epool_viz.models.importing import read_torch_object

        return read_torch_object(source, reading)
    return read_kernel_arrays(source, reading=reading)


def import_file(file: ModelFile, reading: ImportOptions) -> ImportedKernels:
    """The kernels of a file, whichever reader it takes; torch is loaded for its own files only.

    Raises
    ------
    ArgumentError, FormatError, MissingExtraError
        As for `import_kernels`.
    """
    if file.kind != "torch":
        return read_model_file(file, reading)
    from epool_viz.models.importing import read_torch_bytes

    return read_torch_bytes(file.raw, file.name, reading)


def _is_of_torch(source: Any) -> bool:
    """Whether it is a module, or holds tensors; what is not loaded cannot have made it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    values = source.values() if isinstance(source, Mapping) else [source]
    return any(isinstance(value, torch.nn.Module | torch.Tensor) for value in values)
