"""The columns of Services and of what is behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.words import AGE, NAME, NONE, labels_text, some_of
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

PENDING: Final = "<pending>"
UNSET: Final = "<unset>"


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


def _host_port(ip: str, port: Any) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _endpoints(obj: Value, now: datetime) -> str:
    """Every address with every port; addresses alone where a headless service has no ports."""
    shown: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [each.get("ip") or "" for each in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        shown += [_host_port(ip, port.get("port")) for port in ports for ip in addresses] if ports else addresses
    return some_of(shown, "" if obj.get("subsets") else NONE)


ENDPOINTS_COLUMNS: Final = (NAME, Column(name="Endpoints", cell=_endpoints), AGE)


def _slice_ports(obj: Value, now: datetime) -> str:
    """A port without a number stands for all, or is known by its name."""
    ports = obj.get("ports") or ()
    numbers = [port["port"] if port.get("port") is not None else port.get("name", "*") for port in ports]
    return some_of([str(number) for number in numbers], UNSET)


def _slice_endpoints(obj: Value, now: datetime) -> str:
    addresses = [address for each in obj.get("endpoints") or () for address in each.get("addresses") or ()]
    return some_of(addresses, UNSET)


ENDPOINT_SLICE_COLUMNS: Final = (
    NAME,
    Column(name="AddressType", cell=".addressType"),
    Column(name="Ports", cell=_slice_ports),
    Column(name="Endpoints", cell=_slice_endpoints),
    AGE,
)
