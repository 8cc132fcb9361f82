"""Schedulers and concerns of outside plugins: what they raise or answer wrongly stops no other pod, and names its plugin.

A concern that fails has no opinion, as a hook that fails; a scheduler that fails leaves its pod without a node for now.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sampan.core.contracts.plan import Action
from sampan.core.contracts.scheduler import (
    ClusterState,
    Holds,
    NodeState,
    Placed,
    Ready,
    Refusal,
    Scheduler,
    Unschedulable,
    Wait,
)
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins.part_calls import PartCalls

T = TypeVar("T")
SLOW = 0.1
"""Seconds that a decision should take: other pods wait for it."""
MOST_ACTIONS = 100


class GuardedConcern(SchedulerPluginBase):
    """See `sampan.core.contracts.scheduler_plugin.SchedulerPlugin`. Its time is told once for all nodes of a decision."""

    def __init__(self, plugin: SchedulerPlugin, calls: PartCalls) -> None:
        self.name = plugin.name
        self.weight = plugin.weight
        self.helped_by = plugin.helped_by
        self._plugin = plugin
        self._calls = calls
        self._spent = 0.0

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        return self._asked(lambda: _refusal(self._plugin.filter(pod, node, state)), None)

    def filter_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        nobody: Mapping[str, Refusal] = {}
        refused = self._asked(lambda: _refusals(self._plugin.filter_all(pod, nodes, state)), nobody)
        self._calls.took(self._spent)
        self._spent = 0.0
        return refused

    def score_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Sequence[float]:
        none = [0.0] * len(nodes)
        return self._asked(lambda: _numbers(self._plugin.score_all(pod, nodes, state), len(nodes)), none)

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        none = [0.0] * len(scores)
        return self._asked(lambda: _numbers(self._plugin.normalize(pod, scores), len(scores)), none)

    def reserve(self, pod: Pod, node: NodeState) -> str | None:
        return self._asked(lambda: _reason(self._plugin.reserve(pod, node)), None)

    def permit(self, pod: Pod, node: NodeState) -> float:
        return self._asked(lambda: _number(self._plugin.permit(pod, node)), 0.0)

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Action]:
        none: list[Action] = []
        return self._asked(lambda: list(islice(self._plugin.before(pod, node, state), MOST_ACTIONS)), none)

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        return self._asked(lambda: _readiness(self._plugin.ready(pod, node, state)), Ready.YES)

    def _asked(self, work: Callable[[], T], otherwise: T) -> T:
        began = time.perf_counter()
        try:
            return work()
        except Exception as exc:
            self._calls.failed(exc)
            return otherwise
        finally:
            self._spent += time.perf_counter() - began


class GuardedScheduler:
    """See `sampan.core.contracts.scheduler.Scheduler`."""

    def __init__(self, scheduler: Scheduler, plugin: str, calls: PartCalls) -> None:
        self.name = scheduler.name
        self._scheduler = scheduler
        self._plugin = plugin
        self._calls = calls

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        try:
            return self._calls.run(lambda: self._verdict(pod, state))
        except Exception as exc:
            said = f"the scheduler {self.name} of the plugin {self._plugin} failed: {type(exc).__name__}: {exc}"
            return Unschedulable(reasons={}, message=said)

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        scheduler = self._scheduler
        if not isinstance(scheduler, Holds):
            return Ready.YES
        try:
            return self._calls.run(lambda: _readiness(scheduler.ready(pod, node, state)))
        except Exception:
            return Ready.NO_MORE  # it is decided anew

    def _verdict(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        verdict = self._scheduler.place(pod, state)
        if not isinstance(verdict, Placed | Unschedulable | Wait):
            raise TypeError(f"place must return Placed, Unschedulable or Wait, not a {type(verdict).__name__}")
        if isinstance(verdict, Placed) and state.find(verdict.node) is None:
            raise ValueError(f"it placed the pod on {str(verdict.node)[:80]!r}, which is no node")
        return verdict


def _refusal(answer: Any) -> Refusal | None:
    if not isinstance(answer, Refusal | None):
        raise TypeError(f"filter must return a Refusal or None, not a {type(answer).__name__}")
    return answer


def _reason(answer: Any) -> str | None:
    if not isinstance(answer, str | None):
        raise TypeError(f"reserve must return a reason or None, not a {type(answer).__name__}")
    return answer


def _readiness(answer: Any) -> Ready:
    if not isinstance(answer, Ready):
        raise TypeError(f"ready must return a Ready, not a {type(answer).__name__}")
    return answer


def _refusals(answer: Any) -> Mapping[str, Refusal]:
    if not isinstance(answer, Mapping) or not all(isinstance(each, Refusal) for each in answer.values()):
        raise TypeError(f"filter_all must return a dict of node name to Refusal, not a {type(answer).__name__}")
    return answer


def _numbers(answer: Any, count: int) -> Sequence[float]:
    if not isinstance(answer, list | tuple) or len(answer) != count:
        raise TypeError(f"it must return a list of {count} numbers")
    return [_number(each) for each in answer]


def _number(answer: Any) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not math.isfinite(answer):
        raise TypeError(f"it must return a number, not {str(answer)[:40]!r}")
    return float(answer)
