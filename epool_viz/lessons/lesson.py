"""A lesson as data: its texts, questions, exercises, and the notes of who teaches it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from epool_viz.lessons.checking import OPEN, Feedback, Form, Slip, UnreadableError

WORDS_A_MINUTE = 200
MINUTES = {"question": 1.0, "exercise": 2.5, "panel": 3.0, "open": 1.5}
"""What each part takes beside its reading."""

_MINUS = re.compile(r"-(?=\d)")
_OF_A_PAGE = "VOILA_APP_PORT"  # stands in the environment of every kernel that Voilà starts


def is_page() -> bool:
    """Whether the notebook is a page of Voilà, which shows no code."""
    return _OF_A_PAGE in os.environ


@dataclass(frozen=True)
class Option:
    """A possible answer.

    Attributes
    ----------
    value, label : str
    because : str
        Why it is right or wrong; `{name}` or `{name:.2f}` is one of the question's facts.
    """

    value: str
    label: str
    because: str


@dataclass(frozen=True)
class Question:
    """Predict, then see.

    Attributes
    ----------
    id, text : str
        In the text, as in the options' `because`, `{name}` is one of the facts.
    options : tuple of Option
    answer, other_route : callable
        Compute the value of the right option, by two routes.
    facts : callable
        Computes the numbers that the explanations name.
    """

    id: str
    text: str
    options: tuple[Option, ...]
    answer: Callable[[], str]
    other_route: Callable[[], str]
    facts: Callable[[], Mapping[str, Any]] = dict

    @cached_property
    def right(self) -> str:
        """The value of the right option, computed."""
        return self.answer()

    @cached_property
    def asked(self) -> str:
        """The text with the numbers."""
        return _MINUS.sub("−", self.text.format_map(self.facts()))

    @cached_property
    def explained(self) -> dict[str, str]:
        """Value of each option -> its explanation with the numbers."""
        facts = self.facts()
        return {each.value: _MINUS.sub("−", each.because.format_map(facts)) for each in self.options}

    def label_of(self, value: str) -> str:
        """The label of an option."""
        return next(each.label for each in self.options if each.value == value)

    def says(self, value: str) -> Feedback:
        """What is said of an option."""
        is_right = value == self.right
        more = "" if is_right else f" Right is: {self.label_of(self.right)}"
        return Feedback("right" if is_right else "wrong", self.explained[value] + more)


@dataclass(frozen=True)
class Exercise:
    """Something to compute, and a check that says what is wrong.

    Attributes
    ----------
    id : str
    task : str
        Markdown.
    form : Form
        The kind of answer.
    answer, other_route : callable
        Compute it, by two routes.
    slips : tuple of Slip
        Typical wrong answers.
    praise : str
        What is said of the right one.
    solution : str
        Lines of Python whose last one is the answer.
    given : str
        Lines of Python that the cell begins with.
    """

    id: str
    task: str
    form: Form
    answer: Callable[[], Any]
    other_route: Callable[[], Any]
    slips: tuple[Slip, ...]
    praise: str
    solution: str
    given: str = ""

    def check(self, answer: Any) -> Any:
        """Say what is right or wrong with an answer.

        Parameters
        ----------
        answer : object
            `...` stands for no answer yet; on a page of Voilà, where no code is seen, it gives a field to type in.

        Returns
        -------
        Feedback, or a widget
        """
        if answer is not ...:
            return self.judge(answer)
        if not is_page():
            return Feedback("open", OPEN)
        from epool_viz.lessons.asking import exercise_widget

        return exercise_widget(self)

    def judge(self, answer: Any) -> Feedback:
        """What is said of an answer; never an exception."""
        try:
            value = self.form.read(answer)
        except UnreadableError as error:
            return Feedback("unread", str(error))
        truth = self.form.read(self.answer())
        if self.form.near(value, truth):
            return Feedback("right", self.praise)
        for slip in self.slips:
            if self.form.near(value, self.form.read(slip.make())):
                return Feedback("wrong", slip.words)
        return Feedback("wrong", self.form.said(value, truth))


@dataclass(frozen=True)
class Statement:
    """What is exactly true: a sentence, and its equation in LaTeX."""

    sentence: str
    equation: str


@dataclass(frozen=True)
class Text:
    """A cell of Markdown."""

    text: str


@dataclass(frozen=True)
class Code:
    """A cell of Python that shows a picture or a few numbers."""

    source: str


@dataclass(frozen=True)
class Notes:
    """For who teaches.

    Attributes
    ----------
    timing : tuple of (minutes, what)
    misconceptions : tuple of (what is believed, id of the question that uncovers it)
    aloud : tuple of str
        What to ask the room.
    """

    timing: tuple[tuple[int, str], ...]
    misconceptions: tuple[tuple[str, str], ...]
    aloud: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes
    ----------
    name, title : str
        Of the file, and of the page.
    line : str
        What it is about, for a list.
    goals : tuple of str
        What one can say afterwards.
    statements : tuple of Statement
        Three.
    panel : str
        The dashboard inside: a call of `lessons.panel`.
    look : str
        Markdown: what to do with it.
    picture : callable
        Draws the picture of the handout; gives a `Picture`.
    body : tuple of Text, Code, Question and Exercise
        In their order, after the panel.
    open_question, open_answer : str
        Markdown; the second is for who teaches.
    notes : Notes
    """

    name: str
    title: str
    line: str
    goals: tuple[str, ...]
    statements: tuple[Statement, ...]
    panel: str
    look: str
    picture: Callable[[], Any]
    body: tuple[Text | Code | Question | Exercise, ...]
    open_question: str
    open_answer: str
    notes: Notes

    @property
    def notebook(self) -> str:
        """Name of the notebook's file."""
        return f"{self.name}.ipynb"

    @property
    def questions(self) -> tuple[Question, ...]:
        """In their order."""
        return tuple(part for part in self.body if isinstance(part, Question))

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """In their order."""
        return tuple(part for part in self.body if isinstance(part, Exercise))

    @property
    def words(self) -> int:
        """Words that are read: texts, questions with their options and the right explanation, tasks."""
        texts = [self.look, *self.goals, *(s.sentence for s in self.statements), self.open_question]
        texts += [part.text for part in self.body if isinstance(part, Text)]
        texts += [exercise.task for exercise in self.exercises]
        for question in self.questions:
            texts += [question.asked, *(each.label for each in question.options), question.explained[question.right]]
        return sum(len(re.findall(r"[^\W_]+", text)) for text in texts)

    @property
    def minutes(self) -> float:
        """How long it takes: reading, and what is done."""
        doing = len(self.questions) * MINUTES["question"] + len(self.exercises) * MINUTES["exercise"]
        return self.words / WORDS_A_MINUTE + doing + MINUTES["panel"] + MINUTES["open"]
