"""The kernel's rules for network policies: taken whole, and as the pure question answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.policy import EnforcerSettings, Guard, Opening
from sampan.plugins.policies.nftables import NftablesEnforcer, script, unavailable

needs_kernel = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))

openings = st.builds(
    Opening,
    ranges=st.sampled_from([(), ("10.1.0.1",), ("10.1.0.1", "10.1.0.2"), ("0.0.0.0/0",)]),
    gaps=st.sampled_from([(), ("10.1.0.2/32",), ("10.1.0.0/24", "10.1.0.2/32")]),
    protocol=st.sampled_from(["", "TCP", "UDP", "SCTP"]),
    first=st.sampled_from([0, 80]),
    last=st.sampled_from([80, 65535]),
)
sides = st.none() | st.lists(openings, max_size=3).map(tuple)
guards = st.lists(
    st.builds(Guard, address=st.sampled_from(["10.1.0.1", "10.1.0.2"]), ingress=sides, egress=sides),
    unique_by=lambda guard: guard.address,
)


@pytest.mark.root
@needs_kernel
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(guards)
def test_the_kernel_takes_whatever_policies_may_mean(some: list[Guard]) -> None:
    enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=Path("/tmp/sampan-guards")))
    try:
        enforcer.sync(some)
    finally:
        enforcer.destroy()


def test_a_pod_that_nothing_is_let_to_has_one_rule() -> None:
    words = script("t", [Guard(address="10.1.0.1", ingress=())])
    assert "chain in-10.1.0.1 {\n    drop\n  }" in words
    assert "10.1.0.1 : jump in-10.1.0.1" in words
    assert "out-10.1.0.1" not in words
