"""The cluster's own network on Docker: a bridge with the pod range of each IP family."""

from __future__ import annotations

import docker
import docker.errors
import docker.types

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.contracts.runtime_config import LABEL_KIND
from sampan.core.errors import ConfigError
from sampan.core.ip import FAMILIES, IPV6, families_of, join, part, split
from sampan.runtimes.engine.names import KIND_NETWORK, network_name, owner_labels
from sampan.runtimes.engine.network import RangeTaken, check_families, create_in_free_range, network_stays


def find_network(client: docker.APIClient, settings: RuntimeSettings) -> str | None:
    """The ranges of the cluster's network, in the order of families; ``None`` where there is none yet."""
    for network in client.networks(names=[network_name(settings)]):
        if network["Name"] == network_name(settings):
            ranges = join(str(each["Subnet"]) for each in network["IPAM"]["Config"])
            return join(part(ranges, each) for each in FAMILIES)
    return None


def ensure_network(client: docker.APIClient, settings: RuntimeSettings) -> str:
    """Make the network if it is not there; its range. Raises `ConfigError` where it cannot be had."""

    def create(cidr: str) -> None:
        pools = [docker.types.IPAMPool(subnet=each) for each in split(cidr)]
        try:
            client.create_network(
                network_name(settings),
                driver="bridge",
                ipam=docker.types.IPAMConfig(pool_configs=pools),
                enable_ipv6=IPV6 in families_of(cidr),
                labels={**owner_labels(settings), LABEL_KIND: KIND_NETWORK},
                check_duplicate=True,
            )
        except docker.errors.APIError as exc:
            if "overlaps" in str(exc.explanation):
                raise RangeTaken(exc.explanation) from exc
            raise ConfigError(f"Docker cannot make a network for pods in {cidr}: {exc.explanation}") from exc

    there = find_network(client, settings)
    if there is not None:
        return check_families("Docker", settings, there)
    return create_in_free_range("Docker", settings, create)


def remove_network(client: docker.APIClient, settings: RuntimeSettings) -> None:
    """Remove the network, unless another node's pods are still on it."""
    if find_network(client, settings) is None:
        return
    try:
        client.remove_network(network_name(settings))
    except docker.errors.NotFound:
        pass
    except docker.errors.APIError as exc:
        if "active endpoints" not in str(exc.explanation):
            raise
        settings.say(network_stays("Docker", settings))
