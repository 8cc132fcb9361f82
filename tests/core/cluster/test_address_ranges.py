"""Which IP families a cluster has, and which ranges cannot be its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sampan.core.cluster import address_ranges
from sampan.core.cluster.address_ranges import PODS, SERVICES, check_host, choose_families, read_ranges
from sampan.core.cluster.say import silent
from sampan.core.cluster.settle import settle
from sampan.core.config import Config
from sampan.core.contracts.bases import ProxyBase
from sampan.core.contracts.proxy import Proxy, ProxySettings
from sampan.core.datadir import Decisions
from sampan.core.errors import ConfigError
from sampan.core.host import netlink
from sampan.core.ip import FAMILIES, IPV4
from sampan.core.plugins import load_plugins

BOTH = "10.111.0.0/16,fd00:10:111::/112"


class Frugal(ProxyBase):
    """A proxy that names the ranges of its settings' families."""

    def service_cidr(self) -> str:
        ranges = {"IPv4": "10.111.0.0/16", "IPv6": "fd00:10:111::/112"}
        return ",".join(ranges[name] for name in self.settings.families)


def make_frugal(settings: ProxySettings) -> Proxy:
    return Frugal(settings)


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root, with IPv6 and without routes."""
    monkeypatch.setattr(address_ranges, "has_ipv6", lambda: True)
    monkeypatch.setattr(address_ranges, "is_network_admin", lambda: True)
    monkeypatch.setattr(netlink, "routes", list)


def decide(folder: Path, before: dict[str, Any] | None = None, **asked: Any) -> Decisions:
    plugins = load_plugins()
    plugins.registry.proxy("frugal", make_frugal, dual_stack=True)
    plugins.registry.proxy("narrow", make_frugal)
    plugins.registry.dual_stack_runtimes.add("simulated")
    config = Config(data_dir=folder, **{"runtime": "simulated", "proxy": "frugal", "dns": "none", **asked})
    return settle(config, Decisions(**{"cluster": "c", **(before or {})}), plugins, silent)


@pytest.mark.parametrize(
    ("asked", "services", "pods"),
    [
        ({}, "10.111.0.0/16", ""),
        ({"ip_family": "ipv4"}, "10.111.0.0/16", ""),
        ({"ip_family": "dual"}, BOTH, ""),
        ({"ip_family": "dual", "service_cidr": "10.9.0.0/16"}, "10.9.0.0/16,fd00:10:111::/112", ""),
        ({"service_cidr": "10.9.0.0/16, fd00:9:0::/112"}, "10.9.0.0/16,fd00:9::/112", ""),
        ({"pod_cidr": "10.244.0.0/16,fd00:10:244::/56"}, BOTH, "10.244.0.0/16,fd00:10:244::/56"),
        ({"ip_family": "dual", "pod_cidr": "10.244.0.0/16"}, BOTH, "10.244.0.0/16"),
    ],
)
def test_who_names_a_range_of_ipv6_or_asks_for_it_has_both(
    tmp_path: Path, asked: dict[str, Any], services: str, pods: str
) -> None:
    decided = decide(tmp_path, **asked)
    assert (decided.service_cidr, decided.pod_cidr) == (services, pods)


def test_what_was_settled_stays(tmp_path: Path) -> None:
    before = {"service_cidr": BOTH, "runtime": "simulated", "proxy": "frugal", "nodes": {"n": ""}, "dns": "none"}
    for asked in ({}, {"ip_family": "dual"}, {"service_cidr": "10.111.0.0/16"}, {"service_cidr": BOTH}):
        assert decide(tmp_path, before, **asked).service_cidr == BOTH
    with pytest.raises(ConfigError, match="started with IPv4 and IPv6"):
        decide(tmp_path, before, ip_family="ipv4")
    with pytest.raises(ConfigError, match="were settled as"):
        decide(tmp_path, before, service_cidr="10.111.0.0/16,fd00:9::/112")
    with pytest.raises(ConfigError, match="started with IPv4 alone"):
        decide(tmp_path, {**before, "service_cidr": "10.111.0.0/16"}, ip_family="dual")


@pytest.mark.parametrize(
    ("what", "ranges", "said"),
    [
        (SERVICES, "fd00::/108", "name one range of IPv4 and, for a dual-stack cluster, behind a comma one of IPv6"),
        (SERVICES, "fd00::/108,10.9.0.0/16", "name one range of IPv4"),
        (SERVICES, "10.9.0.0/16,10.10.0.0/16", "name one range of IPv4"),
        (SERVICES, "10.9.0.0/16,fd00::/125", "fd00::/125 is too small for service addresses: a /124 is the least"),
        (SERVICES, "10.9.0.0/16,fd00::/48", "fd00::/48 is too large for service addresses: a /64 is the most"),
        (SERVICES, "10.9.0.0/16,fd00::1/112", "cannot be the range of service addresses"),
        (PODS, "10.9.0.0/16,fd00::/126", "fd00::/126 is too small for pod addresses: a /125 is the least"),
    ],
)
def test_ranges_that_cannot_be_are_refused(what: str, ranges: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_ranges(what, ranges)


def test_ranges_of_either_family_do_not_overlap(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="service addresses fd00::/112 and pod addresses fd00::/64 overlap"):
        decide(tmp_path, service_cidr="10.111.0.0/16,fd00::/112", pod_cidr="10.112.0.0/16,fd00::/64")


@pytest.mark.parametrize("without", ["has_ipv6", "is_network_admin"])
def test_a_host_that_cannot_have_ipv6_says_why(monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    monkeypatch.setattr(address_ranges, without, lambda: False)
    check_host((IPV4,))
    with pytest.raises(ConfigError, match=r"this host has no IPv6|needs root"):
        check_host(FAMILIES)


def test_a_part_that_knows_one_family_is_refused(tmp_path: Path) -> None:
    assert decide(tmp_path, proxy="narrow").service_cidr == "10.111.0.0/16"
    with pytest.raises(ConfigError, match=r"the proxy 'narrow' serves IPv4 alone.*have another one \(.*frugal"):
        decide(tmp_path, proxy="narrow", ip_family="dual")


def test_nobody_becomes_dual_stack_without_asking() -> None:
    assert choose_families("", ("10.9.0.0/16", ""), "") == (IPV4,)
    assert choose_families("", ("", ""), BOTH) == FAMILIES
