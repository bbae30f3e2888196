"""One number of the state."""

from __future__ import annotations

from epool_viz.components.base import Component


class Slider(Component):
    """A slider with its name, its unit and a box to type in.

    Parameters
    ----------
    store : Store
    options : dict
        `key`, `label`, `unit`, `min`, `max` (a number, or "windows"), `scale` ("linear", or "cubic" for `m`), `step`,
        `digits`, `first`, `buttons`, `marks`, `help`, `when`; `slider.js` says what each means.
    """

    module = "slider.js"
