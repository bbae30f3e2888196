"""The laws of a class: each phone counts once, only the lecturer asks and shows, and nothing grows without end."""

from __future__ import annotations

import math
from typing import Any

import pytest

from epool_viz.app.server import classroom
from epool_viz.app.server.classroom import (
    BURST,
    CODE_LENGTH,
    CODE_LETTERS,
    EVERY,
    LASTS,
    MOST_CLASSES,
    MOST_LABEL,
    MOST_OPTIONS,
    MOST_PHONES,
    MOST_TEXT,
    MOST_WINDOWS,
    Classroom,
    Classrooms,
    Ended,
    Refused,
    question_of,
)
from tests.app.server.clock import Clock

CHOICE = {
    "text": "Where does ePool go?",
    "kind": "choice",
    "options": [{"value": "up", "label": "It rises."}, {"value": "down", "label": "It falls."}],
}
NUMBER = {"text": "How many windows count?", "kind": "number"}
DRAWING = {"text": "Draw the posterior.", "kind": "draw", "letters": "GCA"}


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def classes(clock: Clock) -> Classrooms:
    return Classrooms(clock)


@pytest.fixture
def room(classes: Classrooms) -> Classroom:
    return classes.open()


def nothing() -> None:
    """What closes a connection here."""


def phone(number: int) -> str:
    return f"{number:032x}"


def joined(room: Classroom, count: int) -> list[str]:
    names = [phone(i) for i in range(count)]
    for name in names:
        room.join(name, nothing)
    return names


def refused(status: int, said: str) -> Any:
    return pytest.raises(Refused, match=said, check=lambda error: error.status == status)


def test_every_guess_counts_once_and_a_changed_one_replaces_the_first(room: Classroom) -> None:
    names = joined(room, 5)
    room.ask(CHOICE)
    for name in names:
        room.take(name, 1, "up")
    for name in names[:2]:
        room.take(name, 1, "down")
    assert room.room() == {"answered": 5, "counts": {"up": 3, "down": 2}}
    assert room.watched() == {"turn": 1, "joined": 5, "answered": 5}


def test_a_phone_sees_its_own_guess_and_the_rooms_only_once_it_is_shown(room: Classroom) -> None:
    mine, other = joined(room, 2)
    room.ask(CHOICE)
    room.take(mine, 1, "up")
    room.take(other, 1, "down")
    before = room.view(mine)
    assert (before["guess"], before["shown"]) == ("up", None)
    room.show(1, "up", "Its slope is a variance.")
    after = room.view(mine)
    assert after["guess"] == "up"
    assert after["shown"]["truth"] == "up"
    assert after["shown"]["room"] == {"answered": 2, "counts": {"up": 1, "down": 1}}
    with refused(409, "shown already"):
        room.take(mine, 1, "down")


def test_no_answer_is_in_what_a_phone_gets_before_the_lecturer_shows_it(room: Classroom) -> None:
    (name,) = joined(room, 1)
    room.ask(CHOICE | {"truth": "up", "explanation": "SECRET", "answer": {"compare": []}})
    assert set(room.view(name)["question"]) == {"text", "kind", "options", "letters"}
    assert "SECRET" not in str(room.view(name))


def test_numbers_come_back_in_order_and_drawings_as_the_mean_of_what_each_sums_to_one(room: Classroom) -> None:
    one, two = joined(room, 2)
    room.ask(NUMBER)
    room.take(one, 1, 7)
    room.take(two, 1, 2.5)
    assert room.room() == {"answered": 2, "numbers": [2.5, 7.0]}
    room.ask(DRAWING)
    assert room.room() == {"answered": 0, "mean": [0.0, 0.0, 0.0]}
    room.take(one, 2, [0.5, 0.0, 0.0])
    room.take(two, 2, [0.5, 0.25, 0.25])
    room.show(2, [1.0, 0.0, 0.0], "One window.")
    assert room.room()["mean"] == pytest.approx([0.75, 0.125, 0.125], abs=0.005)
    assert room.watched()["room"]["drawings"] == [[50, 0, 0], [50, 25, 25]]
    assert "drawings" not in room.view(one)["shown"]["room"]


@pytest.mark.parametrize(
    ("question", "guess", "said"),
    [
        (CHOICE, "sideways", "none of the answers"),
        (CHOICE, ["up"], "none of the answers"),
        (CHOICE, None, "none of the answers"),
        (NUMBER, 0, "above 0"),
        (NUMBER, -1.5, "above 0"),
        (NUMBER, True, "above 0"),
        (NUMBER, "7", "above 0"),
        (NUMBER, math.nan, "above 0"),
        (NUMBER, math.inf, "above 0"),
        (NUMBER, 10**400, "above 0"),
        (DRAWING, [1, 1], "3 numbers"),
        (DRAWING, [1, 1, 1, 1], "3 numbers"),
        (DRAWING, [0, 0.5, 1.01], "3 numbers"),
        (DRAWING, [0, 0.5, math.nan], "3 numbers"),
        (DRAWING, [0, 0.5, "x"], "3 numbers"),
        (DRAWING, [0, 0, 0.001], "Nothing is drawn"),
    ],
)
def test_only_what_the_question_accepts_is_taken(room: Classroom, question: Any, guess: Any, said: str) -> None:
    (name,) = joined(room, 1)
    room.ask(question)
    with refused(400, said):
        room.take(name, 1, guess)
    assert room.watched()["answered"] == 0


def test_a_guess_for_another_question_or_of_no_phone_here_is_refused(room: Classroom) -> None:
    (name,) = joined(room, 1)
    with refused(409, "is over"):
        room.take(name, 0, "up")
    room.ask(CHOICE)
    room.ask(CHOICE)
    with refused(409, "is over"):
        room.take(name, 1, "up")
    with refused(409, "has not joined"):
        room.take(phone(77), 2, "up")
    for odd in ("", "g" * 32, "a" * 33, phone(1).upper() + "A", None, 7, ["a"]):
        with refused(400, "32 hexadecimal"):
            room.take(odd, 2, "up")


def test_one_phone_cannot_flood_and_is_heard_again_after_a_moment(room: Classroom, clock: Clock) -> None:
    name, other = joined(room, 2)
    room.ask(CHOICE)
    for _ in range(BURST):
        room.take(name, 1, "up")
    with refused(429, "wait a moment"):
        room.take(name, 1, "down")
    room.take(other, 1, "down")
    clock.now += EVERY
    room.take(name, 1, "down")
    assert room.room()["counts"] == {"up": 0, "down": 2}


def test_only_the_secret_asks_shows_and_ends(classes: Classrooms) -> None:
    room, other = classes.open(), classes.open()
    assert room.secret != other.secret
    room.check(room.secret)
    for wrong in (None, "", other.secret, room.code, "ä", 7):
        with refused(403, "Only the page that opened"):
            room.check(wrong)


def test_a_phone_has_one_connection_and_a_newer_one_closes_the_older(room: Classroom) -> None:
    closed: list[str] = []

    def first() -> None:
        closed.append("first")

    def second() -> None:
        closed.append("second")

    room.join(phone(1), first)
    room.join(phone(1), second)
    assert closed == ["first"]
    room.leave(phone(1), first)
    assert room.watched()["joined"] == 1
    room.leave(phone(1), second)
    assert room.watched()["joined"] == 0


def test_a_guess_outlives_a_lost_connection_and_ends_with_its_question(room: Classroom) -> None:
    (name,) = joined(room, 1)
    room.ask(CHOICE)
    room.take(name, 1, "up")
    room.leave(name, nothing)
    room.join(name, nothing)
    assert room.view(name)["guess"] == "up"
    room.leave(name, nothing)
    assert room.watched() == {"turn": 1, "joined": 1, "answered": 1}
    room.ask(NUMBER)
    assert room.watched() == {"turn": 2, "joined": 0, "answered": 0}


def test_a_class_takes_so_many_phones_and_no_more(room: Classroom) -> None:
    names = joined(room, MOST_PHONES)
    with refused(503, "is full: 400 phones"):
        room.join(phone(MOST_PHONES), nothing)
    room.join(names[0], nothing)
    room.leave(names[1], nothing)
    room.join(phone(MOST_PHONES), nothing)
    assert len(room.phones) == MOST_PHONES


def test_there_are_so_many_classes_and_an_empty_one_makes_room(classes: Classrooms, clock: Clock) -> None:
    opened = []
    for _ in range(MOST_CLASSES):
        clock.now += 1
        opened.append(classes.open())
    for each in opened[:-1]:
        joined(each, 1)
    last = classes.open()
    assert opened[-1].is_over
    assert len(classes) == MOST_CLASSES
    joined(last, 1)
    with refused(503, "20 classes are open"):
        classes.open()


def test_a_class_ends_when_its_lecturer_is_away_too_long_and_not_before(classes: Classrooms, clock: Clock) -> None:
    room = classes.open()
    joined(room, 2)
    told: list[bool] = []
    room.listeners.add(lambda: told.append(room.is_over))
    clock.now += LASTS - 1
    classes.find(room.code).check(room.secret)
    clock.now += LASTS - 1
    classes.end_forgotten()
    assert not room.is_over
    clock.now += 2
    with pytest.raises(Ended, match="has ended, or the code is mistyped"):
        classes.find(room.code)
    assert (told, len(room.phones), len(classes)) == ([True], 0, 0)


def test_codes_are_short_differ_and_are_found_in_either_case(classes: Classrooms) -> None:
    codes = {classes.open().code for _ in range(MOST_CLASSES)}
    assert len(codes) == MOST_CLASSES
    assert all(len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS) for code in codes)
    assert not set(CODE_LETTERS) & set("AEIOUYSL0158")
    code = codes.pop()
    assert classes.find(code.lower()).code == code


def test_a_code_that_is_taken_is_not_given_again(classes: Classrooms, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = iter("BBBBB" + "BBBBB" + "BBBBC")
    monkeypatch.setattr(classroom.secrets, "choice", lambda _: next(letters))
    assert [classes.open().code, classes.open().code] == ["BBBBB", "BBBBC"]


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {},
        {"kind": "riddle", "text": "?"},
        {"kind": ["choice"], "text": "?"},
        NUMBER | {"text": ""},
        NUMBER | {"text": 7},
        NUMBER | {"text": "x" * (MOST_TEXT + 1)},
        CHOICE | {"options": []},
        CHOICE | {"options": [{"value": "a", "label": "A"}] * (MOST_OPTIONS + 1)},
        CHOICE | {"options": ["a", "b"]},
        CHOICE | {"options": [{"value": "a", "label": "x" * (MOST_LABEL + 1)}] * 2},
        CHOICE | {"options": [{"value": 1, "label": "x"}] * 2},
        CHOICE | {"options": [{"value": "a", "label": "x"}] * 2},
        DRAWING | {"letters": ""},
        DRAWING | {"letters": "A" * (MOST_WINDOWS + 1)},
        DRAWING | {"letters": ["A"]},
    ],
)
def test_a_question_is_checked_and_refused_in_a_sentence(asked: Any) -> None:
    with pytest.raises(Refused, match=r"^(A|An) .+\.$", check=lambda error: error.status == 400):
        question_of(asked)


@pytest.mark.parametrize(
    ("question", "truth"),
    [
        (CHOICE, "sideways"),
        (NUMBER, "7"),
        (NUMBER, math.inf),
        (NUMBER, 10**400),
        (DRAWING, [1.0]),
        (DRAWING, [0.5, 0.5, 2.0]),
    ],
)
def test_a_truth_is_of_the_questions_kind(room: Classroom, question: Any, truth: Any) -> None:
    room.ask(question)
    with pytest.raises(Refused):
        room.show(1, truth, "Because.")
    with refused(400, "An explanation is a text"):
        room.show(1, {"choice": "up", "number": 7, "draw": [1, 0, 0]}[question["kind"]], "x" * (MOST_TEXT + 1))
    with refused(409, "Another question"):
        room.show(2, "up", "Because.")
    assert room.shown is None


def test_the_largest_class_with_the_largest_drawings_is_small(room: Classroom) -> None:
    names = joined(room, MOST_PHONES)
    room.ask(DRAWING | {"letters": "A" * MOST_WINDOWS})
    for name in names:
        room.take(name, 1, [1.0] * MOST_WINDOWS)
    assert sum(len(each.guess) for each in room.phones.values()) == MOST_PHONES * MOST_WINDOWS
