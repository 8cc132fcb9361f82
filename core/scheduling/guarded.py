"""Schedulers and concerns of outside plugins: what they raise, answer wrongly or never answer stops no other pod, and names
its plugin.

A concern that fails, or is left out as it has not come back, has no opinion, as a hook that fails; a scheduler leaves its
pod without a node for now. They are asked in threads (`sampan.core.plugins.patience`), a concern once for all nodes.
"""

from __future__ import annotations

import math
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
from sampan.core.plugins.patience import NotBack

T = TypeVar("T")
SLOW = 0.1
"""Seconds that an answer should take: other pods wait for it."""
MOST_ACTIONS = 100


class GuardedConcern(SchedulerPluginBase):
    """See `sampan.core.contracts.scheduler_plugin.SchedulerPlugin`."""

    def __init__(self, plugin: SchedulerPlugin, calls: PartCalls) -> None:
        self.name = plugin.name
        self.weight = plugin.weight
        self.helped_by = plugin.helped_by
        self._plugin = plugin
        self._calls = calls
        self._has = frozenset(name for name in _METHODS if _is_own(plugin, name))

    def filter_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        """Both filters of the plugin's."""
        nobody: Mapping[str, Refusal] = {}
        return self._asked(("filter", "filter_all"), lambda: self._filtered(pod, nodes, state), nobody)

    def _filtered(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        refused: dict[str, Refusal] = {}
        for node in nodes if "filter" in self._has else ():
            try:
                refusal = _refusal(self._plugin.filter(pod, node, state))
            except Exception as exc:
                self._calls.failed(exc)
                continue
            if refusal is not None:
                refused[node.name] = refusal
        if "filter_all" in self._has:
            left = tuple(node for node in nodes if node.name not in refused)
            refused |= _refusals(self._plugin.filter_all(pod, left, state))
        return refused

    def score_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Sequence[float]:
        def scored() -> Sequence[float]:
            return _numbers(self._plugin.score_all(pod, nodes, state), len(nodes))

        return self._asked(("score", "score_all"), scored, [0.0] * len(nodes))

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        if "normalize" not in self._has:
            return scores

        def points() -> Sequence[float]:
            return _numbers(self._plugin.normalize(pod, scores), len(scores))

        return self._asked(("normalize",), points, [0.0] * len(scores))

    def reserve(self, pod: Pod, node: NodeState) -> str | None:
        return self._asked(("reserve",), lambda: _reason(self._plugin.reserve(pod, node)), None)

    def permit(self, pod: Pod, node: NodeState) -> float:
        return self._asked(("permit",), lambda: _number(self._plugin.permit(pod, node)), 0.0)

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Action]:
        none: list[Action] = []
        return self._asked(("before",), lambda: list(islice(self._plugin.before(pod, node, state), MOST_ACTIONS)), none)

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        return self._asked(("ready",), lambda: _readiness(self._plugin.ready(pod, node, state)), Ready.YES)

    def _asked(self, methods: Iterable[str], work: Callable[[], T], otherwise: T) -> T:
        """What ``work`` returns, where the plugin has written any of the ``methods``; else ``otherwise``."""
        if self._has.isdisjoint(methods):
            return otherwise
        try:
            return self._calls.ask(work)
        except Exception:
            return otherwise  # it is in the account


class GuardedScheduler:
    """See `sampan.core.contracts.scheduler.Scheduler`."""

    def __init__(self, scheduler: Scheduler, plugin: str, calls: PartCalls) -> None:
        self.name = scheduler.name
        self._scheduler = scheduler
        self._plugin = plugin
        self._calls = calls

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        try:
            return self._calls.ask(lambda: self._verdict(pod, state))
        except NotBack:
            how = "has not come back, and is left out until it does"
        except Exception as exc:
            how = f"failed: {type(exc).__name__}: {exc}"
        return Unschedulable(reasons={}, message=f"the scheduler {self.name} of the plugin {self._plugin} {how}")

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        scheduler = self._scheduler
        if not isinstance(scheduler, Holds):
            return Ready.YES
        try:
            return self._calls.ask(lambda: _readiness(scheduler.ready(pod, node, state)))
        except Exception:
            return Ready.NO_MORE  # it is decided anew

    def _verdict(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        verdict = self._scheduler.place(pod, state)
        if not isinstance(verdict, Placed | Unschedulable | Wait):
            raise TypeError(f"place must return Placed, Unschedulable or Wait, not a {type(verdict).__name__}")
        if isinstance(verdict, Placed) and state.find(verdict.node) is None:
            raise ValueError(f"it placed the pod on {str(verdict.node)[:80]!r}, which is no node")
        return verdict


_METHODS = ("filter", "filter_all", "score", "score_all", "normalize", "reserve", "permit", "before", "ready")


def _is_own(plugin: SchedulerPlugin, method: str) -> bool:
    """Whether the plugin has a method of its own: of the base class's, which say nothing, none is asked."""
    return getattr(getattr(plugin, method), "__func__", None) is not getattr(SchedulerPluginBase, method)


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
