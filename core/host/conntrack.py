"""What the kernel remembers of connections, over netlink. Blocking; for who may administer the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address, ip_network
from typing import Any

Way = dict[str, Any]
"""One direction of a connection: ``saddr``, ``daddr``, ``proto``, and ``sport``, ``dport`` where it has any."""


class Connections:
    """The kernel's table. Made by `connections`."""

    def __init__(self, netlink: Any) -> None:
        self._netlink = netlink

    def forget(self, unwanted: Callable[[Way, Way], bool], **first: Any) -> None:
        """Those that are so by (as it began, as it is answered). ``first``: only with this in the former."""
        from pyroute2.netlink.exceptions import NetlinkError
        from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple

        wanted = {"tuple_orig": NFCTAttrTuple(**first)} if first else {}
        for entry in tuple(self._netlink.dump(**wanted)):
            original, reply = _way(entry, "CTA_TUPLE_ORIG"), _way(entry, "CTA_TUPLE_REPLY")
            if unwanted(original, reply):
                with suppress(NetlinkError):  # it has ended meanwhile
                    self._netlink.entry("del", tuple_orig=NFCTAttrTuple(**original))


@contextmanager
def connections() -> Iterator[Connections]:
    """Raises `OSError` where the kernel does not tell."""
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket

    with NFCTSocket() as netlink:
        yield Connections(netlink)


def forget_ranges(ranges: Iterable[str]) -> None:
    """All connections from or to an address of these."""
    networks = [ip_network(each) for each in ranges]

    def concerns(*ways: Way) -> bool:
        found = [ip_address(way[end]) for way in ways for end in ("saddr", "daddr") if way[end]]
        return any(address in network for address in found for network in networks)

    with connections() as some:
        some.forget(concerns)


def _way(entry: Any, name: str) -> Way:
    attributes = entry.get_attr(name)
    ip, proto = attributes.get_attr("CTA_TUPLE_IP"), attributes.get_attr("CTA_TUPLE_PROTO")
    ports = {"sport": proto.get_attr("CTA_PROTO_SRC_PORT"), "dport": proto.get_attr("CTA_PROTO_DST_PORT")}
    return {
        "saddr": ip.get_attr("CTA_IP_V4_SRC"),
        "daddr": ip.get_attr("CTA_IP_V4_DST"),
        "proto": proto.get_attr("CTA_PROTO_NUM"),
        **{end: port for end, port in ports.items() if port is not None},
    }
