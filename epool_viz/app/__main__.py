"""`python -m epool_viz.app` is `epool-viz`, wherever the script was installed."""

from epool_viz.app.cli import main

if __name__ == "__main__":
    main()
