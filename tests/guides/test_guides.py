"""The story, the tours and the words of the field: what their texts promise, held by the numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from epool_viz import guides
from epool_viz.core.alphabet import DNA, one_hot
from epool_viz.core.attribution import MotifNetwork, attribute_letters
from epool_viz.core.em import fit_em
from epool_viz.core.kernels import kernel_to_pwm
from epool_viz.core.motifs import information_content
from epool_viz.core.pooling import expectation_pool, max_pool
from epool_viz.core.posterior import site_posterior
from epool_viz.core.scan import scan
from epool_viz.data.examples import load_example_race
from epool_viz.panels.registry import DASHBOARDS, row_of

STORY = {scene.id: scene for scene in guides.story()}
RNG = np.random.default_rng(11)
KERNEL = RNG.normal(size=(4, 7))
LETTERS = "GATTACATTCGAGCATGCATTTACGGACCATGAT"


def scores_of(letters: str) -> Any:
    return np.asarray(scan(one_hot(letters)[None], KERNEL[None]))[0, 0]


# --- form


def test_the_path_goes_through_the_dashboards_in_their_order() -> None:
    orders = [row_of(scene.dashboard).order for scene in guides.story()]
    assert orders == sorted(orders)
    assert 10 <= len(orders) <= 14
    assert len(STORY) == len(orders), "every id once"


@pytest.mark.parametrize("scene", guides.story(), ids=lambda scene: scene.id)
def test_a_scene_is_one_sentence_one_question_and_one_task(scene: guides.Scene) -> None:
    assert len(scene.sentence) <= 160
    assert len(scene.question) <= 110
    assert scene.question.endswith("?")
    assert len(scene.task) <= 100
    values = [option.value for option in scene.options]
    assert len(set(values)) == len(values) >= 3
    assert values.count(scene.right) == 1
    for option in scene.options:
        assert 30 <= len(option.said) <= 130, option.said
    assert scene.done
    for condition in scene.done:
        assert len(set(condition) & {"is", "below", "above", "reaches", "changed"}) == 1


def test_the_right_answer_stands_at_no_fixed_place() -> None:
    places = {[option.value for option in scene.options].index(scene.right) for scene in guides.story()}
    assert places == {0, 1}, "and never last: it would be the longest"


@pytest.mark.parametrize("row", DASHBOARDS, ids=lambda row: row.name)
def test_every_dashboard_has_a_tour_of_five_to_eight_stops(row: Any) -> None:
    stops = guides.tour(row.name)
    assert 5 <= len(stops) <= 8
    assert all(len(stop.text) <= 130 and stop.text.endswith(".") for stop in stops)


def test_every_word_is_explained_once_and_in_a_line() -> None:
    terms = guides.glossary().values()
    spellings = [name.lower() for term in terms if not term.plain for name in (term.name, *term.also)]
    assert len(set(spellings)) == len(spellings)
    assert all(len(term.text) <= 125 for term in terms)


def test_stages_are_given_to_the_page_as_places() -> None:
    stages = {"step": ("onehot", "window", "scores", "posterior")}
    page = guides.page_guide("e_step", stages)
    by_id = {scene["id"]: scene for scene in page["scenes"]}
    assert by_id["window"]["state"] == {"step": 1}
    assert by_id["posterior"]["done"] == [{"key": "step", "is": 3}]
    assert [each["id"] for each in page["path"]] == list(STORY)


# --- what is said is so: a law a scene


def _window() -> str:
    window = LETTERS[9:16]
    picked = [KERNEL[DNA.letters.index(letter), j] for j, letter in enumerate(window)]
    np.testing.assert_allclose(scores_of(LETTERS)[9], np.sum(picked), rtol=1e-12)
    return "width" if len(picked) == KERNEL.shape[1] else "all"


def _scores() -> str:
    other = LETTERS[:20] + ("A" if LETTERS[20] != "A" else "C") + LETTERS[21:]
    changed = np.flatnonzero(scores_of(other) != scores_of(LETTERS))
    assert set(changed) <= set(range(20 - KERNEL.shape[1] + 1, 21))
    return "width" if 1 < len(changed) <= KERNEL.shape[1] else "all"


def _posterior() -> str:
    scores = np.array([0.3, 1.3, -2.0, 0.1])
    p = np.asarray(site_posterior(scores, m=1.0))
    np.testing.assert_allclose(p[1] / p[0], np.exp(1.0), rtol=1e-12)
    return "e" if round(float(p[1] / p[0]), 1) == 2.7 else "twice"


def _flat() -> str:
    scores = scores_of(LETTERS)
    p = np.asarray(site_posterior(scores, m=0.0))
    np.testing.assert_allclose(expectation_pool(scores, m=0.0), scores.mean(), rtol=1e-12)
    return "anywhere" if np.ptp(p) < 1e-15 else "best"


def _sharp() -> str:
    scores = scores_of(LETTERS)
    pooled = [float(expectation_pool(scores, m=m)) for m in (0.0, 0.5, 1.0, 4.0, 50.0)]
    assert pooled == sorted(pooled)
    assert pooled[-1] <= float(max_pool(scores)) + 1e-12
    return "never"


def _motif() -> str:
    shifted = KERNEL.copy()
    shifted[:, 2] += 1
    before, after = kernel_to_pwm(KERNEL), kernel_to_pwm(shifted)
    np.testing.assert_allclose(after.offset - before.offset, 1.0, rtol=1e-12)
    return "nothing" if np.allclose(before.ppm, after.ppm, rtol=1e-12, atol=0) else "taller"


def _base() -> str:
    bits = [float(np.sum(information_content(kernel_to_pwm(KERNEL, base=np.exp(m)).ppm))) for m in (0.5, 1.0, 2.3)]
    return "more" if bits == sorted(bits) and bits[0] < bits[-1] else "less"


def _gradient() -> str:
    scores, step = scores_of(LETTERS), 1e-6
    slopes = [
        (float(max_pool(scores + step * np.eye(len(scores))[i])) - float(max_pool(scores))) / step
        for i in range(len(scores))
    ]
    return "one" if np.count_nonzero(np.abs(slopes) > 1e-3) == 1 else "all"


def _average() -> str:
    record = load_example_race("simulated")
    auc = {run.method: run.roc.area if run.roc else 0.0 for run in record.runs}
    assert auc["expectation"] > 0.9 < auc["max"]
    width, letters = record.runs[0].snapshots[-1].kernels.shape[-1], 300
    assert letters - width + 1 == 286
    assert "286 windows" in STORY["average"].sentence
    return "little" if abs(auc["average"] - 0.5) < 0.05 else "motif"


def _network() -> str:
    bases = [kernel_to_pwm(KERNEL, base=base).ppm for base in (2.0, 3.0)]
    return "base" if not np.allclose(*bases) else "data"


def _em() -> str:
    sequences = ["".join(RNG.choice(list("ACGT"), 30)) for _ in range(9)]
    found = fit_em(sequences, 5, n_starts=1, seed=3)
    rises = np.diff(found.history.objective)
    return "never" if (rises >= -1e-9).all() and len(rises) > 3 else "late"


def _letters() -> str:
    network = MotifNetwork(KERNEL[None], np.zeros(1), np.ones(1), 0.0, "expectation", 1.0)
    names = {"exact": "log_odds", "deeplift": "deeplift", "saliency": "saliency"}

    def scores(baseline: str) -> Any:
        found = attribute_letters(network, one_hot(LETTERS)[None], methods=tuple(names.values()), baseline=baseline)
        return found.scores

    one, other = scores("uniform"), scores("zeros")
    [moved] = [value for value, name in names.items() if not np.allclose(one[name], other[name], rtol=1e-9, atol=0)]
    return moved


LAWS = {
    name.removeprefix("_"): law for name, law in globals().items() if name.removeprefix("_") in STORY and callable(law)
}


@pytest.mark.parametrize("name", STORY)
def test_what_a_scene_calls_right_is_so(name: str) -> None:
    assert LAWS[name]() == STORY[name].right
