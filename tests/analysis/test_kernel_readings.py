"""What the kernels of trained networks mean: each number by a second route."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from epool_viz.analysis import kernel_readings as r
from epool_viz.core.em import posterior_ppm
from epool_viz.core.kernels import kernel_to_pwm_at
from epool_viz.core.scan import scan
from epool_viz.data.examples import MODEL_NAMES, example_kernels, load_example_model
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError
from epool_viz.importing import import_kernels

BACKGROUND = np.array([0.3, 0.2, 0.15, 0.35])


@pytest.fixture(scope="module")
def kernels():
    return example_kernels("two_motifs_max")


@pytest.fixture(scope="module")
def samples():
    return r.example_samples("two_motifs")


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_what_is_pooled_here_gives_the_networks_own_test_auc(name):
    """NumPy against torch, through activation, padding, local maximum and pooling of every model that ships."""
    model, info = load_example_model(name)
    tested = r.example_samples(info.data).tested
    pooled = r.pooled(example_kernels(name), tested.one_hot())
    assert roc_auc_score(tested.labels, pooled @ model.output_weights) == pytest.approx(info.test_auc, abs=2e-4)


def test_samples_are_bound_and_making_and_judging_have_nothing_in_common(samples):
    assert set(samples.making.labels) == set(samples.judging.labels) == {1}
    assert set(samples.tested.labels) == {0, 1}
    assert not set(samples.making) & set(samples.judging)
    assert len(samples.judging) == np.sum(samples.tested.labels)
    plain = SequenceSet.from_strings(["ACGT", "GGCC"])
    assert len(r.samples_of(plain, plain).making) == 2
    unbound = SequenceSet.from_strings(["ACGT"], labels=[0])
    with pytest.raises(ArgumentError, match=r"without a bound one.*label 1"):
        r.samples_of(unbound, unbound)


@pytest.mark.parametrize("m", [0.0, 0.7, 3.0])
def test_the_exact_reading_gives_the_scores_back(kernels, samples, m):
    assert r.residual(kernels, 12, samples, m, BACKGROUND) < 1e-12


def test_a_file_in_single_precision_is_read_in_double(samples):
    found = import_kernels(load_example_model("two_motifs_max").info.path)
    assert found.kernels.dtype == np.float32
    assert r.residual(found, 15, samples, 0.7, BACKGROUND) < 1e-12
    np.testing.assert_array_equal(
        r.exact_ppms(found, 0.7), r.exact_ppms(dataclasses.replace(found, kernels=found.kernels.astype(float)), 0.7)
    )


@pytest.mark.parametrize("rule", ["deepbind", "basset"])
@pytest.mark.parametrize("place", [0, 12, 15])
def test_every_threshold_at_once_is_each_threshold_alone(kernels, samples, rule, place):
    found = r.all_thresholds(kernels, place, samples, rule)
    for step in (0, 1, 37, 50, r.STEPS - 1):
        alone = r.heuristic(kernels, place, samples, rule, step / r.STEPS)
        np.testing.assert_array_equal(found.pfm[step], alone.pfm)
        assert found.n_windows[step] == len(alone.places)
    assert found.largest == pytest.approx(alone.largest, rel=1e-12)


def test_an_activation_that_equals_the_cut_is_not_above_it(kernels, samples):
    whole = dataclasses.replace(kernels, kernels=np.round(2 * kernels.kernels), bias=np.zeros(16))
    found = r.all_thresholds(whole, 14, samples, "basset")
    met = 0
    for step in range(0, r.STEPS, 5):
        alone = r.heuristic(whole, 14, samples, "basset", step / r.STEPS)
        scores = r.window_scores(alone.windows, whole.kernels[14])
        met += np.any(scores == alone.cut)
        assert found.n_windows[step] == len(alone.places) == np.sum(scores > alone.cut)
    assert met >= 2


def test_thresholds_of_a_kernel_that_is_never_active_count_nothing(kernels, samples):
    dead = dataclasses.replace(kernels, bias=kernels.bias - 100)
    found = r.all_thresholds(dead, 12, samples, "basset")
    assert found.pfm.shape == (r.STEPS, 4, 15)
    assert found.pfm.sum() == 0
    assert r.motif_of("deepbind", dead, 12, samples, 1.0) is None
    assert r.motif_of("exact", dead, 12, samples, 1.0) is not None


@pytest.mark.parametrize("m", [0.0, 1.0, 2.6])
def test_one_m_step_is_that_of_core(kernels, samples, m):
    found = r.posterior_motif(kernels, 12, samples, m)
    np.testing.assert_allclose(found, posterior_ppm(samples.making, kernels.kernels[12], m=m), rtol=1e-9, atol=1e-12)


def test_posteriors_sum_to_one_in_each_sequence(kernels, samples):
    windows, weights = r.posterior(kernels, 5, samples, 2.0, "judging")
    np.testing.assert_allclose(np.bincount(windows.sequence, weights=weights), 1, rtol=1e-12)


def test_worth_of_the_exact_reading_is_score_less_offset(kernels, samples):
    m = 1.7
    exact = r.motif_of("exact", kernels, 12, samples, m, BACKGROUND)
    judged = r.worth(kernels, 12, samples, {"exact": exact}, BACKGROUND)
    assert judged.known
    places, _ = r.sites_of(kernels, 12, samples)
    assert judged.n_sites == len(places) == len(samples.judging)
    windows = samples.windows("judging", 15)
    offset = float(kernel_to_pwm_at(kernels.kernels[12], m, background=BACKGROUND).offset)
    ratios = []
    for row, site in zip(samples.judging.one_hot(), samples.judging.sites, strict=True):
        scores = m * (scan(row, kernels.kernels[12]) - offset)
        starts = np.arange(len(scores))
        shared = np.minimum(starts + 15, site[0].stop) - np.maximum(starts, site[0].start)
        ratios.append(scores[shared >= 0.5 * min(15, site[0].stop - site[0].start)].max())
    assert judged.at_sites["exact"] == pytest.approx(np.mean(ratios), rel=1e-9)
    assert len(windows.first) == len(samples.judging)
    evidence = [
        np.log(np.mean(np.exp(m * (scan(row, kernels.kernels[12]) - offset)))) for row in samples.judging.one_hot()
    ]
    assert judged.evidence["exact"] == pytest.approx(np.mean(evidence), rel=1e-9)


def test_a_motif_of_the_background_is_worth_nothing(kernels, samples):
    flat = np.tile(BACKGROUND[:, None], 15)
    judged = r.worth(kernels, 3, samples, {"flat": (flat, float("inf"))}, BACKGROUND)
    assert judged.at_sites["flat"] == pytest.approx(0, abs=1e-12)
    assert judged.evidence["flat"] == pytest.approx(0, abs=1e-12)


def test_counted_motifs_get_one_imaginary_site(kernels, samples):
    sharp = np.eye(4)[:, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2]]
    judged = r.worth(kernels, 3, samples, {"one": (sharp, 9.0)})
    assert np.isfinite(judged.at_sites["one"])
    assert judged.at_sites["one"] >= 15 * np.log(0.1)  # (0 + 1/4) / 10 against 1/4


def test_sites_that_are_not_known_are_the_best_windows():
    kernels, samples = example_kernels("ctcf_max"), r.example_samples("ctcf")
    places, known = r.sites_of(kernels, 4, samples)
    assert not known
    best = [int(np.argmax(scan(row, kernels.kernels[4]))) for row in samples.judging.one_hot()]
    np.testing.assert_array_equal(samples.windows("judging", 15).start[places], best)


def test_each_bound_sequence_is_decided_by_one_kernel(kernels, samples):
    use = r.decision_shares(kernels, samples)
    assert use.shape == (16,)
    assert use.sum() == pytest.approx(1)
    alone = dataclasses.replace(kernels, output_weights=np.where(np.arange(16) == 15, 1.0, 0.0))
    assert r.decision_shares(alone, samples)[15] == 1
    # what is the same for every sequence decides nothing, however large it is
    arrays = {"kernels": kernels.kernels.copy(), "bias": kernels.bias.copy()}
    arrays["kernels"][4], arrays["bias"][4] = 0.0, 1000.0
    constant = dataclasses.replace(kernels, **arrays)
    assert r.decision_shares(constant, samples)[4] == 0
    # without output weights the pooled values alone are compared
    assert r.decision_shares(dataclasses.replace(kernels, output_weights=None), samples).sum() == pytest.approx(1)


def test_an_unknown_reading_is_refused(kernels, samples):
    with pytest.raises(ArgumentError, match=r"reading.*'exact'.*'basset'"):
        r.motif_of("guess", kernels, 0, samples, 1.0)


# --- what a visitor brings

BROUGHT = import_kernels({"c.weight": np.arange(40.0).reshape(2, 4, 5) / 7})


@pytest.mark.parametrize(
    ("activation", "pooling", "expected", "told"),
    [
        ("relu", "max", ("relu", "max"), ()),
        ("paper", "local max, max", ("paper", "max"), ()),
        (None, "average", ("identity", "average"), ()),
        ("tanh", "max", ("identity", "max"), ("Its activation (tanh) is left out",)),
        ("relu", "local average, max", ("relu", ""), ("(local average, max) is not computed here",)),
        ("exponential", None, ("identity", ""), ("(exponential) is left out", "is not in the file")),
    ],
)
def test_what_a_file_tells_of_its_network_is_taken_and_the_rest_is_said(activation, pooling, expected, told):
    found = dataclasses.replace(BROUGHT, activation=activation, pooling=pooling)
    assert (found.computed.activation, found.computed.pooling) == expected
    for words in told:
        assert any(words in note for note in found.notes[: len(told)])
    assert len(found.notes) == len(told) + len(BROUGHT.assumptions) + len(BROUGHT.statements)


@pytest.mark.parametrize("name", ["ctcf_paper", "p73_logsumexp", "two_motifs_average"])
def test_a_checkpoint_of_ours_is_pooled_as_the_model_that_ships(name, samples):
    found = import_kernels(load_example_model(name).info.path)
    shipped = example_kernels(name)
    assert found.computed == shipped.computed
    onehot = samples.tested[:3].one_hot()
    np.testing.assert_allclose(r.pooled(found, onehot), r.pooled(shipped, onehot), rtol=1e-12, atol=0)


def test_a_checkpoint_in_mode_1_is_pooled_in_mode_1(tmp_path, samples):
    torch = pytest.importorskip("torch")
    from epool_viz import MotifCNN, save_model

    model = MotifCNN(n_kernels=3, width=7, pooling="expectation_mode1", preset="exact", seed=5)
    path = tmp_path / "mode1.safetensors"
    save_model(model, path)
    found = import_kernels(path)
    assert found.computed.mode == 1
    onehot = samples.tested[:5].one_hot()
    with torch.no_grad():
        expected = model.pooled(torch.as_tensor(onehot, dtype=torch.float32)).numpy()
    np.testing.assert_allclose(r.pooled(found, onehot), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("reads", "words"),
    [(True, "(arrays)"), (None, "motifs, if they read letters"), (False, "they do not read letters")],
)
def test_the_title_says_what_logos_of_these_kernels_are(reads, words):
    check = "Checked against the model: 3e-07."
    found = dataclasses.replace(BROUGHT, reads_letters=reads, check=check)
    assert found.title.endswith(words)
    assert found.checks == ("What the scores go through is not known; here they are taken as they are.", check)


@pytest.mark.parametrize("labels", [None, [1, 0] * 15])
def test_sequences_of_a_visitor_are_called_so_and_counted(labels):
    uploaded = parse_sequences(
        "ACGTTGCAAC\n" * 30 if labels is None else "".join(f"s{i} ACGTTGCAAC {y}\n" for i, y in enumerate(labels))
    )
    samples = r.samples_of_set(uploaded, "mine.fa")
    told = samples.judged_by
    assert told.startswith(f"{len(samples.judging)} of your 30 sequences, the fifth set aside")
    assert ("label 1" in told) == (labels is not None)
    assert "bound" not in told
    shipped = r.example_samples("ctcf")
    assert shipped.judged_by == f"{len(shipped.judging):,} held-out bound sequences"
