"""Which range a cluster's own network gets on an engine."""

from __future__ import annotations

from collections.abc import Callable

from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.errors import ConfigError
from sampan.core.host.ranges import choosing, free_network
from sampan.core.ip import IPV4, IPV6, families_of, family, join, part
from sampan.runtimes.engine.names import network_name

CANDIDATE_POD_CIDRS = {
    IPV4: tuple(f"10.{second}.0.0/16" for second in range(244, 255)),
    IPV6: tuple(f"fd00:10:{second}::/64" for second in range(244, 255)),
}


class RangeTaken(Exception):
    """The engine has a network in that range already (which may have no route at the moment): its own words."""


def network_stays(engine: str, settings: RuntimeSettings) -> str:
    """What to tell of a network that could not be removed."""
    name = network_name(settings)
    return (
        f"{engine}'s network {name} stays: containers that are not this node's are on it; remove it once they are gone"
    )


def create_in_free_range(engine: str, settings: RuntimeSettings, create: Callable[[str], None]) -> str:
    """Create the network in the wanted ranges, one of each family, or in the first that are free; those ranges.

    ``create`` raises `RangeTaken` where the engine has one there. Raises `ConfigError` where no range is left.
    """
    families = [family(name) for name in settings.families]
    wanted = {each: part(settings.pod_cidr or "", each) for each in families}
    candidates = {each: list(CANDIDATE_POD_CIDRS[each]) for each in families}
    with choosing(settings.state_dir) as (taken, note):
        while True:
            ranges = {each: wanted[each] or free_network(tuple(candidates[each]), taken) for each in families}
            text = join(ranges.values())
            try:
                create(text)
            except RangeTaken as exc:
                # Which of them it is the engine does not say; the others come again in another cluster.
                for each in families:
                    if not wanted[each]:
                        candidates[each].remove(ranges[each])
                if all(wanted.values()) or not all(wanted[each] or candidates[each] for each in families):
                    raise ConfigError(f"{engine} cannot make a network for pods in {text}: {exc}") from exc
            else:
                note(text)
                return text


def check_families(engine: str, settings: RuntimeSettings, ranges: str) -> str:
    """The ranges of a network that is there. Raises `ConfigError` where it lacks one that pods are to have."""
    if tuple(each.name for each in families_of(ranges)) != settings.families:
        name = network_name(settings)
        raise ConfigError(
            f"{engine}'s network {name} has {ranges}, and pods are to have addresses of {' and '.join(settings.families)}:"
            " take the cluster down first with `sampan down`"
        )
    return ranges
