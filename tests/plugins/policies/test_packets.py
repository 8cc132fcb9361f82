"""The kernel's rules, asked packet by packet what the pure matcher is asked: pods as network namespaces around a router."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.policy import EnforcerSettings, Guard, PolicyEnforcer
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.schema.codec import from_wire
from sampan.core.services.policies import allows, guards
from sampan.core.testing.policy_contract import PolicyEnforcerContract
from sampan.core.testing.rooms import Network, network, questions
from sampan.plugins.policies.nftables import NftablesEnforcer, unavailable
from tests.core.services.test_policies import DB, NAMESPACES, OTHER, OUTSIDE, PODS, WEB

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]

PLACES = (WEB, DB, OTHER, OUTSIDE)
PORTS = (80, 5432, 5500)


class TestNftables(PolicyEnforcerContract):
    def make(self, settings: EnforcerSettings) -> PolicyEnforcer:
        return NftablesEnforcer(settings)


def obey(world: Network, *policies: NetworkPolicy) -> dict[str, Guard]:
    """From now on, and what they mean, by address."""
    enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=Path("/tmp/sampan-packets")))
    found = guards(policies, PODS, NAMESPACES)
    world.router.call(lambda: enforcer.sync(found))
    return {guard.address: guard for guard in found}


@pytest.fixture(scope="module")
def world() -> Iterator[Network]:
    with network(*PLACES) as made:
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
    asked = questions(PLACES, PORTS)
    assert world.answered(PORTS) == {question for question in asked if allows(obeyed, *question)}
