"""Motif files made of matrices that are known: every format, in every dialect, with every fault; and a judge.

A file is `right` where what is read is what it was made of, `refused` where an error or a left-out motif names the
cause, and `wrong` otherwise. `python -m tests.border.motif_files` prints the table.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from epool_viz.data.motifs.motif import Motif
from epool_viz.data.motifs.reading import parse_motifs
from epool_viz.errors import FormatError

Verdict = Literal["right", "refused", "wrong"]
Reader = Callable[[bytes], list[Motif]]
LETTERS = "ACGT"
N_SITES = 1000
ROUNDING = 0.015  # what two decimals, rescaled, may move a probability


class Made(NamedTuple):
    """A motif that a file is made of.

    Attributes
    ----------
    name : str
    counts : int array, shape (letter, position); all numbers differ, and every position sums to `N_SITES`
    """

    name: str
    counts: np.ndarray

    @property
    def ppm(self) -> np.ndarray:
        return self.counts / self.counts.sum(axis=0)

    @property
    def width(self) -> int:
        return int(self.counts.shape[1])


@dataclass(frozen=True)
class Case:
    """A file, what it was made of, and what a reader may make of it.

    Parameters
    ----------
    format, dialect, fault : str
    data : bytes
    truth : tuple of Made
        What may be read; of a file with a fault the motifs without it.
    must_read : bool
        Whether a refusal is a failure of the reader.
    cause : str
        What the refusal, or the sentence on what was left out, has to name.
    has_sites : bool
        Whether the number of sites stands in the file.
    atol : float
    """

    format: str
    dialect: str
    fault: str
    data: bytes
    truth: tuple[Made, ...]
    must_read: bool = True
    cause: str = ""
    has_sites: bool = False
    atol: float = 1e-9
    named: bool = field(default=True)

    @property
    def name(self) -> str:
        return f"{self.format}, {self.dialect}" + (f", {self.fault}" if self.fault else "")


def judge(case: Case, reader: Reader = parse_motifs) -> tuple[Verdict, str]:
    """What became of a file, and why."""
    try:
        motifs = reader(case.data)
    except FormatError as error:
        if case.must_read:
            return "wrong", f"refused: {error}"
        known = case.cause.lower() in str(error).lower()
        return ("refused", str(error)) if known else ("wrong", f"names another cause: {error}")
    if len(motifs) != len(case.truth) or not motifs:
        return "wrong", f"{len(motifs)} motifs of {len(case.truth)}"
    for made, read in zip(case.truth, motifs, strict=True):
        if reason := _difference(case, made, read):
            return "wrong", f"{made.name}: {reason}"
    if case.fault and case.cause and not any(case.cause.lower() in said.lower() for said in motifs[0].assumptions):
        return "wrong", f"nothing is said of {case.cause!r}"
    return "right", ""


def _difference(case: Case, made: Made, read: Motif) -> str:
    if case.named and read.name != made.name:
        return f"is called {read.name}"
    if read.alphabet.letters.replace("U", "T") != LETTERS:
        return f"is of {read.alphabet.name}"
    if read.ppm.shape != made.ppm.shape:
        return f"has the shape {read.ppm.shape}"
    if not np.allclose(read.ppm, made.ppm, rtol=0, atol=case.atol):
        return f"differs by {np.abs(read.ppm - made.ppm).max():.3g}"
    if case.has_sites != (read.n_sites is not None) or (case.has_sites and read.n_sites != N_SITES):
        return f"has {read.n_sites} sites"
    return ""


# ---------------------------------------------------------------- the matrices


def made_motif(name: str, width: int, rng: np.random.Generator) -> Made:
    """Random counts that betray an exchange: all numbers differ, and row sums are far from those of the columns."""
    while True:
        shares = rng.dirichlet([0.7, 1.3, 0.9, 1.1], size=width).T
        counts = np.maximum(np.round(shares * N_SITES), 2).astype(int)
        counts[3] += N_SITES - counts.sum(axis=0)
        sums = counts.sum(axis=1)
        if counts.min() > 1 and len(np.unique(counts)) == counts.size and np.ptp(sums) > 0.3 * sums.max():
            return Made(name, counts)


def motifs_of(widths: Sequence[int], seed: int) -> tuple[Made, ...]:
    rng = np.random.default_rng(seed)
    return tuple(made_motif(f"M{i}", width, rng) for i, width in enumerate(widths, start=1))


def consensus(made: Made) -> str:
    return "".join(LETTERS[i] for i in made.counts.argmax(axis=0))


# ---------------------------------------------------------------- the formats


def _plain(x: float) -> str:
    return f"{x:.10g}"


def _rows(table: np.ndarray, number: Callable[[float], str] = _plain, between: str = "\t") -> list[str]:
    return [between.join(number(x) for x in row) for row in table]


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def meme(motifs: Sequence[Made], *, letters: str = "ACGT", head: str = "", url: bool = True, sites: bool = True) -> str:
    """The minimal format, with the columns in any order."""
    order = [LETTERS.index(letter) for letter in letters.replace("U", "T")]
    text = ["MEME version 5.5.5", "", head or f"ALPHABET= {letters}", "", "strands: + -", ""]
    text += ["Background letter frequencies", f"A 0.3 C 0.2 G 0.1 {'U' if 'U' in letters else 'T'} 0.4", ""]
    for made in motifs:
        known = f" nsites= {N_SITES} E= 1.2e-003" if sites else ""
        text += [f"MOTIF {made.name}", f"letter-probability matrix: alength= 4 w= {made.width}{known}"]
        text += [" " + "  ".join(f"{x:.6f}" for x in column) for column in made.ppm.T[:, order]]
        text += [f"URL http://example.org/{made.name}", ""] if url else [""]
    return _lines(*text)


def meme_full(motifs: Sequence[Made]) -> str:
    """As the program writes it: log odds before the probabilities, stars between the sections."""
    stars, dashes = "*" * 80, "-" * 80
    text = [stars, "MEME - Motif discovery tool", stars, "MEME version 4.10.1 (Release date: 2015)", "", stars]
    text += ["TRAINING SET", stars, "DATAFILE= x.fa", "ALPHABET= ACGT", "Sequence name  Weight Length", ""]
    text += [
        "Letter frequencies in dataset:",
        "A 0.3 C 0.2 G 0.1 T 0.4",
        "Background letter frequencies (from dataset):",
    ]
    text += ["A 0.3 C 0.2", "G 0.1 T 0.4", stars]
    for i, made in enumerate(motifs, start=1):
        text += [stars, f"MOTIF  {i} MEME  width = {made.width}  sites = 17  llr = 12  E-value = 1e-3", stars]
        text += [dashes, f"\tMotif {i} Description", dashes, "Simplified  A  :::a"]
        text += [dashes, f"\tMotif {i} position-specific scoring matrix", dashes]
        text += [f"log-odds matrix: alength= 4 w= {made.width} n= 99 bayes= 2 E= 1e-3"]
        text += [" ".join(f"{round(100 * np.log2(x / 0.25)):6d}" for x in column) for column in made.ppm.T]
        text += [dashes, f"\tMotif {i} position-specific probability matrix", dashes]
        text += [f"letter-probability matrix: alength= 4 w= {made.width} nsites= {N_SITES} E= 1e-3"]
        text += [" ".join(f"{x:9.6f}" for x in column) + " " for column in made.ppm.T]
        text += [dashes, f"\tMotif {i} regular expression", dashes, consensus(made), dashes, "Time  0.52 secs.", stars]
    return _lines(*text, "SUMMARY OF MOTIFS", stars)


def streme(motifs: Sequence[Made]) -> str:
    text = ["MEME version 5.5.5 (Release date: 2023)", "", "ALPHABET= ACGT", "", "strands: + -", ""]
    text += ["Background letter frequencies", "A 0.303 C 0.197 G 0.197 T 0.303", ""]
    for i, made in enumerate(motifs, start=1):
        text += [f"MOTIF {i}-{consensus(made)} {made.name}"]
        text += [f"letter-probability matrix: alength= 4 w= {made.width} nsites= {N_SITES} P= 4.4e-007"]
        text += [*_rows(made.ppm.T, lambda x: f"{x:8.6f}", " "), ""]
    return _lines(*text)


def dreme(motifs: Sequence[Made]) -> str:
    text = ["# DREME 5.0.5", "# command: dreme -p x.fa", "MEME version 5.0.5", "", 'ALPHABET "DNA" DNA-LIKE']
    text += ['A "Adenine" CC0000 ~ T "Thymine" 008000', 'C "Cytosine" 0000CC ~ G "Guanine" FFB300']
    text += ['N "Any base" = ACGT', "X = ACGT", "R = AG", "END ALPHABET", "", "Background letter frequencies"]
    text += ["A 0.25 C 0.25 G 0.25 T 0.25", ""]
    for made in motifs:
        text += [f"MOTIF {made.name}", "#  Word  RC Word  Pos  Neg", f"# BEST {consensus(made)}", ""]
        text += [f"letter-probability matrix: alength= 4 w= {made.width} nsites= {N_SITES} E= 0"]
        text += [*_rows(made.ppm.T, lambda x: f"{x:8.6f}", " "), "", "", "Time  1.00 secs.", ""]
    return _lines(*text)


def jaspar(motifs: Sequence[Made], letters: str = "ACGT") -> str:
    text = []
    for made in motifs:
        text.append(f">MA0001.1\t{made.name}")
        text += [
            f"{letter}  [{' '.join(f'{x:6d}' for x in made.counts[LETTERS.index(letter)])} ]" for letter in letters
        ]
    return _lines(*text)


def _blocks(motifs: Sequence[Made], rows: Callable[[Made], list[str]], title: str = ">") -> str:
    """The rows of each motif under its name."""
    return _lines(*(line for made in motifs for line in [f"{title}{made.name}", *rows(made)]))


def _headed(rows: Sequence[str], between: str = "\t") -> list[str]:
    return [f"{letter}{between}{row}" for letter, row in zip(LETTERS, rows, strict=True)]


def jaspar_shares(motifs: Sequence[Made]) -> str:
    return _blocks(motifs, lambda made: [f"{row} ]" for row in _headed(_rows(made.ppm, between=" "), " [ ")])


def jaspar_bare(motifs: Sequence[Made]) -> str:
    """The raw form: rows of letters without a letter."""
    return _blocks(motifs, lambda made: _rows(made.counts), ">MA0001.1 ")


def cluster_buster(motifs: Sequence[Made]) -> str:
    return _blocks(motifs, lambda made: _rows(made.counts.T, between=" "))


def cluster_buster_shares(motifs: Sequence[Made]) -> str:
    return _blocks(motifs, lambda made: _rows(made.ppm.T, between=" "))


def homer(motifs: Sequence[Made]) -> str:
    text = []
    for made in motifs:
        text += [f">{consensus(made)}\t{made.name}\t6.049537\t-1782.996\t0\tT:17.0(17.00%),B:1.0(0.1%),P:1e-774"]
        text += _rows(made.ppm.T)
    return _lines(*text)


def hocomoco_pcm(motifs: Sequence[Made]) -> str:
    return _blocks(motifs, lambda made: _rows(made.counts.T, lambda x: f"{x:.1f}"))


def hocomoco_pwm(motifs: Sequence[Made]) -> str:
    """Natural log odds against a uniform background."""
    return _blocks(motifs, lambda made: _rows(np.log(made.ppm.T / 0.25), lambda x: f"{x:.12f}"))


def bits(motifs: Sequence[Made]) -> str:
    """Log odds to the base 2 against a uniform background."""
    return _blocks(motifs, lambda made: _headed(_rows(np.log2(made.ppm / 0.25), lambda x: f"{x:.12f}")))


def transfac(motifs: Sequence[Made], *, letters: str = "ACGT", key: str = "P0", shares: bool = False) -> str:
    order = [LETTERS.index(letter) for letter in letters.replace("U", "T")]
    text = []
    for made in motifs:
        text += ["AC  M00001", "XX", f"ID  V${made.name}_01", "XX", f"NA  {made.name}", "XX", "BF  T00526; MyoD", "XX"]
        text += [f"{key}      {'      '.join(letters)}"]
        table = (made.ppm if shares else made.counts).T[:, order]
        rows = zip(table, consensus(made), strict=True)
        text += [
            f"{i:02d}  " + "  ".join(f"{_plain(x):>6}" for x in row) + f"  {letter}"
            for i, (row, letter) in enumerate(rows, 1)
        ]
        text += ["XX", "BA  12 sites", "XX", "//"]
    return _lines(*text)


def uniprobe(motifs: Sequence[Made]) -> str:
    text = []
    for made in motifs:
        text += [f"Protein: {made.name}\tSeed k-mer: ACGTACGT\tEnrichment Score: 0.49"]
        text += [f"{a}:\t{row}" for a, row in zip(LETTERS, _rows(made.ppm), strict=True)] + [""]
    return _lines(*text)


def uniprobe_gene(motifs: Sequence[Made]) -> str:
    text = []
    for made in motifs:
        text += [f"Gene:\t{made.name}\tMotif:\tACGTACGT\tEnrichment Score:\t0.49"]
        text += _headed(_rows(made.ppm), ":\t")
    return _lines(*text)


def stamp(motifs: Sequence[Made]) -> str:
    """TRANSFAC-like, without a line of letters."""
    text = []
    for made in motifs:
        rows = zip(_rows(made.counts.T), consensus(made), strict=True)
        text += [f"DE\t{made.name}", *(f"{i}\t{row}\t{letter}" for i, (row, letter) in enumerate(rows)), "XX"]
    return _lines(*text)


def cisbp(motifs: Sequence[Made]) -> str:
    (made,) = motifs
    return _lines("Pos\tA\tC\tG\tT", *(f"{i}\t{row}" for i, row in enumerate(_rows(made.ppm.T), start=1)))


def cisbp_full(motifs: Sequence[Made]) -> str:
    text = []
    for i, made in enumerate(motifs):
        text += [f"TF\tT00{i}_2.00", f"TF Name\t{made.name}", "Gene\tENSG0001", f"Motif\tM{i}_2.00"]
        text += ["Family\tC2H2 ZF", "Species\tHomo_sapiens", "Pos\tA\tC\tG\tT"]
        text += [f"{j}\t{row}" for j, row in enumerate(_rows(made.ppm.T), start=1)] + [""]
    return _lines(*text)


def consensus_rows(motifs: Sequence[Made]) -> str:
    (made,) = motifs
    return _lines(*(f"{a}\t{row}" for a, row in zip(consensus(made), _rows(made.ppm.T), strict=True)))


def numbered_rows(motifs: Sequence[Made]) -> str:
    (made,) = motifs
    return _lines(*(f"{i}\t{row}" for i, row in enumerate(_rows(made.counts.T), start=1)))


def bare_letters(motifs: Sequence[Made]) -> str:
    return _lines(*_rows(motifs[0].counts))


def bare_positions(motifs: Sequence[Made]) -> str:
    return _lines(*_rows(motifs[0].ppm.T))


def labelled(motifs: Sequence[Made], letters: str = "ACGT") -> str:
    rows = dict(zip(LETTERS, _rows(motifs[0].counts, between=" "), strict=True))
    return _lines(*(f"{letter} | {rows[letter]}" for letter in letters))


def csv_positions(motifs: Sequence[Made]) -> str:
    """As pandas writes a table with an index."""
    return _lines(",A,C,G,T", *(f"{i},{row}" for i, row in enumerate(_rows(motifs[0].ppm.T, between=","))))


def csv_letters(motifs: Sequence[Made]) -> str:
    head = "," + ",".join(str(i) for i in range(motifs[0].width))
    return _lines(head, *(f"{a},{row}" for a, row in zip(LETTERS, _rows(motifs[0].counts, between=","), strict=True)))


def csv_quoted(motifs: Sequence[Made]) -> str:
    return _lines('"A","C","G","T"', *(f'"{row}"' for row in _rows(motifs[0].ppm.T, between='","')))


def columns_in_another_order(motifs: Sequence[Made]) -> str:
    return _lines("T G A C", *_rows(motifs[0].counts.T[:, [3, 2, 0, 1]], between=" "))


def numpy_array(motifs: Sequence[Made]) -> str:
    return repr(motifs[0].ppm.tolist()) + "\n"


def percent(motifs: Sequence[Made]) -> str:
    return _lines(*(f"{a} {row}" for a, row in zip(LETTERS, _rows(100 * motifs[0].ppm, between=" "), strict=True)))


def scientific(motifs: Sequence[Made]) -> str:
    rows = _rows(motifs[0].ppm, lambda x: f"{x:.9e}", " ")
    return _lines(*(f"{a} {row}" for a, row in zip(LETTERS, rows, strict=True)))


def two_decimals(motifs: Sequence[Made]) -> str:
    rows = _rows(motifs[0].ppm, lambda x: f"{x:.2f}", " ")
    return _lines(*(f"{a} {row}" for a, row in zip(LETTERS, rows, strict=True)))


def decimal_comma(motifs: Sequence[Made], between: str = "\t") -> str:
    rows = _rows(motifs[0].ppm, lambda x: f"{x:.4f}".replace(".", ","), between)
    return _lines(*(f"{a}{between}{row}" for a, row in zip(LETTERS, rows, strict=True)))


class Format(NamedTuple):
    """A way to write motifs.

    Attributes
    ----------
    write : callable (motifs) -> str
    has_sites : bool
    many : bool
        Whether it can hold several.
    named : bool
    atol : float
    """

    write: Callable[[Sequence[Made]], str]
    has_sites: bool
    many: bool = True
    named: bool = True
    atol: float = 1e-9


FORMATS: dict[str, Format] = {
    "MEME minimal": Format(meme, True),
    "MEME without nsites": Format(lambda m: meme(m, sites=False, url=False), False),
    "MEME in the order ACTG": Format(lambda m: meme(m, letters="ACTG"), True),
    "MEME in the order tgca": Format(lambda m: meme(m, head="ALPHABET= tgca", letters="TGCA"), True),
    "MEME of RNA": Format(lambda m: meme(m, letters="ACGU"), True),
    "MEME, the program's text": Format(meme_full, True, named=False),
    "STREME": Format(streme, True),
    "DREME": Format(dreme, True),
    "JASPAR": Format(jaspar, True),
    "JASPAR, rows T C G A": Format(lambda m: jaspar(m, "TCGA"), True),
    "JASPAR of frequencies": Format(jaspar_shares, False),
    "JASPAR, bare rows": Format(jaspar_bare, True),
    "cluster-buster": Format(cluster_buster, True),
    "cluster-buster of frequencies": Format(cluster_buster_shares, False),
    "HOMER": Format(homer, False),
    "HOCOMOCO pcm": Format(hocomoco_pcm, True),
    "HOCOMOCO pwm": Format(hocomoco_pwm, False),
    "log odds in bits": Format(bits, False),
    "TRANSFAC": Format(transfac, True),
    "TRANSFAC, PO T C G A": Format(lambda m: transfac(m, letters="TCGA", key="PO"), True),
    "TRANSFAC of RNA": Format(lambda m: transfac(m, letters="ACGU"), True),
    "TRANSFAC of frequencies": Format(lambda m: transfac(m, shares=True), False),
    "TRANSFAC without //": Format(lambda m: transfac(m).replace("//\n", ""), True),
    "UniPROBE": Format(uniprobe, False),
    "UniPROBE, by gene": Format(uniprobe_gene, False),
    "STAMP": Format(stamp, True),
    "CIS-BP": Format(cisbp, False, many=False, named=False),
    "CIS-BP, full": Format(cisbp_full, False),
    "rows headed by the consensus": Format(consensus_rows, False, many=False, named=False),
    "rows headed by numbers": Format(numbered_rows, True, many=False, named=False),
    "bare rows of letters": Format(bare_letters, True, many=False, named=False),
    "bare rows of positions": Format(bare_positions, False, many=False, named=False),
    "letters and bars": Format(labelled, True, many=False, named=False),
    "letters in another order": Format(lambda m: labelled(m, "GATC"), True, many=False, named=False),
    "CSV of positions": Format(csv_positions, False, many=False, named=False),
    "CSV of letters": Format(csv_letters, True, many=False, named=False),
    "CSV in quotes": Format(csv_quoted, False, many=False, named=False),
    "columns T G A C": Format(columns_in_another_order, True, many=False, named=False),
    "a written array": Format(numpy_array, False, many=False, named=False),
    "percentages": Format(percent, False, many=False, named=False),
    "scientific notation": Format(scientific, False, many=False, named=False),
    "two decimals": Format(two_decimals, False, many=False, named=False, atol=ROUNDING),
    "decimal commas, tabs": Format(decimal_comma, False, many=False, named=False),
    "decimal commas, semicolons": Format(lambda m: decimal_comma(m, ";"), False, many=False, named=False),
}

DIALECTS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR alone": lambda text: text.replace("\n", "\r").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "no last newline": lambda text: text.rstrip("\n").encode(),
    "blanks at line ends": lambda text: text.replace("\n", "  \t\n").encode(),
    "blank lines and a comment before": lambda text: ("\n# made for a test\n\n" + text).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
}
SIZES = {"several": (5, 7, 3), "a square among several": (4, 6, 5), "a square alone": (4,)}


def sound_cases() -> Iterator[Case]:
    """Every format in every dialect, and of every size."""
    for i, (name, made) in enumerate(FORMATS.items()):
        for j, (dialect, dress) in enumerate(DIALECTS.items()):
            yield _sound(name, made, dialect, dress, SIZES["several"], seed=100 * i + j)
        for size in ("a square among several", "a square alone"):
            yield _sound(name, made, size, str.encode, SIZES[size], seed=100 * i + 50)


def _sound(name: str, made: Format, dialect: str, dress: Any, widths: Sequence[int], seed: int) -> Case:
    truth = motifs_of(widths if made.many else widths[:1], seed)
    return Case(
        name, dialect, "", dress(made.write(truth)), truth, has_sites=made.has_sites, named=made.named, atol=made.atol
    )


# ---------------------------------------------------------------- the faults


class Fault(NamedTuple):
    """What is wrong with a file.

    Attributes
    ----------
    formats : tuple of str
    spoil : callable (text) -> text or bytes
        Spoils the first motif of two, where `left` is 1.
    cause : str
        What has to be named.
    left : int
        How many of the two motifs can still be read, the last ones.
    """

    formats: tuple[str, ...]
    spoil: Callable[[str], str | bytes]
    cause: str
    left: int = 0


def _number(text: str, put: str, *, among: str = "") -> str:
    """The first number of the first row of numbers replaced."""
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if among in line] if among else [0]
    for i in range(starts[0] + bool(among), len(lines)):
        words = lines[i].split()
        numeric = [word for word in words if word.replace(".", "", 1).lstrip("-").isdigit()]
        if len(numeric) >= 3 and line_of_numbers(lines[i]):
            lines[i] = lines[i].replace(numeric[1], put, 1)
            return "\n".join(lines)
    raise AssertionError("no row of numbers")


def line_of_numbers(line: str) -> bool:
    return not line.startswith((">", "MEME", "Protein"))


def _first_row_dropped(text: str, word: str) -> str:
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if word in line)
    return "\n".join(lines[: at + 1] + lines[at + 2 :])


def _zip(text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("m.meme", text)
    return data.getvalue()


def _without_matrix(text: str) -> str:
    start = text.index("letter-probability")
    return text[:start] + text[text.index("MOTIF", start) :]


def _instead(text: str, cause: str) -> Fault:
    """A file that is faulty as a whole, whatever it should have been."""
    return Fault(("CIS-BP",), lambda sound: text, cause)


_MATRIX = "letter-probability"
_ALL = tuple(FORMATS)
_NAMED = ("JASPAR", "JASPAR, bare rows", "cluster-buster", "HOMER", "HOCOMOCO pcm", "UniPROBE")
_MEMES = ("MEME minimal", "MEME without nsites", "MEME of RNA", "STREME", "MEME in the order ACTG")
_TRANSFACS = ("TRANSFAC", "TRANSFAC, PO T C G A", "TRANSFAC of frequencies", "TRANSFAC without //")
FAULTS: dict[str, Fault] = {
    "a motif line without a matrix": Fault(_MEMES, _without_matrix, "without a matrix", 1),
    "w= of another number": Fault(_MEMES, lambda t: t.replace("w= 5", "w= 6", 1), "w= 6, but 5 rows", 1),
    "alength= of another number": Fault(_MEMES, lambda t: t.replace("alength= 4", "alength= 5", 1), "alength= 5", 1),
    "a row dropped": Fault(_MEMES, lambda t: _first_row_dropped(t, _MATRIX), "w= 5, but 4 rows", 1),
    "nan": Fault(_MEMES, lambda t: _number(t, "nan", among=_MATRIX), "'nan'", 1),
    "inf": Fault(_MEMES, lambda t: _number(t, "inf", among=_MATRIX), "'inf'", 1),
    "1e999": Fault(_MEMES, lambda t: _number(t, "1e999", among=_MATRIX), "'1e999'", 1),
    "a negative number": Fault(_MEMES, lambda t: _number(t, "-0.2", among=_MATRIX), "-0.2", 1),
    "a number that is a word": Fault(_MEMES, lambda t: _number(t, "o.3", among=_MATRIX), "'o.3'", 1),
    "a sum that is none": Fault(_MEMES, lambda t: _number(t, "7", among=_MATRIX), "sum to", 1),
    "a decimal comma": Fault(_MEMES, lambda t: _number(t, "0,3", among=_MATRIX), "'0,3'", 1),
    "a number too few": Fault(_MEMES, lambda t: _number(t, "", among=_MATRIX), "3 numbers", 1),
    "a number too many": Fault(_MEMES, lambda t: _number(t, "0.1 0.2", among=_MATRIX), "5 numbers", 1),
    "a name without numbers": Fault(_NAMED[:5], lambda t: ">empty\n" + t, "'empty'", 2),
    "no number": Fault(_NAMED, lambda t: _number(t, "nan"), "'nan'", 1),
    "a number that breaks off": Fault(_NAMED, lambda t: _number(t, "1.2.3"), "'1.2.3'", 1),
    "a number more": Fault(_NAMED, lambda t: _number(t, "1 2"), "numbers", 1),
    "no count": Fault(_TRANSFACS, lambda t: _number(t, "x", among=t[t.index("\nP") + 1 :][:2]), "'x'", 1),
    "an entry without a matrix": Fault(_TRANSFACS[:3], lambda t: "AC  M0\nID  none\nXX\n//\n" + t, "'none'", 2),
    "positions that do not count": Fault(_TRANSFACS, lambda t: t.replace("\n02  ", "\n03  ", 1), "position 3", 1),
    "a letter unknown": Fault(("JASPAR", "UniPROBE"), lambda t: t.replace("\nT", "\nX", 1), "ACGX", 1),
    "a letter twice": Fault(("JASPAR", "UniPROBE"), lambda t: t.replace("\nT", "\nG", 1), "ACGG", 1),
    "an alphabet unknown": Fault(_MEMES[:1], lambda t: t.replace("= ACGT", "= ACGX"), "ACGX"),
    "an alphabet in an order of its own": Fault(
        _MEMES[:1],
        lambda t: t.replace("ALPHABET= ACGT", 'ALPHABET "x"\nA\nC\nT\nG\nEND ALPHABET').replace("A 0.3 C", "C 0.3 A"),
        "ACTG",
    ),
    "a background of three letters": Fault(_MEMES[:2], lambda t: t.replace(" T 0.4", ""), "a frequency above 0"),
    "a background that is none": Fault(_MEMES[:2], lambda t: t.replace("T 0.4", "T 1.4"), "sum to"),
    "commas alone": _instead("A,0,70,0,12\nC,0,10,0,35\nG,0,15,0,43\nT,0,05,0,10\n", "decimal"),
    "thousands in groups": _instead("A 1,200 1,100\nC 2,300 3,100\nG 1,034 2,111\nT 1 2\n", "may be"),
    "points that group digits": _instead("A 950 1.234\nC 20 300\nG 2.000 10\nT 1.500 800\n", "may be 1234"),
    "sums that are neither": _instead(">x\nA .2 .3\nC .2 .3\nG .2 .1\nT .2 .1\n", "sums to 0.8"),
    "an alphabet of codes": _instead("MEME version 4\nALPHABET= ACGTN\nMOTIF a\n", "ACGTN"),
    "both marks": _instead("A 1.200,5 1\nC 2 3\nG 1 2\nT 1 2\n", "1.200,5"),
    "a narrow blank in a number": _instead("A 1\u202f200 1\nC 2 3\nG 1 2\nT 1 2\n", "200"),
    "two matrices without a name": _instead("1 2 3 4\n5 6 7 9\n\n3 4 5 6\n1 9 8 7\n", "blank line"),
    "a square that fits both ways": _instead("1 2 3 4\n5 6 7 9\n3 4 5 6\n1 9 8 7\n", "may be 4 positions"),
    "4 rows of 20": _instead(_lines(*_rows(np.arange(80).reshape(4, 20) % 17 + 1)), "20 positions of DNA"),
    "rows headed by anything": _instead("G 9 1 2 3\nT 1 8 2 3\nT 1 2 7 3\nA 1 2 3 9\nA 8 1 1 1\n", "largest"),
    "letters and no numbers": _instead(">x\nACGTACGT\n", "ACGTACGT"),
    "a kernel": _instead("A 1.5 -2\nC 0 1\nG 2 3\nT -1 1\n", "a kernel"),
    "XML": _instead("<?xml version='1.0'?>\n<MEME/>\n", "XML"),
    "a web page": _instead("\n<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
    "JSON": _instead(json.dumps({"A": [0.1, 0.2]}, indent=1), "JSON"),
    "JSON of records": _instead(json.dumps([{"name": "x"}], indent=1), "JSON"),
    "a zip archive": Fault(_ALL[:1], _zip, "zip archive"),
    "nothing": _instead("\n \n", "no text"),
    "binary": _instead("MOTIF \x00", "binary"),
    "gzip that breaks off": Fault(_ALL[:6], lambda t: gzip.compress(t.encode())[:-9], "break off"),
}


def spoilt_cases() -> Iterator[Case]:
    """Every fault in every format that can have it."""
    for fault, about in FAULTS.items():
        for i, name in enumerate(about.formats):
            made = FORMATS[name]
            motifs = motifs_of((5, 7) if made.many else (5,), seed=7000 + 10 * i + len(fault))
            spoilt = about.spoil(made.write(motifs))
            data = spoilt.encode() if isinstance(spoilt, str) else spoilt
            yield Case(
                name,
                "as it is",
                fault,
                data,
                motifs[len(motifs) - about.left :] if about.left else (),
                must_read=bool(about.left),
                cause=about.cause,
                has_sites=made.has_sites,
                named=made.named,
                atol=made.atol,
            )


def table() -> str:
    """How many of each format were read, and how many of each fault refused, as rows of text."""
    rows = Counter[tuple[str, str]]()
    for case in [*sound_cases(), *spoilt_cases()]:
        verdict, _ = judge(case)
        rows[(case.fault or case.format), verdict] += 1
    names = list(dict.fromkeys(name for name, _ in rows))
    verdicts = ("right", "refused", "wrong")
    lines = [f"{'':38}" + "".join(f"{verdict:>9}" for verdict in verdicts)]
    lines += [f"{name:38}" + "".join(f"{rows[name, verdict]:9}" for verdict in verdicts) for name in names]
    totals = "".join(f"{sum(rows[name, verdict] for name in names):9}" for verdict in verdicts)
    return "\n".join([*lines, f"{'all':38}{totals}"])


if __name__ == "__main__":
    print(table())
