"""Lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, negative
from sampan.core.model.kinds import JsonObject, KindRules

Value = Mapping[str, Any]

COORDINATED: Final = ("strategy", "preferredHolder")
"""Fields of coordinated leader election, which Kubernetes 1.36 does not do by default: it drops them."""


class LeaseRules(KindRules):
    any_finalizer = True

    def prepare_create(self, obj: JsonObject) -> None:
        for word in COORDINATED:
            (obj.get("spec") or {}).pop(word, None)

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        for word in COORDINATED:
            if (old.get("spec") or {}).get(word) is None:
                (obj.get("spec") or {}).pop(word, None)


def validate_lease(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    causes += negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    return causes
