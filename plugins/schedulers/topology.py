"""Topology spread constraints: how uneven pods may be spread over zones, nodes or any other node label.

https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import attrs

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, SchedulerPluginBase
from sampan.core.model.core_v1.affinity import TopologySpreadConstraint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.selector import LabelSelector, LabelSelectorRequirement
from sampan.core.reconcile.labels import matches
from sampan.plugins.schedulers.affinity import matches_node
from sampan.plugins.schedulers.decision import OncePerDecision
from sampan.plugins.schedulers.normalize import FULL
from sampan.plugins.schedulers.taints import KEEPS_AWAY, intolerable

NO_LABEL = Refusal("node(s) didn't match pod topology spread constraints (missing required label)")
TOO_MANY = Refusal("node(s) didn't match pod topology spread constraints", preemption_helps=True)


@attrs.frozen
class _Spread:
    """One constraint, and how the pods that it counts are spread."""

    constraint: TopologySpreadConstraint
    counts: Counter[str]
    """By the topology key's value; eligible places without any such pod are there with 0."""
    is_counted: bool
    """Whether the pod to be placed counts itself."""

    @property
    def fewest(self) -> int:
        """0 as long as there are fewer places than there should be."""
        if len(self.counts) < (self.constraint.min_domains or 1):
            return 0
        return min(self.counts.values())

    def fits(self, place: str) -> bool:
        if not self.counts:
            return True
        return self.counts[place] + self.is_counted - self.fewest <= self.constraint.max_skew


class PodTopologySpread(SchedulerPluginBase):
    name = "PodTopologySpread"
    weight = 2

    def __init__(self) -> None:
        self._hard = OncePerDecision(lambda pod, state: _look_around(pod, state, "DoNotSchedule"))
        self._soft = OncePerDecision(lambda pod, state: _look_around(pod, state, "ScheduleAnyway"))

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        labels = node.node.metadata.labels
        for spread in self._hard(pod, state):
            place = labels.get(spread.constraint.topology_key)
            if place is None:
                return NO_LABEL
            if not spread.fits(place):
                return TOO_MANY
        return None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        """How crowded the node's places are; a key with many values weighs more."""
        return _crowd(node, self._soft(pod, state))

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        most, least = max(scores), min(scores)
        return [FULL * (most + least - score) / most if most else FULL for score in scores]


def _look_around(pod: Pod, state: ClusterState, when: str) -> list[_Spread]:
    constraints = [item for item in pod.spec.topology_spread_constraints if item.when_unsatisfiable == when]
    if not constraints:
        return []
    keys = {item.topology_key for item in constraints}
    nodes = [node for node in state.nodes if keys <= node.node.metadata.labels.keys()]
    return [_spread(pod, constraint, nodes) for constraint in constraints]


def _spread(pod: Pod, constraint: TopologySpreadConstraint, nodes: Sequence[NodeState]) -> _Spread:
    selector = _selector(constraint, pod)
    counts: Counter[str] = Counter()
    for node in nodes:
        if _is_eligible(pod, constraint, node):
            counts[node.node.metadata.labels[constraint.topology_key]] += sum(
                1
                for other in node.pods
                if other.metadata.namespace == pod.metadata.namespace
                and other.metadata.deletion_timestamp is None
                and matches(selector, other.metadata.labels)
            )
    return _Spread(constraint, counts, matches(selector, pod.metadata.labels))


def _is_eligible(pod: Pod, constraint: TopologySpreadConstraint, node: NodeState) -> bool:
    """Whether the node's place counts: by default only where the pod may go by its selector, whatever the taints."""
    if constraint.node_affinity_policy != "Ignore" and not matches_node(pod, node.node):
        return False
    return constraint.node_taints_policy != "Honor" or not any(intolerable(pod, node, KEEPS_AWAY))


def _selector(constraint: TopologySpreadConstraint, pod: Pod) -> LabelSelector | None:
    if constraint.label_selector is None or not constraint.match_label_keys:
        return constraint.label_selector
    labels = pod.metadata.labels
    more = tuple(
        LabelSelectorRequirement(key=key, operator="In", values=(labels[key],))
        for key in constraint.match_label_keys
        if key in labels
    )
    selector = constraint.label_selector
    return evolve(selector, match_expressions=(*selector.match_expressions, *more))


def _crowd(node: NodeState, spreads: Sequence[_Spread]) -> float:
    labels = node.node.metadata.labels
    return sum(
        spread.counts[labels.get(spread.constraint.topology_key, "")] * math.log(len(spread.counts) + 2)
        for spread in spreads
    )
