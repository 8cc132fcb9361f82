"""Topology spread constraints: how uneven pods may be spread over zones, nodes or any other node label.

https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.affinity import TopologySpreadConstraint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.selector import LabelSelector, LabelSelectorRequirement
from sampan.core.reconcile.labels import matches
from sampan.plugins.schedulers.affinity import NodeAffinity, matches_node
from sampan.plugins.schedulers.normalize import FULL
from sampan.plugins.schedulers.taints import KEEPS_AWAY, intolerable

NO_LABEL = Refusal("node(s) didn't match pod topology spread constraints (missing required label)")
TOO_MANY = Refusal("node(s) didn't match pod topology spread constraints", preemption_helps=True)


class PodTopologySpread(GroupedPlugin):
    name = "PodTopologySpread"
    weight = 2
    helped_by = Change.NODE_ADDED | Change.NODE_LABELS | Change.NODE_TAINTS | Change.POD_CAME | Change.POD_LEFT
    follows_from = ()

    def sign(self, pod: Pod) -> Hashable:
        constraints = pod.spec.topology_spread_constraints
        if not constraints:
            return None
        labels = tuple(sorted(pod.metadata.labels.items()))
        nodes = (NodeAffinity().sign(pod), pod.spec.tolerations)
        return (pod.metadata.namespace, labels, repr(constraints), nodes)

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        return _Even(pod) if pod.spec.topology_spread_constraints else None


class _Even(Judge):
    is_wide = is_relative = has_sorts = True

    def __init__(self, pod: Pod) -> None:
        constraints = pod.spec.topology_spread_constraints
        hard = [item for item in constraints if item.when_unsatisfiable == "DoNotSchedule"]
        soft = [item for item in constraints if item.when_unsatisfiable == "ScheduleAnyway"]
        self._hard = [_Spread(pod, item, {each.topology_key for each in hard}) for item in hard]
        self._soft = [_Spread(pod, item, {each.topology_key for each in soft}) for item in soft]
        self.keys = list(dict.fromkeys(each.topology_key for each in (*hard, *soft)))
        self.filters = bool(hard)
        self.scores = bool(soft)

    def update(self, name: str, node: NodeState | None) -> None:
        for spread in (*self._hard, *self._soft):
            spread.update(name, node)

    def standing(self, key: str, value: str) -> Hashable:
        """How many pods each constraint counts there."""
        return tuple(
            spread.counts.get(value) for spread in (*self._hard, *self._soft) if spread.constraint.topology_key == key
        )

    def moved(self) -> Iterable[tuple[str, str]]:
        found = [
            (spread.constraint.topology_key, place) for spread in (*self._hard, *self._soft) for place in spread.moved
        ]
        for spread in (*self._hard, *self._soft):
            spread.moved.clear()
        return found

    def refuses(self, node: NodeState) -> Refusal | None:
        labels = node.node.metadata.labels
        for spread in self._hard:
            place = labels.get(spread.constraint.topology_key)
            if place is None:
                return NO_LABEL
            if not spread.fits(place):
                return TOO_MANY
        return None

    def score(self, node: NodeState) -> float:
        """How crowded the node's places are; a key with many values weighs more."""
        labels = node.node.metadata.labels
        return sum(
            spread.counts[labels.get(spread.constraint.topology_key, "")] * math.log(len(spread.counts) + 2)
            for spread in self._soft
        )

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        most, least = max(scores), min(scores)
        return [FULL * (most + least - score) / most if most else FULL for score in scores]


class _Spread:
    """One constraint, and how the pods that it counts are spread."""

    def __init__(self, pod: Pod, constraint: TopologySpreadConstraint, keys: set[str]) -> None:
        self.constraint = constraint
        self.counts: Counter[str] = Counter()
        """Pods by the topology key's value; eligible places without any such pod are there with 0."""
        self.moved: set[str] = set()
        """Places whose number has changed."""
        self._pod = pod
        self._keys = keys
        """A node counts that has the keys of all constraints of the sort."""
        self._selector = _selector(constraint, pod)
        self._is_counted = matches(self._selector, pod.metadata.labels)
        self._by_node: dict[str, tuple[str, int]] = {}
        self._nodes: Counter[str] = Counter()
        self._levels: Counter[int] = Counter()
        """How many places have so many pods: the fewest is found without visiting places."""

    def update(self, name: str, node: NodeState | None) -> None:
        if (known := self._by_node.pop(name, None)) is not None:
            self._change(known[0], -known[1], -1)
        if node is not None and self._is_eligible(node):
            place = node.node.metadata.labels[self.constraint.topology_key]
            self._by_node[name] = (place, number := self._number(node))
            self._change(place, number, 1)

    def fits(self, place: str) -> bool:
        if not self.counts:
            return True
        return self.counts[place] + self._is_counted - self._fewest() <= self.constraint.max_skew

    def _fewest(self) -> int:
        """0 as long as there are fewer places than there should be."""
        if len(self._nodes) < (self.constraint.min_domains or 1):
            return 0
        return min(self._levels)

    def _change(self, place: str, pods: int, nodes: int) -> None:
        self.moved.add(place)
        if place in self._nodes:
            self._level(self.counts[place], -1)
        self.counts[place] += pods
        self._nodes[place] += nodes
        if self._nodes[place]:
            self._level(self.counts[place], 1)
        else:
            del self._nodes[place], self.counts[place]

    def _level(self, pods: int, places: int) -> None:
        self._levels[pods] += places
        if not self._levels[pods]:
            del self._levels[pods]

    def _number(self, node: NodeState) -> int:
        return sum(
            1
            for other in node.pods
            if other.metadata.namespace == self._pod.metadata.namespace
            and other.metadata.deletion_timestamp is None
            and matches(self._selector, other.metadata.labels)
        )

    def _is_eligible(self, node: NodeState) -> bool:
        """Whether the node's place counts: by default only where the pod may go by its selector, whatever the taints."""
        if not self._keys <= node.node.metadata.labels.keys():
            return False
        if self.constraint.node_affinity_policy != "Ignore" and not matches_node(self._pod, node.node):
            return False
        is_tainted = any(intolerable(self._pod.spec.tolerations, node, KEEPS_AWAY))
        return self.constraint.node_taints_policy != "Honor" or not is_tainted


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
