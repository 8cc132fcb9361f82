"""A range for pod addresses that nothing on this host uses."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator

from sampan.core.errors import ConfigError

Network = ipaddress.IPv4Network


def choose(wanted: str | None, routes: Iterable[Network], service_cidr: str) -> str:
    """The wanted range, or the first free /24 of 10.244.0.0/16 (which Kubernetes set-ups use most) and its neighbours.

    Raises `ConfigError` where the wanted one is no IPv4 range or is used already.
    """
    used = [*routes, *_networks([service_cidr])]
    if wanted:
        network = _parsed(wanted)
        for other in used:
            if network.overlaps(other):
                raise ConfigError(f"the pod range {wanted} overlaps {other}, which this host uses: choose another one")
        return str(network)
    for candidate in _candidates():
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


def _candidates() -> Iterator[Network]:
    for second in (244, *range(245, 256), *range(64, 128)):
        yield from Network(f"10.{second}.0.0/16").subnets(new_prefix=24)


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        if text and ":" not in text:
            yield Network(text, strict=False)


def _parsed(text: str) -> Network:
    try:
        network = Network(text)
    except ValueError as exc:
        raise ConfigError(f"the pod range {text!r} is no IPv4 range: {exc}") from exc
    if network.prefixlen > 29:
        raise ConfigError(f"the pod range {text} is too small: it needs at least eight addresses")
    return network
