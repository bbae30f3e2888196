"""The command `epool-viz`. Each command imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from typer.core import TyperCommand

from epool_viz.app.server import settings
from epool_viz.core.choices import LogoKind, Occurrence, PresetName, RuleName, SplitName, StartName, StrandReading
from epool_viz.core.poolings import POOLING_NAMES
from epool_viz.errors import ArgumentError, EpoolError

if TYPE_CHECKING:
    from epool_viz.data.results.settings import RaceSettings

# a larger number is a typing error
_MOST = 10**9
_MOST_VISITORS = 100_000
_MOST_M = 1e12
_MOST_SEED = 2**63 - 1
# arguments of the library -> parameters of a command, where they have another name
_KNOWN_AS = {
    "n_kernels": "kernels", "n_starts": "starts", "max_iterations": "iterations", "n_sites": "sites",
    "base_url": "url", "sequences": "data", "train": "data", "method": "pooling", "methods": "methods",
    "class_weight": "balanced", "checkpoint": "out", "path": "out", "motif": "motifs", "query": "jaspar",
    "log_base": "base",
}  # fmt: skip
_FALLBACKS = {"pooling": "methods", "query": "motifs", "data": "sequences", "name": "names"}


PoolingName: TypeAlias = Literal[POOLING_NAMES]  # type: ignore[valid-type]


def _number(at_most: float = math.inf) -> Callable[..., Any]:
    """A check of an option that is a number: finite, and no larger than that; the library checks its other bounds."""

    def check(value: float | None) -> float | None:
        if isinstance(value, float) and not math.isfinite(value):
            raise typer.BadParameter(f"{value} is no finite number")
        if value is not None and value > at_most:
            raise typer.BadParameter(f"{value} is more than {at_most:,}")
        return value

    return check


_DATA = "A file of sequences, a pipe, -, example:NAME, or chipseq:NAME. Without labels, shuffled negatives are added."
_TEST = "Another such set to test on; a chipseq: set has its own."
_HOLD_OUT = "Without a test set: the share of DATA set aside as one; 0 is none."
_RESUME = "Resume from the checkpoint of a stopped command beside --out."

Data = Annotated[str, typer.Argument(metavar="DATA", help=_DATA)]
Test = Annotated[str | None, typer.Option(help=_TEST)]
HoldOut = Annotated[float, typer.Option(help=_HOLD_OUT, callback=_number())]
Preset = Annotated[PresetName, typer.Option(help="As published, as in the published notebook, or raw scores.")]
Kernels = Annotated[
    int, typer.Option("--kernels", "-k", help="Kernels of the network.", min=1, callback=_number(at_most=_MOST_SEED))
]
Width = Annotated[int, typer.Option(help="Letters of a kernel.", min=1, callback=_number(at_most=_MOST_SEED))]
Epochs = Annotated[
    int, typer.Option(help="At most; early stopping ends most sooner.", min=1, callback=_number(at_most=_MOST))
]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Sequences of a step; the preset's if left out.", min=1, callback=_number(at_most=_MOST)),
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Epochs without a lower validation loss; the preset's if left out.", min=1, callback=_number(at_most=_MOST)
    ),
]
Rate = Annotated[float | None, typer.Option(help="Of Adam; the preset's if left out.", callback=_number(at_most=1e300))]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace files that are there, unasked.")]
Split = Annotated[SplitName, typer.Option(help="A tenth of each label, or the last tenth as published.")]
Balanced = Annotated[bool, typer.Option("--balanced", help="Count both labels alike in the loss.")]
Resume = Annotated[bool, typer.Option("--resume", help=_RESUME)]
Layer = Annotated[str | None, typer.Option(help="Which convolution of a model; else the first that fits.")]
Axes = Annotated[str | None, typer.Option(help='Axes of the stored weight, such as "position, letter, kernel".')]
Letters = Annotated[str | None, typer.Option(help="Order of the letters in the model's input; ACGT.")]
Flip = Annotated[bool | None, typer.Option("--flip/--no-flip", help="Turn kernels round, as Theano's convolutions do.")]
MemeOut = Annotated[Path | None, typer.Option(help="MEME file to write; standard output if left out, or -.")]
BothStrands = Annotated[bool, typer.Option("--both-strands/--one-strand", help="Sites on either.")]
Sites = Annotated[Occurrence, typer.Option(help="One site a sequence, or at most one.")]


class Command(TyperCommand):
    """A command whose mistakes name the argument as it was typed."""

    def invoke(self, ctx: Any) -> Any:
        """Run it; an ArgumentError of the library gets the name that the option has here."""
        try:
            return super().invoke(ctx)
        except ArgumentError as error:
            raise ArgumentError(self._spelled(error.name), error.found, error.accepted) from None

    def _spelled(self, name: str) -> str:
        known = {each.name: each for each in self.params}
        for word in (name, _KNOWN_AS.get(name), _FALLBACKS.get(name)):
            if word in known:
                each = known[word]
                if each.param_type_name == "argument":
                    return each.metavar or str(each.name).upper()
                return max((opt for opt in each.opts if opt.startswith("--")), key=len)
        return name


app = typer.Typer(
    help="See inside a DNA convolutional network: every kernel a motif, every pooled score an E-step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
command = partial(app.command, cls=Command)


@app.callback(invoke_without_command=True)
def _common(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        from epool_viz import __version__

        typer.echo(__version__)
        raise typer.Exit


@command("app")
def serve_dashboards(
    port: Annotated[int | None, typer.Option(help="Port; 8866 or any free one if left out.", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; the default is this machine only.")] = settings.HOST,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page in a browser.")] = True,
    max_kernels: Annotated[
        int, typer.Option(help="Visitors at a time; about 40 MB each.", min=1, callback=_number(at_most=_MOST_VISITORS))
    ] = settings.MAX_KERNELS,
    pool_size: Annotated[
        int,
        typer.Option(
            help="Kernels ready for the first dashboard (one for each other); 20 before a class.",
            min=0,
            callback=_number(at_most=_MOST_VISITORS),
        ),
    ] = settings.POOL_SIZE,
    kernel_memory: Annotated[
        int,
        typer.Option(
            help="Megabytes that each kernel may have (Linux); 0 is no limit.", min=0, callback=_number(at_most=_MOST)
        ),
    ] = settings.KERNEL_MEMORY,
    notebooks: Annotated[
        Path | None, typer.Option(help="Folder with dashboards of your own instead.", exists=True, file_okay=False)
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what the server does.")] = False,
) -> None:
    """Open the dashboards in the browser; Ctrl-C stops them."""
    from epool_viz.app.server.start import serve

    if notebooks is not None and not notebooks.is_dir():
        raise typer.BadParameter(f"{str(notebooks)!r} is no folder", param_hint="--notebooks")

    serve(
        host=host,
        port=port,
        open_browser=browser,
        max_kernels=max_kernels,
        pool_size=pool_size,
        kernel_memory=kernel_memory,
        notebooks=notebooks,
        verbose=verbose,
        sink=lambda line: print(line, flush=True),  # noqa: T201 - this is a command's output
    )


@command("pwm")
def kernel_as_motif(
    kernel_file: Annotated[
        str,
        typer.Argument(
            help="A kernel or motifs as text, .npy, .npz, .safetensors, Keras .h5, .keras, .onnx, .pt of weights; or -."
        ),
    ],
    base: Annotated[
        float | None,
        typer.Option(help="Base of the logarithm that scores are; e if left out.", callback=_number(at_most=_MOST_M)),
    ] = None,
    m: Annotated[
        float | None,
        typer.Option("--m", help="The same as its natural logarithm, ePooling's m.", callback=_number(at_most=_MOST_M)),
    ] = None,
    fit: Annotated[
        str | None, typer.Option(help="Estimate the base by maximum likelihood from these sequences.")
    ] = None,
    background: Annotated[
        str | None, typer.Option(help='"uniform", or the shares of A,C,G,T; of a motif file its own if left out.')
    ] = None,
    out: MemeOut = None,
    logo: Annotated[Path | None, typer.Option(help="Logo to draw: .svg, .png or .pdf.")] = None,
    kind: Annotated[LogoKind, typer.Option(help="What the logo's heights are.")] = "information",
    alphabet: Annotated[str | None, typer.Option(help="DNA, RNA or protein; by the letters if left out.")] = None,
    layer: Layer = None,
    axes: Axes = None,
    letters: Letters = None,
    flip: Flip = None,
    force: Force = False,
) -> None:
    """Read convolution kernels as motifs: MEME text and a logo, with the exact offset of the scores."""
    if sum(each is not None for each in (base, m, fit)) > 1:
        raise typer.BadParameter("give one of --base, --m and --fit")
    from epool_viz.app.commands.outputs import file_or_none, is_standard, say
    from epool_viz.app.commands.pwm import kernels_to_meme

    text = kernels_to_meme(
        kernel_file,
        base=base,
        m=m,
        fit=fit,
        background=background,
        out=file_or_none(out),
        logo=logo,
        force=force,
        kind=kind,
        alphabet=alphabet,
        layer=layer,
        axes=axes,
        letters=letters,
        flip=flip,
        sink=_remark,
    )
    if is_standard(out):
        say(text)


@command("read")
def read_kernels_on_sequences(
    model: Annotated[
        str,
        typer.Argument(help="A network: safetensors, Keras, ONNX, .pt of weights, arrays, motifs; -, or example:NAME."),
    ],
    sequences: Annotated[
        str | None,
        typer.Argument(help="A file of sequences, a pipe, -, or example:ctcf_peaks; a model that ships has its own."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for kernels.tsv, a MEME file for each reading, and report.json.")
    ] = None,
    kernel: Annotated[
        str | None, typer.Option(help="Which kernels, from 1, between commas or as a range: 1,4-6; all if left out.")
    ] = None,
    m: Annotated[
        float | None,
        typer.Option(
            "--m",
            help="Logarithm of the base of the scores; the pooling's, else the likeliest if left out.",
            callback=_number(at_most=_MOST_M),
        ),
    ] = None,
    background: Annotated[str, typer.Option(help='"uniform", "sequences" or the shares of A,C,G,T.')] = "uniform",
    rule: Annotated[
        RuleName, typer.Option(help="Of the heuristic: the best window of each sequence, or all above the threshold.")
    ] = "deepbind",
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Share of the largest activation that a window has to exceed; the rule's if left out.",
            callback=_number(),
        ),
    ] = None,
    known: Annotated[
        bool | None,
        typer.Option(
            "--known/--no-known", help="Compare with JASPAR's motifs; only what ships with a model if left out."
        ),
    ] = None,
    test: Annotated[str | None, typer.Option(help="Another set of sequences to judge by.")] = None,
    hold_out: Annotated[
        float, typer.Option(help="Without --test: the share of SEQUENCES set aside to judge by.", callback=_number())
    ] = 0.2,
    most: Annotated[
        int,
        typer.Option(
            help="Bound sequences of either part that take part, the first ones.",
            min=1,
            callback=_number(at_most=_MOST),
        ),
    ] = 1000,
    layer: Layer = None,
    axes: Axes = None,
    letters: Letters = None,
    flip: Flip = None,
    force: Force = False,
) -> None:
    """Read a network's kernels on sequences: exactly, by a heuristic and by one M-step, and what each is worth.

    A row a kernel goes to standard output; the numbers are those of the dashboard of logos.

    Of sequences with labels those with label 1 are taken as bound. A share is set aside, and judges the motifs.
    """
    from epool_viz.app.commands.read import read_to_folder

    read_to_folder(
        model,
        sequences,
        test=test,
        hold_out=hold_out,
        most=most,
        out=out,
        kernel=kernel,
        m=m,
        background=background,
        rule=rule,
        threshold=threshold,
        known=known,
        layer=layer,
        axes=axes,
        letters=letters,
        flip=flip,
        force=force,
        sink=_remark,
    )


@command("scan")
def scan_sequences(
    sequences: Annotated[
        str, typer.Argument(help="A file of sequences, plain or gzip, a pipe, -, or example:ctcf_peaks.")
    ],
    motif: Annotated[
        str | None, typer.Argument(help="MEME, JASPAR, TRANSFAC or matrix file, or -; scores are a kernel.")
    ] = None,
    jaspar: Annotated[str | None, typer.Option(help="A JASPAR motif by name or ID in place of a file: CTCF.")] = None,
    m: Annotated[
        float,
        typer.Option(
            "--m", help="ePooling's m; 1 is the E-step of a motif in nats.", callback=_number(at_most=_MOST_M)
        ),
    ] = 1.0,
    mode: Annotated[int, typer.Option(help="ePooling's mode: 0, or 1 for windows above the mean only.")] = 0,
    occurrence: Sites = "oops",
    site_rate: Annotated[float, typer.Option(help="With zoops: prior chance of a site.", callback=_number())] = 0.5,
    both_strands: BothStrands = False,
    strand_reading: Annotated[
        StrandReading | None,
        typer.Option(help="On both strands: a motif against one background (usual), or a kernel as a network scans."),
    ] = None,
    background: Annotated[
        str, typer.Option(help='"uniform", "sequences", "motif" (its file\'s) or the shares of A,C,G,T.')
    ] = "uniform",
    windows: Annotated[bool, typer.Option("--windows/--summary", help="A row a window, or a row a sequence.")] = False,
    out: Annotated[Path | None, typer.Option(help="Table to write; standard output if left out, or -.")] = None,
    force: Force = False,
) -> None:
    """Scan sequences with motifs: scores, posterior and pooled values as tab-separated rows.

    Places count from 1, the last letter included. The numbers are those of the dashboard.

    A motif is scanned as its log odds with one imaginary site of the background, so that no score is infinite.
    """
    if (motif is None) == (jaspar is None):
        raise typer.BadParameter("give a motif file or --jaspar NAME, one of the two")
    from epool_viz.app.commands.scan import scan_to_table

    scan_to_table(
        sequences,
        motif=motif,
        jaspar=jaspar,
        background=background,
        windows=windows,
        out=out,
        force=force,
        sink=_remark,
        m=m,
        mode=mode,
        occurrence=occurrence,
        site_rate=site_rate,
        both_strands=both_strands,
        strand_reading=strand_reading,
    )


@command("em")
def discover_motifs(
    sequences: Annotated[str, typer.Argument(help="A file of sequences, plain or gzip, a pipe, -, or example:crp0.")],
    width: Annotated[
        int | None, typer.Option(help="Letters of a motif; 12 if left out.", min=1, callback=_number(at_most=_MOST))
    ] = None,
    occurrence: Sites = "oops",
    motifs: Annotated[
        int,
        typer.Option(
            help="How many; the sites of each are erased before the next.", min=1, callback=_number(at_most=_MOST)
        ),
    ] = 1,
    start: Annotated[
        StartName, typer.Option(help="Random windows, or the best of all windows (small sets).")
    ] = "random",
    starts: Annotated[
        int, typer.Option(help="Climbs side by side; the best evidence wins.", min=1, callback=_number(at_most=_MOST))
    ] = 20,
    init: Annotated[
        str | None, typer.Option(help="Begin with this motif instead: a file, -, or a name or ID of JASPAR.")
    ] = None,
    both_strands: BothStrands = False,
    pseudocount: Annotated[float, typer.Option(help="Imaginary sites a column.", callback=_number(at_most=1e12))] = 0.1,
    background: Annotated[str, typer.Option(help='"sequences", "uniform" or the shares of A,C,G,T.')] = "sequences",
    seed: Annotated[
        int,
        typer.Option(help="The same seed begins with the same windows.", min=0, callback=_number(at_most=_MOST_SEED)),
    ] = 0,
    iterations: Annotated[
        int, typer.Option(help="At the most, of a start.", min=1, callback=_number(at_most=_MOST))
    ] = 200,
    out: MemeOut = None,
    sites: Annotated[Path | None, typer.Option(help="Table of the sites to write.")] = None,
    force: Force = False,
) -> None:
    """Discover motifs by EM: MEME text, and a table of their sites.

    Ctrl-C stops after the present iteration and writes what was found until then; the exit code is then 130.
    """
    from epool_viz.app.commands.em import discover_to_files
    from epool_viz.app.commands.outputs import file_or_none, is_standard, say

    text, code = discover_to_files(
        sequences,
        width=width,
        motifs=motifs,
        init=init,
        start=start,
        occurrence=occurrence,
        background=background,
        out=file_or_none(out),
        sites=sites,
        force=force,
        sink=_remark,
        n_starts=starts,
        both_strands=both_strands,
        pseudocount=pseudocount,
        seed=seed,
        max_iterations=iterations,
    )
    if is_standard(out):
        say(text)
    raise typer.Exit(code)


@command("simulate")
def simulate_sequences(
    motifs: Annotated[
        list[str], typer.Argument(metavar="MOTIF", help="Names of JASPAR (CTCF), files of motifs, or -.")
    ],
    n: Annotated[int, typer.Option("--n", "-n", help="Sequences.", min=1, callback=_number(at_most=_MOST_SEED))] = 6000,
    length: Annotated[int, typer.Option(help="Letters of each.", min=1, callback=_number(at_most=_MOST_SEED))] = 1000,
    positive_fraction: Annotated[float, typer.Option(help="The share with sites, label 1.", callback=_number())] = 0.5,
    sites: Annotated[str, typer.Option(help="Sites of a positive sequence: 1, or a range such as 0-2.")] = "1",
    margin: Annotated[
        int | None,
        typer.Option(
            help="Letters at either end where no site starts; a tenth if left out.",
            min=0,
            callback=_number(at_most=_MOST_SEED),
        ),
    ] = None,
    background: Annotated[
        str, typer.Option(help='"uniform", "motif" (its file\'s), or the shares of A,C,G,T.')
    ] = "uniform",
    both_strands: BothStrands = False,
    seed: Annotated[
        int, typer.Option(help="The same seed makes the same sequences.", min=0, callback=_number(at_most=_MOST_SEED))
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .gz packed; .fa has the truth in its headers, not the labels.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Table of the sites; beside --out if left out.")] = None,
    force: Force = False,
) -> None:
    """Plant motifs in random letters, and keep the truth; the defaults are the ePooling paper's.

    Lines are `>name letters label`, which `train` and `race` read; places count from 1, the last letter included.
    """
    from epool_viz.app.commands.outputs import file_or_none, is_standard, say
    from epool_viz.app.commands.simulate import simulate_to_files

    text = simulate_to_files(
        motifs,
        n=n,
        length=length,
        positive_fraction=positive_fraction,
        sites=sites,
        margin=margin,
        background=background,
        both_strands=both_strands,
        seed=seed,
        out=file_or_none(out),
        truth=truth,
        force=force,
        sink=_remark,
    )
    if is_standard(out):
        say(text)


@command("train")
def train_network(
    data: Data,
    test: Test = None,
    out: Annotated[Path, typer.Option(help="The model, and while it is learnt MODEL.unfinished.")] = Path(
        "model.safetensors"
    ),
    preset: Preset = "paper",
    pooling: Annotated[PoolingName, typer.Option(help="What the scores are pooled by.")] = "expectation",
    m: Annotated[
        float | None, typer.Option("--m", help="The pooling's m, where it has one.", callback=_number(at_most=_MOST_M))
    ] = None,
    learn_m: Annotated[bool, typer.Option("--learn-m", help="Let m be learnt.")] = False,
    kernels: Kernels = 16,
    width: Width = 15,
    epochs: Epochs = 100,
    batch_size: BatchSize = None,
    patience: Patience = None,
    learning_rate: Rate = None,
    split: Split = "stratified",
    balanced: Balanced = False,
    seed: Annotated[
        int, typer.Option(help="The same seed learns the same weights.", min=0, callback=_number(at_most=_MOST_SEED))
    ] = 0,
    hold_out: HoldOut = 0.2,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Train a motif CNN and save it; a row with its test AUC goes to standard output.

    Ctrl-C stops after the present batch and saves the best weights until then; the exit code is then 130.
    """
    given = locals()
    from epool_viz.app.commands.train import train_to_file

    method = {"method": pooling, "m": m, "trainable": learn_m or None}
    methods = ({name: value for name, value in method.items() if value is not None},)
    raise typer.Exit(train_to_file(data, _settings(given, methods, (seed,)), **_how(given)))


@command("race")
def race_poolings(
    data: Data,
    test: Test = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the models, their history and the table.")] = None,
    methods: Annotated[
        str, typer.Option(help=f"Between commas, of {', '.join(POOLING_NAMES)}.")
    ] = "max,average,expectation",
    seeds: Annotated[str, typer.Option(help="Between commas, or a range such as 0-4.")] = "0",
    preset: Preset = "paper",
    kernels: Kernels = 16,
    width: Width = 15,
    epochs: Epochs = 100,
    batch_size: BatchSize = None,
    patience: Patience = None,
    learning_rate: Rate = None,
    split: Split = "stratified",
    balanced: Balanced = False,
    hold_out: HoldOut = 0.2,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Train the same network with several poolings on the same batches; a row each goes to standard output.

    Ctrl-C stops after the present batch and reports what was learnt until then; the exit code is then 130.
    """
    given = locals()
    from epool_viz.app.commands.train import race_to_folder, read_seeds

    named = tuple(word.strip() for word in methods.split(","))
    raise typer.Exit(race_to_folder(data, _settings(given, named, tuple(read_seeds(seeds))), **_how(given)))


def _settings(given: dict[str, Any], methods: tuple[Any, ...], seeds: tuple[int, ...]) -> RaceSettings:
    """The settings of a race out of the options that `train` and `race` have in common."""
    from epool_viz.data.results.settings import RaceSettings

    same = ("preset", "width", "epochs", "batch_size", "patience", "learning_rate", "split")
    return RaceSettings(
        methods=methods,
        seeds=seeds,
        n_kernels=given["kernels"],
        class_weight="balanced" if given["balanced"] else None,
        **{name: given[name] for name in same},
    )


def _how(given: dict[str, Any]) -> dict[str, Any]:
    """The options that `train` and `race` hand on."""
    same = ("test", "out", "hold_out", "resume", "force")
    return {name: given[name] for name in same} | {"sink": _remark, "stream": _row}


@command("fetch")
def fetch_chipseq_sets(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names of the catalogue; with --list, words.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Print the sets that hold every word; needs no network.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="Address of the sets; {name} and {part} in it for another layout.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where they are kept; the user's cache if left out.", file_okay=False)
    ] = None,
) -> None:
    """Fetch ChIP-seq sets of the ENCODE benchmark, once; `train` and `race` then take chipseq:NAME.

    The environment's EPOOL_VIZ_CHIPSEQ_URL and EPOOL_VIZ_CHIPSEQ_FOLDER say address and folder for all commands.
    """
    from epool_viz.app.commands.fetch import fetch_sets, list_rows

    if show:
        for row in list_rows(names or []):
            _row(row)
        return
    if not names:
        raise typer.BadParameter("give a NAME, or --list")
    fetch_sets(names, url=url, folder=folder, stream=_row)


def _row(line: str) -> None:
    from epool_viz.app.commands.outputs import say

    say(f"{line}\n")


def _remark(line: str) -> None:
    with contextlib.suppress(OSError):  # standard error is closed: the result is still written
        typer.echo(line, err=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: 0 is well, 1 a mistake that the message explains, 2 a wrong option."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files may hold what an encoding does not
            stream.reconfigure(errors="backslashreplace")
    try:
        with _ending_well():
            app(arguments)
    except EpoolError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except MemoryError:
        _fail("the memory of this machine does not suffice; reduce the input")


def _fail(message: str) -> None:
    _remark(f"epool-viz: {' '.join(message.split())}")
    sys.exit(1)


@contextlib.contextmanager
def _ending_well() -> Iterator[None]:
    """Within the block SIGTERM raises an exit, so that no partial file stays; the handlers are restored after it."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before: dict[int, Any] = {}
    with contextlib.suppress(ValueError, AttributeError):  # no main thread, no such signal
        for asked in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(asked) == signal.SIG_DFL:
                before[asked] = signal.signal(asked, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
