"""What a change of an object may mean to pods that wait for a place. Pure."""

from __future__ import annotations

from sampan.core.contracts.scheduler import Change
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import Amounts, held_requests
from sampan.core.reconcile.pods import is_finished

NONE = Change(0)


def node_change(old: Node | None, new: Node | None) -> Change:
    if new is None:
        return NONE
    if old is None:
        return Change.NODE_ADDED
    found = NONE
    if old.status.allocatable != new.status.allocatable:
        found |= Change.NODE_ALLOCATABLE
    if old.metadata.labels != new.metadata.labels:
        found |= Change.NODE_LABELS
    if old.spec.taints != new.spec.taints or old.spec.unschedulable != new.spec.unschedulable:
        found |= Change.NODE_TAINTS
    return found


def pod_change(old: Pod | None, new: Pod | None) -> Change:
    """Of pods on nodes; those that wait for one change nothing for others."""
    was_there, is_there = counts(old), counts(new)
    if was_there and not is_there:
        return Change.POD_LEFT
    if is_there and not was_there:
        return Change.POD_CAME
    if old is None or new is None or not is_there:
        return NONE
    found = NONE
    if old.metadata.labels != new.metadata.labels:
        found |= Change.POD_CAME
    if old.metadata.generation != new.metadata.generation or resized_requests(old) != resized_requests(new):
        found |= Change.POD_LEFT  # resized, perhaps to less
    return found


def resized_requests(pod: Pod) -> Amounts | None:
    """What the pod takes of its node, which changes with its status once it has been resized; ``None`` before that."""
    return held_requests(pod) if (pod.metadata.generation or 1) > 1 else None


def counts(pod: Pod | None) -> bool:
    """Whether a pod takes up room on a node."""
    return pod is not None and bool(pod.spec.node_name) and not is_finished(pod)
