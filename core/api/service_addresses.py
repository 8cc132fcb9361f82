"""What Services are given: cluster addresses and node ports, claimed before a Service is stored, given back after it.

Called by the write pipeline. Who has what is in the store (`address_claims.py`, `port_claims.py`), so that nothing is given
twice, whoever asks; what a Service was given and does not get stored with is given back.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any

from sampan.core.api.address_claims import AddressClaims, Full, NotClaimed, Owner
from sampan.core.api.catalog import Catalog
from sampan.core.api.port_claims import PortClaims
from sampan.core.api.service_families import settle_families
from sampan.core.errors import Cause, InternalError, Invalid
from sampan.core.model.causes import invalid
from sampan.core.model.rules.core_v1.service_defaults import needs_health_check
from sampan.core.model.rules.core_v1.service_ips import validate_cluster_ips
from sampan.core.schema.refusal import aggregate
from sampan.core.store.contract import Store
from sampan.core.store.follower import Follower

Wire = Mapping[str, Any]
MutableWire = MutableMapping[str, Any]
Undo = Callable[[], Awaitable[None]]
HEADLESS = "None"


class ServiceAddresses:
    """The `Keeper` of Services. ``cidr`` is the cluster's own range of addresses."""

    def __init__(
        self,
        cidr: str,
        catalog: Catalog,
        store: Store,
        now: Callable[[], datetime],
        *,
        chooser: random.Random | None = None,
    ) -> None:
        chooser = chooser or random.Random()
        self._catalog = catalog
        self.addresses = AddressClaims(cidr, catalog, store, now, chooser)
        self.ports = PortClaims(store, now, self._has_port, chooser)

    async def load(self, follower: Follower) -> None:
        """Take note of what is claimed, and claim what Services have that were stored without."""
        await follower.add(self.ports)
        for each in self._services():
            owner = _owner(each)
            for port in ports_of(each):
                await self.ports.ensure(port, owner)
            for address in addresses_of(each):
                await self.addresses.ensure(address, owner)

    async def claim(self, obj: MutableWire, old: Wire | None, *, dry_run: bool) -> Undo:
        """Fill in addresses and ports that ``obj`` leaves open, and claim those that it names.

        What an update leaves out and keeps has been carried over by the kind's rules already.
        """
        claim = _Claiming(self, obj, old, dry_run=dry_run)
        if wrong := validate_cluster_ips(claim.spec) if claim.spec.get("type") != "ExternalName" else []:
            raise _invalid(obj, *wrong)
        try:
            if causes := settle_families(claim.spec, (old or {}).get("spec"), self.addresses.families):
                raise _invalid(obj, *causes)
            if not _moves(claim.spec, old):
                await claim.cluster_ips()
            await claim.node_ports()
            await claim.health_port()
        except BaseException:
            await claim.undo()
            raise
        return claim.undo

    async def settle(self, obj: Wire, old: Wire | None) -> None:
        if old is not None:
            await self._release(
                old, set(addresses_of(old)) - set(addresses_of(obj)), set(ports_of(old)) - set(ports_of(obj))
            )

    async def release(self, obj: Wire) -> None:
        await self._release(obj, set(addresses_of(obj)), set(ports_of(obj)))

    async def _release(self, obj: Wire, addresses: set[str], ports: set[int]) -> None:
        for address in addresses:
            await self.addresses.release(address, _owner(obj))
        for port in ports:
            await self.ports.release(port, _owner(obj))

    def _services(self) -> list[Wire]:
        served = self._catalog.of_resource("services")
        return [entry.wire for entry in served.entries.list()] if served is not None else []

    def _has_port(self, owner: Owner, port: int) -> bool:
        served = self._catalog.of_resource("services")
        entry = served.get(owner.namespace, owner.name) if served is not None else None
        return entry is not None and port in ports_of(entry.wire)


class _Claiming:
    """One write of one Service: what it has been given so far."""

    def __init__(self, keeper: ServiceAddresses, obj: MutableWire, old: Wire | None, *, dry_run: bool) -> None:
        self.spec: MutableWire = obj.setdefault("spec", {})
        self._keeper = keeper
        self._obj = obj
        self._owner = _owner(obj)
        self._kept_addresses = set(addresses_of(old or {}))
        self._kept_ports = set(ports_of(old or {}))
        self._was_checked = needs_health_check((old or {}).get("spec") or {})
        self._dry_run = dry_run
        self._addresses: set[str] = set()
        self._ports: set[int] = set()

    async def undo(self) -> None:
        if not self._dry_run:
            await self._keeper._release(self._obj, self._addresses, self._ports)
        self._addresses, self._ports = set(), set()

    async def cluster_ips(self) -> None:
        """One for each family of the Service, in their order."""
        spec = self.spec
        if spec.get("type") == "ExternalName" or HEADLESS in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ())):
            return
        wanted = list(spec.get("clusterIPs") or [each for each in [spec.get("clusterIP")] if each])
        given = []
        for index, family in enumerate(spec["ipFamilies"]):
            address = wanted[index] if index < len(wanted) else ""
            given.append(await self._cluster_ip(address, family))
        spec["clusterIP"] = given[0]
        spec["clusterIPs"] = given

    async def _cluster_ip(self, address: str, family: str) -> str:
        if address in self._kept_addresses:
            return address
        claims = self._keeper.addresses
        try:
            if address:
                await claims.claim(address, self._owner, dry_run=self._dry_run)
            else:
                address = await claims.claim_any(family, self._owner, dry_run=self._dry_run)
        except ValueError:
            return address  # validation says so
        except NotClaimed as exc:
            said = f"failed to allocate IP {address}: {exc}"
            raise _invalid(self._obj, invalid("spec.clusterIPs", self.spec.get("clusterIPs"), said)) from None
        except Full:
            raise InternalError(
                f'failed to allocate a serviceIP for Service "{self._owner.name}": range is full'
            ) from None
        self._addresses.add(address)
        return address

    async def node_ports(self) -> None:
        """Ports of one number get one node port, whatever their protocols."""
        ports = list(self.spec.get("ports") or ())
        given: dict[int, int] = {}
        for index, port in enumerate(ports):
            wanted, number = port.get("nodePort") or 0, port.get("port") or 0
            if not wanted and not _has_node_ports(self.spec):
                continue
            if not wanted:
                asked = (each.get("nodePort") or 0 for each in ports if each.get("port") == number)
                wanted = given.get(number) or next(filter(None, asked), 0)
            port["nodePort"] = given[number] = await self._node_port(wanted, f"spec.ports[{index}].nodePort")

    async def _node_port(self, wanted: int, path: str) -> int:
        claims = self._keeper.ports
        if wanted and (wanted in self._kept_ports or wanted in self._ports):
            return wanted
        try:
            if wanted:
                await claims.claim(wanted, self._owner, dry_run=self._dry_run)
            else:
                wanted = await claims.claim_any(self._owner, dry_run=self._dry_run)
        except NotClaimed as exc:
            raise _invalid(self._obj, invalid(path, wanted, str(exc))) from None
        except Full:
            raise InternalError("failed to allocate a nodePort: range is full") from None
        self._ports.add(wanted)
        return wanted

    async def health_port(self) -> None:
        """Where a load balancer asks whether this node has pods of the Service."""
        spec = self.spec
        if self._was_checked or not needs_health_check(spec):
            return
        wanted = spec.get("healthCheckNodePort") or 0
        if wanted and wanted in self._kept_ports:
            return
        claims = self._keeper.ports
        try:
            if wanted:
                await claims.claim(wanted, self._owner, dry_run=self._dry_run)
            else:
                wanted = await claims.claim_any(self._owner, dry_run=self._dry_run)
        except NotClaimed as exc:
            raise InternalError(f"failed to allocate requested HealthCheck NodePort {wanted}: {exc}") from None
        except Full:
            raise InternalError("failed to allocate a HealthCheck NodePort: range is full") from None
        self._ports.add(wanted)
        spec["healthCheckNodePort"] = wanted


def addresses_of(service: Wire) -> Iterator[str]:
    spec = service.get("spec", {})
    for address in spec.get("clusterIPs") or [spec.get("clusterIP", "")]:
        if address and address != HEADLESS:
            yield address


def ports_of(service: Wire) -> Iterator[int]:
    spec = service.get("spec", {})
    for port in spec.get("ports") or ():
        if port.get("nodePort"):
            yield port["nodePort"]
    if spec.get("healthCheckNodePort"):
        yield spec["healthCheckNodePort"]


def _owner(service: Wire) -> Owner:
    meta = service["metadata"]
    return Owner(meta.get("namespace", ""), meta.get("name", ""))


def _has_node_ports(spec: Wire) -> bool:
    if spec.get("type") == "LoadBalancer":
        return spec.get("allocateLoadBalancerNodePorts") is not False
    return spec.get("type") == "NodePort"


def _moves(spec: Wire, old: Wire | None) -> bool:
    """Whether an update wants another address than the Service has: validation refuses that in its own words."""
    had = (old or {}).get("spec", {}).get("clusterIP", "")
    wanted = spec.get("clusterIP", "")
    return spec.get("type") != "ExternalName" and "" not in (had, wanted) and had != wanted


def _invalid(obj: Wire, *causes: Cause) -> Invalid:
    name = obj["metadata"].get("name", "")
    message = f'Service "{name}" is invalid: {aggregate(causes)}'
    return Invalid(message, kind="Service", name=name, causes=list(causes))
