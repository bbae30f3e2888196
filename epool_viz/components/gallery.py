"""The kernels of a model as cards."""

from __future__ import annotations

from epool_viz.components.base import Component


class Gallery(Component):
    """Kernels as logos that are drawn as they come into view; sorted, searched and chosen in the page.

    Parameters
    ----------
    store : Store
        `place` (the kernel shown), `chosen`, `sort`, `find`, `stretch` and `logo_kind` are read and set.
    options : dict
        `glyphs`, the outlines of the letters; `label`; `height` of a logo in rem. See `gallery.js`.
    """

    module = "gallery.js"
