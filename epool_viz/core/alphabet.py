"""Letters: the three alphabets, encoding, one-hot matrices, reverse complement.

A sequence is held as `int8` codes, one a letter, in the alphabet's order; an unknown letter (N, or any other
ambiguity code) has the code -1 and a column of zeros in the one-hot matrix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from epool_viz.core.types import Array, Codes
from epool_viz.errors import ArgumentError, ShapeError

UNKNOWN = -1
_NOT_A_LETTER = -2


@dataclass(frozen=True)
class Alphabet:
    """An ordered set of letters.

    Parameters
    ----------
    name : str
    letters : str
        The letters in their order; a letter's place is its code.
    unknown : str
        Letters that stand for "some letter, not known which"; the first one is written for the code -1.
    aliases : tuple of (str, str)
        Letters read as another, such as U in DNA.
    complement : str or None
        The complement of each of `letters`, in the same order; None where there is none.
    """

    name: str
    letters: str
    unknown: str
    aliases: tuple[tuple[str, str], ...] = ()
    complement: str | None = None

    def __len__(self) -> int:
        return len(self.letters)

    @property
    def complement_codes(self) -> tuple[int, ...]:
        """The code of each letter's complement.

        Raises
        ------
        ArgumentError
            If the alphabet has no complement.
        """
        if self.complement is None:
            raise ArgumentError("alphabet", f"{self.name}, which has no complement", "DNA or RNA")
        return tuple(self.letters.index(letter) for letter in self.complement)

    def encode(self, sequence: str | bytes, *, name: str = "sequence") -> Codes:
        """Turn letters, of either case, into codes.

        Parameters
        ----------
        sequence : str or bytes, length L
        name : str
            What the error message calls the sequence.

        Returns
        -------
        int8 array, shape (L,); -1 for an unknown letter.

        Raises
        ------
        ArgumentError
            If a character is not a letter of the alphabet; the message gives it and its place, counted from 1.
        """
        raw = sequence if isinstance(sequence, bytes) else sequence.encode("utf-32-le")
        wide = np.frombuffer(raw, dtype=np.uint8 if isinstance(sequence, bytes) else "<u4")
        codes: Codes = _code_table(self)[np.minimum(wide, 127)]
        bad = np.flatnonzero(codes == _NOT_A_LETTER)
        if bad.size:
            place = int(bad[0])
            raise ArgumentError(
                name, f"{chr(int(wide[place]))!r} at letter {place + 1}", f"{self.name} letters {self.accepted}"
            )
        return codes

    def decode(self, codes: Codes) -> str:
        """Turn codes into capital letters; -1 becomes the first of `unknown`."""
        letters = np.frombuffer((self.letters + self.unknown[0]).encode(), dtype=np.uint8)
        return letters[np.asarray(codes)].tobytes().decode()

    @property
    def accepted(self) -> str:
        """The letters as a message names them."""
        return f"{self.letters} in either case, and {self.unknown} for an unknown letter"


@cache
def _code_table(alphabet: Alphabet) -> Codes:
    table = np.full(128, _NOT_A_LETTER, dtype=np.int8)
    meanings = {letter: code for code, letter in enumerate(alphabet.letters)}
    meanings |= dict.fromkeys(alphabet.unknown, UNKNOWN)
    meanings |= {alias: meanings[letter] for alias, letter in alphabet.aliases}
    for letter, code in meanings.items():
        table[ord(letter)] = table[ord(letter.lower())] = code
    table.setflags(write=False)
    return table


DNA = Alphabet("DNA", "ACGT", "NRYKMSWBDHV", (("U", "T"),), "TGCA")
RNA = Alphabet("RNA", "ACGU", "NRYKMSWBDHV", (("T", "U"),), "UGCA")
PROTEIN = Alphabet("protein", "ACDEFGHIKLMNPQRSTVWY", "XBZJUO*")
ALPHABETS = {alphabet.name.lower(): alphabet for alphabet in (DNA, RNA, PROTEIN)}


def get_alphabet(alphabet: str | Alphabet) -> Alphabet:
    """Return the alphabet itself, or the one of that name ("DNA", "RNA", "protein"; case does not matter).

    Raises
    ------
    ArgumentError
        If there is no alphabet of that name.
    """
    if isinstance(alphabet, Alphabet):
        return alphabet
    found = ALPHABETS.get(str(alphabet).lower())
    if found is None:
        raise ArgumentError("alphabet", repr(alphabet), "'DNA', 'RNA', 'protein' or an Alphabet")
    return found


def one_hot(sequence: str | Codes | Iterable[str], alphabet: str | Alphabet = DNA, *, dtype: Any = np.float64) -> Array:
    """One column a letter, 1 in the letter's row; a column of zeros for an unknown letter.

    Parameters
    ----------
    sequence : str, codes of shape (..., L), or an iterable of strings of one length
    alphabet : Alphabet or its name
    dtype : NumPy floating type

    Returns
    -------
    array, shape (..., letter, L).

    Raises
    ------
    ArgumentError
        For a character that is no letter of the alphabet.
    ShapeError
        For strings of unequal length.
    """
    alphabet = get_alphabet(alphabet)
    if isinstance(sequence, str):
        codes = alphabet.encode(sequence)
    elif isinstance(sequence, np.ndarray) and sequence.dtype == np.int8:
        codes = sequence
    else:
        rows = [alphabet.encode(item, name=f"sequence[{i}]") for i, item in enumerate(sequence)]
        lengths = sorted({len(row) for row in rows})
        if len(lengths) != 1:
            raise ShapeError("sequence", f"{len(rows)} strings of lengths {lengths[:5]}", "strings of one length")
        codes = np.stack(rows)
    # (..., L) -> (..., letter, L)
    return np.asarray(codes[..., None, :] == np.arange(len(alphabet), dtype=np.int8)[:, None], dtype=dtype)


def reverse_complement(sequence: Any, alphabet: str | Alphabet = DNA) -> Any:
    """Read the other strand.

    Parameters
    ----------
    sequence : str, int8 codes of shape (L,), or a matrix (one-hot, kernel, PPM) of shape (..., letter, position)
    alphabet : Alphabet or its name; DNA or RNA

    Returns
    -------
    The same kind of thing, reversed along the position axis with each letter's row exchanged for its complement's.

    Raises
    ------
    ArgumentError
        If the alphabet has no complement.
    ShapeError
        If an array has not one row a letter.
    """
    alphabet = get_alphabet(alphabet)
    complement = list(alphabet.complement_codes)
    if isinstance(sequence, str):
        return alphabet.decode(reverse_complement(alphabet.encode(sequence), alphabet))
    if isinstance(sequence, np.ndarray) and sequence.dtype == np.int8:
        table = np.array([*complement, UNKNOWN], dtype=np.int8)
        return table[sequence[..., ::-1]]
    from epool_viz.core._arrays import namespace

    xp = namespace(sequence)
    if sequence.shape[-2] != len(alphabet):
        raise ShapeError("sequence", f"of shape {tuple(sequence.shape)}", f"(..., {len(alphabet)}, position)")
    rows = [sequence[..., code, :] for code in complement]
    return xp.flip(xp.stack(rows, axis=-2), axis=-1)
