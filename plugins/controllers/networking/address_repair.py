"""Services and the IPAddresses that claim their addresses, made to agree again after a crash or a slip of a hand. Pure.

A claim is made before its Service is stored, so both may be a minute apart without anything being wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, Plan
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.networking_v1.ip_address import IPAddress, IPAddressSpec, ParentReference
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR
from sampan.plugins.controllers.networking.ranges import ALLOCATOR, FAMILY, MANAGED_BY, holding, is_managed

GRACE = timedelta(seconds=60)
SERVICES = "services"


def keys_of_address(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Its own, without a namespace, and that of its Service."""
    assert isinstance(obj, IPAddress)
    yield from own_key(obj, state)
    parent = obj.spec.parent_ref
    if parent is not None and parent.resource == SERVICES and parent.namespace:
        yield Key(parent.namespace, parent.name or "")


def no_keys(_obj: KubeObject, _state: Lister) -> Iterable[Key]:
    return ()


class AddressRepair:
    name = "ipallocator-repair-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Service),
        Watch(kind=IPAddress, keys=keys_of_address),
        Watch(kind=ServiceCIDR, keys=no_keys),  # to read them
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        if key.namespace:
            service = state.get(Service, key.namespace, key.name)
            return NOTHING if service is None else _look_at_service(service, state, now)
        claim = state.get(IPAddress, "", key.name)
        return NOTHING if claim is None or not is_managed(claim) else _look_at_claim(claim, state, now)


def _look_at_service(service: Service, state: Lister, now: datetime) -> Plan:
    left = _left(service, now)
    wrong = [found for address in _addresses(service) for found in _wrong(service, address, state)]
    if wrong and left > timedelta(0):
        return Plan(requeue_after=left.total_seconds())
    return Plan(actions=tuple(wrong)) if wrong else NOTHING


def _wrong(service: Service, text: str, state: Lister) -> Iterable[Action]:
    """What has to be done about one address."""
    address = ip_address(text)
    family, namespace, name = f"IPv{address.version}", *service.key
    if not any(True for _ in holding(address, state)):
        said = f"Cluster IP [{family}]: {text} is not within any configured Service CIDR; please recreate service"
        yield _warn(service, "ClusterIPOutOfRange", said)
        return
    claim = state.get(IPAddress, "", text)
    if claim is None:
        said = f"Cluster IP [{family}]: {text} is not allocated; repairing"
        yield Create(obj=_claim(text, service), ignore_exists=True, then=_warn(service, "ClusterIPNotAllocated", said))
        return
    parent = claim.spec.parent_ref or ParentReference()
    if (parent.group or "", parent.resource) == ("", SERVICES):
        if (parent.namespace, parent.name) == (namespace, name):
            if not is_managed(claim) or claim.metadata.labels.get(FAMILY) != family:
                yield from _again(claim, service)
            return
        other = state.get(Service, parent.namespace or "", parent.name or "")
        if other is not None:
            if text in _addresses(other):
                said = f"Cluster IP [{family}]:{text} was assigned to multiple services; please recreate service"
                yield _warn(service, "ClusterIPAlreadyAllocated", said)
            return
    said = f"the ClusterIP [{family}]: {text} for Service {namespace}/{name} has a wrong reference; repairing"
    yield _warn(service, "ClusterIPNotAllocated", said)
    yield from _again(claim, service)


def _look_at_claim(claim: IPAddress, state: Lister, now: datetime) -> Plan:
    parent, text = claim.spec.parent_ref, claim.metadata.name or ""
    if parent is None or parent.group or parent.resource != SERVICES:
        shown = parent and {"resource": parent.resource, "name": parent.name}
        return _remove(
            claim, f"IPAddress {text} appears to have been modified, not referencing a Service {shown}: cleaning up"
        )
    service = state.get(Service, parent.namespace or "", parent.name or "")
    if service is not None and text in _addresses(service):
        return NOTHING
    left = _left(claim, now)
    if left > timedelta(0):
        return Plan(requeue_after=left.total_seconds())
    place = f"IPAddress: {text} for Service {parent.namespace}/{parent.name}"
    if service is None:
        return _remove(claim, f"{place} appears to have leaked: cleaning up")
    return _remove(claim, f"{place} has a wrong reference; cleaning up", "IPAddressWrongReference")


def _remove(claim: IPAddress, said: str, reason: str = "IPAddressNotAllocated") -> Plan:
    warning = Emit(regarding=claim, reason=reason, message=said, type="Warning", action="IPAddressAllocation")
    return Plan(actions=(_gone(claim), warning))


def _gone(claim: IPAddress) -> Delete:
    return Delete(kind=IPAddress, namespace="", name=claim.metadata.name or "", uid=claim.metadata.uid)


def _again(claim: IPAddress, service: Service) -> Iterable[Action]:
    yield _gone(claim)
    yield Create(obj=_claim(claim.metadata.name or "", service))


def _claim(text: str, service: Service) -> IPAddress:
    labels = {MANAGED_BY: ALLOCATOR, FAMILY: f"IPv{ip_address(text).version}"}
    namespace, name = service.key
    parent = ParentReference(resource=SERVICES, namespace=namespace, name=name)
    return IPAddress(metadata=ObjectMeta(name=text, labels=labels), spec=IPAddressSpec(parent_ref=parent))


def _warn(service: Service, reason: str, said: str) -> Emit:
    return Emit(regarding=service, reason=reason, message=said, type="Warning", action="ClusterIPAllocation")


def _addresses(service: Service) -> Sequence[str]:
    if service.spec.type == "ExternalName":
        return ()
    return [each for each in service.spec.cluster_ips if each and each != "None"]


def _left(obj: KubeObject, now: datetime) -> timedelta:
    """Until an object is old enough to be judged."""
    created = obj.metadata.creation_timestamp
    return GRACE - (now - created) if created is not None else timedelta(0)
