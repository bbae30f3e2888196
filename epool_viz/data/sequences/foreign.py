"""Recognise files of other kinds by how they begin, and name what to read instead."""

from __future__ import annotations

from epool_viz.data.source import Source, is_comment
from epool_viz.errors import FormatError

_FASTA = "FASTA"
_CUT_OUT = "their sequences as FASTA; bedtools getfasta cuts them out of a genome"
_UNPACKED = "FASTA; twoBitToFa writes it"
_BINARY = {
    b"\x43\x27\x41\x1a": ("a genome in 2bit", _UNPACKED),
    b"\x1a\x41\x27\x43": ("a genome in 2bit", _UNPACKED),
    b"BAM\1": ("alignments (BAM)", "FASTA; samtools fasta writes it"),
}
_FIRST_WORDS = {
    b"@": ("a line that begins with '@', as FASTQ and SAM have it", "FASTA; seqtk seq -A makes it of FASTQ"),
    b"LOCUS ": ("a GenBank record", "FASTA, which GenBank offers for the same record"),
    b"ID   ": ("an EMBL or UniProt record", "FASTA, which the database offers for the same record"),
    b"CLUSTAL": ("an alignment (Clustal)", "FASTA without gaps"),
    b"# STOCKHOLM": ("an alignment (Stockholm)", "FASTA without gaps"),
    b"##fileformat=VCF": ("variants (VCF)", _FASTA),
    b"##gff": ("annotations (GFF)", _CUT_OUT),
    b"track ": ("genomic intervals (BED)", _CUT_OUT),
    b"browser ": ("genomic intervals (BED)", _CUT_OUT),
    b"<": ("XML or a web page", _FASTA),
    b"{": ("JSON", _FASTA),
    b"[": ("JSON", _FASTA),
    b"MEME version": ("a file of motifs (MEME)", "sequences, as FASTA"),
    b"letter-probability": ("a file of motifs (MEME)", "sequences, as FASTA"),
}


def require_sequences(source: Source) -> None:
    """Refuse a file of another kind, and name the kind.

    Raises
    ------
    FormatError
        The message names the kind, and what makes sequences of it.
    """
    known = next((named for magic, named in _BINARY.items() if source.head.startswith(magic)), None)
    if known:
        raise FormatError(source.name, None, *known)
    for number, line in [*source.opening(1, comments=True), *source.opening(1)]:
        known = next((named for start, named in _FIRST_WORDS.items() if line.lstrip().startswith(start)), None)
        if known is None and not is_comment(line) and _is_interval(line):
            known = "genomic intervals (BED)", _CUT_OUT
        if known:
            raise FormatError(source.name, number, *known)


def _is_interval(line: bytes) -> bool:
    """Whether a line is a name and two places, as in `chr1 100 200`."""
    words = line.split()
    return len(words) > 2 and words[1].isdigit() and words[2].isdigit() and not line.startswith(b">")
