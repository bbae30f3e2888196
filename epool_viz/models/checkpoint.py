"""Trained networks and unfinished trainings as files: safetensors with JSON in the header, never pickle."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from epool_viz.data.networks.stored import read_checked_arrays, read_model, write_arrays
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.models.cnn import MotifCNN

_RECORD: dict[str, Any] = {
    "epoch": int,
    "loss": float,
    "auc": float,
    "val_loss": float,
    "val_auc": float,
    "val_auprc": float,
    "seconds": float,
    "m": (float, type(None)),
    "is_best": bool,
}


def save_model(model: MotifCNN, path: str | os.PathLike[str], *, result: Any = None) -> None:
    """Write a network to one file: weights, settings, and how it was trained.

    Parameters
    ----------
    model : MotifCNN
    path : str or path
        `.safetensors` by custom. A file that is there is replaced, as a whole or not at all.
    result : TrainingResult, Run of a race, or None
        Its history, seed and data fingerprint go along.

    Raises
    ------
    ArgumentError
        If `model` is no MotifCNN, or the file cannot be written.
    """
    if not isinstance(model, MotifCNN):
        raise ArgumentError("model", f"a {type(model).__name__}", "a MotifCNN")
    training = getattr(result, "result", None) or result
    about: dict[str, Any] = {}
    if training is not None:
        about = {
            "training": dataclasses.asdict(training.settings),
            "history": [dataclasses.asdict(record) for record in training.history],
            "best_epoch": training.best_epoch,
            "stopped": training.stopped,
            "data_fingerprint": training.fingerprint,
        }
    arrays = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    write_arrays(path, arrays, {"settings": model.settings(), "about": about}, kind="model")


def load_model(path: str | os.PathLike[str]) -> MotifCNN:
    """Read a network that `save_model` wrote; safe for untrusted files.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    MotifCNN
        With the very weights, in evaluation mode; `read_model` gives what is known of its training, and whether
        the file has a checksum, which is held against its bytes.

    Raises
    ------
    FormatError
        If the file is cut off or damaged, of another kind, or holds what no network can hold. Nothing in it is run.
    ArgumentError
        If there is no such file.
    """
    # checks every shape against the settings, so that a few bytes cannot allocate much memory
    stored = read_model(path)
    settings = stored.settings
    known = {"n_kernels", "width", "preset", "pooling", "padding", "activation", "alphabet"}
    if set(settings) != known or not isinstance(settings["pooling"], dict):
        raise FormatError(str(path), None, f"the settings {sorted(settings)}", f"{sorted(known)}")
    try:
        model = MotifCNN(**settings)
    except (ArgumentError, TypeError, AttributeError, OverflowError) as error:
        raise FormatError(str(path), None, f"settings of no network: {error}", "those of a MotifCNN") from None
    state = {name: torch.from_numpy(np.array(array)) for name, array in stored.arrays.items()}
    model.to(state["conv.weight"].dtype)
    model.load_state_dict(state)
    return model.eval()


class Progress(NamedTuple):
    """An unfinished training as its file has it."""

    model: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[int, dict[str, Tensor]]
    epoch: int
    best_epoch: int
    best_loss: float
    history: list[dict[str, Any]]
    is_checked: bool


def write_progress(path: str | os.PathLike[str], arrays: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write an unfinished training: its weights, its best ones, the optimizer's moments, and where it is."""
    held = {name: value.detach().cpu().numpy() for name, value in arrays.items()}
    write_arrays(path, held, about, kind="training")


def read_progress(
    path: str | os.PathLike[str],
    identity: dict[str, Any],
    like: dict[str, Tensor],
    shapes: list[tuple[int, ...]],
) -> Progress:
    """Read an unfinished training.

    Parameters
    ----------
    path : str or path
    identity : dict
        What the file must agree in: network, training, data.
    like : state of the network
        Names, shapes and types that the weights must have.
    shapes : list of tuples
        Of what the optimizer moves, in its order.

    Raises
    ------
    FormatError
        If the file cannot be read or does not hold together.
    ArgumentError
        If it is of another training; the message names the difference.
    """
    source = str(path)
    arrays, about, is_checked = read_checked_arrays(path, kind="training")
    for part, ours in identity.items():
        theirs = about.get(part)
        if theirs != ours:
            found = f"{source!r}, of another training: {_difference(part, theirs, ours)}"
            raise ArgumentError("checkpoint", found, "the same settings, or another file")
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    states = {part: _part(tensors, f"{part}/") for part in ("model", "best")}
    for state in states.values():
        if {k: (v.shape, v.dtype) for k, v in state.items()} != {k: (v.shape, v.dtype) for k, v in like.items()}:
            raise FormatError(source, None, "weights of another network", "those of the network in training")
    optimizer = _moments(_part(tensors, "optimizer/"), shapes, source)
    return Progress(states["model"], states["best"], optimizer, *_counts(about, source), is_checked)


def _moments(tensors: dict[str, Tensor], shapes: list[tuple[int, ...]], source: str) -> dict[int, dict[str, Tensor]]:
    """Adam's state of each weight that has moved, by its place."""
    optimizer: dict[int, dict[str, Tensor]] = {}
    for i, shape in enumerate(shapes):
        expected = {f"{i}/step": (), f"{i}/exp_avg": shape, f"{i}/exp_avg_sq": shape}
        found = {name: tuple(tensors[name].shape) for name in expected if name in tensors}
        if found and found != expected:
            raise FormatError(source, None, f"an optimizer with the shapes {found}", f"{expected}")
        if found:
            optimizer[i] = {name.partition("/")[2]: tensors[name] for name in expected}
    if 3 * len(optimizer) != len(tensors):
        raise FormatError(source, None, "an optimizer of more weights", f"one of {len(shapes)}")
    return optimizer


def _counts(about: dict[str, Any], source: str) -> tuple[int, int, float, list[dict[str, Any]]]:
    epoch, best_epoch, best_loss = (about.get(name) for name in ("epoch", "best_epoch", "best_loss"))
    history = about.get("history")
    whole = type(epoch) is int and type(best_epoch) is int and isinstance(best_loss, float)
    if not whole or not isinstance(history, list) or not math.isfinite(best_loss):  # type: ignore[arg-type]
        raise FormatError(source, None, "no count of its epochs", "epoch, best_epoch, best_loss and history")
    if not 1 <= best_epoch <= epoch == len(history):  # type: ignore[operator]
        raise FormatError(source, None, f"{len(history)} records for {epoch} epochs", "one record an epoch")
    for record in history:
        if not isinstance(record, dict) or set(record) != set(_RECORD):
            raise FormatError(source, None, "a record that is none", f"the fields {', '.join(_RECORD)}")
        if not all(isinstance(record[name], kind) for name, kind in _RECORD.items()):
            raise FormatError(source, None, f"the record {record}", "a number in each field")
    return epoch, best_epoch, best_loss, history  # type: ignore[return-value]


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _difference(part: str, theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        names = [name for name in {**ours, **theirs} if theirs.get(name) != ours.get(name)]
        return ", ".join(f"{name} is {theirs.get(name)!r} there and {ours.get(name)!r} here" for name in names)
    return f"the {part} is {theirs!r} there and {ours!r} here"
