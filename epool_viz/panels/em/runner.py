"""Runs EM beside the page: a thread computes, the page's own loop takes over what is there."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any

from epool_viz.analysis.em_walks import found_again
from epool_viz.core.em import first_ppms, fit_em
from epool_viz.core.em_path import MOST_ITERATIONS, TOLERANCE, Trail
from epool_viz.errors import EpoolError
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.shared.state import friendly

logger = logging.getLogger(__name__)


class _StoppedError(Exception):
    """Somebody pressed Stop."""


class Runner:
    """One job at a time, for one model.

    The thread never touches the model: `pump`, called by the page's loop, does. A job whose model has been given other
    choices meanwhile is dropped.

    Parameters
    ----------
    model : EMModel
    """

    def __init__(self, model: EMModel) -> None:
        self.model = model
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._news: dict[str, Any] = {}
        self._about: Any = None

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def find_start(self) -> None:
        """Look for the best substring to begin with."""
        model = self.model
        windows, options = model.windows, self._options()

        def job(tell: Callable[..., None], cancel: threading.Event) -> None:
            def trial(done: int, total: int) -> None:
                tell(progress=done / total, said=f"Trying each of {total:,} windows for one iteration.")

            names, ppms = first_ppms(windows, "substrings", on_trial=trial, cancel=cancel, **options)
            word = "Stopped early: the best window so far" if cancel.is_set() else "The best window to begin with"
            tell(begin=(names[0], ppms[0]), said=f"{word} is {names[0].removeprefix('window ')}.")

        self._run(job, "Trying every window.")

    def find_again(self) -> None:
        """Find again the motifs that a link or a state names."""
        sequences, known, to_find = self.model.sequences, self.model.found, list(self.model.to_find)
        total = len(known) + len(to_find)

        def job(tell: Callable[..., None], cancel: threading.Event) -> None:
            found = known

            def step(at: int) -> None:
                if cancel.is_set():
                    raise _StoppedError
                number = len(found) - len(known)
                done = (number + at / to_find[number][0].at) / len(to_find)
                tell(progress=done, said=f"Finding motif {len(found) + 1} of {total} again.")

            try:
                for each in to_find:
                    found = (*found, found_again(*each, sequences, found, step))
            except _StoppedError:
                pass
            finally:  # what was found before it was stopped, or could not be found, stays
                tell(found=found, said=f"{len(found)} of {total} motifs found again.")

        self._run(job, f"Finding motif {len(known) + 1} of {total} again.")

    def converge(self) -> None:
        """Walk on to where it gains no more."""
        trail: Trail = self.model.trail.copy()

        def job(tell: Callable[..., None], cancel: threading.Event) -> None:
            while not (trail.is_finished or cancel.is_set()):
                trail.step()
                n = len(trail.evidence)
                if trail.end % 2:
                    tell(said=f"Iteration {n}: log evidence {trail.evidence[-1]:.2f}.")
            word = "Stopped" if not trail.is_finished else "Converged" if trail.has_converged else "Ended"
            tell(trail=trail.copy(), said=f"{word} after {len(trail.evidence)} iterations.")

        self._run(job, "Climbing.")

    def search(self) -> None:
        """The best of several starts."""
        model = self.model
        windows, options = model.windows, self._options()
        sequences, n_starts, seed = model.codes_left(), model.n_starts, model.seed
        start = "substrings" if model.start == "substrings" else "random"
        width, both_strands = model.beginning.width, model.both_strands

        def job(tell: Callable[..., None], cancel: threading.Event) -> None:
            best: dict[int, float] = {}

            def trial(done: int, total: int) -> None:
                tell(progress=done / total, said=f"Trying each of {total:,} windows for one iteration.")

            def iteration(number: int, step: int, objective: float) -> None:
                best[number] = objective
                leading = f"the best has a log evidence of {max(best.values()):.2f}"
                tell(said=f"Iteration {step + 1}, {len(best)} starts: {leading}.")

            result = fit_em(
                sequences,
                width,
                start=start,
                n_starts=n_starts,
                seed=seed,
                both_strands=both_strands,
                max_iterations=MOST_ITERATIONS,
                tolerance=TOLERANCE,
                erased=[each < 0 for each in sequences],
                on_iteration=iteration,
                on_trial=trial,
                cancel=cancel,
                **options,
            )
            fresh = Trail(
                windows,
                result.history.ppm[0],
                name=result.start,
                background=options["background"],
                occurrence=options["occurrence"],
                pseudocount=options["pseudocount"],
            )
            word = "Stopped" if cancel.is_set() else "Done"
            told = f"{word}: the best of {result.n_starts} starts began with {result.start}"
            tell(trail=fresh.follow(result.history, result.start), said=f"{told}; log evidence {result.evidence:.2f}.")

        self._run(job, f"{n_starts} starts side by side.")

    def stop(self) -> None:
        """Ask what runs to end; what it has found stays."""
        if self.is_running and self.model.stage != "stopping":
            self._cancel.set()
            self.model.stage, self.model.said = "stopping", "Stopping after this iteration."

    def drop(self) -> None:
        """Forget what runs: the choices it was for are gone."""
        self._cancel.set()
        self._about = None
        with self._lock:
            self._news = {}
        if self.model.stage != "idle":
            self.model.stage, self.model.said = "idle", ""

    def join(self, seconds: float = 60.0) -> None:
        """Wait for the thread and take over all it has come to."""
        if self._thread is not None:
            self._thread.join(seconds)
        while self.pump():
            pass

    def pump(self) -> bool:
        """Take over what the thread has come to; False once there will be no more."""
        is_running = self.is_running  # first: what it tells at its end is then there
        with self._lock:
            news, self._news = self._news, {}
        model = self.model
        about = self._about
        if about is None:
            return False
        if "found" in news:
            model.take_found(news["found"])  # whoever looks after the model may begin something else now
            if self._about not in (about, None):
                return True
        for name in ("progress", "said", "message"):
            if name in news and not (model.stage == "stopping" and name == "said" and is_running):
                setattr(model, name, news[name])
        if "begin" in news:
            model.begin(*news["begin"])
        if "trail" in news:
            model.take_over(news["trail"])
        if not is_running:
            model.stage = "idle"
        return is_running

    def _options(self) -> dict[str, Any]:
        model = self.model
        return {
            "background": model.background,
            "occurrence": model.occurrence,
            "pseudocount": model.pseudocount,
        }

    def _run(self, job: Callable[[Callable[..., None], threading.Event], None], said: str) -> None:
        if self.is_running and self._about is not None:
            return
        cancel = self._cancel = threading.Event()
        about = self._about = object()
        self._news = {}
        self.model.stage, self.model.progress, self.model.said = "working", 0.0, said

        def tell(**news: Any) -> None:
            with self._lock:
                if self._about is about:
                    self._news |= news

        def guarded() -> None:
            try:
                job(tell, cancel)
            except EpoolError as error:
                tell(message=friendly(error), said="")
            except Exception:
                reference = secrets.token_hex(4)
                logger.exception("EM failed; the page shows error %s", reference)
                tell(message=f"EM came to an end that is not your doing (error {reference}).", said="")

        self._thread = threading.Thread(target=guarded, daemon=True)
        self._thread.start()
