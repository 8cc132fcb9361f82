"""Which addresses and ports programs of this host listen on: they keep theirs, whatever a Service asks for."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from sampan.core.contracts.proxy import ServicePort
from sampan.core.host.local_routes import is_local

_TABLES = {"TCP": (("tcp", "tcp6"), "0A"), "UDP": (("udp", "udp6"), "07")}
"""The kernel's lists by protocol, and the state of a socket that waits for anybody."""
_EVERYWHERE = "0.0.0.0"


def taken(services: Iterable[ServicePort]) -> list[ServicePort]:
    """Those at an address of this host whose port a program has."""
    some = [service for service in services if service.protocol in _TABLES and is_local(service.ip)]
    held = {protocol: _held(protocol) for protocol in {service.protocol for service in some}}
    return [
        service
        for service in some
        if {(service.ip, service.port), (_EVERYWHERE, service.port)} & held[service.protocol]
    ]


def _held(protocol: str) -> set[tuple[str, int]]:
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
    """An IPv6 socket for all addresses takes IPv4's too; another one is none of ours."""
    if len(text) == 8:
        return socket.inet_ntoa(struct.pack("=I", int(text, 16)))
    return _EVERYWHERE if not int(text, 16) else ""
