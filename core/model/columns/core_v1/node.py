"""The columns of Nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE, UNKNOWN
from sampan.core.model.conditions import find_wire
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

ROLE_PREFIX: Final = "node-role.kubernetes.io/"
ROLE_LABEL: Final = "kubernetes.io/role"


def _status(obj: Value) -> Value:
    return obj.get("status") or {}


def _node_status(obj: Value, now: datetime) -> str:
    ready = find_wire(obj, "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if (obj.get("spec") or {}).get("unschedulable") else word


def _roles(obj: Value, now: datetime) -> str:
    labels = (obj.get("metadata") or {}).get("labels") or {}
    roles = {key.removeprefix(ROLE_PREFIX) for key in labels if key.startswith(ROLE_PREFIX)} - {""}
    if labels.get(ROLE_LABEL):
        roles.add(labels[ROLE_LABEL])
    return ",".join(sorted(roles)) or NONE


def _address(kind: str) -> Callable[[Value, datetime], str]:
    def cell(obj: Value, now: datetime) -> str:
        addresses = _status(obj).get("addresses") or ()
        return next((each.get("address") or "" for each in addresses if each.get("type") == kind), NONE)

    return cell


def _about(word: str, missing: str) -> Callable[[Value, datetime], str]:
    return lambda obj, now: (_status(obj).get("nodeInfo") or {}).get(word) or missing


def _kernel(obj: Value, now: datetime) -> str:
    about = _status(obj).get("nodeInfo") or {}
    kernel, architecture = about.get("kernelVersion") or UNKNOWN, about.get("architecture")
    return f"{kernel} ({architecture})" if architecture else kernel


NODE_COLUMNS: Final = (
    NAME,
    Column(name="Status", cell=_node_status),
    Column(name="Roles", cell=_roles),
    AGE,
    Column(name="Version", cell=_about("kubeletVersion", "")),
    Column(name="Internal-IP", cell=_address("InternalIP"), priority=1),
    Column(name="External-IP", cell=_address("ExternalIP"), priority=1),
    Column(name="OS-Image", cell=_about("osImage", UNKNOWN), priority=1),
    Column(name="Kernel-Version", cell=_kernel, priority=1),
    Column(name="Container-Runtime", cell=_about("containerRuntimeVersion", UNKNOWN), priority=1),
)
