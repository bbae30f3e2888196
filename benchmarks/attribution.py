"""Which reading finds the letters of the sites: the exact one, or captum's heuristics?

    python -m benchmarks.attribution [--networks 3] [--out FOLDER]

Networks with each pooling, trained on 1,280 sequences with two motifs (the models `two_motifs_...` that ship, and the
same network from further seeds); three test sets of 200 sequences with a planted site, made with other seeds. Every
method gives each letter a score. How high the site's letters rank among the 200 is the area under the precision-recall
curve of a sequence, and what is reported is its mean over sequences; in brackets the interval that holds 95 % of sets
drawn again from these sequences; `networks` is the lowest and the highest mean among networks of different seeds.
`smoothed` is the same after averaging each track over the kernel's width: the posterior covers the letters that a motif
does not care about, scores of single letters leave them out.

DeepLIFT and integrated gradients are compared with a quarter of each letter. All numbers come from the closed forms of
`epool_viz.core.attribution`; how far captum lies from them is written below, with how much of the sum captum's DeepLIFT
misses when it knows no rule for our layers.

With --out the results (`attribution.json`) and captum's tracks of a few sequences (`attribution.safetensors`) are
written as they ship. It trains networks for minutes, so `make bench` leaves it alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epool_viz.core.types import Array

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.make_gallery import SETTINGS
from epool_viz.analysis.attribution_truth import (
    KIND,
    SEEDS,
    example_network,
    network_of,
    site_letters,
    site_precisions,
    site_sequences,
)
from epool_viz.core.attribution import (
    COMPLETE,
    HEURISTICS,
    METHODS,
    MotifNetwork,
    attribute_letters,
)
from epool_viz.data.examples import example_model_data, list_models
from epool_viz.data.networks.stored import write_arrays

POOLINGS = ("expectation", "logsumexp", "max", "average")
RESAMPLED = 2000
CHECKED = 20  # sequences that captum is asked about
SHOWN = 4  # of them ship
DIGITS = 4


def known_sites(seeds: Sequence[int]) -> tuple[Array, Array]:
    """One-hot letters and which of them belong to a site, of all test sets together."""
    sets = [site_sequences(seed) for seed in seeds]
    return np.concatenate([s.one_hot() for s in sets]), np.concatenate([site_letters(s) for s in sets])


def interval(values: Array, seed: int = 0) -> tuple[float, float, float]:
    """The mean, and the ends of the interval that holds 95 % of the means of sets drawn again."""
    generator = np.random.default_rng(seed)
    places = generator.integers(len(values), size=(RESAMPLED, len(values)))
    low, high = np.quantile(values[places].mean(axis=1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def row_of(pooling: str, method: str, areas: Array, others: Sequence[Array], by_seed: int) -> dict[str, Any]:
    """The results of a method for a pooling: of the network that ships, and the range with those of `others`."""
    row: dict[str, Any] = {"pooling": pooling, "method": method}
    for name, place in (("auprc", 0), ("smoothed", 1)):
        numbers = interval(areas[place])
        means = [float(each[place].mean()) for each in (areas, *others)]
        row[name] = [round(x, DIGITS) for x in numbers]
        row[f"{name}_networks"] = [round(min(means), DIGITS), round(max(means), DIGITS)]
        row[f"{name}_sets"] = [round(float(x.mean()), DIGITS) for x in np.split(areas[place], by_seed)]
    return row


def trained_networks(pooling: str, n: int, epochs: int) -> list[MotifNetwork]:
    """Networks of further seeds, as the gallery trains them."""
    if n < 1:
        return []
    from epool_viz.models.training import race

    shipped = next(info.seed for info in list_models() if info.name == f"two_motifs_{pooling}")
    seeds = [seed for seed in range(n + 1) if seed != shipped][:n]
    train, _ = example_model_data("two_motifs")
    settings = {**SETTINGS, "seeds": tuple(seeds), "epochs": epochs}
    return [network_of(run.model) for run in race(train, methods=(pooling,), preset="exact", **settings).runs]


def captum_check(pooling: str, onehot: Array) -> tuple[dict[str, Any], Array]:
    """How far captum lies from the closed forms, what its DeepLIFT misses with our rule and without, and its tracks."""
    import torch
    from captum.attr import DeepLift

    from epool_viz.models.attribution import _Unrolled, attribute
    from epool_viz.models.checkpoint import load_model

    info = next(info for info in list_models() if info.name == f"two_motifs_{pooling}")
    model = load_model(info.path)
    x = torch.tensor(onehot)
    told = attribute(model.double(), x, methods=HEURISTICS)
    closed = attribute_letters(example_network(info.name), onehot, methods=HEURISTICS)
    row: dict[str, Any] = {"pooling": pooling, "n": len(onehot)}
    row["difference"] = {m: float(np.abs(told.scores[m] - closed.scores[m]).max()) for m in HEURISTICS}
    row["error"] = {m: float(np.abs(closed.completeness_error(m)).max()) for m in COMPLETE}
    net = _Unrolled(model, x).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        plain = DeepLift(net).attribute(x.clone().requires_grad_(), baselines=torch.full_like(x, 0.25))
    missed = plain.detach().numpy().sum((1, 2)) - (closed.output - closed.reference)
    row["plain_error"] = float(np.abs(missed).max())
    row["plain_share"] = float(np.abs(missed).mean() / np.abs(closed.output - closed.reference).mean())
    return row, np.stack([told.scores[m] for m in HEURISTICS])


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=3, help="networks of each pooling, the shipped one included")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of the test sets")
    parser.add_argument("--epochs", type=int, default=SETTINGS["epochs"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(words)
    onehot, is_site = known_sites(given.seeds)
    about = {
        "sequences": len(onehot),
        "seeds": given.seeds,
        "networks": given.networks,
        "chance": float(is_site.mean()),
    }
    print(f"{len(onehot)} sequences; a site holds {is_site.mean():.1%} of the letters, which is what chance gets")
    rows: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    variants: list[dict[str, Any]] = []
    tracks: dict[str, Array] = {}
    for pooling in POOLINGS:
        network = example_network(f"two_motifs_{pooling}")
        areas = site_precisions(network, onehot, is_site)
        others = [
            site_precisions(n, onehot, is_site) for n in trained_networks(pooling, given.networks - 1, given.epochs)
        ]
        print(f"\n{pooling:22}{'AUPRC':>7}{'95 %':>16}{'networks':>16}   {'smoothed':>7}{'95 %':>16}{'networks':>16}")
        for method in METHODS:
            row = row_of(pooling, method, areas[method], [other[method] for other in others], len(given.seeds))
            rows.append(row)
            print("  " + f"{method:20}" + "   ".join(_cells(row, name) for name in ("auprc", "smoothed")), flush=True)
        by_zeros = site_precisions(network, onehot, is_site, baseline="zeros")
        variants.append({"pooling": pooling, **{m: round(float(by_zeros[m][0].mean()), DIGITS) for m in COMPLETE}})
        told = ", ".join(f"{m} {variants[-1][m]:.3f}" for m in COMPLETE)
        print(f"  compared with zeros instead of a quarter of each letter: {told}")
        votes_for = dataclasses.replace(network, output_weights=np.maximum(network.output_weights, 0))
        favourable = site_precisions(votes_for, onehot, is_site)["posterior"]
        variants[-1]["posterior_of_votes_for"] = [round(float(x.mean()), DIGITS) for x in favourable]
        told = "{:.3f}, smoothed {:.3f}".format(*variants[-1]["posterior_of_votes_for"])
        print(f"  posterior of the kernels alone that vote for a bound sequence: {told}")
        check, captum = captum_check(pooling, site_sequences(given.seeds[0]).one_hot()[:CHECKED])
        checks.append(check)
        tracks[f"two_motifs_{pooling}"] = captum[:, :SHOWN].astype(np.float32)
        print(f"  captum and closed form differ by {max(check['difference'].values()):.1e} at most")
        print(
            f"  DeepLIFT misses its sum by {check['error']['deeplift']:.1e} at most; without a rule for our layers by"
        )
        print(
            f"  {check['plain_error']:.2g} at most, {check['plain_share']:.1%} of what there is to explain in the mean"
        )
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        result = {"settings": about, "rows": rows, "variants": variants, "completeness": checks}
        lines = json.dumps(result, indent=1)
        (given.out / "attribution.json").write_text(lines + "\n", encoding="utf-8")
        write_arrays(given.out / "attribution.safetensors", tracks, {}, kind=KIND)


def _cells(row: dict[str, Any], name: str) -> str:
    mean, low, high = row[name]
    return f"{mean:7.3f}{f'[{low:.3f}, {high:.3f}]':>16}{'{:.3f} to {:.3f}'.format(*row[f'{name}_networks']):>16}"


if __name__ == "__main__":
    main()
