"""The columns of namespaces, nodes, events, leases, and of what pods are given to run with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.age import age
from sampan.core.model.columns.words import AGE, NAME, NONE, UNKNOWN
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

ROLE_PREFIX: Final = "node-role.kubernetes.io/"
ROLE_LABEL: Final = "kubernetes.io/role"


def _status(obj: Value) -> Value:
    return obj.get("status") or {}


NAMESPACE_COLUMNS: Final = (NAME, Column(name="Status", cell=lambda obj, now: _status(obj).get("phase") or ""), AGE)


def _node_status(obj: Value, now: datetime) -> str:
    ready = next((each for each in _status(obj).get("conditions") or () if each.get("type") == "Ready"), None)
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

CONFIG_MAP_COLUMNS: Final = (
    NAME,
    Column(name="Data", cell=lambda obj, now: len(obj.get("data") or {}) + len(obj.get("binaryData") or {})),
    AGE,
)
SECRET_COLUMNS: Final = (
    NAME,
    Column(name="Type", cell=lambda obj, now: obj.get("type") or ""),
    Column(name="Data", cell=lambda obj, now: len(obj.get("data") or {})),
    AGE,
)
SERVICE_ACCOUNT_COLUMNS: Final = (NAME, AGE)
LEASE_COLUMNS: Final = (
    NAME,
    Column(name="Holder", cell=lambda obj, now: (obj.get("spec") or {}).get("holderIdentity") or ""),
    AGE,
)


def _first_seen(obj: Value, now: datetime) -> str:
    return age(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _last_seen(obj: Value, now: datetime) -> str:
    if series := obj.get("series"):
        return age(series.get("lastObservedTime"), now)
    last = obj.get("lastTimestamp")
    return age(last, now) if last else _first_seen(obj, now)


def _about_object(obj: Value, now: datetime) -> str:
    about = obj.get("involvedObject") or {}
    kind, name = (about.get("kind") or "").lower(), about.get("name")
    return f"{kind}/{name}" if name else kind


def _source(obj: Value, now: datetime) -> str:
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    instance = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def _times(obj: Value, now: datetime) -> int:
    series = obj.get("series")
    return (series.get("count") or 0) if series else obj.get("count") or 1


EVENT_COLUMNS: Final = (
    Column(name="Last Seen", cell=_last_seen),
    Column(name="Type", cell=lambda obj, now: obj.get("type") or ""),
    Column(name="Reason", cell=lambda obj, now: obj.get("reason") or ""),
    Column(name="Object", cell=_about_object),
    Column(
        name="Subobject", cell=lambda obj, now: (obj.get("involvedObject") or {}).get("fieldPath") or "", priority=1
    ),
    Column(name="Source", cell=_source, priority=1),
    Column(name="Message", cell=lambda obj, now: (obj.get("message") or "").strip()),
    Column(name="First Seen", cell=_first_seen, priority=1),
    Column(name="Count", cell=_times, priority=1),
    Column(name="Name", cell=".metadata.name", format="name", priority=1),
)
