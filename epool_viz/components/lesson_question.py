"""A question of a lesson: options with explanations, or a field whose answer Python checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from epool_viz.components.base import Component, Store

LONGEST_ANSWER = 20_000  # characters


class LessonQuestion(Component):
    """Draws a question.

    Parameters
    ----------
    store : Store
        Hands on what all components share; nothing of its state is used.
    options : dict
        See `web/lesson_question/index.js`.
    on_answer : callable
        Gets the text of a field; gives "tone", "head" and "words" of what is said of it.
    """

    module = "lesson_question"

    def __init__(
        self, store: Store, options: Mapping[str, Any], on_answer: Callable[[str], Mapping[str, str]] | None = None
    ) -> None:
        self._on_answer = on_answer
        super().__init__(store=store, options=dict(options))
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        answer = content.get("answer") if isinstance(content, dict) else None
        if self._on_answer is not None and isinstance(answer, str):
            self.send({"feedback": dict(self._on_answer(answer[:LONGEST_ANSWER]))})
