"""One folder a dashboard: `model.py` holds the state and knows no widget, `view.py` draws it."""
