"""What the kernel is told of a container's requests and limits, and of those of its pod as a whole. Pure.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
"""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.contracts.runtime_config import Resources
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import CPU, MEMORY, amount, containers_requests
from sampan.core.model.quantity import parse

MIN_SHARES = 2
MIN_QUOTA_MICROS = 1000
OOM_GUARANTEED, OOM_BEST_EFFORT = -997, 1000
NODE_CRITICAL = "system-node-critical"


def container_resources(pod: Pod, container: Container, memory_capacity: int) -> Resources:
    """Requests become shares, limits become quotas, as the kubelet computes them."""
    cpu_limit = amount(CPU, limit_of(pod, container, CPU))
    requests = container.resources.requests
    cpu_request = amount(CPU, requests[CPU]) if CPU in requests else cpu_limit
    return Resources(
        cpu_shares=max(MIN_SHARES, cpu_request * 1024 // 1000),
        cpu_quota_micros=max(MIN_QUOTA_MICROS, cpu_limit * 100) if cpu_limit else 0,
        memory_bytes=amount(MEMORY, limit_of(pod, container, MEMORY)),
        oom_score_adj=oom_score(pod, container, memory_capacity),
    )


def limit_of(pod: Pod, container: Container, resource: str, otherwise: str = "0") -> str:
    """The container's own limit; without one the pod's, which no container of it can go beyond."""
    whole: Mapping[str, str] = pod.spec.resources.limits if pod.spec.resources is not None else {}
    for limits in (container.resources.limits, whole):
        if parse(limits.get(resource, "0")).number:
            return limits[resource]
    return otherwise


def oom_score(pod: Pod, container: Container, memory_capacity: int) -> int:
    """Whom the kernel kills first. https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior"""
    quality = pod.status.qos_class or ""
    if quality == "Guaranteed" or pod.spec.priority_class_name == NODE_CRITICAL:
        return OOM_GUARANTEED
    if quality == "BestEffort" or not memory_capacity:
        return OOM_BEST_EFFORT
    request = _memory_request(container)
    if any(each.name == container.name and each.restart_policy == "Always" for each in pod.spec.init_containers):
        # A sidecar never goes before the containers that it is there for.
        request = max(request, min(map(_memory_request, pod.spec.containers)))
    score = 1000 - 1000 * (request + _share_of_the_rest(pod)) // memory_capacity
    return max(1000 + OOM_GUARANTEED, min(score, OOM_BEST_EFFORT - 1))


def _share_of_the_rest(pod: Pod) -> int:
    """What the pod asks for beyond its containers, divided among them."""
    whole = pod.spec.resources.requests if pod.spec.resources is not None else {}
    if not (asked := amount(MEMORY, whole.get(MEMORY, "0"))):
        return 0
    rest = asked - containers_requests(pod).get(MEMORY, 0)
    return rest // (len(pod.spec.containers) + len(pod.spec.init_containers))


def _memory_request(container: Container) -> int:
    return amount(MEMORY, container.resources.requests.get(MEMORY, "0"))
