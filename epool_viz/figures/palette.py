"""Every colour of the package, once.

Nucleotides differ by a CIEDE2000 of at least 27.6 under normal, protan, deutan and tritan vision, the methods by at
least 16; the dark set holds the same bounds on the dark ground. Letters and marks are always drawn as well: colour is
never the only cue.
"""

from __future__ import annotations

from typing import NamedTuple

from epool_viz.core.alphabet import DNA, Alphabet
from epool_viz.core.poolings import POOLING_METHODS


class Palette(NamedTuple):
    """The colours of one theme, as `#RRGGBB`.

    Attributes
    ----------
    ground, panel, ink, muted, line : str
        Page, raised surface, text, secondary text, hairlines.
    accent : str
        What the user has in hand: the cursor, the focus, the current step.
    warning : str
        Text of a message.
    nucleotides : dict of str to str
        A, C, G, T and U (as T), N for an unknown letter.
    methods : dict of str to str
        The poolings by their names in `epool_viz.core.poolings.METHODS`.
    """

    ground: str
    panel: str
    ink: str
    muted: str
    line: str
    accent: str
    warning: str
    nucleotides: dict[str, str]
    methods: dict[str, str]


_METHODS = [row for row in POOLING_METHODS.values() if not row.of]
LIGHT = Palette(
    ground="#FFFFFF",
    panel="#F5F7F9",
    ink="#16202A",
    muted="#52606D",
    line="#D5DCE3",
    accent="#003A70",
    warning="#8A2A00",
    nucleotides={"A": "#027974", "C": "#17115F", "G": "#CA8627", "T": "#99020F", "U": "#99020F", "N": "#7B8794"},
    methods={row.name: row.light or "#16202A" for row in _METHODS},
)
DARK = Palette(
    ground="#11151C",
    panel="#1A2029",
    ink="#E8EDF2",
    muted="#A9B4C0",
    line="#36404C",
    accent="#8FDCFF",
    warning="#FFB089",
    nucleotides={"A": "#7BE8E0", "C": "#8670F5", "G": "#F7DC4A", "T": "#C4625C", "U": "#C4625C", "N": "#8A96A3"},
    methods={row.name: row.dark or "#E8EDF2" for row in _METHODS},
)


def letter_colours(alphabet: Alphabet = DNA, palette: Palette = LIGHT) -> dict[str, str]:
    """A colour for each letter of the alphabet; protein letters, which have none of their own, get the ink."""
    if alphabet.complement is None:
        return dict.fromkeys(alphabet.letters, palette.ink)
    return {letter: palette.nucleotides[letter] for letter in alphabet.letters}


def css_variables(palette: Palette = LIGHT) -> str:
    """The palette as CSS custom properties, `--ep-ink` and so on, to stand inside a rule."""
    plain = {name: value for name, value in palette._asdict().items() if isinstance(value, str)}
    named = plain | palette.nucleotides | palette.methods
    return "".join(f"--ep-{name}:{colour};" for name, colour in named.items())


def component_variables(palette: Palette = LIGHT) -> str:
    """The palette by the names that the components use, `--ink` and so on, to stand inside a rule."""
    letters = {f"letter-{letter}": palette.nucleotides[letter] for letter in DNA.letters} | {
        "letter-other": palette.ink
    }
    methods = {f"method-{name}": colour for name, colour in palette.methods.items()}
    named = {
        "ink": palette.ink,
        "ink-soft": palette.muted,
        "paper": palette.ground,
        "panel": palette.panel,
        "line": palette.line,
        "accent": palette.accent,
        "mark": palette.methods["max"],
        "warning": palette.warning,
    }
    return "".join(f"--{name}:{colour};" for name, colour in (named | letters | methods).items())
