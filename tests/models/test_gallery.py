"""The models that ship are the networks they are said to be, and can be made again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks import make_gallery
from epool_viz.data.examples import MODEL_NAMES, example_model_data, load_example_model
from epool_viz.data.kernel_sources import kernel_place
from epool_viz.data.networks.stored import read_model
from epool_viz.models.checkpoint import load_model
from epool_viz.models.cnn import as_tensor, predict_log_odds
from epool_viz.models.training import data_fingerprint
from epool_viz.panels.one_kernel.model import EStepModel


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_shipped_model_reaches_the_auc_that_is_told(name):
    stored, info = load_example_model(name)
    train, test = example_model_data(info.data)
    assert data_fingerprint(train) == stored.about["data_fingerprint"]
    assert data_fingerprint(test) == stored.about["test_fingerprint"]
    model = load_model(info.path)
    log_odds = predict_log_odds(model, test)
    # another machine may round otherwise, and so order a pair of sequences otherwise
    assert roc_auc_score(test.labels, log_odds) == pytest.approx(info.test_auc, rel=1e-3)
    assert average_precision_score(test.labels, log_odds) == pytest.approx(stored.about["test_auprc"], rel=1e-3)
    assert roc_auc_score(train.labels, predict_log_odds(model, train)) == pytest.approx(info.train_auc, rel=1e-3)


@pytest.mark.parametrize("name", [name for name in MODEL_NAMES if name.endswith("expectation")])
def test_every_statement_holds_for_a_shipped_model(name):
    _, info = load_example_model(name)
    model = load_model(info.path).double()
    _, test = example_model_data(info.data)
    for sequence in test[:3]:
        for kernel in range(info.n_kernels):
            trace = model.trace(sequence, kernel)
            assert trace.exact
            assert trace.identity_error < 1e-12


def test_the_gallery_made_twice_has_the_same_bytes(tmp_path, capsys):
    for folder in ("one", "two"):
        make_gallery.main(["--out", str(tmp_path / folder), "--only", "ctcf_ex", "ctcf_paper", "--epochs", "1"])
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["ctcf_expectation.safetensors", "ctcf_paper.safetensors"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "ctcf_expectation", "ctcf_paper"] * 2
    made, shipped = read_model(tmp_path / "one" / names[1]), load_example_model("ctcf_paper").model
    assert made.settings == shipped.settings
    assert {**made.about["training"], "epochs": 0, "seed": 0} == {**shipped.about["training"], "epochs": 0, "seed": 0}
    assert made.about["data_fingerprint"] == shipped.about["data_fingerprint"]


def test_of_the_seeds_the_one_with_the_lowest_validation_loss_is_taken():
    run, about = make_gallery.trained("ctcf_max", epochs=2, seeds=(3, 4))
    twin = {seed: make_gallery.trained("ctcf_max", epochs=2, seeds=(seed,)) for seed in (3, 4)}
    losses = {seed: min(record["val_loss"] for record in told["history"]) for seed, (_, told) in twin.items()}
    assert run.seed == min(losses, key=losses.get)
    assert about["test_aucs"] == {str(seed): told["test_auc"] for seed, (_, told) in twin.items()}
    np.testing.assert_array_equal(run.model.kernels, twin[run.seed][0].model.kernels)
    assert "seconds" not in about["history"][0]


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_e_step_shows_the_number_that_the_network_passes_on(name):
    info = load_example_model(name).info
    network = load_model(info.path).double()
    shown = EStepModel(kernel_source="trained", trained=name, index=7)
    sequences = as_tensor(network, [shown.trace.sequence])
    with torch.no_grad():
        passed_on = network.pool(network.scores(sequences), sequences)[0].numpy()
    mark = {"expectation": "pooled", "max": "maximum", "average": "average", "logsumexp": "log_sum_exp"}[info.pooling]
    for rank in range(info.n_kernels):
        shown.rank = rank
        place = kernel_place(name, rank)
        assert float(getattr(shown.trace, mark)) == pytest.approx(passed_on[place], abs=1e-8)  # the bias is rounded
