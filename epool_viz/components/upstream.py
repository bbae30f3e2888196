"""The young parts of anywidget that the components use; `REACHES` is as in `epool_viz.app.server.upstream`.

A list of its own, since the components are loaded without a server too.
"""

from __future__ import annotations

REACHES = {
    "anywidget 0.11: a component gets the store that it draws as a widget, and requests it from the page; "
    "without it no component draws anything, which every component test shows": (
        "anywidget.WidgetTrait",
        "anywidget/nbextension/index.js: getWidget",
    ),
}
