"""The node's own word on a pod that was bound to it: does it fit? Pure. Same arithmetic as the scheduler's.

https://kubernetes.io/docs/concepts/scheduling-eviction/ ; messages are the kubelet's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.host_ports import collide, host_ports
from sampan.core.model.pod_requests import amount, pod_requests
from sampan.core.model.quantity import value
from sampan.core.node.decide.sysctls import reject_sysctls
from sampan.core.node.decide.view import Rejection

FINISHED = ("Succeeded", "Failed")


def admit(pod: Pod, others: Iterable[Pod], node: Node, allowed_sysctls: Collection[str] = ()) -> Rejection | None:
    """Why ``pod`` cannot run beside ``others`` on ``node``; ``None``: it can."""
    labels = node.metadata.labels
    if any(labels.get(key) != wanted for key, wanted in pod.spec.node_selector.items()):
        message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        return Rejection("NodeAffinity", message)
    if (rejection := reject_sysctls(pod, allowed_sysctls)) is not None:
        return rejection
    counted = [each for each in others if each.status.phase not in FINISHED]
    taken = [port for each in counted for port in host_ports(each)]
    if any(collide(mine, theirs) for mine in host_ports(pod) for theirs in taken):
        message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
        return Rejection("NodePorts", message)
    allocatable = node.status.allocatable
    limit = value(allocatable.get("pods", "0"))
    if limit and len(counted) + 1 > limit:
        return _does_not_fit("pods", 1, len(counted), limit)
    for resource, wanted in pod_requests(pod).items():
        capacity = amount(resource, allocatable.get(resource, "0"))
        used = sum(pod_requests(each).get(resource, 0) for each in counted)
        if wanted and wanted + used > capacity:
            return _does_not_fit(resource, wanted, used, capacity)
    return None


def _does_not_fit(resource: str, wanted: int, used: int, capacity: int) -> Rejection:
    message = f"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{resource}", message)
