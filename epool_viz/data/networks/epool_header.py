"""Models of this package among safetensors: what follows the kernels stands in the header."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from epool_viz.data.networks.network_layers import Network, Step, Tensor, tensor_of
from epool_viz.data.networks.network_settings import WholeNetwork


def with_settings(network: Network, tensors: Sequence[Tensor], entry: Any) -> Network:
    """The network with the settings of its header, if this package wrote it.

    Parameters
    ----------
    network : Network
    tensors : sequence of Tensor
        All that the file holds.
    entry : our entry of the header, or None
    """
    settings = _settings(entry)
    plain = next((each for each in network.convolutions if each.name == "conv"), None)
    if settings is None or plain is None:
        return network
    named = {each.name: each for each in tensors}
    output = named.get("output.weight")
    dense = Step("dense", "output", "Dense", {} if output is None else {"weight": output})
    after = (*steps_of(settings), dense)
    conv = dataclasses.replace(
        plain, after=after, padding=str(settings.get("padding", "valid")), at_input=True, before=()
    )
    bias = named.get("output.bias")
    number = bias.read().astype(float).item() if bias is not None and math.prod(bias.shape) == 1 else None
    whole = WholeNetwork.of_settings(settings, number)
    return dataclasses.replace(network, format="model of epool_viz", convolutions=(conv,), whole=whole)


def steps_of(settings: Mapping[str, Any]) -> Iterator[Step]:
    """What follows the convolution of a MotifCNN of these settings."""
    activation = settings.get("activation", "identity")
    if activation != "identity":
        yield Step("activation", "activation", str(activation))
    pooling = settings.get("pooling")
    if isinstance(pooling, Mapping):
        if isinstance(pooling.get("local_window"), int) and pooling["local_window"] > 1:
            yield Step("pooling", "local_window", "local max")
        mode = {"mode": tensor_of("mode", 1)} if pooling.get("mode") == 1 else {}
        yield Step("pooling", "pooling", str(pooling.get("method", "")), mode)


def _settings(text: Any) -> Mapping[str, Any] | None:
    try:
        about = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    settings = about.get("settings") if isinstance(about, dict) and about.get("kind") == "model" else None
    return settings if isinstance(settings, dict) else None
