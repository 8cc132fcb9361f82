"""LimitRange."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, forbidden, invalid, malformed, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.quantity import canonical, compare, parse
from sampan.core.model.rules.core_v1.resource_names import (
    may_overcommit,
    validate_container_resource_name,
    validate_resource_name,
)

Value = Mapping[str, Any]

TYPES: Final = ("Pod", "Container", "PersistentVolumeClaim")
NOT_FOR_PODS: Final = "may not be specified when `type` is 'Pod'"
NO_BOUND: Final = "either minimum or maximum storage value is required, but neither was provided"


class LimitRangeRules(KindRules):
    revalidates_metadata = 1
    rechecks_changes = False

    def default(self, obj: JsonObject) -> None:
        """A container's limit is at most what is allowed, and its request at most its limit, if nothing else is said."""
        for item in (obj.get("spec") or {}).get("limits") or ():
            if item.get("type") == "Container":
                _fill(item)

    def prepare_create(self, obj: JsonObject) -> None:
        """A name is made where none is given."""
        if not obj["metadata"].get("name"):
            obj["metadata"]["name"] = str(uuid.uuid4())


def _fill(item: JsonObject) -> None:
    limits = {**(item.get("max") or {}), **(item.get("default") or {})}
    requests = {**(item.get("min") or {}), **limits, **(item.get("defaultRequest") or {})}
    for word, amounts in (("default", limits), ("defaultRequest", requests)):
        if amounts:
            item[word] = amounts


def validate_limit_range(obj: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
        kind, where = item.get("type") or "", f"spec.limits[{index}]"
        causes += _type(kind, f"{where}.type")
        if kind in seen:
            causes.append(duplicate(f"{where}.type", kind))
        seen.add(kind)
        causes += _names(item, kind, where)
        for name in sorted({name for word in _bounds(kind) for name in item.get(word) or {}}):
            causes += _Amounts(item, kind, name).causes(where)
    return causes


def _type(kind: str, path: str) -> list[Cause]:
    causes = malformed(path, kind, "qualified-name")
    if not causes and "/" not in kind and kind not in TYPES:
        causes.append(invalid(path, kind, "must be a standard limit type or fully qualified"))
    return causes


def _bounds(kind: str) -> tuple[str, ...]:
    """The fields that count for a type, in Kubernetes' order."""
    defaults = () if kind == "Pod" else ("default", "defaultRequest")
    return ("max", "min", *defaults, "maxLimitRequestRatio")


def _names(item: Value, kind: str, path: str) -> list[Cause]:
    check = validate_container_resource_name if kind in ("Pod", "Container") else validate_resource_name
    causes: list[Cause] = []
    for word in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        if word == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            bounded = any("storage" in (item.get(bound) or {}) for bound in ("min", "max"))
            causes += [] if bounded else [required(f"{path}.limits", NO_BOUND)]
        if word in _bounds(kind):
            causes += [
                cause for name in sorted(item.get(word) or {}) for cause in check(name, f"{path}.{word}[{name}]")
            ]
        elif item.get(word):
            causes.append(forbidden(f"{path}.{word}", NOT_FOR_PODS))
    return causes


class _Amounts:
    """All that one entry says of one resource."""

    def __init__(self, item: Value, kind: str, name: str) -> None:
        self.name = name
        amounts = {word: (item.get(word) or {}).get(name) for word in _bounds(kind)}
        self.min, self.max, self.ratio = amounts["min"], amounts["max"], amounts["maxLimitRequestRatio"]
        self.default, self.request = amounts.get("default"), amounts.get("defaultRequest")

    def causes(self, path: str) -> list[Cause]:
        """Least ≤ default request ≤ default ≤ most."""
        causes = self._order(f"{path}.min", self.min, ("min", self.min), ("max", self.max))
        where = f"{path}.defaultRequest"
        for low, high in (
            (("min", self.min), ("default request", self.request)),
            (("default request", self.request), ("max", self.max)),
            (("default request", self.request), ("default limit", self.default)),
        ):
            causes += self._order(where, self.request, low, high)
        causes += self._order(f"{path}.default", self.min, ("min", self.min), ("default", self.default))
        causes += self._order(f"{path}.default", self.max, ("default", self.default), ("max", self.max))
        causes += self._ratio(f"{path}.maxLimitRequestRatio[{self.name}]")
        if self.default is not None and self.request is not None and not may_overcommit(self.name):
            causes += self._equal(self.default, self.request, f"{where}[{self.name}]")
        return causes

    def _order(self, path: str, shown: Any, low: tuple[str, Any], high: tuple[str, Any]) -> list[Cause]:
        if low[1] is None or high[1] is None or compare(low[1], high[1]) <= 0:
            return []
        words = f"{low[0]} value {canonical(low[1])} is greater than {high[0]} value {canonical(high[1])}"
        return [invalid(f"{path}[{self.name}]", canonical(shown), words)]

    def _equal(self, limit: Any, request: Any, path: str) -> list[Cause]:
        """A resource that cannot be overcommitted has one amount."""
        if compare(limit, request) == 0:
            return []
        words = f"default value {limit} must equal to defaultRequest value {request} in {self.name}"
        return [invalid(path, request, words)]

    def _ratio(self, path: str) -> list[Cause]:
        if self.ratio is None:
            return []
        ratio, shown = parse(self.ratio).number, canonical(self.ratio)
        causes = [] if ratio >= 1 else [invalid(path, shown, f"ratio {shown} is less than 1")]
        if self.min is not None and self.max is not None and (least := parse(self.min).number):
            limit = parse(self.max).number / least
            if ratio > limit:
                causes.append(invalid(path, shown, f"ratio {shown} is greater than max/min = {limit:f}"))
        return causes
