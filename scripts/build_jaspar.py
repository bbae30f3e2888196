"""Write the JASPAR file that ships with epool_viz, out of pyjaspar.

    python -m pip install pyjaspar==4.0.0
    python scripts/build_jaspar.py            # writes epool_viz/data/bundled/
    python scripts/build_jaspar.py --check    # compares, writes nothing; exit code 1 where they differ

The file is plain text and holds neither a date nor the order of a directory, so that the same release gives the same
bytes: git keeps it small, and anyone can read it without this package.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

BUNDLED = Path(__file__).resolve().parents[1] / "epool_viz" / "data" / "bundled"
HEAD = """\
# {release} CORE, vertebrates: {n} count matrices, the latest version of each.
# JASPAR, https://jaspar.elixir.no, licence CC BY 4.0. Made from pyjaspar {version} by scripts/build_jaspar.py.
# Behind '>': matrix ID, name, structural class, family (tabs between; several are joined by '; ').
"""


def main() -> int:
    """Build the text and write or compare it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare with the file that is there")
    check = arguments.parse_args().check
    release, text = build()
    path = BUNDLED / f"{release.lower()}_core_vertebrates.jaspar"
    if check:
        same = path.is_file() and path.read_bytes() == text.encode()
        print(f"{path.name}: {'the same' if same else 'differs'}")
        return 0 if same else 1
    path.write_bytes(text.encode())
    print(f"{path.name}: {len(text.encode()):,} bytes")
    return 0


def build() -> tuple[str, str]:
    """The newest release's name, and the text of the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Biopython warns of its own future
        import pyjaspar

        database = pyjaspar.jaspardb()
        motifs = database.fetch_motifs(collection="CORE", tax_group=["vertebrates"])
    database.conn.close()
    ordered = sorted(motifs, key=lambda motif: motif.matrix_id)
    head = HEAD.format(release=database.release, n=len(ordered), version=pyjaspar.__version__)
    return database.release, head + "".join(map(record, ordered))


def record(motif: Any) -> str:
    """One matrix: a header, and a row of counts for each letter."""
    notes = ("; ".join(motif.tf_class), "; ".join(motif.tf_family))
    rows = (f"{letter}  [ {' '.join(map(plain, motif.counts[letter]))} ]\n" for letter in "ACGT")
    return ">" + "\t".join((motif.matrix_id, motif.name, *notes)) + "\n" + "".join(rows)


def plain(count: float) -> str:
    """A whole count without its point; a weighted one in full."""
    return str(int(count)) if float(count).is_integer() else repr(float(count))


if __name__ == "__main__":
    sys.exit(main())
