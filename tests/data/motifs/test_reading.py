"""Motif files: every layout gives one motif, what is written is read back, and errors name their line."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from epool_viz.core.alphabet import DNA, PROTEIN, RNA
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import motif_format, parse_motifs, read_motifs
from epool_viz.data.motifs.transfac import consensus_letter
from epool_viz.data.motifs.writing import write_jaspar, write_meme, write_transfac
from epool_viz.data.networks import motif_kernels
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.data.networks.motif_kernels import is_motif_file, log_odds, read_motif_kernels
from epool_viz.errors import ArgumentError, FormatError, ShapeError

Dress = Callable[[str], bytes]
Refused = Callable[..., None]

# (letter, position); every row and column differs, and so do the first and the last position
COUNTS = np.array([[9.0, 0, 1, 2, 4], [1, 8, 3, 2, 0], [0, 2, 5, 3, 1], [2, 2, 3, 5, 7]])
PPM = COUNTS / 12
SCORES = np.array([[1.5, -2, 0.25], [0, 0.5, -1], [-0.75, 1, 2], [3, -0.125, -4]])

MEME = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies (from a file):
A 0.3 C 0.2
G 0.1 T 0.4

MOTIF MA0001.1 one
letter-probability matrix: alength= 4 w= 2 nsites= 8 E= 1e-3
  0.500000  0.250000  0.125000  0.125000
  0.000000  1.000000  0.000000  0.000000
URL http://example.org

MOTIF two
letter-probability matrix: alength= 4 w= 1 nsites= 3 E= 0
  0.100000  0.200000  0.300000  0.400000
"""
JASPAR = """>MA0001.1\tone
A  [ 4 0 ]
C  [ 2 8 ]
G  [ 1 0 ]
T  [ 1 0 ]
>two
A  [ 1 ]
C  [ 2 ]
G  [ 3 ]
T  [ 4 ]
"""
FIRST = [[0.5, 0.25, 0.125, 0.125], [0, 1, 0, 0]]
SECOND = [[0.1, 0.2, 0.3, 0.4]]


def as_rows(table: np.ndarray, between: str = " ") -> str:
    return "\n".join(between.join(f"{number:g}" for number in row) for row in table) + "\n"


# ---------------------------------------------------------------- the motif


def test_motif_from_counts_divides_each_position_by_its_own_total() -> None:
    motif = Motif.from_counts([[3, 1], [1, 0], [0, 0], [0, 1]], name="m", accession="X1")
    assert motif.ppm.T.tolist() == [[0.75, 0.25, 0, 0], [0.5, 0, 0, 0.5]]
    assert motif.n_sites == 4
    assert motif.assumptions == ("The positions hold 2 to 4 counts; the number of sites is taken as 4.",)
    assert (motif.width, motif.label) == (2, "m (X1)")


def test_motif_label_does_without_what_is_missing() -> None:
    assert Motif("CTCF", "", PPM).label == "CTCF"
    assert Motif("", "MA0139.2", PPM).label == "MA0139.2"
    assert repr(Motif("CTCF", "MA0139.2", PPM)) == "Motif('CTCF (MA0139.2)', 5 positions of DNA)"


def test_motif_cannot_be_changed_and_keeps_its_own_arrays() -> None:
    ppm = PPM.copy()
    motif = Motif("m", "", ppm, background=np.full(4, 0.25))
    ppm[:] = 0
    assert motif.ppm[0, 0] == 0.75
    for array in (motif.ppm, motif.background):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_motif_refuses_what_is_no_motif(assert_refused: Refused) -> None:
    message = "`ppm` is of shape (5, 4); accepted: (4, position) for DNA"
    assert_refused(ShapeError, message, lambda: Motif("m", "", PPM.T))
    with pytest.raises(ArgumentError, match="columns sum to"):
        Motif("m", "", COUNTS)


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("given_format", [True, False], ids=["format given", "format told by content"])
@pytest.mark.parametrize(("kind", "text", "sites_of_second"), [("meme", MEME, 3), ("jaspar", JASPAR, 10)])
def test_read_motifs_both_formats_in_every_dress(
    tmp_path: Path, dress: Dress, kind: str, text: str, sites_of_second: int, given_format: bool
) -> None:
    path = tmp_path / "motifs"
    path.write_bytes(dress(text))
    one, two = read_motifs(path, format=kind if given_format else None)
    assert (one.name, one.accession, one.n_sites) == ("one", "MA0001.1", 8)
    assert (two.name, two.accession, two.n_sites) == ("two", "", sites_of_second)
    assert one.ppm.T.tolist() == FIRST
    assert two.ppm.T.tolist() == SECOND
    assert one.alphabet is DNA
    assert one.assumptions == two.assumptions == ()


def test_meme_gives_the_background_and_jaspar_the_counts() -> None:
    meme, jaspar = parse_motifs(MEME)[0], parse_motifs(JASPAR)[0]
    assert meme.background.tolist() == [0.3, 0.2, 0.1, 0.4]
    assert meme.counts is None
    assert jaspar.counts.T.tolist() == [[4, 2, 1, 1], [0, 8, 0, 0]]
    assert jaspar.background is None


@pytest.mark.parametrize(
    "text",
    [
        ">MA0001.1 one\n4 0\n2 8\n1 0\n1 0\n",
        ">MA0001.1\tone\tclass\tfamily\na | 4 0\nc | 2 8\ng | 1 0\nt | 1 0",
        "# a note\n>MA0001.1 one\nT [1 0]\nG [1 0]\nC [2 8]\nA [4 0]\n",
        ">MA0001.1\tone\nA,4,0\nC,2,8\nG,1,0\nU,1,0\n",
        ">MA0001.1\tone\t6.5\n0.5\t0.25\t0.125\t0.125\n0\t1\t0\t0\n",
    ],
    ids=["raw PFM", "bars, small letters, notes", "letters in another order", "commas and U", "HOMER"],
)
def test_jaspar_dialects_give_one_motif(text: str) -> None:
    (motif,) = parse_motifs(text, alphabet="DNA")
    assert (motif.name, motif.accession) == ("one", "MA0001.1")
    assert motif.ppm.T.tolist() == FIRST


def test_jaspar_counts_need_not_be_whole_nor_even() -> None:
    (motif,) = parse_motifs(">x\nA [0.5 1]\nC [1.5 0]\nG [0 0]\nT [0 2]\n")
    assert motif.counts.tolist() == [[0.5, 1], [1.5, 0], [0, 0], [0, 2]]
    assert motif.assumptions == ("The positions hold 2 to 3 counts; the number of sites is taken as 3.",)


def test_one_site_that_was_counted_is_read_as_frequencies() -> None:
    (single,) = parse_motifs(">x\nA [1 0]\nC [0 0]\nG [0 1]\nT [0 0]\n")
    assert (single.n_sites, single.counts) == (None, None)
    assert single.ppm.T.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert single.assumptions == (
        "Every position sums to 1, so the numbers are probabilities; the number of sites is not known.",
    )


def test_jaspar_layout_may_hold_probabilities() -> None:
    (motif,) = parse_motifs(">x\nA [0.5 1]\nC [0.5 0]\nG [0 0]\nT [0 0]\n")
    assert (motif.n_sites, motif.counts) == (None, None)
    assert motif.ppm.T.tolist() == [[0.5, 0.5, 0, 0], [1, 0, 0, 0]]


def test_meme_blank_lines_may_follow_a_heading() -> None:
    text = MEME.replace("(from a file):\n", "(from a file):\n\n").replace("E= 1e-3\n", "E= 1e-3\n\n")
    one, two = parse_motifs(text)
    assert one.background.tolist() == [0.3, 0.2, 0.1, 0.4]
    assert (one.ppm.T.tolist(), two.ppm.T.tolist()) == (FIRST, SECOND)


def test_meme_without_alphabet_says_what_it_takes_the_columns_for() -> None:
    text = MEME.replace("ALPHABET= ACGT\n", "")
    assert parse_motifs(text)[0].assumptions == ("The file names no alphabet; its 4 columns are taken as DNA.",)
    assert parse_motifs(text, alphabet="DNA")[0].assumptions == ()
    protein = "MOTIF p\nletter-probability matrix:\n" + " ".join(["0.05"] * 20)
    (motif,) = parse_motifs(protein)
    assert motif.alphabet is PROTEIN
    assert motif.background is None


def test_meme_alphabet_block_is_read() -> None:
    block = """ALPHABET "DNA" DNA-LIKE
A "Adenine" CC0000 ~ T "Thymine" 008000
C "Cytosine" 0000CC ~ G "Guanine" FFB300
N "Any = base" = ACGT
U = T
END ALPHABET"""
    assert parse_motifs(MEME.replace("ALPHABET= ACGT", block))[1].alphabet is DNA
    assert parse_motifs(MEME.replace("T 0.4", "U 0.4").replace("ALPHABET= ACGT", "ALPHABET= ACGU"))[0].alphabet is RNA


def test_meme_rounding_is_repaired_and_said() -> None:
    text = MEME.replace("0.500000  0.250000", "0.510000  0.250000").replace("A 0.3 C", "A 0.301 C")
    one, two = parse_motifs(text)
    assert one.ppm[:, 0].sum() == pytest.approx(1, abs=1e-15)
    assert one.ppm[0, 0] == pytest.approx(0.51 / 1.01, rel=1e-14)
    assert one.background[0] == pytest.approx(0.301 / 1.001, rel=1e-14)
    background = "The background frequencies were rescaled to sum to 1: rounding had left them off by up to 0.001."
    probabilities = "The probabilities were rescaled to sum to 1: rounding had left them off by up to 0.01."
    assert one.assumptions == (background, probabilities)
    assert two.assumptions == (background,)


# ---------------------------------------------------------------- matrices written plainly

HEADED = "A C G T\n" + as_rows(COUNTS.T)
LABELLED = "".join(f"{letter}: {row}\n" for letter, row in zip("ACGT", as_rows(COUNTS).splitlines(), strict=True))
LAYOUTS = {
    "rows of letters": as_rows(COUNTS),
    "rows of positions": as_rows(COUNTS.T),
    "commas": as_rows(COUNTS, ", "),
    "tabs": as_rows(COUNTS.T, "\t"),
    "semicolons": as_rows(COUNTS, ";"),
    "a NumPy array": repr(COUNTS).removeprefix("array("),
    "letters before the rows": LABELLED,
    "letters before the rows, reversed": "\n".join(reversed(LABELLED.splitlines())),
    "letters before the rows, positions above": "  0 1 2 3 4\n" + LABELLED,
    "letters above the columns": HEADED,
    "letters above the columns, positions before the rows": "pos\tA\tC\tG\tT\n"
    + "".join(f"{i} {row}\n" for i, row in enumerate(as_rows(COUNTS.T).splitlines())),
    "letters above the columns in another order": "t g c a\n" + as_rows(COUNTS.T[:, ::-1]),
    "comments and blank lines": "# motif\n\n" + as_rows(COUNTS).replace("\n", "\n\n"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_parse_matrix_layouts_agree(layout: str) -> None:
    matrix = parse_matrix(LAYOUTS[layout])
    assert matrix.values.tolist() == COUNTS.tolist()
    assert (matrix.kind, matrix.alphabet) == ("counts", DNA)


def test_parse_matrix_in_every_dress(dress: Dress) -> None:
    assert parse_matrix(dress(LABELLED)).values.tolist() == COUNTS.tolist()
    (motif,) = parse_motifs(dress(as_rows(PPM.T)))
    np.testing.assert_allclose(motif.ppm, PPM, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "kind", "assumptions"),
    [
        (
            as_rows(COUNTS),
            "counts",
            (
                "The 4 rows are taken as A, C, G, T, each column as a position.",
                "The numbers are taken as counts.",
            ),
        ),
        (
            "A 0.5 0.25\nC 0.25 0.25\nG 0.125 0.25\nT 0.125 0.25",
            "probabilities",
            ("Every position sums to 1, so the numbers are probabilities; the number of sites is not known.",),
        ),
        (
            "A 0.33 0.25\nC 0.33 0.25\nG 0.33 0.25\nT 0 0.25",
            "probabilities",
            (
                "Every position sums to 1, so the numbers are probabilities; the number of sites is not known.",
                "The probabilities were rescaled to sum to 1: rounding had left them off by up to 0.01.",
            ),
        ),
        ("A 66 50.5\nC 66 50\nG 66.5 50\nT 0 50", "counts", ("The numbers are taken as counts.",)),
        (
            "A 33 25.5\nC 33 25\nG 34.5 24.5\nT 0 25",
            "probabilities",
            (
                "Every position sums to 100, so the numbers are percentages; the number of sites is not known.",
                "The probabilities were rescaled to sum to 1: rounding had left them off by up to 0.005.",
            ),
        ),
        ("A 1 -0.5\nC 0 1\nG 0 1\nT 0 1", "scores", ("Some numbers are negative, so they are scores (a kernel).",)),
        ("A 1 −2\nC 0 1\nG 0 1\nT 0 1", "scores", ("Some numbers are negative, so they are scores (a kernel).",)),
        (
            "A 1.5 0.5\nC 0 1\nG 0 1\nT 0 1",
            "scores",
            ("The positions share no sum, so the numbers are scores (a kernel).",),
        ),
        (
            "A 2 0\nC 0 0\nG 1 0\nT 0 0",
            "scores",
            ("The positions share no sum, so the numbers are scores (a kernel).",),
        ),
    ],
)
def test_parse_matrix_tells_kinds_apart_and_says_why(text: str, kind: str, assumptions: tuple[str, ...]) -> None:
    matrix = parse_matrix(text)
    assert matrix.kind == kind
    assert matrix.assumptions == assumptions


@given(arrays(np.float64, (4, 3), elements=st.floats(-9, 9, width=32)))
def test_parse_matrix_scores_come_back_to_the_last_digit(kernel: np.ndarray) -> None:
    text = "\n".join(" ".join(repr(float(number)) for number in row) for row in kernel)
    matrix = parse_matrix(text, kind="scores")
    assert np.array_equal(matrix.values, kernel)
    assert matrix.kind == "scores"


def test_parse_matrix_kind_given_is_not_guessed() -> None:
    assert parse_matrix(as_rows(COUNTS), kind="scores").kind == "scores"
    assert parse_matrix("A 1\nC 0\nG 0\nT 0", kind="counts").kind == "counts"


def test_parse_matrix_square_is_settled_by_sums_or_refused(assert_refused: Refused) -> None:
    probabilities = np.array([[0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]])
    rows_are_positions = parse_matrix(as_rows(probabilities))
    assert rows_are_positions.values.T.tolist() == probabilities.tolist()
    assert rows_are_positions.assumptions[0] == (
        "The 4 columns are taken as A, C, G, T, each row as a position "
        "(4 by 4 fits both ways; so every position has the same sum)."
    )
    assert parse_matrix(as_rows(probabilities.T)).values.T.tolist() == probabilities.tolist()
    kernel = np.arange(16.0).reshape(4, 4) - 5
    message = (
        "text, line 1: found 4 rows of 4 numbers, which may be 4 positions of DNA with the letters as 4 rows or "
        "4 positions of DNA with the letters as 4 columns; accepted: a letter before every row, or a line of letters "
        "above the columns"
    )
    assert_refused(FormatError, message, parse_matrix, as_rows(kernel), source="text")
    assert parse_matrix("A C G T\n" + as_rows(kernel)).values.tolist() == kernel.T.tolist()


def test_parse_matrix_tells_alphabets_by_letters_and_by_number() -> None:
    assert parse_matrix("A 1\nC 2\nG 3\nU 4").alphabet is RNA
    assert parse_matrix("A 1\nC 2\nG 3\nU 4", alphabet="DNA").values[:, 0].tolist() == [1, 2, 3, 4]
    assert parse_matrix("1\n2\n3\n4", alphabet="RNA").alphabet is RNA
    twenty = np.arange(1.0, 61).reshape(20, 3)
    assert parse_matrix(as_rows(twenty)).alphabet is PROTEIN
    assert parse_matrix(as_rows(twenty.T)).values.tolist() == twenty.tolist()
    assert parse_matrix(as_rows(np.ones((4, 20))), alphabet="DNA").values.shape == (4, 20)
    assert parse_matrix(as_rows(np.ones((4, 20))), alphabet="protein").values.shape == (20, 4)


def test_typed_matrix_becomes_a_motif_named_by_its_source(tmp_path: Path) -> None:
    (motif,) = parse_motifs(as_rows(COUNTS))
    assert (motif.name, motif.n_sites) == ("the typed matrix", 12)
    path = tmp_path / "mine.txt"
    path.write_text(as_rows(COUNTS.T))
    assert read_motifs(path)[0].name == "mine"


# ---------------------------------------------------------------- writing


@st.composite
def motif_lists(draw: st.DrawFn) -> list[Motif]:
    alphabet = draw(st.sampled_from([DNA, RNA, PROTEIN]))
    motifs = []
    for i in range(draw(st.integers(1, 3))):
        shape = (len(alphabet), draw(st.integers(1, 6)))
        weights = draw(arrays(np.float64, shape, elements=st.floats(0, 1, width=32))) + 1e-9
        background = draw(st.sampled_from([None, np.full(len(alphabet), 1 / len(alphabet))]))
        n_sites = draw(st.sampled_from([None, 17.0, 3.5]))
        motif = Motif(f"m{i}", "X1" if i else "", weights / weights.sum(axis=0), None, n_sites, background, alphabet)
        motifs.append(motif)
    return motifs


@given(motif_lists(), st.booleans())
def test_meme_round_trip(motifs: list[Motif], final_newline: bool) -> None:
    text = write_meme(motifs)
    back = parse_motifs(text if final_newline else text.rstrip("\n"))
    assert len(back) == len(motifs)
    for written, read in zip(motifs, back, strict=True):
        assert (read.name, read.accession, read.n_sites) == (written.name, written.accession, written.n_sites)
        assert read.alphabet is written.alphabet
        np.testing.assert_allclose(read.ppm, written.ppm, rtol=0, atol=1e-9)
        assert read.assumptions == ()


@given(motif_lists(), st.booleans())
def test_jaspar_round_trip(motifs: list[Motif], final_newline: bool) -> None:
    text = write_jaspar(motifs)
    back = parse_motifs(text if final_newline else text.rstrip("\n"))
    assert [(m.name, m.accession) for m in back] == [(m.name, m.accession) for m in motifs]
    for written, read in zip(motifs, back, strict=True):
        np.testing.assert_allclose(read.ppm, written.ppm, rtol=0, atol=1e-9)


def test_jaspar_round_trip_keeps_counts() -> None:
    motif = Motif.from_counts(COUNTS, name="a factor", accession="MA1.1")
    text = write_jaspar(motif)
    assert text == (">MA1.1\ta factor\nA  [ 9 0 1 2 4 ]\nC  [ 1 8 3 2 0 ]\nG  [ 0 2 5 3 1 ]\nT  [ 2 2 3 5 7 ]\n")
    (back,) = parse_motifs(text)
    assert back.counts.tolist() == COUNTS.tolist()
    assert (back.name, back.accession) == ("a factor", "MA1.1")


@given(motif_lists(), st.booleans())
def test_transfac_round_trip(motifs: list[Motif], final_newline: bool) -> None:
    text = write_transfac(motifs)
    back = parse_motifs(text if final_newline else text.rstrip("\n"))
    assert [(m.name, m.accession, m.alphabet) for m in back] == [(m.name, m.accession, m.alphabet) for m in motifs]
    for written, read in zip(motifs, back, strict=True):
        np.testing.assert_allclose(read.ppm, written.ppm, rtol=0, atol=1e-9)


def test_transfac_round_trip_keeps_counts_and_says_the_consensus(tmp_path: Path) -> None:
    motif = Motif.from_counts(COUNTS, name="a factor", accession="MA1.1")
    text = write_transfac(motif, tmp_path / "m.transfac")
    assert text == (
        "AC  MA1.1\nXX\nID  a_factor\nXX\nNA  a factor\nXX\nP0\tA\tC\tG\tT\n01\t9\t1\t0\t2\tA\n"
        "02\t0\t8\t2\t2\tC\n03\t1\t3\t5\t3\tN\n04\t2\t2\t3\t5\tN\n05\t4\t0\t1\t7\tW\nXX\n//\n"
    )
    (back,) = read_motifs(tmp_path / "m.transfac")
    assert back.counts.tolist() == COUNTS.tolist()
    assert (back.name, back.accession) == ("a factor", "MA1.1")


def test_transfac_of_the_database_is_read() -> None:
    text = (
        "VV  TRANSFAC MATRIX TABLE\nXX\n//\nAC  M00001\nXX\nID  V$MYOD_01\nXX\nNA  MyoD\nXX\nBF  T00526; MyoD\n"
        "PO     T      C      G      A\n1      0      2      2      1      S\n02      0      1      2      2\nXX\n//\n"
        "P0 A C G T\n01 0.5 0 0 1.5 T"
    )
    first, last = parse_motifs(text)
    assert (first.name, first.accession, first.n_sites) == ("MyoD", "M00001", 5)
    assert first.counts.T.tolist() == [[1, 2, 2, 0], [2, 1, 2, 0]]  # the letters stood in another order
    assert (last.name, last.accession) == ("motif 2", "")
    assert last.counts.T.tolist() == [[0.5, 0, 0, 1.5]]


@pytest.mark.parametrize(
    ("shares", "letter"),
    [
        ((0.6, 0.3, 0.1, 0.0), "A"),
        ((0.55, 0.3, 0.15, 0.0), "M"),  # more than half, but not twice the second
        ((0.1, 0.4, 0.1, 0.4), "Y"),
        ((0.3, 0.3, 0.0, 0.4), "H"),
        ((0.3, 0.3, 0.1, 0.3), "N"),
    ],
)
def test_consensus_letter_follows_cavener(shares: tuple[float, ...], letter: str) -> None:
    assert consensus_letter(dict(zip("ACGT", shares, strict=True))) == letter


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID x\nP0 A C G T\n", "line 2: found the motif 'x' without numbers"),
        ("P0 A C G\n01 1 2 3", "line 1: found the letters A C G"),
        ("P0 A C G T\n01 1 2 3 4 T\n02 1 2 3", "line 3: found 3 words behind the position"),
        ("P0 A C G T\n01 1 2 x 4", "line 2: found 'x'; accepted: a number"),
        ("P0 A C G T\n01 1 2 -3 4", "line 2: found -3"),
        ("P0 A C G T\n01 0 0 0 0", "line 2: found no counts at all"),
    ],
)
def test_transfac_errors_name_the_line(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_motifs(text, format="transfac")


def test_write_meme_text_and_file_are_one(tmp_path: Path) -> None:
    motif = Motif("my motif", "", np.array([[0.5, 0], [0.5, 1], [0, 0], [0, 0]]), n_sites=2)
    path = tmp_path / "m.meme"
    text = write_meme(motif, path, background=[0.1, 0.2, 0.3, 0.4])
    assert text == (
        "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\n"
        "A 0.1 C 0.2 G 0.3 T 0.4\n\nMOTIF my_motif\nletter-probability matrix: alength= 4 w= 2 nsites= 2\n"
        "0.5 0.5 0 0\n0 1 0 0\n"
    )
    assert path.read_bytes() == text.encode()


def test_write_meme_background_is_the_motifs_own_where_they_agree() -> None:
    own = np.array([0.4, 0.3, 0.2, 0.1])
    agreeing = [Motif("a", "", PPM, background=own), Motif("b", "", PPM, background=own)]
    assert parse_motifs(write_meme(agreeing))[1].background.tolist() == pytest.approx(own.tolist(), rel=1e-15)
    differing = [agreeing[0], Motif("b", "", PPM)]
    assert parse_motifs(write_meme(differing))[0].background.tolist() == [0.25] * 4


def test_writers_refuse_nothing_and_mixtures(assert_refused: Refused) -> None:
    accepted = "at least one motif, all of one alphabet"
    assert_refused(ArgumentError, f"`motifs` is empty; accepted: {accepted}", write_meme, [])
    mixed = [Motif("a", "", PPM), Motif("b", "", PPM, alphabet=RNA)]
    message = f"`motifs` is of the alphabets DNA and RNA; accepted: {accepted}"
    assert_refused(ArgumentError, message, write_jaspar, mixed)
    assert_refused(ArgumentError, message, write_transfac, mixed)
    message = "`background` is 1 (shape (1,)); accepted: 4 positive numbers that sum to 1"
    assert_refused(ArgumentError, message, write_meme, mixed[:1], background=[1])


ROWS = ["0.5 0.25 0.125 0.125", "0 1 0 0", "0.1 0.2 0.3 0.4"]


def meme_of(lines: list[str], keys: str = "") -> str:
    return "\n".join(
        ["MEME version 4", "", "ALPHABET= ACGT", "", "MOTIF x", f"letter-probability matrix:{keys}", *lines]
    )


@pytest.mark.parametrize("keys", ["", " alength= 4", " w= 1", " w= 3"])
@pytest.mark.parametrize("odd", ["foo bar", "A 0.1 0.2 0.3 0.4", "x", "total"])
@pytest.mark.parametrize("gap", [[], [""]])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_that_is_no_row_does_not_end_a_meme_matrix_silently(
    keys: str, odd: str, gap: list[str], place: int
) -> None:
    text = meme_of([*ROWS[:place], *gap, odd, *ROWS[place:]], keys)
    message = f"line {7 + place + len(gap)}: found {odd!r}; accepted: 4 numbers, or an empty line after all"
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_motifs(text)


def test_an_odd_line_right_behind_a_matrix_is_refused_unless_the_rows_are_counted() -> None:
    message = "line 10: found 'foo bar'; accepted: 4 numbers, or an empty line after all"
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_motifs(meme_of([*ROWS, "foo bar"]))
    (motif,) = parse_motifs(meme_of([*ROWS, "foo bar"], " w= 3"))
    assert motif.width == 3


@pytest.mark.parametrize("end", [[], ["URL x"], ["", "any words", "of 3"], ["-----", "0 0 0 1"], ["# aside"]])
def test_a_meme_matrix_ends_at_what_ends_it(end: list[str]) -> None:
    (motif,) = parse_motifs(meme_of([*ROWS, *end]))
    np.testing.assert_allclose(motif.ppm, np.loadtxt(ROWS).T, rtol=0, atol=1e-12)


def test_asides_between_the_rows_of_a_meme_matrix_are_no_end() -> None:
    (motif,) = parse_motifs(meme_of([ROWS[0], "# aside", ROWS[1], "", ROWS[2]]))
    np.testing.assert_allclose(motif.ppm, np.loadtxt(ROWS).T, rtol=0, atol=1e-12)


def test_no_sites_is_an_unknown_number_of_sites_and_said() -> None:
    (motif,) = parse_motifs(meme_of(ROWS, " w= 3 nsites= 0"))
    assert motif.n_sites is None
    assert "The file gives 0 as the number of sites: it is not known." in motif.assumptions


# ---------------------------------------------------------------- what cannot be read

ALPHABETS = "ACGT (DNA), ACGU (RNA) or the 20 amino acids, each once"
FORMATS = "MEME text, JASPAR, TRANSFAC, or rows of numbers for the letters or the positions of one motif"
ONE_MEME = MEME[: MEME.index("MOTIF two")]
MATRIX_LINE = "letter-probability matrix: alength= 4 w= 2 nsites= 8 E= 1e-3"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("w= 2", "w= 3", "line 12: found w= 3, but 2 rows; accepted: a matrix of as many rows as stated"),
        ("w= 2", "w= 1", "line 12: found w= 1, but 2 rows; accepted: a matrix of as many rows as stated"),
        (
            "alength= 4 w= 2",
            "alength= 5 w= 2",
            "line 12: found alength= 5, but 4 letters; accepted: a matrix of as many letters as stated",
        ),
        (
            MATRIX_LINE + "\n  0.500000  0.250000  0.125000  0.125000\n  0.000000  1.000000  0.000000  0.000000",
            "letter-probability matrix:\n",
            "line 12: found 0 rows; accepted: a matrix of as many rows as stated",
        ),
        (
            "  0.500000",
            "  0.900000",
            "line 13: found probabilities that sum to 1.4 at position 1; accepted: probabilities that sum to 1",
        ),
        (
            "0.000000  1.000000  0.000000  0.000000",
            "0 1 0",
            "line 14: found 3 numbers; accepted: 4 probabilities, one for each letter",
        ),
        ("0.000000  1.000000", "0 -1", "line 14: found -1; accepted: 4 probabilities, one for each letter"),
        ("0.000000  1.000000", "0 nan", "line 14: found 'nan'; accepted: a number"),
        ("0.000000  1.000000", "0 1e999", "line 14: found '1e999'; accepted: a number"),
        ("nsites= 8", "nsites= many", "line 12: found 'many'; accepted: a number"),
        ("nsites= 8", "nsites= nan", "line 12: found 'nan'; accepted: a number"),
        (
            "nsites= 8",
            "nsites= -5",
            "line 12: found nsites= -5; accepted: a number of sites, or 0 where it is not known",
        ),
        ("w= 2", "w= 0", "line 12: found w= 0, but 2 rows; accepted: a matrix of as many rows as stated"),
        (
            MATRIX_LINE,
            "",
            "line 11: found the motif 'one' without a matrix; accepted: a `letter-probability matrix:` line after it",
        ),
        (
            "ALPHABET= ACGT",
            "ALPHABET= ACGTX",
            f"line 3: found the alphabet ACGTX; accepted: {ALPHABETS}",
        ),
        (
            "ALPHABET= ACGT",
            'ALPHABET "DNA with m5C"\nA "A"\nm "5mC"\nEND ALPHABET',
            f"line 3: found the alphabet Am; accepted: {ALPHABETS}",
        ),
        ("G 0.1 T 0.4", "G 0.1 A 0.4", "line 9: found the letter A; accepted: each of ACGT once"),
        ("G 0.1 T 0.4", "G 0.1 T x", "line 9: found 'x'; accepted: a number"),
        (
            "G 0.1 T 0.4",
            "G 0.1",
            "line 8: found A 0.3 C 0.2 G 0.1; accepted: a frequency above 0 for each of ACGT",
        ),
        (
            "G 0.1 T 0.4",
            "G 0.5 T 0",
            "line 8: found A 0.3 C 0.2 G 0.5 T 0; accepted: a frequency above 0 for each of ACGT",
        ),
        (
            "G 0.1 T 0.4",
            "G 0.1 T 0.9",
            "line 8: found background frequencies that sum to 1.5; accepted: background frequencies that sum to 1",
        ),
    ],
)
def test_meme_errors_name_the_line(old: str, new: str, message: str, assert_refused: Refused) -> None:
    assert old in ONE_MEME
    assert_refused(FormatError, f"text, {message}", parse_motifs, ONE_MEME.replace(old, new), source="text")
    if int(message.split()[1].rstrip(":")) > 10:  # it is one motif's: the other is read, and this one named
        (two,) = parse_motifs(MEME.replace(old, new), source="text")
        name = "'MA0001.1 one'"
        assert (two.name, two.assumptions) == ("two", (f"Left out: the motif {name} ({message}).",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            f": found no text; accepted: {FORMATS}",
        ),
        ("# only\n", ": found no numbers; accepted: {rows}"),
        ("MEME version 4\n", ": found no line that begins with MOTIF; accepted: MEME text with at least one motif"),
        (
            ">x\n>y\nA 1\n",
            ", line 1: found the motif 'x' without numbers; accepted: a row of numbers for each letter or position",
        ),
        (">x\nACGT\n", ", line 2: found 'ACGT'; accepted: a number"),
        (">x\nA 1 2\nC 1\nG 1 2\nT 1 2", ", line 3: found 1 number; accepted: 2, as in line 2"),
        (
            ">x\nA 1\nC 1\nG 1\nG 1",
            ", line 2: found the letters ACGG; accepted: each of the DNA letters ACGT once",
        ),
        (
            ">x\nA 1\nC 1\n1\nT 1",
            ", line 4: found a row without a letter; accepted: a letter before every row, or before none",
        ),
        (
            ">x\nA 1 2\nC -1 3\nG 1 2\nT 1 2",
            ", line 2: found -1 (letter 2, position 1); accepted: counts, none below 0; a kernel is no motif",
        ),
        (
            ">x\nA 1 0\nC 1 0\nG 1 0\nT 1 0",
            ", line 2: found position 2 of zeros; accepted: counts, some above 0 in every position",
        ),
        ("1 2 3\n1 2 3\n", ", line 1: found 2 rows of 3 numbers; accepted: rows or columns: 4 (DNA) or 20 (protein)"),
        ("A C G T\n1 2 3\n", ", line 2: found 3 numbers; accepted: 4, one for each letter above"),
        ("A C G T\n5 1 2 3 4\n", ", line 2: found 5 numbers; accepted: 4, one for each letter above"),
        ("A\nC\nG\nT\n", ", line 1: found the letter A without numbers; accepted: {rows}"),
        (
            "A 0.5 0.5 0.5\nC 0.5 0.5 0.5\nG 0 0.5 0\nT 0 0 0",
            ", line 1: found position 2, which sums to 1.5 while most sum to 1; "
            "accepted: probabilities that sum to 1 in every position",
        ),
        (
            as_rows(SCORES),
            ": found a kernel (Some numbers are negative, so they are scores (a kernel).); "
            "accepted: counts or probabilities of a motif",
        ),
    ],
)
def test_motif_text_errors_name_the_line(text: str, message: str, assert_refused: Refused) -> None:
    message = message.format(rows="rows of numbers, with the letters down the side or along the top if there are any")
    assert_refused(FormatError, f"text{message}", parse_motifs, text, source="text")


def test_kind_that_the_numbers_contradict_is_refused(assert_refused: Refused) -> None:
    message = "text, line 1: found -2 (letter 1, position 2); accepted: counts, none below 0; a kernel is no motif"
    assert_refused(FormatError, message, parse_matrix, as_rows(SCORES), source="text", kind="counts")
    message = "text, line 1: found probabilities that sum to 12 at position 1; accepted: probabilities that sum to 1"
    assert_refused(FormatError, message, parse_matrix, as_rows(COUNTS), source="text", kind="probabilities")
    message = "`kind` is 'logits'; accepted: 'counts', 'probabilities', 'scores' or None"
    assert_refused(ArgumentError, message, parse_matrix, as_rows(COUNTS), kind="logits")


def test_alphabet_asked_for_must_be_the_files(assert_refused: Refused) -> None:
    message = "text, line 3: found the alphabet ACGT; accepted: ACDEFGHIKLMNPQRSTVWY, as requested"
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_motifs(MEME, source="text", alphabet="protein")
    message = "text, line 1: found 4 rows of 5 numbers; accepted: rows or columns: 20 (protein)"
    with pytest.raises(FormatError, match=re.escape(message)):
        parse_motifs(as_rows(COUNTS), source="text", alphabet="protein")


def test_read_motifs_refuses_foreign_files(tmp_path: Path, assert_refused: Refused) -> None:
    path = tmp_path / "m"
    path.write_bytes(gzip.compress(MEME.encode())[:-9])
    message = f"{path}: found gzip data that break off; accepted: a complete gzip file, or the file unpacked"
    assert_refused(FormatError, message, read_motifs, path)
    path.write_bytes(b"1 2\n\x00")
    assert_refused(FormatError, f"{path}, line 2: found binary data (a zero byte); accepted: text", read_motifs, path)
    message = "`format` is 'cisbp'; accepted: 'meme', 'jaspar', 'transfac', 'matrix' or None"
    assert_refused(ArgumentError, message, parse_motifs, MEME, format="cisbp")


# ---------------------------------------------------------------- real files


def test_full_meme_output_gives_its_probability_matrices(shared_data: Path) -> None:
    path = shared_data / "crp0" / "crp0.meme-4.10.1.zoops.txt"
    motifs = read_motifs(path)
    assert [(m.name, m.width, m.n_sites) for m in motifs] == [
        ("MEME-1", 19, 17),
        ("MEME-2", 16, 5),
        ("MEME-3", 14, 2),
        ("MEME-4", 11, 5),
        ("MEME-5", 8, 2),
    ]
    # 14 of the 17 sites begin with T and 10 end with T: read off the site table of motif 1
    sites = np.array([0, 3 / 17, 0, 14 / 17]), np.array([6 / 17, 1 / 17, 0, 10 / 17])
    np.testing.assert_allclose(motifs[0].ppm[:, 0], sites[0], atol=1e-6)
    np.testing.assert_allclose(motifs[0].ppm[:, -1], sites[1], atol=1e-6)
    np.testing.assert_allclose(motifs[0].background, [0.303, 0.183, 0.209, 0.306], atol=1e-3)


def test_jaspar_subset_is_read_and_written_back_to_the_same_counts(shared_data: Path) -> None:
    motifs = read_motifs(shared_data / "motifs" / "jaspar2022_subset.jaspar")
    assert len(motifs) == 22
    assert motifs[0].label == "CTCF (MA0139.1)"
    assert motifs[0].counts[:, [0, -1]].T.tolist() == [[87, 291, 76, 459], [402, 181, 266, 59]]
    for written, read in zip(motifs, parse_motifs(write_jaspar(motifs)), strict=True):
        assert np.array_equal(written.counts, read.counts)


def test_known_motif_of_the_simulation_lies_in_rows_of_positions(shared_data: Path) -> None:
    (motif,) = read_motifs(shared_data / "keras_cnn_known_motif" / "simu_01_true_motif.txt")
    assert motif.width == 8
    assert "".join("ACGT"[i] for i in motif.ppm.argmax(axis=0)) == "ATGATAGG"


# ---------------------------------------------------------------- motifs as kernels

ODDS = np.log(PPM + 0.05) - np.log((PPM + 0.05).sum(axis=0)) - np.log(0.25)
UNIPROBE = "Protein: Foo\tSeed k-mer: ACGT\n" + "".join(
    f"{letter}:\t{row}\n" for letter, row in zip("ACGT", as_rows(PPM, "\t").splitlines(), strict=True)
)


@pytest.mark.parametrize("scale", [1, 1 / np.log(2)], ids=["natural", "bits"])
def test_log_odds_under_a_name_are_a_motif_and_the_same_kernel_again(scale: float) -> None:
    text = ">x\n" + "\n".join(" ".join(map(repr, row)) for row in (ODDS.T * scale).tolist())
    (motif,) = parse_motifs(text)
    assert motif.is_of_odds
    np.testing.assert_allclose(motif.ppm, np.exp(ODDS) / 4, rtol=0, atol=1e-12)
    unit = "natural logarithms" if scale == 1 else "bits"
    assert any(f"log odds: {unit}, against a uniform background" in said for said in motif.assumptions)
    kernel, sentence = log_odds(motif)
    np.testing.assert_allclose(kernel, ODDS, rtol=0, atol=1e-12)
    assert sentence == "Natural-log odds of the probabilities of the file's log odds against the background."


def test_log_odds_that_are_none_are_scaled_and_the_sums_told() -> None:
    (motif,) = parse_motifs(">x\nA -1 1 2\nC 2 -2 -1\nG 1 1 -1\nT -1 0 -1\n")
    np.testing.assert_allclose(
        motif.ppm[:, 0], np.exp([-1, 2, 1, -1]) / np.exp([-1, 2, 1, -1]).sum(), rtol=1e-14, atol=0
    )
    assert motif.assumptions[-1].startswith("Their probabilities sum to 1.64 to 2.71 and were scaled")


def test_a_pseudocount_says_what_it_is_relative_to() -> None:
    (unknown,), (known,) = parse_motifs(UNIPROBE), parse_motifs(ONE_MEME)
    assert log_odds(unknown)[1] == (
        "Natural-log odds of the probabilities and one imaginary site in 1000 (how many were counted is not known) "
        "against the background."
    )
    assert (
        log_odds(known)[1]
        == "Natural-log odds of the probabilities and one imaginary site in 8 against the background."
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (MEME, "meme"),
        ("MOTIF\tx\nletter-probability matrix:\n.1 .2 .3 .4\n", "meme"),
        (JASPAR, "jaspar"),
        ("P0 A C G T\n1 1 2 3 4\n", "transfac"),
        (UNIPROBE, "records"),
        (as_rows(COUNTS), "matrix"),
        (as_rows(SCORES), "matrix"),
        ("  \n", None),
    ],
)
def test_one_plain_matrix_may_be_a_kernel_and_every_other_form_is_of_motifs(text: str, form: str | None) -> None:
    for raw in (text, text.encode(), gzip.compress(text.encode()), text.encode("utf-16")):
        assert motif_format(raw) == form
        assert is_motif_file(raw) == (form not in (None, "matrix"))


def test_records_are_read_as_motifs_where_kernels_are_wanted() -> None:
    found = read_motif_kernels(UNIPROBE.encode(), "foo.txt", ImportOptions())
    assert (found.format, found.names) == ("motifs", ("Foo",))
    np.testing.assert_allclose(found.kernels[0], log_odds(parse_motifs(UNIPROBE)[0])[0], rtol=0, atol=1e-12)


def test_motifs_are_not_padded_beyond_all_room(monkeypatch: pytest.MonkeyPatch, assert_refused: Refused) -> None:
    monkeypatch.setattr(motif_kernels, "_MOST_NUMBERS", 39)
    text = ">a\nA 1 2 3 4 5\nC 6 7 8 9 8\nG 5 4 3 2 2\nT 1 1 1 2 2\n>b\nA 1\nC 2\nG 3\nT 4\n"
    accepted = "at most 39 numbers, all as wide as the widest"
    message = f"k: found 2 motifs, of which the widest has 5 positions; accepted: {accepted}"
    assert_refused(FormatError, message, read_motif_kernels, text.encode(), "k", ImportOptions())


# ---------------------------------------------------------------- which way a matrix lies


def test_a_square_lies_as_its_neighbours_do_and_is_refused_where_they_differ() -> None:
    square, rows = ">s\n1 5 3 11\n13 2 1 4\n2 9 0 8\n18 0 1 0\n", ">r\n13 2 1 4\n1 5 3 11\n"
    columns = ">c\n1 5\n3 11\n7 2\n4 9\n"
    first, _ = parse_motifs(square + rows)
    assert first.ppm[:, 0].tolist() == [0.05, 0.25, 0.15, 0.55]
    _, last = parse_motifs(columns + square)
    assert last.counts[:, 0].tolist() == [1, 13, 2, 18]
    for text in (square, rows + columns + square):
        found = [each for each in _read_or_refused(text) if "may be 4 positions of DNA" in each]
        assert len(found) == 1


def _read_or_refused(text: str) -> tuple[str, ...]:
    """What is said of a text, read or not."""
    try:
        return parse_motifs(text)[0].assumptions
    except FormatError as error:
        return (str(error),)


def test_a_bare_4_by_20_is_of_protein_or_dna_by_its_sums_only() -> None:
    protein = np.array([np.roll(np.arange(1.0, 21), 3 * i) for i in range(4)])
    assert parse_matrix(as_rows(protein)).alphabet is PROTEIN
    dna = np.array([np.roll([9.0, 4, 2, 1], i * i % 7) for i in range(20)]).T
    assert parse_matrix(as_rows(dna)).alphabet is DNA
    with pytest.raises(FormatError, match="20 positions of DNA with the letters as 4 rows or 4 positions of protein"):
        parse_matrix(as_rows(np.arange(80.0).reshape(4, 20) % 7 - 3))


def test_rows_headed_by_letters_in_another_order_are_letters_or_a_consensus_by_their_sums() -> None:
    consensus = np.array([[2, 1, 3, 94], [90, 4, 4, 2], [1, 7, 80, 12], [6, 70, 11, 13]])
    headed = "".join(f"{letter} {row}\n" for letter, row in zip("TAGC", as_rows(consensus).splitlines(), strict=True))
    matrix = parse_matrix(headed)
    assert matrix.values.tolist() == consensus.T.tolist()
    assert matrix.assumptions[0] == "The letters before the rows are taken as a consensus."
    letters = "".join(
        f"{letter} {row}\n" for letter, row in zip("TAGC", as_rows(consensus.T).splitlines(), strict=True)
    )
    assert parse_matrix(letters).values.tolist() == consensus.T[[1, 3, 2, 0]].tolist()


ROWS_AS_POSITIONS = np.array([[70, 10, 10, 10], [10, 70, 10, 10], [10, 20, 60, 10], [5, 0, 5, 90]])


def headed(rows: np.ndarray, letters: str = "ACGT") -> str:
    return "".join(f"{letter} {row}\n" for letter, row in zip(letters, as_rows(rows).splitlines(), strict=True))


@pytest.mark.parametrize("scale", [1, 0.01])
@pytest.mark.parametrize("name", ["", ">x\n"])
def test_rows_headed_by_a_consensus_in_the_order_of_the_alphabet_are_told_by_their_sums(
    scale: float, name: str
) -> None:
    matrix = parse_matrix(name + headed(ROWS_AS_POSITIONS * scale))
    np.testing.assert_allclose(matrix.values, ROWS_AS_POSITIONS.T * scale, rtol=1e-12, atol=0)
    assert "The letters before the rows are taken as a consensus." in matrix.assumptions
    assert any("each row as a position" in said and "the same sum" in said for said in matrix.assumptions)
    letters = parse_matrix(name + headed(ROWS_AS_POSITIONS.T * scale))
    np.testing.assert_allclose(letters.values, ROWS_AS_POSITIONS.T * scale, rtol=1e-12, atol=0)


def test_rows_of_one_sum_that_no_consensus_heads_are_letters_and_the_sums_are_said() -> None:
    matrix = parse_matrix(headed(ROWS_AS_POSITIONS[[0, 2, 1, 3]]))
    assert matrix.values.tolist() == ROWS_AS_POSITIONS[[0, 2, 1, 3]].tolist()
    assert matrix.assumptions[0].startswith("The letters before the rows name the rows, though it is they that have")
    assert not any("though" in said for said in parse_matrix(headed(ROWS_AS_POSITIONS.T)).assumptions)


def test_rows_with_letters_are_not_asked_for_letters() -> None:
    even = np.array([[2, 1, 3, 94], [94, 2, 1, 3], [3, 1, 94, 2], [1, 96, 2, 1]])
    with pytest.raises(FormatError, match="accepted: rows in the order ACGT, or a line of letters above the columns"):
        parse_matrix(headed(even, "TAGC"))


@pytest.mark.parametrize("odd", ["foo bar", "XX", "A 3 1 0 0"])
def test_a_line_between_the_rows_of_transfac_does_not_end_the_matrix_silently(odd: str) -> None:
    lines = ["NA x", "PO A C G T", "01 3 1 0 0", odd, "02 1 2 1 0", "XX", "//"]
    with pytest.raises(FormatError, match=f"line 4: found '{odd}'; accepted: the row of position 2"):
        parse_motifs("\n".join(lines))
    lines[3] = ""
    assert parse_motifs("\n".join(lines))[0].width == 2
