"""What a worker may be asked, called directly."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from epool_viz.analysis.attribution_truth import example_network, site_sequences
from epool_viz.core.attribution import HEURISTICS, attribute_letters
from epool_viz.errors import ArgumentError
from epool_viz.jobs.wire import Message
from epool_viz.models.jobs import attribute_job


def asked(network="two_motifs_max", baseline="zeros", **arrays) -> Message:
    onehot = site_sequences().one_hot()[:2]
    return Message("job", {"network": network, "baseline": baseline}, {"onehot": onehot} | arrays)


@pytest.mark.parametrize("is_named", [True, False])
def test_captum_is_asked_for_a_model_that_ships(is_named) -> None:
    told = []
    reference = np.full((1, 2, 4, 200), 0.1)
    job = asked() if is_named else asked(reference=reference)
    attribute_job(job, lambda *said: told.append(said), threading.Event())
    ((kind, about, tracks),) = told
    assert (kind, about, tuple(tracks)) == ("tracks", {}, HEURISTICS)
    baseline = "zeros" if is_named else reference
    closed = attribute_letters(example_network("two_motifs_max"), job.arrays["onehot"], baseline=baseline)
    for method, scores in tracks.items():
        np.testing.assert_allclose(scores, closed.scores[method], rtol=0, atol=1e-6, err_msg=method)


def test_a_cancelled_question_is_not_put() -> None:
    cancel = threading.Event()
    cancel.set()
    attribute_job(asked(), lambda *_: pytest.fail("told something"), cancel)


def test_only_models_that_ship_are_read() -> None:
    with pytest.raises(ArgumentError, match=r"`name` is '\.\./\.\./secret'"):
        attribute_job(asked(network="../../secret"), print, threading.Event())
