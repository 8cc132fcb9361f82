"""The name servers that this host asks, for pods that ask the same."""

from __future__ import annotations

import ipaddress
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
STUB = "127.0.0.53"
"""Where systemd-resolved answers."""
MARK = "# sampan "
"""Behind the line of a cluster that answers for this host, with what tells which one that is."""
UPLINK = Path("/run/systemd/resolve/resolv.conf")
"""Where systemd-resolved writes the servers behind its own local one."""


def host_dns_servers() -> tuple[str, ...]:
    """Those that a pod can reach: servers on the host's own loopback are replaced by the ones behind them."""
    servers = _servers(RESOLV_CONF)
    if any(ipaddress.ip_address(server).is_loopback for server in servers):
        servers = [*_servers(UPLINK), *servers]
    return tuple(server for server in servers if not ipaddress.ip_address(server).is_loopback)


def _servers(file: Path) -> list[str]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines if MARK not in line]
    return [each[1] for each in words if len(each) > 1 and each[0] == "nameserver" and _is_address(each[1])]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
