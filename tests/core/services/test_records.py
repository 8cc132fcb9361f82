"""DNS records of Services, as Kubernetes' specification has them."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.services.records import service_records
from tests.core.services.test_service_ports import ENDING, NOT_READY, READY, endpoint_slice, service

NAME = "web.default.svc.cluster.local"
SLICE: dict[str, Any] = {"ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}
NAMED = {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "q", "port": 53, "protocol": "UDP"}]}


def records(spec: dict[str, Any], *slices: Any) -> set[tuple[str, str, str]]:
    found = service_records(service(**spec), slices)
    return {(record.name.replace(NAME, "@"), record.type, record.data.replace(NAME, "@")) for record in found}


def test_a_service_with_an_address() -> None:
    assert records({**NAMED, "clusterIPs": ["10.96.0.9", "fd00::9"]}) == {
        ("@", "NAME", ""), ("@", "A", "10.96.0.9"), ("@", "AAAA", "fd00::9"),
        ("_http._tcp.@", "SRV", "0 100 80 @"), ("_q._udp.@", "SRV", "0 100 53 @"),
        ("9.0.96.10.in-addr.arpa", "PTR", "@"), (f"9{'.0' * 27}.0.0.d.f.ip6.arpa", "PTR", "@"),
    }  # fmt: skip


def test_a_headless_service_is_its_ready_endpoints() -> None:
    slices = endpoint_slice(("10.1.0.2", READY), ("10.1.0.3", NOT_READY), ("10.1.0.4", ENDING), **SLICE)
    assert records({"clusterIP": "None", **NAMED}, slices) == {
        ("@", "NAME", ""), ("@", "A", "10.1.0.2"), ("10-1-0-2.@", "A", "10.1.0.2"),
        ("_http._tcp.@", "SRV", "0 100 8080 10-1-0-2.@"), ("2.0.1.10.in-addr.arpa", "PTR", "10-1-0-2.@"),
    }  # fmt: skip


def test_an_endpoint_with_a_host_name_is_called_by_it() -> None:
    named = [{"addresses": ["10.1.0.2"], "hostname": "db-0", "conditions": READY}]
    found = records({"clusterIP": "None"}, endpoint_slice(endpoints=named, **SLICE))
    assert {("db-0.@", "A", "10.1.0.2"), ("2.0.1.10.in-addr.arpa", "PTR", "db-0.@")} <= found
    with_address = records({}, endpoint_slice(endpoints=named, **SLICE))
    assert ("db-0.@", "A", "10.1.0.2") in with_address
    assert ("@", "A", "10.1.0.2") not in with_address


@pytest.mark.parametrize("outside", ["example.com", "Example.com."])
def test_a_name_outside_is_an_alias(outside: str) -> None:
    assert records({"type": "ExternalName", "externalName": outside}) == {("@", "CNAME", "example.com")}


def test_a_headless_service_without_endpoints_exists() -> None:
    assert records({"clusterIP": "None"}) == {("@", "NAME", "")}
