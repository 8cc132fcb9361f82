"""``default-scheduler``: every filter must agree, the highest weighted score wins, ties are broken by a hash.

Pure: the same pod and the same state give the same answer. The tie-break depends on the pod, so that pods without any
preference do not all land on the first node.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from sampan.core.contracts.scheduler import (
    ClusterState,
    NodeState,
    Placed,
    Refusal,
    SchedulerPlugin,
    Unschedulable,
    Wait,
)
from sampan.core.model.core_v1.pod import Pod

DEFAULT_SCHEDULER = "default-scheduler"
NO_VICTIMS = "No preemption victims found for incoming pod."
NOT_HELPFUL = "Preemption is not helpful for scheduling."


class DefaultScheduler:
    """See `sampan.core.contracts.scheduler.Scheduler`."""

    name = DEFAULT_SCHEDULER

    def __init__(self, plugins: Sequence[SchedulerPlugin]) -> None:
        self._plugins = sorted(plugins, key=lambda plugin: plugin.name)
        self._filters = sorted(plugins, key=filter_order)

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait:
        feasible, refusals = self._feasible(pod, state)
        for node in self._ranked(pod, feasible, state):
            if refusal := self._reserve(pod, node):
                refusals.append(refusal)
                continue
            seconds = max((plugin.permit(pod, node) for plugin in self._plugins), default=0.0)
            if seconds > 0:
                return Wait(seconds=seconds, message=f"waiting {seconds:g} s before binding to {node.name}")
            return Placed(node=node.name)
        return unschedulable(len(state.nodes), refusals)

    def _feasible(self, pod: Pod, state: ClusterState) -> tuple[list[NodeState], list[Refusal]]:
        feasible: list[NodeState] = []
        refusals: list[Refusal] = []
        for node in state.nodes:
            if refusal := self._refusal(pod, node, state):
                refusals.append(refusal)
            else:
                feasible.append(node)
        for plugin in self._filters if feasible else ():
            if refused := plugin.filter_all(pod, tuple(feasible), state):
                refusals += [refused[node.name] for node in feasible if node.name in refused]
                feasible = [node for node in feasible if node.name not in refused]
        return feasible, refusals

    def _refusal(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        """The first filter's that refuses: Kubernetes' framework stops there too."""
        refusals = (plugin.filter(pod, node, state) for plugin in self._filters)
        return next((refusal for refusal in refusals if refusal), None)

    def _ranked(self, pod: Pod, feasible: Sequence[NodeState], state: ClusterState) -> list[NodeState]:
        """The best first."""
        if len(feasible) < 2:
            return list(feasible)
        totals = [0.0] * len(feasible)
        for plugin in self._plugins:
            if plugin.weight:
                points = plugin.normalize(pod, plugin.score_all(pod, feasible, state))
                totals = [total + plugin.weight * more for total, more in zip(totals, points, strict=True)]
        ranked = sorted(zip(totals, feasible, strict=True), key=lambda each: (-each[0], _lot(pod, each[1])))
        return [node for _, node in ranked]

    def _reserve(self, pod: Pod, node: NodeState) -> Refusal | None:
        reasons = (plugin.reserve(pod, node) for plugin in self._plugins)
        return next((Refusal(reason) for reason in reasons if reason), None)


def _lot(pod: Pod, node: NodeState) -> bytes:
    """Breaks ties, for each pod in another way."""
    return hashlib.blake2b(f"{pod.metadata.uid}/{node.name}".encode(), digest_size=8).digest()


def filter_order(plugin: SchedulerPlugin) -> tuple[int, str]:
    """Kubernetes asks its filters in this order, so that the first refusal is the one it would name."""
    try:
        return (KUBERNETES_ORDER.index(plugin.name), plugin.name)
    except ValueError:
        return (len(KUBERNETES_ORDER), plugin.name)


KUBERNETES_ORDER = (
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "PodTopologySpread",
    "InterPodAffinity",
)


def unschedulable(nodes: int, refusals: Sequence[Refusal]) -> Unschedulable:
    """The verdict in Kubernetes' words: each reason with the number of nodes that gave it, then what preemption can do."""
    if not nodes:
        return Unschedulable(
            reasons={}, message="no nodes available to schedule pods. preemption: 0/0 nodes are available: ."
        )
    reasons = Counter(reason for refusal in refusals for reason in refusal.reasons)
    preemption = Counter(NO_VICTIMS if refusal.preemption_helps else NOT_HELPFUL for refusal in refusals)
    message = (
        f"0/{nodes} nodes are available: {_counted(reasons)}. no new claims to deallocate, "
        f"preemption: 0/{nodes} nodes are available: {_counted(preemption)}"
    )
    return Unschedulable(reasons=dict(reasons), message=message)


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
