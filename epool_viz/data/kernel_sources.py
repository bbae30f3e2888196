"""Makes a kernel: from the JASPAR collection, a trained model, a text, a file, or random numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

from epool_viz.core.pooling import ACTIVATIONS
from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.core.scan import PADDINGS
from epool_viz.core.types import Array
from epool_viz.data.examples import example_kernels, load_example_model
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.motifs.matrix import ParsedMatrix, parse_matrix
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.networks.motif_kernels import IMAGINARY_SITES as IMAGINARY_SITES
from epool_viz.data.networks.motif_kernels import OF_THE_FILE, is_motif_file, log_odds
from epool_viz.errors import ArgumentError

LARGEST_ENTRY = 1e6
AS_SCORES = (
    "# scores"  # so begins a text whose numbers are a kernel, also where they could be counts; its name may follow
)
OF_A_NETWORK = " of a network"  # follows AS_SCORES where the numbers are those of a network's kernel
_NAME_AND_ACCESSION = re.compile(r".*\((MA\d+\.\d+)\)")


class Kernel(NamedTuple):
    """A kernel and its source.

    Attributes
    ----------
    matrix : shape (letter, width)
    label : str
        A short name.
    reading : str
        One sentence: how the numbers came to be a kernel.
    assumptions : tuple of str
        What the reader of a text took for granted, a sentence each.
    is_motif : bool
        Whether it is the log odds of a motif, and so means that motif at m = 1.
    is_of_network : bool
        Whether a network scans with it, so that on both strands it is one kernel rather than one motif.
    """

    matrix: Array
    label: str
    reading: str
    assumptions: tuple[str, ...] = ()
    is_motif: bool = False
    is_of_network: bool = False


def motif_kernel(motif: Motif, background: Any, both_strands: bool = False) -> Kernel:
    """The log odds of a motif: with m = 1 the motif of the kernel is this one."""
    matrix, reading = log_odds(motif, background, both_strands=both_strands)
    return Kernel(matrix, motif.label, reading, motif.assumptions, is_motif=True)


def matrix_kernel(parsed: ParsedMatrix, label: str, background: Any, both_strands: bool = False) -> Kernel:
    """A plain matrix: scores are taken as they are, counts and probabilities as a motif."""
    if parsed.kind == "scores":
        return Kernel(parsed.values, label, "The numbers as they are.", parsed.assumptions)
    if parsed.kind == "counts":
        motif = Motif.from_counts(parsed.values, name=label, assumptions=parsed.assumptions)
    else:
        motif = Motif(label, "", parsed.values, assumptions=parsed.assumptions)
    return motif_kernel(motif, background, both_strands)


def own_kernel(imported: ImportedKernels, which: int, background: Any) -> Kernel:
    """A kernel of an uploaded model; beyond the last one, the last one.

    Motifs are held against `background`, whatever the one of their file: each means itself at m = 1.
    """
    place = min(which, len(imported) - 1)
    matrix = np.asarray(imported.kernels[place], dtype=float)
    said = (*imported.statements[1:], *imported.assumptions, *((imported.check,) if imported.check else ()))
    if imported.format == "motifs":
        shares = [np.full(len(matrix), 1 / len(matrix)) if q is None else q for q in (imported.background, background)]
        odds = np.log(shares[0]) - np.log(np.asarray(shares[1], dtype=float))
        matrix = matrix + np.where(matrix.any(axis=0), odds[:, None], 0.0)  # a column of zeros only fills up
        unused = "The file has a background of its own, which is not the one on the screen"
        said = tuple(each.replace(OF_THE_FILE, unused) for each in said) if abs(odds).max() > 1e-6 else said
    reading = f"From {imported.source}. {imported.statements[0] if imported.statements else ''}".strip()
    is_of_network = imported.format not in ("motifs", "matrix")  # a matrix in text is one that was typed
    is_motif = imported.format == "motifs"
    return Kernel(matrix, imported.names[place], reading, said, is_motif=is_motif, is_of_network=is_of_network)


def random_kernel(width: int, seed: int) -> Kernel:
    """Standard normal numbers with two decimals, as a network has before it is trained."""
    matrix = np.round(np.random.default_rng(seed).normal(size=(4, width)), 2)
    return Kernel(matrix, f"random, seed {seed}", "Standard normal numbers: a kernel before training.")


def jaspar_kernel(query: str, background: Any, both_strands: bool = False) -> Kernel:
    """A motif of the collection by its name, its accession, or both as in "CTCF (MA0139.2)"."""
    both = _NAME_AND_ACCESSION.fullmatch(query.strip())
    return motif_kernel(_jaspar(both[1] if both else query.strip()), background, both_strands)


def trained_kernel(name: str, rank: int) -> Kernel:
    """A kernel of a bundled model.

    Parameters
    ----------
    name : str
        As `list_models` has it.
    rank : int
        Place by the size of the output weight, from 0; beyond the last one, the last one.
    """
    found, info = example_kernels(name), load_example_model(name).info
    place = kernel_place(name, rank)
    label = f"{info.title}: {_kernel_label(place, _weights(name))}"
    reading = f"A trained model. {info.description} Its AUC on test sequences is {info.test_auc:.3f}."
    return Kernel(found.kernels[place], label, reading, is_of_network=True)


def trained_kernels(name: str) -> tuple[str, ...]:
    """A label for each kernel of a bundled model, the largest output weight first."""
    weights = _weights(name)
    return tuple(_kernel_label(place, weights) for place in _ranking(weights))


def kernel_place(name: str, rank: int) -> int:
    """The place of the kernel of this rank in its model."""
    places = _ranking(_weights(name))
    return places[min(rank, len(places) - 1)]


def kernel_rank(name: str, place: int) -> int:
    """The rank of the kernel at this place in its model; the strongest one's for a place that it has not."""
    places = _ranking(_weights(name))
    return places.index(place) if place in places else 0


def _weights(name: str) -> Array:
    return load_example_model(name).model.output_weights


def network_settings(network: ImportedKernels, which: int) -> dict[str, Any]:
    """The settings with which the E-step computes what the network computes, as far as they are known.

    Max and average have no `m`; they get 1.
    """
    found: dict[str, Any] = {"bias": round(float(network.bias[min(which, len(network) - 1)]), _DECIMALS)}
    if network.whole is not None:
        settings = network.computed._asdict()
        del settings["pooling"]
        m = 1.0 if network.m is None else round(network.m, _DECIMALS)
        return found | settings | {"m": m, "both_strands": False}
    if network.activation in ACTIVATIONS:
        found["activation"] = network.activation
    if network.padding in PADDINGS:
        found["padding"] = network.padding
    return found


def network_note(imported: ImportedKernels, which: int, choices: Mapping[str, Any]) -> str:
    """One sentence or two: which part of the screen the network computes; empty for motifs.

    Parameters
    ----------
    imported, which : as for `own_kernel`
    choices : mapping
        Present values, those of `network_settings` among them.
    """
    if imported.format == "motifs":
        return ""
    own = network_settings(imported, which)
    changed = [_said(key, value) for key, value in own.items() if choices[key] != value]
    if changed:
        return f"Not what the network computes: it has {_listed(changed)}."
    if imported.whole is not None and imported.output_weights is not None:
        counts = f"{imported.output_weights[min(which, len(imported) - 1)]:.3g}".replace("-", "−")
        passes_on = POOLING_METHODS[imported.whole.pooling].passes_on
        return f"{passes_on} It counts {counts} times towards the log odds of a bound sequence."
    if imported.reads_letters is False:
        return "Not what the network computes: these kernels do not read letters."
    told = ["its bias"] if imported.bias_is_known else []
    told += [_said(key, own[key]) for key in ("activation", "padding") if key in own]
    said = f"Set as in the file: {', '.join(told)}." if told else "The file holds the kernel only."
    if imported.activation not in (None, *ACTIVATIONS):
        said += f" Its activation ({imported.activation}) is none of the choices: these are the scores before it."
    if not imported.bias_is_known:
        said += " Its bias is not known, and 0 is taken."
    if imported.reads_letters is None:
        said += " Whether it reads letters is not known."
    return said


def _listed(said: list[str]) -> str:
    return f"{', '.join(said[:-1])} and {said[-1]}" if said[1:] else said[0]


_DECIMALS = 9  # as the panel rounds its numbers


def _said(key: str, value: Any) -> str:
    """A setting of a network in words."""
    named = {
        "activation": {"identity": "no rectifier", "relu": "ReLU"}.get(value, "the published rectifier"),
        "padding": "no padding" if value == "valid" else "zeros at both ends",
        "mode": f"mode {value}",
        "both_strands": "one strand",
        "local_window": "no local maximum" if value == 1 else f"a local maximum over {value} windows",
    }
    return named.get(key) or f"{key} = {value:.3g}".replace("-", "−")


def _ranking(weights: Array) -> list[int]:
    return [int(place) for place in np.argsort(-np.abs(weights), kind="stable")]


def _kernel_label(place: int, weights: Array) -> str:
    return f"kernel {place + 1}, output weight {weights[place]:.2f}".replace("-", "−")


def text_kernel(text: str, source: str, which: int, background: Any, both_strands: bool = False) -> Kernel:
    """A kernel out of a text in any format that the library reads.

    Parameters
    ----------
    text : str
        MEME, JASPAR, or rows of numbers (scores, probabilities or counts, whichever way they lie; scores where the
        text is `scores_text`).
    source : str
        What messages and the label call it.
    which : int
        Place of the motif among those of the text, from 0; beyond the last one, the last one.
    background : shape (letter,)
    both_strands : bool
        As for `log_odds`.

    Raises
    ------
    ArgumentError
        If the text is empty, or its matrix is no kernel of DNA.
    FormatError
        If it is in no known format.
    """
    if not text.strip():
        raise ArgumentError("kernel", "empty", "a matrix: four rows of numbers, A C G T")
    if _is_motif_file(text):
        motifs = _motifs(text, source)
        return motif_kernel(motifs[min(which, len(motifs) - 1)], background, both_strands)
    kernel = matrix_kernel(_matrix(text, source), _name_in(text) or source, background, both_strands)
    return kernel._replace(is_of_network=text.startswith(AS_SCORES + OF_A_NETWORK))


def scores_text(matrix: Any, name: str, digits: int = 17, *, is_of_network: bool = False) -> str:
    """A kernel as rows of letters under its name; whatever the numbers look like, they are no counts."""
    rows = zip("ACGT", np.asarray(matrix, dtype=float).tolist(), strict=True)
    lines = (f"{letter} {' '.join(f'{x:.{digits}g}' if digits < 17 else repr(x) for x in row)}" for letter, row in rows)
    head = AS_SCORES + (OF_A_NETWORK if is_of_network else "")
    return "\n".join([f"{head}: {' '.join(name.split())}", *lines]) + "\n"


def _name_in(text: str) -> str:
    first, _, name = text.partition("\n")[0].partition(":")
    return name.strip() if first in (AS_SCORES, AS_SCORES + OF_A_NETWORK) else ""


def motif_names(text: str, source: str) -> tuple[str, ...]:
    """The motifs of a text that may hold several; one name for a plain matrix."""
    return tuple(motif.label for motif in _motifs(text, source)) if _is_motif_file(text) else (source,)


def require_usable(kernel: Kernel, widest: int) -> None:
    """Raise an `ArgumentError` for a kernel that is too wide, or whose numbers are no kernel's.

    Raises
    ------
    ArgumentError
        If the kernel has not four rows, or too many columns, or too large a number.
    """
    letters, width = kernel.matrix.shape
    if letters != 4:
        raise ArgumentError("kernel", f"of {letters} letters", "DNA: four letters, A C G T")
    if width > widest:
        raise ArgumentError("kernel", f"{width} columns wide", f"at most {widest} columns")
    largest = float(np.abs(kernel.matrix).max())
    if not largest <= LARGEST_ENTRY:
        raise ArgumentError("kernel", f"a matrix with an entry of size {largest:g}", f"at most {LARGEST_ENTRY:g}")


def _is_motif_file(text: str) -> bool:
    return not text.startswith(AS_SCORES) and is_motif_file(text)


@lru_cache(maxsize=8)
def _motifs(text: str, source: str) -> list[Motif]:
    return parse_motifs(text, source=source, alphabet="DNA")


@lru_cache(maxsize=8)
def _matrix(text: str, source: str) -> ParsedMatrix:
    kind: Literal["scores"] | None = "scores" if text.startswith(AS_SCORES) else None
    return parse_matrix(text, source=source, alphabet="DNA", kind=kind)


@lru_cache(maxsize=32)
def _jaspar(query: str) -> Motif:
    if not query:
        raise ArgumentError("query", "empty", "a name or accession, such as CTCF")
    return load_jaspar(query)
