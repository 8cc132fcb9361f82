"""The Endpoints controller: one object per Service, for those who read the older form. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Create, Delete, Plan, Update
from sampan.core.model.core_v1.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.pods import is_ready
from sampan.plugins.controllers.core.endpoints.members import (
    HEADLESS,
    TRIGGER_TIME,
    addresses,
    hostname,
    is_headless,
    is_ours,
    keys_of_pod,
    members,
    reference,
    target_port,
    trigger_time,
)

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
CAPACITY = 1000
"""Addresses in one object; what is beyond is only in EndpointSlices."""


def keys_of_endpoints(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """Its Service's key, or its own if we made it and the Service has gone."""
    if state.get(Service, *obj.key) is not None or MANAGED_BY in obj.metadata.labels:
        yield Key(*obj.key)


class EndpointsController:
    name = "endpoint-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Service, keys=own_key),
        Watch(kind=Pod, keys=keys_of_pod),
        Watch(kind=Endpoints, keys=keys_of_endpoints),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        service = state.get(Service, key.namespace, key.name)
        present = state.get(Endpoints, key.namespace, key.name)
        if service is None:
            if present is None:
                return NOTHING
            gone = Delete(kind=Endpoints, namespace=key.namespace, name=key.name, uid=present.metadata.uid)
            return Plan(actions=(gone,))
        if not is_ours(service) or service.metadata.deletion_timestamp is not None:
            return NOTHING
        wanted = _wanted(service, state, present)
        if present is None:
            return Plan(actions=(Create(obj=wanted, ignore_exists=True),))
        return NOTHING if _same(present, wanted) else Plan(actions=(Update(obj=wanted),))


def _wanted(service: Service, state: Lister, present: Endpoints | None) -> Endpoints:
    pods = members(service, state, terminating=service.spec.publish_not_ready_addresses)
    subsets = _repacked(_pieces(service, pods))
    kept, over = _within_capacity(subsets)
    labels = {**service.metadata.labels, MANAGED_BY: "endpoint-controller"}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    annotations = dict(present.metadata.annotations) if present is not None else {}
    for name, value in ((TRIGGER_TIME, trigger_time(service, pods)), (OVER_CAPACITY, "truncated" if over else None)):
        if value is None:
            annotations.pop(name, None)
        else:
            annotations[name] = value
    base = present.metadata if present is not None else ObjectMeta(name=service.key[1], namespace=service.key[0])
    return Endpoints(metadata=evolve(base, labels=labels, annotations=annotations), subsets=kept)


def _same(present: Endpoints, wanted: Endpoints) -> bool:
    """A trigger time alone is no reason to write."""

    def core(endpoints: Endpoints) -> tuple[object, ...]:
        over = endpoints.metadata.annotations.get(OVER_CAPACITY)
        return endpoints.subsets, dict(endpoints.metadata.labels), over

    return core(present) == core(wanted)


@frozen
class _Piece:
    """One address with all the ports that its pod offers."""

    address: EndpointAddress
    ready: bool
    ports: tuple[EndpointPort, ...]


def _pieces(service: Service, pods: Iterable[Pod]) -> Iterable[_Piece]:
    for pod in pods:
        ports = tuple(
            EndpointPort(name=port.name or None, port=number, protocol=port.protocol, app_protocol=port.app_protocol)
            for port in service.spec.ports
            if (number := target_port(pod, port)) is not None
        )
        if not ports and (service.spec.ports or not is_headless(service)):
            continue
        address = EndpointAddress(
            ip=_address(service, pod),
            hostname=hostname(pod, service),
            node_name=pod.spec.node_name,
            target_ref=reference(pod),
        )
        yield _Piece(address, service.spec.publish_not_ready_addresses or is_ready(pod), ports)


def _address(service: Service, pod: Pod) -> str:
    """The pod's address of the Service's first family."""
    version = 6 if service.spec.ip_families[:1] == ("IPv6",) else 4
    found = addresses(pod)
    return next((ip for ip in found if ipaddress.ip_address(ip).version == version), found[0])


def _repacked(pieces: Iterable[_Piece]) -> tuple[EndpointSubset, ...]:
    """Addresses with the same ports are one subset; everything in an order that does not depend on chance."""
    by_ports: dict[tuple[EndpointPort, ...], list[_Piece]] = {}
    for piece in pieces:
        by_ports.setdefault(piece.ports, []).append(piece)
    return tuple(
        EndpointSubset(
            addresses=_sorted(piece.address for piece in group if piece.ready),
            not_ready_addresses=_sorted(piece.address for piece in group if not piece.ready),
            ports=ports,
        )
        for ports, group in sorted(
            by_ports.items(), key=lambda item: [(port.name or "", port.port) for port in item[0]]
        )
    )


def _sorted(found: Iterable[EndpointAddress]) -> tuple[EndpointAddress, ...]:
    def order(address: EndpointAddress) -> tuple[bytes, str]:
        uid = address.target_ref.uid if address.target_ref is not None else None
        return ipaddress.ip_address(address.ip).packed, uid or ""

    return tuple(sorted(found, key=order))


def _within_capacity(subsets: tuple[EndpointSubset, ...]) -> tuple[tuple[EndpointSubset, ...], bool]:
    """The first `CAPACITY` addresses, ready ones before the others; and whether that is not all."""
    total = sum(len(subset.addresses) + len(subset.not_ready_addresses) for subset in subsets)
    if total <= CAPACITY:
        return subsets, False
    left = CAPACITY
    kept: dict[tuple[int, str], tuple[EndpointAddress, ...]] = {}
    for field in ("addresses", "not_ready_addresses"):
        for number, subset in enumerate(subsets):
            found: tuple[EndpointAddress, ...] = getattr(subset, field)[:left]
            kept[number, field] = found
            left -= len(found)
    cut: list[EndpointSubset] = []
    for number, subset in enumerate(subsets):
        fields: Mapping[str, tuple[EndpointAddress, ...]] = {
            field: kept[number, field] for field in ("addresses", "not_ready_addresses")
        }
        if any(fields.values()):
            cut.append(evolve(subset, **fields))
    return tuple(cut), True
