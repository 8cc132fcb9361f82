"""ReplicaSet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, negative
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.workloads import (
    validate_own_selector,
    validate_replica_status,
    validate_selected_template,
)
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings, pod_warnings

Value = Mapping[str, Any]


class ReplicaSetRules(KindRules):
    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return name_warnings(obj)

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings((obj.get("spec") or {}).get("template") or {}, "spec.template")

    def default(self, obj: JsonObject) -> None:
        default_template((obj.get("spec") or {}).get("template"))

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return validate_replica_status(obj.get("status") or {})
        return changed("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))


def validate_replica_set(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = negative("spec.replicas", spec.get("replicas"))
    causes += negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += validate_own_selector(spec.get("selector"), "spec.selector", "deployment")
    return causes + validate_selected_template(spec)
