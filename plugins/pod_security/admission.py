"""The admission plugin PodSecurity: pods are held to what their namespace asks, and their authors told.

https://kubernetes.io/docs/concepts/security/pod-security-admission/. ``enforce`` refuses pods; ``warn`` speaks to whoever
makes a pod, or something with a pod template; ``audit`` goes into the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.schema.refusal import invalid_object
from sampan.core.schema.resource import resource_of
from sampan.plugins.admission.base import Quiet, forbid
from sampan.plugins.pod_security.checks import LEVELS, evaluate
from sampan.plugins.pod_security.finding import Finding
from sampan.plugins.pod_security.policy import PREFIX, Standard, labels_of, problems, standard

TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}
POD_SUBRESOURCES: Final = ("", "ephemeralcontainers")
MOST_PODS: Final = 3000
"""Pods that a change of a namespace's labels looks at."""

Wire = Mapping[str, Any]


class PodSecurity(Quiet):
    name = "PodSecurity"
    order = 700

    async def validate(self, request: AdmissionRequest) -> None:
        resource = request.info.resource
        if request.obj is None or request.operation not in ("CREATE", "UPDATE"):
            return
        if resource == "namespaces" and not request.subresource:
            _namespace(request, request.obj)
        elif resource == "pods" and request.subresource in POD_SUBRESOURCES:
            if request.operation == "CREATE" or _changes_security(request.obj, request.old or {}):
                _pod(request, request.obj)
        elif resource in TEMPLATES and not request.subresource:
            _template(request, request.obj, TEMPLATES[resource])


def _namespace(request: AdmissionRequest, namespace: Wire) -> None:
    new, old = labels_of(namespace), labels_of(request.old)
    if causes := problems(new, old):
        raise invalid_object(resource_of(Namespace), request.name, causes)
    if request.operation != "UPDATE":
        return
    wanted, before = standard(new, "enforce"), standard(old, "enforce")
    if wanted == before or LEVELS.index(wanted.level) == 0:
        return
    if wanted.version == before.version and LEVELS.index(wanted.level) < LEVELS.index(before.level):
        return
    request.warnings.extend(_existing(request, wanted))


def _existing(request: AdmissionRequest, wanted: Standard) -> list[str]:
    """What there is already that would be refused now: pods of one owner, and with the same faults, are told once."""
    found: dict[str, list[str]] = {}
    for number, pod in enumerate(request.reader.list("pods", request.name)):
        if number >= MOST_PODS:
            break
        findings = evaluate(wanted.level, wanted.version, pod["metadata"], pod.get("spec") or {})
        if findings:
            found.setdefault(", ".join(each.reason for each in findings), []).append(pod["metadata"]["name"])
    if not found:
        return []
    said = [f'existing pods in namespace "{request.name}" violate the new PodSecurity enforce level "{wanted}"']
    for reasons, names in sorted(found.items(), key=lambda item: item[1][0]):
        others = len(names) - 1
        more = f" (and {others} other pod{'s' if others > 1 else ''})" if others else ""
        said.append(f"{sorted(names)[0]}{more}: {reasons}")
    return said


def _pod(request: AdmissionRequest, pod: Wire) -> None:
    labels = labels_of(request.reader.get("namespaces", "", request.namespace))
    enforced = standard(labels, "enforce")
    findings = evaluate(enforced.level, enforced.version, pod["metadata"], pod.get("spec") or {})
    _note(request, labels, pod["metadata"], pod.get("spec") or {}, refused=bool(findings))
    if findings:
        raise forbid(request, f'violates PodSecurity "{enforced}": {_listed(findings)}')


def _template(request: AdmissionRequest, obj: Wire, path: Iterable[str]) -> None:
    template: Any = obj
    for key in path:
        template = (template or {}).get(key) or {}
    labels = labels_of(request.reader.get("namespaces", "", request.namespace))
    _note(request, labels, template.get("metadata") or {}, template.get("spec") or {}, refused=False)


def _note(request: AdmissionRequest, labels: Mapping[str, str], meta: Wire, spec: Wire, *, refused: bool) -> None:
    """Warnings (not where the pod is refused anyway) and annotations of the audit event."""
    warned = standard(labels, "warn")
    if not refused and (findings := evaluate(warned.level, warned.version, meta, spec)):
        request.warnings.append(f'would violate PodSecurity "{warned}": {_listed(findings)}')
    audited = standard(labels, "audit")
    if findings := evaluate(audited.level, audited.version, meta, spec):
        request.audit[f"{PREFIX}audit-violations"] = f'would violate PodSecurity "{audited}": {_listed(findings)}'


def _listed(findings: Iterable[Finding]) -> str:
    return ", ".join(each.text for each in findings)


def _changes_security(new: Wire, old: Wire) -> bool:
    """Whether an update changes anything that the standards look at."""
    return (new.get("spec") or {}) != (old.get("spec") or {}) or _annotations(new) != _annotations(old)


def _annotations(pod: Wire) -> dict[str, str]:
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    return {key: value for key, value in annotations.items() if "apparmor" in key or "seccomp" in key}
