"""How IP addresses and ranges may be written.

Kubernetes reads what it always read (`010.0.0.1`) to say what is wrong with it; fields that are newer than its strict rules
want the canonical form as well (KEP 4858).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Problems = list[str]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NO_ADDRESS: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_RANGE: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_DOTTED: Final = re.compile(r"(.*:)?(\d+\.\d+\.\d+\.\d+)", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,8}", re.ASCII)


def read_address(value: str) -> Address | None:
    """The address that is meant, zeros before its numbers or not; None where there is none."""
    dotted = _DOTTED.fullmatch(value)
    if dotted is not None:
        octets = ".".join(str(int(octet)) for octet in dotted[2].split("."))
        value = (dotted[1] or "") + octets
    try:
        return None if "%" in value else ip_address(value)
    except ValueError:
        return None


def _has_leading_zeros(value: str) -> bool:
    dotted = _DOTTED.fullmatch(value)
    return dotted is not None and any(octet != str(int(octet)) for octet in dotted[2].split("."))


def _is_mapped(address: Address) -> bool:
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


def ip(value: str) -> Problems:
    address = read_address(value)
    if address is None:
        return [NO_ADDRESS]
    if _has_leading_zeros(value):
        return ["must not have leading 0s"]
    return ["must not be an IPv4-mapped IPv6 address"] if _is_mapped(address) else []


def canonical_ip(value: str) -> Problems:
    """An address in the one form that it is usually written in."""
    problems = ip(value)
    address = read_address(value)
    return problems if problems or value == str(address) else [f'must be in canonical form ("{address}")']


def read_range(value: str) -> Network | None:
    """The range that is meant, with the bits behind its prefix left out."""
    text, slash, length = value.partition("/")
    address = read_address(text)
    if address is None or not slash or not _DIGITS.fullmatch(length) or int(length) > address.max_prefixlen:
        return None
    return ip_network((address, int(length)), strict=False)


def cidr(value: str) -> Problems:
    network = read_range(value)
    if network is None:
        return [NO_RANGE]
    text, _, length = value.partition("/")
    if _has_leading_zeros(text) or length != str(int(length)):
        return ["must not have leading 0s in IP or prefix length"]
    address = read_address(text)
    if address is not None and _is_mapped(address):
        return ["must not have an IPv4-mapped IPv6 address"]
    return [] if address == network.network_address else ["must not have bits set beyond the prefix length"]


def canonical_cidr(value: str) -> Problems:
    """A range in the one form that it is usually written in, without an address within it."""
    problems = cidr(value)
    network = read_range(value)
    return problems if problems or value == str(network) else [f'must be in canonical form ("{network}")']
