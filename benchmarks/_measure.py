"""What every benchmark ends in: a table of measurements beside their budgets, and the memory of processes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psutil

HEAD = ("what", "measured", "budget", "within")
MB = 1e6


@dataclass(frozen=True)
class Row:
    """One measurement.

    Parameters
    ----------
    what : str
    measured : float or None
        None where it could not be measured.
    budget : float or None
        The most that is allowed; None where nothing is promised.
    unit : str
    note : str
        What else there is to know of the measured number, such as how it spreads.
    """

    what: str
    measured: float | None
    budget: float | None
    unit: str
    note: str = ""

    @property
    def is_missed(self) -> bool:
        """True when a measured number is not within its budget."""
        return self.measured is not None and self.budget is not None and not self.measured <= self.budget

    @property
    def verdict(self) -> str:
        """One word for the last column."""
        if self.budget is None:
            return "-"
        if self.measured is None:
            return "?"
        return "NO" if self.is_missed else "yes"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as text."""
        note = f" ({self.note})" if self.note else ""
        return self.what, quantity(self.measured, self.unit) + note, quantity(self.budget, self.unit), self.verdict


def quantity(value: float | None, unit: str) -> str:
    """A number of three digits with its unit; a dash for none."""
    if value is None:
        return "-"
    return f"{value:,.0f} {unit}".strip() if abs(value) >= 100 else f"{value:.3g} {unit}".strip()


def table(rows: Sequence[Row]) -> str:
    """Every row under a heading, in columns."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    lines.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type] # four of them
    return "\n".join(
        " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def exit_status(rows: Iterable[Row]) -> int:
    """1 when a budget was missed, else 0; what was not measured misses nothing."""
    return int(any(row.is_missed for row in rows))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all do not exceed (nearest rank).

    Raises
    ------
    ValueError
        Without values, or for a share that is not in (0, 1].
    """
    if not values or not 0 < share <= 1:
        raise ValueError(f"percentile: found {len(values)} values and a share of {share}; accepted: some, in (0, 1]")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """All of a few values, in the order they came."""
    return ", ".join(f"{value:.{digits}f}" for value in values)


class Memory(NamedTuple):
    """Megabytes of a process, or of several.

    Attributes
    ----------
    rss : float
        All pages in memory, those shared with others in full.
    uss : float
        The pages that are its alone: what its end would give back.
    pss : float
        The same and a fair share of what is shared, so that processes can be added up; USS where a system has no PSS.
    """

    rss: float
    uss: float
    pss: float


def memory_of(processes: Iterable[psutil.Process]) -> Memory:
    """Memory of all these together; one that has ended counts nothing."""
    total = Memory(0.0, 0.0, 0.0)
    for process in processes:
        try:
            info = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        one = Memory(info.rss / MB, info.uss / MB, getattr(info, "pss", info.uss) / MB)
        total = Memory(*(a + b for a, b in zip(total, one, strict=True)))
    return total


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it has started."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def libraries(process: psutil.Process) -> list[str]:
    """Files that a process has mapped, its compiled modules among them."""
    return [mapped.path for mapped in process.memory_maps()]


def has_torch(paths: Iterable[str]) -> bool:
    """True when a library of torch is among the files."""
    return any("/torch/" in path or "libtorch" in path for path in paths)
