"""How fast a target may grow and shrink: stabilisation, policies and bounds. Pure.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#configurable-scaling-behavior
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from sampan.core.classes import frozen
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import (
    HorizontalPodAutoscalerBehavior,
    HPAScalingPolicy,
    HPAScalingRules,
)
from sampan.core.model.meta import evolve

FACTOR, LEAST = 2, 4
"""Without a behavior, a target at most doubles at a look, or grows to 4."""
REMEMBERED = timedelta(seconds=3600)
"""The longest window and period that rules may name."""
_UP = HPAScalingRules(
    stabilization_window_seconds=0,
    select_policy="Max",
    policies=(
        HPAScalingPolicy(type="Pods", value=4, period_seconds=15),
        HPAScalingPolicy(type="Percent", value=100, period_seconds=15),
    ),
)
_DOWN = HPAScalingRules(select_policy="Max", policies=(HPAScalingPolicy(type="Percent", value=100, period_seconds=15),))


@frozen
class Advice:
    """What the metrics asked for at a moment, before anything held it back."""

    replicas: int
    at: datetime


@frozen
class Change:
    """By how many pods a target was scaled at a moment; below zero: down."""

    by: int
    at: datetime


@frozen(kw_only=True)
class History:
    """What counts of the past. It is lost with the process, as Kubernetes' is."""

    advice: tuple[Advice, ...] = ()
    changes: tuple[Change, ...] = ()

    def advised(self, replicas: int, now: datetime) -> History:
        kept = tuple(each for each in self.advice if now - each.at <= REMEMBERED)
        return attrs.evolve(self, advice=(*kept, Advice(replicas, now)))

    def changed(self, by: int, now: datetime) -> History:
        kept = tuple(each for each in self.changes if now - each.at <= REMEMBERED)
        return attrs.evolve(self, changes=(*kept, Change(by, now)))


@frozen
class Bounded:
    """A number of pods, and what has held it there."""

    replicas: int
    reason: str
    message: str


@frozen(kw_only=True)
class Wish:
    """From how many pods to how many, within which bounds."""

    current: int
    wanted: int
    least: int
    most: int


WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
TOO_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
STABILIZED_DOWN = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
STABILIZED_UP = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
READY = ("ReadyForNewScale", "recommended size matches current size")


def rules_of(behavior: HorizontalPodAutoscalerBehavior, window: float) -> tuple[HPAScalingRules, HPAScalingRules]:
    """The rules up and down, with the cluster's window where none is given."""
    up, down = behavior.scale_up or _UP, behavior.scale_down or _DOWN
    if down.stabilization_window_seconds is None:
        down = evolve(down, stabilization_window_seconds=int(window))
    return up, down


def stabilize(wish: Wish, history: History, window: float, now: datetime) -> Bounded:
    """Without a behavior: the highest advice of the last ``window`` seconds."""
    recent = _since(history.advice, window, now)
    highest = max((wish.wanted, *(each.replicas for each in recent)))
    return Bounded(highest, *(READY if highest == wish.wanted else STABILIZED_DOWN))


def stabilize_by(wish: Wish, history: History, up: HPAScalingRules, down: HPAScalingRules, now: datetime) -> Bounded:
    """As near to the present number as the advice within the windows of both directions allows."""
    lowest = min((wish.wanted, *_replicas_since(history, up.stabilization_window_seconds or 0, now)))
    highest = max((wish.wanted, *_replicas_since(history, down.stabilization_window_seconds or 0, now)))
    steady = min(max(wish.current, lowest), highest)
    if steady == wish.wanted:
        return Bounded(steady, *READY)
    return Bounded(steady, *(STABILIZED_UP if wish.wanted >= wish.current else STABILIZED_DOWN))


def bound(wish: Wish) -> Bounded:
    """Without a behavior: the bounds, and no more than a doubling at once."""
    fastest = max(FACTOR * wish.current, LEAST)
    if wish.wanted < wish.least:
        return Bounded(wish.least, *TOO_FEW)
    if wish.wanted > (limit := min(wish.most, fastest)):
        return Bounded(limit, *(TOO_FAST_UP if wish.most > fastest else TOO_MANY))
    return Bounded(wish.wanted, *WITHIN)


def bound_by(wish: Wish, history: History, up: HPAScalingRules, down: HPAScalingRules, now: datetime) -> Bounded:
    """The bounds, and what the policies allow."""
    if wish.wanted > wish.current:
        fastest = max(_limit_up(wish.current, history, up, now), wish.current)
        if wish.wanted > (limit := min(wish.most, fastest)):
            return Bounded(limit, *(TOO_FAST_UP if wish.most > fastest else TOO_MANY))
    elif wish.wanted < wish.current:
        fastest = min(_limit_down(wish.current, history, down, now), wish.current)
        if wish.wanted < (limit := max(wish.least, fastest)):
            return Bounded(limit, *(TOO_FAST_DOWN if wish.least < fastest else TOO_FEW))
    return Bounded(wish.wanted, *WITHIN)


def _limit_up(current: int, history: History, rules: HPAScalingRules, now: datetime) -> int:
    if rules.select_policy == "Disabled":
        return current
    allowed = []
    for policy in rules.policies:
        start = _at_start(current, history, policy.period_seconds, now)
        # Rounded up: a small share must not keep a small target from growing at all.
        share = math.ceil(start * (1 + policy.value / 100))
        allowed.append(start + policy.value if policy.type == "Pods" else share)
    return min(allowed) if rules.select_policy == "Min" else max(allowed)


def _limit_down(current: int, history: History, rules: HPAScalingRules, now: datetime) -> int:
    if rules.select_policy == "Disabled":
        return current
    allowed = []
    for policy in rules.policies:
        start = _at_start(current, history, policy.period_seconds, now)
        allowed.append(start - policy.value if policy.type == "Pods" else int(start * (1 - policy.value / 100)))
    return max(allowed) if rules.select_policy == "Min" else min(allowed)


def _at_start(current: int, history: History, period: int, now: datetime) -> int:
    """How many there were when the period began."""
    return current - sum(each.by for each in history.changes if each.at > now - timedelta(seconds=period))


def _replicas_since(history: History, window: float, now: datetime) -> Iterable[int]:
    return (each.replicas for each in history.advice if each.at > now - timedelta(seconds=window))


def _since(advice: Iterable[Advice], window: float, now: datetime) -> Iterable[Advice]:
    return (each for each in advice if each.at >= now - timedelta(seconds=window))
