"""Several numbers a letter, one track above the other, over one sequence."""

from __future__ import annotations

from typing import Any

import traitlets

from epool_viz.components.base import Component, Store


class LetterTracks(Component):
    """A sequence with aligned tracks of scores: letters as tall as their score, or bars where they are too narrow.

    Parameters
    ----------
    store : Store
        `cursor` (a letter, from 0) and `zoom` are read and set.
    options : dict
        See `web/letter_tracks/index.js`.
    letters : dict
        `text`, the sequence; `name`; `sites`, each first letter, one past the last, and what it is called.
    tracks : list of dict
        Each `name`, `title`, `kind`, `values` (one a letter) and `note`, which stands at the right of its head.
    """

    module = "letter_tracks"
    letters = traitlets.Dict().tag(sync=True)
    tracks: Any = traitlets.List().tag(sync=True)

    def __init__(self, store: Store, options: dict[str, Any], letters: dict[str, Any], tracks: list[Any]) -> None:
        super().__init__(store=store, options=options, letters=letters, tracks=tracks)
