"""The examples of the border, made once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

from tests.border import keras_networks
from tests.border.networks import Example


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Networks as small as these take longer by several threads than by one."""
    import torch

    held = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(held)


@pytest.fixture(scope="session")
def examples(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """All examples; Keras makes its own in another process while torch and ONNX make theirs here."""
    folder = tmp_path_factory.mktemp("keras")
    process = keras_networks.start(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the frameworks, on making what is old
            from tests.border import old_keras_networks, onnx_networks, torch_networks

            made = [*torch_networks.examples(), *onnx_networks.examples(), *old_keras_networks.examples()]
        made += keras_networks.gather(process, folder)
    finally:
        process.kill()
        process.wait()
    return made
