"""The addresses of Services as root: one ``local`` route makes the whole range this host's own.

No address to add per service, one route to remove; and what nobody serves is refused by the kernel at once.
"""

from __future__ import annotations

from pathlib import Path

from sampan.core.errors import ConfigError
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import add_local_route, delete_local_route
from sampan.core.host.ranges import CANDIDATE_SERVICE_CIDRS, choosing, free_network, give_back


def choose(state_dir: Path) -> str:
    """A range that nobody here uses, noted for the folder."""
    with choosing(state_dir) as (taken, note):
        cidr = free_network(CANDIDATE_SERVICE_CIDRS, taken)
        note(cidr)
    return cidr


def hold(cidr: str) -> None:
    """Idempotent. Raises `ConfigError` without root."""
    if not is_network_admin():
        raise ConfigError(f"service addresses {cidr} need root: choose a range inside 127.0.0.0/8, or run as root")
    add_local_route(cidr)


def release(cidr: str, state_dir: Path) -> None:
    """Idempotent."""
    if cidr and not cidr.startswith("127.") and is_network_admin():
        delete_local_route(cidr)
    give_back(state_dir)
