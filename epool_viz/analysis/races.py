"""How a race of poolings stands: which method leads, and whether the test set separates it from the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from epool_viz.data.results.races import RaceRecord


class Standing(NamedTuple):
    """How a race stands.

    Attributes
    ----------
    test_auc : dict of str to float
        Mean test AUC of the runs of each method that have ended, the best method first; empty before one has.
    is_told_apart : bool
        Whether the second method lies below the 95 % interval of the first one's first run.
    leading : (str, float), or None
        The method with the highest validation AUC after the epoch, or at its last one, and that; None before the
        first epoch.
    """

    test_auc: dict[str, float]
    is_told_apart: bool
    leading: tuple[str, float] | None


def race_standing(record: RaceRecord, epoch: int | None = None) -> Standing:
    """Rank the methods of a race.

    Parameters
    ----------
    record : RaceRecord
        As `load_example_race` gives it.
    epoch : int, or None for the last
        After which it is looked at.

    Returns
    -------
    Standing
    """
    areas: dict[str, list[float]] = {}
    lows: dict[str, float] = {}
    for run in record.runs:
        if run.roc is not None:
            areas.setdefault(run.method, []).append(run.roc.area)
            lows.setdefault(run.method, run.roc.low)
    means = {method: float(np.mean(found)) for method, found in areas.items()}
    ranked = sorted(means, key=lambda method: -means[method])
    is_told_apart = len(ranked) < 2 or means[ranked[1]] < lows[ranked[0]]
    upto = max(record.n_epochs if epoch is None else epoch, 1)
    at_last = [(run.epochs[:upto][-1]["val_auc"], run.method) for run in record.runs if run.epochs]
    auc, leader = max(at_last, default=(0.0, ""))
    return Standing({method: means[method] for method in ranked}, is_told_apart, (leader, auc) if at_last else None)
