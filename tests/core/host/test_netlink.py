"""Links, addresses and routes as the kernel takes them."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from uuid import uuid4

import pytest

from sampan.core.host import netlink
from sampan.core.host.capabilities import has_ipv6, is_network_admin
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import Network
from tests.support.needs import needs

needs_ipv6 = needs(has_ipv6(), "the host has no IPv6")
needs_admin = needs(is_network_admin(), "changing links and routes needs root")


@pytest.fixture
def other_namespace() -> Iterator[int]:
    """A process in a network namespace of its own."""
    with subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder.pid
        holder.kill()


def networks() -> list[Network]:
    return [route.network for route in netlink.routes()]


def test_routes_are_told_to_everybody() -> None:
    assert IPv4Network("127.0.0.0/8") in networks()


@needs_admin
@pytest.mark.root
def test_pods_hang_on_a_bridge(other_namespace: int) -> None:
    bridge = f"spt{uuid4().hex[:8]}"
    addresses = [("10.250.99.1", 29), *([("fd00:10:250::1", 64)] if has_ipv6() else [])]
    try:
        for _ in range(2):
            netlink.add_bridge(bridge, "0a:58:0a:fa:00:01", addresses)
        netlink.add_veth(f"{bridge}v", bridge, "0a:58:0a:fa:00:02", other_namespace)
        assert netlink.bridge_ports(bridge) == [f"{bridge}v"]
        assert Path(f"/sys/class/net/{bridge}v/brport/hairpin_mode").read_text().strip() == "1"
        assert IPv4Network("10.250.99.0/29") in networks()
        inside = ["nsenter", "-t", str(other_namespace), "-n", "cat", "/proc/net/dev"]
        assert "eth0" in subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    finally:
        for name in (f"{bridge}v", f"{bridge}v", bridge, bridge):
            netlink.delete_link(name)
    assert bridge not in os.listdir("/sys/class/net")
    assert netlink.bridge_ports(bridge) == []


@needs_admin
@pytest.mark.root
@pytest.mark.parametrize("cidr", ["10.250.98.0/24", pytest.param("fd00:10:250::/112", marks=needs_ipv6)])
def test_a_range_is_the_hosts_own_while_it_is_routed(cidr: str) -> None:
    for _ in range(2):
        netlink.add_local_route(cidr)
    assert ip_network(cidr) in networks()
    for _ in range(2):
        netlink.delete_local_route(cidr)
    assert ip_network(cidr) not in networks()


def test_what_the_kernel_refuses_is_told_with_its_number() -> None:
    with pytest.raises(HostNetworkError, match="no link none") as told:
        netlink.add_veth("x", "none", "0a:58:0a:fa:00:02", os.getpid())
    assert told.value.code == errno.ENODEV
