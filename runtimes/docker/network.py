"""The cluster's own network on Docker: a bridge with the pod range."""

from __future__ import annotations

import docker
import docker.errors
import docker.types

from sampan.core.contracts.runtime import LABEL_KIND, RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host.iproute import free_network
from sampan.runtimes.engine.names import KIND_NETWORK, network_name, owner_labels

CANDIDATE_POD_CIDRS = tuple(f"10.{second}.0.0/16" for second in range(244, 255))
MAXIMUM_TRIES = len(CANDIDATE_POD_CIDRS)


def find_network(client: docker.APIClient, settings: RuntimeSettings) -> str | None:
    """The range of the cluster's network; ``None`` where there is none yet."""
    for network in client.networks(names=[network_name(settings)]):
        if network["Name"] == network_name(settings):
            return str(network["IPAM"]["Config"][0]["Subnet"])
    return None


def ensure_network(client: docker.APIClient, settings: RuntimeSettings) -> str:
    """Make the network if it is not there; its range. Raises `ConfigError` where the wanted range cannot be had."""
    if found := find_network(client, settings):
        return found
    candidates = list(CANDIDATE_POD_CIDRS)
    while True:
        cidr = settings.pod_cidr or free_network(tuple(candidates))
        try:
            _create(client, settings, cidr)
        except docker.errors.APIError as exc:
            overlaps = "overlaps" in str(exc.explanation)  # with a network that has no route at the moment
            if not overlaps or settings.pod_cidr or len(candidates) == 1:
                raise ConfigError(f"Docker cannot make a network for pods in {cidr}: {exc.explanation}") from exc
            candidates.remove(cidr)
            continue
        return cidr


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


def _create(client: docker.APIClient, settings: RuntimeSettings, cidr: str) -> None:
    pool = docker.types.IPAMPool(subnet=cidr)
    client.create_network(
        network_name(settings),
        driver="bridge",
        ipam=docker.types.IPAMConfig(pool_configs=[pool]),
        labels={**owner_labels(settings), LABEL_KIND: KIND_NETWORK},
        check_duplicate=True,
    )
