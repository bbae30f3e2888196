"""The visitor's uploads, their errors, and how they are read. No widget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from traitlets import Any as AnyTrait
from traitlets import Bool, Tuple, Unicode, observe

from epool_viz.core.alphabet import DNA
from epool_viz.data.examples import load_example, load_example_model
from epool_viz.data.sequences.problems import Problem
from epool_viz.data.sequences.set import SequenceSet
from epool_viz.data.sequences.uploaded import SequencesRead
from epool_viz.jobs.parsing import parse_sequences_limited
from epool_viz.panels.shared.model import DashboardModel
from epool_viz.panels.shared.opened_model import OpenedModel
from epool_viz.panels.shared.visitor_data import LIMITS, MOST_TEXT

LONGEST_PASTE = 1_000_000


class YourDataModel(DashboardModel, OpenedModel):
    """Files and texts in; sequences and kernels out, or what is wrong with them.

    What cannot be read changes nothing of what was there.
    """

    pasted = Unicode("", help="Sequences as text.")
    pasted_motif = Unicode("", help="A motif or a kernel as text.")

    sequences = AnyTrait(help="The SequenceSet that was read, or None.")
    sequence_problems = Tuple(help="What is wrong with the last text of sequences: Problems.")
    sequence_name = Unicode("", help="What that text was called.")
    are_all_problems = Bool(True)

    CHOICES: ClassVar[tuple[str, ...]] = ("pasted", "pasted_motif", *OpenedModel.READING)
    LONGEST_LINKED = 0  # what was pasted stays out of links: it may be private
    LONGEST: ClassVar[Mapping[str, int]] = {"pasted": LONGEST_PASTE, "pasted_motif": LONGEST_PASTE}

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

    def in_hand(self) -> dict[str, Any]:
        """The visitor's own sequences and kernels, the first of each."""
        hand = {}
        if self.sequences is not None:
            hand["sequence"] = {"yours": 0, "label": self.sequence_name}
        if self.kernels is not None:
            hand["kernel"] = {"yours": 0, "label": self.kernels.title}
        return hand

    def load_sample_sequences(self) -> None:
        """Read a bundled set as if it had been brought."""
        sample = load_example("crp0")
        text = "".join(f">{name}\n{letters}\n" for name, letters in zip(sample.names, sample, strict=True))
        self.load_sequences("crp0.fa (sample)", text.encode())

    def load_sample_model(self) -> None:
        """Read a bundled network as if it had been brought."""
        path = load_example_model("ctcf_expectation").info.path
        self.load_model(f"{path.name} (sample)", path.read_bytes())

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


def facts_of(sequences: SequenceSet) -> list[tuple[str, str]]:
    """A summary of sequences: labels, and values as text."""
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
