"""Networks that a visitor brings to the attribution panel: whole ones in full, kernels as far as they go."""

from __future__ import annotations

import json
import pickle
import threading

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from epool_viz import import_kernels
from epool_viz.analysis.attribution_truth import network_of, uploaded_network
from epool_viz.core.alphabet import one_hot
from epool_viz.core.attribution import HEURISTICS, METHODS, attribute_letters
from epool_viz.data.networks.network_settings import WholeNetwork
from epool_viz.errors import ArgumentError, FormatError
from epool_viz.jobs.parsing import parse_kernels_limited
from epool_viz.jobs.wire import Message
from epool_viz.models.checkpoint import save_model
from epool_viz.models.cnn import MotifCNN
from epool_viz.models.jobs import attribute_job
from epool_viz.panels.attribution.exports import python_lines
from epool_viz.panels.attribution.model import WITHOUT_NETWORK, AttributionModel
from epool_viz.panels.attribution.view import AttributionView
from epool_viz.panels.shared.visitor_data import VisitorData, kernels_of, packed_kernels

SEQUENCE = "ACGTTGCAATTACGATCGATTACGGATTACAGGGACTTTCCACGT"  # 45 letters
LEARNT = {"pooling": "logsumexp", "m": 1.75, "trainable": True, "preset": "exact", "local_window": 2}
PUBLISHED = {"pooling": "expectation", "m": 0.5, "mode": 1, "preset": "paper", "local_window": 5}
AVERAGED = {"pooling": "average", "preset": "exact", "activation": "relu", "padding": "same"}
RNG = np.random.default_rng(sum(map(ord, "brought")))
KERNELS = RNG.normal(size=(3, 4, 6)).astype("f4")
STRANGERS = save({"conv.weight": KERNELS, "conv.bias": np.array([0.5, 0, -1], "f4")})


def network(**settings) -> MotifCNN:
    model = MotifCNN(n_kernels=3, width=7, seed=5, **settings)
    with torch.no_grad():
        model.conv.bias.copy_(torch.tensor([0.25, -0.5, 0.125]))
        model.output.bias.fill_(-0.75)
    return model.eval()


def file_of(model: MotifCNN, tmp_path) -> bytes:
    save_model(model, tmp_path / "mine.safetensors")
    return (tmp_path / "mine.safetensors").read_bytes()


@pytest.mark.parametrize("settings", [LEARNT, PUBLISHED, AVERAGED], ids=["learnt", "published", "averaged"])
def test_a_checkpoint_of_ours_says_what_its_network_says(settings, tmp_path) -> None:
    model = network(**settings)
    state = AttributionModel(source="pasted", pasted=SEQUENCE)
    state.load_model("mine.safetensors", file_of(model, tmp_path))
    assert (state.message, state.network, state.reading.title) == ("", "yours", "mine.safetensors")
    assert (state.reading.is_whole, state.reading.methods) == (True, METHODS)
    with torch.no_grad():
        said = model(torch.tensor(one_hot([SEQUENCE]), dtype=torch.float32)).item()
    assert state.reading.output == pytest.approx(said, rel=0, abs=1e-5)
    expected = attribute_letters(network_of(model), one_hot([SEQUENCE]))
    for method in METHODS:
        np.testing.assert_allclose(state.reading.scores(method), expected.scores[method][0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("settings", [LEARNT, AVERAGED], ids=["learnt", "averaged"])
def test_captum_is_asked_for_the_network_that_was_brought(settings, tmp_path) -> None:
    uploaded = import_kernels(file_of(network(**settings), tmp_path))
    onehot = one_hot([SEQUENCE])
    arrays = {"onehot": onehot, "kernels": uploaded.kernels, "biases": uploaded.bias}
    about = json.loads(json.dumps({"network": uploaded.whole.plain, "baseline": "zeros"}))
    told = []
    asked = Message("job", about, arrays | {"output_weights": uploaded.output_weights})
    attribute_job(asked, lambda *said: told.append(said), threading.Event())
    closed = attribute_letters(uploaded_network(uploaded), onehot, baseline="zeros")
    assert tuple(told[0][2]) == HEURISTICS
    for method, scores in told[0][2].items():
        np.testing.assert_allclose(scores, closed.scores[method], rtol=0, atol=1e-5, err_msg=method)


def test_a_whole_network_comes_back_from_the_browser_as_it_was(tmp_path) -> None:
    uploaded = parse_kernels_limited(file_of(network(**LEARNT), tmp_path), name="mine.safetensors")
    about, text = packed_kernels(uploaded)
    assert about["says"] == "mine.safetensors, 3 kernels of conv, 7 letters wide, a whole network"
    visitor_data = VisitorData({"model": about}).with_data("model", about, text)
    assert (
        visitor_data.kernels.whole
        == uploaded.whole
        == WholeNetwork("logsumexp", 1.75, 0, 2, "identity", "valid", -0.75)
    )
    spoilt = text.replace(b'"pooling": "logsumexp"', b'"pooling": "median"')
    assert "settings of no network" in VisitorData({"model": about}).with_data("model", about, spoilt).refused["model"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("m", float("nan")), ("m", None), ("m", True), ("mode", 2), ("local_window", 0), ("activation", "tanh"),
     ("padding", "full"), ("output_bias", 1e300), ("pooling", ["max"])],
)  # fmt: skip
def test_settings_of_no_network_are_none(name, value) -> None:
    sound = {"pooling": "expectation", "m": 1.0, "mode": 0, "local_window": 1, "activation": "relu"}
    sound |= {"padding": "same", "output_bias": 0.5}
    assert WholeNetwork.of_plain(sound).plain == sound
    assert WholeNetwork.of_plain(sound | {name: value}) is None


def test_a_checkpoint_read_another_way_is_no_whole_network(tmp_path) -> None:
    state = AttributionModel(source="pasted", pasted=SEQUENCE)
    state.load_model("mine.safetensors", file_of(network(**LEARNT), tmp_path))
    before = state.opened_model.kernels
    state.opened_model.flip = True
    assert (state.own.whole, state.reading.is_whole) == (None, False)
    np.testing.assert_array_equal(state.own.kernels, before.kernels[:, :, ::-1])
    assert "flip=True" in python_lines(state)
    state.opened_model.flip = None
    assert state.reading.is_whole


def test_of_a_strangers_network_one_kernel_is_read_exactly_and_no_heuristic_is_shown() -> None:
    view = AttributionView(AttributionModel(index=3))  # simulated: its sites are known
    model = view.model
    view.model_file._on_file("net.safetensors", STRANGERS)
    assert (model.message, model.network, model.reading.is_whole) == ("", "yours", False)
    assert [name for name, _ in view.own_kernel.options] == ["conv-0", "conv-1", "conv-2"]
    view.own_kernel.value = 2
    assert model.reading.title == "conv-2 of net.safetensors"
    assert [track["name"] for track in view.tracks.tracks] == list(WITHOUT_NETWORK)
    assert model.reading.letters.scores["posterior"].sum() == pytest.approx(6)
    assert abs(model.reading.missing("log_odds")) < 1e-9
    for widget in (view.ask_button, view.controls["baseline"]):
        assert widget.layout.display == "none"
    assert "kernels only: choose one" in view.own_said.value
    assert "DeepLIFT, integrated gradients and saliency explain the answer of a whole network" in view.captum.value
    assert "Its letters sum to" in view.methods.value
    assert "the width of the kernel, 6." in view.methods.value
    assert view.another_way.layout.display == ""
    model.network = "two_motifs_max"
    assert view.another_way.layout.display == "none", "the file is not what is shown"
    model.network = "yours"
    assert "mean of 600" not in view.scores.value
    best = int(np.argmax(model.reading.scores("best_window"))) + 1
    assert f'data-name="best_start" data-value="{best}"' in view.answer.value
    view.close()


def test_lines_of_python_read_the_kernel_that_is_shown(tmp_path, capsys, monkeypatch) -> None:
    (tmp_path / "net.safetensors").write_bytes(STRANGERS)
    model = AttributionModel(source="pasted", pasted=SEQUENCE)
    model.load_model("net.safetensors", STRANGERS)
    model.kernel = 1
    monkeypatch.chdir(tmp_path)
    exec(compile(python_lines(model), "lines", "exec"), {})
    track = model.reading.scores("log_odds")
    assert f"highest at letter {track.argmax() + 1}, sum {track.sum():.6f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("net.pt", pickle.dumps({"a": 1}), "net.pt cannot be read: a pickle"),
        ("cut.safetensors", STRANGERS[:60], "cut.safetensors cannot be read: a header that claims"),
        ("large.h5", bytes(8_000_001), "large.h5 cannot be read: 8,000,001 bytes; accepted: at most 8,000,000"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained_and_loses_nothing(name, raw, told) -> None:
    model = AttributionModel(index=2)
    model.load_model("net.safetensors", STRANGERS)
    reading, own = model.reading, model.own
    model.load_model(name, raw)
    assert model.message.startswith(told)
    assert (model.reading, model.own) == (reading, own)
    model.index = 3
    assert model.message == ""


def test_a_network_too_large_for_the_sequence_is_refused_with_the_bound(tmp_path) -> None:
    model = AttributionModel(source="pasted", pasted="ACGT" * 700)
    before = model.reading
    wide = MotifCNN(n_kernels=99, width=3, preset="exact")
    model.load_model("wide.safetensors", file_of(wide, tmp_path))
    assert model.message.startswith("The sequence is 2,800 letters long; accepted: at most 2,020 with 99 kernels")
    assert model.reading is before
    model.pasted = "ACGT" * 505
    assert (model.message, len(model.reading.network.kernels)) == ("", 99)


def test_what_was_opened_here_holds_until_the_browser_has_another() -> None:
    opened = import_kernels({"c.weight": KERNELS})
    about, text = packed_kernels(opened)
    visitor_data = VisitorData({}).with_opened(opened)
    assert visitor_data.model is opened
    assert visitor_data.has("model")
    assert visitor_data.with_stored({}).model is opened, "a browser that keeps nothing"
    kept = visitor_data.with_stored({"model": about | {"until": 1}})
    assert kept.model is opened
    assert kept.with_stored({"model": about | {"until": 1, "says": "another"}}).model is None
    assert kept.with_stored({}).model is None, "forgotten"
    with pytest.raises(ArgumentError, match="nothing of the kind"):
        kernels_of(kept.with_stored({}))
    assert VisitorData({"model": about}).with_data("model", about, text).with_opened(opened).model is opened


def test_the_network_of_a_link_comes_from_the_browser(tmp_path) -> None:
    uploaded = parse_kernels_limited(file_of(network(**AVERAGED), tmp_path), name="mine.safetensors")
    view = AttributionView(AttributionModel(network="yours", source="pasted", pasted=SEQUENCE))
    about, text = packed_kernels(uploaded)
    wanted = []
    view.keep.send = lambda content, buffers=None: wanted.extend(content.get("want", ()))
    view.keep._receive(view.keep, {"kept": {"model": about}}, [])
    assert wanted == ["model"]
    view.keep._receive(view.keep, {"given": "model", "about": about}, [text])
    assert (view.model.message, view.model.reading.title) == ("", "mine.safetensors")
    assert view.store.now["choices"] == {"network": "yours", "source": "pasted", "pasted": SEQUENCE}
    assert "A whole network of epool_viz" in view.own_said.value
    with pytest.raises(FormatError):
        import_kernels(text)
    view.close()
