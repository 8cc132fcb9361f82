"""The kernel's network over netlink: links, addresses and routes of this network namespace. Blocking; any thread.

One connection for the process: opening one costs more than most of what is asked over it. The library is imported with it,
since many who run `sampan` never change a network.
"""

from __future__ import annotations

import errno
import functools
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from itertools import product
from pathlib import Path
from typing import Any

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError, SampanError
from sampan.core.ip import FAMILIES, IPV6, Network, family_of

IFF_UP = 1
HAIRPIN = 1
MAIN_TABLE, LOCAL_TABLE = 254, 255
SCOPE_HOST = 254
IFA_F_NODAD = 2
"""An address is used at once, without asking the link for others that have it."""

_lock = threading.Lock()


class HostNetworkError(SampanError):
    """What the kernel said to a change of routes or links."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@frozen
class HostRoute:
    network: Network
    interface: str


def routes() -> list[HostRoute]:
    """Every range that has a route here, this host's own addresses among them, but for the default ones."""
    with _netlink() as netlink:
        names = {link["index"]: link.get("ifname") for link in netlink.get_links()}
        found = []
        for family, table in product(FAMILIES, (MAIN_TABLE, LOCAL_TABLE)):
            for route in netlink.get_routes(family=family.sockets, table=table):
                if destination := route.get("dst"):
                    network = ip_network(f"{destination}/{route['dst_len']}", strict=False)
                    found.append(HostRoute(network, str(names.get(route.get("oif")) or "")))
        return found


def add_local_route(cidr: str, source: str = "") -> None:
    """Every address of the range is this host's own from now on. Idempotent.

    Programs of the host ask there from ``source``, an IPv4 address that may be of the range itself, unless they choose
    another one; without it from the very address that they ask.
    """
    with _netlink() as netlink:
        route = _local(netlink, cidr)
        if source and not any(
            each.get("prefsrc") == source for each in netlink.get_routes(dst=cidr, table=LOCAL_TABLE)
        ):
            netlink.route("replace", **route)  # only what is this host's own is taken for a source
        netlink.route("replace", **route, **({"prefsrc": source} if source else {}))


def delete_local_route(cidr: str) -> None:
    """Idempotent."""
    with _netlink(fine=errno.ESRCH) as netlink:
        netlink.route("del", **_local(netlink, cidr))


def add_bridge(name: str, mac: str, addresses: Iterable[tuple[str, int]]) -> None:
    """With its addresses and the lengths of their networks, up. One that is there is kept."""
    with _netlink(fine=errno.EEXIST) as netlink:
        netlink.link("add", ifname=name, kind="bridge", address=mac)
    listens = Path(f"/proc/sys/net/ipv6/conf/{name}/accept_ra")
    with suppress(OSError):  # no IPv6 here
        listens.write_text("0")  # who hangs on it must not tell this host where to send
    with _netlink() as netlink:
        index = _index(netlink, name)
        for address, prefix in addresses:
            more = {"flags": IFA_F_NODAD} if family_of(address) is IPV6 else {}  # it is nobody else's
            netlink.addr("replace", index=index, address=address, prefixlen=prefix, **more)
        netlink.link("set", index=index, flags=IFF_UP, change=IFF_UP)


def add_veth(name: str, bridge: str, mac: str, pid: int) -> None:
    """A pair: ``name`` on the bridge, ``eth0`` in the network namespace of the process ``pid``."""
    with _netlink() as netlink:
        peer = {"ifname": "eth0", "address": mac, "net_ns_pid": pid}
        master = _index(netlink, bridge)
        netlink.link("add", ifname=name, kind="veth", peer=peer, master=master, flags=IFF_UP, change=IFF_UP)
        # What a pod sends to its own service comes back on the port that it came from, where bridges call the firewall.
        netlink.brport("set", index=_index(netlink, name), mode=HAIRPIN)


def delete_link(name: str) -> None:
    """One that is not there is fine: the kernel takes a pair away with its namespace, maybe while it is asked."""
    with _netlink(fine=errno.ENODEV) as netlink:
        netlink.link("del", ifname=name)


def bridge_ports(bridge: str) -> list[str]:
    """Empty where the bridge is not there."""
    with _netlink() as netlink:
        masters = netlink.link_lookup(ifname=bridge)
        links = [link for link in netlink.get_links() if masters and link.get("master") == masters[0]]
        return [str(link.get("ifname")) for link in links]


def _local(netlink: Any, cidr: str) -> dict[str, object]:
    lo, family = _index(netlink, "lo"), family_of(cidr).sockets
    return {
        "family": family, "dst": cidr, "oif": lo, "type": "local", "table": LOCAL_TABLE, "scope": SCOPE_HOST
    }  # fmt: skip


def _index(netlink: Any, name: str) -> int:
    for index in netlink.link_lookup(ifname=name):
        return int(index)
    raise HostNetworkError(f"there is no link {name}", errno.ENODEV)


@contextmanager
def _netlink(fine: int = 0) -> Iterator[Any]:
    """The connection, for one caller at a time. Raises `HostNetworkError`, but for the error number ``fine``."""
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with _lock:
            yield _connection()
    except NetlinkError as exc:
        if exc.code != fine or not fine:
            raise HostNetworkError(f"netlink: {exc.args[-1]}", exc.code) from exc


@functools.cache
def _connection() -> Any:
    from pyroute2 import IPRoute

    try:
        return IPRoute()
    except OSError as exc:
        raise ConfigError(f"this machine lets nobody ask for its routes: {exc.strerror}") from exc
