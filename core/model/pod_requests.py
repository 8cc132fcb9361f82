"""What pods request and nodes have, as numbers: CPU in thousandths of a core, all else in units or bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.container_status import ContainerStatus
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
    asked = containers_requests(pod)
    if pod.spec.resources is not None:
        asked |= amounts(pod.spec.resources.requests)
    return total((asked, amounts(pod.spec.overhead)))


def held_requests(pod: Pod) -> Amounts:
    """What the pod takes of its node: while a resize is under way the most of what it asks for, was promised and has.

    A resize that can never be does not count. https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
    """
    status, whole = pod.status, pod.spec.resources
    told = {each.name: each for each in (*status.init_container_statuses, *status.container_statuses)}
    specs = (*pod.spec.containers, *pod.spec.init_containers)
    if whole is None and not any(_differs(each, told.get(each.name)) for each in specs):
        return pod_requests(pod)
    never = any(each.type == "PodResizePending" and each.reason == "Infeasible" for each in status.conditions)

    def most(asked: Amounts, *has: Mapping[str, str]) -> Amounts:
        held: Amounts = {} if never else asked
        for each in has:
            held = greatest(held, amounts(each))
        return held

    def of(container: Container) -> Amounts:
        asked, known = container_requests(container), told.get(container.name)
        if known is None or known.resources is None:
            return asked
        return most(asked, known.resources.requests, known.allocated_resources)

    held = _together(pod, of)
    if whole is not None:
        asked = amounts(whole.requests)
        has = most(asked, status.resources.requests, status.allocated_resources) if status.resources else asked
        held |= {resource: has.get(resource, 0) for resource in asked}
    return total((held, amounts(pod.spec.overhead)))


def _differs(container: Container, told: ContainerStatus | None) -> bool:
    """The container does not have what it asks for."""
    if told is None or told.resources is None:
        return False
    asked = container.resources.requests
    return told.allocated_resources != asked or told.resources.requests != asked


def containers_requests(pod: Pod) -> Amounts:
    """What its containers ask for, whatever is said of the pod as a whole."""
    return _together(pod, container_requests)


def pod_limits(pod: Pod) -> Amounts:
    """The same of its limits; the overhead is added to those that there are."""
    limits = _together(pod, lambda each: amounts(each.resources.limits))
    if pod.spec.resources is not None:
        limits |= amounts(pod.spec.resources.limits)
    overhead = amounts(pod.spec.overhead)
    return {resource: number + overhead.get(resource, 0) if number else 0 for resource, number in limits.items()}


def _together(pod: Pod, of: Callable[[Container], Amounts]) -> Amounts:
    """Of containers and sidecars together, or of the largest init step."""
    running = total(of(each) for each in pod.spec.containers)
    sidecars: Amounts = {}
    largest: Amounts = {}
    for each in pod.spec.init_containers:
        if each.restart_policy == "Always":
            sidecars = total((sidecars, of(each)))
            step = sidecars
        else:
            step = total((sidecars, of(each)))
        largest = greatest(largest, step)
    return greatest(total((running, sidecars)), largest)


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
