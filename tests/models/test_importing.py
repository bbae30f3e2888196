"""Kernels of torch's modules, state dicts and files of weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from epool_viz import MotifCNN, import_kernels, scan
from epool_viz.errors import FormatError
from epool_viz.models.pooling import ExpectationPooling, LogSumExpPooling


@pytest.fixture
def onehot(rng: np.random.Generator) -> torch.Tensor:
    """Two sequences of 23 letters."""
    return torch.eye(4)[torch.from_numpy(rng.integers(0, 4, (2, 23)))].transpose(1, 2)


def chain(*between: nn.Module) -> nn.Sequential:
    """A convolution, what is given, and an output, in evaluation mode with statistics that were learnt."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Conv1d(4, 3, 5), *between, nn.Flatten(), nn.Linear(3, 1))
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            for values in (layer.weight.data, layer.running_var):
                values.uniform_(0.5, 2)
            for values in (layer.bias.data, layer.running_mean):
                values.normal_()
    return model.eval()


class Functional(nn.Module):
    """Layers made in another order than they are used, and functions between them."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Conv1d(3, 4, 2)
        self.norm = nn.BatchNorm1d(3, eps=0.05)
        self.decoy = nn.Conv1d(4, 2, 9)
        self.first = nn.Conv1d(4, 3, 5, padding="same")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = nn.functional.relu(self.norm(self.first(x)))
        return self.second(hidden).amax(-1) + self.decoy.bias.sum()


def assert_scores_of(model: nn.Module, read: object, onehot: torch.Tensor) -> None:
    with torch.no_grad():
        expected = model(onehot).double().numpy()
    found = scan(onehot.double().numpy(), read.kernels.astype(float), bias=read.bias.astype(float))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_batch_norm_after_the_convolution_is_folded_in(onehot: torch.Tensor) -> None:
    model = chain(nn.Dropout(0.3), nn.BatchNorm1d(3, eps=0.02), nn.ReLU(), nn.AdaptiveMaxPool1d(1))
    read = import_kernels(model)
    assert_scores_of(model[:3], read, onehot)
    assert (read.layer, read.activation, read.pooling) == ("0", "relu", "max")
    np.testing.assert_array_equal(read.output_weights, model[-1].weight[0].detach())
    assert "epsilon 0.02" in " ".join(read.assumptions)


def test_a_batch_norm_behind_the_rectifier_is_not(onehot: torch.Tensor) -> None:
    model = chain(nn.ReLU(), nn.BatchNorm1d(3), nn.AdaptiveAvgPool1d(1))
    read = import_kernels(model)
    assert_scores_of(model[:1], read, onehot)
    assert "The batch-norm `2` does not follow directly, so it is not folded in." in read.assumptions


def test_the_forward_pass_tells_which_layer_is_first(onehot: torch.Tensor) -> None:
    model = Functional().eval()
    model.norm.running_mean.normal_()
    read = import_kernels(model)
    assert (read.layer, read.activation, read.padding) == ("first", "relu", "same")
    np.testing.assert_array_equal(read.kernels.shape, (3, 4, 5))
    assert read.assumptions[0] == "`first` is the convolution that reads the input."
    whole = nn.Sequential(nn.Conv1d(4, 3, 5), model.norm)
    whole[0].load_state_dict(model.first.state_dict())
    assert_scores_of(whole.eval(), read, onehot)


@pytest.mark.parametrize("shape", [(1, (4, 5)), (1, (5, 4)), (4, (1, 5)), (4, (5, 1))])
def test_a_two_dimensional_convolution_with_an_axis_of_one(shape: tuple, onehot: torch.Tensor) -> None:
    channels, size = shape
    layer = nn.Conv2d(channels, 3, size)
    read = import_kernels(nn.Sequential(layer, nn.ReLU()))
    if channels == 1:
        image = onehot[:, None] if size[0] == 4 else onehot.transpose(1, 2)[:, None]
    else:
        image = onehot[:, :, None] if size[0] == 1 else onehot[..., None]
    with torch.no_grad():
        expected = layer(image).squeeze().numpy()
    found = scan(onehot.numpy(), read.kernels, bias=read.bias)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_stride_and_groups_are_told() -> None:
    read = import_kernels(nn.Sequential(nn.Conv1d(4, 3, 5, stride=3, bias=False)))
    assert "The network looks at every 3rd window" in read.statements[1]
    with pytest.raises(ValueError, match="accepted: a convolution that reads 4 or 20 letters"):
        import_kernels(nn.Sequential(nn.Conv1d(8, 4, 5, groups=2)))


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        (ExpectationPooling(m=2.0, local_window=1), "the posterior of the E-step, and e^m is its base"),
        (LogSumExpPooling(), "the log evidence of the sequence"),
        (ExpectationPooling(local_window=4), "over these local winners"),
    ],
)
def test_our_poolings_in_somebodys_model_are_known(pooling: nn.Module, said: str) -> None:
    assert any(said in each for each in import_kernels(chain(pooling)).statements)


def test_a_motif_cnn_is_read_whole() -> None:
    model = MotifCNN(n_kernels=3, width=5, preset="paper", seed=2)
    read = import_kernels(model)
    np.testing.assert_array_equal(read.kernels, model.kernels)
    np.testing.assert_array_equal(read.output_weights, model.output_weights)
    assert (read.activation, read.padding, read.pooling) == ("paper", "same", "local max, expectation")


@pytest.mark.parametrize("how", ["module", "state dict", "pt", "old pt", "lightning", "safetensors", "npz", "onnx"])
def test_every_way_of_keeping_a_model_gives_the_same_kernels(tmp_path: Path, how: str) -> None:
    model = chain(nn.ReLU(), nn.AdaptiveMaxPool1d(1))
    state = model.state_dict()
    path = tmp_path / "model.bin"
    if how == "pt":
        torch.save(state, path)
    elif how == "old pt":
        torch.save(state, path, _use_new_zipfile_serialization=False)
    elif how == "lightning":
        torch.save({"epoch": 3, "state_dict": state}, path)
    elif how == "safetensors":
        save_file(state, path)
    elif how == "npz":
        with path.open("wb") as stream:
            np.savez(stream, **{name: value.numpy() for name, value in state.items()})
    elif how == "onnx":
        export(model, path)
    source = {"module": model, "state dict": state}.get(how, path)
    read = import_kernels(source)
    np.testing.assert_array_equal(read.kernels, model[0].weight.detach())
    np.testing.assert_array_equal(read.bias, model[0].bias.detach())
    assert (read.pooling == "max") == (how in ("module", "onnx"))
    assert read.candidates[0].endswith("(3, 4, 5)")


def export(model: nn.Module, path: Path) -> None:
    """torch's own export; its newer one asks for a package that nothing else here needs."""
    import warnings

    pytest.importorskip("onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.zeros(1, 4, 23),), str(path), dynamo=False)


# hostile files


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path, zipped: bool) -> None:
    bomb = {"conv.weight": torch.ones(3, 4, 5), "more": Bomb(tmp_path / "ran")}
    torch.save(bomb, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(FormatError, match="found what torch does not read as weights"):
        import_kernels(tmp_path / "m.pt")
    with pytest.raises(FormatError, match="which can run code when it is read"):
        import_kernels((tmp_path / "m.pt").read_bytes())
    assert not (tmp_path / "ran").exists()


def test_a_whole_pickled_module_is_refused_with_the_way_out(tmp_path: Path) -> None:
    torch.save(chain(nn.ReLU()), tmp_path / "m.pt")
    with pytest.raises(FormatError, match=r"accepted: a file of weights: torch\.save\(model\.state_dict\(\), path\)"):
        import_kernels(tmp_path / "m.pt")


def test_a_torch_file_without_weights_or_cut_off_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "m.pt")
    with pytest.raises(FormatError, match="a dict without weights"):
        import_kernels(tmp_path / "m.pt")
    torch.save({"c.weight": torch.ones(3, 4, 5)}, tmp_path / "m.pt", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "m.pt").read_bytes()
    for keep in (40, len(whole) - 9):
        (tmp_path / "cut.pt").write_bytes(whole[:keep])
        with pytest.raises(FormatError):
            import_kernels(tmp_path / "cut.pt")


def test_a_tensor_that_repeats_itself_without_end_is_refused(tmp_path: Path) -> None:
    torch.save({"c.weight": torch.zeros(1, 1, 1).expand(2**29, 4, 5)}, tmp_path / "m.pt")
    assert (tmp_path / "m.pt").stat().st_size < 5000
    with pytest.raises(FormatError, match=r"found the weights c\.weight \(536870912, 4, 5\)"):
        import_kernels(tmp_path / "m.pt")
