"""Runs EM beside the page: a walk to its end, a search among many starts, and motifs that a link names."""

from __future__ import annotations

import threading
from typing import Any

from epool_viz.analysis.em_walks import found_again
from epool_viz.core.em import first_ppms, fit_em
from epool_viz.core.em_path import MOST_ITERATIONS, TOLERANCE, Trail
from epool_viz.errors import EpoolError
from epool_viz.jobs.job import Tell, Work
from epool_viz.panels.em.model import EMModel
from epool_viz.panels.shared.background_task import BackgroundJob
from epool_viz.panels.shared.state import friendly


class _StoppedError(Exception):
    """The visitor pressed Stop."""


class Runner(BackgroundJob):
    """One job at a time; other choices drop it."""

    model: EMModel

    FAILED = "EM failed"
    DEFECT = "EM came to an end that is not your doing"
    STOPPING = "Stopping after this iteration."

    def find_start(self) -> None:
        """Look for the best substring to begin with."""
        model = self.model
        windows, options = model.windows, self._options()

        def work(tell: Tell, cancel: threading.Event) -> None:
            def trial(done: int, total: int) -> None:
                tell(progress=done / total, said=f"Trying each of {total:,} windows for one iteration.")

            names, ppms = first_ppms(windows, "substrings", on_trial=trial, cancel=cancel, **options)
            word = "Stopped early: the best window so far" if cancel.is_set() else "The best window to begin with"
            tell(begin=(names[0], ppms[0]), said=f"{word} is {names[0].removeprefix('window ')}.")

        self._begin(work, "Trying every window.")

    def find_again(self) -> None:
        """Find again the motifs that a link or a state names."""
        sequences, known, to_find = self.model.sequences, self.model.found, list(self.model.to_find)
        total = len(known) + len(to_find)

        def work(tell: Tell, cancel: threading.Event) -> None:
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

        self._begin(work, f"Finding motif {len(known) + 1} of {total} again.")

    def converge(self) -> None:
        """Walk on to where it gains no more."""
        trail: Trail = self.model.trail.copy()

        def work(tell: Tell, cancel: threading.Event) -> None:
            while not (trail.is_finished or cancel.is_set()):
                trail.step()
                n = len(trail.evidence)
                if trail.end % 2:
                    tell(said=f"Iteration {n}: log evidence {trail.evidence[-1]:.2f}.")
            word = "Stopped" if not trail.is_finished else "Converged" if trail.has_converged else "Ended"
            tell(trail=trail.copy(), said=f"{word} after {len(trail.evidence)} iterations.")

        self._begin(work, "Climbing.")

    def search(self) -> None:
        """The best of several starts."""
        model = self.model
        windows, options = model.windows, self._options()
        sequences, n_starts, seed = model.codes_left(), model.n_starts, model.seed
        start = "substrings" if model.start == "substrings" else "random"
        width, both_strands = model.beginning.width, model.both_strands

        def work(tell: Tell, cancel: threading.Event) -> None:
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

        self._begin(work, f"{n_starts} starts side by side.")

    def drop(self) -> None:
        """Forget what runs: the choices it was for are gone."""
        super().drop()
        if self.model.stage != "idle":
            self.model.stage, self.model.said = "idle", ""

    def take(self, events: dict[str, Any]) -> None:
        """Show what was found."""
        job = self.job
        if "found" in events:
            self.model.take_found(events.pop("found"))  # the view may begin another job now
            if self.job not in (job, None):
                return
        begin, trail = events.pop("begin", None), events.pop("trail", None)
        super().take(events)
        if begin is not None:
            self.model.begin(*begin)
        if trail is not None:
            self.model.take_over(trail)

    def end(self, failure: str, _: Any) -> None:
        """Show what failed."""
        if failure:
            self.model.message, self.model.said = failure, ""
        self.model.stage = "idle"

    def friendly(self, error: EpoolError) -> str:
        """A mistake as a sentence."""
        return friendly(error)

    def _begin(self, work: Work, said: str) -> None:
        if self.run(work):
            self.model.stage, self.model.progress, self.model.said = "working", 0.0, said

    def _options(self) -> dict[str, Any]:
        model = self.model
        return {
            "background": model.background,
            "occurrence": model.occurrence,
            "pseudocount": model.pseudocount,
        }
