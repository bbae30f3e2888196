"""How often EM recovers a motif that was planted, over many seeds, and what an iteration costs.

    python benchmarks/em.py [--seeds 20] [--motifs CTCF SP1 GATA1] [--lengths 60 200] [--n 200] [--starts 20]

Each seed makes its own sequences: one site in each (OOPS), or in 70 % of them (ZOOPS), anywhere, drawn from the motif.
A motif is recovered when at least half of the sites that can be known, those that whoever holds the true motif points
at, are met by the most probable windows; `sites` is the mean share of all planted sites that are met, `knowing` the
same for who holds the true motif: a ceiling. `bits` is the mean divergence of the PPM from the planted one, a column.

Below it, the time of one iteration of 1,000 sequences of 200 letters, for one start and for several side by side, and
of `fit_em` with all substrings of CRP0 as starts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from epool_viz.core.em import EMResult, e_step, fit_em, m_step
from epool_viz.core.motifs import kl_divergence
from epool_viz.core.windows import FoundSite, is_at_known_site, sites_of, windows_of
from epool_viz.data.examples import load_example
from epool_viz.data.motifs.jaspar import load_jaspar
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.simulate import simulate

MOTIFS = ("CTCF", "SP1", "STAT3", "GATA1")
RATE = 0.7  # of zoops
UNIFORM = np.full(4, 0.25)


def share_met(found: list[FoundSite], data: SequenceSet) -> float:
    """Share of the planted sites that the found ones meet."""
    sites = data.sites or ()
    planted = sum(map(len, sites))
    return sum(is_at_known_site(each, sites[each.sequence]) for each in found) / planted


def nearest_bits(truth: np.ndarray[Any, Any], found: np.ndarray[Any, Any]) -> float:
    """Mean divergence a column, over the columns that both have, at the best shift of up to a third of the width."""
    width = truth.shape[1]
    best = np.inf
    for shift in range(-(width // 3), width // 3 + 1):
        n = width - abs(shift)
        a, b = truth[:, max(shift, 0) :][:, :n], found[:, max(-shift, 0) :][:, :n]
        best = min(best, float(np.mean(kl_divergence((a + 0.005) / 1.02, (b + 0.005) / 1.02))))
    return best


def one(motif: Any, occurrence: str, length: int, n: int, starts: int, seed: int) -> tuple[float, float, float]:
    """Share of sites met, the same for who knows the motif, and bits a column."""
    share = RATE if occurrence == "zoops" else 1.0
    data = simulate(motif, n=n, length=length, positive_fraction=share, margin=0, seed=seed)
    result: EMResult = fit_em(data, motif.width, occurrence=occurrence, n_starts=starts, seed=seed, background=UNIFORM)
    windows = windows_of(data, motif.width)
    known = e_step(windows, (motif.ppm + 1e-4) / (1 + 4e-4), occurrence=occurrence, site_rate=min(share, 0.999))
    least = 0.5 if occurrence == "zoops" else 0.0
    ceiling = share_met(sites_of(windows, known.posterior, least), data)
    return share_met(result.sites(least), data), ceiling, nearest_bits(motif.ppm, result.ppm)


def recovery(given: argparse.Namespace) -> None:
    """Print the table of recovered motifs."""
    print(f"{given.n} sequences, {given.starts} starts from random windows, {given.seeds} seeds")
    print(
        f"{'motif':10}{'width':>6}{'letters':>8}{'model':>7}{'recovered':>11}{'sites':>8}{'knowing':>9}{'bits':>7}{'s':>7}"
    )
    for name in given.motifs:
        motif = load_jaspar(name)
        for length in given.lengths:
            for occurrence in ("oops", "zoops"):
                began = time.perf_counter()
                runs = [one(motif, occurrence, length, given.n, given.starts, seed) for seed in range(given.seeds)]
                met, ceiling, bits = (statistics.mean(column) for column in zip(*runs, strict=True))
                recovered = sum(a >= 0.5 * c for a, c, _ in runs)
                seconds = (time.perf_counter() - began) / given.seeds
                told = f"{recovered}/{given.seeds}"
                print(
                    f"{name:10}{motif.width:6}{length:8}{occurrence:>7}{told:>11}{met:8.2f}{ceiling:9.2f}"
                    f"{bits:7.2f}{seconds:7.2f}",
                    flush=True,
                )


def milliseconds(act: Callable[[], object], repeats: int = 7) -> float:
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def speed() -> None:
    """Print what an iteration costs."""
    generator = np.random.default_rng(0)
    sequences = [generator.integers(0, 4, 200).astype(np.int8) for _ in range(1000)]
    print("\n1,000 sequences of 200 letters, an iteration in ms (budget 100)")
    for width in (8, 20):
        for both_strands in (False, True):
            windows = windows_of(sequences, width, both_strands=both_strands)
            ppm = generator.dirichlet(np.ones(4), size=width).T
            posterior = e_step(windows, ppm).posterior
            e = milliseconds(lambda windows=windows, ppm=ppm: e_step(windows, ppm))  # type: ignore[misc]
            m = milliseconds(lambda windows=windows, p=posterior: m_step(windows, p))  # type: ignore[misc]
            strands = "both strands" if both_strands else "one strand"
            print(f"width {width:2}, {strands:12}  E-step {e:5.1f}  M-step {m:5.1f}  together {e + m:5.1f}", flush=True)
    for starts in (1, 10):
        told: list[float] = []
        fit_em(
            sequences,
            20,
            n_starts=starts,
            max_iterations=10,
            tolerance=-1.0,
            on_iteration=lambda *_, told=told: told.append(time.perf_counter()),
        )
        each = 1000 * (told[-1] - told[0]) / (len(told) - 1)
        print(f"fit_em, {starts:2} starts side by side: {each:.1f} ms a start and iteration", flush=True)
    crp0 = load_example("crp0")
    print(f"CRP0, width 22, all substrings: {milliseconds(lambda: fit_em(crp0, 22, start='substrings'), 3):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--motifs", nargs="+", default=MOTIFS)
    parser.add_argument("--lengths", nargs="+", type=int, default=(60, 200))
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--starts", type=int, default=20)
    given = parser.parse_args()
    recovery(given)
    speed()


if __name__ == "__main__":
    main()
