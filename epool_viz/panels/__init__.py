"""One folder a dashboard: `model.py` holds the state, without a widget; `view.py` draws it."""
