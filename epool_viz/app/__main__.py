"""`epool-viz`, and `python -m epool_viz.app` wherever the script was installed."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; Ctrl-C is a quiet exit with 130 while the command is still being imported, too."""
    try:
        from epool_viz.app.cli import main as run

        run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
