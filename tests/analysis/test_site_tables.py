"""Tables of sites: two formats say the same, and the letters are those that the motif reads."""

from __future__ import annotations

import csv
import io

from epool_viz.analysis.site_tables import SITE_COLUMNS, sites_bed, sites_table
from epool_viz.core.alphabet import reverse_complement
from epool_viz.core.windows import FoundSite
from epool_viz.data.sequences.set import SequenceSet

SEQUENCES = SequenceSet.from_strings(["ACGTTGCA", "GGGATTACA"], names=["one two", "last"])
SITES = [FoundSite(0, 0, 4, "+", 0.25), FoundSite(1, 5, 9, "-", 0.987654321)]


def test_table_counts_from_1_and_bed_from_0_up_to_the_last_letter():
    rows = list(csv.DictReader(io.StringIO(sites_table(SEQUENCES, [("motif_1", None, SITES)])), delimiter="\t"))
    lines = [line.split("\t") for line in sites_bed(SEQUENCES, [("motif_1", None, SITES)]).splitlines()]
    assert list(rows[0]) == list(SITE_COLUMNS)
    for row, (chrom, start, stop, name, score, strand), site in zip(rows, lines, SITES, strict=True):
        assert (int(row["start"]), int(row["stop"])) == (int(start) + 1, int(stop)) == (site.start + 1, site.stop)
        assert (row["sequence"].replace(" ", "_"), row["motif"], row["strand"]) == (chrom, name, strand)
        assert round(1000 * float(row["posterior"])) == int(score)
    assert rows[-1]["posterior"] == "0.987654"


def test_letters_are_those_of_the_strand_that_the_motif_reads():
    text = sites_table(SEQUENCES, [("a", None, SITES[:1]), ("b", None, SITES[1:])], delimiter=",")
    first, last = csv.DictReader(io.StringIO(text))
    assert first["letters"] == "ACGT" == SEQUENCES[0][:4]
    assert last["letters"] == reverse_complement(SEQUENCES[1][5:9]) == "TGTA"
