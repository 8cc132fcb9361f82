"""The cluster's own network on Podman, by netavark or CNI, whichever it has: a bridge with a range of each IP family."""

from __future__ import annotations

import contextlib

import podman
import podman.errors

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.contracts.runtime_config import LABEL_KIND
from sampan.core.errors import ConfigError
from sampan.core.ip import FAMILIES, IPV6, families_of, join, part, split
from sampan.runtimes.engine.errors import one_line
from sampan.runtimes.engine.names import KIND_NETWORK, network_name, owner_labels
from sampan.runtimes.engine.network import RangeTaken, check_families, create_in_free_range, network_stays

LINK_WENT = "no such network interface"
"""Podman looks at each interface of the host before it makes a network, and gives up where one goes while it looks."""
TRIES = 10


def find_network(client: podman.PodmanClient, settings: RuntimeSettings) -> str | None:
    """The ranges of the cluster's network, in the order of families; ``None`` where there is none yet."""
    with contextlib.suppress(podman.errors.NotFound):
        subnets = client.networks.get(network_name(settings)).attrs["subnets"]
        ranges = join(str(each["subnet"]) for each in subnets)
        return join(part(ranges, each) for each in FAMILIES)
    return None


def ensure_network(client: podman.PodmanClient, settings: RuntimeSettings) -> str:
    """Make the network if it is not there; its range. Raises `ConfigError` where it cannot be had."""

    def create(cidr: str, tries: int = TRIES) -> None:
        try:
            client.networks.create(
                network_name(settings),
                driver="bridge",
                dns_enabled=False,  # pods have the cluster's
                subnets=[{"subnet": each} for each in split(cidr)],
                enable_ipv6=IPV6 in families_of(cidr),
                labels={**owner_labels(settings), LABEL_KIND: KIND_NETWORK},
            )
        except podman.errors.APIError as exc:
            said = one_line(str(exc.explanation))
            if "already used" in said or "already being used" in said:
                raise RangeTaken(said) from exc
            if LINK_WENT in said and tries > 1:
                return create(cidr, tries - 1)
            raise ConfigError(f"Podman cannot make a network for pods in {cidr}: {said}") from exc

    there = find_network(client, settings)
    if there is not None:
        return check_families("Podman", settings, there)
    return create_in_free_range("Podman", settings, create)


def remove_network(client: podman.PodmanClient, settings: RuntimeSettings) -> None:
    """Remove the network, unless another node's pods are still on it."""
    try:
        client.networks.remove(network_name(settings))
    except podman.errors.NotFound:
        pass
    except podman.errors.APIError as exc:
        if "being used" not in str(exc.explanation) and "associated containers" not in str(exc.explanation):
            raise
        settings.say(network_stays("Podman", settings))
