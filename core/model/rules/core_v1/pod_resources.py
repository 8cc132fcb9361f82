"""Resources of a pod as a whole: their defaults, and how they must agree with those of its containers.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, not_supported
from sampan.core.model.kinds import JsonObject
from sampan.core.model.quantity import add, canonical, compare
from sampan.core.model.rules.core_v1.resource_names import HUGE_PAGES, may_overcommit, validate_resource_name
from sampan.core.model.rules.core_v1.resources import validate_resources

Value = Mapping[str, Any]
Amounts = dict[str, str]

SUPPORTED: Final = ("cpu", HUGE_PAGES, "memory")


def default_pod_resources(spec: JsonObject) -> None:
    """Limits of huge pages and requests that follow from the containers', or from the pod's own limits."""
    resources = spec.get("resources")
    if not resources or not (resources.get("limits") or resources.get("requests")):
        return
    limits, requests = {**(resources.get("limits") or {})}, {**(resources.get("requests") or {})}
    for name, amount in together(spec, "limits").items():
        if name.startswith(HUGE_PAGES) and name not in requests:
            limits.setdefault(name, amount)
    if limits:
        resources["limits"] = limits
        for name, amount in together(spec, "requests").items():
            if _supported(name) and may_overcommit(name):
                requests.setdefault(name, amount)
        for name, amount in limits.items():
            if _supported(name):
                requests.setdefault(name, amount)
    if requests:
        resources["requests"] = requests


def together(spec: Value, word: str) -> Amounts:
    """The ``requests`` or ``limits`` of all containers at the time when they are largest: running, or in an init step."""
    running: Amounts = {}
    for container in spec.get("containers") or ():
        running = _sum(running, _amounts(container, word))
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in spec.get("initContainers") or ():
        step = _sum(sidecars, _amounts(container, word))
        if container.get("restartPolicy") == "Always":
            running, sidecars = _sum(running, _amounts(container, word)), step
        largest = _greatest(largest, step)
    return _greatest(running, largest)


def _amounts(container: Value, word: str) -> Amounts:
    return (container.get("resources") or {}).get(word) or {}


def _sum(left: Amounts, right: Amounts) -> Amounts:
    return left | {name: add(left[name], amount) if name in left else amount for name, amount in right.items()}


def _greatest(left: Amounts, right: Amounts) -> Amounts:
    return left | {name: each for name, each in right.items() if name not in left or compare(each, left[name]) > 0}


def _supported(name: str) -> bool:
    return name in SUPPORTED or name.startswith(HUGE_PAGES)


def validate_pod_resources(spec: Value, path: str) -> list[Cause]:
    resources = spec.get("resources")
    if resources is None:
        return []
    if (spec.get("os") or {}).get("name") == "windows":
        return [forbidden(path, "may not be set for a windows pod")]
    causes = []
    if resources.get("claims") is not None:
        causes.append(forbidden(f"{path}.claims", "claims may not be set for Resources at pod-level"))
    claims = frozenset(claim.get("name") or "" for claim in spec.get("resourceClaims") or ())
    causes += validate_resources(resources, path, claims, _name)
    return [*causes, *_agreement(spec, resources, path)]


def _name(name: str, path: str) -> list[Cause]:
    causes = validate_resource_name(name, path)
    return causes if causes or _supported(name) else [not_supported(path, name, SUPPORTED)]


def _agreement(spec: Value, resources: Value, path: str) -> Iterator[Cause]:
    """A pod asks for what its containers ask for at least, and none of them may have more than the pod."""
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, amount in together(spec, "requests").items():
        if name in requests and compare(amount, requests[name]) > 0:
            words = f"must be greater than or equal to aggregate container requests of {canonical(amount)}"
            yield invalid(f"{path}.requests[{name}]", canonical(requests[name]), words)
    for name, amount in together(spec, "limits").items():
        if name.startswith(HUGE_PAGES) and name in limits and compare(amount, limits[name]) > 0:
            words = f"must be greater than or equal to aggregate container limits of {canonical(amount)}"
            yield invalid(f"{path}.limits[{name}]", canonical(limits[name]), words)
    for index, container in enumerate(spec.get("containers") or ()):
        for name, amount in _amounts(container, "limits").items():
            if name in limits and compare(amount, limits[name]) > 0:
                words = f"must be less than or equal to pod limits of {canonical(limits[name])}"
                yield invalid(f"{path}.containers[{index}][{name}].limits", canonical(amount), words)
