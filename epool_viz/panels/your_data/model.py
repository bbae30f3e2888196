"""What the visitor brought, what is wrong with it, and how it is read. Knows no widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from traitlets import Any as AnyTrait
from traitlets import Bool, Tuple, Unicode, observe, validate

from epool_viz.core.alphabet import DNA
from epool_viz.data.sequences.problems import Problem
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.uploaded import SequencesRead
from epool_viz.jobs.parsing import parse_sequences_limited
from epool_viz.panels.shared.opened_model import BroughtModel
from epool_viz.panels.shared.state import restore_choices
from epool_viz.panels.shared.visitor_data import LIMITS, MOST_TEXT, Yours

LONGEST_PASTE = 1_000_000


class YourDataModel(BroughtModel):
    """Files and texts in; sequences and kernels out, or what is wrong with them.

    What cannot be read changes nothing of what was there. The traits named in `CHOICES` are the state.
    """

    pasted = Unicode("", help="Sequences as text.")
    pasted_motif = Unicode("", help="A motif or a kernel as text.")

    sequences = AnyTrait(help="The SequenceSet that was read, or None.")
    sequence_problems = Tuple(help="What is wrong with the last text of sequences: Problems.")
    sequence_name = Unicode("", help="What that text was called.")
    are_all_problems = Bool(True)
    yours = AnyTrait(Yours(), help="The Yours that the browser keeps.")
    message = Unicode("", help="What the user can put right; empty when all is well.")

    CHOICES: ClassVar[tuple[str, ...]] = ("pasted", "pasted_motif", *BroughtModel.READING)

    def __init__(self, **state: Any) -> None:
        super().__init__()
        if state:
            self.restore(state)

    def state(self) -> dict[str, Any]:
        """All that the user chose, as plain values; files are no part of it."""
        return {name: getattr(self, name) for name in self.CHOICES}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a state, or a part of one.

        Raises
        ------
        ArgumentError
            For a name that is no part of the state, or a value of the wrong kind; nothing is changed then.
        """
        restore_choices(self, state)

    # --- sequences

    def load_sequences(self, name: str, content: bytes) -> None:
        """Read a file or a text of sequences; one that cannot be read is explained line by line and changes nothing."""
        self.sequence_problems, self.sequence_name = (), name  # the same problem of another file is news
        if len(content) > MOST_TEXT:
            too_large = Problem(None, "", f"{len(content):,} bytes", f"at most {MOST_TEXT:,}")
            read = SequencesRead(None, (too_large,))
        else:
            read = parse_sequences_limited(content, name=name, limits=LIMITS)
        letters = 0 if read.sequences is None else len(read.sequences.all_codes)
        if letters > MOST_TEXT:
            read = SequencesRead(None, (Problem(None, "", f"{letters:,} letters", f"at most {MOST_TEXT:,}"),))
        self.are_all_problems, self.sequence_problems = read.are_all, read.problems
        if read.sequences is not None:
            self.sequences = read.sequences

    def forget(self) -> None:
        """Drop everything."""
        self.sequence_problems, self.sequences = (), None
        self.pasted = self.pasted_motif = ""
        self.drop_file()

    @observe("pasted")
    def _another_text(self, _: Any) -> None:
        if self.pasted.strip():
            self.load_sequences("the pasted text", self.pasted.encode())

    @observe("pasted_motif")
    def _another_motif(self, _: Any) -> None:
        if self.pasted_motif.strip():
            self.load_model("the pasted motif", self.pasted_motif.encode())

    @validate("pasted", "pasted_motif")
    def _short_enough(self, proposal: Any) -> str:
        if len(proposal.value) <= LONGEST_PASTE:
            return str(proposal.value)
        self.message = f"The text has {len(proposal.value):,} characters; accepted: at most {LONGEST_PASTE:,}."
        return str(getattr(self, proposal.trait.name))


def facts_of(sequences: SequenceSet) -> list[tuple[str, str]]:
    """A summary of sequences: what is told, and its value as text."""
    lengths = sequences.lengths
    shortest, longest = int(lengths.min()), int(lengths.max())
    shares = sequences.letter_frequencies()
    letters = sequences.alphabet.letters
    facts = [
        ("Sequences", f"{len(sequences):,} of {sequences.alphabet.name}"),
        ("Length", f"{shortest:,} letters each" if shortest == longest else f"{shortest:,} to {longest:,} letters"),
    ]
    if len(letters) == len(DNA):
        facts.append(("Letters", ", ".join(f"{each} {share:.1%}" for each, share in zip(letters, shares, strict=True))))
        facts.append(("G and C", f"{shares[1] + shares[2]:.1%}"))
    unknown = int((sequences.all_codes < 0).sum())
    facts.append(("Unknown letters", f"{unknown:,}" if unknown else "none"))
    if sequences.labels is None:
        facts.append(("Labels", "none"))
    else:
        counts = {
            int(label): int((sequences.labels == label).sum()) for label in sorted(set(sequences.labels.tolist()))
        }
        told = ", ".join(f"{n:,} with {label}" for label, n in list(counts.items())[:6])
        facts.append(("Labels", told + (", …" if len(counts) > 6 else "")))
    return facts
