"""A range for pod addresses that nothing on this host uses."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from sampan.core.errors import ConfigError
from sampan.core.ip import IPV4, IPV6, Family, Network, networks


def choose(wanted: str, routes: Iterable[Network], service_cidr: str, family: Family = IPV4) -> str:
    """The wanted range, or the first free /24 of 10.244.0.0/16 (which Kubernetes set-ups use most) and its neighbours.

    For IPv6 the first free /64 after fd00:10:244::/64. Raises `ConfigError` where the wanted one is none of the family, or
    is used already.
    """
    used = [*routes, *networks(service_cidr)]
    if wanted:
        network = _parsed(wanted, family)
        for other in used:
            if network.overlaps(other):
                raise ConfigError(f"the pod range {wanted} overlaps {other}, which this host uses: choose another one")
        return str(network)
    for candidate in _candidates(family):
        if not any(candidate.overlaps(other) for other in used):
            return str(candidate)
    raise ConfigError("no free range for pod addresses was found: choose one with --pod-cidr")


def host_address() -> str:
    """The address that this host would call the outside from; its own loopback where there is no route out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        name: tuple[str, int] = sock.getsockname()
        return name[0]


def _candidates(family: Family) -> Iterator[Network]:
    if family is IPV6:
        yield from (IPv6Network(f"fd00:10:244:{number:x}::/64") for number in range(1 << 16))
        return
    for second in (244, *range(245, 256), *range(64, 128)):
        yield from IPv4Network(f"10.{second}.0.0/16").subnets(new_prefix=24)


def _parsed(text: str, family: Family) -> Network:
    try:
        network = ip_network(text)
    except ValueError as exc:
        raise ConfigError(f"the pod range {text!r} is no range of addresses: {exc}") from exc
    if network.version != family.version:
        raise ConfigError(f"the pod range {text!r} is no {family} range")
    if network.max_prefixlen - network.prefixlen < 3:
        raise ConfigError(f"the pod range {text} is too small: it needs at least eight addresses")
    return network
