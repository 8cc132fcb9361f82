"""Nodes, with the pods that run on them and what these have asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cmp_to_key
from typing import Any

from sampan.cli.describe.text import Lines, Object, annotation_lines, label_lines, metadata, moment
from sampan.cli.session import Session
from sampan.core.model.age import age
from sampan.core.model.quantity import add, compare, parse

_ROLE = "node-role.kubernetes.io/"


def describe_node(session: Session, obj: Object) -> Lines:
    about, spec, status = metadata(obj), obj.get("spec") or {}, obj.get("status") or {}
    roles = sorted(label.removeprefix(_ROLE) for label in about.get("labels") or {} if label.startswith(_ROLE))
    taints = [f"{taint['key']}{_value(taint)}:{taint['effect']}" for taint in spec.get("taints") or []]
    lines = [
        f"Name:\t{about['name']}",
        f"Roles:\t{','.join(roles) or '<none>'}",
        *label_lines("Labels", about.get("labels")),
        *annotation_lines("Annotations", about.get("annotations")),
        f"CreationTimestamp:\t{moment(about.get('creationTimestamp'))}",
        f"Taints:\t{taints[0] if taints else '<none>'}",
        *(f"\t{taint}" for taint in taints[1:]),
        f"Unschedulable:\t{'true' if spec.get('unschedulable') else 'false'}",
        *_conditions(status),
        "Addresses:",
        *(f"  {each['type']}:\t{each['address']}" for each in status.get("addresses") or []),
        *_amounts("Capacity", status.get("capacity")),
        *_amounts("Allocatable", status.get("allocatable")),
        *_system(status.get("nodeInfo") or {}),
    ]
    lines += [f"PodCIDR:\t{spec['podCIDR']}"] if spec.get("podCIDR") else []
    lines += [f"PodCIDRs:\t{','.join(spec['podCIDRs'])}"] if spec.get("podCIDRs") else []
    return lines + _pods(session, obj)


def _value(taint: Object) -> str:
    return f"={taint['value']}" if taint.get("value") else ""


def _conditions(status: Object) -> Lines:
    lines = [
        "Conditions:",
        "  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage",
        "  ----\t------\t-----------------\t------------------\t------\t-------",
    ]
    for each in status.get("conditions") or []:
        times = f"{moment(each.get('lastHeartbeatTime'))}\t{moment(each.get('lastTransitionTime'))}"
        lines.append(
            f"  {each['type']} \t{each['status']} \t{times} \t{each.get('reason', '')} \t{each.get('message', '')}"
        )
    return lines


def _amounts(title: str, amounts: Object | None) -> Lines:
    return [f"{title}:", *(f"  {name}:\t{value}" for name, value in sorted((amounts or {}).items()))]


def _system(info: Object) -> Lines:
    titles = {
        "Machine ID": "machineID",
        "System UUID": "systemUUID",
        "Boot ID": "bootID",
        "Kernel Version": "kernelVersion",
        "OS Image": "osImage",
        "Operating System": "operatingSystem",
        "Architecture": "architecture",
        "Container Runtime Version": "containerRuntimeVersion",
        "Kubelet Version": "kubeletVersion",
    }
    return ["System Info:", *(f"  {title}:\t{info.get(key, '')}" for title, key in titles.items())]


def _pods(session: Session, obj: Object) -> Lines:
    """The pods that have not ended, their requests and limits, and the sums."""
    name = metadata(obj)["name"]
    query = {"fieldSelector": f"spec.nodeName={name},status.phase!=Failed,status.phase!=Succeeded"}
    pods: list[dict[str, Any]] = session.api.get("/api/v1/pods", query)["items"]
    allocatable = (obj.get("status") or {}).get("allocatable") or {}
    lines = [
        f"Non-terminated Pods:\t({len(pods)} in total)",
        "  Namespace\tName\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge",
        "  ---------\t----\t------------\t----------\t---------------\t-------------\t---",
    ]
    now = datetime.now(UTC)
    for pod in pods:
        about = pod["metadata"]
        cells = [
            _share([pod], side, what, allocatable) for what in ("cpu", "memory") for side in ("requests", "limits")
        ]
        started = age(about["creationTimestamp"], now)
        lines.append("  " + "\t".join([about["namespace"], about["name"], *cells, started]))
    lines += [
        "Allocated resources:",
        "  (Total limits may be over 100 percent, i.e., overcommitted.)",
        "  Resource\tRequests\tLimits",
        "  --------\t--------\t------",
    ]
    for what in ("cpu", "memory", "ephemeral-storage"):
        lines.append(
            "  " + "\t".join([what, *(_share(pods, side, what, allocatable) for side in ("requests", "limits"))])
        )
    return lines


def _share(pods: Sequence[Object], side: str, what: str, allocatable: Object) -> str:
    """A sum over pods, and its part of what the node has: ``250m (12%)``."""
    total = add("0", *(_of_pod(pod, side, what) for pod in pods))
    whole = parse(allocatable.get(what, "0")).number
    percent = int(parse(total).number * 100 / whole) if whole else 0
    return f"{total} ({percent}%)"


def _of_pod(pod: Object, side: str, what: str) -> str:
    """What all containers together need, or one init container alone, whichever is more."""
    spec = pod["spec"]

    def of(container: Object) -> str:
        return str(((container.get("resources") or {}).get(side) or {}).get(what, "0"))

    most: str = add("0", *(of(each) for each in spec.get("containers") or []))
    for each in spec.get("initContainers") or []:
        most = max(most, of(each), key=cmp_to_key(compare))
    return most
