"""State dicts and files of weights: parts are put together as torch does it, or it is said that they are not known."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import parametrizations, prune

from epool_viz import import_kernels, scan
from epool_viz.errors import ArgumentError, EpoolError, FormatError


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


def conv() -> nn.Conv1d:
    """3 kernels of 5 positions with biases."""
    return nn.Conv1d(4, 3, 5)


def weight_normed(layer: nn.Module, dim: int | None) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(layer, dim=dim)  # type: ignore[no-any-return]


def pruned(layer: Any, *names: str) -> nn.Module:
    for name in names:
        prune.random_unstructured(layer, name, amount=0.4)
    return layer  # type: ignore[no-any-return]


def twice_run(layer: nn.Module) -> nn.Module:
    for _ in range(2):  # in training: the vectors of a spectral norm move
        layer.train()(torch.rand(2, 4, 9))
    return layer


PARTS: dict[str, Callable[[], nn.Module]] = {
    "plain": conv,
    "spectral": lambda: twice_run(parametrizations.spectral_norm(conv())),
    "old spectral": lambda: twice_run(nn.utils.spectral_norm(conv())),
    "old spectral by letters": lambda: twice_run(nn.utils.spectral_norm(conv(), dim=1)),
    **{f"norm {dim}": lambda dim=dim: parametrizations.weight_norm(conv(), dim=dim) for dim in (0, 1, 2, None)},
    **{f"old norm {dim}": lambda dim=dim: weight_normed(conv(), dim) for dim in (0, 1, 2, None)},
    "pruned": lambda: pruned(conv(), "weight"),
    "pruned, bias too": lambda: pruned(conv(), "weight", "bias"),
    "a pruned direction": lambda: pruned(weight_normed(conv(), 0), "weight_v"),
    "bias in parts": lambda: parametrizations.weight_norm(conv(), "bias"),
}  # fmt: skip


def moved(layer: nn.Module) -> nn.Module:
    """Every number another one, as after training: no part is what it was made as."""
    with torch.no_grad():
        for name, value in layer.named_parameters():
            if not name.endswith("mask"):
                value.mul_(torch.rand_like(value) + 0.5)
    return layer


@pytest.mark.parametrize("case", PARTS)
@pytest.mark.parametrize("name", ["", "motifs.0."])
def test_the_parts_of_a_weight_make_the_weight(case: str, name: str, tmp_path: Path) -> None:
    layer = moved(PARTS[case]()).eval()
    state = {name + key: value for key, value in layer.state_dict().items()}
    torch.save(state, tmp_path / "m.pt")
    with torch.no_grad():
        bias = layer(torch.zeros(1, 4, 5))[0, :, 0]
        rows = [layer(torch.eye(20)[i].reshape(1, 4, 5))[0, :, 0] - bias for i in range(20)]
    for source in (state, tmp_path / "m.pt"):
        read = import_kernels(source)
        np.testing.assert_allclose(read.kernels, torch.stack(rows, 1).reshape(3, 4, 5), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(read.bias, bias, rtol=1e-5, atol=1e-6)
        assert read.bias_is_known
        assert read.layer == (name.rstrip(".") or "the convolution")
        assert read.reads_letters is None
        assert read.check.startswith("Not checked against the model: ")


def test_parts_of_a_bias_only_leave_the_weight_alone() -> None:
    layer = pruned(conv(), "bias")
    read = import_kernels(layer.state_dict())
    np.testing.assert_array_equal(read.kernels, layer.weight.detach())
    np.testing.assert_array_equal(read.bias, layer.bias.detach())


W, B = torch.arange(60.0).reshape(3, 4, 5) / 7, torch.arange(3.0)
UNKNOWN: dict[str, tuple[dict[str, torch.Tensor], str]] = {
    "a parametrisation": ({"c.parametrizations.weight.original": W}, "a part of a parametrisation of `c.weight`"),
    "orthogonal": (
        {"c.parametrizations.weight.original": W, "c.parametrizations.weight.0.base": W}, "a part of a param"),
    "two of them": (
        {"c.parametrizations.weight.original0": B.reshape(3, 1, 1), "c.parametrizations.weight.original1": W,
         "c.parametrizations.weight.1.factor": B}, "a part of a parametrisation"),
    "LoRA around": (
        {"c.base_layer.weight": W, "c.base_layer.bias": B, "c.lora_A.default.weight": torch.ones(2, 4, 5),
         "c.lora_B.default.weight": torch.ones(3, 2, 1)}, "whose factor is not stored with it"),
    "LoRA beside": (
        {"c.weight": W, "c.lora_A": torch.ones(2, 20), "c.lora_B": torch.ones(3, 2)}, "`c.lora_B` beside it"),
    "LoRA in a layer": (
        {"c.conv.weight": W, "c.lora_A": torch.ones(2, 20), "c.lora_B": torch.ones(3, 2)}, "`c.lora_B` beside it"),
    "a scale": ({"c.weight": W.to(torch.float8_e4m3fn), "c.weight_scale": B}, "`c.weight_scale` beside it"),
    "an old part alone": ({"c.weight_orig": W, "c.bias": B}, "a part of `c.weight` that does not determine the whole"),
    "an old spectral norm without a vector": ({"c.weight_orig": W, "c.weight_u": B}, "does not determine the whole"),
    "a length that does not fit": ({"c.weight_v": W, "c.weight_g": torch.ones(2, 1, 1)}, "as the length of c.weight_v"),
    "a mask that does not fit": ({"c.weight_orig": W, "c.weight_mask": B}, "as the mask of c.weight_orig"),
    "vectors that do not fit": (
        {"c.weight_orig": W, "c.weight_u": B, "c.weight_v": B}, "as the vectors of c.weight_orig"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_raw_part_is_never_given_for_the_weight(case: str) -> None:
    state, said = UNKNOWN[case]
    with pytest.raises(FormatError) as caught:
        import_kernels(state)
    assert said in str(caught.value)
    assert "`import_kernels(model)` runs the module itself" in str(caught.value)


def test_something_odd_beside_a_weight_leaves_a_condition() -> None:
    read = import_kernels({"c.weight": W, "c.bias": B, "c.gate": B})
    assert read.reads_letters is None
    assert "if `c.gate`, stored beside it, leaves it as it is, each kernel is a PWM" in read.statements[0]
    plain = import_kernels({"c.weight": W, "c.bias": B, "n.gate": B, "c.num_batches_tracked": B})
    assert "gate" not in plain.statements[0]


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16, torch.float16])
def test_short_floats_are_read_as_what_they_are(dtype: torch.dtype, tmp_path: Path) -> None:
    state = {"c.weight": W.to(dtype), "c.bias": B}
    torch.save(state, tmp_path / "m.pt")
    for source in (state, tmp_path / "m.pt"):
        np.testing.assert_array_equal(import_kernels(source).kernels, W.to(dtype).float())


@pytest.mark.parametrize(
    "weight",
    [W.to(torch.complex64), W.to_sparse(), torch.empty(3, 4, 5, device="meta")],
    ids=["complex", "sparse", "without numbers"],
)
def test_numbers_that_are_no_plain_floats_are_refused(weight: torch.Tensor) -> None:
    with pytest.raises(FormatError, match=r"c\.weight: found 60 numbers of type .*; accepted: plain floats"):
        import_kernels({"c.weight": weight})


def test_layers_come_in_the_order_of_their_numbers() -> None:
    names = ["layers.10", "layers.2", "head.b3", "head.b12", "head.b2", "layers.1"]
    read = import_kernels({f"{name}.weight": W + place for place, name in enumerate(names)})
    assert [each.split(".weight")[0] for each in read.candidates] == [
        "layers.1", "layers.2", "layers.10", "head.b2", "head.b3", "head.b12"
    ]  # fmt: skip
    np.testing.assert_array_equal(read.kernels, W + 5)
    others = import_kernels({"z.weight": W, "a.weight": W + 1})
    assert others.layer == "z"  # no number decides: as they come
    assert import_kernels({"attn.in_proj": W, "c.weight": W + 1}).layer == "c"  # a weight by its name first


def test_without_a_bias_none_is_claimed_to_be_missing() -> None:
    read = import_kernels({"c.weight": W})
    assert not read.bias_is_known
    assert any("0 is taken: every score may be off by a constant" in each for each in read.assumptions)
    assert import_kernels(nn.Sequential(nn.Conv1d(4, 3, 5, bias=False))).bias_is_known


# files


@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_of_numpy_among_the_weights_are_read(tmp_path: Path, zipped: bool) -> None:
    state = conv().state_dict()
    kept = {"epoch": np.int64(3), "best": np.float64(0.5), "loss": np.float32(2), "done": np.bool_(True)}
    path = tmp_path / "m.pth.tar"
    torch.save({**kept, "state_dict": state}, path, _use_new_zipfile_serialization=zipped)
    np.testing.assert_array_equal(import_kernels(path).kernels, state["weight"])


def test_what_is_allowed_for_one_file_is_not_allowed_afterwards(tmp_path: Path) -> None:
    torch.save({"best": np.float64(1), "state_dict": conv().state_dict()}, tmp_path / "m.pt")
    before = set(torch.serialization.get_safe_globals())
    import_kernels(tmp_path / "m.pt")
    assert set(torch.serialization.get_safe_globals()) == before


class Own(nn.Module):
    """A module of somebody's own."""


@pytest.mark.parametrize(
    ("kept", "cause"),
    [
        (nn.Sequential(nn.Conv1d(4, 3, 5)), "`torch.nn.modules.container.Sequential` is pickled in it: a whole module"),
        ({"args": argparse.Namespace(a=1), "state_dict": {"c.weight": W}}, "`argparse.Namespace` is pickled in it"),
        ({"where": pathlib.PurePosixPath("x"), "state_dict": {"c.weight": W}}, "`pathlib.PurePosixPath` is pickled"),
        ({"scores": np.zeros(3), "state_dict": {"c.weight": W}}, "multiarray._reconstruct` is pickled in it"),
    ],
    ids=["module", "arguments", "path", "array"],
)
def test_what_a_file_holds_beside_weights_is_named_with_the_way_out(tmp_path: Path, kept: Any, cause: str) -> None:
    torch.save(kept, tmp_path / "m.pt")
    with pytest.raises(FormatError) as caught:
        import_kernels(tmp_path / "m.pt")
    assert cause in str(caught.value)
    assert "accepted: a file of weights: torch.save(model.state_dict(), path)" in str(caught.value)


def test_a_torchscript_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(nn.Sequential(conv())).save(tmp_path / "m.pt")
    with pytest.raises(FormatError, match=r"a TorchScript program: torch\.jit\.load\(path\)\.state_dict\(\)"):
        import_kernels(tmp_path / "m.pt")


def test_weights_deeper_within_and_beside_other_tensors_are_found(tmp_path: Path) -> None:
    torch.save({"epoch": torch.tensor(3), "run": {"state_dict": {"c.weight": W}}}, tmp_path / "m.pt")
    np.testing.assert_array_equal(import_kernels(tmp_path / "m.pt").kernels, W)


# wrappers


@pytest.mark.parametrize("how", ["parallel", "compiled"])
def test_torchs_own_wrappers_are_looked_through(how: str) -> None:
    inner = nn.Sequential(conv(), nn.ReLU())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = nn.DataParallel(inner) if how == "parallel" else torch.compile(inner)
    read = import_kernels(model)
    assert (read.layer, read.reads_letters, read.activation) == ("0", True, "relu")


def test_a_scripted_module_is_read_by_its_weights_and_claims_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Sequential(conv(), nn.ReLU()))
    read = import_kernels(scripted)
    assert (read.layer, read.reads_letters, read.activation) == ("0", None, None)
    assert read.check.startswith("Not checked against the model: it could not be run")
    assert (
        "The forward pass cannot be followed, so layers are taken in the order in which they were made."
        in read.assumptions
    )


def saved(tmp_path: Path) -> Path:
    path = tmp_path / "m.pt"
    torch.save(nn.Sequential(conv(), nn.Linear(3, 1)).state_dict(), path)
    return path


def test_a_flipped_bit_in_a_file_of_weights_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = saved(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(conv_bytes(path)) + 7] ^= 0x40
    path.write_bytes(raw)
    torch.load(path, weights_only=True)  # which does not look
    with pytest.raises(FormatError, match=r"the damaged member 'm/data/0' \(Bad CRC-32"):
        import_kernels(path)


def conv_bytes(path: Path) -> bytes:
    weight = torch.load(path, weights_only=True)["0.weight"]
    return weight.numpy().tobytes()  # type: ignore[no-any-return]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_spoilt_of_pickled_weights_the_answer_is_kernels_or_an_error_of_ours(
    tmp_path: Path, seed: int
) -> None:
    path = saved(tmp_path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    rng = np.random.default_rng(seed)
    text = members["m/data.pkl"]
    for place in rng.permutation(len(text))[:60]:
        spoilt = bytearray(text)
        spoilt[place] ^= 1 << int(rng.integers(8))
        with zipfile.ZipFile(path, "w") as archive:  # with checksums that are right
            for name, held in members.items():
                archive.writestr(name, bytes(spoilt) if name == "m/data.pkl" else held)
        with contextlib.suppress(EpoolError):
            assert np.isfinite(import_kernels(path).kernels).all()


def factors(down: str, up: str) -> dict[str, torch.Tensor]:
    return {down: torch.rand(2, 4, 5), up: torch.rand(3, 2, 1)}


ADAPTERS = {
    "kohya": ("c.lora_down.weight", "c.lora_up.weight"),
    "peft": ("c.lora_A.default.weight", "c.lora_B.default.weight"),
    "diffusers": ("c_lora.down.weight", "c_lora.up.weight"),
    "diffusers, of now": ("c.lora.down.weight", "c.lora.up.weight"),
    "by hand": ("c.loraA", "c.loraB"),
    "lokr": ("c.lokr_w1", "c.lokr_w2"),
    "hadamard": ("c.hada_w1_a", "c.hada_w1_b"),
    "tucker": ("c.hada_t1", "c.hada_w1_b"),
    "adapter": ("c.adapter.down.weight", "c.adapter.up.weight"),
    "beside": ("c.down.weight", "c.up.weight"),
}


@pytest.mark.parametrize("case", ADAPTERS)
@pytest.mark.parametrize("way", ["torch", "safetensors"])
def test_a_factor_of_an_adapter_is_never_taken_for_kernels(case: str, way: str, tmp_path: Path) -> None:
    held = factors(*ADAPTERS[case])
    alone = {**held, "c.alpha": torch.tensor(1.0)}
    base = {"c.weight": torch.rand(3, 4, 5), "c.bias": torch.rand(3)}

    def given(state: dict[str, torch.Tensor]) -> Any:
        if way == "torch":
            return state
        save_file(state, tmp_path / "m.safetensors")
        return tmp_path / "m.safetensors"

    with pytest.raises(FormatError, match=rf"no convolution .*{ADAPTERS[case][0]}.* belong to an adapter.*merge"):
        import_kernels(given(alone))
    for both in (base | held, held | base, base | alone):
        with pytest.raises(FormatError, match=r"c\.weight \(3, 4, 5\) with `c.* beside it.*adapter merged into it"):
            import_kernels(given(both))


def test_an_adapter_of_a_layer_that_is_not_told_leaves_a_condition() -> None:
    held = factors("lora_unet_c.lora_down.weight", "lora_unet_c.lora_up.weight")
    read = import_kernels({"c.weight": torch.rand(3, 4, 5), "c.bias": torch.rand(3)} | held)
    assert read.candidates == ("c.weight (3, 4, 5)",)
    assert any("a factor of an adapter, is not added to it" in said for said in read.statements)


def test_down_and_up_of_another_shape_are_layers_as_others_are() -> None:
    read = import_kernels({"net.down.weight": torch.rand(6, 4, 5), "net.up.weight": torch.rand(4, 6, 5)})
    assert read.layer == "net.down"


@pytest.mark.parametrize("name", ["emb.weight", "embedding", "fc.weight", "linear1", "dense/kernel", "lm_head.weight"])
@pytest.mark.parametrize("shape", [(20, 64), (4, 9), (3, 4)])
def test_a_matrix_of_an_embedding_or_a_dense_layer_is_no_kernel(name: str, shape: tuple, tmp_path: Path) -> None:
    save_file({name: torch.rand(shape)}, tmp_path / "m.safetensors")
    np.savez(tmp_path / "m.npz", **{name: np.ones(shape)})
    for source in (tmp_path / "m.safetensors", tmp_path / "m.npz", {name: np.ones(shape)}):
        with pytest.raises(FormatError, match=rf"`{name} \({shape[0]}, {shape[1]}\)` is a matrix of an embedding or"):
            import_kernels(source)


@pytest.mark.parametrize("name", ["pwm", "motif.weight", "w", "conv.weight"])
def test_a_matrix_under_another_name_is_one_kernel(name: str) -> None:
    assert import_kernels({name: np.ones((4, 9))}).kernels.shape == (1, 4, 9)


def norm_of(n: int, name: str = "bn") -> tuple[nn.BatchNorm1d, dict[str, torch.Tensor]]:
    norm = nn.BatchNorm1d(n).eval()
    for values in (norm.weight, norm.running_var):
        values.data.uniform_(0.5, 2)  # type: ignore[union-attr]
    for values in (norm.bias, norm.running_mean):
        values.data.normal_()  # type: ignore[union-attr]
    return norm, {f"{name}.{key}": value for key, value in norm.state_dict().items()}


@pytest.mark.parametrize(("n", "place"), [(4, "before `conv`, on its 4 letters"), (3, "straight after it, on its 3")])
@pytest.mark.parametrize("way", ["torch", "safetensors"])
def test_a_batch_norm_elsewhere_in_the_file_is_told_and_folded_in_where_the_caller_says_so(
    n: int, place: str, way: str, tmp_path: Path, rng: np.random.Generator
) -> None:
    layer = conv()
    norm, held = norm_of(n)
    state = {**held, **{f"conv.{name}": value for name, value in layer.state_dict().items()}}
    source: Any = state
    if way == "safetensors":
        source = tmp_path / "m.safetensors"
        save_file(state, source)
    read = import_kernels(source)
    assert sum(place in said and "`bn`" in said and "fold_batch_norm=True" in said for said in read.assumptions) == 1
    np.testing.assert_array_equal(read.kernels, layer.weight.detach())
    folded = import_kernels(source, fold_batch_norm=True)
    codes = rng.integers(0, 4, (2, 13))
    x = torch.eye(4)[torch.from_numpy(codes)].transpose(1, 2)
    with torch.no_grad():
        computed = layer(norm(x)) if n == 4 else norm(layer(x))
    scores = scan(x.double().numpy(), folded.kernels.astype(float), bias=folded.bias.astype(float))
    np.testing.assert_allclose(scores, computed, rtol=0, atol=1e-5)
    assert folded.reads_letters is None
    assert any("`bn`" in said and "is folded in" in said and "as you say" in said for said in folded.assumptions)


def test_of_as_many_kernels_as_letters_a_batch_norm_may_stand_on_either_side() -> None:
    layer = nn.Conv1d(4, 4, 5)
    state = {**norm_of(4)[1], **{f"conv.{name}": value for name, value in layer.state_dict().items()}}
    [told] = [said for said in import_kernels(state).assumptions if "`bn` of 4 numbers" in said]
    assert "before `conv`, on its 4 letters or straight after it, on its 4 kernels" in told
    assert "fold_batch_norm=True" not in told
    with pytest.raises(ArgumentError, match="fold_batch_norm"):
        import_kernels(state, fold_batch_norm=True)


def test_a_running_mean_alone_is_told_too() -> None:
    state = {"bn.running_mean": torch.rand(3), "conv.weight": torch.rand(3, 4, 5)}
    assert any(
        "A batch-norm `bn` of 3 numbers stands in the file" in said for said in import_kernels(state).assumptions
    )
