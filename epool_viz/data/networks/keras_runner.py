"""A convolution of a Keras model computed by Keras, where the user has imported Keras already.

A model is loaded only if all its layers are plain ones of Keras' own: no Lambda, no custom class, none that
reads files. Nothing here imports Keras, which takes seconds and a backend.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from epool_viz.core.types import Array
from epool_viz.data.networks.network_layers import NotRunError, Scores, coarsest
from epool_viz.data.networks.sections import GraphSection

_MODULES = ("keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints",
            "keras.activations", "keras.src.ops.numpy", "keras.src.models.functional",
            "keras.src.models.sequential")  # fmt: skip
_PLAIN = (
    "__keras_tensor__", "__slice__", "__numpy__", "__tuple__", "DTypePolicy", "Sequential", "Functional",
    "Model", "InputLayer", "Conv1D", "Conv2D", "Dense", "Flatten", "Reshape", "Permute", "Dropout",
    "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "Activation", "ReLU",
    "LeakyReLU", "PReLU", "ELU", "Softmax", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "UnitNormalization", "Rescaling", "Normalization", "Masking", "ZeroPadding1D", "ZeroPadding2D",
    "Cropping1D", "UpSampling1D", "RepeatVector", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D",
    "AveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum",
    "LSTM", "GRU", "SimpleRNN", "Bidirectional", "Attention", "MultiHeadAttention", "DepthwiseConv1D",
    "SeparableConv1D", "Identity", "ExpandDims", "Squeeze", "Transpose", "Flip", "Take", "GetItem",
    "TrueDivide", "Negative", "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunNormal",
    "LecunUniform", "Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Orthogonal", "OrthogonalInitializer", "L1", "L2", "L1L2", "MaxNorm", "NonNeg",
    "UnitNorm", "MinMaxNorm",
)  # fmt: skip


def run_keras(
    raw: bytes,
    ending: str,
    model: Any,
    section: GraphSection,
    onehot_of: Callable[[int | None], Array],
    with_norms: bool,
) -> Scores:
    """The scores that Keras computes; see `Network.run`.

    Parameters
    ----------
    raw : bytes
        The file.
    ending : str
        ".keras" or ".h5".
    model : dict
        Its architecture.

    Raises
    ------
    NotRunError
        If Keras is not imported, or the model is not plain or too large.
    """
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "saving"):
        raise NotRunError("keras is not imported here")
    require_plain(model)
    target, roles = section.target(with_norms)
    onehot = section.letters(onehot_of)
    value = section.laid_out(onehot)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found, kind = _computed(keras, raw, ending, section, target, value)
    except Exception as error:  # noqa: BLE001 - any error of Keras or its backend
        said = str(error).strip().splitlines()
        raise NotRunError(f"Keras cannot run it ({said[0][:80] if said else type(error).__name__})") from None
    return section.scores(found.astype(np.float64), roles, onehot, "keras", kind)


def require_plain(model: Any) -> None:
    """See that an architecture holds nothing but what Keras itself is made of.

    Raises
    ------
    NotRunError
        Naming what it holds besides.
    """
    for entry in _classes(model):
        kind, module = str(entry["class_name"]), entry.get("module")
        is_own = module is None or module in _MODULES
        if not is_own or kind not in _PLAIN or ">" in str(entry.get("registered_name") or ""):
            raise NotRunError(f"it holds {kind[:60]}, which is not run")


def _classes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object that an architecture names."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, Mapping):
            if "class_name" in each:
                yield each
            pending += each.values()
        elif isinstance(each, list):
            pending += each


def _computed(
    keras: Any, raw: bytes, ending: str, section: GraphSection, target: str, value: Array
) -> tuple[Array, str]:
    """What comes out of a layer, and in which half precision any up to it computes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"model{ending}")
        path.write_bytes(raw)
        model = keras.saving.load_model(str(path), compile=False, safe_mode=True)
    scan = model.get_layer(section.targets[0][0])
    scan.activation = keras.activations.linear
    begin = next((each for each in model.inputs if each.name == section.start), model.inputs[0])
    part = keras.Model(begin, model.get_layer(target).output)
    kinds = {str(model.get_layer(name).compute_dtype) for name, *_ in section.targets}
    return np.asarray(keras.ops.convert_to_numpy(part(np.ascontiguousarray(value), training=False))), coarsest(kinds)
