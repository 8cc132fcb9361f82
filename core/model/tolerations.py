"""Which taints a pod tolerates: for whoever places pods, and for whoever removes them. Pure functions.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
"""

from __future__ import annotations

from collections.abc import Iterable

from sampan.core.model.core_v1.affinity import Toleration
from sampan.core.model.core_v1.node import Taint


def is_tolerated(taint: Taint, tolerations: Iterable[Toleration]) -> bool:
    return any(tolerates(toleration, taint) for toleration in tolerations)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect matches all effects; an empty key with Exists matches all keys."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    operator = toleration.operator or "Equal"
    if operator == "Exists":
        return True
    if not toleration.key:
        return False
    if operator == "Equal":
        return (toleration.value or "") == (taint.value or "")
    return _compares(operator, taint.value, toleration.value)


def _compares(operator: str, taint_value: str | None, wanted: str | None) -> bool:
    """``Gt`` and ``Lt``: the taint's value as a number, against the toleration's."""
    try:
        left, right = int(taint_value or ""), int(wanted or "")
    except ValueError:
        return False
    return left > right if operator == "Gt" else left < right
