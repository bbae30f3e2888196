"""Which statements hold of kernels in their network."""

from __future__ import annotations

from collections.abc import Iterable

from epool_viz.core.poolings import POOLING_METHODS
from epool_viz.data.networks.folding import Before
from epool_viz.data.networks.following import Follows
from epool_viz.data.networks.network_layers import Convolution, Step

_PWM = "each kernel is a PWM: the score of a window is an offset plus its log odds, exactly, against any background."
_IF_SO = "if it reads letters, "
_WORDS = {
    "relu": "the rectifier",
    "paper": "the published rectifier",
    "exponential": "the exponential",
}
# what it does, and what that is of the E-step where the kernels read letters
_POOLINGS = {name: (row.fact, row.claim) for name, row in POOLING_METHODS.items() if row.fact} | {
    "local max": (
        "It keeps the best of each stretch of windows",
        "a posterior here would be over these local winners",
    ),
    "local average": (
        "It averages stretches of windows",
        "the E-step is a reading of the raw scores before that",
    ),
}
# of these the claim is of the raw scores alone
_POSTERIORS = tuple(name for name, row in POOLING_METHODS.items() if row.has_posterior)
_NO_POOLING = (
    "No pooling over the whole sequence follows",
    "the E-step is a reading of its raw scores, not what it computes",
)


def statements(conv: Convolution, before: Before, follows: Follows) -> tuple[str, ...]:
    """What holds, a sentence each. Of kernels that do not read letters, or may not, no posterior is claimed."""
    return (
        _about_letters(conv, before),
        *_about_windows(conv, before),
        *_about_the_rest(conv, before.reads_letters, follows),
    )


def disagreement(layer: str, difference: float) -> str:
    """The sentence for kernels that the network does not compute."""
    return (
        f"These kernels are not what `{layer}` computes: its scores differ by {difference:.2g}. "
        "No PWM and no posterior is claimed of them."
    )


def nth(number: int) -> str:
    """An ordinal, as in "2nd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _about_letters(conv: Convolution, before: Before) -> str:
    if before.reads_letters:
        return _capital(_PWM)
    if before.reads_letters is None:
        if conv.before is not None:
            return f"If {conv.doubt}, which is not known, {_PWM}"
        if conv.after is not None:
            return f"If nothing stands before `{conv.name}`, which is not known, {_PWM}"
        return (
            f"If nothing stands before `{conv.name}`, and its windows are of neighbouring letters, neither of which "
            f"is known,{f' and if {conv.doubt},' if conv.doubt else ''} {_PWM}"
        )
    return (
        f"{_capital(_named(before.stop))} stands before `{conv.name}` and is not folded in: these kernels do not read "
        "letters, and no PWM and no posterior is claimed of them."
    )


def _about_windows(conv: Convolution, before: Before) -> Iterable[str]:
    if conv.stride > 1:
        yield f"The network looks at every {nth(conv.stride)} window; a posterior over all windows is not its own."
    if conv.padding in (None, "valid"):
        return
    if before.has_shift:
        yield (
            "It pads the ends behind the shift that is folded in: at windows that overlap the padding its scores are "
            "not those of these kernels."
        )
    elif conv.padding == "same":
        yield "It pads the ends: the scores of windows that overlap the padding are partial sums, no log odds."
    else:
        yield f"It pads the ends ({conv.padding}): the scores of windows that overlap the padding are no log odds."


def _about_the_rest(conv: Convolution, reads_letters: bool | None, follows: Follows) -> Iterable[str]:
    if conv.after is None:
        yield _unknown_rest(reads_letters)
        return
    if follows.activation == "exponential":
        yield from _exponential(reads_letters)
        if follows.stop is not None:
            yield _stopped(follows.stop)
        elif not follows.pooling:
            yield f"{_NO_POOLING[0]}."
        return
    is_raw = follows.activation == "identity"
    if not is_raw and follows.activation is not None:
        yield _behind(follows.activation, reads_letters)
    poolings = follows.pooling.split(", ") if follows.pooling else []
    is_padded = conv.padding not in (None, "valid")
    for each in poolings:
        fact, claim = _POOLINGS.get(each, (f"It pools in a way of its own ({each})", ""))
        if each in _POSTERIORS and not (is_raw and len(poolings) == 1):
            claim = ""
        elif each == "expectation" and follows.mode == 1:
            claim = "its weights are those of an E-step that leaves out the windows below the mean, and e^m is its base"
        elif each in _POSTERIORS and is_padded:
            claim += ", but for the windows over the padding"
        yield _said(fact, claim, reads_letters)
    if follows.stop is not None:
        if reads_letters and follows.activation is None:
            yield "The posterior is exact for the raw scores."
        yield _stopped(follows.stop)
    elif not poolings:
        yield _said(*_NO_POOLING, reads_letters)


def _stopped(step: Step) -> str:
    return f"Then comes {_named(step)}, which is not followed: what the network makes of it is not known."


def _unknown_rest(reads_letters: bool | None) -> str:
    begin = "What follows the convolution is not in the file"
    if reads_letters:
        return f"{begin}: the posterior is exact for the raw scores, and what the network makes of them is not known."
    if reads_letters is None:
        return f"{begin}: {_IF_SO}the posterior is exact for the raw scores, and for no more."
    return f"{begin}."


def _exponential(reads_letters: bool | None) -> Iterable[str]:
    claim = (
        "the exponential of a score is the likelihood ratio of its window up to one factor (m = 1), so such "
        "numbers are proportional to the posterior."
    )
    if reads_letters is not False:
        yield _capital(claim) if reads_letters else _capital(_IF_SO + claim)
    else:
        yield "The scores go through the exponential."


def _behind(activation: str, reads_letters: bool | None) -> str:
    words = _WORDS.get(activation, f"the activation {activation}")
    if reads_letters is False:
        return f"The scores go through {words}."
    claim = f"the posterior is exact for the raw scores; behind {words} the network's weights are not a posterior."
    return _capital(claim) if reads_letters else _capital(_IF_SO + claim)


def _said(fact: str, claim: str, reads_letters: bool | None) -> str:
    if not claim or reads_letters is False:
        return f"{fact}."
    return f"{fact}: {'' if reads_letters else _IF_SO}{claim}."


def _named(step: Step | None) -> str:
    if step is None:
        return "something"
    what = {"batch_norm": "a batch-norm"}.get(step.kind, step.what)
    if not step.name:
        return what
    return f"`{step.name}`" + (f" ({what})" if what and what != step.name else "")


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
