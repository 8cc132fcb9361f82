"""Pods that found no place: what brings them back, and what that costs."""

from __future__ import annotations

from sampan.core.contracts.controller import Key
from sampan.core.contracts.scheduler import Change
from sampan.core.scheduling.waiting import FIRST_BACK_OFF, Waiting

A, B = Key("default", "a"), Key("default", "b")


def test_those_come_back_that_a_change_may_help() -> None:
    waiting = Waiting()
    waiting.refused(A, Change.NODE_TAINTS | Change.NODE_ADDED, 0.0)
    waiting.refused(B, Change.POD_LEFT, 0.0)
    assert waiting.helped(Change.STORAGE) == []
    assert waiting.helped(Change.NODE_ADDED) == [A]
    assert waiting.helped(Change.POD_LEFT | Change.NODE_TAINTS) == [B]


def test_one_that_is_to_be_tried_again_is_not_told_of_every_further_change() -> None:
    """Thousands of nodes that come do not each visit thousands of pods."""
    waiting = Waiting()
    waiting.refused(A, Change.NODE_ADDED, 0.0)
    assert waiting.helped(Change.NODE_ADDED) == [A]
    assert waiting.helped(Change.NODE_ADDED) == []
    waiting.refused(A, Change.NODE_ADDED, 1.0)
    assert waiting.helped(Change.NODE_ADDED) == [A]


def test_the_back_off_grows_whatever_has_helped() -> None:
    waiting = Waiting()
    for attempt in range(3):
        waiting.refused(A, Change.NODE_ADDED, 0.0)
        assert waiting.seconds_to_wait(A, 0.0) == FIRST_BACK_OFF * 2**attempt
        waiting.helped(Change.NODE_ADDED)
    waiting.forget(A)
    assert waiting.seconds_to_wait(A, 0.0) == 0
    waiting.refused(A, Change.NODE_ADDED, 0.0)
    assert waiting.seconds_to_wait(A, 0.0) == FIRST_BACK_OFF


def test_a_change_in_the_midst_of_a_decision_is_not_missed() -> None:
    """Decisions that plugins have a say in are made in a thread, and the snapshot stands still meanwhile."""
    waiting = Waiting()
    waiting.helped(Change.NODE_ADDED)
    waiting.begin()
    assert waiting.refused(A, Change.NODE_ADDED, 0.0)  # that node had been there
    waiting.begin()
    waiting.helped(Change.POD_LEFT)
    assert waiting.refused(B, Change.NODE_ADDED, 0.0)
    assert not waiting.refused(B, Change.POD_LEFT, 0.0)
