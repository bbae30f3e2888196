"""Compares matrices with known motifs in a limited process.

memelite compiles itself on its first use, for about a minute, and holds half a gigabyte while it works: all of it is
freed when the process ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from epool_viz.analysis.known_motifs import SIGNIFICANCE, Match, has_matching, match_motifs
from epool_viz.errors import EpoolError, MissingExtraError
from epool_viz.jobs.job import Cancel
from epool_viz.jobs.limited import Answer, Bounds, LimitError, call

PATIENCE = 600.0  # seconds


def match_motifs_limited(
    ppms: Iterable[Any],
    *,
    significance: float = SIGNIFICANCE,
    most: int = 5,
    cancel: Cancel | None = None,
    patience: float = PATIENCE,
) -> list[tuple[Match, ...]]:
    """`match_motifs` against JASPAR in a limited process, so that this process stays small and responsive.

    Parameters
    ----------
    ppms, significance, most : as for `match_motifs`
    cancel : object with `is_set()`, or None
        Ends it.
    patience : float, seconds

    Raises
    ------
    MissingExtraError
        If memelite is not installed.
    EpoolError
        What `match_motifs` raises; also if it was cancelled, or came to no end.
    """
    if not has_matching():
        raise MissingExtraError("memelite", "motifs", "the comparison with known motifs")
    asked = {"ppms": [np.asarray(ppm).tolist() for ppm in ppms], "significance": significance, "most": most}
    try:
        said, _ = call(_matches, asked, bounds=Bounds(patience, memory=None), cancel=cancel)
    except LimitError as error:
        ended = {"cancelled": "was stopped", "time": f"has not ended after {patience:g} seconds"}
        told = ended.get(error.limit, f"failed: {error.said}")
        raise EpoolError(f"the comparison with known motifs {told}") from None
    return [tuple(Match(*row) for row in rows) for rows in said["matches"]]


def _matches(asked: dict[str, Any], _: bytes) -> Answer:
    ppms = [np.array(ppm) for ppm in asked["ppms"]]
    return {"matches": match_motifs(ppms, significance=asked["significance"], most=asked["most"])}, b""
