"""Rules that are asked once for equal values, while they find nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.cleared import LARGEST, MOST, Cleared


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
