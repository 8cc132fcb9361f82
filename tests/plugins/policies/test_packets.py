"""The kernel's rules, asked packet by packet what the pure matcher is asked: pods as network namespaces around a router.

In either IP family, of pods that have an address of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.policy import EnforcerSettings, Guard, PolicyEnforcer
from sampan.core.host.capabilities import has_ipv6
from sampan.core.ip import FAMILIES
from sampan.core.model.core_v1.pod import PodIP
from sampan.core.model.meta import evolve
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.schema.codec import from_wire
from sampan.core.services.policies import allows, guards
from sampan.core.testing.policy_contract import PolicyEnforcerContract
from sampan.core.testing.rooms import Network, network, questions
from sampan.plugins.policies.nftables import NftablesEnforcer, unavailable
from sampan.plugins.proxies.nftables.available import unavailable as rules_unavailable
from tests.core.services.test_policies import DB, NAMESPACES, OTHER, OUTSIDE, PODS, WEB
from tests.support.needs import needs

pytestmark = [
    pytest.mark.root,
    needs(unavailable() is None, str(unavailable())),
]

FOUR = (WEB, DB, OTHER, OUTSIDE)
SIX = ("fd00:1::1", "fd00:1::2", "fd00:1::3", "2001:db8::9")
DUAL = [
    evolve(pod, status=evolve(pod.status, pod_ips=(PodIP(ip=four), PodIP(ip=six))))
    for pod, four, six in zip(PODS, FOUR, SIX, strict=False)
]
needs_ipv6 = needs(has_ipv6() and rules_unavailable(FAMILIES) is None, "there is no IPv6 here, or no rules for it")
PORTS = (80, 5432, 5500)


class TestNftables(PolicyEnforcerContract):
    def make(self, settings: EnforcerSettings) -> PolicyEnforcer:
        return NftablesEnforcer(settings)


def obey(world: Network, *policies: NetworkPolicy) -> dict[str, Guard]:
    """From now on, and what they mean, by address."""
    families = ("IPv4", "IPv6") if ":" in next(iter(world.places)) else ("IPv4",)
    enforcer = NftablesEnforcer(
        EnforcerSettings(cluster="test", state_dir=Path("/tmp/sampan-packets"), families=families)
    )
    found = guards(policies, DUAL, NAMESPACES)
    world.router.call(lambda: enforcer.sync(found))
    return {guard.address: guard for guard in found}


@pytest.fixture(scope="module", params=[FOUR, pytest.param(SIX, marks=needs_ipv6)], ids=["IPv4", "IPv6"])
def world(request: pytest.FixtureRequest) -> Iterator[Network]:
    with network(*request.param) as made:
        yield made


selectors = st.sampled_from([{}, {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}])
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}),
    st.fixed_dictionaries(
        {"namespaceSelector": st.sampled_from([{}, {"matchLabels": {"where": "far"}}])},
        optional={"podSelector": selectors},
    ),
    st.fixed_dictionaries(
        {
            "ipBlock": st.sampled_from(
                [
                    {"cidr": "0.0.0.0/0"},
                    {"cidr": "10.1.0.0/24", "except": ["10.1.0.2/32"]},
                    {"cidr": "192.0.2.0/24"},
                    {"cidr": "::/0", "except": ["fd00:1::2/127", "2001:db8::/32"]},
                    {"cidr": "fd00:1::/126", "except": ["fd00:1::2/128"]},
                    {"cidr": "2001:db8::/64"},
                ]
            )
        }
    ),
)
ports = st.sampled_from(
    [
        {"port": 80},
        {"port": "sql"},
        {"port": 5000, "endPort": 5499},
        {"port": 80, "protocol": "UDP"},
        {"protocol": "UDP"},
        {"port": 80, "protocol": "SCTP"},
    ]
)


def rules(side: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    some = st.fixed_dictionaries({}, optional={side: st.lists(peers, max_size=2), "ports": st.lists(ports, max_size=2)})
    return st.lists(some, max_size=2)


def policy(name: str, spec: dict[str, Any]) -> NetworkPolicy:
    return from_wire(NetworkPolicy, {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


specs = st.fixed_dictionaries(
    {
        "podSelector": selectors,
        "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        "ingress": rules("from"),
        "egress": rules("to"),
    }
)


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(st.lists(specs, max_size=3))
def test_what_passes_is_what_the_matcher_says(world: Network, some: list[dict[str, Any]]) -> None:
    obeyed = obey(world, *(policy(f"p{number}", spec) for number, spec in enumerate(some)))
    asked = questions(tuple(world.places), PORTS)
    assert world.answered(PORTS) == {question for question in asked if allows(obeyed, *question)}
