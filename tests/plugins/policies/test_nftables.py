"""The kernel's rules for network policies: taken whole, and as the pure question answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.policy import EnforcerSettings, Guard, Opening
from sampan.core.errors import ConfigError
from sampan.core.host import nft
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
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(guards)
def test_the_kernel_takes_whatever_policies_may_mean(some: list[Guard]) -> None:
    enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=Path("/tmp/sampan-guards")))
    try:
        enforcer.sync(some)
    finally:
        enforcer.destroy()


@pytest.mark.root
@needs_kernel
def test_a_table_of_somebody_elses_is_neither_used_nor_taken_away(tmp_path: Path) -> None:
    enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=tmp_path))
    nft.run(f"add table ip {enforcer.table}\nadd chain ip {enforcer.table} theirs\n")
    try:
        with pytest.raises(ConfigError, match="none of sampan's"):
            enforcer.sync([])
        enforcer.destroy()
        with pytest.raises(ConfigError, match="none of sampan's"):
            enforcer.sync([])
    finally:
        nft.delete_table("ip", enforcer.table)


def test_a_pod_that_nothing_is_let_to_has_one_rule() -> None:
    words = script("t", [Guard(address="10.1.0.1", ingress=())])
    assert "chain in-10.1.0.1 {\n    drop\n  }" in words
    assert "10.1.0.1 : jump in-10.1.0.1" in words
    assert "out-10.1.0.1" not in words
