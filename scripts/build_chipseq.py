"""Write the catalogue of the 690 ENCODE ChIP-seq sets that ships with epool_viz.

    python scripts/build_chipseq.py DATA            # writes epool_viz/data/bundled/chipseq_sets.tsv
    python scripts/build_chipseq.py DATA --check    # compares, writes nothing; exit code 1 where they differ

DATA is a folder with two published tables: `zeng2016_9_model_result.csv` (gao-lab/vConv-Figures_and_Tables), which has
the names of all sets, and `deepbind2015_ST4_ST5_auc.csv` (DeepBind's supplementary tables), which says of 508 of them
what cells and which factor they are of. Only names are taken, none of the results.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[1] / "epool_viz" / "data" / "bundled" / "chipseq_sets.tsv"
PREFIX, SUFFIX = "wgEncodeAwgTfbs", "UniPk"
HEAD = """\
# The 690 ENCODE ChIP-seq sets of Zeng et al. 2016: name, cells, factor. Made by scripts/build_chipseq.py.
# Cells and factor as DeepBind's supplementary table spells them; where it does not know the word, the word in the name.
"""


def main() -> int:
    """Build the text and write or compare it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--check", action="store_true", help="compare with the file that is there")
    given = arguments.parse_args()
    text = build(given.data)
    if given.check:
        same = BUNDLED.is_file() and BUNDLED.read_bytes() == text.encode()
        print(f"{BUNDLED.name}: {'the same' if same else 'differs'}")
        return 0 if same else 1
    BUNDLED.write_bytes(text.encode())
    print(f"{BUNDLED.name}: {len(text.encode()):,} bytes")
    return 0


def build(data: Path) -> str:
    """The table; a word of a name that stands for two cells or factors is an error."""
    names = sorted(row["data_set"] for row in rows(data / "zeng2016_9_model_result.csv"))
    cells: dict[str, str] = {}
    factors: dict[str, str] = {}
    for row in rows(data / "deepbind2015_ST4_ST5_auc.csv"):
        _, cell, factor, *_ = words(row["Table Name"])
        for known, word, said in ((cells, cell, row["Cell Line"]), (factors, factor, row["Factor"])):
            said = said.encode("ascii").decode("utf-7")  # the table has +AC0- where a hyphen was
            if known.setdefault(word, said) != said:
                raise SystemExit(f"{word} is both {known[word]} and {said}")
    lines = []
    for name in names:
        _, cell, factor, *_ = words(name)
        lines.append(f"{name}\t{cells.get(cell, cell)}\t{factors.get(factor, factor)}\n")
    return HEAD + "".join(lines)


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def words(name: str) -> list[str]:
    """Laboratory, cells, factor and what else a set's name says."""
    return re.findall("[A-Z][a-z0-9]*", name.removeprefix(PREFIX).removesuffix(SUFFIX))


if __name__ == "__main__":
    sys.exit(main())
