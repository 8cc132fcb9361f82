"""From a Service and its EndpointSlices to what a proxy is to serve. Pure.

The rules are kube-proxy's: ready endpoints, near ones where the slices hint at them; where a service has none, those that
are still serving while they terminate; headless and ExternalName services are left to DNS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from ipaddress import ip_address
from itertools import product

import attrs

from sampan.core.contracts import proxy
from sampan.core.ip import IPV4, IPV6, Family, family_of
from sampan.core.model.core_v1.service import Service, ServicePort
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointSlice
from sampan.core.model.kinds import KubeObject

BY_SERVICE = "services.slices.by-service"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
DEFAULT_AFFINITY_SECONDS = 10_800
HEADLESS = "None"
OTHER_PROXY_LABEL = "service.kubernetes.io/service-proxy-name"
"""Of a Service that is another proxy's, whatever it says."""
HEADLESS_LABEL = "service.kubernetes.io/headless"
"""Of EndpointSlices that no proxy looks at."""


def by_service(each: KubeObject) -> Iterable[str]:
    """The index of EndpointSlices by the Service that they belong to, under the name `BY_SERVICE`."""
    yield "/".join(service_of(each))


def service_of(each: KubeObject) -> tuple[str, str]:
    """Namespace and name of the Service that an EndpointSlice belongs to."""
    return each.metadata.namespace or "", each.metadata.labels.get(SERVICE_NAME_LABEL, "")


@attrs.frozen
class Here:
    """Where the proxy is: this machine's nodes, and the zones that they are in."""

    nodes: Set[str] | None = None
    """``None``: all nodes are here."""
    zones: Set[str] = frozenset()

    def has(self, endpoint: proxy.Endpoint) -> bool:
        return self.has_node(endpoint.node)

    def has_node(self, name: str) -> bool:
        return self.nodes is None or name in self.nodes


def service_ports(service: Service, slices: Sequence[EndpointSlice], here: Here = Here()) -> list[proxy.ServicePort]:
    """Every address and port to serve, also those without endpoints, so that they refuse."""
    return list(_service_ports(service, slices, here)) if is_proxied(service) else []


def is_proxied(service: Service) -> bool:
    """Whether it has addresses to serve, and is not left to another proxy."""
    if OTHER_PROXY_LABEL in service.metadata.labels:
        return False
    return service.spec.type != "ExternalName" and bool(service.spec.cluster_ip) and service.spec.cluster_ip != HEADLESS


def proxied_slices(slices: Iterable[EndpointSlice]) -> Iterator[EndpointSlice]:
    """Those that a proxy looks at."""
    return (each for each in slices if HEADLESS_LABEL not in each.metadata.labels)


def _service_ports(service: Service, slices: Sequence[EndpointSlice], here: Here) -> Iterator[proxy.ServicePort]:
    spec = service.spec
    inside = cluster_addresses(service)
    balanced = set(_balanced(service))
    for port, family in product(spec.ports, map(family_of, inside)):
        candidates = _candidates(port, slices, family, here)
        everywhere, local = _for_all(candidates, here), _local(candidates, here)
        for ip, number in _addresses(service, port, family):
            policy = spec.internal_traffic_policy if ip in inside else spec.external_traffic_policy
            endpoints = local if policy == "Local" else everywhere
            yield proxy.ServicePort(
                namespace=service.metadata.namespace or "",
                name=service.metadata.name or "",
                port_name=port.name or "",
                protocol=_protocol(port.protocol),
                ip=ip,
                port=number,
                endpoints=endpoints,
                affinity_seconds=affinity_seconds(service),
                claimed=ip in inside or ip == family.any_address,
                sources=_of(family, map(str.strip, spec.load_balancer_source_ranges)) if ip in balanced else (),
            )


def cluster_addresses(service: Service) -> Sequence[str]:
    """One of each of its families; a proxy serves no other family."""
    spec = service.spec
    return spec.cluster_ips or tuple(filter(None, [spec.cluster_ip]))


def _addresses(service: Service, port: ServicePort, family: Family) -> Iterator[tuple[str, int]]:
    """A person on this machine looks on loopback for what a load balancer shows to all."""
    balanced = _of(family, _balanced(service))
    inside, outside = (
        _of(family, cluster_addresses(service)),
        _of(family, filter(_may_be_taken, service.spec.external_ips)),
    )
    for ip in dict.fromkeys((*inside, *outside, *balanced)):
        yield ip, port.port
    if service.spec.type == "LoadBalancer" and balanced:
        yield family.loopback, port.port
    if port.node_port:
        yield family.any_address, port.node_port


def _balanced(service: Service) -> Iterator[str]:
    """The addresses of its load balancer whose packets come here as they were sent."""
    for each in service.status.load_balancer.ingress:
        if each.ip and each.ip_mode != "Proxy" and _may_be_taken(each.ip):
            yield each.ip


def _may_be_taken(text: str) -> bool:
    """Not so the host's loopback, nor all of its addresses, nor what each link has of its own, as metadata servers are."""
    address = ip_address(text)
    return not (address.is_unspecified or address.is_loopback or address.is_link_local or address.is_multicast)


def _of(family: Family, addresses: Iterable[str]) -> tuple[str, ...]:
    """Those addresses or ranges that are of the family."""
    return tuple(each for each in addresses if (IPV6 if ":" in each else IPV4) is family)


def endpoints_of(
    port: ServicePort, slices: Sequence[EndpointSlice], family: Family, here: Here = Here()
) -> tuple[proxy.Endpoint, ...]:
    """Where a service's port leads to from ``here``, as far as no ``Local`` policy narrows it."""
    return _for_all(_candidates(port, slices, family, here), here)


@attrs.frozen
class _Candidate:
    """An endpoint that serves, and the zones and nodes that the slices would have it serve."""

    endpoint: proxy.Endpoint
    ready: bool
    zones: frozenset[str]
    nodes: frozenset[str]


def _candidates(port: ServicePort, slices: Sequence[EndpointSlice], family: Family, here: Here) -> list[_Candidate]:
    """Where a service's port leads: the slices' port of the same name and protocol."""
    found = []
    for each in proxied_slices(slices):
        number = _target(port, each)
        if each.address_type != family.name or number is None:
            continue
        for endpoint in each.endpoints:
            ready = endpoint.conditions.ready is not False
            if ready or _serves_while_ending(endpoint):
                zones = endpoint.hints.for_zones if endpoint.hints else ()
                nodes = endpoint.hints.for_nodes if endpoint.hints else ()
                node = endpoint.node_name or ""
                found += [
                    _Candidate(
                        endpoint=proxy.Endpoint(ip=ip, port=number, node=node, here=bool(node) and here.has_node(node)),
                        ready=ready,
                        zones=frozenset(zone.name for zone in zones),
                        nodes=frozenset(node.name for node in nodes),
                    )
                    for ip in endpoint.addresses[:1]
                ]
    return found


def _for_all(candidates: Sequence[_Candidate], here: Here) -> tuple[proxy.Endpoint, ...]:
    """Hints count where every ready endpoint has them, and one is for this place."""
    ready = [each for each in candidates if each.ready]
    if not ready:
        return _tidy(candidates)
    if (
        here.nodes
        and all(each.nodes for each in ready)
        and (near := [each for each in ready if each.nodes & here.nodes])
    ):
        return _tidy(near)
    if all(each.zones for each in ready) and (near := [each for each in ready if each.zones & here.zones]):
        return _tidy(near)
    return _tidy(ready)


def _local(candidates: Sequence[_Candidate], here: Here) -> tuple[proxy.Endpoint, ...]:
    local = [each for each in candidates if here.has(each.endpoint)]
    return _tidy([each for each in local if each.ready] or local)


def _tidy(candidates: Iterable[_Candidate]) -> tuple[proxy.Endpoint, ...]:
    return tuple(sorted({each.endpoint for each in candidates}))


def affinity_seconds(service: Service) -> int:
    """0 where the service keeps no client with its pod."""
    if service.spec.session_affinity != "ClientIP":
        return 0
    config = service.spec.session_affinity_config
    seconds = config.client_ip.timeout_seconds if config and config.client_ip else None
    return seconds or DEFAULT_AFFINITY_SECONDS


def _target(port: ServicePort, each: EndpointSlice) -> int | None:
    for candidate in each.ports:
        if (candidate.name or "", candidate.protocol or "TCP") == (port.name or "", port.protocol or "TCP"):
            return candidate.port
    return None


def _serves_while_ending(endpoint: Endpoint) -> bool:
    return bool(endpoint.conditions.serving and endpoint.conditions.terminating)


_PROTOCOLS: Mapping[str, proxy.Transport] = {"TCP": "TCP", "UDP": "UDP", "SCTP": "SCTP"}


def _protocol(name: str | None) -> proxy.Transport:
    return _PROTOCOLS.get(name or "TCP", "TCP")
