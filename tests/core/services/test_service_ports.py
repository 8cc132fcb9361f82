"""What a proxy is to serve, from Services and EndpointSlices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sampan.core.contracts import proxy
from sampan.core.model.core_v1.service import LoadBalancerIngress, LoadBalancerStatus, Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.meta import evolve
from sampan.core.schema.codec import from_wire
from sampan.core.services.service_ports import Here, service_ports


def service(**spec: Any) -> Service:
    values = {"clusterIP": "10.96.0.9", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}], **spec}
    return from_wire(Service, {"metadata": {"name": "web", "namespace": "default"}, "spec": values})


def endpoint_slice(*endpoints: tuple[str, dict[str, bool]], name: str = "web", **more: Any) -> EndpointSlice:
    values = {
        "metadata": {"name": f"{name}-x", "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [ip], "conditions": conditions} for ip, conditions in endpoints],
        **more,
    }
    return from_wire(EndpointSlice, values)


READY = {"ready": True, "serving": True, "terminating": False}
NOT_READY = {"ready": False, "serving": False, "terminating": False}
ENDING = {"ready": False, "serving": True, "terminating": True}


def addresses(table: Sequence[proxy.ServicePort]) -> list[str]:
    return [endpoint.ip for entry in table for endpoint in entry.endpoints]


@pytest.mark.parametrize(
    ("spec", "cluster", "outside"),
    [
        ({}, 2, 2),
        ({"internalTrafficPolicy": "Local"}, 1, 2),
        ({"externalTrafficPolicy": "Local"}, 2, 1),
    ],
)
def test_a_local_policy_keeps_to_this_machines_pods(spec: dict[str, Any], cluster: int, outside: int) -> None:
    made = service(type="NodePort", ports=[{"port": 80, "nodePort": 30080, "protocol": "TCP"}], **spec)
    endpoints = [{"addresses": [f"10.1.0.{n}"], "conditions": READY, "nodeName": f"n{n}"} for n in (1, 2)]
    table = service_ports(made, [endpoint_slice(endpoints=endpoints)], Here(frozenset({"n1"})))
    assert {entry.ip: len(entry.endpoints) for entry in table} == {"10.96.0.9": cluster, "0.0.0.0": outside}


def test_endpoints_of_this_machines_nodes_are_here() -> None:
    endpoints = [
        {"addresses": ["10.1.0.1"], "conditions": READY, "nodeName": "n1"},
        {"addresses": ["10.1.0.2"], "conditions": READY, "nodeName": "n2"},
        {"addresses": ["192.0.2.1"], "conditions": READY},
    ]
    (entry,) = service_ports(service(), [endpoint_slice(endpoints=endpoints)], Here(frozenset({"n1"})))
    assert [endpoint.ip for endpoint in entry.endpoints if endpoint.here] == ["10.1.0.1"]


def test_a_cluster_ip_leads_to_the_ready_pods_target_port() -> None:
    table = service_ports(service(), [endpoint_slice(("10.1.0.2", READY), ("10.1.0.3", NOT_READY))])
    assert table == [
        proxy.ServicePort(
            namespace="default", name="web", port_name="", protocol="TCP", ip="10.96.0.9", port=80,
            endpoints=(proxy.Endpoint(ip="10.1.0.2", port=8080),), claimed=True,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([("10.1.0.2", {})], ["10.1.0.2"]),
        ([("10.1.0.2", READY), ("10.1.0.3", ENDING)], ["10.1.0.2"]),
        ([("10.1.0.2", NOT_READY), ("10.1.0.3", ENDING)], ["10.1.0.3"]),
        ([("10.1.0.2", NOT_READY)], []),
    ],
    ids=["unknown is ready", "ready before ending", "ending where none is ready", "not ready"],
)
def test_which_endpoints_serve(endpoints: list[tuple[str, dict[str, bool]]], expected: list[str]) -> None:
    assert addresses(service_ports(service(), [endpoint_slice(*endpoints)])) == expected


@pytest.mark.parametrize(
    ("hints", "places", "served"),
    [
        (("zone a", "zone b"), ({"n1"}, {"a"}), [1]),
        (("zone a", "zone b"), ({"n1"}, {"c"}), [1, 2]),
        (("zone a", ""), ({"n1"}, {"a"}), [1, 2]),
        (("node n1", "node n2"), ({"n2"}, set()), [2]),
        (("node n1", "node n2"), ({"n3"}, set()), [1, 2]),
        (("", ""), ({"n1"}, {"a"}), [1, 2]),
    ],
)
def test_hints_count_where_all_have_them_and_one_is_for_this_place(
    hints: tuple[str, ...], places: tuple[set[str], set[str]], served: list[int]
) -> None:
    endpoints = []
    for number, hint in enumerate(hints, 1):
        kind, _, name = hint.partition(" ")
        said = {"hints": {"forZones" if kind == "zone" else "forNodes": [{"name": name}]}} if hint else {}
        endpoints.append({"addresses": [f"10.1.0.{number}"], "conditions": READY, **said})
    here = Here(frozenset(places[0]), frozenset(places[1]))
    table = service_ports(service(), [endpoint_slice(endpoints=endpoints)], here)
    assert addresses(table) == [f"10.1.0.{number}" for number in served]


def test_a_local_policy_falls_back_to_what_ends_here_and_not_to_what_is_ready_elsewhere() -> None:
    conditions = {"n1": ENDING, "n2": READY}
    endpoints = [{"addresses": [f"10.1.0.{n}"], "conditions": conditions[f"n{n}"], "nodeName": f"n{n}"} for n in (1, 2)]
    made = service(internalTrafficPolicy="Local")
    table = service_ports(made, [endpoint_slice(endpoints=endpoints)], Here(frozenset({"n1"})))
    assert addresses(table) == ["10.1.0.1"]


def test_a_service_without_pods_is_there_and_leads_nowhere() -> None:
    table = service_ports(service(), [])
    assert [(entry.ip, entry.endpoints) for entry in table] == [("10.96.0.9", ())]


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName", "clusterIP": None}, {"clusterIP": None}]
)
def test_headless_and_external_names_are_left_to_dns(spec: dict[str, Any]) -> None:
    assert service_ports(service(**spec), []) == []


def test_a_service_that_is_another_proxys_is_not_served() -> None:
    made = service()
    labels = {"service.kubernetes.io/service-proxy-name": "other"}
    made = evolve(made, metadata=evolve(made.metadata, labels=labels))
    assert service_ports(made, [endpoint_slice(("10.1.0.2", READY))]) == []


def test_slices_that_no_proxy_is_to_look_at_lead_nowhere() -> None:
    each = endpoint_slice(("10.1.0.2", READY))
    labels = {**each.metadata.labels, "service.kubernetes.io/headless": ""}
    headless = evolve(each, metadata=evolve(each.metadata, labels=labels))
    assert addresses(service_ports(service(), [headless])) == []


def test_named_ports_lead_to_the_slices_port_of_that_name() -> None:
    spec = {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}
    ports = [{"name": "b", "port": 2, "protocol": "TCP"}, {"name": "a", "port": 1, "protocol": "TCP"}]
    table = service_ports(service(**spec), [endpoint_slice(("10.1.0.2", READY), ports=ports)])
    assert [(entry.port, entry.endpoints[0].port) for entry in table] == [(80, 1), (81, 2)]


def test_every_address_of_a_service_is_served() -> None:
    spec = {"externalIPs": ["192.0.2.1", "2001:db8::1"], "type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}
    table = service_ports(service(**spec), [])
    assert sorted(entry.key for entry in table) == [
        ("TCP", "0.0.0.0", 30080),
        ("TCP", "10.96.0.9", 80),
        ("TCP", "192.0.2.1", 80),
    ]


def test_a_service_of_both_families_has_endpoints_of_each_at_addresses_of_each() -> None:
    made = service(
        type="NodePort",
        clusterIP="fd00::9",
        clusterIPs=["fd00::9", "10.96.0.9"],
        ipFamilies=["IPv6", "IPv4"],
        externalIPs=["192.0.2.1", "2001:db8::1"],
        internalTrafficPolicy="Local",
        ports=[{"port": 80, "nodePort": 30080}],
    )
    slices = [
        endpoint_slice(("10.1.0.2", READY)),
        endpoint_slice(("fd00:1::2", READY), ("fd00:1::3", READY), name="web", addressType="IPv6"),
    ]
    table = service_ports(made, slices, Here(frozenset({"elsewhere"})))
    assert {entry.ip: [each.ip for each in entry.endpoints] for entry in table} == {
        "10.96.0.9": [],
        "fd00::9": [],
        "192.0.2.1": ["10.1.0.2"],
        "2001:db8::1": ["fd00:1::2", "fd00:1::3"],
        "0.0.0.0": ["10.1.0.2"],
        "::": ["fd00:1::2", "fd00:1::3"],
    }


@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::1"])
def test_who_may_ask_a_load_balancer_is_said_for_each_family(ip: str) -> None:
    spec = {"clusterIPs": ["10.96.0.9", "fd00::9"], "loadBalancerSourceRanges": ["192.0.2.0/24", "2001:db8::/32"]}
    made = service(type="LoadBalancer", **spec)
    ingress = LoadBalancerStatus(ingress=(LoadBalancerIngress(ip=ip),))
    table = service_ports(evolve(made, status=evolve(made.status, load_balancer=ingress)), [])
    sources = {entry.ip: entry.sources for entry in table}
    assert sources[ip] == (("192.0.2.0/24",) if "." in ip else ("2001:db8::/32",))
    assert ("127.0.0.1" in sources, "::1" in sources) == ("." in ip, ":" in ip)


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, 0),
        ({"sessionAffinity": "ClientIP"}, 10_800),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, 5),
    ],
)
def test_affinity(spec: dict[str, Any], seconds: int) -> None:
    assert [entry.affinity_seconds for entry in service_ports(service(**spec), [])] == [seconds]


SPECIAL = ["0.0.0.0", "127.0.0.1", "169.254.169.254", "224.0.0.1", "::", "::1", "fe80::1"]


@pytest.mark.parametrize("address", SPECIAL)
def test_what_is_every_hosts_own_is_taken_by_nobody(address: str) -> None:
    """A status is written by whoever may; and `0.0.0.0` there would be any port of all the host's addresses."""
    spec = {"type": "LoadBalancer", "clusterIPs": ["10.96.0.9", "fd00::9"], "externalIPs": [address]}
    made = service(**spec)
    ingress = (LoadBalancerIngress(ip=address), LoadBalancerIngress(ip="192.0.2.9", ip_mode="Proxy"))
    made = evolve(made, status=evolve(made.status, load_balancer=LoadBalancerStatus(ingress=ingress)))
    table = service_ports(made, [endpoint_slice(("10.1.0.2", READY))])
    assert [entry.ip for entry in table] == ["10.96.0.9", "fd00::9"]
    assert all(entry.claimed for entry in table)


@pytest.mark.parametrize(("family", "addresses"), [("IPv4", ["10.1.0.1"]), ("IPv6", ["fd00:1::1"])])
@pytest.mark.parametrize("policy", ["internalTrafficPolicy", "externalTrafficPolicy"])
def test_a_local_policy_is_of_both_families(family: str, addresses: list[str], policy: str) -> None:
    made = service(
        type="NodePort",
        clusterIPs=["10.96.0.9", "fd00::9"],
        ports=[{"port": 80, "nodePort": 30080}],
        **{policy: "Local"},
    )
    slices = [
        endpoint_slice(
            name=of,
            addressType=of,
            endpoints=[
                {"addresses": [f"{begin}{n}"], "conditions": READY, "nodeName": f"n{n}"} for n in (1, 2)
            ],
        )
        for of, begin in (("IPv4", "10.1.0."), ("IPv6", "fd00:1::"))
    ]  # fmt: skip
    table = service_ports(made, slices, Here(frozenset({"n1"})))
    narrowed = {"internalTrafficPolicy": ("10.96.0.9", "fd00::9"), "externalTrafficPolicy": ("0.0.0.0", "::")}[policy]
    of_family = [entry for entry in table if entry.family.name == family]
    assert [[e.ip for e in entry.endpoints] for entry in of_family if entry.ip in narrowed] == [addresses]
    assert [len(entry.endpoints) for entry in of_family if entry.ip not in narrowed] == [2]


def test_ranges_may_have_spaces_around_them_as_in_kubernetes() -> None:
    made = service(type="LoadBalancer", loadBalancerSourceRanges=[" 10.0.0.0/8 ", "\tfd00::/8"])
    status = LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="192.0.2.9"),))
    table = service_ports(evolve(made, status=evolve(made.status, load_balancer=status)), [])
    assert [entry.sources for entry in table if entry.ip == "192.0.2.9"] == [("10.0.0.0/8",)]
