"""StatefulSet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, malformed, negative, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.common.metadata import validate_annotations, validate_labels
from sampan.core.model.rules.common.workloads import (
    MISMATCH,
    amount,
    at_most_all,
    count_or_percent,
    never_less,
    parts_of_replicas,
    unusable_selector,
    validate_lasting_template,
    validate_own_selector,
)
from sampan.core.model.rules.core_v1.claim_spec import size_warnings, validate_claim_spec
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_spec import validate_pod_annotations
from sampan.core.model.rules.core_v1.pod_warnings import pod_warnings

Value = Mapping[str, Any]

COUNTS: Final = (
    "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration",
    "collisionCount",
)  # fmt: skip
CHANGEABLE: Final = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
FIXED: Final = (
    f"updates to statefulset spec for fields other than {', '.join(repr(word) for word in CHANGEABLE[:-1])} "
    f"and '{CHANGEABLE[-1]}' are forbidden"
)
RETENTION: Final = ("Retain", "Delete")
KEEPS_ALL: Final = (
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
)


class StatefulSetRules(KindRules):
    lasting_fields = ("spec.serviceName", "spec.volumeClaimTemplates")

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings((obj.get("spec") or {}).get("template") or {}, "spec.template")

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        default_template(spec.get("template"))
        strategy = spec.setdefault("updateStrategy", {})
        if not strategy.get("type"):
            strategy["type"] = "RollingUpdate"
            strategy.setdefault("rollingUpdate", {})
        if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
            strategy["rollingUpdate"].setdefault("partition", 0)
        if strategy.get("rollingUpdate") is not None:
            strategy["rollingUpdate"].pop("maxUnavailable", None)  # of a feature that is off by default
        retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
        for word in ("whenDeleted", "whenScaled"):
            retention[word] = retention.get(word) or "Retain"
        for claim in spec.get("volumeClaimTemplates") or ():
            claim.update(kind="PersistentVolumeClaim", apiVersion="v1")
            claim.setdefault("status", {}).setdefault("phase", "Pending")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return _status(obj.get("status") or {}, old.get("status") or {})
        # A name that is left out is written as an empty one.
        lasting, before = ({"serviceName": "", **each["spec"], **dict.fromkeys(CHANGEABLE)} for each in (obj, old))
        return [] if lasting == before else [forbidden("spec", FIXED)]

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        spec = obj["spec"]
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            yield from size_warnings(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}]")
        if (spec.get("revisionHistoryLimit") or 0) < 0:
            yield KEEPS_ALL


def validate_stateful_set(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = _management(spec.get("podManagementPolicy") or "")
    causes += _strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for word in ("whenDeleted", "whenScaled"):
        if retention and retention.get(word) not in RETENTION:
            where = f"spec.persistentVolumeClaimRetentionPolicy.{word}"
            causes.append(not_supported(where, retention.get(word) or "", RETENTION))
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        causes += validate_claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    for word in ("replicas", "minReadySeconds"):
        causes += negative(f"spec.{word}", spec.get(word))
    causes += negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    causes += malformed("spec.serviceName", spec["serviceName"], "dns1123-label") if spec.get("serviceName") else []
    causes += validate_own_selector(spec.get("selector"), "spec.selector", "statefulset")
    return causes + (unusable_selector(spec.get("selector"), "spec.selector") or _template(spec))


def _management(policy: str) -> list[Cause]:
    path = "spec.podManagementPolicy"
    if not policy:
        return [required(path)]
    known = policy in ("OrderedReady", "Parallel")
    return [] if known else [invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")]


def _strategy(strategy: Value, path: str) -> list[Cause]:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        words = "only allowed for updateStrategy 'RollingUpdate'"
        return [] if rolling is None else [invalid(f"{path}.rollingUpdate", _as_kept(rolling), words)]
    if kind != "RollingUpdate":
        shown = {"Type": kind, "RollingUpdate": None if rolling is None else _as_kept(rolling)}
        return [invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    causes = negative(f"{path}.rollingUpdate.partition", rolling.get("partition"))
    if (unavailable := rolling.get("maxUnavailable")) is not None:
        where = f"{path}.rollingUpdate.maxUnavailable"
        causes += count_or_percent(unavailable, where)
        if amount(unavailable) == 0:
            causes.append(invalid(where, unavailable, "cannot be 0"))
        causes += at_most_all(unavailable, where)
    return causes


def _as_kept(rolling: Value) -> Value:
    """The strategy under the names that Kubernetes' messages use."""
    return {"Partition": rolling.get("partition") or 0, "MaxUnavailable": rolling.get("maxUnavailable")}


def _template(spec: Value) -> list[Cause]:
    """The template with the volumes that each pod gets, and without the names that each pod has for itself."""
    path, selector, template = "spec.template", spec.get("selector"), spec.get("template") or {}
    meta, pod = template.get("metadata") or {}, dict(template.get("spec") or {})
    labels = meta.get("labels")
    causes: list[Cause] = []
    empty = selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")
    if not empty and not matches_selector(selector or {}, labels or {}):
        causes.append(invalid(f"{path}.metadata.labels", labels, MISMATCH))
    claims = [(claim.get("metadata") or {}).get("name") or "" for claim in spec.get("volumeClaimTemplates") or ()]
    pod |= {"subdomain": None, "hostname": None, "volumes": _volumes(claims, pod.get("volumes") or ())}
    checked = validate_lasting_template({**template, "spec": pod}, path, "StatefulSet")
    lasting = {f"{path}.spec.restartPolicy", f"{path}.spec.activeDeadlineSeconds"}
    causes += [cause for cause in checked if cause.field not in lasting]
    causes += validate_labels(labels or {}, f"{path}.labels")
    annotations = meta.get("annotations") or {}
    causes += validate_annotations(annotations, f"{path}.annotations")
    causes += validate_pod_annotations(annotations, pod, f"{path}.annotations")
    return causes + [cause for cause in checked if cause.field in lasting]


def _volumes(claims: Sequence[str], volumes: Sequence[Value]) -> list[Value]:
    """A claim takes the place of a volume of its name."""
    made = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in dict.fromkeys(claims)]
    return [*made, *(volume for volume in volumes if volume.get("name") not in claims)]


def _status(status: Value, old: Value) -> list[Cause]:
    causes = [cause for word in COUNTS for cause in negative(f"status.{word}", status.get(word))]
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    causes += parts_of_replicas(status, parts, "status.readyReplicas")
    return causes + never_less(status, old, "collisionCount")
