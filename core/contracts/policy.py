"""The contract of what enforces NetworkPolicies: the whole desired state in, after kube-proxy's manner.

What policies mean for each pod is decided by `sampan.core.services.policies` (pure). Blocking, one call at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Protocol

import attrs

from sampan.core.classes import frozen

HIGHEST_PORT = 65_535


@attrs.frozen(kw_only=True, order=True)
class Opening:
    """What one rule lets through: the other side's addresses, and ports of the target."""

    ranges: tuple[str, ...] = ()
    """Addresses or ranges in CIDR form; none: everywhere."""
    gaps: tuple[str, ...] = ()
    """Ranges within them that do not count."""
    protocol: str = ""
    """``TCP``, ``UDP`` or ``SCTP``; empty: any."""
    first: int = 0
    last: int = HIGHEST_PORT

    def lets(self, address: str, protocol: str, port: int) -> bool:
        if self.protocol and (protocol != self.protocol or not self.first <= port <= self.last):
            return False
        return (not self.ranges or _is_in(address, self.ranges)) and not _is_in(address, self.gaps)


@frozen(kw_only=True)
class Guard:
    """What one pod's address may get and send, in its own IP family; ``None`` where no policy is about that direction."""

    address: str
    ingress: tuple[Opening, ...] | None = None
    egress: tuple[Opening, ...] | None = None


@frozen(kw_only=True)
class EnforcerSettings:
    cluster: str
    state_dir: Path
    families: tuple[str, ...] = ("IPv4",)
    """The cluster's IP families: guards are for addresses of these."""


class PolicyEnforcer(Protocol):
    def sync(self, guards: Sequence[Guard]) -> None:
        """Let these pods' guards hold from now on, and no others. Raises `SampanError`; then what was there holds on."""
        ...

    def destroy(self) -> None:
        """Take every rule back. Idempotent; works in a process that has not called `sync`."""
        ...


def _is_in(address: str, ranges: Sequence[str]) -> bool:
    return any(ip_address(address) in ip_network(cidr, strict=False) for cidr in ranges)
