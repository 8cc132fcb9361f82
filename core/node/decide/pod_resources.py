"""What a pod as a whole has, from what its containers have and what is said of the pod itself. Pure.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.pod_requests import CPU, MEMORY, Amounts, pod_limits, pod_requests
from sampan.core.model.quantity import Family, format_number, parse

NOTHING = ResourceRequirements()


def allocated_resources(pod: Pod) -> dict[str, Quantity]:
    """What the node keeps for it; the pod is as allocated."""
    return _quantities(pod_requests(pod), pod, lambda each: each.requests)


def effective_resources(pod: Pod, *, running: bool) -> ResourceRequirements:
    """What it may take. Of a pod that runs CPU and memory are told, and limits only where they bound all of it."""
    requests = allocated_resources(pod)
    limits = _quantities(pod_limits(pod), pod, lambda each: each.limits)
    own = pod.spec.resources or NOTHING
    if running:
        requests = {**own.requests, **{name: requests[name] for name in (CPU, MEMORY) if name in requests}}
        limits = {**own.limits, **{name: limits[name] for name in (CPU, MEMORY) if _is_bounded(pod, name)}}
    return evolve(own, requests=requests, limits=limits)


def _is_bounded(pod: Pod, resource: str) -> bool:
    if pod.spec.resources is not None and _is_there(pod.spec.resources.limits, resource):
        return True
    return all(_is_there(each.resources.limits, resource) for each in _containers(pod))


def _is_there(limits: Mapping[str, Quantity], resource: str) -> bool:
    return bool(parse(limits.get(resource, "0")).number)


def _quantities(
    amounts: Amounts, pod: Pod, of: Callable[[ResourceRequirements], Mapping[str, Quantity]]
) -> dict[str, Quantity]:
    """Written in the family of units in which the pod itself, or the first container that names one, writes them."""
    families: dict[str, Family] = {}
    for each in (pod.spec.resources or NOTHING, *(each.resources for each in _containers(pod))):
        for resource, text in of(each).items():
            families.setdefault(resource, parse(text).family)
    return {
        resource: format_number(Decimal(amount) / (1000 if resource == CPU else 1), families.get(resource, "decimal"))
        for resource, amount in sorted(amounts.items())
    }


def _containers(pod: Pod) -> Iterable[Container]:
    return (*pod.spec.containers, *pod.spec.init_containers)
