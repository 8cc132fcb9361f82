"""PriorityClass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules

Value = Mapping[str, Any]

HIGHEST: Final = 1_000_000_000
"""The highest priority that is not kept for the system."""
SYSTEM_CLASSES: Final = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
RESERVED: Final = "priority class names with 'system-' prefix are reserved for system use only. error: "
POLICIES: Final = ("PreemptLowerPriority", "Never")


class PriorityClassRules(KindRules):
    def prepare_create(self, obj: JsonObject) -> None:
        """A class never changes in what counts, but it does have a generation."""
        obj["metadata"]["generation"] = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        causes = []
        if (obj.get("value") or 0) != (old.get("value") or 0):
            causes.append(forbidden("value", "may not be changed in an update."))
        return causes + changed("preemptionPolicy", obj.get("preemptionPolicy"), old.get("preemptionPolicy"))


def validate_priority_class(obj: Value, path: str) -> list[Cause]:
    name, value = (obj.get("metadata") or {}).get("name") or "", obj.get("value") or 0
    causes = []
    if name.startswith("system-"):
        if problem := _foreign(name, value, bool(obj.get("globalDefault"))):
            causes.append(forbidden("metadata.name", RESERVED + problem))
    elif value > HIGHEST:
        causes.append(forbidden("value", f"maximum allowed value of a user defined priority is {HIGHEST}"))
    policy = obj.get("preemptionPolicy")
    if policy == "":
        causes.append(required("preemptionPolicy"))
    elif policy is not None and policy not in POLICIES:
        causes.append(not_supported("preemptionPolicy", policy, POLICIES))
    return causes


def _foreign(name: str, value: int, is_default: bool) -> str:
    """Why a class with a system's name is none of the system's."""
    if name not in SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    if value != SYSTEM_CLASSES[name]:
        return f"value of {name} PriorityClass must be {SYSTEM_CLASSES[name]}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""
