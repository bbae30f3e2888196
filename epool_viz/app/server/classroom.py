"""Classes: a lecturer asks, phones guess, the lecturer shows what the room guessed. In memory only, without names.

A phone is a random id that it makes itself. Nothing here knows of HTTP; `classroom_handlers` does.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

CODE_LETTERS = "BCDFGHJKMNPQRTVWXZ"  # none that looks like a digit or like another, and no vowels: no words
CODE_LENGTH = 5
MOST_CLASSES = 20
MOST_PHONES = 400  # a class
LASTS = 3 * 3600.0  # seconds without the lecturer
MOST_OPTIONS = 8
MOST_WINDOWS = 400
MOST_TEXT = 2000  # characters of a question or an explanation
MOST_LABEL = 200
LARGEST_NUMBER = 1e9
BURST, EVERY = 6, 0.25  # guesses of one phone at once, and seconds until there is room for another
STEPS = 100  # heights of a drawing's bar

_PHONE = re.compile(r"[0-9a-f]{32}")
KINDS = ("choice", "number", "draw")

Guess: TypeAlias = str | float | bytes


class Refused(Exception):  # noqa: N818 - nothing failed
    """A request that is refused.

    Attributes
    ----------
    status : int
        As in HTTP.
    message : str
        One sentence for who asked.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Ended(Refused):
    """The class is over, or never was."""

    def __init__(self) -> None:
        super().__init__(404, "There is no class with this code: it has ended, or the code is mistyped.")


@dataclass
class Phone:
    """One phone: what it guessed, and how to close its connection while it has one."""

    guess: Guess | None = None
    hang_up: Callable[[], None] | None = None
    allowance: float = BURST
    asked_at: float = 0.0


@dataclass
class Question:
    """What phones are shown, and no answer."""

    text: str
    kind: Literal["choice", "number", "draw"]
    options: tuple[tuple[str, str], ...] = ()
    letters: str = ""

    def accepted(self, guess: Any) -> Guess:
        """The guess as it is kept."""
        if self.kind == "choice":
            if not isinstance(guess, str) or guess not in dict(self.options):
                raise Refused(400, "That is none of the answers to choose from.")
            return guess
        if self.kind == "number":
            if not _is_number(guess) or not 0 < guess <= LARGEST_NUMBER:
                raise Refused(400, "A guess is a number above 0 and at most a billion.")
            return float(guess)
        count = len(self.letters)
        if not isinstance(guess, list) or len(guess) != count or not all(_is_number(x) and 0 <= x <= 1 for x in guess):
            raise Refused(400, f"A drawing is {count} numbers from 0 to 1.")
        heights = bytes(round(STEPS * x) for x in guess)
        if not any(heights):
            raise Refused(400, "Nothing is drawn yet: give at least one window a bar.")
        return heights

    def plain(self) -> dict[str, Any]:
        """As a phone reads it."""
        options = [{"value": value, "label": label} for value, label in self.options]
        return {"text": self.text, "kind": self.kind, "options": options, "letters": self.letters}


@dataclass
class Classroom:
    """One class.

    Attributes
    ----------
    code : str
        What phones type.
    secret : str
        What only the lecturer's page has.
    address : str
        Of this server, as phones reach it; "" if they cannot.
    turn : int
        Counts the questions; a guess for another turn is refused.
    """

    code: str
    secret: str
    address: str
    clock: Callable[[], float]
    turn: int = 0
    question: Question | None = None
    shown: dict[str, Any] | None = None
    phones: dict[str, Phone] = field(default_factory=dict)
    listeners: set[Callable[[], None]] = field(default_factory=set)
    is_over: bool = False
    seen_at: float = 0.0

    # the lecturer's

    def check(self, secret: object) -> None:
        """Refuse whoever is not the lecturer."""
        if not isinstance(secret, str) or not secrets.compare_digest(secret.encode(), self.secret.encode()):
            raise Refused(403, "Only the page that opened the class may do that.")
        self.seen_at = self.clock()

    def ask(self, asked: Any) -> None:
        """Show a question to all phones; the guesses of the last one are gone."""
        self.question = question_of(asked)
        self.shown = None
        self.turn += 1
        self.phones = {name: phone for name, phone in self.phones.items() if phone.hang_up}
        for phone in self.phones.values():
            phone.guess = None
        self._tell()

    def show(self, turn: Any, truth: Any, explanation: Any) -> None:
        """Show what is true, and what the room guessed; from then on no guess is taken."""
        if self.question is None or turn != self.turn:
            raise Refused(409, "Another question is being asked now.")
        self.shown = {"truth": _truth(self.question, truth), "explanation": _text(explanation, "An explanation")}
        self._tell()

    def watched(self) -> dict[str, Any]:
        """What the lecturer sees: counts, and the guesses once they are shown."""
        seen: dict[str, Any] = {"turn": self.turn, "joined": len(self.phones), "answered": len(self._guesses())}
        if self.shown is not None:
            seen["room"] = self.room() | self._drawings()
        return seen

    # the phones'

    def join(self, name: object, hang_up: Callable[[], None]) -> None:
        """A phone opened a connection; an earlier one of the same phone is closed."""
        phone = self._known(name)
        if phone is None:
            if len(self.phones) >= MOST_PHONES:
                raise Refused(503, f"This class is full: {MOST_PHONES} phones have joined.")
            phone = self.phones[str(name)] = Phone(asked_at=self.clock())
        if phone.hang_up is not None:
            phone.hang_up()
        phone.hang_up = hang_up

    def leave(self, name: str, hang_up: Callable[[], None]) -> None:
        """A connection of a phone closed; a phone without one is kept only for its guess."""
        phone = self.phones.get(name)
        if phone is None or phone.hang_up is not hang_up:
            return
        phone.hang_up = None
        if phone.guess is None:
            del self.phones[name]

    def take(self, name: object, turn: Any, guess: Any) -> None:
        """Take a guess, in place of an earlier one of the same phone."""
        phone = self._known(name)
        if phone is None:
            raise Refused(409, "This phone has not joined the class, or has lost it.")
        now = self.clock()
        phone.allowance = min(BURST, phone.allowance + (now - phone.asked_at) / EVERY)
        phone.asked_at = now
        if phone.allowance < 1:
            raise Refused(429, "Too many guesses at once: wait a moment.")
        phone.allowance -= 1
        if self.question is None or turn != self.turn:
            raise Refused(409, "This question is over.")
        if self.shown is not None:
            raise Refused(409, "The answer is shown already.")
        phone.guess = self.question.accepted(guess)

    def view(self, name: str) -> dict[str, Any]:
        """All that a phone is shown now, whatever it has seen before."""
        phone = self.phones.get(name)
        return {
            "turn": self.turn,
            "question": self.question.plain() if self.question else None,
            "guess": _plain(phone.guess) if phone else None,
            "shown": self.shown | {"room": self.room()} if self.shown is not None else None,
        }

    def room(self) -> dict[str, Any]:
        """The guesses as one picture: how many chose each option, the numbers in order, or the mean of the drawings."""
        guesses = self._guesses()
        room: dict[str, Any] = {"answered": len(guesses)}
        if self.question is None:
            return room
        if self.question.kind == "choice":
            counts = Counter(guesses)
            room["counts"] = {value: counts[value] for value, _ in self.question.options}
        elif self.question.kind == "number":
            room["numbers"] = sorted(guesses)
        else:
            totals = [0.0] * len(self.question.letters)
            for drawing in guesses:
                whole = sum(drawing)
                for i, height in enumerate(drawing):
                    totals[i] += height / whole
            room["mean"] = [total / max(len(guesses), 1) for total in totals]
        return room

    def end(self) -> None:
        """Forget everything, and send all phones away."""
        self.is_over = True
        self.question, self.shown = None, None
        self.phones.clear()
        self._tell()

    # inside

    def _known(self, name: object) -> Phone | None:
        if not isinstance(name, str) or not _PHONE.fullmatch(name):
            raise Refused(400, "A phone is 32 hexadecimal digits that it makes itself.")
        return self.phones.get(name)

    def _guesses(self) -> list[Any]:
        return [phone.guess for phone in self.phones.values() if phone.guess is not None]

    def _drawings(self) -> dict[str, Any]:
        is_drawn = self.question is not None and self.question.kind == "draw"
        return {"drawings": [list(drawing) for drawing in self._guesses()]} if is_drawn else {}

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()


class Classrooms:
    """All classes of a server.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._classes: dict[str, Classroom] = {}

    def __len__(self) -> int:
        return len(self._classes)

    def open(self, address: str = "") -> Classroom:
        """A new class.

        Raises
        ------
        Refused
            If there are as many as may be, and phones in each of them.
        """
        self.end_forgotten()
        if len(self._classes) >= MOST_CLASSES:
            empty = [room for room in self._classes.values() if not room.phones]
            if not empty:
                raise Refused(503, f"{MOST_CLASSES} classes are open already: end one, or wait until one ends.")
            self.end(min(empty, key=lambda room: room.seen_at))
        code = self._new_code()
        room = Classroom(code, secrets.token_urlsafe(24), address, self._clock, seen_at=self._clock())
        self._classes[code] = room
        return room

    def find(self, code: str) -> Classroom:
        """The class with a code, typed in either case.

        Raises
        ------
        Ended
            If there is none, or none any more.
        """
        self.end_forgotten()
        room = self._classes.get(code.upper())
        if room is None:
            raise Ended
        return room

    def end(self, room: Classroom) -> None:
        """End a class: by its lecturer, or because there is none any more."""
        self._classes.pop(room.code, None)
        room.end()

    def end_forgotten(self) -> None:
        """End every class whose lecturer has not been seen for `LASTS` seconds."""
        now = self._clock()
        for room in [room for room in self._classes.values() if now - room.seen_at > LASTS]:
            self.end(room)

    def _new_code(self) -> str:
        while True:
            code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
            if code not in self._classes:
                return code


def question_of(asked: Any) -> Question:
    """A question as data, checked.

    Raises
    ------
    Refused
        If it is no question, or larger than one may be.
    """
    if not isinstance(asked, dict) or asked.get("kind") not in KINDS:
        raise Refused(400, f"A question has a kind: {', '.join(KINDS)}.")
    text = _text(asked.get("text"), "A question")
    options: tuple[tuple[str, str], ...] = ()
    letters = ""
    if asked["kind"] == "choice":
        given = asked.get("options")
        if not isinstance(given, list) or not 2 <= len(given) <= MOST_OPTIONS:
            raise Refused(400, f"A question to choose has 2 to {MOST_OPTIONS} answers.")
        options = tuple(_option(each) for each in given)
        if len(dict(options)) < len(options):
            raise Refused(400, "A value stands for one answer to choose, not for two.")
    if asked["kind"] == "draw":
        letters = asked.get("letters") or ""
        if not isinstance(letters, str) or not 1 <= len(letters) <= MOST_WINDOWS:
            raise Refused(400, f"A question to draw has 1 to {MOST_WINDOWS} windows, each with its first letter.")
    return Question(text, asked["kind"], options, letters)


def _option(given: Any) -> tuple[str, str]:
    if not isinstance(given, dict):
        raise Refused(400, "An answer to choose is a value and a label.")
    value, label = given.get("value"), given.get("label")
    if not all(isinstance(part, str) and 0 < len(part) <= MOST_LABEL for part in (value, label)):
        raise Refused(400, f"An answer to choose is a value and a label of at most {MOST_LABEL} characters.")
    return str(value), str(label)


def _text(given: Any, what: str) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= MOST_TEXT:
        raise Refused(400, f"{what} is a text of at most {MOST_TEXT} characters.")
    return given


def _truth(question: Question, truth: Any) -> Any:
    if question.kind == "choice":
        return question.accepted(truth)
    if question.kind == "number":
        if not _is_number(truth):
            raise Refused(400, "The true answer is a number.")
        return float(truth)
    is_whole = isinstance(truth, list) and len(truth) == len(question.letters)
    if not is_whole or not all(_is_number(p) and 0 <= p <= 1 for p in truth):
        raise Refused(400, f"The true answer is {len(question.letters)} numbers from 0 to 1.")
    return [float(p) for p in truth]


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and abs(x) <= sys.float_info.max


def _plain(guess: Guess | None) -> Any:
    return [height / STEPS for height in guess] if isinstance(guess, bytes) else guess
