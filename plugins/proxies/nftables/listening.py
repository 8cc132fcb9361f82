"""Which addresses and ports programs of this host listen on: they keep theirs, whatever a Service asks for."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from sampan.core.contracts.proxy import ServicePort
from sampan.core.host.local_routes import is_local
from sampan.core.ip import IPV6

_TABLES = {"TCP": (("tcp", "tcp6"), "0A"), "UDP": (("udp", "udp6"), "07")}
"""The kernel's lists by protocol, and the state of a socket that waits for anybody."""
ANY = IPV6.any_address
"""An IPv6 socket for all addresses takes IPv4's too."""
Place = tuple[str, int]
"""An address and a port."""


def taken(services: Iterable[ServicePort]) -> list[ServicePort]:
    """Those at an address of this host whose port a program has."""
    some = [service for service in services if service.protocol in _TABLES and is_local(service.ip)]
    held = {protocol: _held(protocol) for protocol in {service.protocol for service in some}}
    return [
        service
        for service in some
        if any((ip, service.port) in held[service.protocol] for ip in (service.ip, service.family.any_address, ANY))
    ]


def _held(protocol: str) -> set[Place]:
    names, waiting = _TABLES[protocol]
    found = set()
    for name in names:
        path = Path("/proc/net") / name
        if not path.exists():
            continue
        for line in path.read_text().splitlines()[1:]:
            local, _, state = line.split()[1:4]
            if state == waiting:
                address, _, port = local.partition(":")
                found.add((_address(address), int(port, 16)))
    return found


def _address(text: str) -> str:
    """As the kernel writes it there: numbers of 32 bits in this machine's order of bytes."""
    packed = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return str(ip_address(packed))
