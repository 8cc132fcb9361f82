"""Links, addresses and routes as the kernel takes them."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from uuid import uuid4

import pytest

from sampan.core.host import netlink
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import HostNetworkError

needs_admin = pytest.mark.skipif(not is_network_admin(), reason="changing links and routes needs root")


@pytest.fixture
def other_namespace() -> Iterator[int]:
    """A process in a network namespace of its own."""
    with subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder.pid
        holder.kill()


def networks() -> list[IPv4Network]:
    return [route.network for route in netlink.routes()]


def test_routes_are_told_to_everybody() -> None:
    assert IPv4Network("127.0.0.0/8") in networks()


@needs_admin
@pytest.mark.root
def test_pods_hang_on_a_bridge(other_namespace: int) -> None:
    bridge = f"spt{uuid4().hex[:8]}"
    try:
        for _ in range(2):
            netlink.add_bridge(bridge, "0a:58:0a:fa:00:01", "10.250.99.1", 29)
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
def test_a_range_is_the_hosts_own_while_it_is_routed() -> None:
    for _ in range(2):
        netlink.add_local_route("10.250.98.0/24")
    assert IPv4Network("10.250.98.0/24") in networks()
    for _ in range(2):
        netlink.delete_local_route("10.250.98.0/24")
    assert IPv4Network("10.250.98.0/24") not in networks()


def test_what_the_kernel_refuses_is_told_with_its_number() -> None:
    with pytest.raises(HostNetworkError, match="no link none") as told:
        netlink.add_veth("x", "none", "0a:58:0a:fa:00:02", os.getpid())
    assert told.value.code == errno.ENODEV
