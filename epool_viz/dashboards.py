"""The dashboards by name; each function returns its app, which a notebook shows. Importing this loads no widget."""

from epool_viz.panels.registry import DASHBOARDS

globals().update({row.name: row.function() for row in DASHBOARDS})
