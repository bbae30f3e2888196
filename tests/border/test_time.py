"""No expression and no parser takes more than time in proportion to what it is given, whatever that is.

A quadratic one takes four times as long for twice the text. So each is timed at two sizes, by the clock of this process
alone, and the larger may not take much more than its share; and none may take seconds for a megabyte.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import epool_viz
from epool_viz.data.motifs.matrix import parse_matrix
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.data.networks.kernels import ImportOptions
from epool_viz.data.networks.motif_kernels import read_motif_kernels
from epool_viz.data.sequences.problems import sequence_problems
from epool_viz.data.sequences.reading import parse_sequences
from epool_viz.errors import EpoolError

MEGABYTE = 1_000_000
SLOWEST = 12.0  # seconds for a megabyte, on a machine that does much else
SHARE = 8  # times as long may four times the text take
SOON = 0.3  # seconds that say nothing about growth
METHODS = ("match", "fullmatch", "search", "findall", "finditer", "sub", "split")


class Pattern(NamedTuple):
    """An expression of the package, and how it is used.

    Attributes
    ----------
    where : str
    expression : str or bytes
    flags : int
    method : str
    """

    where: str
    expression: str | bytes
    flags: int
    method: str

    def run(self, text: str) -> None:
        compiled = re.compile(self.expression, self.flags)
        subject: Any = text.encode() if isinstance(self.expression, bytes) else text
        if self.method == "sub":
            compiled.sub(b"" if isinstance(self.expression, bytes) else "", subject)
        elif self.method == "finditer":
            list(compiled.finditer(subject))
        else:
            getattr(compiled, self.method)(subject)


def patterns_in(source: str, where: str) -> Iterator[Pattern]:
    """Every expression that a module compiles or uses at once, with each method that is called on it."""
    if not re.search(r"\bre\s*\.", source):
        return
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    named: dict[str, tuple[str | bytes, int]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_re(node.value, "compile"):
            for target in node.targets:
                named[ast.unparse(target)] = _expression(node.value)
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        method = call.func.attr
        if method not in METHODS:
            continue
        owner = ast.unparse(call.func.value)
        if owner in named:
            yield Pattern(f"{where}: {owner}", *named[owner], method)
        elif owner == "re":
            yield Pattern(f"{where}, line {call.lineno}", *_expression(call), method)


def _is_re(call: ast.Call, method: str) -> bool:
    return ast.unparse(call.func) == f"re.{method}"


def _expression(call: ast.Call) -> tuple[str | bytes, int]:
    """The first argument, and the flags."""
    told = [*call.args[1:], *(each.value for each in call.keywords)]
    flags = [getattr(re, arg.attr) for arg in told if isinstance(arg, ast.Attribute) and ast.unparse(arg.value) == "re"]
    return _text(call.args[0]), sum(flags)


def _text(written: ast.expr) -> str | bytes:
    """An expression as it is written; a word stands for whatever is put into it."""
    if isinstance(written, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "word" for each in written.values)
    return ast.literal_eval(written)


def every_pattern() -> list[Pattern]:
    root = Path(epool_viz.__file__).parent
    found = [
        pattern
        for path in sorted(root.rglob("*.py"))
        for pattern in patterns_in(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    ]
    return list(dict.fromkeys(found))


PATTERNS = every_pattern()
UNITS = (
    *(
        "1",
        " ",
        "a",
        "A",
        "[",
        "]",
        "-",
        "e",
        ",",
        "\n",
        ">",
        ".",
        "=",
        "\t",
        ";",
        '"',
        "(",
        "_",
        "x=",
        " =",
        "a ",
        "1,",
    ),
    *("1.", "1e", "] ", "MA1", "(MA1", "Aa", "aA", "\n>", "\nA", "01 ", "P0 ", "width ", "MEME"),
)
HEADS = ("", "A", "1", ">", "[", '"', "P0 ", "01 ", "a=", "\n>", "(MA", "MOTIF ", "x ACGT 1")


def seconds(call: Callable[[str], object], text: str) -> float:
    """The time of this process alone."""
    start = time.process_time()
    with contextlib.suppress(EpoolError):
        call(text)
    return time.process_time() - start


def assert_linear(call: Callable[[str], object], head: str, unit: str, size: int, end: str = "") -> None:
    """A text of `head` and then nothing but `unit` takes time in proportion to its length."""

    def text(n: int) -> str:
        return (head + unit * (n // len(unit) + 1))[:n] + end

    long = seconds(call, text(size))
    if long <= SOON:  # whatever a quarter of it takes
        return
    short = seconds(call, text(size // 4))
    if long > max(SOON, SHARE * short):  # once more: another process may have been in the way
        short, long = (max(short, seconds(call, text(size // 4))), min(long, seconds(call, text(size))))
    shown = f"{head!r}, {unit!r} and no end: {short:.2f} s for {size // 4:,} characters, {long:.2f} s for {size:,}"
    assert long <= max(SOON, SHARE * short), shown
    assert long < SLOWEST, shown


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: f"{pattern.where} {pattern.method}")
def test_every_expression_takes_time_in_proportion(pattern: Pattern) -> None:
    for head, unit, end in itertools.product(HEADS, UNITS, ("", "!")):
        assert_linear(pattern.run, head, unit, MEGABYTE // 32, end)


def test_the_expressions_of_the_package_are_found() -> None:
    modules = {pattern.where.split(":")[0].split(",")[0] for pattern in PATTERNS}
    assert {"data/numbers.py", "data/motifs/meme.py", "data/motifs/transfac.py", "data/sequences/reading.py"} <= modules
    assert {pattern.method for pattern in PATTERNS} >= {"match", "fullmatch", "findall", "split", "sub"}


@pytest.mark.parametrize(
    ("expression", "method", "unit", "size"),
    [
        (r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", "fullmatch", "1", 6_000),
        (r"(\w+)\s*=\s*(\S+)", "findall", "a", 12_000),
        (r"\s+width\s*=", "split", " ", 24_000),
    ],
    ids=["numbers", "keys", "blanks before a word"],
)
def test_the_check_calls_a_quadratic_expression_what_it_is(expression: str, method: str, unit: str, size: int) -> None:
    slow = Pattern("here", expression, 0, method)
    with pytest.raises(AssertionError, match=r"no end: .* s for"):
        assert_linear(slow.run, "", unit, size, "!")


# ---------------------------------------------------------------- the parsers

PARSERS: dict[str, Callable[[str], object]] = {
    "parse_motifs": parse_motifs,
    "parse_matrix": parse_matrix,
    "parse_sequences": parse_sequences,
    "sequence_problems": sequence_problems,
    "read_motif_kernels": lambda text: read_motif_kernels(text.encode(), "kernels", ImportOptions()),
}
TEXT_UNITS = (
    *(
        "1",
        " ",
        "a",
        "A",
        "[",
        "-",
        "e",
        ",",
        "\n",
        ">",
        ".",
        "=",
        ";",
        '"',
        "é",
        "0,1",
        "1 ",
        "1,",
        "1 1;",
        "a=",
        "= ",
    ),
    *("1\n", "A 1\n", ">\n", ">a\nA\n", ">a\n1\n1\n1\n1\n", "1 2 3 4\n", "MOTIF a\n", "AC\n", "//\n", "] [1", '"\n'),
    *("P0 A C G T\n1 1 2 3 4\n", "MOTIF a\nletter-probability matrix:\n.1 .2 .3 .4\n", "Protein: x\n", "a ACGT 1\n"),
    *("TF\tx\nPos\tA\tC\tG\tT\n1\t.1\t.2\t.3\t.4\n", "a,b\n", "letter-probability matrix:", "Pos A C G T\n", "A\tC\n"),
)
TEXT_HEADS = (
    *("", ">x\n", "A ", "MEME version 4\nMOTIF a ", "MOTIF a\nletter-probability matrix: ", "P0 A C G T\n01 "),
    *("MOTIF a\nletter-probability matrix:\n", 'ALPHABET "\n', "id\tseq\n", "Background letter frequencies\n"),
)


@pytest.mark.parametrize("head", TEXT_HEADS, ids=repr)
@pytest.mark.parametrize("parser", ["parse_motifs", "parse_sequences"])
def test_a_reader_takes_time_in_proportion_behind_every_head(parser: str, head: str) -> None:
    for unit in TEXT_UNITS:
        assert_linear(PARSERS[parser], head, unit, MEGABYTE // 200)


@pytest.mark.parametrize("parser", PARSERS)
def test_every_parser_takes_time_in_proportion(parser: str) -> None:
    for unit in TEXT_UNITS:
        assert_linear(PARSERS[parser], "", unit, MEGABYTE // 200)


@pytest.mark.parametrize("unit", ["1", "1 ", "1\n", "A 1\n", ">a\nA\n", ">a\n1\n1\n1\n1\n", "\n"])
@pytest.mark.parametrize("parser", ["parse_motifs", "parse_sequences"])
def test_a_reader_is_done_with_a_megabyte_in_time(parser: str, unit: str) -> None:
    assert_linear(PARSERS[parser], "", unit, MEGABYTE)


@pytest.mark.parametrize("parser", [parser for parser in PARSERS if parser != "sequence_problems"])
def test_messages_stay_short_whatever_the_text_is(parser: str) -> None:
    texts = [head + unit * 50_000 for head in TEXT_HEADS for unit in ("a", "1", ">", "A 1\n")]
    refused = [error for text in texts if (error := _refusal(PARSERS[parser], text))]
    assert max(len(message) for message in refused) < 1000
    assert len(refused) > len(texts) / 2


def _refusal(parser: Callable[[str], object], text: str) -> str:
    try:
        parser(text)
    except EpoolError as error:
        return str(error)
    return ""


def test_300_000_records_of_one_letter_are_read_in_time() -> None:
    text = ">a\nA\n" * 300_000
    spent = seconds(parse_sequences, text)
    assert len(parse_sequences(text)) == 300_000
    assert spent < SLOWEST


def test_ten_million_blank_lines_take_less_time_than_one_million_letters() -> None:
    blank = seconds(parse_sequences, ">a\nA\n" + "\n" * 10_000_000)
    letters = seconds(parse_sequences, ">a\n" + "A\n" * 1_000_000)
    assert blank < letters
