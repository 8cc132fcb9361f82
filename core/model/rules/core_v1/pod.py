"""Pods and pod templates: defaults, what a new pod starts with, and the checks on its spec and status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, not_supported, required
from sampan.core.model.cleared import Cleared, Recurring
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import keep
from sampan.core.model.rules.core_v1.containers import image_spaces
from sampan.core.model.rules.core_v1.label_keys import merge_label_keys
from sampan.core.model.rules.core_v1.pod_defaults import default_pod, default_template
from sampan.core.model.rules.core_v1.pod_resize import resize_changes, resized
from sampan.core.model.rules.core_v1.pod_spec import validate_pod_annotations, validate_pod_spec, validate_template
from sampan.core.model.rules.core_v1.pod_status import agree_on_addresses, keep_observed, validate_pod_status
from sampan.core.model.rules.core_v1.pod_update import (
    ephemeral_containers_changes,
    spec_changes,
)
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings, pod_warnings
from sampan.core.model.rules.core_v1.qos import qos_class
from sampan.core.model.rules.core_v1.volumes import names_claims

Value = Mapping[str, Any]


def validate_pod(pod: Value, path: str) -> list[Cause]:
    """Annotations and spec of a pod (its metadata has been checked)."""
    meta, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    name = meta.get("name") or ""
    causes = validate_pod_annotations(meta.get("annotations") or {}, spec, "metadata.annotations")
    return causes + checked_spec(spec, name if names_claims(spec) else name and ANY_NAME)


def _check_spec(spec: Value, pod_name: str) -> list[Cause]:
    causes = validate_pod_spec(spec, "spec", pod_name=pod_name, is_pod=True)
    if not spec.get("serviceAccountName"):
        causes += _tokens_without_account(spec)
    for word in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(word) or ()):
            causes += image_spaces(container, f"spec.{word}[{index}]")
    return causes


checked_spec: Final = Cleared(_check_spec)
ANY_NAME: Final = "any"
"""The name of a pod that has no volume which is named after it."""


def _tokens_without_account(spec: Value) -> list[Cause]:
    words = "must not be specified when serviceAccountName is not set"
    return [
        forbidden(f"spec.volumes[{index}].projected.sources[{number}].serviceAccountToken", words)
        for index, volume in enumerate(spec.get("volumes") or ())
        for number, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if source.get("serviceAccountToken") is not None
    ]


def _warnings(metadata: Value, spec: Value | None) -> Iterable[str]:
    return pod_warnings({"metadata": metadata, "spec": spec})


told_of: Final = Cleared(_warnings)


_classes: Final = Recurring[str]()
"""By spec, as pods of one template have one class."""


class PodRules(KindRules):
    revalidates_metadata = 1
    graceful = True

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        """Of a pod that is there nobody is told: its writers are mostly not people."""
        yield from name_warnings(obj, "the Pod's hostname")
        yield from told_of({"annotations": obj["metadata"].get("annotations")}, obj.get("spec"))

    def default(self, obj: JsonObject) -> None:
        if obj.get("spec") is not None:
            default_pod(obj["spec"])
        agree_on_addresses(obj.get("status") or {})

    def prepare_create(self, obj: JsonObject) -> None:
        spec = obj.setdefault("spec", {})
        merge_label_keys(spec, obj["metadata"].get("labels") or {})
        obj["status"] = {"phase": "Pending", "qosClass": _classes.made("qos", spec, lambda: qos_class(spec))}
        if spec.get("schedulingGates"):
            obj["status"]["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": obj["metadata"].get("creationTimestamp"),
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if subresource == "status":
            keep(obj["metadata"], old["metadata"], "deletionTimestamp")
            keep(obj["metadata"], old["metadata"], "ownerReferences")
            status, before = obj.setdefault("status", {}), old.get("status") or {}
            status.setdefault("qosClass", before.get("qosClass", ""))
            keep_observed(status, before)
        elif subresource == "ephemeralcontainers":
            wanted = (obj.get("spec") or {}).get("ephemeralContainers")
            obj["spec"] = {**old["spec"]}
            if wanted:
                obj["spec"]["ephemeralContainers"] = wanted
        elif subresource == "resize":
            obj["spec"] = resized(obj.get("spec") or {}, old["spec"])

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        spec = obj.get("spec") or {}
        if spec.get("ephemeralContainers"):
            yield forbidden("spec.ephemeralContainers", "cannot be set on create")
        if spec.get("nodeName") and spec.get("schedulingGates"):
            yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return validate_pod_status(obj, old)
        if subresource == "ephemeralcontainers":
            return ephemeral_containers_changes(obj, old)
        if subresource == "resize":
            return resize_changes(obj, old)
        return spec_changes(obj, old)

    def grace_period(self, obj: Mapping[str, Any], requested: int | None) -> int:
        """The request's, else the pod's; none for a pod that no node has or that has ended."""
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        period = requested if requested is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or status.get("phase") in FINISHED:
            return 0
        return int(period) if period is not None and period >= 0 else 1


class PodTemplateRules(KindRules):
    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings(obj.get("template") or {}, "template")

    def default(self, obj: JsonObject) -> None:
        default_template(obj.get("template"))

    def generation_input(self, obj: Mapping[str, Any]) -> Json:
        return obj.get("template")


def validate_pod_template(obj: Value, path: str) -> list[Cause]:
    return validate_template(obj.get("template") or {}, "template")


def validate_binding(obj: Value, path: str) -> list[Cause]:
    """The target must be a node, by name."""
    target = obj.get("target") or {}
    causes = []
    if target.get("kind") not in (None, "", "Node"):
        causes.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        causes.append(required("target.name"))
    return causes
