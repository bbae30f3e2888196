"""What the components take from anywidget that is young; `REACHES` is as in `epool_viz.app.server.upstream`.

Beside that list, and not in it, for the components are loaded where no server is.
"""

from __future__ import annotations

REACHES = {
    "anywidget 0.11: a component gets the store that it draws as a widget, and asks the page for it; "
    "without it no component draws anything, which every component test shows": (
        "anywidget.WidgetTrait",
        "anywidget/nbextension/index.js: getWidget",
    ),
}
