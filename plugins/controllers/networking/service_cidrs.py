"""ServiceCIDRs: ready once they are seen, and kept from going while a Service has an address of theirs alone. Pure.

https://kubernetes.io/docs/tasks/network/extend-service-ip-ranges/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Patch, Plan, Update
from sampan.core.model.conditions import find
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.networking_v1.ip_address import IPAddress
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR, ServiceCIDRStatus
from sampan.plugins.controllers.networking.ranges import address_of, holding, is_managed, networks

FINALIZER = "networking.k8s.io/service-cidr-finalizer"
READY = "Ready"
KEPT = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
GRACE = timedelta(seconds=10)
"""Every API server has seen by then that no address is to be taken from the range any more."""


def keys_of_range(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Its own, and those that overlap with it: what it holds, another one may let go."""
    assert isinstance(obj, ServiceCIDR)
    yield from own_key(obj, state)
    for other in state.list(ServiceCIDR):
        if any(one.overlaps(two) for one in networks(obj) for two in networks(other) if one.version == two.version):
            yield from own_key(other, state)


def keys_of_address(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Ranges that wait for it to go."""
    assert isinstance(obj, IPAddress)
    if is_managed(obj):
        for each in holding(address_of(obj), state):
            if each.metadata.deletion_timestamp is not None:
                yield from own_key(each, state)


class ServiceCidrController:
    name = "service-cidr-controller"
    watches: Sequence[Watch] = (
        Watch(kind=ServiceCIDR, keys=keys_of_range),
        Watch(kind=IPAddress, keys=keys_of_address),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        service_cidr = state.get(ServiceCIDR, "", key.name)
        if service_cidr is None:
            return NOTHING
        meta = service_cidr.metadata
        if meta.deletion_timestamp is None:
            if FINALIZER not in meta.finalizers:
                return Plan(actions=(_with_finalizers(service_cidr, [*meta.finalizers, FINALIZER]),))
            return _with_condition(service_cidr, "True", "", "Kubernetes Service CIDR is ready", now)
        if FINALIZER not in meta.finalizers:
            return NOTHING
        if not _may_go(service_cidr, state):
            return _with_condition(service_cidr, "False", "Terminating", KEPT, now)
        left = GRACE - (now - meta.deletion_timestamp)
        if left > timedelta(0):
            return Plan(requeue_after=left.total_seconds())
        return Plan(actions=(_with_finalizers(service_cidr, [each for each in meta.finalizers if each != FINALIZER]),))


def _may_go(service_cidr: ServiceCIDR, state: Lister) -> bool:
    """Whether no address of a Service would be left without a range."""
    others = [each for each in state.list(ServiceCIDR) if each.key != service_cidr.key]
    elsewhere = [network for each in others for network in networks(each)]
    lone = [
        network
        for network in networks(service_cidr)
        if not any(
            other.version == network.version
            and int(other.network_address) <= int(network.network_address)
            and int(network.broadcast_address) <= int(other.broadcast_address)
            for other in elsewhere
        )
    ]
    if not lone:
        return True
    held = (address_of(each) for each in state.list(IPAddress) if is_managed(each))
    return not any(
        any(address in network for network in lone) and not any(address in other for other in elsewhere)
        for address in held
    )


def _with_finalizers(service_cidr: ServiceCIDR, finalizers: list[str]) -> Patch:
    meta = {"finalizers": finalizers, "resourceVersion": service_cidr.metadata.resource_version}
    return Patch(kind=ServiceCIDR, namespace="", name=service_cidr.metadata.name or "", patch={"metadata": meta})


def _with_condition(service_cidr: ServiceCIDR, status: str, reason: str, message: str, now: datetime) -> Plan:
    """Nothing where it is there already."""
    others = [each for each in service_cidr.status.conditions if each.type != READY]
    present = find(service_cidr.status.conditions, READY)
    if present and (present.status, present.reason, present.message) == (status, reason, message):
        return NOTHING
    since = present.last_transition_time if present and present.status == status else now
    ready = Condition(type=READY, status=status, reason=reason, message=message, last_transition_time=since)
    changed = evolve(service_cidr, status=ServiceCIDRStatus(conditions=(*others, ready)))
    return Plan(actions=(Update(obj=changed, subresource="status"),))
