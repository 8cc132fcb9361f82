"""Deployments, ReplicaSets and ReplicationControllers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sampan.cli.describe.pod import template_lines
from sampan.cli.describe.text import (
    Lines,
    Object,
    annotation_lines,
    condition_lines,
    controlled_by,
    label_lines,
    metadata,
    moment,
    selector,
)
from sampan.cli.session import Session

_REVISION = "deployment.kubernetes.io/revision"


def describe_deployment(session: Session, obj: Object) -> Lines:
    about, spec, status = metadata(obj), obj["spec"], obj.get("status") or {}
    strategy = spec.get("strategy") or {}
    lines = [
        f"Name:\t{about['name']}",
        f"Namespace:\t{about['namespace']}",
        f"CreationTimestamp:\t{moment(about.get('creationTimestamp'))}",
        *label_lines("Labels", about.get("labels")),
        *annotation_lines("Annotations", about.get("annotations")),
        f"Selector:\t{selector(spec.get('selector'))}",
        f"Replicas:\t{spec.get('replicas', 1)} desired | {status.get('updatedReplicas', 0)} updated |"
        f" {status.get('replicas', 0)} total | {status.get('availableReplicas', 0)} available |"
        f" {status.get('unavailableReplicas', 0)} unavailable",
        f"StrategyType:\t{strategy.get('type', '')}",
        f"MinReadySeconds:\t{spec.get('minReadySeconds', 0)}",
    ]
    if rolling := strategy.get("rollingUpdate"):
        words = f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge"
        lines.append(f"RollingUpdateStrategy:\t{words}")
    lines += template_lines(spec["template"]) + condition_lines(status.get("conditions"), reasons=True)
    return lines + _replica_sets(session, obj)


def _replica_sets(session: Session, obj: Object) -> Lines:
    about = metadata(obj)
    path = f"/apis/apps/v1/namespaces/{about['namespace']}/replicasets"
    found = session.api.get(path, {"labelSelector": selector(obj["spec"].get("selector"))})["items"]
    owned = [each for each in found if _is_owned(each, about["uid"])]
    revision = (about.get("annotations") or {}).get(_REVISION)
    new = [each for each in owned if (metadata(each).get("annotations") or {}).get(_REVISION) == revision]
    old = [each for each in owned if each not in new]
    return [f"OldReplicaSets:\t{_listed(old)}", f"NewReplicaSet:\t{_listed(new)}"]


def _is_owned(obj: Object, uid: str) -> bool:
    owners = metadata(obj).get("ownerReferences") or []
    return any(owner.get("controller") and owner["uid"] == uid for owner in owners)


def _listed(sets: list[dict[str, Any]]) -> str:
    texts = [
        f"{each['metadata']['name']} ({each['status'].get('replicas', 0)}/{each['spec'].get('replicas', 0)}"
        " replicas created)"
        for each in sets
    ]
    return ", ".join(texts) or "<none>"


def describe_replicas(session: Session, obj: Object) -> Lines:
    """A ReplicaSet or a ReplicationController."""
    about, spec, status = metadata(obj), obj["spec"], obj.get("status") or {}
    return [
        f"Name:\t{about['name']}",
        f"Namespace:\t{about['namespace']}",
        f"Selector:\t{selector(spec.get('selector'))}",
        *label_lines("Labels", about.get("labels")),
        *annotation_lines("Annotations", about.get("annotations")),
        *controlled_by(obj),
        f"Replicas:\t{status.get('replicas', 0)} current / {spec.get('replicas', 1)} desired",
        f"Pods Status:\t{_pod_phases(session, obj)}",
        *template_lines(spec["template"]),
        *condition_lines(status.get("conditions"), reasons=True),
    ]


def _pod_phases(session: Session, obj: Object) -> str:
    about = metadata(obj)
    path = f"/api/v1/namespaces/{about['namespace']}/pods"
    pods = session.api.get(path, {"labelSelector": selector(obj["spec"].get("selector"))})["items"]
    phases = Counter(pod.get("status", {}).get("phase") for pod in pods if _is_owned(pod, about["uid"]))
    return (
        f"{phases['Running']} Running / {phases['Pending']} Waiting /"
        f" {phases['Succeeded']} Succeeded / {phases['Failed']} Failed"
    )
