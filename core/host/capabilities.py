"""What this process may do to the machine, by Linux capability."""

from __future__ import annotations

import os
from pathlib import Path

CAP_NET_BIND_SERVICE = 10
CAP_NET_ADMIN = 12
CAP_SYS_ADMIN = 21
CAP_SYS_RESOURCE = 24

IPV6_ADDRESSES = Path("/proc/net/if_inet6")
UNPRIVILEGED_PORTS = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def has_capability(number: int) -> bool:
    """Whether the process holds a capability in its own user namespace."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> number & 1)
    return False


def is_network_admin() -> bool:
    """Whether links and routes of this network namespace may be changed."""
    return has_capability(CAP_NET_ADMIN)


def has_ipv6() -> bool:
    """Whether anything here has an address of IPv6: where the kernel was told to do without, not even loopback has one."""
    try:
        return bool(IPV6_ADDRESSES.read_text())
    except OSError:
        return False


def may_mount() -> bool:
    """Whether mounts may be made in this mount namespace."""
    return has_capability(CAP_SYS_ADMIN)


def may_bind_low_ports() -> bool:
    """Whether a server here may listen on the well-known ports, such as DNS' 53."""
    if has_capability(CAP_NET_BIND_SERVICE):
        return True
    try:
        return int(UNPRIVILEGED_PORTS.read_text()) <= 53
    except (OSError, ValueError):
        return False


def may_protect_from_oom() -> bool:
    """Whether a root daemon on this machine may lower an ``oom_score_adj`` (some machines withhold it even from root)."""
    return os.geteuid() != 0 or has_capability(CAP_SYS_RESOURCE)
