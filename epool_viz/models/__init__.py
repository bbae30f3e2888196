"""Networks and their training. The only room that imports torch."""

from __future__ import annotations

from importlib.util import find_spec

from epool_viz.errors import MissingExtraError

for _name, _package in (("torch", "torch"), ("sklearn", "scikit-learn")):
    if find_spec(_name) is None:
        raise MissingExtraError(_package, "train", "training a network")
