"""RuntimeClass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, duplicate, malformed, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.metadata import validate_labels
from sampan.core.model.rules.core_v1.affinity import validate_tolerations
from sampan.core.model.rules.core_v1.pod_warnings import OLD_LABELS
from sampan.core.model.rules.core_v1.resources import validate_resources

Value = Mapping[str, Any]


class RuntimeClassRules(KindRules):
    any_finalizer = True
    revalidates_metadata = 1

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        for key in (obj.get("scheduling") or {}).get("nodeSelector") or ():
            if key in OLD_LABELS:
                yield f"scheduling.nodeSelector: {OLD_LABELS[key]}"

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return changed("handler", obj.get("handler"), old.get("handler"))


def validate_runtime_class(obj: Value, path: str) -> list[Cause]:
    handler, overhead, scheduling = obj.get("handler") or "", obj.get("overhead"), obj.get("scheduling")
    causes = malformed("handler", handler, "dns1123-label") if handler else [required("handler")]
    if overhead is not None:
        causes += validate_resources({"limits": overhead.get("podFixed")}, "overhead")
    if scheduling is not None:
        causes += validate_labels(scheduling.get("nodeSelector") or {}, "scheduling.nodeSelector")
        causes += _tolerations(scheduling.get("tolerations") or (), "scheduling.tolerations")
    return causes


def _tolerations(tolerations: Sequence[Value], path: str) -> list[Cause]:
    """Also no two that tolerate the same."""
    causes = validate_tolerations(tolerations, path)
    seen = []
    for index, toleration in enumerate(tolerations):
        said = [toleration.get(word) or "" for word in ("key", "operator", "value", "effect")]
        if said in seen:
            causes.append(duplicate(f"{path}[{index}]", _as_kept(toleration)))
        seen.append(said)
    return causes


def _as_kept(toleration: Value) -> Value:
    """The toleration under the names that Kubernetes' messages use."""
    return {
        "Key": toleration.get("key") or "",
        "Operator": toleration.get("operator") or "",
        "Value": toleration.get("value") or "",
        "Effect": toleration.get("effect") or "",
        "TolerationSeconds": toleration.get("tolerationSeconds"),
    }
