"""Which range a cluster's own network gets on an engine."""

from __future__ import annotations

from collections.abc import Callable

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host.ranges import choosing, free_network
from sampan.runtimes.engine.names import network_name

CANDIDATE_POD_CIDRS = tuple(f"10.{second}.0.0/16" for second in range(244, 255))


class RangeTaken(Exception):
    """The engine has a network in that range already (which may have no route at the moment): its own words."""


def network_stays(engine: str, settings: RuntimeSettings) -> str:
    """What to tell of a network that could not be removed."""
    name = network_name(settings)
    return (
        f"{engine}'s network {name} stays: containers that are not this node's are on it; remove it once they are gone"
    )


def create_in_free_range(engine: str, settings: RuntimeSettings, create: Callable[[str], None]) -> str:
    """Create the network in the wanted range, or in the first that is free; that range.

    ``create`` raises `RangeTaken` where the engine has one there. Raises `ConfigError` where no range is left.
    """
    wanted, candidates = settings.pod_cidr, list(CANDIDATE_POD_CIDRS)
    with choosing(settings.state_dir) as (taken, note):
        while True:
            cidr = wanted or free_network(tuple(candidates), taken)
            try:
                create(cidr)
            except RangeTaken as exc:
                candidates = [each for each in candidates if each != cidr]
                if wanted or not candidates:
                    raise ConfigError(f"{engine} cannot make a network for pods in {cidr}: {exc}") from exc
            else:
                note(cidr)
                return cidr
