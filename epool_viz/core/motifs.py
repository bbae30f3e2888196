"""Motif matrices: PFM (counts), PPM (probabilities), PWM (log odds), and what is measured on them.

Every matrix has the shape (..., letter, position). Backgrounds are letter probabilities; None is uniform.
"""

from __future__ import annotations

import math
from typing import Any

from epool_viz.core._arrays import as_float, background_like, namespace, require_finite, require_number, require_shape
from epool_viz.core.types import AnyArray
from epool_viz.errors import ArgumentError

TELLS_NOTHING = 1e-9  # bits of a column: rounding
_MATRIX = "(..., letter, position), neither empty"


def pfm_to_ppm(pfm: AnyArray, *, pseudocount: float = 0.0, background: Any = None) -> AnyArray:
    """Counts to probabilities, with `pseudocount` imaginary sites drawn from the background.

    Parameters
    ----------
    pfm : shape (..., letter, position), counts >= 0
    pseudocount : float >= 0
        The number of imaginary sites a column, shared among the letters as the background is: letter `a` of a
        column of `n` sites gets `(count + pseudocount q[a]) / (n + pseudocount)`. MEME writes 0.01.
    background : shape (letter,), or None for uniform

    Returns
    -------
    Array, shape as `pfm`; every column sums to 1.

    Raises
    ------
    ArgumentError
        For a negative count, or a column without any count while `pseudocount` is 0.

    Source: Durbin et al., *Biological Sequence Analysis* (1998), section 5.6 (pseudocounts in proportion to the
    background).
    """
    pfm = as_float(pfm, "pfm")
    xp = namespace(pfm)
    require_shape(pfm, "pfm", at_least=2, accepted=_MATRIX)
    require_finite(pfm, "pfm")
    require_number(pseudocount, "pseudocount", at_least=0)
    if bool(xp.any(pfm < 0)):
        raise ArgumentError("pfm", "a matrix with negative entries", "counts >= 0")
    q = background_like(background, pfm, pfm.shape[-2])
    counts = pfm + pseudocount * q[:, None]
    totals = xp.sum(counts, axis=-2, keepdims=True)
    if bool(xp.any(totals == 0)):
        raise ArgumentError("pfm", "a matrix with an empty column", "counts in every column, or a pseudocount > 0")
    return counts / totals


def check_ppm(ppm: Any, name: str = "ppm", *, like: AnyArray | None = None) -> AnyArray:
    """Return a matrix of letter probabilities as a floating array, or say what is wrong with it.

    Raises
    ------
    ArgumentError
        If an entry is negative, or a column does not sum to 1 within 1e-3 (rounded tables pass).
    """
    ppm = as_float(ppm, name, like=like)
    xp = namespace(ppm)
    require_shape(ppm, name, at_least=2, accepted=_MATRIX)
    require_finite(ppm, name)
    totals = xp.sum(ppm, axis=-2)
    if bool(xp.any(ppm < 0)) or bool(xp.any(xp.abs(totals - 1) > 1e-3)):
        low, high = float(xp.min(totals)), float(xp.max(totals))
        raise ArgumentError(
            name, f"a matrix whose columns sum to {low:g} ... {high:g}", "probabilities: every column >= 0, sum 1"
        )
    return ppm


def smooth_ppm(ppm: Any, *, pseudocount: float, background: Any, like: AnyArray | None = None) -> AnyArray:
    """A PPM without zeros: mixed with the background, `pseudocount` parts to 1.

    Raises
    ------
    ArgumentError
        If a probability is 0 while `pseudocount` is 0; its logarithm would be infinite, and none is invented.
    """
    ppm = check_ppm(ppm, like=like)
    xp = namespace(ppm)
    require_number(pseudocount, "pseudocount", at_least=0)
    q = background_like(background, ppm, ppm.shape[-2])
    ppm = (ppm + pseudocount * q[:, None]) / (1 + pseudocount)
    if bool(xp.any(ppm == 0)):
        raise ArgumentError(
            "ppm", "a matrix with a zero, whose logarithm is not finite", "probabilities > 0, or a pseudocount > 0"
        )
    return ppm


def ppm_to_pwm(ppm: AnyArray, *, background: Any = None, base: float = 2.0, pseudocount: float = 0.0) -> AnyArray:
    """Probabilities to log odds, `log_base(p / q)`.

    Parameters
    ----------
    ppm : shape (..., letter, position)
    background : shape (letter,), or None for uniform
    base : float > 1
        2 gives bits, which is how PWMs are usually printed.
    pseudocount : float >= 0
        Parts of background mixed into one part of `ppm`; divide imaginary sites by real ones.

    Returns
    -------
    Array, shape as `ppm`.

    Raises
    ------
    ArgumentError
        For a zero probability without a pseudocount.
    """
    require_number(base, "base", above=1)
    ppm = smooth_ppm(ppm, pseudocount=pseudocount, background=background)
    xp = namespace(ppm)
    q = background_like(background, ppm, ppm.shape[-2])
    return (xp.log(ppm) - xp.log(q)[:, None]) / math.log(base)


def pwm_to_ppm(pwm: AnyArray, *, background: Any = None, base: float = 2.0) -> AnyArray:
    """Log odds back to probabilities, `q base^pwm`.

    Raises
    ------
    ArgumentError
        If the columns do not sum to 1: then the matrix is a kernel, not log odds; `kernel_to_pwm` reads it.
    """
    require_number(base, "base", above=1)
    pwm = as_float(pwm, "pwm")
    xp = namespace(pwm)
    require_shape(pwm, "pwm", at_least=2, accepted=_MATRIX)
    q = background_like(background, pwm, pwm.shape[-2])
    ppm = q[:, None] * xp.exp(pwm * math.log(base))
    try:
        return check_ppm(ppm)
    except ArgumentError as error:
        raise ArgumentError(
            "pwm", f"not log odds ({error.found} after exponentiation)", "log odds; read a kernel with kernel_to_pwm"
        ) from None


def kl_divergence(p: AnyArray, q: AnyArray) -> AnyArray:
    """Kullback-Leibler divergence of each column of `p` from the same column of `q`, in bits.

    Parameters
    ----------
    p, q : shape (..., letter, position)
        Probabilities. `q` may be a single column, shape (letter, 1).

    Returns
    -------
    Array, shape (..., position), >= 0; infinite where `q` forbids a letter that `p` has.

    Raises
    ------
    ArgumentError
        If a column is no distribution.
    ShapeError
        If one has no columns.
    """
    p = check_ppm(p, "p")
    xp = namespace(p)
    q = check_ppm(q, "q", like=p)
    safe_p = xp.where(p > 0, p, xp.ones_like(p))
    safe_q = xp.where(p > 0, xp.broadcast_to(q, p.shape), xp.ones_like(p))
    # (..., letter, position) -> (..., position); p log(p/p) = 0 where p is 0
    return xp.sum(p * (xp.log(safe_p) - xp.log(safe_q)), axis=-2) / math.log(2)


def information_content(ppm: AnyArray, background: Any = None) -> AnyArray:
    """Bits of information of each column: its divergence from the background.

    Parameters
    ----------
    ppm : shape (..., letter, position)
    background : shape (letter,), or None for uniform; then this is 2 + sum p log2 p for DNA

    Returns
    -------
    Array, shape (..., position), bits. No small-sample correction.

    Raises
    ------
    ArgumentError
        If a column is no distribution.
    ShapeError
        If there is no column.

    Source: Schneider et al., J Mol Biol 188:415 (1986); Stormo, Bioinformatics 16:16 (2000), for any background.
    """
    ppm = check_ppm(ppm)
    return kl_divergence(ppm, background_like(background, ppm, ppm.shape[-2])[:, None])


def consensus(ppm: Any, letters: str, background: Any = None) -> str:
    """The likeliest letter of each column; N where a column has no information.

    Parameters
    ----------
    ppm : shape (letter, position)
    letters : str
    background : shape (letter,), or None for uniform

    Returns
    -------
    str, as long as the motif.
    """
    tells = information_content(ppm, background) > TELLS_NOTHING
    best = as_float(ppm, "ppm").argmax(0)
    return "".join(letters[int(a)] if told else "N" for a, told in zip(best, tells, strict=True))
