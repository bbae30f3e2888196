"""What is wrong with a text of sequences, every line of it."""

from __future__ import annotations

import pytest

from epool_viz.data.sequences.problems import sequence_problems

FASTA = ">one\nACGT\nAC!T\n>two\n>three\nGG$A\nTTA\n>four\nA?GT\n"


def test_every_line_at_fault_is_named_in_order() -> None:
    found, are_all = sequence_problems(FASTA, source="my.fa")
    assert [(each.line, each.text) for each in found] == [(3, "AC!T"), (6, "GG$A"), (9, "A?GT")]
    assert are_all
    assert found[0].found == "'!'"
    assert "ACGT in either case" in found[1].accepted


@pytest.mark.parametrize("text", [">one\nACGT\n", "s1 ACGT 1\ns2 GGCA 0\n", "ACGT\nGGCA\n"])
def test_a_text_that_can_be_read_has_none(text: str) -> None:
    assert sequence_problems(text) == ([], True)


def test_lines_with_labels_are_looked_at_one_by_one() -> None:
    text = "a ACGT 1\nb ACGT 0\nc AC?T 1\nd ACGT yes\ne ACGT\nf ACGT 0\n"
    found, are_all = sequence_problems(text)
    assert [each.line for each in found] == [3, 4, 5]
    assert are_all
    assert found[2].found == "2 columns"


def test_line_ends_are_those_of_the_reader() -> None:
    found, _ = sequence_problems(">a\x0bb\u2028c\r\nAC!T\rAC?T\n")
    assert [(each.line, each.text) for each in found] == [(2, "AC!T"), (3, "AC?T")]


def test_the_search_ends_at_so_many() -> None:
    found, are_all = sequence_problems("\n".join([">x", *["AC!T"] * 9, ">y", "ACGT"]), most=4)
    assert [each.line for each in found] == [2, 3, 4, 5]
    assert not are_all


def test_a_text_of_nothing_is_one_problem_without_a_line() -> None:
    ((problem,), are_all) = sequence_problems("  \n\n")
    assert (problem.line, problem.found, are_all) == (None, "no text", True)
