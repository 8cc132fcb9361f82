"""Addresses and ranges: which are meant by a text, and what is odd about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(text: str) -> Network | None:
    """The range that a text means, also one with bits beyond its prefix. None for anything else."""
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def range_warnings(text: str, path: str) -> Iterator[str]:
    """What Kubernetes would rather have written otherwise."""
    meant = network(text)
    if meant is None:
        return
    address = ipaddress.ip_address(text.partition("/")[0])
    if address != meant.network_address:
        single = f"{address}/{meant.max_prefixlen}"
        yield f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{meant}" or "{single}"?)'
    elif meant.version == 6 and str(meant) != text:
        yield f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{meant}")'


def address_warnings(text: str, path: str) -> Iterator[str]:
    """What Kubernetes would rather have written otherwise of one address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        yield f'{path}: non-standard IP address "{text}" is invalid: use "{mapped}"'
    elif address.version == 6 and str(address) != text:
        yield f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")'
