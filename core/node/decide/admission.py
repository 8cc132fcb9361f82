"""The node's own word on a pod that was bound to it: does it fit? Pure. Same arithmetic as the scheduler's.

https://kubernetes.io/docs/concepts/scheduling-eviction/ ; messages are the kubelet's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.host_ports import collide, host_ports
from sampan.core.model.pod_requests import amount, pod_requests
from sampan.core.model.quantity import value
from sampan.core.node.decide.sysctls import reject_sysctls
from sampan.core.node.decide.view import Rejection

OS, OS_LABEL = "linux", "kubernetes.io/os"


def admit(pod: Pod, others: Iterable[Pod], node: Node, allowed_sysctls: Collection[str] = ()) -> Rejection | None:
    """Why ``pod`` cannot run beside ``others`` on ``node``; ``None``: it can."""
    labels = node.metadata.labels
    if (rejection := _reject_system(pod, labels)) is not None:
        return rejection
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


def _reject_system(pod: Pod, labels: Mapping[str, str]) -> Rejection | None:
    """A pod for another operating system."""
    wanted = pod.spec.node_selector.get(OS_LABEL)
    if wanted is not None and OS_LABEL in labels and wanted != labels[OS_LABEL]:
        message = f"Failed to admit pod as the `{OS_LABEL}` label doesn't match node label"
        return Rejection("PodOSSelectorNodeLabelDoesNotMatch", message)
    if pod.spec.os is not None and pod.spec.os.name != OS:
        return Rejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _does_not_fit(resource: str, wanted: int, used: int, capacity: int) -> Rejection:
    message = f"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{resource}", message)
