"""The kernel's rules for network policies: taken whole, and as the pure question answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sampan.core.contracts.policy import EnforcerSettings, Guard, Opening
from sampan.core.errors import ConfigError
from sampan.core.host import nft
from sampan.core.host.capabilities import has_ipv6
from sampan.core.ip import IPV6
from sampan.plugins.policies.nftables import NftablesEnforcer, script, unavailable
from tests.support.needs import needs

needs_kernel = needs(unavailable() is None, str(unavailable()))

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


@pytest.mark.root
@needs_kernel
@needs(has_ipv6(), "the host has no IPv6")
def test_both_families_are_guarded_in_one_transaction_and_nothing_is_left(tmp_path: Path) -> None:
    enforcer = NftablesEnforcer(EnforcerSettings(cluster="test", state_dir=tmp_path, families=("IPv4", "IPv6")))
    openings = (Opening(ranges=("fd00::/64",), gaps=("fd00::8/125",), protocol="TCP", first=80, last=81),)
    try:
        enforcer.sync([Guard(address="10.1.0.1", egress=()), Guard(address="fd00::1", ingress=openings)])
        assert [(word, enforcer.table in tables(word)) for word in ("ip", "ip6")] == [("ip", True), ("ip6", True)]
    finally:
        enforcer.destroy()
    assert enforcer.table not in tables("ip") + tables("ip6")


def tables(family: str) -> str:
    return subprocess.run(["nft", "list", "tables", family], capture_output=True, text=True, check=True).stdout


def test_a_table_is_about_the_addresses_of_its_family_and_lets_neighbours_find_each_other() -> None:
    some = [Guard(address="10.1.0.1", ingress=()), Guard(address="fd00::1", ingress=())]
    four, six = script("t", some), script("t", some, IPV6)
    assert ("10.1.0.1" in four, "10.1.0.1" in six, "fd00::1" in four) == (True, False, False)
    assert "fd00::1 : jump in-fd00__1" in six
    assert six.index("nd-neighbor-solicit") < six.index("fe80::/10 drop") < six.index("vmap @out")
    assert "icmpv6" not in four


def test_a_pod_that_nothing_is_let_to_has_one_rule() -> None:
    words = script("t", [Guard(address="10.1.0.1", ingress=())])
    assert "chain in-10.1.0.1 {\n    drop\n  }" in words
    assert "10.1.0.1 : jump in-10.1.0.1" in words
    assert "out-10.1.0.1" not in words
