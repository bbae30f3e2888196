"""Sequence sets and their file formats: laws of the set, every format in every dress, and what the errors say."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epool_viz.core.alphabet import DNA, PROTEIN, RNA
from epool_viz.data import source as _source
from epool_viz.data.limits import Limits
from epool_viz.data.sequences.reading import parse_sequences, read_sequences
from epool_viz.data.sequences.set import SequenceSet, Site, sequence_arrays, sequences_of
from epool_viz.data.sequences.simulate import simulate
from epool_viz.errors import ArgumentError, FormatError, ShapeError

Dress = Callable[[str], bytes]
Refused = Callable[..., None]

STRINGS = ["ACGTNAC", "GATTACA", "TT"]
LABELS = [1, 0, 1]
NAMES = ("one", "two", "three")
FASTA = ">one\nACGT\nNAC\n\n>two\nGATTACA\n>three\nTT\n"
ENCODE = ">one ACGTNAC 1\n>two GATTACA 0\n>three TT 1\n"
DEEPBIND = "FoldID\tEventID\tseq\tBound\nA\tone\tACGTNAC\t1\nB\ttwo\tGATTACA\t0\nA\tthree\tTT\t1\n"
LINES = "ACGTNAC\nGATTACA\n\nTT\n"
TEXTS = {"fasta": FASTA, "encode": ENCODE, "deepbind": DEEPBIND, "lines": LINES}


@pytest.fixture
def three() -> SequenceSet:
    return SequenceSet.from_strings(STRINGS, names=NAMES, labels=LABELS)


# ---------------------------------------------------------------- the set


@given(st.lists(st.text("ACGTN", min_size=1, max_size=9), min_size=1, max_size=7), st.sampled_from([DNA, PROTEIN]))
def test_sequence_set_strings_round_trip(strings: list[str], alphabet: object) -> None:
    if alphabet is PROTEIN:
        strings = [string.replace("N", "X") for string in strings]
    s = SequenceSet.from_strings(strings, alphabet=alphabet)
    assert list(s) == [s[i] for i in range(len(s))] == strings
    assert s.lengths.tolist() == [len(string) for string in strings]


@given(st.lists(st.integers(-5, 4), max_size=8))
def test_sequence_set_selection_agrees_with_a_list(places: list[int]) -> None:
    strings = ["ACGTA", "C", "GGN", "TT", "AACCA"]
    s = SequenceSet.from_strings(strings, labels=[3, 1, 4, 1, 5])
    chosen = s[places]
    assert list(chosen) == [strings[i] for i in places]
    assert chosen.labels.tolist() == [[3, 1, 4, 1, 5][i] for i in places]
    assert chosen.names == tuple(f"sequence {range(5)[i] + 1}" for i in places)


@pytest.mark.parametrize("key", [slice(None), slice(1, None), slice(None, None, -1), slice(3, 3)], ids=str)
def test_sequence_set_slices_as_a_list_does(three: SequenceSet, key: slice) -> None:
    assert list(three[key]) == STRINGS[key]
    assert three[key].names == NAMES[key]


def test_sequence_set_selects_by_mask_and_keeps_everything(three: SequenceSet) -> None:
    bound = three[three.labels == 1]
    assert list(bound) == ["ACGTNAC", "TT"]
    assert bound.names == ("one", "three")
    assert bound.labels.tolist() == [1, 1]
    assert bound.alphabet is three.alphabet
    assert bound.source == three.source


def test_sequence_set_sites_follow_the_selection() -> None:
    s = SequenceSet.from_strings(STRINGS)
    sites = ((Site(1, 4),), (), (Site(0, 2), Site(1, 2)))
    with_sites = SequenceSet(s.all_codes, s.offsets, s.names, None, DNA, sites=sites)
    assert with_sites[[2, 0]].sites == (sites[2], sites[0])
    assert with_sites[0][slice(*with_sites.sites[0][0])] == "CGT"


def test_sequence_set_codes_are_the_alphabets(three: SequenceSet) -> None:
    assert three.codes(0).dtype == np.int8
    assert three.codes(0).tolist() == [0, 1, 2, 3, -1, 0, 1]
    assert three.codes(-1).tolist() == [3, 3]


def test_sequence_set_cannot_be_changed(three: SequenceSet) -> None:
    for array in (three.codes(1), three.all_codes, three.offsets, three.labels, three[1:].all_codes):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_sequence_set_leaves_the_callers_arrays_alone() -> None:
    labels = np.array([0, 1])
    SequenceSet.from_strings(["A", "C"], labels=labels)
    labels[0] = 1


def test_one_hot_is_letter_by_position_and_zero_for_unknown(three: SequenceSet) -> None:
    matrices = three[:2].one_hot(dtype=np.float32)
    assert matrices.shape == (2, 4, 7)
    assert matrices.dtype == np.float32
    assert matrices.sum(axis=1).tolist() == [[1, 1, 1, 1, 0, 1, 1], [1] * 7]
    assert matrices[1, :, 6].tolist() == [1, 0, 0, 0]


def test_one_hot_names_the_shortest_and_the_longest(three: SequenceSet, assert_refused: Refused) -> None:
    assert_refused(
        ShapeError,
        "`sequences` is from 2 letters ('three') to 7 ('one') long; accepted: sequences of one length",
        three.one_hot,
    )
    assert_refused(
        ShapeError, "`sequences` is an empty set; accepted: at least one sequence", lambda: three[3:].one_hot()
    )


def test_letter_frequencies_count_known_letters_only(three: SequenceSet, assert_refused: Refused) -> None:
    frequencies = three.letter_frequencies()
    assert frequencies.tolist() == [5 / 15, 3 / 15, 2 / 15, 5 / 15]
    assert_refused(
        ArgumentError,
        "`sequences` is without a single known letter; accepted: letters ACGT",
        lambda: SequenceSet.from_strings(["NNN"]).letter_frequencies(),
    )


def test_find_takes_the_whole_name_or_its_first_word() -> None:
    s = SequenceSet.from_strings(["A", "C", "G"], names=["chr1:5-9 677", "chr1:5-9", "chr2:1-2 9"])
    assert s.find("chr1:5-9") == 1
    assert s.find("chr1:5-9 677") == 0
    assert s.find("chr2:1-2") == 2


def test_find_offers_near_names(three: SequenceSet, assert_refused: Refused) -> None:
    assert_refused(
        ArgumentError, "`name` is 'thre'; accepted: the name of a sequence, such as 'three'", three.find, "thre"
    )


def test_sequence_set_says_what_it_is(three: SequenceSet) -> None:
    assert repr(three) == "SequenceSet(3 DNA sequences of 2 to 7 letters, from strings)"
    assert repr(three[:2]) == "SequenceSet(2 DNA sequences of 7 letters, from strings)"
    assert repr(three[:0]) == "SequenceSet(no DNA sequences, from strings)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: SequenceSet.from_strings("ACGT"),
            "`strings` is one string; accepted: a list of strings, as in ['ACGT']",
        ),
        (
            lambda: SequenceSet.from_strings(["A", ""]),
            "`strings[1]` is an empty string; accepted: at least one letter",
        ),
        (
            lambda: SequenceSet.from_strings(["AC", "A-"]),
            "`strings[1]` is '-' at letter 2; accepted: DNA letters ACGT in either case, and NRYKMSWBDHV for an "
            "unknown letter",
        ),
        (
            lambda: SequenceSet.from_strings(["A"], names=["a", "b"]),
            "`names` is of length 2; accepted: one for each of 1 sequences",
        ),
        (
            lambda: SequenceSet.from_strings(["A"], labels=[0.5]),
            "`labels` is of type float64 and shape (1,); accepted: whole numbers, one a sequence",
        ),
        (
            lambda: SequenceSet.from_strings(["A", "C"])[[True]],
            "`mask` is of shape (1,); accepted: one truth value a sequence, shape (2,)",
        ),
        (
            lambda: SequenceSet.from_strings(["A", "C"])["one"],
            "`key` is 'one'; accepted: a place, a slice, a list of places or a mask",
        ),
    ],
)
def test_sequence_set_refusals_name_the_argument(make: object, message: str, assert_refused: Refused) -> None:
    assert_refused(ArgumentError, message, make)


def test_sequence_set_place_beyond_the_end_is_an_index_error(three: SequenceSet) -> None:
    with pytest.raises(IndexError, match=r"^sequence 3 of 3$"):
        three[3]
    with pytest.raises(IndexError):
        three[[3]]


# ---------------------------------------------------------------- the formats


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("given_format", [True, False], ids=["format given", "format told by content"])
def test_read_sequences_every_format_in_every_dress(
    tmp_path: Path, kind: str, dress: Dress, given_format: bool
) -> None:
    path = tmp_path / "sequences"
    path.write_bytes(dress(TEXTS[kind]))
    s = read_sequences(path, format=kind if given_format else None)
    assert list(s) == STRINGS
    assert s.source == str(path)
    if kind == "lines":
        assert s.names == ("sequence 1", "sequence 2", "sequence 3")
    else:
        assert s.names == NAMES
    if kind in ("encode", "deepbind"):
        assert s.labels.tolist() == LABELS
    else:
        assert s.labels is None


@pytest.mark.parametrize("kind", TEXTS)
def test_parse_sequences_reads_what_read_sequences_reads(kind: str) -> None:
    from_text, from_upload = parse_sequences(TEXTS[kind]), parse_sequences(gzip.compress(TEXTS[kind].encode()))
    assert list(from_text) == list(from_upload) == STRINGS
    assert from_text.source == "the pasted text"


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"], ids=repr)
@pytest.mark.parametrize("kind", TEXTS)
def test_parse_sequences_does_not_depend_on_where_blocks_end(
    monkeypatch: pytest.MonkeyPatch, chunk: int, kind: str, end: str
) -> None:
    text = TEXTS[kind].replace("\n", end)
    source = _source.open_text(text, "blocks")
    monkeypatch.setattr(_source, "_CHUNK", chunk)
    assert [line for _, line in source.lines()] == text.encode().splitlines()
    assert list(parse_sequences(text, format=kind)) == STRINGS


def test_fasta_names_keep_the_whole_header_and_letters_lose_their_spaces() -> None:
    s = parse_sequences(">chr1:5-9 677 \nACGTA CGTAC\n\tgtac\n>\nAA")
    assert s.names == ("chr1:5-9 677", "sequence 2")
    assert s[0] == "ACGTACGTACGTAC"


def test_fasta_header_of_three_words_is_not_taken_for_the_encode_text() -> None:
    s = parse_sequences(">ce1cg 17 61\nACGT\n>site A 1\nGG\n")
    assert s.names == ("ce1cg 17 61", "site A 1")
    assert parse_sequences(">site A 1\nGG\n").names == ("site A 1",)
    assert parse_sequences(">site A 1\n").labels.tolist() == [1]


def test_comments_are_skipped_and_counted() -> None:
    s = parse_sequences("# from RegulonDB\n;aside\n>a\nACGT\n# more\nAC\n")
    assert list(s) == ["ACGTAC"]
    assert s.assumptions[0] == "3 lines that begin with '#' or ';' are comments."


def test_deepbind_columns_are_found_by_name() -> None:
    s = parse_sequences("Bound\tseq\tFoldID\n1\tACGU\tA\n0\tGGG\tB", alphabet="RNA")
    assert list(s) == ["ACGU", "GGG"]
    assert s.labels.tolist() == [1, 0]
    assert s.names == ("sequence 1", "sequence 2")
    assert parse_sequences("id\tseq\nx\tACGT").labels is None


@pytest.mark.parametrize(
    ("text", "alphabet", "sentence"),
    [
        ("ACGT\nNNAC", DNA, "100.0% of the letters are A, C, G, T, U or N, so they are read as DNA."),
        ("ACGU\nACUU", RNA, "100.0% of the letters are A, C, G, T, U or N, so they are read as RNA."),
        ("ACGUT", DNA, "100.0% of the letters are A, C, G, T, U or N, so they are read as DNA."),
        ("ACGTRYSWACGT", DNA, "66.7% of the letters are A, C, G, T, U or N, so they are read as DNA."),
        ("MKVLATWQRN", PROTEIN, "30.0% of the letters are A, C, G, T, U or N, so they are read as protein."),
    ],
)
def test_alphabet_is_guessed_from_the_letters_and_said(text: str, alphabet: object, sentence: str) -> None:
    s = parse_sequences(text)
    assert s.alphabet is alphabet
    assert sentence in s.assumptions


def test_alphabet_given_is_not_guessed() -> None:
    s = parse_sequences(">a\nACGN\n", alphabet="protein")
    assert s.alphabet is PROTEIN
    assert s.assumptions == ()


def test_assumptions_tell_case_aliases_and_unknown_letters() -> None:
    s = parse_sequences(">a\nacgUNRAC\n", alphabet="DNA")
    assert s[0] == "ACGTNNAC"
    assert s.assumptions == (
        "Lower-case letters mean the same as capitals.",
        "U is read as T.",
        "2 of 8 letters are ambiguous (NRYKMSWBDHV): each counts as unknown.",
    )


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_progress_rises_to_the_size_of_the_file(tmp_path: Path, rng: np.random.Generator, packed: bool) -> None:
    letters = "".join(rng.choice(list("ACGT"), size=700_000))
    text = "".join(f">s{i}\n{letters[i * 100 : i * 100 + 100]}\n" for i in range(7000)).encode()
    path = tmp_path / "s.fa"
    path.write_bytes(gzip.compress(text, 1) if packed else text)
    calls: list[tuple[int, int]] = []
    read_sequences(path, progress=lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert len(set(done)) >= 3
    assert done == sorted(done)
    assert done[-1] == path.stat().st_size
    assert {call[1] for call in calls} == {path.stat().st_size}


def test_progress_ends_even_where_there_is_nothing_to_read() -> None:
    calls: list[tuple[int, int]] = []
    with pytest.raises(FormatError):
        parse_sequences("", format="fasta", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 0)]


def test_100_000_sequences_are_read_in_seconds(rng: np.random.Generator) -> None:
    """Half a second where it was measured; the bound only tells a linear reader from one that is not."""
    letters = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, 20_000_000, dtype=np.uint8)].tobytes().decode()
    strings = [letters[i : i + 200] for i in range(0, len(letters), 200)]
    text = "".join(f">{i}\n{string[:120]}\n{string[120:]}\n" for i, string in enumerate(strings))
    start = time.process_time()
    s = parse_sequences(text)
    seconds = time.process_time() - start
    assert len(s) == 100_000
    assert (s[0], s[54_321], s[-1]) == (strings[0], strings[54_321], strings[-1])
    assert seconds < 10


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (">a\nAC\n>b\n\n>c\nGGT\n>d", (3, 7)),
        ("id\tseq\na\tAC\nb\t\nc\tGGT\nd\t\n", (3, 5)),
    ],
    ids=["FASTA", "a table"],
)
def test_records_without_letters_are_left_out_and_named(text: str, lines: tuple[int, int]) -> None:
    s = parse_sequences(text)
    assert list(s) == ["AC", "GGT"]
    assert s.names == ("a", "c")
    sentence = f"Left out: the record 'b' (line {lines[0]}: no letters); the record 'd' (line {lines[1]}: no letters)."
    assert sentence in s.assumptions


def test_of_many_records_without_letters_the_first_are_named() -> None:
    s = parse_sequences(">x\nAC\n" + "".join(f">{i}\n" for i in range(9)))
    (sentence,) = (each for each in s.assumptions if each.startswith("Left out"))
    assert sentence.endswith("the record '4' (line 7: no letters); and 4 more.")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a AC 1\nb GG -1\nc TT 1\n", [1, 0, 1]),
        ("a AC -1\nb GG -1.0\n", [0, 0]),
    ],
)
def test_labels_of_minus_one_are_zeros_and_said_to_be(text: str, labels: list[int]) -> None:
    s = parse_sequences(text)
    assert s.labels.tolist() == labels
    assert "The labels -1 and 1 are read as 0 and 1." in s.assumptions


def test_other_labels_stay_as_they_are() -> None:
    s = parse_sequences("a AC -1\nb GG 0\nc TT 1\n")
    assert s.labels.tolist() == [-1, 0, 1]
    assert not any("labels" in sentence for sentence in s.assumptions)


def test_names_that_occur_again_are_counted() -> None:
    s = parse_sequences(">a\nAC\n>b\nGG\n>a\nTT\n>a\nCC\n")
    assert len(s) == 4
    assert "2 names occur a second time; each record is a sequence of its own." in s.assumptions


@pytest.mark.parametrize(
    "text",
    [
        "id,sequence,label\none,ACGTNAC,1\ntwo,GATTACA,0\nthree,TT,1\n",
        '"id","sequence","label"\n"one","ACGTNAC","1"\n"two","GATTACA","0"\n"three","TT","1"\n',
        "label;seq;name\n1;ACGTNAC;one\n0;GATTACA;two\n1;TT;three\n",
        "id sequence label\none ACGTNAC 1\ntwo GATTACA 0\nthree TT 1\n",
        '"id"\t"seq"\t"label"\n"one"\t"ACGTNAC"\t1\n"two"\t"GATTACA"\t0\n"three"\t"TT"\t1\n',
    ],
    ids=["CSV", "CSV in quotes", "semicolons", "a header over blanks", "tabs and quotes"],
)
def test_tables_with_a_header_are_read_whatever_parts_their_columns(text: str) -> None:
    s = parse_sequences(text)
    assert (list(s), s.names, s.labels.tolist()) == (STRINGS, NAMES, LABELS)


def test_a_header_of_one_word_is_no_sequence_and_a_peptide_no_header() -> None:
    assert list(parse_sequences("seq\nACGT\nGG\n")) == ["ACGT", "GG"]
    assert list(parse_sequences("SEQ\nMKVLW\n")) == ["SEQ", "MKVLW"]


@pytest.mark.parametrize(
    ("data", "found", "accepted"),
    [
        (b"@r1\nACGT\n+\nIIII\n", "line 1: found a line that begins with '@', as FASTQ and SAM have it", "seqtk"),
        (b"LOCUS       X 4 bp DNA\nORIGIN\n1 acgt\n//\n", "line 1: found a GenBank record", "FASTA, which GenBank"),
        (b"ID   X; SV 1; linear\nSQ   Sequence 4 BP;\n", "line 1: found an EMBL or UniProt record", "FASTA, which"),
        (b"chr1\t100\t200\tpeak\n", "line 1: found genomic intervals (BED)", "bedtools getfasta"),
        (b"#chrom\tstart\nchr1\t100\t200\n", "line 2: found genomic intervals (BED)", "bedtools getfasta"),
        (b"track name=x\nchr1 1 2\n", "line 1: found genomic intervals (BED)", "bedtools getfasta"),
        (b"##gff-version 3\nchr1\t.\n", "line 1: found annotations (GFF)", "bedtools getfasta"),
        (b"##fileformat=VCFv4.2\n", "line 1: found variants (VCF)", "FASTA"),
        (b"CLUSTAL W\n\na AC-T\n", "line 1: found an alignment (Clustal)", "FASTA without gaps"),
        (b"# STOCKHOLM 1.0\na AC-T\n", "line 1: found an alignment (Stockholm)", "FASTA without gaps"),
        (b"<!DOCTYPE html><html>404</html>", "line 1: found XML or a web page", "FASTA"),
        (b'{"a": "ACGT"}', "line 1: found JSON", "FASTA"),
        (b"\x43\x27\x41\x1a" + bytes(12), ": found a genome in 2bit", "twoBitToFa"),
        (gzip.compress(b"BAM\1" + bytes(12), mtime=0), ": found alignments (BAM)", "samtools fasta"),
    ],
)
def test_files_of_another_kind_are_named_and_the_way_told(data: bytes, found: str, accepted: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_sequences(data, source="s")
    assert f"s, {found}; accepted: ".replace("s, :", "s:") in str(caught.value)
    assert accepted in caught.value.accepted


def test_a_comment_with_two_numbers_is_no_interval() -> None:
    assert list(parse_sequences("# 5 10 of\n>a\nAC\n")) == ["AC"]


# ---------------------------------------------------------------- what cannot be read

LETTERS = "DNA letters ACGT in either case, and NRYKMSWBDHV for an unknown letter"
FORMATS = (
    "FASTA ('>' before each name), lines of `id sequence label`, a table with a column `seq` (DeepBind's, CSV), HDF5, "
    "or bare letters, one sequence a line"
)


@pytest.mark.parametrize(
    ("text", "given_format", "message"),
    [
        ("", None, f"text: found no text; accepted: {FORMATS}"),
        (" \n\r\n", None, f"text: found no text; accepted: {FORMATS}"),
        ("", "fasta", f"text: found no sequence; accepted: {FORMATS}"),
        ("# only\n", "lines", f"text: found no sequence; accepted: {FORMATS}"),
        (
            "\nMEME version 4\n",
            None,
            "text, line 2: found a file of motifs (MEME); accepted: sequences, as FASTA",
        ),
        ("\n1 AC\n", None, f"text, line 2: found '1 AC'; accepted: {FORMATS}"),
        (">a\nAC\nA!\n", None, f"text, line 3: found '!'; accepted: {LETTERS}"),
        (">a\nAC\n!A\n", None, f"text, line 3: found '!'; accepted: {LETTERS}"),
        (">a\nAC\n\n>b\r\nAEC\n", None, f"text, line 5: found 'E'; accepted: {LETTERS}"),
        (">a\nAC\n>b\nA\xe9\n", None, f"text, line 4: found the byte 0xc3; accepted: {LETTERS}"),
        (">a\nA-C\n", None, f"text, line 2: found '-' (a gap, as in an alignment); accepted: {LETTERS}"),
        (">a\n\n>b\n", None, "text, line 1: found the record 'a' without letters; accepted: letters after a name"),
        (">a\nAC*\n", None, f"text, line 2: found '*' (a stop codon's mark); accepted: {LETTERS}"),
        (
            "AC\n>b\nAC",
            "fasta",
            "text, line 1: found letters before the first name; accepted: a line that begins with '>'",
        ),
        (">a AC 1\n>b AC\n", None, "text, line 2: found 2 columns; accepted: three: id, sequence, label"),
        (">a AC 1\nb\n", "encode", "text, line 2: found 1 column; accepted: three: id, sequence, label"),
        (
            ">a AC 1\n>b AC x\n",
            None,
            "text, line 2: found the label 'x'; accepted: a whole number, such as 0 or 1",
        ),
        (
            ">a AC 1\n>b AC 99999999999999999999\n",
            None,
            "text, line 2: found the label '99999999999999999999'; accepted: a whole number, such as 0 or 1",
        ),
        (">a AC 1\n>b A9 1\n", None, f"text, line 2: found '9'; accepted: {LETTERS}"),
        (
            "FoldID\tEventID\n",
            "deepbind",
            "text, line 1: found a header without a column `seq`; accepted: FoldID EventID seq Bound",
        ),
        ("id\tseq\na\tAC\nAC\n", None, "text, line 3: found 1 column; accepted: 2, as in the header"),
        ("id\tseq\na\t\n", None, "text, line 2: found the record 'a' without letters; accepted: letters after a name"),
        ("a ACGT 0.5\n", None, "text, line 1: found the label '0.5'; accepted: a whole number, such as 0 or 1"),
        (">a\nACGT [ 1 2 ]\n", None, f"text, line 2: found '[' (a matrix?); accepted: {LETTERS}"),
        (
            "seq,sequence\nA,C\n",
            None,
            "text, line 1: found two columns of sequences; accepted: one column `seq` or `sequence`",
        ),
        ("ACGT\nAC GT\nAC1\n", None, f"text, line 3: found '1'; accepted: {LETTERS}"),
    ],
)
def test_parse_sequences_errors_name_the_line(
    text: str, given_format: str | None, message: str, assert_refused: Refused
) -> None:
    assert_refused(FormatError, message, parse_sequences, text, source="text", format=given_format)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            gzip.compress(FASTA.encode() * 99, mtime=0)[:-30],
            "found gzip data that break off; accepted: a complete gzip file, or the file unpacked",
        ),
        (
            gzip.compress(FASTA.encode(), mtime=0)[:-8] + bytes(8),
            "found damaged gzip data (CRC check failed 0x0 != 0x",
        ),
        (gzip.compress(FASTA.encode(), mtime=0) + b"tail", "found damaged gzip data (Not a gzipped file (b'ta'))"),
        (b"\x1f\x8b\x08" + bytes(40), "found damaged gzip data (Error -3 while decompressing data"),
        (b"PK\x03\x04" + bytes(9), "found a zip archive; accepted: plain text, gzip or HDF5"),
        (b">a\nAC\n>b\nA\x00C\n", "line 4: found binary data (a zero byte); accepted: text"),
        (
            ">a\nACGT\n".encode("utf-16")[:-1],
            "found damaged UTF-16 (truncated data); accepted: text in UTF-8 or UTF-16",
        ),
        (b">a\nAC\n>caf\xe9\nAC\n", "line 3: found the byte 0xe9, which is not UTF-8; accepted: text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "line 1: found the byte 0x89, which is not UTF-8; accepted: text in UTF-8"),
    ],
)
def test_read_sequences_refuses_damaged_and_foreign_files(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "s.fa"
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        read_sequences(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_read_sequences_names_a_path_that_cannot_be_read(tmp_path: Path, assert_refused: Refused) -> None:
    path = str(tmp_path / "none.fa")
    message = f"`path` is {path!r} (No such file or directory); accepted: a file that can be read"
    assert_refused(ArgumentError, message, read_sequences, path)
    with pytest.raises(ArgumentError, match=r"\(Is a directory\)"):
        read_sequences(tmp_path)


def test_read_sequences_refuses_an_unknown_format_or_alphabet(tmp_path: Path, assert_refused: Refused) -> None:
    message = "`format` is 'genbank'; accepted: 'fasta', 'encode', 'deepbind', 'lines', 'hdf5' or None"
    assert_refused(ArgumentError, message, parse_sequences, FASTA, format="genbank")
    with pytest.raises(ArgumentError, match=r"^`alphabet` is 'XNA'; accepted: 'DNA', 'RNA', 'protein' or an Alphabet$"):
        parse_sequences(FASTA, alphabet="XNA")


# ---------------------------------------------------------------- real files


@pytest.mark.parametrize(
    ("file", "n", "n_bound"),
    [
        ("wgEncodeAwgTfbsSydhHelas3Stat3IggrabUniPk.train.data.gz", 21_563, 10_740),
        ("wgEncodeAwgTfbsSydhHelas3Stat3IggrabUniPk.test.data.gz", 5_391, 2_737),
        ("Keras-genomics_example_CTCF.test.data.gz", 19_544, 9_823),
    ],
)
def test_encode_benchmark_files_have_their_published_sizes(shared_data: Path, file: str, n: int, n_bound: int) -> None:
    s = read_sequences(shared_data / "encode_chipseq" / file)
    assert (len(s), int(s.labels.sum())) == (n, n_bound)
    assert set(s.lengths) == {101}
    shuffled = np.array([name.endswith("_shuf") for name in s.names])
    assert np.array_equal(shuffled, s.labels == 0)


def test_deepbind_file_agrees_with_a_plain_split(shared_data: Path) -> None:
    path = shared_data / "deepbind_encode" / "MYC_H1-hESC_c-Myc_Stanford_B.seq.gz"
    rows = [line.split("\t") for line in gzip.decompress(path.read_bytes()).decode().splitlines()[1:]]
    s = read_sequences(path)
    assert list(s) == [row[2] for row in rows]
    assert s.names == tuple(row[1] for row in rows)
    assert s.labels.tolist() == [int(row[3]) for row in rows]
    assert int(s.labels.sum()) == 500


def test_mixed_case_fasta_of_unequal_lengths(shared_data: Path) -> None:
    s = read_sequences(shared_data / "fasta" / "wgEncodeAwgTfbsSydhHelas3Brf1UniPk.fa")
    assert len(s) == 193
    assert (s.lengths.min(), s.lengths.max()) == (76, 240)
    assert s[-1] == (shared_data / "fasta" / "wgEncodeAwgTfbsSydhHelas3Brf1UniPk.fa").read_text().split()[-1].upper()


# --- as arrays


@pytest.mark.parametrize("n_sites", [0, 1, 2])
def test_arrays_round_trip_with_sites(n_sites):
    planted = simulate(np.eye(4), n=7, length=31, n_sites=n_sites, margin=0, seed=3)
    found = sequences_of(sequence_arrays(planted, "a") | {"b.codes": np.zeros(2)}, "a")
    assert list(found) == list(planted)
    np.testing.assert_array_equal(found.labels, planted.labels)
    assert [[site[:2] for site in sites] for sites in found.sites] == [
        [s[:2] for s in sites] for sites in planted.sites
    ]


def test_arrays_round_trip_without_labels_and_sites_and_of_another_alphabet():
    proteins = SequenceSet.from_strings(["MKV", "LLWXA"], alphabet="protein")
    found = sequences_of(sequence_arrays(proteins, "x"), "x", "protein")
    assert list(found) == list(proteins)
    assert found.labels is None
    assert found.sites is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"x.codes": None},
        {"x.codes": np.array([0, 1, 2, 3, 4], np.int8)},
        {"x.codes": np.array([0, 1, 2, 3, -2], np.int8)},
        {"x.codes": np.array([0, 1, 2, 3, 0], np.int64)},
        {"x.offsets": np.array([0, 3])},
        {"x.offsets": np.array([1, 5])},
        {"x.offsets": np.array([0, 5, 5])},
        {"x.offsets": np.array([], np.int64)},
        {"x.labels": np.array([1])},
        {"x.sites": np.array([[1, 2]]), "x.n_sites": np.array([1])},
        {"x.sites": np.array([[1, 2]])},
        {"x.sites": np.array([1]), "x.n_sites": np.array([1, 0])},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong):
    arrays = sequence_arrays(SequenceSet.from_strings(["ACG", "TA"], labels=[0, 1]), "x") | wrong
    with pytest.raises(ArgumentError):
        sequences_of({name: array for name, array in arrays.items() if array is not None}, "x")


_HEADLESS = [
    (row, mark, word)
    for row in (["s1", "ACGTACGT", "1"], ["ACGTACGT", "0"], ["7", "acgtn"], ["MKVLAAGIVG", "s1"])
    for mark, word in ((",", "commas"), (";", "semicolons"), ("\t", "tabs"), (" ", "blanks"))
    if len(row) == 2 or mark in ",;"  # ENCODE's files have such three columns and no header
]


@pytest.mark.parametrize(("row", "mark", "word"), _HEADLESS)
def test_columns_without_a_header_are_called_that(row: list[str], mark: str, word: str) -> None:
    line = mark.join(row)
    with pytest.raises(FormatError) as refused:
        parse_sequences(f"{line}\n" * 2)
    said = str(refused.value)
    assert f"line 1: found {line!r}, columns without a header; accepted: a first line of column names, `seq`" in said
    assert f"with {word} between; or FASTA" in said


def test_a_header_without_a_column_of_sequences_is_called_that() -> None:
    with pytest.raises(
        FormatError, match="found 'id,dna,label', a header without a column `seq`; accepted: a first line"
    ):
        parse_sequences("id,dna,label\ns1,ACGTACGT,1\n")
    assert parse_sequences("id,seq,label\ns1,ACGTACGT,1\n").lengths.tolist() == [8]


def test_a_packed_text_that_is_too_large_is_refused_without_being_kept(tmp_path: Path) -> None:
    path = tmp_path / "large.fa.gz"
    path.write_bytes(gzip.compress(b">x\n" + b"ACGTTGCA\n" * 2_000_000, 1))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="more than 16,000,000 bytes of text"):
            read_sequences(path, limits=Limits(bytes=16_000_000))
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert read_sequences(path).lengths.tolist() == [16_000_000]


def test_what_a_packed_file_says_of_its_size_is_not_believed() -> None:
    packed = gzip.compress(b">x\nACGT\n", mtime=0)
    with pytest.raises(FormatError, match="damaged gzip data"):
        parse_sequences(packed[:-4] + b"\xff" * 4, limits=Limits(bytes=99))
    assert parse_sequences(packed, limits=Limits(bytes=8)).lengths.tolist() == [4]
