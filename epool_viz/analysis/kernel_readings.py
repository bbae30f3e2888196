"""Three readings of the kernels of a model, and how good each is. Arrays and sets in, arrays out.

The exact reading depends on a kernel and its base alone (Ding et al., bioRxiv 163220, theorem 1). The heuristic one
counts the windows in which the kernel is active (Alipanahi et al., Nat Biotechnol 33:831, 2015; Kelley et al., Genome
Res 26:990, 2016). The posterior one is one M-step of EM, whose E-step is ePooling's (Lawrence & Reilly, Proteins 7:41,
1990; Luo et al., Bioinformatics 36(5), 2020).

Motifs are made of the training sequences of a model and judged by other ones: of either, the bound ones, for those hold
the sites.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from epool_viz.core.em import m_step
from epool_viz.core.heuristics import (
    RULES,
    Alignment,
    best_windows,
    heuristic_pfm,
    log_ratios,
    on_sites,
    window_scores,
)
from epool_viz.core.kernels import estimate_base, kernel_to_pwm_at
from epool_viz.core.motifs import information_content, kl_divergence
from epool_viz.core.pooling import activate, local_max, pool
from epool_viz.core.posterior import log_evidence
from epool_viz.core.scan import scan
from epool_viz.core.types import Array
from epool_viz.core.windows import Windows, windows_of
from epool_viz.data.examples import example_log_base, example_model_data, load_example_model
from epool_viz.data.networks.kernels import ImportedKernels
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import split_sequences
from epool_viz.errors import ArgumentError, NoFiniteBaseError

READINGS = ("exact", "heuristic", "posterior")
IMAGINARY_SITES = 1.0  # in the counts of a motif that is to be judged
SMALLEST = 1e-300  # what stands for a probability that a float cannot hold
STEPS = 100  # of the threshold, from 0 up to 1
MOST_SEQUENCES = 1000  # of either part; what comes after takes no part
MOST_KERNELS = 512  # of a model
LEAST_SEQUENCES = 5
TEST_SHARE = 0.2
MOST_SCORES = 20_000_000  # of all kernels, to find which of them decide: a second


@dataclass(frozen=True, eq=False)
class Samples:
    """Sequences to make motifs of, and others to judge them by.

    Attributes
    ----------
    title : str
    making, judging : SequenceSet
        Bound ones.
    tested : SequenceSet
        The held-out set, bound or not: what the use of a kernel is measured on.
    uploaded : int
        Number of uploaded sequences that these are part of; 0 for those of a bundled model.
    data : str
        For `example_model_data`, where they are those of a model that ships; else "".
    held_out : float
        The share of a visitor's sequences that is set aside to judge by.
    most : int
        Bound sequences of either part that take part.
    """

    title: str
    making: SequenceSet
    judging: SequenceSet
    tested: SequenceSet
    uploaded: int = 0
    data: str = ""
    held_out: float = TEST_SHARE
    most: int = MOST_SEQUENCES
    _windows: dict[tuple[str, int], Windows] = field(default_factory=dict, repr=False)

    @property
    def judged_by(self) -> str:
        """Which sequences judge, how many, and why not all."""
        n = len(self.judging)
        if not self.uploaded:
            return f"{n:,} held-out bound sequences"
        bound = "" if self.judging.labels is None else ", of it those with label 1"
        most = f", the first {self.most:,} of them" if n == self.most else ""
        share = "fifth" if self.held_out == TEST_SHARE else f"{100 * self.held_out:g} %"
        return f"{n:,} of your {self.uploaded:,} sequences, the {share} set aside to judge by{bound}{most}"

    def windows(self, part: str, width: int) -> Windows:
        """The whole windows of known letters of "making", "judging" or "tested", listed once.

        Raises
        ------
        ArgumentError
            If no sequence of the part has one.
        """
        key = (part, width)
        if key not in self._windows:
            if len(self._windows) > 3:
                self._windows.clear()
            self._windows[key] = windows_of(getattr(self, part), width, skip=True)
        return self._windows[key]


def require_few(kernels: ImportedKernels) -> ImportedKernels:
    """The kernels themselves.

    Raises
    ------
    ArgumentError
        If they are too many.
    """
    if len(kernels) > MOST_KERNELS:
        raise ArgumentError(f"the file {kernels.source}", f"{len(kernels)} kernels", f"at most {MOST_KERNELS}")
    return kernels


def samples_of_set(
    found: SequenceSet, name: str, *, held_out: float = TEST_SHARE, most: int = MOST_SEQUENCES
) -> Samples:
    """Sequences with a share of them set aside to judge by.

    Parameters
    ----------
    found : SequenceSet
    name : str
        What messages and `Samples.title` call it.
    held_out : float in (0, 1)
        The share that is set aside, drawn at random by a fixed seed.
    most : int
        Bound sequences of either part that take part, the first ones.

    Returns
    -------
    Samples

    Raises
    ------
    ArgumentError
        If they are too few, or without a bound one.
    """
    if len(found) < LEAST_SEQUENCES:
        raise ArgumentError(f"the file {name}", f"{len(found)} sequences", f"at least {LEAST_SEQUENCES}")
    samples = samples_of(*split_sequences(found, held_out), title=name, most=most)
    return replace(samples, uploaded=len(found), held_out=held_out)


@lru_cache(maxsize=2)
def example_samples(data: str) -> Samples:
    """The sequences of a model that ships: those it was trained with, and those it was tested with.

    Parameters
    ----------
    data : str
        As for `example_model_data`.

    Raises
    ------
    ArgumentError
        If there is no such set.
    """
    train, test = example_model_data(data)
    samples = samples_of(train, test, title=load_example_model(f"{data}_max").info.title.split(",")[0])
    return replace(samples, data=data)


def samples_of(train: SequenceSet, test: SequenceSet, *, title: str = "", most: int = MOST_SEQUENCES) -> Samples:
    """Two sets as samples: the bound sequences of each, all where there are no labels; the first ones of many.

    Parameters
    ----------
    train, test : SequenceSet
        To make motifs of, and to judge them by.
    title : str
    most : int
        Bound sequences of either set that take part; of the held-out set as a whole twice as many.

    Returns
    -------
    Samples

    Raises
    ------
    ArgumentError
        If either has no bound sequence.
    """
    making, judging = (_bound(part)[:most] for part in (train, test))
    if not len(making) or not len(judging):
        raise ArgumentError("sequences", "without a bound one", "at least two sequences with the label 1, or no labels")
    return Samples(title, making, judging, test[: 2 * most], most=most)


def _bound(part: SequenceSet) -> SequenceSet:
    return part if part.labels is None else part[part.labels == 1]


# --- the base


def likeliest_m(kernels: ImportedKernels, samples: Samples) -> float:
    """The logarithm of the maximum-likelihood base over all kernels, by `estimate_base`.

    Sequences without a whole window of known letters take no part.

    Raises
    ------
    ArgumentError
        If no sequence has such a window.
    NoFiniteBaseError
        If the likelihood is largest at base 1, or grows with the base without end.

    Source: Ding et al., bioRxiv 163220, the maximum-likelihood base.
    """
    has_window = samples.windows("making", kernels.width).n_windows > 0
    return float(np.log(estimate_base(_double(kernels), samples.making[has_window])))


def likeliest_m_or_none(kernels: ImportedKernels, samples: Samples) -> float | None:
    """`likeliest_m`; of a model that ships with its own sequences what was found once, and None where there is none."""
    if samples.data and kernels.example and load_example_model(kernels.example).info.data == samples.data:
        return example_log_base(kernels.example)  # finding it loads scipy's optimisers
    try:
        return likeliest_m(kernels, samples)
    except NoFiniteBaseError:
        return None


def opening_m(kernels: ImportedKernels, likeliest: float | None) -> float:
    """The `m` that kernels are first read with: their pooling's, else the likeliest, else 1."""
    if kernels.m is not None:
        return kernels.m
    return 1.0 if likeliest is None else likeliest


# --- the readings


def _double(kernels: ImportedKernels, k: int | slice = slice(None)) -> Array:
    """A kernel or all, in double precision: files hold single precision."""
    return np.asarray(kernels.kernels[k], dtype=float)


def exact_ppms(kernels: ImportedKernels, m: float, background: Array | None = None) -> Array:
    """What the kernels mean by themselves, to the base `e^m`; shape (kernel, letter, width)."""
    return np.asarray(kernel_to_pwm_at(_double(kernels), m, background=background).ppm)


def residual(kernels: ImportedKernels, k: int, samples: Samples, m: float, background: Array | None = None) -> float:
    """The largest difference between a score of the network and offset + log odds of the exact PPM.

    Over every window of the held-out bound sequences. It is 0 but for rounding: theorem 1 of Ding et al., bioRxiv
    163220, which this checks on the network's own sequences.

    Parameters
    ----------
    kernels, k, samples, m, background
        As for `read_kernel`.

    Returns
    -------
    float, in the unit of the scores
    """
    kernel, bias = _double(kernels, k), float(kernels.bias[k])
    read = kernel_to_pwm_at(kernel, m, bias=bias, background=background)
    windows = samples.windows("judging", kernels.width)
    scores = window_scores(windows, kernel, bias=bias)
    if m > 0:
        odds = log_ratios(windows, np.maximum(read.ppm, SMALLEST), background=background) / m
    else:
        odds = window_scores(windows, read.pwm)
    return float(np.max(np.abs(scores - float(read.offset) - odds)))


class Thresholds(NamedTuple):
    """The heuristic at every threshold of the slider.

    Attributes
    ----------
    pfm : shape (STEPS, letter, width), counts
    n_windows : shape (STEPS,)
    largest : float
        Activation.
    """

    pfm: Array
    n_windows: Array
    largest: float


def all_thresholds(kernels: ImportedKernels, k: int, samples: Samples, rule: str) -> Thresholds:
    """What `heuristic_pfm` counts at the thresholds 0, 1/STEPS, 2/STEPS, ..., in one pass.

    Parameters
    ----------
    kernels, k, samples, rule
        As for `heuristic`.
    """
    found = heuristic(kernels, k, samples, rule, 0.0)
    n_letters, width = found.pfm.shape
    pfm = np.zeros((STEPS, n_letters, width))
    n_windows = np.zeros(STEPS, dtype=int)
    if len(found.places):
        cuts = np.array([share / STEPS * found.largest for share in range(STEPS)])
        # the number of cuts below each activation: a window counts at all of these
        passed = np.searchsorted(cuts, found.activations, side="left") - 1
        letters = found.windows.letters[found.places]
        for j in range(width):
            held = np.bincount(passed * n_letters + letters[:, j], minlength=STEPS * n_letters)
            pfm[:, :, j] = held.reshape(STEPS, n_letters)
        n_windows = np.bincount(passed, minlength=STEPS)
        pfm, n_windows = (np.cumsum(each[::-1], axis=0)[::-1] for each in (pfm, n_windows))
    return Thresholds(pfm, n_windows, found.largest)


def heuristic(
    kernels: ImportedKernels, k: int, samples: Samples, rule: str, threshold: float | None = None
) -> Alignment:
    """The heuristic reading of a kernel: `heuristic_pfm` over the windows of `making`, behind the network's activation.

    Parameters
    ----------
    kernels, k, samples
        As for `read_kernel`.
    rule, threshold
        As for `heuristic_pfm`.

    Raises
    ------
    ArgumentError
        For an unknown rule, or a threshold outside [0, 1).
    """
    return heuristic_pfm(
        samples.windows("making", kernels.width),
        _double(kernels, k),
        bias=float(kernels.bias[k]),
        rule=rule,
        threshold=threshold,
        activation=kernels.computed.activation,
    )


def posterior(
    kernels: ImportedKernels, k: int, samples: Samples, m: float, part: str = "making"
) -> tuple[Windows, Array]:
    """The windows of a part and the posterior of each: that the one site of its sequence starts there.

    Returns
    -------
    (Windows, array of shape (window,))
        The posterior sums to 1 in each sequence that has a window.

    Source: Lawrence & Reilly, Proteins 7:41 (1990); Luo et al., Bioinformatics 36(5), 2020, for its softmax.
    """
    windows = samples.windows(part, kernels.width)
    scores = m * window_scores(windows, _double(kernels, k))
    most = np.full(len(windows.first), -np.inf)
    np.maximum.at(most, windows.sequence, scores)
    powers = np.exp(scores - most[windows.sequence])
    total = np.bincount(windows.sequence, weights=powers, minlength=len(windows.first))
    return windows, powers / total[windows.sequence]


def posterior_motif(kernels: ImportedKernels, k: int, samples: Samples, m: float) -> Array:
    """One M-step with the kernel's own posterior: `posterior_ppm`, with windows that were listed before."""
    windows, weights = posterior(kernels, k, samples, m)
    return np.asarray(m_step(windows, weights))


def motif_of(
    reading: str, kernels: ImportedKernels, k: int, samples: Samples | None, m: float, background: Array | None = None
) -> tuple[Array, float] | None:
    """A reading and the number of sites in it, infinite for the exact one; None where there is none.

    Parameters
    ----------
    reading : "exact", "posterior", or a rule ("deepbind", "basset") at its own threshold

    Returns
    -------
    (array of shape (letter, width), float), or None
        None without sequences, and for a heuristic that no window passes.

    Raises
    ------
    ArgumentError
        For another reading.
    """
    if reading == "exact":
        return np.asarray(kernel_to_pwm_at(_double(kernels, k), m, background=background).ppm), float("inf")
    if samples is None:
        return None
    if reading == "posterior":
        return posterior_motif(kernels, k, samples, m), float(
            np.sum(samples.windows("making", kernels.width).n_windows > 0)
        )
    if reading not in RULES:
        raise ArgumentError("reading", repr(reading), f"'exact', 'posterior', {', '.join(map(repr, RULES))}")
    found = heuristic(kernels, k, samples, reading)
    return (found.ppm(), float(len(found.places))) if len(found.places) else None


# --- what a reading is worth


class Worth(NamedTuple):
    """What motifs give to held-out sequences.

    Attributes
    ----------
    at_sites : dict of str to float
        Mean log-likelihood ratio at the sites, nats a site.
    evidence : dict of str to float
        Mean log evidence with one site anywhere, nats a sequence.
    n_sites : int
    known : bool
        Whether the sites are known; else they are the kernel's best windows.
    """

    at_sites: dict[str, float]
    evidence: dict[str, float]
    n_sites: int
    known: bool


def sites_of(kernels: ImportedKernels, k: int, samples: Samples) -> tuple[Array, bool]:
    """Places of the held-out sites: the best window on a known site of each sequence, else the best of each.

    Returns
    -------
    (int array of places in `samples.windows("judging", width)`, bool)
        And whether the sites are known.
    """
    windows = samples.windows("judging", kernels.width)
    scores = window_scores(windows, _double(kernels, k))
    known = samples.judging.sites
    among = None if known is None else on_sites(windows, known)
    return best_windows(windows, scores, among=among), known is not None


def worth(
    kernels: ImportedKernels,
    k: int,
    samples: Samples,
    motifs: dict[str, tuple[Array, float]],
    background: Array | None = None,
) -> Worth:
    """Judge motifs by sequences that took no part in making them.

    Parameters
    ----------
    motifs : dict of str to (ppm, number of sites)
        Counted ones get `IMAGINARY_SITES`, so that no letter is impossible.
    background : shape (letter,), or None for uniform

    Returns
    -------
    Worth
    """
    windows = samples.windows("judging", kernels.width)
    places, known = sites_of(kernels, k, samples)
    at_sites, evidence = {}, {}
    for name, (ppm, n_sites) in motifs.items():
        ratios = log_ratios(windows, _possible(ppm, n_sites), background=background)
        at_sites[name] = float(ratios[places].mean()) if len(places) else float("nan")
        evidence[name] = float(np.mean(_evidence(ratios, windows)))
    return Worth(at_sites, evidence, len(places), known)


def _possible(ppm: Array, n_sites: float) -> Array:
    """A PPM without a zero: counts with imaginary sites; an exact one as it is, but for what a float cannot hold."""
    if np.isinf(n_sites):
        return np.maximum(ppm, SMALLEST)
    uniform = 1 / len(ppm)
    return np.asarray((ppm * n_sites + IMAGINARY_SITES * uniform) / (n_sites + IMAGINARY_SITES))


def _evidence(ratios: Array, windows: Windows) -> Array:
    parts = zip(windows.first, windows.n_windows, strict=True)
    return np.array([float(log_evidence(ratios[first : first + n], offset=0.0)) for first, n in parts if n])


# --- how a network uses its kernels


def pooled(kernels: ImportedKernels, onehot: Array) -> Array:
    """What the network pools of each kernel; shape (sequence, kernel)."""
    now = kernels.computed
    scores = np.asarray(scan(onehot, _double(kernels), bias=np.asarray(kernels.bias, float), padding=now.padding))
    values = np.asarray(activate(scores, now.activation))
    if now.local_window > 1:
        values = np.asarray(local_max(values, now.local_window).values)
    return np.asarray(pool(values, method=now.pooling, m=1.0 if now.m is None else now.m, mode=now.mode))


def decision_shares(kernels: ImportedKernels, samples: Samples) -> Array | None:
    """How often each kernel decides: the share of held-out bound sequences in which it moves the output most.

    A kernel moves the output by its output weight times what its pooled value differs from the mean of the whole
    held-out set; without output weights, by that difference alone. Of very many kernels only the first ones are used.

    Parameters
    ----------
    kernels : ImportedKernels
    samples : Samples

    Returns
    -------
    array of shape (kernel,), which sums to 1; None where it is not known
        Because the pooling is not, or because none of these sequences is bound.
    """
    if not kernels.computed.pooling:
        return None
    tested = samples.tested
    if kernels.computed.padding == "valid":
        tested = tested[tested.lengths >= kernels.width]  # the others have no score
    each = len(kernels) * max(int(tested.lengths.max(initial=1)), 1)
    tested = tested[: max(MOST_SCORES // each, 1)]
    bound = np.ones(len(tested), dtype=bool) if tested.labels is None else np.asarray(tested.labels == 1)
    if not bound.any():
        return None
    values = np.concatenate([pooled(kernels, one_hots) for one_hots in _batches(tested)])
    weights = np.ones(len(kernels)) if kernels.output_weights is None else kernels.output_weights
    moved = np.abs(weights * (values - values.mean(axis=0)))[bound]
    return np.bincount(moved.argmax(axis=1), minlength=len(kernels)) / len(moved)


def _batches(found: SequenceSet, size: int = 50) -> Any:
    """One-hot arrays of a few sequences at a time: all at once would take more than a viewing kernel may."""
    even = bool(np.ptp(found.lengths) == 0)
    step = size if even else 1
    for at in range(0, len(found), step):
        yield found[slice(at, at + step)].one_hot(np.float64)


def bits_of(ppms: Array, background: Array | None = None) -> Array:
    """Information content against a background, bits; (..., letter, width) -> (...)."""
    return np.asarray(np.sum(information_content(ppms, background), axis=-1))


# --- one kernel, all of it


class KernelReading(NamedTuple):
    """One kernel read three ways, and what each way is worth.

    Attributes
    ----------
    kernel : int
        Its place, from 0.
    m : float
        The natural logarithm of the base that it is read to.
    pwm : shape (letter, width)
        Exact log odds to the base `e^m`: every window scores `offset + sum_j pwm[letter_j, j]`.
    offset : float
    motifs : dict of str to (array of shape (letter, width), float)
        PPM and number of sites by reading ("exact", "heuristic", "posterior"); the sites of the exact one are
        infinite. Without the heuristic where no window passes its threshold.
    bits : dict of str to float
        Information content of each of these against the background.
    divergence : dict of str to array, shape (width,), bits
        Of the other readings from the exact one (Kullback-Leibler), column by column.
    worth : Worth
    residual : float
        Between the network's scores and the exact PPM's, over all held-out windows; 0 but for rounding.
    largest, cut : float
        Activation: the largest of all windows, and what a window has to exceed to be aligned.
    n_windows : int
        Aligned by the heuristic.
    """

    kernel: int
    m: float
    pwm: Array
    offset: float
    motifs: dict[str, tuple[Array, float]]
    bits: dict[str, float]
    divergence: dict[str, Array]
    worth: Worth
    residual: float
    largest: float
    cut: float
    n_windows: int

    @property
    def pfm(self) -> Array | None:
        """Letter counts of the heuristic, shape (letter, width); None where no window passes."""
        if "heuristic" not in self.motifs:
            return None
        ppm, n_sites = self.motifs["heuristic"]
        return np.rint(ppm * n_sites)


def read_kernel(
    kernels: ImportedKernels,
    k: int,
    samples: Samples,
    m: float,
    *,
    background: Array | None = None,
    rule: str = "deepbind",
    threshold: float | None = None,
    alignment: Alignment | None = None,
    motifs: Mapping[str, tuple[Array, float]] | None = None,
) -> KernelReading:
    """Read one kernel exactly, by a heuristic and by one M-step, and judge the readings by held-out sequences.

    Parameters
    ----------
    kernels : ImportedKernels
    k : int
        Place of the kernel, from 0.
    samples : Samples
    m : float >= 0
    background : shape (letter,), or None for uniform
        Of the exact reading, of bits, divergence and worth.
    rule, threshold
        As for `heuristic_pfm`.
    alignment : Alignment or None
        What `heuristic` gave for this rule and threshold, if it is there already.
    motifs : dict of str to (PPM, number of sites), or None
        What `motif_of` gave for "exact" and "posterior", if they are there already.

    Returns
    -------
    KernelReading

    Raises
    ------
    ArgumentError
        For a rule, threshold, `m` or background that is none, or without a held-out window.
    """
    exact = kernel_to_pwm_at(_double(kernels, k), m, bias=float(kernels.bias[k]), background=background)
    aligned = heuristic(kernels, k, samples, rule, threshold) if alignment is None else alignment
    made: dict[str, tuple[Array, float] | None] = dict(motifs or {})
    for reading in ("exact", "posterior"):
        if reading not in made:
            made[reading] = motif_of(reading, kernels, k, samples, m, background)
    n_windows = len(aligned.places)
    made["heuristic"] = (aligned.ppm(), float(n_windows)) if n_windows else None
    found = {reading: motif for reading in READINGS if (motif := made[reading]) is not None}
    floor = np.maximum(found["exact"][0], SMALLEST)
    return KernelReading(
        k,
        m,
        np.asarray(exact.pwm),
        float(exact.offset),
        found,
        {reading: float(bits_of(ppm, background)) for reading, (ppm, _) in found.items()},
        {name: np.asarray(kl_divergence(ppm, floor)) for name, (ppm, _) in found.items() if name != "exact"},
        worth(kernels, k, samples, found, background),
        residual(kernels, k, samples, m, background),
        aligned.largest,
        aligned.cut,
        n_windows,
    )
