"""The area under the precision-recall curve, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from epool_viz.core.metrics import average_precision
from epool_viz.errors import ArgumentError, ShapeError


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=40))
def test_average_precision_is_scikit_learns_with_many_ties(items) -> None:
    scores, labels = (np.array(x) for x in zip(*items, strict=True))
    found = average_precision(scores, labels)
    if not labels.any():
        assert np.isnan(found)
    else:
        assert found == pytest.approx(average_precision_score(labels, scores), rel=1e-12)


def test_average_precision_takes_each_row_by_itself() -> None:
    generator = np.random.default_rng(3)
    scores, labels = generator.normal(size=(2, 3, 17)), generator.random((2, 3, 17)) < 0.3
    found = average_precision(scores, labels)
    assert found.shape == (2, 3)
    assert found[1, 2] == average_precision(scores[1, 2], labels[1, 2])


def test_average_precision_by_hand() -> None:
    assert average_precision([3, 2, 1, 0], [1, 0, 1, 0]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([1, 1, 1, 1], [1, 0, 0, 0]) == 0.25  # a constant is chance
    assert average_precision([2, 9, 4], [0, 1, 1]) == 1


def test_average_precision_refuses_what_has_no_rank() -> None:
    with pytest.raises(ArgumentError, match="`scores` is with NaN or infinity in them; accepted: finite numbers"):
        average_precision([1, np.nan], [0, 1])
    with pytest.raises(ShapeError, match=r"`labels` is of shape \(3,\); accepted: the shape of the scores, \(2,\)"):
        average_precision([1, 2], [0, 1, 1])
