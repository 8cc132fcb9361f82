"""Which IP families a cluster has, and whether the ranges that were asked for can be its own. Pure, but for `check_host`.

A cluster has IPv4, and IPv6 beside it where somebody asks: by ``--ip-family dual``, or by naming a range of each family. A
range that nobody names is chosen by whoever serves it, the proxy or the node's runtime.
"""

from __future__ import annotations

from sampan.core.errors import ConfigError
from sampan.core.host.capabilities import has_ipv6, is_network_admin
from sampan.core.ip import FAMILIES, IPV4, IPV6, Family, families_of, join, networks, part

DUAL = "dual"
SERVICES, PODS = "service addresses", "pod addresses"
LEAST_BITS = {SERVICES: 4, PODS: 3}
"""Of an address within its range: room for the API, DNS and a handful of Services, or for a gateway and a few pods."""
MOST_BITS = {SERVICES: 64, PODS: 96}
"""As in Kubernetes a range of Services is no larger than IPv6's usual network."""


def read_ranges(what: str, ranges: str) -> str:
    """The ranges in their usual form. Raises `ConfigError` on what cannot be a cluster's: one of IPv4, then one of IPv6."""
    try:
        found = networks(ranges)
    except ValueError as exc:
        raise ConfigError(f"{ranges!r} cannot be the range of {what}: {exc}") from exc
    names = [each.name for each in families_of(ranges)]
    if names not in ([], ["IPv4"], ["IPv4", "IPv6"]):
        raise ConfigError(
            f"{ranges!r} cannot be the ranges of {what}: name one range of IPv4 and, for a dual-stack cluster, behind a"
            " comma one of IPv6"
        )
    for network in found:
        bits = network.max_prefixlen - network.prefixlen
        if bits < LEAST_BITS[what]:
            least = network.max_prefixlen - LEAST_BITS[what]
            raise ConfigError(f"{network} is too small for {what}: a /{least} is the least")
        if bits > MOST_BITS[what]:
            most = network.max_prefixlen - MOST_BITS[what]
            raise ConfigError(f"{network} is too large for {what}: a /{most} is the most")
    return join(found)


def choose_families(ip_family: str, asked: tuple[str, ...], settled: str) -> tuple[Family, ...]:
    """The cluster's families, where ``settled`` are its service addresses so far, and ``asked`` all ranges asked for.

    Raises `ConfigError` where a cluster that there is would have to change.
    """
    named = {each for ranges in asked for each in families_of(ranges)}
    wants_both = ip_family == DUAL or IPV6 in named
    if not settled:
        return FAMILIES if wants_both else (IPV4,)
    before = families_of(settled)
    if wants_both and len(before) == 1:
        raise ConfigError(
            "this cluster was started with IPv4 alone: take it down with `sampan down --purge` to have IPv6 too, or start"
            " another with --name and --data-dir"
        )
    if ip_family == "ipv4" and len(before) > 1:
        raise ConfigError(
            "this cluster was started with IPv4 and IPv6: take it down with `sampan down --purge` to have IPv4 alone"
        )
    return before


def check_host(families: tuple[Family, ...]) -> None:
    """Raises `ConfigError` where this machine cannot have addresses of these families."""
    if IPV6 not in families:
        return
    if not has_ipv6():
        raise ConfigError("this host has no IPv6 (see net.ipv6.conf.all.disable_ipv6): a cluster here has IPv4 alone")
    if not is_network_admin():
        raise ConfigError("a dual-stack cluster needs root: without it nobody serves addresses of IPv6")


def check_settled(what: str, asked: str, settled: str) -> None:
    """Raises `ConfigError` where a range that was asked for is another than the settled one of its family."""
    for each in families_of(asked):
        wanted, there = part(asked, each), part(settled, each)
        if there and wanted != there:
            raise ConfigError(f"{what} of this cluster were settled as {settled}: they cannot become {asked} later")


def check_apart(service_cidr: str, pod_cidr: str) -> None:
    """Raises `ConfigError` where pods would have addresses of Services."""
    for one in networks(service_cidr):
        for other in networks(pod_cidr):
            if one.overlaps(other):
                raise ConfigError(
                    f"service addresses {one} and pod addresses {other} overlap: choose others with --service-cidr or"
                    " --pod-cidr"
                )
