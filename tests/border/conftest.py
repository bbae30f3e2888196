"""The examples of the border, made once."""

from __future__ import annotations

import warnings

import pytest

from tests.border import keras_networks
from tests.border.networks import Example


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """All examples; Keras makes its own in another process while torch and ONNX make theirs here."""
    folder = tmp_path_factory.mktemp("keras")
    process = keras_networks.start(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the frameworks, on making what is old
            from tests.border import onnx_networks, torch_networks

            made = [*torch_networks.examples(), *onnx_networks.examples()]
        made += keras_networks.gather(process, folder)
    finally:
        process.kill()
        process.wait()
    return made
