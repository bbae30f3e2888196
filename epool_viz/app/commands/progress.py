"""Progress of a long command, and its end on a signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epool_viz.models.training import EpochRecord

Sink = Callable[[str], None]


class StopOnSignal:
    """Within the block, Ctrl-C and SIGTERM request a stop; a second one ends at once.

    It is the `cancel` of `train` and `race`. After the block the old handlers are back.
    """

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.signal = 0
        self._said = False
        self._before: dict[int, Any] = {}

    def is_set(self) -> bool:
        """Whether to stop before the next batch."""
        if self.signal and not self._said:  # not in the handler: it may interrupt a write to the same stream
            self._said = True
            self.sink("stopping; once more ends at once")
        return self.signal != 0

    @property
    def exit_code(self) -> int:
        """As shells have it: 128 and the signal's number; 0 without one."""
        return 128 + self.signal if self.signal else 0

    def __enter__(self) -> StopOnSignal:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in {signal.SIG_IGN, None}:  # as nohup and `&` in a script set it
                self._before[number] = signal.signal(number, self._asked)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._restore()

    def _asked(self, number: int, _: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


class EpochProgress:
    """Shows each epoch: bars on a terminal, removed at the end, and lines in a log."""

    def __init__(self, epochs: int, sink: Sink, *, bars: bool | None = None) -> None:
        self.epochs = epochs
        self.sink = sink
        self.bars = sys.stderr.isatty() if bars is None else bars
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> EpochProgress:
        if self.bars:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=8),
                MofNCompleteColumn(),
                TextColumn("{task.fields[said]}"),
                TimeRemainingColumn(),  # of all epochs; early stopping ends most runs sooner
            )
            console = Console(stderr=True, force_terminal=True)
            self._progress = Progress(*columns, console=console, transient=True)
            self._progress.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def tell(self, label: str, record: EpochRecord) -> None:
        """An epoch of the run `label`."""
        validation = f"validation {record.val_loss:.4f}, AUC {record.val_auc:.4f}"
        if self._progress is None:
            self.sink(
                f"{label}, epoch {record.epoch} of {self.epochs}: loss {record.loss:.4f}, {validation}, "
                f"{record.seconds:.2f} s"
            )
            return
        if label not in self._tasks:
            self._tasks[label] = self._progress.add_task(label, total=self.epochs, said="")
        self._progress.update(self._tasks[label], completed=record.epoch, said=validation)
