"""All kernels of a network on a set of sequences: the readings of each, their worth, the known motif it resembles.

The numbers are those of the dashboard *Kernels as logos*, which calls the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epool_viz.analysis.kernel_readings import (
    READINGS,
    KernelReading,
    Samples,
    decision_shares,
    likeliest_m_or_none,
    opening_m,
    read_kernel,
    require_few,
    samples_of,
    samples_of_set,
)
from epool_viz.analysis.known_motifs import (
    MOST_QUERIES,
    Likeness,
    Match,
    example_matches,
    likeness,
    match_motifs,
    require_matching,
)
from epool_viz.core._arrays import background_like, require_number
from epool_viz.core.heuristics import RULES
from epool_viz.core.motifs import consensus
from epool_viz.core.types import Array
from epool_viz.data.examples import example_log_base, load_example_model
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.errors import ArgumentError

MOST_MATCHES = 3  # of each reading
# column -> what stands in it; a cell without a value is empty
COLUMNS = {
    "kernel": "number of the kernel, from 1",
    "name": "its name in the model, where it has one",
    "consensus": "likeliest letter of each column of the exact PPM; N where the column has no information",
    "output_weight": "weight of its pooled value in the output",
    "decides": "share of held-out bound sequences in which it moves the output most",
    "m": "natural logarithm of the base that it is read to",
    "offset": "score of a window less its exact log odds, in the unit of the scores",
    "residual": "largest difference between score and offset + log odds, over all held-out windows",
    "largest_activation": "of all windows that motifs are made of",
    "cut": "activation that a window has to exceed to be aligned by the heuristic",
    "aligned_windows": "windows that exceed it",
    "sites": "held-out sites that readings are judged by",
    "sites_are_known": "1 where they are known, 0 where they are the kernel's best windows",
    **{f"bits_{name}": f"information content of the {name} motif, bits" for name in READINGS},
    **{f"nats_a_site_{name}": f"mean log-likelihood ratio of the {name} motif at the sites, nats" for name in READINGS},
    **{
        f"evidence_{name}": f"mean log evidence of the {name} motif with one site anywhere, nats a held-out sequence"
        for name in READINGS
    },
    **{f"divergence_{name}": f"of the {name} motif from the exact one, bits" for name in READINGS if name != "exact"},
    "known_motif": "nearest known motif of all readings, by E-value",
    "known_accession": "its accession in JASPAR",
    "known_e_value": "its E-value",
    "known_reading": "the reading that resembles it",
    **{f"correlation_{name}": f"of the {name} motif with the aligned columns of that motif" for name in READINGS},
}


@dataclass(frozen=True, eq=False)
class NetworkReading:
    """The kernels of a network, read on a set of sequences.

    Attributes
    ----------
    kernels : ImportedKernels
    samples : Samples
        What motifs were made of, and what judged them.
    m : float
        The natural logarithm of the base that all kernels are read to.
    likeliest_m : float or None
        That of the maximum-likelihood base (`estimate_base`); None where there is none.
    background : shape (letter,)
    rule : "deepbind" or "basset"
    threshold : float
        Share of the largest activation that a window has to exceed.
    decides : shape (kernel,), or None
        How often each kernel of the network decides; see `decision_shares`.
    readings : tuple of KernelReading
        Of the chosen kernels, in rising order.
    matches : dict of int to dict of str to tuple of Match, or None
        Known motifs by kernel (from 0) and reading, the nearest first; None where they were not looked up.
    """

    kernels: ImportedKernels
    samples: Samples
    m: float
    likeliest_m: float | None
    background: Array
    rule: str
    threshold: float
    decides: Array | None
    readings: tuple[KernelReading, ...]
    matches: Mapping[int, Mapping[str, tuple[Match, ...] | None]]

    def likeness(self, reading: KernelReading) -> Likeness | None:
        """How near the readings of a kernel come to the known motif that one of them resembles most."""
        return likeness(self.matches[reading.kernel], {name: ppm for name, (ppm, _) in reading.motifs.items()})

    def name_of(self, k: int) -> str:
        """The name of a kernel in its model; "" where it has none."""
        return self.kernels.names[k] if self.kernels.names else ""

    def motifs(self, reading: str) -> list[Motif]:
        """A reading of the kernels, for `write_meme`; those without this reading are left out.

        Raises
        ------
        ArgumentError
            For a reading that is none of "exact", "heuristic" and "posterior".
        """
        if reading not in READINGS:
            raise ArgumentError("reading", repr(reading), ", ".join(map(repr, READINGS)))
        whose, against = self.kernels.example or "model", (self.background, self.kernels.alphabet)
        return [
            counted_motif(f"{whose}_kernel_{each.kernel + 1}_{reading}", reading, *each.motifs[reading], *against)
            for each in self.readings
            if reading in each.motifs
        ]

    def rows(self) -> list[dict[str, Any]]:
        """A row of `COLUMNS` for each kernel; None where there is no value."""
        return [self._row(each) for each in self.readings]

    def _row(self, each: KernelReading) -> dict[str, Any]:
        k, weights, judged = each.kernel, self.kernels.output_weights, each.worth
        letters = self.kernels.alphabet.letters
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {
            "kernel": k + 1,
            "name": self.name_of(k) or None,
            "consensus": consensus(each.motifs["exact"][0], letters, self.background),
            "output_weight": None if weights is None else float(weights[k]),
            "decides": None if self.decides is None else float(self.decides[k]),
            "m": each.m,
            "offset": each.offset,
            "residual": each.residual,
            "largest_activation": each.largest,
            "cut": each.cut,
            "aligned_windows": each.n_windows,
            "sites": judged.n_sites,
            "sites_are_known": int(judged.known),
        }
        for name in each.motifs:
            row[f"bits_{name}"] = each.bits[name]
            row[f"nats_a_site_{name}"] = judged.at_sites[name]
            row[f"evidence_{name}"] = judged.evidence[name]
        for name, columns in each.divergence.items():
            row[f"divergence_{name}"] = float(columns.sum())
        near = self.likeness(each)
        if near is not None:
            match = near.match
            row |= {"known_motif": match.name, "known_accession": match.accession, "known_e_value": match.e_value}
            row["known_reading"] = near.reading
            row |= {f"correlation_{name}": value for name, value in near.correlation.items()}
        return row


def read_network(
    model: ImportedKernels,
    sequences: Samples | SequenceSet,
    *,
    test: SequenceSet | None = None,
    m: float | None = None,
    background: Any = "uniform",
    rule: str = "deepbind",
    threshold: float | None = None,
    kernels: Iterable[int] | None = None,
    known: bool | None = None,
    on_kernel: Callable[[int, int], object] | None = None,
) -> NetworkReading:
    """Read the kernels of a network on a set of sequences, three ways, and judge the readings.

    Parameters
    ----------
    model : ImportedKernels
        What `import_kernels` gives, or `example_kernels`.
    sequences : SequenceSet, or Samples
        Of a set with labels those with label 1 are taken as bound, of one without labels all. A fifth is set aside to
        judge by, unless `test` is given. Samples, as of `example_samples`, are set aside already.
    test : SequenceSet or None
        Other sequences to judge by.
    m : float >= 0, or None
        The natural logarithm of the base of the scores. None is the `m` of the network's pooling, else that of the
        maximum-likelihood base, else 1.
    background : "uniform", "sequences", or array of shape (letter,)
        "sequences" takes the letters of those that motifs are made of.
    rule : "deepbind" or "basset"
        Of the heuristic.
    threshold : float in [0, 1), or None
        Share of the largest activation that a window has to exceed; None is the rule's own.
    kernels : iterable of int, or None
        Places of the kernels to read, from 0; None reads all.
    known : bool or None
        Whether to look known motifs up. True compares with JASPAR what was not compared before (extra `motifs`; a
        minute the first time); None takes what ships with a bundled model alone; False takes none.
    on_kernel : callable (kernels read, kernels to read), or None

    Returns
    -------
    NetworkReading

    Raises
    ------
    ArgumentError
        For too few sequences, none of them bound or with a whole window, another alphabet than the kernels', a kernel
        that is not there, or an option that is none of the above.
    MissingExtraError
        If known motifs are to be looked up without memelite.

    Source: Ding et al., bioRxiv 163220, theorem 1, for the exact reading and its base; Alipanahi et al., Nat Biotechnol
    33:831 (2015) and Kelley et al., Genome Res 26:990 (2016) for the heuristics; Lawrence & Reilly, Proteins 7:41
    (1990) for the M-step; Gupta et al., Genome Biology 8:R24 (2007) for the comparison with known motifs.
    """
    network = require_few(model)
    samples = _samples(sequences, test, network)
    if rule not in RULES:
        raise ArgumentError("rule", repr(rule), ", ".join(map(repr, RULES)))
    share = RULES[rule] if threshold is None else float(threshold)
    if m is not None:
        require_number(m, "m", at_least=0)
    places = _places(kernels, len(network))
    if known:
        _require_comparable(network)
    likeliest = likeliest_m_or_none(network, samples)
    base = opening_m(network, likeliest) if m is None else float(m)
    q = _background(background, samples, len(network.alphabet))
    readings = []
    for done, k in enumerate(places, start=1):
        readings.append(read_kernel(network, k, samples, base, background=q, rule=rule, threshold=share))
        if on_kernel is not None:
            on_kernel(done, len(places))
    decides = decision_shares(network, samples)
    options = {"background": q, "rule": rule, "threshold": share}
    matches = {each.kernel: _shipped(each, network, samples, known, options) for each in readings}
    if known:
        _look_up(readings, matches)
    return NetworkReading(network, samples, base, likeliest, q, rule, share, decides, tuple(readings), matches)


def shipped_matches(
    kernels: ImportedKernels,
    samples: Samples | None,
    k: int,
    reading: str,
    m: float,
    *,
    background: Array,
    rule: str,
    threshold: float,
) -> tuple[Match, ...] | None:
    """The known motifs that a reading of a bundled model resembles, as found once; None where it was read otherwise.

    They were found at the model's own `m`, a uniform background, and each rule's own threshold, on its own sequences.

    Parameters
    ----------
    kernels, samples : as for `read_kernel`
    k : int
        Place of the kernel, from 0.
    reading : "exact", "heuristic" or "posterior"
    m, background, rule, threshold : as for `read_kernel`
    """
    if not kernels.example:
        return None
    if reading == "heuristic":
        is_as_found = threshold == RULES[rule]
    else:
        is_as_found = m == (example_log_base(kernels.example) if kernels.m is None else kernels.m)
    if reading == "exact":
        is_as_found = is_as_found and bool(np.all(background == 1 / len(background)))
    elif samples is None or samples.data != load_example_model(kernels.example).info.data:
        return None
    if not is_as_found:
        return None
    return example_matches(kernels.example).get(rule if reading == "heuristic" else reading, {}).get(k, ())


def counted_motif(name: str, reading: str, ppm: Array, n_sites: float, background: Array, alphabet: Any) -> Motif:
    """A reading as a motif that can be written: the exact one without sites, the heuristic one with its counts."""
    sites = None if np.isinf(n_sites) else n_sites
    counts = np.rint(ppm * n_sites) if reading == "heuristic" else None
    return Motif(name, "", ppm, counts, sites, background, alphabet)


def _samples(sequences: Samples | SequenceSet, test: SequenceSet | None, network: ImportedKernels) -> Samples:
    if isinstance(sequences, Samples):
        samples = sequences
    elif test is None:
        samples = samples_of_set(sequences, sequences.source)
    else:
        samples = samples_of(sequences, test, title=sequences.source)
    for part_name, name in (("making", "sequences"), ("judging", "sequences" if test is None else "test")):
        part = getattr(samples, part_name)
        if part.alphabet.letters != network.alphabet.letters:
            accepted = f"{network.alphabet.name}, which the kernels read"
            raise ArgumentError(name, f"of {part.alphabet.name}", accepted)
        try:
            samples.windows(part_name, network.width)
        except ArgumentError as error:
            raise ArgumentError(name, error.found, error.accepted) from None
    return samples


def _places(wanted: Iterable[int] | None, n: int) -> list[int]:
    if wanted is None:
        return list(range(n))
    places = sorted(set(wanted))
    if not places or not 0 <= places[0] <= places[-1] < n:
        found = f"{places[0] if places[0] < 0 else places[-1]}" if places else "none"
        raise ArgumentError("kernels", found, f"places from 0 to {n - 1}")
    return places


def _background(given: Any, samples: Samples, n: int) -> Array:
    if isinstance(given, str):
        if given not in ("uniform", "sequences"):
            raise ArgumentError("background", repr(given), '"uniform", "sequences", or an array of shape (letter,)')
        return np.full(n, 1 / n) if given == "uniform" else np.asarray(samples.making.letter_frequencies())
    return np.asarray(background_like(given, np.zeros(0), n))


def _shipped(
    each: KernelReading, network: ImportedKernels, samples: Samples, known: bool | None, options: dict[str, Any]
) -> dict[str, tuple[Match, ...] | None]:
    if known is False:
        return dict.fromkeys(READINGS)
    return {name: shipped_matches(network, samples, each.kernel, name, each.m, **options) for name in READINGS}


def _require_comparable(network: ImportedKernels) -> None:
    require_matching()
    if network.alphabet.name != "DNA":
        raise ArgumentError("known", f"True for kernels that read {network.alphabet.name}", "kernels that read DNA")


def _look_up(readings: list[KernelReading], matches: dict[int, dict[str, tuple[Match, ...] | None]]) -> None:
    """Compare with JASPAR what was not compared before."""
    asked = [
        (each.kernel, name, ppm)
        for each in readings
        for name, (ppm, _) in each.motifs.items()
        if matches[each.kernel][name] is None
    ]
    for begin in range(0, len(asked), MOST_QUERIES):
        part = asked[begin : begin + MOST_QUERIES]
        found = match_motifs([ppm for *_, ppm in part], most=MOST_MATCHES)
        for (k, name, _), each in zip(part, found, strict=True):
            matches[k][name] = each
