"""The guard tells, logs and goes on; the wiring ties, gives the model the last word, and lets go."""

import gc
import logging
import re
import weakref

import pytest
from traitlets import HasTraits, Int, TraitError, Unicode, validate

from epool_viz.errors import ArgumentError
from epool_viz.panels.shared.handlers import TOO_LARGE, Guard, Wiring


class Bounded(HasTraits):
    value = Int(3)
    text = Unicode()

    @validate("value")
    def _at_most_ten(self, proposal):
        return min(proposal.value, 10)


class Slider(HasTraits):
    value = Int(0)
    max = Int(0)


class Button:
    def __init__(self):
        self.handlers = []

    def on_click(self, handler, remove=False):
        self.handlers.remove(handler) if remove else self.handlers.append(handler)

    def press(self):
        for handler in list(self.handlers):
            handler(self)


@pytest.fixture
def said():
    return []


@pytest.fixture
def wiring(said):
    return Wiring(Guard(said.append))


def broken(*_):
    raise ZeroDivisionError("a defect")


def test_guard_tells_a_defect_by_an_id_that_the_log_has_too(said, swallowed_exceptions):
    Guard(said.append)(broken)()
    (sentence,) = said
    (record,) = swallowed_exceptions
    reference = re.search(r"\(error ([0-9a-f]{8})\)", sentence)[1]
    assert reference in record.getMessage()
    assert record.exc_info[0] is ZeroDivisionError
    assert record.levelno == logging.ERROR
    assert "ZeroDivisionError" not in sentence
    assert sentence.startswith("Something went wrong here, and it is not your doing")
    swallowed_exceptions.clear()


def test_guard_tells_a_mistake_as_it_is_and_logs_nothing(said, swallowed_exceptions):
    def mistaken():
        raise ArgumentError("kernel", "empty", "a matrix")

    Guard(said.append)(mistaken)()
    assert said == ["`kernel` is empty; accepted: a matrix"]
    assert swallowed_exceptions == []


def test_guard_takes_the_message_away_when_the_next_gesture_goes_well(said, swallowed_exceptions):
    guard = Guard(said.append)
    guard(broken)()
    guard(len)("fine")
    assert len(said) == 2
    assert said[-1] == ""
    swallowed_exceptions.clear()


def test_guard_keeps_the_message_of_a_handler_that_another_one_set_off(said, swallowed_exceptions):
    guard = Guard(said.append)
    inner = guard(broken)
    guard(inner)()
    assert [bool(sentence) for sentence in said] == [True]
    swallowed_exceptions.clear()


def test_guard_keeps_names_for_the_log():
    assert Guard(print)(broken).__name__ == "broken"


def test_wiring_both_starts_with_the_models_value_and_keeps_them_together(wiring):
    model, slider = Bounded(), Slider(value=7)
    wiring.both((model, "value"), (slider, "value"))
    assert slider.value == 3
    slider.value = 5
    assert model.value == 5
    model.value = 8
    assert slider.value == 8


def test_wiring_both_gives_the_model_the_last_word(wiring, said):
    model, slider = Bounded(), Slider()
    wiring.both((model, "value"), (slider, "value"))
    slider.value = 99
    assert (model.value, slider.value) == (10, 10)
    # again from the bound: the model does not change, the widget must still come back
    slider.value = 77
    assert (model.value, slider.value) == (10, 10)
    assert set(said) == {""}


def test_wiring_both_translates_both_ways(wiring):
    model, slider = Bounded(), Slider()
    wiring.both((model, "value"), (slider, "value"), lambda v: v + 1, lambda v: v - 1)
    assert slider.value == 4
    slider.value = 6
    assert (model.value, slider.value) == (5, 6)


def test_wiring_follow_is_one_way(wiring):
    model, slider = Bounded(), Slider()
    wiring.follow((model, "text"), (slider, "max"), len)
    model.text = "four"
    assert slider.max == 4
    slider.max = 1
    assert model.text == "four"


def test_wiring_on_several_traits_and_click_are_guarded(wiring, said, swallowed_exceptions):
    model, button = Bounded(), Button()
    wiring.on(model, ("value", "text"), broken)
    wiring.click(button, broken)
    model.value = 4
    model.text = "x"
    button.press()
    assert len([sentence for sentence in said if sentence]) == 3
    swallowed_exceptions.clear()


def test_wiring_guards_a_tie_that_cannot_be_kept(wiring, said, swallowed_exceptions):
    model, slider = Bounded(), Slider()
    wiring.both((model, "text"), (slider, "value"), len, lambda number: number)
    slider.value = 3
    assert "error" in said[-1]
    assert swallowed_exceptions[0].exc_info[0] is TraitError
    swallowed_exceptions.clear()


def test_wiring_close_undoes_every_tie(wiring, said):
    model, slider, button = Bounded(), Slider(), Button()
    wiring.both((model, "value"), (slider, "value"))
    wiring.follow((model, "text"), (slider, "max"), len)
    wiring.on(model, ("value", "text"), broken)
    wiring.click(button, broken)
    assert len(wiring) == 5
    wiring.close()
    model.value, model.text, slider.value = 4, "four", 9
    assert (slider.value, slider.max, model.value, button.handlers) == (9, 0, 4, [])
    assert said == []
    assert len(wiring) == 0


def test_wiring_close_lets_the_widget_go(wiring):
    model, slider = Bounded(), Slider()
    wiring.both((model, "value"), (slider, "value"))
    gone = weakref.ref(slider)
    wiring.close()
    del slider
    gc.collect()
    assert gone() is None


def test_a_handler_without_memory_is_told_what_may_fit(swallowed_exceptions):
    said = []

    def hungry():
        raise MemoryError("Unable to allocate 745. GiB")

    Guard(said.append)(hungry)()
    assert said == [TOO_LARGE]
    assert "745" not in said[0]
    assert not swallowed_exceptions
