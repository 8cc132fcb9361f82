"""Ingresses, network policies, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR
from tests.support.rules import cells, changes_refused, created, refusals

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def rule(**path: Any) -> dict[str, Any]:
    return {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": BACKEND} | path]}}]}


WHERE = "spec.rules[0].http.paths[0]"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"defaultBackend": BACKEND}, []),
        ({}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        (rule(pathType=None), [f"{WHERE}.pathType: Required value: pathType must be specified"]),
        (rule(path="a//b/.."), [
            f'{WHERE}.path: Invalid value: "a//b/..": must be an absolute path',
            f'{WHERE}.path: Invalid value: "a//b/..": must not contain \'//\'',
            f'{WHERE}.path: Invalid value: "a//b/..": cannot end with \'/..\'',
        ]),
        (rule(backend={}), [f'{WHERE}.backend: Invalid value: "": resource or service backend is required']),
        (rule(backend={"service": {"name": "web"}}), [f"{WHERE}.backend: Required value: port name or number is required"]),
        ({"rules": [{"host": "10.0.0.1"}]}, [
            'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        ]),
    ],
)  # fmt: skip
def test_ingresses(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(Ingress, {"spec": spec}) == expected


def test_an_ingress_shows_its_hosts_and_addresses() -> None:
    spec = {"rules": [{"host": host} for host in "abcde"], "tls": [{"hosts": ["a"]}]}
    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.2"}, {"hostname": "lb"}]}}
    shown = cells(Ingress, {"metadata": {}, "spec": spec, "status": status})
    assert (shown["Hosts"], shown["Address"], shown["Ports"]) == ("a,b,c + 2 more...", "10.0.0.2,lb", "80, 443")


def test_ingress_classes() -> None:
    parameters = {"kind": "Boat", "name": "b", "scope": "Namespace"}
    assert refusals(IngressClass, {"spec": {"controller": "me", "parameters": parameters}}) == [
        'spec.controller: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")',
        "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ]
    before = {"spec": {"controller": "example.com/a", "parameters": {"kind": "Boat", "name": "b"}}}
    stored = created(IngressClass, before)
    assert stored["spec"]["parameters"]["scope"] == "Cluster"
    assert cells(IngressClass, stored)["Parameters"] == "Boat/b"
    assert changes_refused(IngressClass, before, {"spec": {"controller": "example.com/b"}}) == [
        'spec.controller: Invalid value: "example.com/b": field is immutable'
    ]


def policy(**rule: Any) -> dict[str, Any]:
    return {"spec": {"podSelector": {}, "ingress": [rule]}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (policy(**{"from": [{"podSelector": {}}], "ports": [{"port": 80, "endPort": 90}]}), []),
        (policy(**{"from": [{}]}), ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
        (policy(**{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}), [
            "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer",
        ]),
        (policy(**{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16", "10.0.0.0/8"]}}]}), [
            'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": '
            "must be a strict subset of `cidr`",
            'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
        ]),
        (policy(ports=[{"protocol": "ICMP", "port": 90, "endPort": 80}, {"port": "http", "endPort": 5}]), [
            'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"',
            "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`",
            "spec.ingress[0].ports[1].endPort: Invalid value: 5: may not be specified when `port` is non-numeric",
        ]),
    ],
)  # fmt: skip
def test_network_policies(body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(NetworkPolicy, body) == expected


@pytest.mark.parametrize(
    ("spec", "types"), [({}, ["Ingress"]), ({"egress": [{}]}, ["Ingress", "Egress"]), ({"egress": []}, ["Ingress"])]
)
def test_the_directions_of_a_policy_follow_from_its_rules(spec: dict[str, Any], types: list[str]) -> None:
    assert created(NetworkPolicy, {"spec": spec | {"podSelector": {}}})["spec"]["policyTypes"] == types


def test_addresses_are_named_as_they_are_usually_written() -> None:
    parent = {"parentRef": {"resource": "services", "namespace": "default", "name": "web"}}
    body = {"metadata": {"name": "10.0.0.1"}, "spec": parent}
    assert cells(IPAddress, created(IPAddress, body))["ParentRef"] == "services/default/web"
    assert refusals(IPAddress, {"metadata": {"name": "2001:DB8::1"}, "spec": {}}) == [
        'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
        "spec.parentRef: Required value",
    ]


@pytest.mark.parametrize(
    ("cidrs", "expected"),
    [
        (["10.0.0.0/24", "2001:db8::/64"], []),
        ([], ["spec.cidrs: Required value: at least one CIDR required"]),
        (["10.0.0.1/24"], ['spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length']),
        (["10.0.0.0/24", "10.1.0.0/24"], [
            'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: '
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
        ]),
    ],
)  # fmt: skip
def test_service_ranges(cidrs: list[str], expected: list[str]) -> None:
    assert refusals(ServiceCIDR, {"spec": {"cidrs": cidrs}}) == expected


def test_only_a_range_of_the_other_family_is_added() -> None:
    before = {"spec": {"cidrs": ["10.0.0.0/24"]}}
    assert changes_refused(ServiceCIDR, before, {"spec": {"cidrs": ["10.0.0.0/24", "2001:db8::/64"]}}) == []
    assert changes_refused(ServiceCIDR, before, {"spec": {"cidrs": ["10.1.0.0/24"]}}) == [
        'spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable'
    ]
