"""No exception of a handler is lost, and none is shown raw.

ipywidgets swallows what a handler raises: the page shows nothing and the user waits. Every handler of a view therefore
runs inside a `Guard`, and `Wiring` ties models to widgets through it and can undo every tie.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from traitlets import HasTraits
from traitlets.config import Application

from epool_viz.errors import EpoolError

logger = logging.getLogger(__name__)
Handler = Callable[..., Any]
Undo = Callable[[], None]

_OF_A_PAGE = "VOILA_APP_PORT"  # stands in the environment of every kernel that Voilà starts
TOO_LARGE = (
    "This needs more memory than a page has here. What you see is the last good state; less of it (fewer or shorter "
    "sequences, fewer kernels) may fit, and on a machine of your own Python has all the memory that there is."
)


def tell_the_server() -> None:
    """In the kernel of a page, write what this package logs into the log of the server.

    There ipykernel sends what is written to `sys.stderr` to the page, which does not show it.
    """
    package = logging.getLogger(__package__.partition(".")[0])
    if package.handlers or _OF_A_PAGE not in os.environ or not Application.initialized():
        return
    ways = (getattr(handler, "stream", None) for handler in Application.instance().log.handlers)
    for stream in filter(None, ways):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("epool_viz kernel: %(message)s"))
        package.addHandler(handler)


class Guard:
    """Runs handlers and shows the user when one fails.

    Parameters
    ----------
    report : callable
        Gets the sentence for the user; "" once everything that one gesture set off went well.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        tell_the_server()
        self.report = report
        self._depth = 0
        self._failed = False

    def __call__(self, handler: Handler) -> Handler:
        """Wrap a handler: a mistake is shown; an internal error gets an id, and its traceback goes to the log."""

        @functools.wraps(handler)
        def guarded(*args: Any, **kwargs: Any) -> None:
            # handlers set off others; only the outermost may take the message away, and only if none of them failed
            self._failed = self._failed and self._depth > 0
            self._depth += 1
            try:
                handler(*args, **kwargs)
            except EpoolError as error:
                self._tell(str(error))
            except MemoryError:
                logger.warning("a handler of a dashboard wanted more memory than its kernel may have")
                self._tell(TOO_LARGE)
            except Exception:  # noqa: BLE001 - the last stop before ipywidgets swallows it; `fail` logs it
                self.fail()
            finally:
                self._depth -= 1
            if not self._depth and not self._failed:
                self.report("")

        return guarded

    def _tell(self, sentence: str) -> None:
        self._failed = True
        self.report(sentence)

    def fail(self) -> None:
        """Report the current exception: called inside an `except` block."""
        reference = secrets.token_hex(4)
        logger.exception("a handler of a dashboard failed; the page shows error %s", reference)
        self._tell(
            f"Something went wrong here, and it is not your doing (error {reference}). "
            "What you see is the last good state; another choice, or Reset, goes on from it."
        )


class Wiring:
    """The ties between a model and its widgets; each goes through the guard and can be undone.

    traitlets' own `link` raises where a validator changes the value, and an exception in it is swallowed; here the side
    that asked takes over what the other side made of its value.

    Parameters
    ----------
    guard : Guard
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._undo: list[Undo] = []
        self._quiet = 0

    def __len__(self) -> int:
        return len(self._undo)

    def on(self, source: HasTraits, names: str | tuple[str, ...], handler: Handler) -> None:
        """Call `handler(change)` when one of the traits changes."""
        watched = [names] if isinstance(names, str) else list(names)
        guarded = self.guard(handler)
        source.observe(guarded, names=watched)
        self._undo.append(lambda: source.unobserve(guarded, names=watched))

    def click(self, button: Any, handler: Handler) -> None:
        """Call `handler(button)` when the button is pressed."""
        guarded = self.guard(handler)
        button.on_click(guarded)
        self._undo.append(lambda: button.on_click(guarded, remove=True))

    def follow(
        self,
        source: tuple[HasTraits, str],
        target: tuple[HasTraits, str],
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        """Keep the target at what the source is, from now on."""

        def copy(_: Any = None) -> None:
            value = getattr(*source)
            with self.quietly():
                setattr(*target, value if transform is None else transform(value))

        copy()
        self.on(*source, copy)

    def both(
        self,
        model: tuple[HasTraits, str],
        widget: tuple[HasTraits, str],
        to_widget: Callable[[Any], Any] | None = None,
        to_model: Callable[[Any], Any] | None = None,
    ) -> None:
        """Keep model and widget together; the model has the last word."""

        def to_screen(_: Any = None) -> None:
            value = getattr(*model)
            with self.quietly():
                setattr(*widget, value if to_widget is None else to_widget(value))

        def from_screen(_: Any) -> None:
            if not self._quiet:
                value = getattr(*widget)
                setattr(*model, value if to_model is None else to_model(value))
                to_screen()

        to_screen()
        self.on(*model, to_screen)
        self.on(*widget, from_screen)

    @property
    def is_quiet(self) -> bool:
        """Whether a widget is being changed by program."""
        return self._quiet > 0

    @contextlib.contextmanager
    def quietly(self) -> Iterator[None]:
        """Change widgets by program: what they make of it (a value clamped to a new maximum) is no wish of the user."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def close(self) -> None:
        """Undo every tie, the last one first."""
        while self._undo:
            self._undo.pop()()
