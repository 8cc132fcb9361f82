"""The columns of Services."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE, labels_text
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

PENDING: Final = "<pending>"


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _cluster_ip(obj: Value, now: datetime) -> str:
    addresses = _spec(obj).get("clusterIPs") or ()
    return addresses[0] if addresses else _spec(obj).get("clusterIP") or NONE


def _external_ip(obj: Value, now: datetime) -> str:
    spec = _spec(obj)
    given = list(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return spec.get("externalName") or ""
    if spec.get("type") != "LoadBalancer":
        return ",".join(given) or NONE
    ingresses = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    balanced = sorted({each.get("ip") or each.get("hostname") or "" for each in ingresses} - {""})
    return ",".join([*balanced, *given]) or PENDING


def _ports(obj: Value, now: datetime) -> str:
    return ",".join(_port(port) for port in _spec(obj).get("ports") or ()) or NONE


def _port(port: Value) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol') or ''}"


SERVICE_COLUMNS: Final = (
    NAME,
    Column(name="Type", cell=lambda obj, now: _spec(obj).get("type") or ""),
    Column(name="Cluster-IP", cell=_cluster_ip),
    Column(name="External-IP", cell=_external_ip),
    Column(name="Port(s)", cell=_ports),
    AGE,
    Column(name="Selector", cell=lambda obj, now: labels_text(_spec(obj).get("selector")), priority=1),
)
