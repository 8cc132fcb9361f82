"""The EndpointSlice controller: the endpoints of a Service in slices of at most a hundred. Pure.

Slices are changed as little as possible: an endpoint stays where it is, new ones fill free places, and a slice that would
be deleted is used again for one that would be made.
https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import attrs

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Plan, Update
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointConditions, EndpointPort, EndpointSlice
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
from sampan.plugins.controllers.ownership import controller_reference

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
SLICE_SIZE = 100

Ports = tuple[EndpointPort, ...]
Group = tuple[str, Ports]
"""Endpoints that can share a slice: the address type and the ports."""


def keys_of_slice(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if obj.metadata.labels.get(MANAGED_BY) == MANAGER and (name := obj.metadata.labels.get(SERVICE_NAME)):
        yield Key(obj.metadata.namespace or "", name)


class EndpointSliceController:
    name = "endpointslice-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Service, keys=own_key),
        Watch(kind=Pod, keys=keys_of_pod),
        Watch(kind=EndpointSlice, keys=keys_of_slice),
        Watch(kind=Node, keys=lambda _node, _state: ()),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        service = state.get(Service, key.namespace, key.name)
        if service is None or not is_ours(service) or service.metadata.deletion_timestamp is not None:
            return NOTHING  # the garbage collector takes the slices of a Service that has gone
        present = [
            item
            for item in state.owned_by(EndpointSlice, service.metadata.uid or "")
            if item.metadata.labels.get(MANAGED_BY) == MANAGER and item.metadata.deletion_timestamp is None
        ]
        pods = members(service, state, terminating=True)
        layout = _Layout(service, trigger_time(service, pods))
        for family in service.spec.ip_families or ("IPv4",):
            layout.arrange(family, _grouped(service, pods, family, state), present)
        layout.drop(item for item in present if item.address_type not in (service.spec.ip_families or ("IPv4",)))
        return Plan(actions=tuple(layout.actions()))


def _grouped(service: Service, pods: Iterable[Pod], family: str, state: Lister) -> dict[Group, list[Endpoint]]:
    version = 6 if family == "IPv6" else 4
    groups: dict[Group, list[Endpoint]] = {}
    for pod in pods:
        ips = [ip for ip in addresses(pod) if ipaddress.ip_address(ip).version == version]
        ports = _ports(service, pod)
        if ips and (ports or (is_headless(service) and not service.spec.ports)):
            groups.setdefault((family, ports), []).append(_endpoint(service, pod, ips, state))
    return groups


def _ports(service: Service, pod: Pod) -> Ports:
    return tuple(
        EndpointPort(name=port.name or "", protocol=port.protocol, port=number, app_protocol=port.app_protocol)
        for port in service.spec.ports
        if (number := target_port(pod, port)) is not None
    )


def _endpoint(service: Service, pod: Pod, ips: Sequence[str], state: Lister) -> Endpoint:
    serving = is_ready(pod)
    terminating = pod.metadata.deletion_timestamp is not None
    ready = service.spec.publish_not_ready_addresses or (serving and not terminating)
    node = state.get(Node, "", pod.spec.node_name) if pod.spec.node_name else None
    return Endpoint(
        addresses=tuple(ips[:1]),
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=hostname(pod, service),
        node_name=pod.spec.node_name or None,
        zone=node.metadata.labels.get(ZONE) if node is not None else None,
        target_ref=reference(pod),
    )


def slice_labels(service: Service) -> dict[str, str]:
    """The Service's own labels, and those that say whose slice it is."""
    labels = {**service.metadata.labels, SERVICE_NAME: service.metadata.name or "", MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    return labels


@attrs.define
class _Layout:
    """The slices as they should be, while they are being found."""

    service: Service
    trigger: str | None
    kept: list[tuple[EndpointSlice, EndpointSlice]] = attrs.field(factory=list)
    """Slices that stay: as they are, as they should be."""
    made: list[EndpointSlice] = attrs.field(factory=list)
    dropped: list[EndpointSlice] = attrs.field(factory=list)

    def arrange(
        self, family: str, groups: Mapping[Group, Sequence[Endpoint]], present: Sequence[EndpointSlice]
    ) -> None:
        """Slices for the endpoints of one address family; one without endpoints where there are none."""
        wanted = groups or {(family, ()): []}
        mine = [item for item in present if item.address_type == family]
        for (_, ports), endpoints in wanted.items():
            fitting = [item for item in mine if item.ports == ports]
            self._fill(family, ports, endpoints, fitting, placeholder=not groups)
        self.drop(item for item in mine if (family, item.ports) not in wanted)

    def drop(self, slices: Iterable[EndpointSlice]) -> None:
        self.dropped.extend(slices)

    def actions(self) -> Iterable[Action]:
        for old, new in self.kept:
            if _differs(old, new):
                yield Update(obj=self._stamped(new))
        while self.made and self.dropped:
            new, old = self.made.pop(), self.dropped.pop()
            if new.address_type == old.address_type:
                yield Update(obj=self._stamped(evolve(new, metadata=evolve(old.metadata, labels=new.metadata.labels))))
            else:
                yield Create(obj=self._stamped(new))
                yield self._deletion(old)
        for new in self.made:
            yield Create(obj=self._stamped(new))
        for old in self.dropped:
            yield self._deletion(old)

    def _deletion(self, old: EndpointSlice) -> Delete:
        return Delete(kind=EndpointSlice, namespace=old.key[0], name=old.key[1], uid=old.metadata.uid)

    def _fill(
        self,
        family: str,
        ports: Ports,
        endpoints: Sequence[Endpoint],
        present: Sequence[EndpointSlice],
        *,
        placeholder: bool,
    ) -> None:
        """Leave each endpoint in its slice; put new ones into free places, of the fullest slices first, or new slices."""
        left = {_identity(endpoint): endpoint for endpoint in endpoints}
        contents: list[tuple[EndpointSlice, list[Endpoint]]] = []
        for item in present:
            stay = [left.pop(key) for old in item.endpoints if (key := _identity(old)) in left]
            contents.append((item, stay))
        fresh = list(left.values())
        for _, stay in sorted(contents, key=lambda pair: -len(pair[1])):
            room = SLICE_SIZE - len(stay)
            stay.extend(fresh[:room])
            del fresh[:room]
        spare_one = placeholder
        for item, stay in contents:
            if stay or spare_one:
                spare_one = False
                self.kept.append((item, evolve(item, endpoints=tuple(stay), metadata=self._labelled(item.metadata))))
            else:
                self.dropped.append(item)
        for start in range(0, len(fresh), SLICE_SIZE):
            self.made.append(self._new(family, ports, fresh[start : start + SLICE_SIZE]))
        if spare_one:
            self.made.append(self._new(family, ports, []))

    def _new(self, family: str, ports: Ports, endpoints: Sequence[Endpoint]) -> EndpointSlice:
        metadata = ObjectMeta(
            generate_name=f"{self.service.metadata.name}-",
            namespace=self.service.metadata.namespace,
            owner_references=(controller_reference(self.service),),
        )
        return EndpointSlice(
            metadata=self._labelled(metadata), address_type=family, endpoints=tuple(endpoints), ports=ports
        )

    def _labelled(self, metadata: ObjectMeta) -> ObjectMeta:
        return evolve(metadata, labels=slice_labels(self.service))

    def _stamped(self, item: EndpointSlice) -> EndpointSlice:
        if self.trigger is None:
            return item
        annotations = {**item.metadata.annotations, TRIGGER_TIME: self.trigger}
        return evolve(item, metadata=evolve(item.metadata, annotations=annotations))


def _identity(endpoint: Endpoint) -> tuple[str, Sequence[str]]:
    uid = endpoint.target_ref.uid if endpoint.target_ref is not None else None
    return uid or "", endpoint.addresses


def _differs(old: EndpointSlice, new: EndpointSlice) -> bool:
    return old.endpoints != new.endpoints or old.metadata.labels != new.metadata.labels
