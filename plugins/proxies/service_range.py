"""The addresses of Services as root: one ``local`` route for each IP family makes the whole range this host's own.

No address to add per service, one route to remove for each; and what nobody serves is refused by the kernel at once.
The host's programs ask Services of IPv4 from one address of the range, `hosts_own`, to which pods can answer; for IPv6 the
kernel takes an address of a link.
"""

from __future__ import annotations

from sampan.core.contracts.proxy import ProxySettings
from sampan.core.errors import ConfigError
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import add_local_route, delete_local_route
from sampan.core.host.ranges import CANDIDATE_SERVICE_CIDRS, choosing, free_network, give_back
from sampan.core.ip import IPV4, family, hosts_own, join, networks


def choose(settings: ProxySettings) -> str:
    """A range of each family that nobody here uses, noted for the proxy's folder."""
    with choosing(settings.state_dir) as (taken, note):
        ranges = join(free_network(CANDIDATE_SERVICE_CIDRS[family(name)], taken) for name in settings.families)
        note(ranges)
    return ranges


def hold(ranges: str) -> None:
    """Idempotent. Raises `ConfigError` without root."""
    if not is_network_admin():
        raise ConfigError(f"service addresses {ranges} need root: choose a range inside 127.0.0.0/8, or run as root")
    for network in networks(ranges):
        add_local_route(str(network), hosts_own(network) if network.version == IPV4.version else "")


def release(settings: ProxySettings) -> None:
    """Idempotent."""
    if is_network_admin():
        for network in networks(settings.service_cidr):
            if not network.is_loopback:
                delete_local_route(str(network))
    give_back(settings.state_dir)
