"""The node's own word on a pod that was bound to it: does it fit? Pure. Same arithmetic as the scheduler's.

https://kubernetes.io/docs/concepts/scheduling-eviction/ ; messages are the kubelet's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.quantity import milli, value
from sampan.core.node.view import Rejection, is_sidecar

FINISHED = ("Succeeded", "Failed")


def admit(pod: Pod, others: Iterable[Pod], node: Node) -> Rejection | None:
    """Why ``pod`` cannot run beside ``others`` on ``node``; ``None``: it can."""
    labels = node.metadata.labels
    if any(labels.get(key) != wanted for key, wanted in pod.spec.node_selector.items()):
        message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
        return Rejection("NodeAffinity", message)
    counted = [each for each in others if each.status.phase not in FINISHED]
    allocatable = node.status.allocatable
    limit = value(allocatable.get("pods", "0"))
    if limit and len(counted) + 1 > limit:
        return _does_not_fit("pods", 1, len(counted), limit)
    for resource, wanted in pod_requests(pod).items():
        capacity = _amount(resource, allocatable.get(resource, "0"))
        used = sum(pod_requests(each).get(resource, 0) for each in counted)
        if wanted and wanted + used > capacity:
            return _does_not_fit(resource, wanted, used, capacity)
    return None


def pod_requests(pod: Pod) -> Mapping[str, int]:
    """What a pod takes of its node: milli-cores of CPU, whole units of everything else.

    Containers and sidecars add up; an init container counts where it alone (with the sidecars before it) asks for more.
    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    total: dict[str, int] = {}
    for container in pod.spec.containers:
        _add(total, container.resources.requests)
    beside: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in pod.spec.init_containers:
        if is_sidecar(container):
            _add(total, container.resources.requests)
            _add(beside, container.resources.requests)
            here = beside
        else:
            here = dict(beside)
            _add(here, container.resources.requests)
        peak = {name: max(peak.get(name, 0), here.get(name, 0)) for name in {*peak, *here}}
    total = {name: max(total.get(name, 0), peak.get(name, 0)) for name in {*total, *peak}}
    _add(total, pod.spec.overhead)
    return total


def _add(total: dict[str, int], amounts: Mapping[str, str]) -> None:
    for resource, amount in amounts.items():
        total[resource] = total.get(resource, 0) + _amount(resource, amount)


def _amount(resource: str, amount: str) -> int:
    return milli(amount) if resource == "cpu" else value(amount)


def _does_not_fit(resource: str, wanted: int, used: int, capacity: int) -> Rejection:
    message = f"Node didn't have enough resource: {resource}, requested: {wanted}, used: {used}, capacity: {capacity}"
    return Rejection(f"OutOf{resource}", message)
