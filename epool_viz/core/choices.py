"""The words that an option may be, each list once: for checks, for types, and for the command line.

Nothing is imported here but the standard library, so that `epool-viz --help` need not wait for NumPy.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Occurrence: TypeAlias = Literal["oops", "zoops"]
StrandReading: TypeAlias = Literal["motif", "network"]
RuleName: TypeAlias = Literal["deepbind", "basset"]
StartName: TypeAlias = Literal["random", "substrings"]
PresetName: TypeAlias = Literal["paper", "demo", "exact"]
SplitName: TypeAlias = Literal["stratified", "last"]
LogoKind: TypeAlias = Literal["information", "probability", "log odds", "kernel"]

OCCURRENCES: tuple[str, ...] = get_args(Occurrence)
STRAND_READINGS: tuple[str, ...] = get_args(StrandReading)
STARTS: tuple[str, ...] = get_args(StartName)
PRESETS: tuple[str, ...] = get_args(PresetName)
SPLITS: tuple[str, ...] = get_args(SplitName)
LOGO_KINDS: tuple[str, ...] = get_args(LogoKind)
