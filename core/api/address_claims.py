"""Cluster addresses, claimed in the store: an IPAddress object is the claim to the address that it is named after.

The store creates an object once, whoever asks, so no address is handed out twice: not by two API servers, and not after a
crash in the middle. The ranges are those of the ServiceCIDRs that are ready; what is taken is looked up in the watch cache,
and the store decides. https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/ has the rule for the
two parts of a range.
"""

from __future__ import annotations

import ipaddress
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.api.catalog import Catalog, Served
from sampan.core.api.operations import metadata
from sampan.core.api.operations.managed import Writer, track
from sampan.core.api.operations.pipeline import shown, stored_form
from sampan.core.classes import frozen
from sampan.core.errors import AlreadyExists, ApiError, ConfigError, Conflict, NotFound
from sampan.core.ip import Address, Network, families_of, hosts_own, networks
from sampan.core.model.conditions import holds_wire
from sampan.core.store.contract import Store

log = logging.getLogger(__name__)

DEFAULT: Final = "kubernetes"
"""The name of the ServiceCIDR with the range that the cluster was started with."""
MANAGER: Final = "kube-apiserver"
LABELS: Final = {"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}
FAMILY_LABEL: Final = "ipaddress.kubernetes.io/ip-family"
MOST_TRIED: Final = 1 << 17
"""Addresses of one range that are looked at: all of an IPv4 range, and enough of an IPv6 one."""


class NotClaimed(Exception):
    """The address cannot be had; the text says why, in Kubernetes' words."""


class Full(Exception):
    """No range has an address left."""


@frozen
class Owner:
    """The Service that an address or a port is for."""

    namespace: str
    name: str


class AddressClaims:
    """``cidr`` is the cluster's own range, or one of each family; it counts until there is a ServiceCIDR of it."""

    def __init__(
        self, cidr: str, catalog: Catalog, store: Store, now: Callable[[], datetime], chooser: random.Random
    ) -> None:
        self._own = networks(cidr)
        self._reserved = frozenset(map(hosts_own, self._own))
        """What pods know the host by: no Service's."""
        self._families = tuple(each.name for each in families_of(cidr))
        self._catalog = catalog
        self._store = store
        self._now = now
        self._chooser = chooser

    @property
    def families(self) -> tuple[str, ...]:
        """Those that the cluster was started with, its default first."""
        return self._families

    def ranges(self, family: str) -> list[Network]:
        """Those from which addresses are given, the cluster's own first."""
        found: dict[Network, None] = {}
        has_own = False
        served = self._catalog.of_resource("servicecidrs.networking.k8s.io")
        for each in served.entries.list() if served is not None else ():
            has_own = has_own or each.wire["metadata"]["name"] == DEFAULT
            if is_ready(each.wire):
                found |= {ipaddress.ip_network(text): None for text in each.wire["spec"].get("cidrs") or ()}
        if not has_own:
            found |= dict.fromkeys(self._own)
        ranges = [network for network in found if family_of(network) == family]
        return sorted(ranges, key=lambda network: network not in self._own)

    async def claim(self, text: str, owner: Owner, *, dry_run: bool = False) -> None:
        """Raises `NotClaimed`."""
        address = ipaddress.ip_address(text)
        network = next((each for each in self.ranges(family_of(address)) if address in each), None)
        if network is None:
            raise NotClaimed("the provided network does not match the current range")
        if not _first(network) <= int(address) <= _last(network):
            raise NotClaimed(f"the provided IP ({text}) is not in the valid range. The range of valid IPs is {network}")
        if str(address) in self._reserved or not await self._create(str(address), owner, dry_run=dry_run):
            raise NotClaimed("provided IP is already allocated")

    async def claim_any(self, family: str, owner: Owner, *, dry_run: bool = False) -> str:
        """A random free one, from the upper part of a range where there is one, as static addresses are in the lower.

        Raises `Full`.
        """
        for network in self.ranges(family):
            for address in self._candidates(network):
                if await self._create(str(address), owner, dry_run=dry_run):
                    return str(address)
        raise Full

    async def ensure(self, text: str, owner: Owner) -> None:
        """Make the claim of a Service that has the address, where there is none, from whichever range it is."""
        await self._create(text, owner, dry_run=False)

    async def release(self, text: str, owner: Owner) -> None:
        """Give it back if it is the owner's. What cannot be given back now is found by the repair later."""
        try:
            served = self._served
            await served.entries.fresh()
            present = served.get("", text)
            if present is not None and owner_of(present.wire) == owner:
                item = await self._store.delete(present.key, present.revision)
                await served.entries.wait_until(item.revision)
        except (NotFound, Conflict):
            return
        except ApiError as exc:
            log.warning("the address %s of a Service that has gone is kept for now: %s", text, exc)

    @property
    def _served(self) -> Served:
        served = self._catalog.of_resource("ipaddresses.networking.k8s.io")
        if served is None:
            raise ConfigError("Services need the kind IPAddress")
        return served

    def _candidates(self, network: Network) -> Iterator[Address]:
        first, last = _first(network), _last(network)
        static = min(max(network.num_addresses // 16, 16), 256)
        middle = first + static if first + static <= last else first
        for low, high in ((middle, last), (first, middle - 1)):
            size = high - low + 1
            if size > 0:
                start = self._chooser.randrange(size)
                for turn in range(min(size, MOST_TRIED)):
                    address = network[low + (start + turn) % size - int(network.network_address)]
                    if str(address) not in self._reserved and self._served.get("", str(address)) is None:
                        yield address

    async def _create(self, text: str, owner: Owner, *, dry_run: bool) -> bool:
        """Whether it was free."""
        served = self._served
        if served.get("", text) is not None:
            return False
        if dry_run:
            return True
        wire = claim_of(text, owner)
        metadata.begin(wire["metadata"], served.info, self._now())
        track(served, wire, None, Writer(MANAGER), self._now())
        try:
            item = await self._store.create(served.key("", text), await stored_form(served, wire))
        except AlreadyExists:
            return False
        await shown(served, item.revision)
        return True


def claim_of(text: str, owner: Owner) -> dict[str, Any]:
    """The IPAddress for an address of a Service."""
    labels = LABELS | {FAMILY_LABEL: family_of(ipaddress.ip_address(text))}
    parent = {"resource": "services", "namespace": owner.namespace, "name": owner.name}
    return {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": text, "labels": dict(labels)},
        "spec": {"parentRef": parent},
    }


def owner_of(claim: Mapping[str, Any]) -> Owner | None:
    """The Service that an IPAddress says it belongs to; ``None`` where it says something else."""
    parent = claim.get("spec", {}).get("parentRef") or {}
    if parent.get("group") or parent.get("resource") != "services":
        return None
    return Owner(parent.get("namespace") or "", parent.get("name") or "")


def is_ready(service_cidr: Mapping[str, Any]) -> bool:
    if service_cidr["metadata"].get("deletionTimestamp"):
        return False
    return holds_wire(service_cidr, "Ready")


def family_of(some: Network | Address) -> str:
    return f"IPv{some.version}"


def _first(network: Network) -> int:
    return int(network.network_address) + 1


def _last(network: Network) -> int:
    """IPv4 keeps the last one for broadcasts."""
    last = int(network.network_address) + network.num_addresses - 1
    return last - 1 if network.version == 4 else last
