"""What the kernel remembers of connections, over netlink. Blocking; for who may administer the network.

A busy host remembers tens of thousands. What is asked is put into messages by the library; of what the kernel says no more
is read than from where to where, since to decode all of an entry takes thirty times as long.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_network
from typing import Any, Final

from sampan.core.ip import FAMILIES, IPV4, IPV6, Family, family_of

Way = dict[str, Any]
"""One direction of a connection: ``saddr``, ``daddr``, ``proto``, and ``sport``, ``dport`` where it has any."""

NETLINK_NETFILTER: Final = 12
GET, DELETE = 0x101, 0x102
"""Types of messages: the upper byte is the table's."""
REQUEST, ACKNOWLEDGE, DUMP = 0x1, 0x4, 0x300
ERROR, DONE = 2, 3

_MESSAGE: Final = struct.Struct("=IHHII")
"""Length with this header, type, flags, sequence number, port."""
_ATTRIBUTE: Final = struct.Struct("=HH")
"""Length with this header, type."""
_FAMILY_SIZE = 4
"""Of what each answer about a connection begins with."""
_TYPE = 0x3FFF
"""Without the two bits that say how an attribute is written."""
_ORIGINAL, _REPLY = 1, 2
_ADDRESSES, _PROTOCOL = 1, 2
_ENDS: Final[Mapping[Family, tuple[int, int]]] = {IPV4: (1, 2), IPV6: (3, 4)}
"""Source and destination."""
_NUMBER, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
_BUFFER = 1 << 17


class Connections:
    """The kernel's table. Made by `connections`."""

    def __init__(self, netlink: socket.socket) -> None:
        self._netlink = netlink

    def forget(self, family: Family, unwanted: Callable[[Way, Way], bool], **first: Any) -> None:
        """Those that are so by (as it began, as it is answered). ``first``: only with this in the former.

        Raises `OSError` where the kernel does not tell.
        """
        for original, reply in tuple(self._all(family, first)):
            if unwanted(original, reply):
                with suppress(FileNotFoundError):  # it has ended meanwhile
                    for _ in self._ask(DELETE, ACKNOWLEDGE, family, tuple_orig=_pattern(family, original)):
                        pass

    def _all(self, family: Family, first: Way) -> Iterator[tuple[Way, Way]]:
        wanted: dict[str, Any] = {}
        # Kernels mistake addresses of IPv6 that they are to look for: those are looked at here.
        if told := {end: what for end, what in first.items() if family is IPV4 or end not in ("saddr", "daddr")}:
            pattern = _pattern(family, told)
            pattern.attrs()  # this works out the flags
            flags = {"attrs": [["CTA_FILTER_ORIG_FLAGS", pattern.flags]]}
            wanted = {"tuple_orig": pattern, "cta_filter": flags}
        for answer in self._ask(GET, DUMP, family, **wanted):
            entry = _attributes(answer[_FAMILY_SIZE:])
            original, reply = _way(family, entry[_ORIGINAL]), _way(family, entry[_REPLY])
            if first.items() <= original.items():
                yield original, reply

    def _ask(self, kind: int, flags: int, family: Family, **content: Any) -> Iterator[bytes]:
        """What comes before the kernel says that this is all. Raises `OSError` with what it refuses."""
        from pyroute2.netlink.nfnetlink.nfctsocket import nfct_msg

        message = nfct_msg.create_from(**content)
        message["nfgen_family"] = family.sockets
        message["header"].update({"type": kind, "flags": REQUEST | flags})
        message.encode()
        self._netlink.send(message.data)
        while True:
            received = self._netlink.recv(_BUFFER)
            start = 0
            while start < len(received):
                length, what, *_ = _MESSAGE.unpack_from(received, start)
                body = received[start + _MESSAGE.size : start + length]
                if what == DONE:
                    return
                if what == ERROR:
                    _raise_unless_fine(body)
                    return
                yield body
                start += _aligned(length)


@contextmanager
def connections() -> Iterator[Connections]:
    """Raises `OSError` where the kernel does not tell."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        netlink.bind((0, 0))
        yield Connections(netlink)


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


def _pattern(family: Family, way: Way) -> Any:
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple

    return NFCTAttrTuple(family=family.sockets, **way)


def _raise_unless_fine(body: bytes) -> None:
    (code,) = struct.unpack_from("=i", body)
    if code:
        raise OSError(-code, os.strerror(-code))


def _aligned(length: int) -> int:
    return length + 3 & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    """By type. Raises `OSError` where this is none of the kernel's."""
    found = {}
    start = 0
    while start < len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < _ATTRIBUTE.size:
            raise OSError(errno.EBADMSG, "an attribute is shorter than its header")
        found[kind & _TYPE] = data[start + _ATTRIBUTE.size : start + length]
        start += _aligned(length)
    return found


def _way(family: Family, data: bytes) -> Way:
    nested = _attributes(data)
    addresses, protocol = _attributes(nested[_ADDRESSES]), _attributes(nested[_PROTOCOL])
    source, destination = _ENDS[family]
    ports = {"sport": protocol.get(_SOURCE_PORT), "dport": protocol.get(_DESTINATION_PORT)}
    return {
        "saddr": socket.inet_ntop(family.sockets, addresses[source]),
        "daddr": socket.inet_ntop(family.sockets, addresses[destination]),
        "proto": protocol[_NUMBER][0],
        **{end: int.from_bytes(port) for end, port in ports.items() if port is not None},
    }
