"""What the kernel remembers of connections, over netlink. Blocking; for who may administer the network.

A busy host remembers tens of thousands. Of what the kernel says no more is read than from where to where, since to decode
all of an entry takes thirty times as long.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_network
from typing import Any, Final

from sampan.core.host.netlink_socket import CONNECTIONS, Netlink, attribute, attributes, nested, netlink, number
from sampan.core.ip import FAMILIES, IPV4, IPV6, Family, family_of

Way = dict[str, Any]
"""One direction of a connection: ``saddr``, ``daddr``, ``proto``, and ``sport``, ``dport`` where it has any."""

GET, DELETE = 0x101, 0x102
"""Types of messages: the upper byte is the table's."""

_FAMILY: Final = struct.Struct("=BBH")
"""What each message about a connection begins with: family, version, nothing."""
_ORIGINAL, _REPLY, _FILTER = 1, 2, 25
_ADDRESSES, _PROTOCOL = 1, 2
_ENDS: Final[Mapping[Family, tuple[int, int]]] = {IPV4: (1, 2), IPV6: (3, 4)}
"""Source and destination."""
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_ORIGINAL_FLAGS = 1
_LOOKED_AT: Final[Mapping[str, int]] = {
    "saddr": 1 << 0,
    "daddr": 1 << 1,
    "proto": 1 << 3,
    "sport": 1 << 4,
    "dport": 1 << 5,
}
"""In a filter's flags."""


class Connections:
    """The kernel's table. Made by `connections`."""

    def __init__(self, kernel: Netlink) -> None:
        self._kernel = kernel

    def forget(self, family: Family, unwanted: Callable[[Way, Way], bool], **first: Any) -> None:
        """Those that are so by (as it began, as it is answered). ``first``: only with this in the former.

        Raises `OSError` where the kernel does not tell.
        """
        head = _FAMILY.pack(family.sockets, 0, 0)
        for entry in self._kernel.table(GET, head + _filter(family, first)):
            told = attributes(entry[_FAMILY.size :])
            original = _way(family, told[_ORIGINAL])
            if first.items() <= original.items() and unwanted(original, _way(family, told[_REPLY])):
                with suppress(FileNotFoundError):  # it has ended meanwhile
                    self._kernel.change(DELETE, head + nested(_ORIGINAL, told[_ORIGINAL]))


@contextmanager
def connections() -> Iterator[Connections]:
    """Raises `OSError` where the kernel does not tell."""
    with netlink(CONNECTIONS) as kernel:
        yield Connections(kernel)


def forget_ranges(ranges: Iterable[str]) -> None:
    """All connections from or to an address of these."""
    networks = [ip_network(each) for each in ranges]
    with connections() as some:
        for family in FAMILIES:
            mine = [(int(each.network_address), int(each.netmask)) for each in networks if family_of(each) is family]
            if mine:
                some.forget(family, partial(_concerns, family, mine))


def _concerns(family: Family, networks: Sequence[tuple[int, int]], *ways: Way) -> bool:
    """Whether an end is in one of the networks, each as its first address and its mask."""
    found = {int.from_bytes(socket.inet_pton(family.sockets, way[end])) for way in ways for end in ("saddr", "daddr")}
    return any(address & mask == network for address in found for network, mask in networks)


def _filter(family: Family, first: Way) -> bytes:
    """Has the kernel tell of no others, which is quick; nothing where all are to be told."""
    # Kernels mistake addresses of IPv6 that they are to look for: those are looked at here.
    wanted = {end: what for end, what in first.items() if family is IPV4 or end not in ("saddr", "daddr")}
    if not wanted:
        return b""
    addresses = [
        attribute(kind, socket.inet_pton(family.sockets, wanted[end]))
        for end, kind in zip(("saddr", "daddr"), _ENDS[family], strict=True)
        if end in wanted
    ]
    protocol = [
        attribute(kind, wanted[what].to_bytes(size))
        for what, kind, size in (("proto", _NUMBER, 1), ("sport", _SOURCE_PORT, 2), ("dport", _DESTINATION_PORT, 2))
        if what in wanted
    ]
    flags = sum(_LOOKED_AT[what] for what in wanted)
    return nested(_ORIGINAL, nested(_ADDRESSES, *addresses), nested(_PROTOCOL, *protocol)) + nested(
        _FILTER, number(_ORIGINAL_FLAGS, flags)
    )


def _way(family: Family, data: bytes) -> Way:
    nested = attributes(data)
    addresses, protocol = attributes(nested[_ADDRESSES]), attributes(nested[_PROTOCOL])
    source, destination = _ENDS[family]
    ports = {"sport": protocol.get(_SOURCE_PORT), "dport": protocol.get(_DESTINATION_PORT)}
    return {
        "saddr": socket.inet_ntop(family.sockets, addresses[source]),
        "daddr": socket.inet_ntop(family.sockets, addresses[destination]),
        "proto": protocol[_NUMBER][0],
        **{end: int.from_bytes(port) for end, port in ports.items() if port is not None},
    }
