"""The command `epool-viz`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from epool_viz.app import config
from epool_viz.errors import EpoolError


class LogoKind(StrEnum):
    """What a logo's heights are."""

    information = "information"
    probability = "probability"
    log_odds = "log odds"
    kernel = "kernel"


class Occurrence(StrEnum):
    """How many sites a sequence has."""

    oops = "oops"
    zoops = "zoops"


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


@app.command("pwm")
def kernel_as_motif(
    kernel_file: Annotated[
        Path, typer.Argument(help="A kernel as text, either way round; .npy or .npz of (kernel, letter, position).")
    ],
    base: Annotated[float | None, typer.Option(help="Base of the logarithm that scores are; e if left out.")] = None,
    m: Annotated[float | None, typer.Option("--m", help="The same as its natural logarithm, ePooling's m.")] = None,
    fit: Annotated[
        str | None, typer.Option(help="Estimate the base by maximum likelihood from these sequences.")
    ] = None,
    background: Annotated[str, typer.Option(help='"uniform", or the shares of A,C,G,T.')] = "uniform",
    out: Annotated[Path | None, typer.Option(help="MEME file to write; standard output if left out.")] = None,
    logo: Annotated[Path | None, typer.Option(help="Logo to draw: .svg, .png or .pdf.")] = None,
    kind: Annotated[LogoKind, typer.Option(help="What the logo's heights are.")] = LogoKind.information,
    alphabet: Annotated[str | None, typer.Option(help="DNA, RNA or protein; told by the letters if left out.")] = None,
) -> None:
    """Read convolution kernels as motifs: MEME text and a logo, with the exact offset of the scores."""
    if sum(each is not None for each in (base, m, fit)) > 1:
        raise typer.BadParameter("give one of --base, --m and --fit")
    from epool_viz.app.pwm import kernels_to_meme

    text = kernels_to_meme(
        kernel_file,
        base=base,
        m=m,
        fit=fit,
        background=background,
        out=out,
        logo=logo,
        kind=kind.value,
        alphabet=alphabet,
        sink=_remark,
    )
    if out is None:
        typer.echo(text, nl=False)


@app.command("scan")
def scan_sequences(
    sequences: Annotated[str, typer.Argument(help="A file of sequences, plain or gzip, or example:ctcf_peaks.")],
    motif: Annotated[Path | None, typer.Argument(help="MEME, JASPAR or matrix file; scores are a kernel.")] = None,
    jaspar: Annotated[str | None, typer.Option(help="A JASPAR motif by name or ID in place of a file: CTCF.")] = None,
    m: Annotated[float, typer.Option("--m", help="ePooling's m; 1 is the E-step of a motif in nats.")] = 1.0,
    mode: Annotated[int, typer.Option(help="ePooling's mode: 0, or 1 for windows above the mean only.")] = 0,
    occurrence: Annotated[Occurrence, typer.Option(help="One site a sequence, or at most one.")] = Occurrence.oops,
    site_rate: Annotated[float, typer.Option(help="With zoops: prior chance of a site.")] = 0.5,
    both_strands: Annotated[bool, typer.Option("--both-strands/--one-strand", help="Sites on either.")] = False,
    background: Annotated[str, typer.Option(help='"uniform", "sequences" or the shares of A,C,G,T.')] = "uniform",
    windows: Annotated[bool, typer.Option("--windows/--summary", help="A row a window, or a row a sequence.")] = False,
    out: Annotated[Path | None, typer.Option(help="Table to write; standard output if left out.")] = None,
) -> None:
    """Scan sequences with motifs: scores, posterior and pooled values as tab-separated rows.

    Places count from 1, the last letter included. The numbers are those of the dashboard.
    """
    if (motif is None) == (jaspar is None):
        raise typer.BadParameter("give a motif file or --jaspar NAME, one of the two")
    from epool_viz.app.scanning import scan_to_table

    scan_to_table(
        sequences,
        motif=motif,
        jaspar=jaspar,
        background=background,
        windows=windows,
        out=out,
        sink=_remark,
        m=m,
        mode=mode,
        occurrence=occurrence.value,
        site_rate=site_rate,
        both_strands=both_strands,
    )


def _remark(line: str) -> None:
    typer.echo(line, err=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: 0 is well, 1 a mistake that the message explains, 2 a wrong option."""
    try:
        app(arguments)
    except EpoolError as error:
        _remark(f"epool-viz: {' '.join(str(error).split())}")
        sys.exit(1)
    except OSError as error:
        _remark(f"epool-viz: {error.filename or ''}: {error.strerror or error}")
        sys.exit(1)
