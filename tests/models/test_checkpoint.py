from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from epool_viz import import_kernels
from epool_viz.data.networks.stored import UNCHECKED, read_arrays, read_model, write_arrays
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.models import training
from epool_viz.models.checkpoint import load_model, save_model
from epool_viz.models.pooling import POOLINGS
from epool_viz.models.training import data_fingerprint, race, train

SEQUENCES = ["ACGTTGCATGCAA", "TTTTTGGGCATGC"]


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(network, path) -> Path:
    save_model(network(trainable=True, m=0.6), path)
    return path


def rewritten(path, change_settings=None, change_arrays=None, change_header=None):
    """The same file with something else in it; what is None there is left out."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["epool_viz"])
    arrays = load(raw)
    header["settings"] |= change_settings or {}
    arrays |= change_arrays or {}
    header |= change_header or {}
    kept = {name: array for name, array in arrays.items() if array is not None}
    path.write_bytes(save(kept, metadata={"epool_viz": json.dumps(header)}))
    return path


def with_header(text: str | bytes, rest: bytes = b"") -> bytes:
    text = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(text)) + text + rest


@pytest.mark.parametrize("preset", ["paper", "demo", "exact"])
@pytest.mark.parametrize("name", POOLINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_saved_network_comes_back_bit_for_bit(network, path, preset, name, dtype):
    model = network(preset=preset, pooling=name, local_window=2).to(dtype)
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.settings() == model.settings()
    assert not loaded.training
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)
        assert loaded.state_dict()[key].dtype == dtype
    np.testing.assert_array_equal(loaded.predict(SEQUENCES), model.predict(SEQUENCES))


def test_a_learnt_m_comes_back(network, path):
    model = network(trainable=True, m=0.6)
    with torch.no_grad():
        model.pooling.log_m.fill_(-1.25)
    save_model(model, path)
    assert torch.equal(load_model(path).pooling.log_m, model.pooling.log_m)


def test_other_alphabets_come_back(network, path):
    save_model(network(alphabet="protein"), path)
    assert load_model(path).alphabet.name == "protein"


def test_a_stored_network_is_read_as_arrays(network, path, easy):
    model = network()
    result = train(model, easy, epochs=2, seed=3)
    save_model(model, path, result=result)
    stored = read_model(path)
    np.testing.assert_array_equal(stored.kernels, model.kernels)
    np.testing.assert_array_equal(stored.biases, model.biases)
    np.testing.assert_array_equal(stored.output_weights, model.output_weights)
    assert stored.output_bias == model.output_bias
    assert stored.alphabet == model.alphabet
    assert stored.about["training"]["seed"] == 3
    assert stored.about["data_fingerprint"] == data_fingerprint(easy)
    assert [record["epoch"] for record in stored.about["history"]] == [1, 2]
    assert stored.about["history"][1]["val_auc"] == result.history[1].val_auc
    assert stored.settings["preset"] == "paper"


def test_a_run_of_a_race_can_be_saved(path, easy):
    (run,) = race(easy, methods=("max",), n_kernels=2, width=4, epochs=1, seeds=(6,)).runs
    save_model(run.model, path, result=run)
    assert read_model(path).about["training"]["seed"] == 6
    np.testing.assert_array_equal(load_model(path).predict(easy), run.model.predict(easy))


def test_saving_replaces_a_file_as_a_whole(network, path, monkeypatch):
    save_model(network(), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArgumentError, match=r"cannot be written \(No space left on device\)"):
        save_model(network(seed=5), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(network, tmp_path):
    with pytest.raises(ArgumentError, match="cannot be written"):
        save_model(network(), tmp_path / "nowhere" / "model.safetensors")
    with pytest.raises(ArgumentError, match="`model` is a Linear; accepted: a MotifCNN"):
        save_model(torch.nn.Linear(2, 3), tmp_path / "model.safetensors")


# hostile files


class Bomb:
    def __init__(self, fuse):
        self.fuse = fuse

    def __reduce__(self):
        return (os.mkdir, (str(self.fuse),))


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_bomb_does_not_go_off(tmp_path, path, protocol):
    fuse = tmp_path / "fuse"
    path.write_bytes(pickle.dumps(Bomb(fuse), protocol=protocol))
    with pytest.raises(FormatError, match="accepted: a safetensors file written by epool_viz"):
        load_model(path)
    assert not fuse.exists()
    pickle.loads(path.read_bytes())  # the bomb is real
    assert fuse.exists()


def test_a_torch_checkpoint_is_named_a_pickle(tmp_path, path, network):
    fuse = tmp_path / "fuse"
    torch.save({"state": network().state_dict(), "bomb": Bomb(fuse)}, path)
    with pytest.raises(FormatError, match=r"found a pickle, as torch\.save writes it"):
        load_model(path)
    assert not fuse.exists()


def test_a_file_cut_off_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    for length in [0, 1, 7, 8, 9, 100, *range(120, len(whole), 37), len(whole) - 1]:
        saved.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            load_model(saved)
    saved.write_bytes(whole)
    load_model(saved)


def test_a_file_with_any_byte_changed_is_read_or_refused(saved, rng):
    whole = saved.read_bytes()
    for place in rng.choice(len(whole), size=150, replace=False):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        saved.write_bytes(changed)
        with contextlib.suppress(FormatError):
            load_model(saved).predict(SEQUENCES)


def test_no_flipped_bit_passes_unnoticed(network, path):
    save_model(network(n_kernels=1, width=2), path)
    whole = path.read_bytes()
    sound = read_model(path)
    for place in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            read = read_model(path)
        except FormatError:
            continue
        # a header may say the same with another letter, as in "\u00e9" and "\u00E9"
        assert (read.settings, read.about, read.assumptions) == (sound.settings, sound.about, ())
        assert {name: array.tobytes() for name, array in read.arrays.items()} == {
            name: array.tobytes() for name, array in sound.arrays.items()
        }


@pytest.mark.parametrize("read", [read_model, load_model, import_kernels], ids=["read_model", "load_model", "import"])
def test_a_changed_weight_is_named_as_damage(saved, read):
    raw = bytearray(saved.read_bytes())
    raw[-9] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(FormatError, match=r"model\.safetensors: found a file that has changed since it was written"):
        read(saved)


def test_a_file_of_before_opens_and_says_that_nothing_was_checked(saved):
    assert read_model(saved).assumptions == ()
    rewritten(saved)
    assert read_model(saved).assumptions == (UNCHECKED,)
    load_model(saved)


def test_a_checkpoint_of_before_is_gone_on_from_and_noted(network, easy, half_way):
    assert not any(UNCHECKED in note for note in train(network(), easy, epochs=2, checkpoint=half_way).notes)
    held, about = read_arrays(half_way, kind="training")
    half_way.write_bytes(save(held, metadata={"epool_viz": json.dumps(about)}))
    assert any(UNCHECKED in note for note in train(network(), easy, epochs=2, checkpoint=half_way).notes)


def test_a_flipped_bit_in_a_checkpoint_is_refused(network, easy, half_way, rng):
    whole = half_way.read_bytes()
    for place in rng.choice(np.arange(len(whole) // 2, len(whole)), size=20, replace=False):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        half_way.write_bytes(changed)
        with pytest.raises(FormatError):
            train(network(), easy, epochs=3, checkpoint=half_way)


@pytest.mark.parametrize("claim", [1 << 63, (1 << 64) - 1, 1 << 40, 1 << 25, 10_000])
def test_a_header_that_claims_too_much_is_refused_before_it_is_read(saved, claim):
    saved.write_bytes(struct.pack("<Q", claim) + saved.read_bytes()[8:])
    with pytest.raises(FormatError, match=f"a header that claims {claim:,} bytes in a file of"):
        load_model(saved)


def test_a_header_longer_than_any_of_ours_is_refused(saved, monkeypatch):
    monkeypatch.setattr("epool_viz.data.networks.stored._LARGEST_HEADER", 100)
    with pytest.raises(FormatError, match="a header that claims"):
        load_model(saved)


def test_a_sound_header_of_any_length_is_no_pickle(network, path):
    # lengths that begin with a pickle's 0x80 are among them
    firsts = set()
    for n in range(300):
        write_arrays(path, {"x": np.zeros(2)}, {"pad": "x" * n}, kind="model")
        firsts.add(path.read_bytes()[0])
        assert read_arrays(path, kind="model")[1]["pad"] == "x" * n
    assert 0x80 in firsts


@pytest.mark.parametrize(
    "settings",
    [
        {"n_kernels": 4},
        {"n_kernels": 10**12},
        {"n_kernels": -3},
        {"n_kernels": True},
        {"n_kernels": "3"},
        {"width": 10**30},
        {"width": 5.0},
        {"width": None},
        {"alphabet": "protein"},
        {"alphabet": "Klingon"},
        {"alphabet": ["DNA"]},
        {"preset": "papper"},
        {"preset": {}},
        {"padding": "full"},
        {"padding": [1]},
        {"activation": 3},
        {"pooling": "expectation"},
        {"pooling": {}},
        {"pooling": {"method": "__class__"}},
        {"pooling": {"method": ["max"], "trainable": True}},
        {"pooling": {"method": "max", "trainable": True}},
        {"pooling": {"method": "expectation", "trainable": "yes"}},
        {"pooling": {"method": "expectation", "trainable": True, "m": -1.0}},
        {"pooling": {"method": "expectation", "trainable": True, "m": [1.0]}},
        {"pooling": {"method": "expectation", "trainable": True, "m": 1e999}},
        {"pooling": {"method": "expectation", "trainable": True, "mode": 1.0}},
        {"pooling": {"method": "expectation", "trainable": True, "local_window": 0}},
        {"pooling": {"method": "expectation", "trainable": False}},
        {"engine": "torch"},
        {"seed": 3},
    ],
    ids=str,
)
def test_settings_of_no_network_are_refused(saved, settings):
    with pytest.raises(FormatError):
        load_model(rewritten(saved, settings))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"conv.weight": np.zeros((3, 4, 6), np.float32)}, "weights of the shapes"),
        ({"conv.weight": np.zeros((3, 5, 4), np.float32)}, "weights of the shapes"),
        ({"conv.bias": np.zeros(1, np.float32)}, "weights of the shapes"),
        ({"conv.bias": None}, "weights of the shapes"),
        ({"more": np.zeros(1, np.float32)}, "weights of the shapes"),
        ({"pooling.log_m": None}, "weights of the shapes"),
        ({"conv.bias": np.array([0, np.nan, 0], np.float32)}, "found NaN or infinity in conv.bias; accepted: finite"),
        ({"conv.bias": np.array([0, np.inf, 0], np.float32)}, "found NaN or infinity in conv.bias"),
        ({"conv.bias": np.zeros(3, np.float64)}, "weights that are not of one floating type"),
        ({"conv.bias": np.zeros(3, np.uint8)}, "conv.bias of the type uint8"),
        ({"conv.bias": np.zeros(3, np.float16)}, "conv.bias of the type float16"),
    ],
    ids=str,
)
def test_weights_of_no_network_are_refused(saved, arrays, message):
    with pytest.raises(FormatError, match=message):
        load_model(rewritten(saved, change_arrays=arrays))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "found 0 bytes"),
        (with_header("{"), "a header that is no JSON"),
        (with_header("[" * 100_000), "a header that is no JSON"),
        (with_header(b"\xff\xfe{}"), "a header that is no JSON"),
        (with_header("[]"), "a header that is no JSON object"),
        (with_header("{}"), "a safetensors file without the entry of epool_viz"),
        (with_header('{"__metadata__": []}'), "a safetensors file without the entry of epool_viz"),
        (with_header('{"__metadata__": {"epool_viz": {}}}'), "a safetensors file without the entry of epool_viz"),
        (with_header('{"__metadata__": {"epool_viz": "{}"}}'), "format version None; accepted: 1"),
        (
            with_header('{"__metadata__": {"epool_viz": "{\\"format_version\\": NaN}"}}'),
            "NaN in the header; accepted: finite",
        ),
        (
            with_header('{"__metadata__": {"epool_viz": "{\\"format_version\\": 1, \\"kind\\": \\"model\\"}"}, "x": '
                        '{"dtype": "F32", "shape": [1099511627776, 1099511627776], "data_offsets": [0, 4]}}', b"1234"),
            "tensors that cannot be read",
        ),
        (
            with_header('{"__metadata__": {"epool_viz": "{\\"format_version\\": 1, \\"kind\\": \\"model\\"}"}, "x": '
                        '{"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}', b"1234"),
            "tensors that cannot be read",
        ),
    ],
    ids=range(12),
)  # fmt: skip
def test_headers_of_no_model_are_refused(path, raw, message):
    path.write_bytes(raw)
    with pytest.raises(FormatError, match=message):
        load_model(path)


def test_another_kind_and_a_newer_version_are_named(saved):
    with pytest.raises(FormatError, match="a file of the kind 'training'; accepted: one of the kind 'model'"):
        load_model(rewritten(saved, change_header={"kind": "training"}))
    rewritten(saved, change_header={"kind": "model", "format_version": 2})
    with pytest.raises(FormatError, match="format version 2; accepted: 1; a newer file needs a newer epool_viz"):
        load_model(saved)


def test_what_is_no_file_is_named(tmp_path, saved, monkeypatch):
    for wrong, reason in (
        (tmp_path, r" \(Is a directory\)"),
        (tmp_path / "nowhere", r" \(No such file or directory\)"),
    ):
        with pytest.raises(ArgumentError, match=f"'{reason}; accepted: the path of a file"):
            load_model(wrong)
    monkeypatch.setattr("epool_viz.data.networks.stored.MOST_BYTES", 100)
    with pytest.raises(FormatError, match=r"bytes; accepted: at most 100"):
        load_model(saved)


# an unfinished training


@pytest.fixture
def half_way(network, easy, path) -> Path:
    train(network(), easy, epochs=2, checkpoint=path)
    return path


def test_a_checkpoint_cut_off_anywhere_is_refused(network, easy, half_way):
    whole = half_way.read_bytes()
    for length in [0, 5, 8, 500, len(whole) // 2, len(whole) - 1]:
        half_way.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            train(network(), easy, epochs=3, checkpoint=half_way)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"epoch": 3}, "2 records for 3 epochs"),
        ({"epoch": True}, "no count of its epochs"),
        ({"best_epoch": 0}, "2 records for 2 epochs"),
        ({"best_epoch": 3}, "2 records for 2 epochs"),
        ({"best_loss": None}, "no count of its epochs"),
        ({"history": {}}, "no count of its epochs"),
        ({"history": [{}, {}]}, "a record that is none"),
        ({"history": [1, 2]}, "a record that is none"),
    ],
    ids=str,
)
def test_a_checkpoint_that_does_not_hold_together_is_refused(network, easy, half_way, header, message):
    with pytest.raises(FormatError, match=message):
        train(network(), easy, epochs=3, checkpoint=changed(half_way, header))


def test_a_record_with_a_word_for_a_number_is_refused(network, easy, half_way):
    _, about = read_arrays(half_way, kind="training")
    about["history"][1]["loss"] = "low"
    with pytest.raises(FormatError, match=r"found the record .*'low'.*; accepted: a number in each field"):
        train(network(), easy, epochs=3, checkpoint=changed(half_way, about))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"model/conv.bias": np.zeros(4, np.float32)}, "weights of another network"),
        ({"best/conv.bias": np.zeros(3, np.float64)}, "weights of another network"),
        ({"best/conv.bias": np.full(3, np.nan, np.float32)}, "NaN or infinity in best/conv.bias"),
        ({"optimizer/0/exp_avg": np.zeros((1, 4, 5), np.float32)}, r"an optimizer with the shapes .*\(1, 4, 5\)"),
        ({"optimizer/1/step": np.zeros(2, np.float32)}, r"an optimizer with the shapes .*\(2,\)"),
        ({"optimizer/2/exp_avg_sq": None}, "an optimizer with the shapes"),
        ({"optimizer/9/step": np.zeros((), np.float32)}, "an optimizer of more weights; accepted: one of 4"),
        ({f"optimizer/{'9' * 5000}/step": np.zeros((), np.float32)}, "an optimizer of more weights"),
        ({"optimizer/0/code": np.zeros((), np.float32)}, "an optimizer of more weights"),
    ],
    ids=range(9),
)
def test_a_checkpoint_with_other_weights_is_refused(network, easy, half_way, arrays, message):
    with pytest.raises(FormatError, match=message):
        train(network(), easy, epochs=3, checkpoint=changed(half_way, {}, arrays))


def test_a_model_is_no_checkpoint(network, easy, saved):
    with pytest.raises(FormatError, match="a file of the kind 'model'; accepted: one of the kind 'training'"):
        train(network(), easy, epochs=3, checkpoint=saved)


def changed(path, header, arrays=None):
    held, about = read_arrays(path, kind="training")
    held = {name: array for name, array in (held | (arrays or {})).items() if array is not None}
    write_arrays(path, held, about | header, kind="training")
    return path


def test_the_fields_of_a_record_are_those_that_are_checked():
    import dataclasses

    from epool_viz.models.checkpoint import _RECORD

    assert [field.name for field in dataclasses.fields(training.EpochRecord)] == list(_RECORD)


@pytest.mark.parametrize("learn", ["train", "race"])
def test_a_second_training_with_the_same_checkpoint_is_refused(network, easy, tmp_path, learn):
    place = tmp_path / "place"
    options = {"epochs": 1, "checkpoint": place}

    def begin(**more):
        if learn == "train":
            return train(network(), easy, **options, **more)
        return race(easy, methods=("max",), n_kernels=2, width=4, **options, **more)

    said = []

    def begin_second(*_):
        thread = threading.Thread(target=lambda: said.append(failing(begin)))
        thread.start()
        thread.join()

    begin(on_epoch=begin_second)
    assert re.search(r"`checkpoint` is '.*', to which another training writes \(process \d+\)", said[0])
    begin()
    assert not list(tmp_path.rglob("*.lock"))


def failing(function):
    try:
        function()
    except ArgumentError as error:
        return str(error)
    return "no error"
