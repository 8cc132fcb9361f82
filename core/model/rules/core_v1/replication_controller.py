"""ReplicationController."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, negative, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.workloads import MISMATCH, validate_lasting_template, validate_replica_status
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings, pod_warnings

Value = Mapping[str, Any]


class ReplicationControllerRules(KindRules):
    checks_prefix = False

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return name_warnings(obj)

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings((obj.get("spec") or {}).get("template") or {}, "spec.template")

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        template = spec.get("template")
        default_template(template)
        labels = ((template or {}).get("metadata") or {}).get("labels")
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not obj["metadata"].get("labels"):
                obj["metadata"]["labels"] = dict(labels)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return validate_replica_status(obj.get("status") or {}) if subresource == "status" else ()


def validate_replication_controller(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector") or {}
    if not selector:
        causes.append(required("spec.selector"))
    causes += negative("spec.replicas", spec.get("replicas"))
    template = spec.get("template")
    if template is None:
        return [*causes, required("spec.template")]
    labels = (template.get("metadata") or {}).get("labels")
    if selector and not selector.items() <= (labels or {}).items():
        causes.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
    return causes + validate_lasting_template(template, "spec.template", "ReplicationController")
