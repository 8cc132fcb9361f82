"""How fast a target may grow and shrink."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HPAScalingPolicy, HPAScalingRules
from sampan.plugins.controllers.autoscaling.behavior import (
    Advice,
    Change,
    History,
    Wish,
    bound,
    bound_by,
    stabilize,
    stabilize_by,
)
from tests.plugins.controllers.autoscaling.cases import NOW


def policies(*given: tuple[str, int, int], select: str = "Max", window: int = 0) -> HPAScalingRules:
    made = tuple(HPAScalingPolicy(type=type, value=value, period_seconds=period) for type, value, period in given)
    return HPAScalingRules(stabilization_window_seconds=window, select_policy=select, policies=made)


def past(*changes: tuple[int, int], advice: tuple[tuple[int, int], ...] = ()) -> History:
    """Changes and advice, each with how many seconds ago."""
    return History(
        changes=tuple(Change(by, NOW - timedelta(seconds=ago)) for by, ago in changes),
        advice=tuple(Advice(replicas, NOW - timedelta(seconds=ago)) for replicas, ago in advice),
    )


def wish(current: int, wanted: int, least: int = 1, most: int = 1000) -> Wish:
    return Wish(current=current, wanted=wanted, least=least, most=most)


ANY = policies(("Percent", 100, 15))
STILL = policies(select="Disabled")


@pytest.mark.parametrize(
    ("asked", "replicas", "reason"),
    [
        (wish(3, 5), 5, "DesiredWithinRange"),
        (wish(1, 9), 4, "ScaleUpLimit"),
        (wish(10, 90), 20, "ScaleUpLimit"),
        (wish(10, 90, most=12), 12, "TooManyReplicas"),
        (wish(10, 1, least=3), 3, "TooFewReplicas"),
    ],
)
def test_without_rules_it_doubles_at_most(asked: Wish, replicas: int, reason: str) -> None:
    bounded = bound(asked)
    assert (bounded.replicas, bounded.reason) == (replicas, reason)


@pytest.mark.parametrize(
    ("asked", "rules", "history", "replicas", "reason"),
    [
        (wish(10, 90), policies(("Pods", 4, 60)), past(), 14, "ScaleUpLimit"),
        (wish(14, 90), policies(("Pods", 4, 60)), past((4, 30)), 14, "ScaleUpLimit"),
        (wish(14, 90), policies(("Pods", 4, 60)), past((4, 61)), 18, "ScaleUpLimit"),
        (wish(12, 90), policies(("Pods", 4, 60)), past((4, 30), (-2, 10)), 14, "ScaleUpLimit"),
        (wish(10, 90), policies(("Pods", 4, 60), ("Percent", 100, 60)), past(), 20, "ScaleUpLimit"),
        (wish(10, 90), policies(("Pods", 4, 60), ("Percent", 100, 60), select="Min"), past(), 14, "ScaleUpLimit"),
        (wish(1, 90), policies(("Percent", 1, 60)), past(), 2, "ScaleUpLimit"),
        (wish(10, 90, most=12), policies(("Pods", 4, 60)), past(), 12, "TooManyReplicas"),
        (wish(10, 12), policies(("Pods", 4, 60)), past(), 12, "DesiredWithinRange"),
        (wish(10, 12), STILL, past(), 10, "ScaleUpLimit"),
    ],
)
def test_policies_up(asked: Wish, rules: HPAScalingRules, history: History, replicas: int, reason: str) -> None:
    bounded = bound_by(asked, history, rules, ANY, NOW)
    assert (bounded.replicas, bounded.reason) == (replicas, reason)


@pytest.mark.parametrize(
    ("asked", "rules", "history", "replicas", "reason"),
    [
        (wish(10, 1), policies(("Pods", 4, 60)), past(), 6, "ScaleDownLimit"),
        (wish(6, 1), policies(("Pods", 4, 60)), past((-4, 30)), 6, "ScaleDownLimit"),
        (wish(100, 1), policies(("Percent", 10, 60)), past(), 90, "ScaleDownLimit"),
        (wish(100, 1), policies(("Percent", 10, 60), ("Pods", 5, 60), select="Min"), past(), 95, "ScaleDownLimit"),
        (wish(9, 1), policies(("Percent", 50, 60)), past(), 4, "ScaleDownLimit"),
        (wish(10, 1, least=8), policies(("Pods", 4, 60)), past(), 8, "TooFewReplicas"),
        (wish(10, 1), STILL, past(), 10, "ScaleDownLimit"),
        (wish(10, 10), STILL, past(), 10, "DesiredWithinRange"),
    ],
)
def test_policies_down(asked: Wish, rules: HPAScalingRules, history: History, replicas: int, reason: str) -> None:
    bounded = bound_by(asked, history, ANY, rules, NOW)
    assert (bounded.replicas, bounded.reason) == (replicas, reason)


@pytest.mark.parametrize(
    ("asked", "advice", "windows", "replicas", "reason"),
    [
        (wish(10, 5), ((8, 100),), (0, 300), 8, "ScaleDownStabilized"),
        (wish(10, 5), ((20, 100),), (0, 300), 10, "ScaleDownStabilized"),
        (wish(10, 5), ((8, 400),), (0, 300), 5, "ReadyForNewScale"),
        (wish(10, 20), ((12, 100),), (300, 0), 12, "ScaleUpStabilized"),
        (wish(10, 20), ((3, 100),), (300, 0), 10, "ScaleUpStabilized"),
        (wish(10, 20), ((12, 100),), (0, 300), 20, "ReadyForNewScale"),
        (wish(10, 10), ((12, 100), (8, 90)), (300, 300), 10, "ReadyForNewScale"),
    ],
)
def test_windows(asked: Wish, advice: Any, windows: tuple[int, int], replicas: int, reason: str) -> None:
    up, down = (policies(window=window) for window in windows)
    steady = stabilize_by(asked, past(advice=advice), up, down, NOW)
    assert (steady.replicas, steady.reason) == (replicas, reason)


def test_without_rules_the_highest_advice_of_five_minutes_holds() -> None:
    advice = ((8, 299), (20, 301))
    assert stabilize(wish(10, 5), past(advice=advice), 300, NOW).replicas == 8
    assert stabilize(wish(10, 9), past(advice=advice), 300, NOW).reason == "ReadyForNewScale"


NUMBER = st.integers(0, 60)
RULES = st.builds(
    policies,
    st.tuples(st.sampled_from(("Pods", "Percent")), st.integers(1, 100), st.sampled_from((15, 60, 300))),
    st.tuples(st.sampled_from(("Pods", "Percent")), st.integers(1, 100), st.sampled_from((15, 60, 300))),
    select=st.sampled_from(("Max", "Min", "Disabled")),
    window=st.sampled_from((0, 60, 300)),
)
HISTORY = st.builds(
    lambda changes, advice: past(*changes, advice=tuple(advice)),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 400)), max_size=6),
    st.lists(st.tuples(NUMBER, st.integers(0, 400)), max_size=6),
)


@given(current=st.integers(1, 50), wanted=NUMBER, up=RULES, down=RULES, history=HISTORY)
def test_it_never_turns_nor_leaves_its_bounds(
    current: int, wanted: int, up: HPAScalingRules, down: HPAScalingRules, history: History
) -> None:
    """Whatever has been: the outcome lies between the present number and the wish, and within the bounds."""
    asked = Wish(current=current, wanted=wanted, least=1, most=50)
    steady = stabilize_by(asked, history, up, down, NOW).replicas
    assert min(current, wanted) <= steady <= max(current, wanted)
    bounded = bound_by(wish(current, steady, 1, 50), history, up, down, NOW).replicas
    assert min(current, max(steady, 1)) <= bounded <= max(current, min(steady, 50))
    if up.select_policy == "Disabled":
        assert bounded <= current
    if down.select_policy == "Disabled":
        assert bounded >= current
