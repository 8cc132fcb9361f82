"""How much of what one object uses, and which quotas count it. Pure functions of wire values.

https://kubernetes.io/docs/concepts/policy/resource-quotas/ has the names of what can be limited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.quantity import Family, format_number, parse

Wire = Mapping[str, Any]
Usage = dict[str, Decimal]

COMPUTE: Final = ("cpu", "memory", "ephemeral-storage")
PLAIN: Final = frozenset(
    {"pods", "services", "secrets", "configmaps", "resourcequotas", "replicationcontrollers", "persistentvolumeclaims"}
)
"""Kinds that are also counted under their own name, without ``count/``."""
CLASS: Final = ".storageclass.storage.k8s.io/"


def usage_of(resource: str, obj: Wire) -> Usage:
    """Of one object; ``resource`` is ``pods`` or ``deployments.apps``."""
    if resource == "pods" and (obj.get("status") or {}).get("phase") in FINISHED:
        return {"count/pods": Decimal(1)}
    used: Usage = {f"count/{resource}": Decimal(1)}
    if resource in PLAIN:
        used[resource] = Decimal(1)
    special = {"pods": _of_pod, "services": _of_service, "persistentvolumeclaims": _of_claim}.get(resource)
    return used | special(obj) if special else used


def _of_pod(pod: Wire) -> Usage:
    spec = pod.get("spec") or {}
    used: Usage = {}
    for sort in ("requests", "limits"):
        for name, number in pod_amounts(spec, sort).items():
            if name in COMPUTE or (sort == "requests" and name.startswith("hugepages-")):
                used[f"{sort}.{name}"] = number
                if sort == "requests":
                    used[name] = number
            elif sort == "requests":
                used[f"requests.{name}"] = number
    return used


def pod_amounts(spec: Wire, sort: str) -> Usage:
    """What a pod asks for (or is limited to) in all: its containers together, or its largest step before them."""
    total: Usage = {}
    sidecars: Usage = {}
    largest: Usage = {}
    for container in spec.get("initContainers") or ():
        own = _amounts(container, sort)
        step = _sum((sidecars, own))
        if container.get("restartPolicy") == "Always":
            sidecars = step
        largest = _max(largest, step)
    total = _sum((sidecars, *(_amounts(each, sort) for each in spec.get("containers") or ())))
    total = _max(total, largest)
    whole = _amounts(spec, sort)
    total |= whole
    overhead = {name: parse(amount).number for name, amount in (spec.get("overhead") or {}).items()}
    return _sum((total, overhead)) if sort == "requests" else total


def _amounts(holder: Wire, sort: str) -> Usage:
    given = (holder.get("resources") or {}).get(sort) or {}
    return {name: parse(amount).number for name, amount in given.items()}


def _sum(parts: Iterable[Usage]) -> Usage:
    total: Usage = {}
    for part in parts:
        for name, number in part.items():
            total[name] = total.get(name, Decimal(0)) + number
    return total


def _max(one: Usage, other: Usage) -> Usage:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {*one, *other}}


def add(one: Usage, other: Usage) -> Usage:
    return _sum((one, other))


def _of_service(service: Wire) -> Usage:
    spec = service.get("spec") or {}
    ports = len(spec.get("ports") or ())
    used: Usage = {}
    if spec.get("type") == "LoadBalancer":
        used["services.loadbalancers"] = Decimal(1)
        if spec.get("allocateLoadBalancerNodePorts") is False:
            ports = sum(1 for port in spec.get("ports") or () if port.get("nodePort"))
    if spec.get("type") in ("NodePort", "LoadBalancer"):
        used["services.nodeports"] = Decimal(ports)
    return used


def _of_claim(claim: Wire) -> Usage:
    spec = claim.get("spec") or {}
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    annotation = "volume.beta.kubernetes.io/storage-class"
    name = spec.get("storageClassName") or (claim.get("metadata", {}).get("annotations") or {}).get(annotation)
    used: Usage = {f"{name}{CLASS}persistentvolumeclaims": Decimal(1)} if name else {}
    if storage is not None:
        used["requests.storage"] = parse(storage).number
        if name:
            used[f"{name}{CLASS}requests.storage"] = parse(storage).number
    return used


def counts(quota: Wire, resource: str, obj: Wire) -> bool:
    """Whether the quota's scopes let it count the object: all must fit, and most are about pods alone."""
    spec = quota.get("spec") or {}
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    if scopes and resource != "pods":
        return False
    return all(_fits(scope, obj.get("spec") or {}) for scope in scopes)


def _fits(scope: Wire, spec: Wire) -> bool:
    name = scope.get("scopeName")
    if name in ("Terminating", "NotTerminating"):
        ends = bool(spec.get("activeDeadlineSeconds"))
        return ends is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        is_best_effort = not any(
            pod_amounts(spec, sort).get(each) for sort in ("requests", "limits") for each in COMPUTE[:2]
        )
        return bool(is_best_effort == (name == "BestEffort"))
    if name == "CrossNamespacePodAffinity":
        return _crosses(spec)
    if name == "PriorityClass":
        own = spec.get("priorityClassName") or ""
        values = scope.get("values") or ()
        return {
            "Exists": bool(own), "DoesNotExist": not own, "In": own in values, "NotIn": own not in values,
        }.get(scope.get("operator", ""), False)  # fmt: skip
    return False


def _crosses(spec: Wire) -> bool:
    """Whether affinity looks at pods of other namespaces."""
    affinity = spec.get("affinity") or {}
    for sort in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(sort) or {}
        hard = terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        soft = terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        for term in (*hard, *(each.get("podAffinityTerm") or {} for each in soft)):
            if term.get("namespaces") or term.get("namespaceSelector") is not None:
                return True
    return False


def unspecified(quota: Wire, pod: Wire) -> dict[str, list[str]]:
    """What every container must say where a quota limits it, and the containers that do not."""
    spec = pod.get("spec") or {}
    whole = spec.get("resources") or {}
    missing: dict[str, list[str]] = {}
    for name in sorted((quota.get("spec") or {}).get("hard") or ()):
        sort, dot, compute = name.partition(".")
        if not dot:
            sort, compute = "requests", name
        if sort not in ("requests", "limits") or compute not in COMPUTE[:2]:
            continue
        if compute in (whole.get(sort) or {}):
            continue
        containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
        lacking = [
            each["name"] for each in containers if compute not in ((each.get("resources") or {}).get(sort) or {})
        ]
        if lacking:
            missing[name] = sorted(lacking)
    return missing


def shown(number: Decimal, like: Any) -> str:
    """An amount in the notation of another."""
    family: Family = parse(like).family
    return format_number(number, family)
