from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.core.alphabet import DNA, PROTEIN, RNA, get_alphabet, one_hot, reverse_complement
from epool_viz.errors import ArgumentError, ShapeError

ALPHABETS = pytest.mark.parametrize("alphabet", [DNA, RNA, PROTEIN], ids=lambda a: a.name)


@ALPHABETS
def test_encode_then_decode_round_trips_every_letter(alphabet):
    text = alphabet.letters + alphabet.unknown[0]
    assert alphabet.decode(alphabet.encode(text)) == text
    assert alphabet.decode(alphabet.encode(text.lower())) == text
    assert alphabet.decode(alphabet.encode(text.encode())) == text


@ALPHABETS
def test_encode_gives_the_place_of_the_letter_and_minus_one_for_unknown(alphabet):
    np.testing.assert_array_equal(alphabet.encode(alphabet.letters), np.arange(len(alphabet)))
    assert set(alphabet.encode(alphabet.unknown)) == {-1}


def test_encode_reads_uracil_in_dna_as_thymine_and_back():
    np.testing.assert_array_equal(DNA.encode("ACGU"), DNA.encode("ACGT"))
    np.testing.assert_array_equal(RNA.encode("ACGT"), RNA.encode("ACGU"))


@pytest.mark.parametrize(
    ("text", "place", "letter"), [("ACGX", 4, "X"), ("?ACG", 1, "?"), ("AC-G", 3, "-"), ("AéC", 2, "é")]
)
def test_encode_names_the_first_letter_it_cannot_read(text, place, letter):
    with pytest.raises(ArgumentError) as error:
        DNA.encode(text, name="sequence[7]")
    assert str(error.value) == (
        f"`sequence[7]` is '{letter}' at letter {place}; "
        "accepted: DNA letters ACGT in either case, and NRYKMSWBDHV for an unknown letter"
    )


def test_one_hot_of_unknown_is_a_column_of_zeros():
    matrix = one_hot("ANG")
    np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]])
    assert matrix.dtype == np.float64
    assert one_hot("AN", dtype=np.float32).dtype == np.float32


def test_one_hot_of_strings_stacks_them_and_refuses_unequal_lengths():
    stacked = one_hot(["ACGTT", "TTTAN"], "DNA")
    assert stacked.shape == (2, 4, 5)
    np.testing.assert_array_equal(stacked[1], one_hot("TTTAN"))
    with pytest.raises(
        ShapeError, match=r"`sequence` is 2 strings of lengths \[2, 3\]; accepted: strings of one length"
    ):
        one_hot(["AC", "ACG"])


@given(st.text("ACGTN", min_size=1, max_size=30))
def test_reverse_complement_twice_is_the_sequence_in_every_form(text):
    codes = DNA.encode(text)
    assert reverse_complement(reverse_complement(text)) == text
    np.testing.assert_array_equal(reverse_complement(reverse_complement(codes)), codes)
    # three routes to one strand: letters, codes, matrix
    other = reverse_complement(text)
    np.testing.assert_array_equal(DNA.encode(other), reverse_complement(codes))
    np.testing.assert_array_equal(one_hot(other), reverse_complement(one_hot(text)))


def test_reverse_complement_of_known_text():
    assert reverse_complement("AACGN") == "NCGTT"
    assert reverse_complement("AACGU", "RNA") == "ACGUU"
    with pytest.raises(ArgumentError, match="protein, which has no complement; accepted: DNA or RNA"):
        reverse_complement("AC", PROTEIN)
    with pytest.raises(ShapeError, match=r"of shape \(3, 5\)"):
        reverse_complement(np.zeros((3, 5)))


def test_get_alphabet_takes_names_in_any_case_and_says_which_there_are():
    assert get_alphabet("dna") is DNA
    assert get_alphabet(RNA) is RNA
    with pytest.raises(ArgumentError, match="`alphabet` is 'latin'; accepted: 'DNA', 'RNA', 'protein' or an Alphabet"):
        get_alphabet("latin")
