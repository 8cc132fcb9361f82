"""What NetworkPolicies let through: the question as a table, and the kernel's rules against it."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.pod import Pod, PodIP
from sampan.core.model.meta import evolve
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.schema.codec import from_wire
from sampan.core.services.policies import allows, guards

WEB, DB, OTHER, OUTSIDE = "10.1.0.1", "10.1.0.2", "10.1.0.3", "192.0.2.9"


def pod(name: str, address: str, namespace: str = "default") -> Pod:
    container = {"name": "c", "image": "i", "ports": [{"name": "sql", "containerPort": 5432, "protocol": "TCP"}]}
    return from_wire(Pod, {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [container]}, "status": {"podIP": address, "phase": "Running"},
    })  # fmt: skip


PODS = [pod("web", WEB), pod("db", DB), pod("other", OTHER, "far")]
NAMESPACES = [
    from_wire(Namespace, {"metadata": {"name": name, "labels": {"where": name}}}) for name in ("default", "far")
]
FROM_WEB = {"podSelector": {"matchLabels": {"app": "web"}}}


def policy(**spec: Any) -> NetworkPolicy:
    values = {"podSelector": {"matchLabels": {"app": "db"}}, **spec}
    return from_wire(NetworkPolicy, {"metadata": {"name": "p", "namespace": "default"}, "spec": values})


def reach(*policies: NetworkPolicy, port: int = 5432, protocol: str = "TCP", target: str = DB) -> set[str]:
    """Who of all may open a connection to the database."""
    found = {guard.address: guard for guard in guards(policies, PODS, NAMESPACES)}
    return {source for source in (WEB, OTHER, OUTSIDE) if allows(found, source, target, protocol, port)}


ALL = {WEB, OTHER, OUTSIDE}


@pytest.mark.parametrize(
    ("spec", "four", "six"),
    [
        ({"policyTypes": ["Ingress"]}, set(), set()),
        ({"ingress": [{}]}, {"web", "outside"}, {"web", "outside"}),
        ({"ingress": [{"from": [FROM_WEB]}]}, {"web"}, {"web"}),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "2001:db8::/32"}}]}]}, set(), {"outside"}),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}, {"web", "outside"}, set()),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "::/0", "except": ["2001:db8::/32"]}}]}]}, set(), {"web"}),
        ({"ingress": [{"ports": [{"port": "sql"}]}]}, {"web", "outside"}, {"web", "outside"}),
    ],
)
def test_both_addresses_of_a_pod_are_guarded_each_in_its_family(
    spec: dict[str, Any], four: set[str], six: set[str]
) -> None:
    names = {"web": (WEB, "fd00::1"), "db": (DB, "fd00::2")}
    pods = [
        evolve(each, status=evolve(each.status, pod_ips=tuple(PodIP(ip=ip) for ip in names[each.metadata.name or ""])))
        for each in PODS[:2]
    ]
    found = {guard.address: guard for guard in guards([policy(**spec)], pods, NAMESPACES)}
    assert set(found) == {DB, "fd00::2"}
    for place, sources, expected in (
        (DB, {"web": WEB, "outside": OUTSIDE}, four),
        ("fd00::2", {"web": "fd00::1", "outside": "2001:db8::9"}, six),
    ):
        assert {name for name, ip in sources.items() if allows(found, ip, place, "TCP", 5432)} == expected
        openings = found[place].ingress or ()
        assert all((":" in each) == (":" in place) for opening in openings for each in opening.ranges)


@pytest.mark.parametrize(
    ("spec", "who"),
    [
        ({"policyTypes": ["Ingress"]}, set()),
        ({"ingress": [{}]}, ALL),
        ({"ingress": [{"from": [FROM_WEB]}]}, {WEB}),
        ({"ingress": [{"from": [{"podSelector": {}}]}]}, {WEB}),
        ({"ingress": [{"from": [{"namespaceSelector": {}}]}]}, {WEB, OTHER}),
        ({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"where": "far"}}}]}]}, {OTHER}),
        ({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"where": "far"}}, **FROM_WEB}]}]}, set()),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, {OUTSIDE}),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.1.0.3/32"]}}]}]}, {WEB, OUTSIDE}),
        ({"ingress": [{"from": [FROM_WEB, {"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, {WEB, OUTSIDE}),
        ({"ingress": [{"ports": [{"port": 5432}]}]}, ALL),
        ({"ingress": [{"ports": [{"port": "sql"}]}]}, ALL),
        ({"ingress": [{"ports": [{"port": "none"}]}]}, set()),
        ({"ingress": [{"ports": [{"port": 5432, "protocol": "UDP"}]}]}, set()),
        ({"ingress": [{"ports": [{"port": 5000, "endPort": 6000}]}]}, ALL),
        ({"ingress": [{"ports": [{"port": 1, "endPort": 99}]}]}, set()),
        ({"ingress": [{"from": [FROM_WEB], "ports": [{"port": 80}]}]}, set()),
        ({"policyTypes": ["Egress"]}, ALL),
    ],
)
def test_who_may_come_in(spec: dict[str, Any], who: set[str]) -> None:
    assert reach(policy(**spec)) == who


@pytest.mark.parametrize(
    ("spec", "may"),
    [
        ({"policyTypes": ["Egress"]}, False),
        ({"egress": [{}]}, True),
        ({"egress": [{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}, True),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}, False),
        ({"egress": [{"ports": [{"port": "sql"}]}]}, True),
        ({"egress": [{"ports": [{"port": 80}]}]}, False),
    ],
)
def test_who_may_go_out(spec: dict[str, Any], may: bool) -> None:
    values = {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"], **spec}
    assert (WEB in reach(policy(**values))) is may


def test_policies_add_up_and_a_pod_without_one_is_open() -> None:
    closed = policy(policyTypes=["Ingress"])
    assert reach(closed, policy(ingress=[{"from": [FROM_WEB]}])) == {WEB}
    assert reach(closed, target="10.1.0.77") == ALL


SIX = {"web": "fd00:1::1", "db": "fd00:1::2", "outside": "2001:db8::9"}


def allowed_in_ipv6(spec: dict[str, Any], protocol: str, port: int) -> set[str]:
    """Who may open a connection to the database's IPv6 address."""
    pods = [
        evolve(each, status=evolve(each.status, pod_ips=(PodIP(ip=four), PodIP(ip=SIX[each.metadata.name or ""]))))
        for each, four in zip(PODS[:2], (WEB, DB), strict=True)
    ]
    found = {guard.address: guard for guard in guards([policy(**spec)], pods, NAMESPACES)}
    return {name for name, ip in SIX.items() if name != "db" and allows(found, ip, SIX["db"], protocol, port)}


BOTH, NOBODY, WEB_ALONE, OUTSIDE_ALONE = {"web", "outside"}, set[str](), {"web"}, {"outside"}


@pytest.mark.parametrize(
    ("rule", "protocol", "port", "who"),
    [
        ({"ports": [{"port": 80, "protocol": "SCTP"}]}, "SCTP", 80, BOTH),
        ({"ports": [{"port": 80, "protocol": "SCTP"}]}, "TCP", 80, NOBODY),
        ({"ports": [{"protocol": "SCTP"}]}, "SCTP", 9, BOTH),
        ({"ports": [{"port": 5000, "endPort": 6000}]}, "TCP", 5000, BOTH),
        ({"ports": [{"port": 5000, "endPort": 6000}]}, "TCP", 6000, BOTH),
        ({"ports": [{"port": 5000, "endPort": 6000}]}, "TCP", 6001, NOBODY),
        ({"ports": [{"port": 5000, "endPort": 6000}]}, "TCP", 4999, NOBODY),
        ({"ports": [{"port": "sql"}]}, "TCP", 5432, BOTH),
        ({"ports": [{"port": "sql", "protocol": "UDP"}]}, "UDP", 5432, NOBODY),
        ({"from": [{"ipBlock": {"cidr": "fd00:1::/64"}}]}, "TCP", 80, WEB_ALONE),
        ({"from": [{"ipBlock": {"cidr": "::/0", "except": ["fd00:1::/127"]}}]}, "TCP", 80, OUTSIDE_ALONE),
        ({"from": [{"ipBlock": {"cidr": "::/0", "except": ["fd00:1::1/128", "2001:db8::/32"]}}]}, "TCP", 80, NOBODY),
        ({"from": [{"ipBlock": {"cidr": "::/0", "except": ["fd00:1::2/127"]}}]}, "TCP", 80, BOTH),
    ],
)
def test_transports_ports_and_exceptions_are_the_same_in_ipv6(
    rule: dict[str, Any], protocol: str, port: int, who: set[str]
) -> None:
    assert allowed_in_ipv6({"ingress": [rule]}, protocol, port) == who
