"""What pods request and nodes have, as numbers: CPU in thousandths of a core, all else in units or bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.quantity import milli, value

Amounts = dict[str, int]
CPU = "cpu"
MEMORY = "memory"
PODS = "pods"
CPU_FOR_NOTHING = 100
MEMORY_FOR_NOTHING = 200 << 20
"""What a container without requests counts in scores (never in fits), so that such pods spread too."""


@lru_cache(maxsize=4096)
def amount(resource: str, text: str) -> int:
    return milli(text) if resource == CPU else value(text)


def amounts(quantities: Mapping[str, str]) -> Amounts:
    return {resource: amount(resource, text) for resource, text in quantities.items()}


def pod_requests(pod: Pod) -> Amounts:
    """Kubernetes' effective request: containers and sidecars together, or the largest init step; plus overhead.

    What the pod asks for as a whole takes the place of what its containers ask for.
    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    running = total(container_requests(each) for each in pod.spec.containers)
    sidecars: Amounts = {}
    largest: Amounts = {}
    for each in pod.spec.init_containers:
        if each.restart_policy == "Always":
            sidecars = total((sidecars, container_requests(each)))
            step = sidecars
        else:
            step = total((sidecars, container_requests(each)))
        largest = greatest(largest, step)
    asked = greatest(total((running, sidecars)), largest)
    if pod.spec.resources is not None:
        asked |= amounts(pod.spec.resources.requests)
    return total((asked, amounts(pod.spec.overhead)))


def container_requests(container: Container) -> Amounts:
    return amounts(container.resources.requests) if container.resources else {}


def scored_requests(pod: Pod) -> Amounts:
    """CPU and memory as scores count them: a container without a request counts a little."""
    cpu = memory = 0
    for each in pod.spec.containers:
        asked = container_requests(each)
        cpu += asked.get(CPU, CPU_FOR_NOTHING)
        memory += asked.get(MEMORY, MEMORY_FOR_NOTHING)
    return {CPU: cpu, MEMORY: memory}


def more(left: Amounts, right: Amounts) -> Amounts:
    """Both together."""
    result = dict(left)
    for resource, number in right.items():
        result[resource] = result.get(resource, 0) + number
    return result


def less(left: Amounts, right: Amounts) -> Amounts:
    """``left`` without ``right``, which is a part of it."""
    result = dict(left)
    for resource, number in right.items():
        result[resource] = result.get(resource, 0) - number
    return result


def total(parts: Iterable[Amounts]) -> Amounts:
    result: Amounts = {}
    for part in parts:
        for resource, number in part.items():
            result[resource] = result.get(resource, 0) + number
    return result


def greatest(left: Amounts, right: Amounts) -> Amounts:
    return {resource: max(left.get(resource, 0), right.get(resource, 0)) for resource in left.keys() | right.keys()}
