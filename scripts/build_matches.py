"""Find what the kernels of the models that ship resemble, and their likeliest base; write the tables that ship.

    python scripts/build_matches.py            # writes epool_viz/data/bundled/{bases,matches}.tsv; a minute
    python scripts/build_matches.py --only ctcf_max --check   # compares these rows, writes nothing; 1 where they differ

Four readings of each kernel, at the base that the model opens with: the exact one, the heuristics of DeepBind and
Basset at their own thresholds, and one M-step. The three nearest motifs with an E-value of at most 0.05.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from epool_viz.analysis.kernel_readings import example_samples, likeliest_m, motif_of
from epool_viz.analysis.known_motifs import Match, match_motifs, table_of
from epool_viz.data.examples import MODEL_NAMES, example_kernels, load_example_model

FOLDER = Path(__file__).resolve().parents[1] / "epool_viz" / "data" / "bundled"
BUNDLED = FOLDER / "matches.tsv"
READINGS = ("exact", "deepbind", "basset", "posterior")
MOST = 3


def main() -> int:
    """Build the text and write or compare it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", nargs="+", default=list(MODEL_NAMES), choices=MODEL_NAMES)
    arguments.add_argument("--check", action="store_true", help="compare with the file that is there")
    given = arguments.parse_args()
    text = table_of(row for name in given.only for row in rows_of(name))
    if not given.check:
        BUNDLED.write_text(text, encoding="utf-8", newline="\n")
        bases = "".join(f"{name}\t{log_base_of(name):.6f}\n" for name in MODEL_NAMES)
        (FOLDER / "bases.tsv").write_text(f"model\tlog_base\n{bases}", encoding="utf-8", newline="\n")
        print(f"{BUNDLED.name}: {len(text.encode()):,} bytes")
        return 0
    there = BUNDLED.read_text(encoding="utf-8").splitlines() if BUNDLED.is_file() else []
    kept = [line for line in there[1:] if line.split("\t")[0] in given.only]
    same = kept == text.splitlines()[1:]
    print(f"{BUNDLED.name}: {'the same' if same else 'differs'}")
    return 0 if same else 1


def rows_of(name: str) -> Iterator[tuple[str, str, int, Match]]:
    """The rows of one model."""
    kernels, samples = example_kernels(name), example_samples(load_example_model(name).info.data)
    m = float(f"{log_base_of(name):.6f}") if kernels.m is None else kernels.m  # as it will be read
    motifs = {(r, k): motif_of(r, kernels, k, samples, m) for r in READINGS for k in range(len(kernels))}
    asked = {place: found[0] for place, found in motifs.items() if found is not None}
    for (reading, k), matches in zip(asked, match_motifs(asked.values(), most=MOST), strict=True):
        for match in matches:
            yield name, reading, k, match


def log_base_of(name: str) -> float:
    """The likeliest `m`."""
    return likeliest_m(example_kernels(name), example_samples(load_example_model(name).info.data))


if __name__ == "__main__":
    sys.exit(main())
