"""The EndpointSlice controller: the endpoints of a Service in slices of at most a hundred. Pure.

https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Plan
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.pods import is_ready
from sampan.plugins.controllers.core.endpoints.layout import MANAGED_BY, SERVICE_NAME, Group, Ports, SliceLayout
from sampan.plugins.controllers.core.endpoints.members import (
    HEADLESS,
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

MANAGER = "endpointslice-controller.k8s.io"
ZONE = "topology.kubernetes.io/zone"
NEAR = ("PreferSameZone", "PreferClose", "PreferSameNode")


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
        layout = SliceLayout(service, slice_labels(service), trigger_time(service, pods))
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
    zone = node.metadata.labels.get(ZONE) if node is not None else None
    return Endpoint(
        addresses=tuple(ips[:1]),
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=hostname(pod, service),
        node_name=pod.spec.node_name or None,
        zone=zone,
        target_ref=reference(pod),
        hints=_hints(service, zone, pod.spec.node_name) if ready else None,
    )


def _hints(service: Service, zone: str | None, node: str | None) -> EndpointHints | None:
    """Where the Service's traffic is to stay near: the endpoint is for clients of its own zone, or of its own node."""
    wanted = service.spec.traffic_distribution
    if wanted not in NEAR:
        return None
    zones = (ForZone(name=zone),) if zone else ()
    nodes = (ForNode(name=node),) if node and wanted == "PreferSameNode" else ()
    return EndpointHints(for_zones=zones, for_nodes=nodes) if zones or nodes else None


def slice_labels(service: Service) -> dict[str, str]:
    """The Service's own labels, and those that say whose slice it is."""
    labels = {**service.metadata.labels, SERVICE_NAME: service.metadata.name or "", MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if is_headless(service):
        labels[HEADLESS] = ""
    return labels
