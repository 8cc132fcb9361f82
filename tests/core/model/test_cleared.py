"""Rules that are asked once for equal values, while they find nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.cleared import LARGEST, MOST, Cleared, Recurring


class Rule:
    """Finds every value that is negative, and counts how often it has been asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *values: Any) -> list[Any]:
        self.asked += 1
        return [value["n"] for value in values if value["n"] < 0]


@pytest.fixture
def rule() -> Rule:
    return Rule()


def test_what_was_right_is_not_looked_at_again(rule: Rule) -> None:
    cleared = Cleared(rule)
    assert [cleared({"n": 1}) for _ in range(3)] == [[], [], []]
    assert rule.asked == 1


def test_what_was_wrong_is_told_each_time(rule: Rule) -> None:
    cleared = Cleared(rule)
    assert [cleared({"n": -1}) for _ in range(3)] == [[-1]] * 3
    assert rule.asked == 3


def test_every_value_counts(rule: Rule) -> None:
    cleared = Cleared(rule)
    cleared({"n": 1}, {"n": 2})
    assert cleared({"n": 1}, {"n": -2}) == [-2]
    assert cleared({"n": 1}) == []
    assert rule.asked == 3


@pytest.mark.parametrize("value", [{"n": 2**70}, {"n": 1, "x": object()}, {"n": 1, "text": "x" * LARGEST}])
def test_what_is_too_large_or_no_json_is_looked_at_each_time(rule: Rule, value: Any) -> None:
    cleared = Cleared(rule)
    assert cleared(value) == cleared(value) == []
    assert rule.asked == 2


def test_the_oldest_are_forgotten(rule: Rule) -> None:
    cleared = Cleared(rule)
    for number in range(MOST + 1):
        cleared({"n": number})
    cleared({"n": MOST})
    assert rule.asked == MOST + 1
    cleared({"n": 0})
    assert rule.asked == MOST + 2


class Maker:
    """Makes an object of its own each time."""

    def __call__(self) -> object:
        return object()


def test_what_was_made_twice_is_made_no_more() -> None:
    recurring = Recurring[object]()
    first, second, third, fourth = (recurring.made("m", {"n": 1}, Maker()) for _ in range(4))
    assert first is not second
    assert second is third is fourth


def test_what_one_maker_makes_is_not_what_another_makes() -> None:
    recurring = Recurring[object]()
    ones = [recurring.made("one", {"n": 1}, Maker()) for _ in range(3)]
    others = [recurring.made("other", {"n": 1}, Maker()) for _ in range(3)]
    assert not {*ones} & {*others}


def test_numbers_that_python_takes_for_equal_are_told_apart() -> None:
    recurring = Recurring[object]()
    made = {value: [recurring.made("m", {"n": value}, Maker()) for _ in range(3)][-1] for value in (1, 2.5)}
    assert recurring.made("m", {"n": 1.0}, Maker()) is not made[1]
    assert recurring.made("m", {"n": True}, Maker()) is not made[1]
    assert recurring.made("m", {"n": 1}, Maker()) is made[1]


@pytest.mark.parametrize("value", [{"n": 2**70}, {"text": "x" * LARGEST}])
def test_what_is_too_large_or_no_json_is_made_each_time(value: Any) -> None:
    recurring = Recurring[object]()
    assert len({recurring.made("m", value, Maker()) for _ in range(4)}) == 4


def test_what_comes_once_takes_the_place_of_nothing() -> None:
    recurring = Recurring[object]()
    kept = [recurring.made("m", {"n": "kept"}, Maker()) for _ in range(2)][-1]
    for number in range(2 * MOST):
        recurring.made("m", {"n": number}, Maker())
    assert recurring.made("m", {"n": "kept"}, Maker()) is kept
