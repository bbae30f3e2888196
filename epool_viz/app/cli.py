"""The command `epool-viz`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from epool_viz.app import config
from epool_viz.errors import EpoolError

app = typer.Typer(
    help="See inside a DNA convolutional network: every kernel a motif, every pooled score an E-step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _common(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from epool_viz import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command("app")
def serve_dashboards(
    port: Annotated[int | None, typer.Option(help="Port; 8866 or any free one if left out.", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; the default is this machine only.")] = config.HOST,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page in a browser.")] = True,
    max_kernels: Annotated[int, typer.Option(help="Visitors at a time; about 70 MB each.", min=1)] = config.MAX_KERNELS,
    pool_size: Annotated[
        int, typer.Option(help="Kernels kept ready for the next visitors of each dashboard; 20 before a class.", min=0)
    ] = config.POOL_SIZE,
    notebooks: Annotated[
        Path | None, typer.Option(help="Folder with dashboards of your own instead.", exists=True, file_okay=False)
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell what the server does.")] = False,
) -> None:
    """Open the dashboards in the browser; Ctrl-C stops them."""
    from epool_viz.app.serving import serve

    serve(
        host=host,
        port=port,
        open_browser=browser,
        max_kernels=max_kernels,
        pool_size=pool_size,
        notebooks=notebooks,
        verbose=verbose,
        sink=lambda line: print(line, flush=True),  # noqa: T201 - this is a command's output
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: 0 is well, 1 a mistake that the message explains, 2 a wrong option."""
    try:
        app(arguments)
    except EpoolError as error:
        typer.echo(f"epool-viz: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
