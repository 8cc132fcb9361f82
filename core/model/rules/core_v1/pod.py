"""Pods and pod templates: defaults, what a new pod starts with, and the checks on its spec and status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, invalid, malformed, not_supported, required
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import keep
from sampan.core.model.rules.core_v1.containers import image_spaces
from sampan.core.model.rules.core_v1.label_keys import merge_label_keys
from sampan.core.model.rules.core_v1.pod_defaults import default_pod, default_template
from sampan.core.model.rules.core_v1.pod_spec import validate_pod_annotations, validate_pod_spec, validate_template
from sampan.core.model.rules.core_v1.pod_update import (
    ephemeral_containers_changes,
    resize_changes,
    resized,
    spec_changes,
)
from sampan.core.model.rules.core_v1.qos import qos_class

Value = Mapping[str, Any]

SYSTEM_CONDITIONS: Final = frozenset({"PodScheduled", "Ready", "Initialized"})


def validate_pod(pod: Value, path: str) -> list[Cause]:
    """Annotations and spec of a pod (its metadata has been checked)."""
    meta, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    causes = validate_pod_annotations(meta.get("annotations") or {}, spec, "metadata.annotations")
    causes += validate_pod_spec(spec, "spec", pod_name=meta.get("name") or "", is_pod=True)
    if not spec.get("serviceAccountName"):
        causes += _tokens_without_account(spec)
    for word in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(word) or ()):
            causes += image_spaces(container, f"spec.{word}[{index}]")
    return causes


def _tokens_without_account(spec: Value) -> list[Cause]:
    words = "must not be specified when serviceAccountName is not set"
    return [
        forbidden(f"spec.volumes[{index}].projected.sources[{number}].serviceAccountToken", words)
        for index, volume in enumerate(spec.get("volumes") or ())
        for number, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if source.get("serviceAccountToken") is not None
    ]


class PodRules(KindRules):
    revalidates_metadata = True
    graceful = True

    def default(self, obj: JsonObject) -> None:
        if obj.get("spec") is not None:
            default_pod(obj["spec"])

    def prepare_create(self, obj: JsonObject) -> None:
        spec = obj.setdefault("spec", {})
        merge_label_keys(spec, obj["metadata"].get("labels") or {})
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
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
            _keep_observed(status, before)
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
        if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
            return 0
        return int(period) if period is not None and period >= 0 else 1


ALL = "RestartAllContainers"
"""The action of a rule by which every container of the pod may run again."""


def _keep_observed(status: JsonObject, before: Value) -> None:
    """Generations that a writer who knows nothing of them leaves out stay, for each type in the order of its conditions."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    known: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        known.setdefault(condition.get("type") or "", []).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or ():
        generations = known.get(condition.get("type") or "")
        generation = generations.pop(0) if generations else 0
        if generation and not condition.get("observedGeneration"):
            condition["observedGeneration"] = generation


def validate_pod_status(pod: Value, old: Value) -> list[Cause]:
    status, before = pod.get("status") or {}, old.get("status") or {}
    causes = []
    for index, condition in enumerate(status.get("conditions") or ()):
        if condition.get("type") not in SYSTEM_CONDITIONS:
            where = f"metadata.conditions[{index}].Type"
            causes += malformed(where, condition.get("type") or "", "qualified-name")
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        causes += malformed("status.nominatedNodeName", nominated, "dns1123-subdomain")
    causes += changed("status.qosClass", status.get("qosClass"), before.get("qosClass"))
    spec = old.get("spec") or {}
    policy = spec.get("restartPolicy", "Always")
    mains, inits = spec.get("containers") or (), spec.get("initContainers") or ()
    anew = any(rule.get("action") == ALL for each in (*inits, *mains) for rule in each.get("restartPolicyRules") or ())
    for word, specs in (
        ("containerStatuses", mains),
        ("initContainerStatuses", inits),
        ("ephemeralContainerStatuses", ()),
    ):
        if not (anew and specs):
            causes += _restarts(status.get(word) or (), before.get(word) or (), f"status.{word}", policy, specs)
    return causes + _addresses(status)


def _restarts(
    new: Iterable[Value], old: Iterable[Value], path: str, policy: str, specs: Iterable[Value]
) -> list[Cause]:
    """A container that has ended for good may not run again."""
    causes = []
    spec_of = {each.get("name"): each for each in specs}
    by_name = {each.get("name"): each for each in new}
    for index, each in enumerate(old):
        ended = (each.get("state") or {}).get("terminated")
        spec = spec_of.get(each.get("name"))
        if ended is None or (spec is not None and _may_run_again(spec, policy, ended.get("exitCode") or 0)):
            continue
        now = by_name.get(each.get("name"))
        if now is not None and (now.get("state") or {}).get("terminated") is None:
            causes.append(forbidden(f"{path}[{index}].state", "may not be transitioned to non-terminated state"))
    return causes


def _may_run_again(container: Value, policy: str, code: int) -> bool:
    """By its own rules, else by its own policy, else by the pod's."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes")
        if codes and (code in (codes.get("values") or ())) == (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or policy
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _addresses(status: Value) -> list[Cause]:
    causes = []
    for index, address in enumerate(status.get("podIPs") or ()):
        causes += malformed(f"status.podIPs[{index}]", address.get("ip") or "", "ip")
    hosts = status.get("hostIPs") or ()
    if hosts and hosts[0].get("ip") != status.get("hostIP"):
        causes.append(invalid("status.hostIPs[0].ip", hosts[0].get("ip"), "must be equal to `hostIP`"))
    for index, address in enumerate(hosts):
        causes += malformed(f"status.hostIPs[{index}]", address.get("ip") or "", "ip")
    return causes


class PodTemplateRules(KindRules):
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
