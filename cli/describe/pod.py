"""Pods, and the pod templates in other objects."""

from __future__ import annotations

from datetime import UTC, datetime

from sampan.cli.describe.containers import container_lines
from sampan.cli.describe.text import (
    Lines,
    Object,
    annotation_lines,
    condition_lines,
    controlled_by,
    label_lines,
    metadata,
    moment,
    toleration_lines,
)
from sampan.cli.describe.volumes import volume_lines
from sampan.cli.session import Session
from sampan.core.model.age import age


def describe_pod(_session: Session, pod: Object) -> Lines:
    about, spec, status = metadata(pod), pod["spec"], pod.get("status") or {}
    lines = [f"Name:\t{about['name']}", f"Namespace:\t{about['namespace']}"]
    lines += [f"Priority:\t{spec['priority']}"] if spec.get("priority") is not None else []
    lines += [f"Priority Class Name:\t{spec['priorityClassName']}"] if spec.get("priorityClassName") else []
    lines += [f"Service Account:\t{spec['serviceAccountName']}"] if spec.get("serviceAccountName") else []
    node = f"{spec['nodeName']}/{status.get('hostIP', '')}" if spec.get("nodeName") else "<none>"
    lines.append(f"Node:\t{node}")
    lines += [f"Start Time:\t{moment(status['startTime'])}"] if status.get("startTime") else []
    lines += label_lines("Labels", about.get("labels")) + annotation_lines("Annotations", about.get("annotations"))
    lines += _status(pod) + _addresses(status) + controlled_by(pod)
    for title, key in (("Init Containers", "init"), ("Containers", ""), ("Ephemeral Containers", "ephemeral")):
        field = f"{key}Containers" if key else "containers"
        if spec.get(field):
            lines += container_lines(
                title, spec[field], status.get(f"{key}ContainerStatuses" if key else "containerStatuses")
            )
    lines += condition_lines(status.get("conditions"), reasons=False) + volume_lines(spec.get("volumes"))
    lines += [f"QoS Class:\t{status['qosClass']}"] if status.get("qosClass") else []
    return (
        lines
        + label_lines("Node-Selectors", spec.get("nodeSelector"))
        + toleration_lines("Tolerations", spec.get("tolerations"))
    )


def _status(pod: Object) -> Lines:
    about, status = metadata(pod), pod.get("status") or {}
    if deleted := about.get("deletionTimestamp"):
        lines = [
            f"Status:\tTerminating (lasts {age(deleted, datetime.now(UTC))})",
            f"Termination Grace Period:\t{about.get('deletionGracePeriodSeconds', 0)}s",
        ]
    else:
        lines = [f"Status:\t{status.get('phase', '')}"]
    lines += [f"Reason:\t{status['reason']}"] if status.get("reason") else []
    return lines + ([f"Message:\t{status['message']}"] if status.get("message") else [])


def _addresses(status: Object) -> Lines:
    found = status.get("podIPs") or []
    below = ["IPs:", *(f"  IP:\t{each['ip']}" for each in found)] if found else ["IPs:\t<none>"]
    return [f"IP:\t{status.get('podIP', '')}", *below]


def template_lines(template: Object) -> Lines:
    """``Pod Template:``, as Deployments and ReplicaSets have it."""
    about, spec = metadata(template), template.get("spec") or {}
    lines = ["Pod Template:", *label_lines("  Labels", about.get("labels"))]
    lines += annotation_lines("  Annotations", about["annotations"]) if about.get("annotations") else []
    lines += [f"  Service Account:\t{spec['serviceAccountName']}"] if spec.get("serviceAccountName") else []
    for title, key in (("Init Containers", "initContainers"), ("Containers", "containers")):
        if spec.get(key):
            lines += container_lines(title, spec[key], space="  ")
    lines += volume_lines(spec.get("volumes"), space="  ")
    lines += [f"  Priority Class Name:\t{spec['priorityClassName']}"] if spec.get("priorityClassName") else []
    lines += label_lines("  Node-Selectors", spec.get("nodeSelector"))
    return lines + toleration_lines("  Tolerations", spec.get("tolerations"))
