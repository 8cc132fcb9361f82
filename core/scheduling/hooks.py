"""Scheduling with what plugins bring: their schedulers and concerns, and the hooks as one more concern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, Scheduler
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin, SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.parts import Part
from sampan.core.plugins import Plugins
from sampan.core.plugins.part_calls import calls_of
from sampan.core.reconcile.clock import Clock
from sampan.core.scheduling.controller import SchedulingController
from sampan.core.scheduling.guarded import SLOW, GuardedConcern, GuardedScheduler

FILTER, SCORE = "sampan_filter_nodes", "sampan_score_nodes"


def scheduling_controller(plugins: Plugins, clock: Clock) -> SchedulingController:
    """The one controller that runs every registered scheduler."""
    registry = plugins.registry
    concerns = [_concern(plugins, part) for part in registry.scheduler_plugins]
    has_hooks = plugins.has(FILTER) or plugins.has(SCORE)
    if has_hooks:
        concerns.append(Hooked(plugins))
    schedulers = {part.name: _scheduler(plugins, part, concerns) for part in registry.schedulers}
    parts: list[Part[Any]] = [*registry.scheduler_plugins, *registry.schedulers]
    may_block = has_hooks or not all(plugins.is_own(part.plugin) for part in parts)
    return SchedulingController(schedulers, in_thread=may_block, monotonic=clock.monotonic)


def _concern(plugins: Plugins, part: Part[SchedulerPlugin]) -> SchedulerPlugin:
    made = part.make()
    if plugins.is_own(part.plugin):
        return made
    return GuardedConcern(made, calls_of(plugins, part, f"the scheduler plugin {part.name}", SLOW))


def _scheduler(plugins: Plugins, part: Part[Scheduler], concerns: list[SchedulerPlugin]) -> Scheduler:
    made = part.make(concerns)
    if plugins.is_own(part.plugin):
        return made
    return GuardedScheduler(made, part.plugin, calls_of(plugins, part, f"the scheduler {part.name}", SLOW))


class Hooked(SchedulerPluginBase):
    """Asks `sampan_filter_nodes` and `sampan_score_nodes`, about all feasible nodes at once. Blocks."""

    name = "Hooks"
    weight = 1

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def filter_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        refused: dict[str, Refusal] = {}
        for answer in self._plugins.ask(FILTER, pod=pod, nodes=_shown(nodes)):
            who = f"the plugin {answer.plugin}" if answer.plugin else "a plugin"
            for node in nodes:
                if node.name not in answer.value:
                    refused.setdefault(node.name, Refusal(f"node(s) were refused by {who}"))
        return refused

    def score_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Sequence[float]:
        answers = self._plugins.ask(SCORE, pod=pod, nodes=_shown(nodes))
        return [sum(answer.value.get(node.name, 0.0) for answer in answers) for node in nodes]


def _shown(nodes: Sequence[NodeState]) -> tuple[NodeState, ...]:
    """Without the notes that the scheduler's own plugins keep in them."""
    return tuple(attrs.evolve(node, memo={}) for node in nodes)
