"""The kernel's network over netlink: links, addresses and routes of this network namespace. Blocking; any thread."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError, SampanError
from sampan.core.host.netlink_socket import (
    CREATE,
    EXCLUSIVE,
    REPLACE,
    ROUTES,
    Netlink,
    as_number,
    as_text,
    attribute,
    attributes,
    nested,
    netlink,
    number,
    text,
)
from sampan.core.ip import FAMILIES, IPV6, Family, Network, family_of

NEW_LINK, DELETE_LINK, GET_LINK, SET_LINK = 16, 17, 18, 19
NEW_ADDRESS = 20
NEW_ROUTE, DELETE_ROUTE, GET_ROUTE = 24, 25, 26
"""Types of messages."""

_LINK: Final = struct.Struct("=BxHiII")
"""Family, type, index, flags, which of them are meant."""
LINK_ADDRESS, LINK_NAME, LINK_MASTER, LINK_PORT, LINK_INFO, LINK_NAMESPACE = 1, 3, 10, 12, 18, 19
INFO_KIND, INFO_DATA = 1, 2
VETH_PEER = 1
PORT_HAIRPIN = 4
IFF_UP = 1

_ADDRESS: Final = struct.Struct("=BBBBI")
"""Family, length of its network, flags, scope, the link's index."""
ADDRESS, LOCAL_ADDRESS = 1, 2
IFA_F_NODAD = 2
"""An address is used at once, without asking the link for others that have it."""

_ROUTE: Final = struct.Struct("=BBBBBBBBI")
"""Family, length of the destination, of the source, type of service, table, protocol, scope, type, flags."""
DESTINATION, INTERFACE, SOURCE, TABLE = 1, 4, 7, 15
MAIN_TABLE, LOCAL_TABLE = 254, 255
STATIC = 4
SCOPE_HOST = 254
LOCAL = 2


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
    with _routes() as kernel:
        names = {index: name for index, name, _ in _links(kernel)}
        found = []
        for family in FAMILIES:
            for length, _, told in _entries(kernel, family):
                destination = socket.inet_ntop(family.sockets, told[DESTINATION])
                network = ip_network(f"{destination}/{length}", strict=False)
                found.append(HostRoute(network, names.get(as_number(told.get(INTERFACE)), "")))
        return found


def _entries(kernel: Netlink, family: Family) -> Iterator[tuple[int, int, dict[int, bytes]]]:
    """Length of the destination, table and attributes of the routes that all packets go by, but for default ones."""
    for entry in kernel.table(GET_ROUTE, _route(family.sockets, 0)):
        of, length, _, _, table, *_ = _ROUTE.unpack_from(entry)
        if of != family.sockets:  # a kernel that lacks a family tells of all others when it is asked for that one
            continue
        told = attributes(entry[_ROUTE.size :])
        table = as_number(told.get(TABLE)) or table
        if DESTINATION in told and table in (MAIN_TABLE, LOCAL_TABLE):
            yield length, table, told


def add_local_route(cidr: str, source: str = "") -> None:
    """Every address of the range is this host's own from now on. Idempotent.

    Programs of the host ask there from ``source``, an IPv4 address that may be of the range itself, unless they choose
    another one; without it from the very address that they ask.
    """
    route, preferred = _local(cidr, STATIC), ip_address(source).packed if source else b""
    with _routes() as kernel:
        if preferred and not _is_preferred(kernel, cidr, preferred):
            kernel.change(NEW_ROUTE, route, CREATE | REPLACE)  # only what is this host's own is taken for a source
        kernel.change(NEW_ROUTE, route + (attribute(SOURCE, preferred) if preferred else b""), CREATE | REPLACE)


def _is_preferred(kernel: Netlink, cidr: str, source: bytes) -> bool:
    network = ip_network(cidr)
    wanted = (network.prefixlen, LOCAL_TABLE, network.network_address.packed, source)
    return any(
        wanted == (length, table, told[DESTINATION], told.get(SOURCE))
        for length, table, told in _entries(kernel, family_of(cidr))
    )


def delete_local_route(cidr: str) -> None:
    """Idempotent."""
    with _routes(fine=errno.ESRCH) as kernel:
        kernel.change(DELETE_ROUTE, _local(cidr, 0))


def add_bridge(name: str, mac: str, addresses: Iterable[tuple[str, int]]) -> None:
    """With its addresses and the lengths of their networks, up. One that is there is kept."""
    with _routes(fine=errno.EEXIST) as kernel:
        kind = nested(LINK_INFO, text(INFO_KIND, "bridge"))
        kernel.change(NEW_LINK, _link() + text(LINK_NAME, name) + _mac(mac) + kind, CREATE | EXCLUSIVE)
    listens = Path(f"/proc/sys/net/ipv6/conf/{name}/accept_ra")
    with suppress(OSError):  # no IPv6 here
        listens.write_text("0")  # who hangs on it must not tell this host where to send
    with _routes() as kernel:
        index = _index(name)
        for address, prefix in addresses:
            kernel.change(NEW_ADDRESS, _address(index, address, prefix), CREATE | REPLACE)
        kernel.change(NEW_LINK, _link(index=index, flags=IFF_UP))


def add_veth(name: str, bridge: str, mac: str, pid: int) -> None:
    """A pair: ``name`` on the bridge, ``eth0`` in the network namespace of the process ``pid``."""
    with _routes() as kernel:
        peer = _link() + text(LINK_NAME, "eth0") + _mac(mac) + number(LINK_NAMESPACE, pid)
        pair = nested(LINK_INFO, text(INFO_KIND, "veth"), nested(INFO_DATA, attribute(VETH_PEER, peer)))
        head = _link(flags=IFF_UP) + text(LINK_NAME, name) + number(LINK_MASTER, _index(bridge))
        kernel.change(NEW_LINK, head + pair, CREATE | EXCLUSIVE)
        # What a pod sends to its own service comes back on the port that it came from, where bridges call the firewall.
        port = _link(socket.AF_BRIDGE, index=_index(name)) + nested(LINK_PORT, attribute(PORT_HAIRPIN, b"\x01"))
        kernel.change(SET_LINK, port)


def delete_link(name: str) -> None:
    """One that is not there is fine: the kernel takes a pair away with its namespace, maybe while it is asked."""
    with _routes(fine=errno.ENODEV) as kernel:
        kernel.change(DELETE_LINK, _link(index=_index(name)))


def bridge_ports(bridge: str) -> list[str]:
    """Empty where the bridge is not there."""
    with _routes() as kernel:
        links = list(_links(kernel))
        masters = {index for index, name, _ in links if name == bridge}
        return [name for _, name, master in links if master in masters]


def _links(kernel: Netlink) -> Iterator[tuple[int, str, int]]:
    """Index, name, and the index of what it hangs on, or 0."""
    for entry in kernel.table(GET_LINK, _link()):
        told = attributes(entry[_LINK.size :])
        yield _LINK.unpack_from(entry)[2], as_text(told[LINK_NAME]), as_number(told.get(LINK_MASTER))


def _link(family: int = socket.AF_UNSPEC, *, index: int = 0, flags: int = 0) -> bytes:
    return _LINK.pack(family, 0, index, flags, flags)


def _mac(address: str) -> bytes:
    return attribute(LINK_ADDRESS, bytes.fromhex(address.replace(":", "")))


def _address(index: int, address: str, prefix: int) -> bytes:
    family, packed = family_of(address), ip_address(address).packed
    flags = IFA_F_NODAD if family is IPV6 else 0  # it is nobody else's
    head = _ADDRESS.pack(family.sockets, prefix, flags, 0, index)
    return head + attribute(LOCAL_ADDRESS, packed) + attribute(ADDRESS, packed)


def _local(cidr: str, protocol: int) -> bytes:
    network = ip_network(cidr)
    head = _route(family_of(cidr).sockets, network.prefixlen, LOCAL_TABLE, protocol, SCOPE_HOST, LOCAL)
    return head + attribute(DESTINATION, network.network_address.packed) + number(INTERFACE, _index("lo"))


def _route(family: int, length: int, table: int = 0, protocol: int = 0, scope: int = 0, kind: int = 0) -> bytes:
    return _ROUTE.pack(family, length, 0, 0, table, protocol, scope, kind, 0)


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        raise HostNetworkError(f"there is no link {name}", errno.ENODEV) from None


@contextmanager
def _routes(fine: int = 0) -> Iterator[Netlink]:
    """A connection. Raises `HostNetworkError` for what the kernel refuses, but for the error number ``fine``."""
    with _connection() as kernel:
        try:
            yield kernel
        except OSError as exc:
            if exc.errno != fine or not fine:
                raise HostNetworkError(f"netlink: {exc.strerror}", exc.errno or 0) from exc
        except HostNetworkError as exc:
            if exc.code != fine or not fine:
                raise


@contextmanager
def _connection() -> Iterator[Netlink]:
    with ExitStack() as opened:
        try:
            kernel = opened.enter_context(netlink(ROUTES))
        except OSError as exc:
            raise ConfigError(f"this machine lets nobody ask for its routes: {exc.strerror}") from exc
        yield kernel
