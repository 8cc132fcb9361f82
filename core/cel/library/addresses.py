"""IP addresses and ranges."""

from __future__ import annotations

import ipaddress

from sampan.core.cel.library.function import CIDR, IP, Function, tagged, untagged

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Range = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def parse_ip(text: str) -> Address | None:
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    return None if mapped else address


def parse_cidr(text: str) -> Range | None:
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit() or length != str(int(length)) or parse_ip(address) is None:
        return None
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        return None


def make_ip(text: str) -> dict[str, str]:
    address = parse_ip(text)
    if address is None:
        raise ValueError(f"IP Address '{text}' parse error during conversion from string: unable to parse IP")
    return tagged(IP, str(address))


def make_cidr(text: str) -> dict[str, str]:
    found = parse_cidr(text)
    if found is None:
        raise ValueError(f"network address parse error during conversion from string: netip.ParsePrefix({text!r})")
    return tagged(CIDR, str(found))


def _ip(value: object) -> Address:
    return ipaddress.ip_address(untagged(IP, value))


def _cidr(value: object) -> Range:
    return ipaddress.ip_interface(untagged(CIDR, value))


def contains_ip(value: object, address: object) -> bool:
    inner = parse_ip(address) if isinstance(address, str) else _ip(address)
    return inner is not None and inner.version == _cidr(value).version and inner in _cidr(value).network


def contains_cidr(value: object, other: object) -> bool:
    inner = parse_cidr(other) if isinstance(other, str) else _cidr(other)
    outer = _cidr(value)
    if inner is None or inner.version != outer.version:
        return False
    return inner.network.prefixlen >= outer.network.prefixlen and inner.ip in outer.network


def is_canonical(text: str) -> bool:
    address = parse_ip(text)
    if address is None:
        raise ValueError(f"IP Address '{text}' parse error during conversion from string: unable to parse IP")
    return str(address) == text


def is_global(address: Address) -> bool:
    """Go's ``IsGlobalUnicast``: private addresses too, but nothing special."""
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and str(address) != "255.255.255.255"


FUNCTIONS = (
    Function("ip", ["string"], IP, make_ip, is_method=False),
    Function("isIP", ["string"], "bool", lambda text: parse_ip(text) is not None, is_method=False),
    Function("ip.isCanonical", ["string"], "bool", is_canonical, is_method=False),
    Function("family", [IP], "int", lambda value: _ip(value).version),
    Function("isUnspecified", [IP], "bool", lambda value: _ip(value).is_unspecified),
    Function("isLoopback", [IP], "bool", lambda value: _ip(value).is_loopback),
    Function("isLinkLocalMulticast", [IP], "bool", lambda value: _link_local_multicast(_ip(value))),
    Function("isLinkLocalUnicast", [IP], "bool", lambda value: _ip(value).is_link_local),
    Function("isGlobalUnicast", [IP], "bool", lambda value: is_global(_ip(value))),
    Function("cidr", ["string"], CIDR, make_cidr, is_method=False),
    Function("isCIDR", ["string"], "bool", lambda text: parse_cidr(text) is not None, is_method=False),
    Function("containsIP", [CIDR, IP], "bool", contains_ip),
    Function("containsIP", [CIDR, "string"], "bool", contains_ip),
    Function("containsCIDR", [CIDR, CIDR], "bool", contains_cidr),
    Function("containsCIDR", [CIDR, "string"], "bool", contains_cidr),
    Function("ip", [CIDR], IP, lambda value: tagged(IP, str(_cidr(value).ip))),
    Function("masked", [CIDR], CIDR, lambda value: tagged(CIDR, str(_cidr(value).network))),
    Function("prefixLength", [CIDR], "int", lambda value: _cidr(value).network.prefixlen),
    Function("string", [IP], "string", lambda value: untagged(IP, value), is_method=False),
    Function("string", [CIDR], "string", lambda value: untagged(CIDR, value), is_method=False),
)


def _link_local_multicast(address: Address) -> bool:
    if address.version == 4:
        return address in ipaddress.ip_network("224.0.0.0/24")
    return address.is_multicast and address.packed[1] & 0x0F == 2
