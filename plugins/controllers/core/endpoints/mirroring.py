"""The EndpointSlice mirroring controller: Endpoints that somebody else writes become slices, which proxies follow. Pure.

For Services without a selector alone; those of others have slices of their own.
https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Delete, Plan
from sampan.core.model.core_v1.endpoints import EndpointAddress, Endpoints, EndpointSubset
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.plugins.controllers.core.endpoints.layout import MANAGED_BY, SERVICE_NAME, Group, Ports, SliceLayout
from sampan.plugins.controllers.core.endpoints.members import TRIGGER_TIME

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
"""On Endpoints that are no more than a lock of client-go's leader election."""
CAPACITY = 1000
"""Addresses of one subset that are mirrored."""


def keys_of_slice(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if obj.metadata.labels.get(MANAGED_BY) == MANAGER and (name := obj.metadata.labels.get(SERVICE_NAME)):
        yield Key(obj.metadata.namespace or "", name)


class EndpointSliceMirroringController:
    name = "endpointslice-mirroring-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Endpoints, keys=own_key),
        Watch(kind=Service, keys=own_key),
        Watch(kind=EndpointSlice, keys=keys_of_slice),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        present = [
            item
            for item in state.list(EndpointSlice, key.namespace)
            if item.metadata.labels.get(MANAGED_BY) == MANAGER
            and item.metadata.labels.get(SERVICE_NAME) == key.name
            and item.metadata.deletion_timestamp is None
        ]
        endpoints = state.get(Endpoints, key.namespace, key.name)
        service = state.get(Service, key.namespace, key.name)
        if endpoints is None or service is None or not is_mirrored(endpoints, service):
            gone = (Delete(kind=EndpointSlice, namespace=each.key[0], name=each.key[1], uid=each.metadata.uid)
                    for each in present)  # fmt: skip
            return Plan(actions=tuple(gone)) if present else NOTHING
        layout = SliceLayout(endpoints, mirror_labels(endpoints), endpoints.metadata.annotations.get(TRIGGER_TIME))
        groups = _grouped(endpoints)
        types = {family for family, _ in groups}
        for family in sorted(types):
            layout.arrange(family, {group: found for group, found in groups.items() if group[0] == family}, present)
        layout.drop(item for item in present if item.address_type not in types)
        return Plan(actions=tuple(layout.actions()))


def is_mirrored(endpoints: Endpoints, service: Service) -> bool:
    meta = endpoints.metadata
    if meta.deletion_timestamp is not None or meta.labels.get(SKIP) == "true" or LEADER in meta.annotations:
        return False
    return not service.spec.selector and service.spec.type != "ExternalName"


def mirror_labels(endpoints: Endpoints) -> dict[str, str]:
    """The Endpoints' own, and those that say whose slice it is."""
    return {**endpoints.metadata.labels, SERVICE_NAME: endpoints.metadata.name or "", MANAGED_BY: MANAGER}


def _grouped(endpoints: Endpoints) -> dict[Group, list[Endpoint]]:
    groups: dict[Group, list[Endpoint]] = {}
    for subset in endpoints.subsets:
        ports: Ports = tuple(
            EndpointPort(name=port.name or "", port=port.port, protocol=port.protocol, app_protocol=port.app_protocol)
            for port in subset.ports
        )
        for address, ready in list(_addresses(subset))[:CAPACITY]:
            family = "IPv6" if ":" in address.ip else "IPv4"
            groups.setdefault((family, ports), []).append(_endpoint(address, ready=ready))
    return groups


def _addresses(subset: EndpointSubset) -> Iterator[tuple[EndpointAddress, bool]]:
    """Ready ones first: they are not the ones that are left out."""
    yield from ((address, True) for address in subset.addresses)
    yield from ((address, False) for address in subset.not_ready_addresses)


def _endpoint(address: EndpointAddress, *, ready: bool) -> Endpoint:
    return Endpoint(
        addresses=(address.ip,),
        conditions=EndpointConditions(ready=ready),
        hostname=address.hostname or None,
        node_name=address.node_name or None,
        target_ref=address.target_ref,
    )
