"""IP families as data, and texts that name a range of one family or of both, as Kubernetes' options do.

``10.96.0.0/16`` is a range of IPv4, and ``10.96.0.0/16,fd00:10:96::/112`` are one of each, that of the first family first.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal

import attrs

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
FamilyName = Literal["IPv4", "IPv6"]


@attrs.frozen(kw_only=True)
class Family:
    """What differs between the families, so that rules need not."""

    name: FamilyName
    """As in ``spec.ipFamilies`` and ``addressType``."""
    version: Literal[4, 6]
    any_address: str
    """Where a server listens on every address of the host."""
    loopback: str
    sockets: socket.AddressFamily
    nft: Literal["ip", "ip6"]
    """Of nftables' tables and expressions."""
    iptables: Literal["iptables", "ip6tables"]
    """The program."""

    def __str__(self) -> str:
        return self.name


IPV4: Final = Family(
    name="IPv4",
    version=4,
    any_address="0.0.0.0",
    loopback="127.0.0.1",
    sockets=socket.AF_INET,
    nft="ip",
    iptables="iptables",
)
IPV6: Final = Family(
    name="IPv6",
    version=6,
    any_address="::",
    loopback="::1",
    sockets=socket.AF_INET6,
    nft="ip6",
    iptables="ip6tables",
)
FAMILIES: Final = (IPV4, IPV6)


def family(name: str) -> Family:
    """By its name. Raises `ValueError`."""
    for each in FAMILIES:
        if each.name == name:
            return each
    raise ValueError(f"{name!r} is no IP family: there are IPv4 and IPv6")


def family_of(some: str | Address | Network) -> Family:
    """Of an address or a range. Raises `ValueError` for a text that is neither."""
    if isinstance(some, str):
        some = ip_network(some) if "/" in some else ip_address(some)
    return IPV4 if some.version == 4 else IPV6


def host_port(address: str, port: int) -> str:
    """``10.0.0.1:80``, or ``[fd00::1]:80``."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def networks(ranges: str) -> tuple[Network, ...]:
    """Those of a text, in its order; none for an empty one. Raises `ValueError`."""
    return tuple(ip_network(each) for each in split(ranges))


def split(ranges: str) -> tuple[str, ...]:
    return tuple(part for each in ranges.split(",") if (part := each.strip()))


def join(ranges: Iterable[str | Network]) -> str:
    return ",".join(str(each) for each in ranges if each)


def part(ranges: str, of: Family) -> str:
    """The range of one family; empty where the text names none."""
    return next((str(each) for each in networks(ranges) if each.version == of.version), "")


def hosts_own(service_network: Network) -> str:
    """The last address of a range of Services: what pods know the host by. It offers the API there, and asks from there."""
    return str(service_network[-2])


def families_of(ranges: str) -> tuple[Family, ...]:
    """Those that a text names a range of, in its order."""
    return tuple(family_of(each) for each in networks(ranges))
