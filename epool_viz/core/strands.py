"""Two strands, one kernel: what scores a window of the other strand, for a motif and for a network.

The two differ where the background is not its own complement (`q[A] = q[T]`, `q[C] = q[G]`):

- a *motif* on two strands has one null, the sequence drawn from the background. On the other strand a window's log
  ratio is `log P(window | rc(PPM)) / P(window | background)`: the letters of the window against the background as it
  is. A set and its reverse complement, under the complement of the background, give the same sites.
- a *network* that scans a sequence and its reverse complement with one kernel scores the other strand by the kernel's
  reverse complement. That is a log ratio against the background reversed or, against the background as it is, the log
  ratio of another PPM with another offset: one softmax over both strands then takes a prior in proportion to
  `e^(m offset)` for granted.
"""

from __future__ import annotations

from typing import Any

from epool_viz.core._arrays import as_float, background_like, namespace, require_choice, require_number
from epool_viz.core.alphabet import DNA, Alphabet, get_alphabet, reverse_complement
from epool_viz.core.choices import STRAND_READINGS
from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError


def is_own_complement(background: Any, alphabet: str | Alphabet = DNA) -> bool:
    """Whether a letter and its complement have the same share, to rounding: the two readings of two strands agree.

    Parameters
    ----------
    background : shape (letter,), or None for uniform
    alphabet : Alphabet or its name; DNA or RNA
    """
    if background is None:
        return True
    q = as_float(background, "background")
    return not bool(namespace(q).any(strand_log_odds(q, get_alphabet(alphabet).complement_codes) != 0))


def complement_of(background: AnyArray, complement: tuple[int, ...]) -> AnyArray:
    """The background of the other strand: each letter has the share of its complement; shape (letter,)."""
    return namespace(background).stack([background[code] for code in complement])


def either_strand(background: Any, alphabet: str | Alphabet = DNA) -> AnyArray | None:
    """The letters of an imaginary site on two strands: half of them from either, `(q[a] + q[complement of a]) / 2`.

    Parameters
    ----------
    background : shape (letter,), or None for uniform
    alphabet : Alphabet or its name; DNA or RNA

    Returns
    -------
    Array, shape (letter,), its own complement; None for None.
    """
    if background is None:
        return None
    q = as_float(background, "background")
    return mean_of_strands(q, get_alphabet(alphabet).complement_codes)


def mean_of_strands(q: AnyArray, complement: tuple[int, ...]) -> AnyArray:
    """`(q[a] + q[complement of a]) / 2`; shape (..., letter)."""
    return (q + complement_of(q, complement)) / 2


def strand_log_odds(background: AnyArray, complement: tuple[int, ...]) -> AnyArray:
    """`ln(q[complement of a] / q[a])`, shape (letter,); 0 for all where the background is its own complement."""
    xp = namespace(background)
    other = complement_of(background, complement)
    if bool(xp.all(xp.abs(background - other) <= 4 * xp.finfo(background.dtype).eps * background)):
        return xp.zeros_like(background)
    return xp.log(other) - xp.log(background)


def other_strand_kernel(
    kernel: AnyArray,
    *,
    strand_reading: str = "motif",
    m: float = 1.0,
    background: Any = None,
    alphabet: str | Alphabet = DNA,
) -> AnyArray:
    """The kernel that scores a window of the given strand for a site on the other.

    Parameters
    ----------
    kernel : shape (..., letter, position)
    strand_reading : "motif" or "network"
        "motif": `rc(kernel)[a, j] + (ln q[complement of a] - ln q[a]) / m`, whose score has the offset of the kernel
        and the log ratio of the motif's reverse complement against the background. "network": `rc(kernel)`.
    m : float >= 0
        The kernel is read to the base `e^m`.
    background : shape (letter,), or None for uniform
    alphabet : Alphabet or its name; DNA or RNA

    Returns
    -------
    Array, shape as `kernel`.

    Raises
    ------
    ArgumentError
        At `m = 0` (or too near it for a float) for a motif under a background that is not its own complement: the
        motif tends to the background, whose two strands differ, and to the base 1 no finite score exists.
    """
    require_choice(strand_reading, "strand_reading", STRAND_READINGS)
    alphabet = get_alphabet(alphabet)
    reverse = reverse_complement(as_float(kernel, "kernel"), alphabet)
    if strand_reading == "network" or background is None:
        return reverse
    q = background_like(background, reverse, len(alphabet))
    log_odds = strand_log_odds(q, alphabet.complement_codes)
    xp = namespace(q)
    if not bool(xp.any(log_odds != 0)):
        return reverse
    require_number(m, "m", at_least=0)
    # a sum over the window has to be finite
    if not float(xp.max(xp.abs(log_odds))) < float(m) * float(xp.finfo(q.dtype).max) / (8 * reverse.shape[-1]):
        raise ArgumentError(
            "m",
            f"{float(m):g} for a motif on both strands of a background that is not its own complement",
            "an m above 0, equal shares of A and T and of C and G, or the reading of a network",
        )
    return reverse + (log_odds / m)[:, None]
