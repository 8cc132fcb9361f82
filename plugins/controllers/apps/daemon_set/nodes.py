"""On which nodes a daemon's pod should run, and on which it may stay. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from sampan.core.model.core_v1.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Toleration,
)
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.tolerations import is_tolerated
from sampan.plugins.schedulers.affinity import matches_node

EVERYWHERE: Final = tuple(
    Toleration(key=f"node.kubernetes.io/{key}", operator="Exists", effect=effect)
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)
"""What daemons bear, whatever their template says."""
WITHOUT_NETWORK: Final = Toleration(
    key="node.kubernetes.io/network-unavailable", operator="Exists", effect="NoSchedule"
)


class Place(NamedTuple):
    """Whether a pod should be on a node, and whether one that is there may stay."""

    should_run: bool
    may_stay: bool


def place_on(pod: Pod, node: Node) -> Place:
    """``pod``: as the template has it, with `tolerating`."""
    if pod.spec.node_name not in (None, "", node.metadata.name) or not matches_node(pod, node):
        return Place(False, False)
    unborne = [taint.effect for taint in node.spec.taints if not is_tolerated(taint, pod.spec.tolerations)]
    if "NoExecute" in unborne:
        return Place(False, False)
    return Place("NoSchedule" not in unborne, True)


def tolerating(spec: PodSpec) -> PodSpec:
    more = (*EVERYWHERE, WITHOUT_NETWORK) if spec.host_network else EVERYWHERE
    added = tuple(each for each in more if each not in spec.tolerations)
    return evolve(spec, tolerations=(*spec.tolerations, *added))


def bound_to(spec: PodSpec, node: str) -> PodSpec:
    """For one node alone: the scheduler brings it there. Other wishes about nodes have been looked at already."""
    term = NodeSelectorTerm(match_fields=(NodeSelectorRequirement(key="metadata.name", operator="In", values=(node,)),))
    affinity = spec.affinity or Affinity()
    wishes = affinity.node_affinity or NodeAffinity()
    wishes = evolve(
        wishes, required_during_scheduling_ignored_during_execution=NodeSelector(node_selector_terms=(term,))
    )
    return evolve(spec, affinity=evolve(affinity, node_affinity=wishes))


def node_of(pod: Pod) -> str:
    """Where it is, or where it is meant to go; empty where neither is said."""
    if pod.spec.node_name:
        return pod.spec.node_name
    wishes = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = wishes.required_during_scheduling_ignored_during_execution if wishes else None
    for term in required.node_selector_terms if required else ():
        for each in term.match_fields:
            if each.key == "metadata.name" and each.operator == "In" and len(each.values) == 1:
                return each.values[0]
    return ""
