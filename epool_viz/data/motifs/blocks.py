"""Texts that hold matrices under lines that name them: JASPAR, HOMER, cluster-buster, HOCOMOCO, UniPROBE, CIS-BP.

A block is the lines of one matrix. A line with `>` begins one, and so does a line that begins with a known word, such
as `Protein:` or `TF Name`, or one with the letters above the columns, where rows stand before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from epool_viz.data.numbers import MOST_ROWS, Lines, is_letter, is_number, row_texts, too_many_rows, words_of
from epool_viz.data.source import is_comment, left_out
from epool_viz.errors import FormatError

_NAMES = ("tf name", "protein", "name", "gene", "tf", "de")
_BETWEEN = ("XX", "//")
_ACCESSIONS = ("motif", "matrix", "id")
_NOTES = ("family", "species", "motif_type", "seed k-mer", "enrichment score", "msource_identifier", "dbid", "pmid")
_MARKUP = {
    "<?xml": "XML",
    "<!doctype html": "a web page (HTML)",
    "<html": "a web page (HTML)",
    "<": "XML or a web page",
    "{": "JSON",
    "[{": "JSON",
    '["': "JSON",
    "%PDF": "a PDF document",
    "@": "a line that begins with '@', as FASTQ and SAM have it",
}
_TEXT_OF = "the text file of the same source: MEME's programs write meme.txt, streme.txt or dreme.txt beside it"
_NO_ROWS = "a row of numbers for each letter or position"
_MOST_LOOKED_AT = 1000
_MOST_BLOCKS = 100  # where one is expected


@dataclass
class Block:
    """The lines of one matrix.

    Parameters
    ----------
    line : int
        Where it begins.
    name, accession : str
    lines : list of (line, text)
        Its rows, and the line of letters above them.
    said : tuple of str
    """

    line: int
    name: str = ""
    accession: str = ""
    lines: list[tuple[int, str]] = field(default_factory=list)
    said: tuple[str, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)
    has_rows: bool = False

    @property
    def is_named(self) -> bool:
        """Whether a line gives it a name, as the formats of motifs have it."""
        return bool(self.name or self.accession or self.keys)

    def add_keys(self, found: dict[str, str]) -> None:
        """Add the names of a line."""
        self.keys |= found
        self.name = next((self.keys[key] for key in _NAMES if self.keys.get(key)), "")
        self.accession = next((self.keys[key] for key in _ACCESSIONS if self.keys.get(key)), "")


def telling_lines(lines: Lines) -> list[tuple[int, str]]:
    """Those that are neither blank nor a comment."""
    return [(number, text) for number, text in lines if text.strip() and not is_comment(text.encode())]


def require_no_markup(source: str, lines: Lines) -> None:
    """Refuse another kind of file, and name the kind.

    Raises
    ------
    FormatError
        If the text is XML, HTML or another kind of file.
    """
    first = [(number, text) for number, text in lines[:_MOST_LOOKED_AT] if text.strip()][:2] or [(1, "")]
    number = first[0][0]
    start = "".join("".join(text[:40].split()) for _, text in first).lower()
    what = next((what for mark, what in _MARKUP.items() if start.startswith("".join(mark.lower().split()))), None)
    if what:
        raise FormatError(source, number, what, _TEXT_OF if "XML" in what else "a text file with the numbers")


def find_blocks(source: str, lines: Lines, most: int) -> list[Block]:
    """The blocks of a text, in order; no more than `most`, and no block of more lines than a matrix can have.

    Raises
    ------
    FormatError
        If there are more motifs, or rows of one, than the limits allow.
    """
    blocks: list[Block] = []
    telling = telling_lines(lines)
    for i, (number, text) in enumerate(telling):
        if len(blocks) > most:
            raise FormatError(source, None, f"more than {most:,} motifs", f"at most {most:,} motifs")
        if blocks and len(blocks[-1].lines) > MOST_ROWS:
            raise too_many_rows(source, number)
        if text.strip() in _BETWEEN:
            continue
        after = telling[i + 1][1] if i + 1 < len(telling) else ""
        if text.startswith(">"):
            name, accession = split_title(text[1:].strip())
            blocks.append(Block(number, name, accession, keys={">": text}))
        elif _is_row(text):
            if not blocks or _begins_again(blocks[-1], number, text):
                blocks.append(Block(number))
            blocks[-1].lines.append((number, text))
            blocks[-1].has_rows = True
        elif letters_above(words_of(text, "parts") or ["-"]):
            if not blocks or blocks[-1].has_rows:
                blocks.append(Block(number))
            blocks[-1].lines.append((number, text))
        elif (keys := _keys(text)) or _is_labelled(after):
            if not blocks or blocks[-1].has_rows or keys.keys() & blocks[-1].keys.keys():
                blocks.append(Block(number))
            blocks[-1].add_keys(keys or {"name": " ".join(text.split())})
        else:
            if not blocks:
                blocks.append(Block(number))
            blocks[-1].lines.append((number, text))  # no row: the reader of the rows names it
            blocks[-1].has_rows = True
    return blocks


def only_block(source: str, lines: Lines) -> Block:
    """The block of a text that holds one.

    Raises
    ------
    FormatError
        If there is a second one, or the text is another kind of file.
    """
    require_no_markup(source, lines)
    blocks = [block for block in find_blocks(source, lines, _MOST_BLOCKS) if block.has_rows]
    if len(blocks) > 1:
        raise FormatError(source, blocks[1].line, "a second matrix", "one matrix")
    if not blocks:
        return Block(1)
    (block,) = blocks
    if block.is_named:
        block.said = (f"The line that names {block.name or block.accession or 'it'} is no part of the matrix.",)
    return block


def split_title(title: str) -> tuple[str, str]:
    """Name and accession of a line with `>`; a tab, or the first space, parts them, and further columns are notes."""
    words = [word.strip() for word in title.split("\t")] if "\t" in title else title.split(maxsplit=1)
    return (words[1], words[0]) if len(words) > 1 else (title, "")


def read_each(entries: Iterable[tuple[str, Any]], read: Callable[[Any], Any]) -> tuple[list[Any], str]:
    """What can be read, and a sentence that names what cannot; the first error where nothing can.

    Parameters
    ----------
    entries : iterable of (what messages call it, what `read` takes)
    read : callable
        Raises a FormatError for what it cannot read.

    Raises
    ------
    FormatError
        If none can be read.
    """
    good, bad = [], []
    for called, entry in entries:
        try:
            good.append(read(entry))
        except FormatError as error:
            bad.append((called, error))
    if bad and not good:
        raise bad[0][1]
    return good, left_out([(called, _reason(error)) for called, error in bad])


def _reason(error: FormatError) -> str:
    where = "" if error.line is None else f"line {error.line}: "
    return f"{where}found {error.found}; accepted: {error.accepted}"


def require_rows(source: str, block: Block) -> None:
    """Refuse a block that is a name alone.

    Raises
    ------
    FormatError
        If the block holds no numbers.
    """
    if not block.has_rows:
        called = f"the motif {block.name or block.accession!r}" if block.is_named else "letters"
        raise FormatError(source, block.line, f"{called} without numbers", _NO_ROWS)


def _is_row(text: str) -> bool:
    """Whether a line holds numbers, perhaps behind a letter."""
    words = words_of(row_texts(text)[0], "parts")
    return bool(words) and (_numeric(words[0]) or (is_letter(words[0]) and len(words) > 1 and _numeric(words[1])))


def _numeric(word: str) -> bool:
    """Whether a word is a number, or a misspelt one."""
    return is_number(word) or word[:1] in "+-.0123456789" or word.lower() in ("nan", "inf", "na")


def _is_labelled(text: str) -> bool:
    words = words_of(text, "parts")
    return len(words) > 1 and is_letter(words[0]) and _numeric(words[1])


def _begins_again(block: Block, number: int, text: str) -> bool:
    """Whether a row with the first letter follows, behind a gap, rows that already have all letters."""
    if not block.has_rows or not _is_labelled(text) or number == block.lines[-1][0] + 1:
        return False
    labels = [words_of(row, "parts")[0].upper() for _, row in block.lines if _is_labelled(row)]
    return len(labels) == len(set(labels)) > 3 and words_of(text, "parts")[0].upper() == labels[0]


def _keys(text: str) -> dict[str, str]:
    """The names that a line gives, if it begins with a known word: `Protein: Foo`, or `TF Name`, a tab and the name."""
    parts = [part.strip() for part in text.replace(":\t", "\t").replace(":", "\t").split("\t")]
    if len(parts) < 2 or parts[0].lower() not in (*_NAMES, *_ACCESSIONS, *_NOTES):
        return {}
    known = {key.lower(): value for key, value in zip(parts[::2], parts[1::2], strict=False)}
    return {key: value for key, value in known.items() if key in (*_NAMES, *_ACCESSIONS, *_NOTES)}


def letters_above(words: Sequence[str]) -> tuple[str, ...]:
    """The letters of a line of letters, perhaps between words such as "pos" and "consensus"; or nothing."""
    letters = tuple(words if is_letter(words[0]) else words[1:])
    letters = letters[:-1] if len(letters) > 4 and not is_letter(letters[-1]) else letters
    return letters if len(letters) > 1 and all(map(is_letter, letters)) else ()
