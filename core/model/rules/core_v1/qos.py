"""A pod's quality of service class, as Kubernetes computes it from requests and limits.

https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from sampan.core.model.quantity import parse

COUNTED: Final = ("cpu", "memory")


def qos_class(spec: Mapping[str, Any]) -> str:
    """``Guaranteed``, ``Burstable`` or ``BestEffort``. Resources given for the whole pod count alone."""
    pod = spec.get("resources") or {}
    holders = [pod] if _amounts(pod, "requests") or _amounts(pod, "limits") else _of_containers(spec)
    requests: dict[str, Decimal] = {}
    limits: dict[str, Decimal] = {}
    guaranteed = True
    for resources in holders:
        given = _amounts(resources, "limits")
        guaranteed &= given.keys() == set(COUNTED)
        for total, amounts in ((requests, _amounts(resources, "requests")), (limits, given)):
            for name, amount in amounts.items():
                total[name] = total.get(name, Decimal(0)) + amount
    if not requests and not limits:
        return "BestEffort"
    return "Guaranteed" if guaranteed and requests == limits else "Burstable"


def _of_containers(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return [container.get("resources") or {} for container in containers]


def _amounts(resources: Mapping[str, Any], word: str) -> dict[str, Decimal]:
    """CPU and memory that are more than nothing."""
    given = resources.get(word) or {}
    parsed = {name: parse(given[name]).number for name in COUNTED if name in given}
    return {name: number for name, number in parsed.items() if number > 0}
