"""From Services, EndpointSlices and Namespaces to DNS records. Pure.

https://github.com/kubernetes/dns/blob/master/docs/specification.md has the names, CoreDNS' ``kubernetes`` plugin what the
specification leaves open: endpoints without a host name are called by their address, ``10-0-0-7.web.default.svc…``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from sampan.core.contracts.name_server import Record
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointSlice

DOMAIN = "cluster.local"
SPECIFICATION = "1.1.0"
HEADLESS = "None"


def zone_records(domain: str = DOMAIN) -> list[Record]:
    """What a cluster's zone has of its own."""
    return [
        Record(f"dns-version.{domain}", "TXT", f'"{SPECIFICATION}"'),
        Record(f"svc.{domain}", "NAME"),
        Record(f"pod.{domain}", "NAME"),
    ]


def server_records(address: str, domain: str = DOMAIN) -> list[Record]:
    """Who answers for it."""
    server = f"ns.dns.{domain}"
    return [Record(domain, "NS", server), Record(server, _type_of(address), address)]


def namespace_records(namespace: str, domain: str = DOMAIN) -> list[Record]:
    """Its names exist also while no Service is in it; pods' names are made out of the second one."""
    return [Record(f"{namespace}.svc.{domain}", "NAME"), Record(f"{namespace}.pod.{domain}", "NAME")]


def service_records(service: Service, slices: Iterable[EndpointSlice], domain: str = DOMAIN) -> list[Record]:
    """All records of one Service, sorted; none while it has neither addresses nor endpoints nor an outside name."""
    name = f"{service.metadata.name}.{service.metadata.namespace}.svc.{domain}".lower()
    if service.spec.type == "ExternalName":
        target = (service.spec.external_name or "").rstrip(".").lower()
        return [Record(name, "CNAME", target)] if target else []
    slices = list(slices)
    found = {Record(name, "NAME")}
    if service.spec.cluster_ip == HEADLESS:
        found.update(_headless(name, slices))
    else:
        found.update(_with_address(name, service))
        found.update(record for record in _endpoints(name, slices) if record.name != name)
    return sorted(found)


def _with_address(name: str, service: Service) -> Iterator[Record]:
    for address in service.spec.cluster_ips or ((service.spec.cluster_ip,) if service.spec.cluster_ip else ()):
        yield Record(name, _type_of(address), address)
        yield Record(reverse_name(address), "PTR", name)
    for port in service.spec.ports:
        if port.name:
            yield Record(_port_name(port.name, port.protocol, name), "SRV", f"0 100 {port.port} {name}")


def _headless(name: str, slices: Sequence[EndpointSlice]) -> Iterator[Record]:
    yield from _endpoints(name, slices)
    for each in slices:
        for endpoint in _ready(each):
            for address in endpoint.addresses:
                target = f"{_host(endpoint, address)}.{name}"
                yield Record(reverse_name(address), "PTR", target)
                for port in each.ports:
                    if port.name and port.port:
                        service = _port_name(port.name, port.protocol, name)
                        yield Record(service, "SRV", f"0 100 {port.port} {target}")


def _endpoints(name: str, slices: Sequence[EndpointSlice]) -> Iterator[Record]:
    """The addresses of all ready endpoints, under the Service's name and under their own."""
    for each in slices:
        for endpoint in _ready(each):
            for address in endpoint.addresses:
                yield Record(name, _type_of(address), address)
                yield Record(f"{_host(endpoint, address)}.{name}", _type_of(address), address)


def _ready(each: EndpointSlice) -> Iterator[Endpoint]:
    if each.address_type in ("IPv4", "IPv6"):
        yield from (endpoint for endpoint in each.endpoints if endpoint.conditions.ready is not False)


def _host(endpoint: Endpoint, address: str) -> str:
    return (endpoint.hostname or address.replace(".", "-").replace(":", "-")).lower()


def _port_name(port: str, protocol: str | None, name: str) -> str:
    return f"_{port}._{(protocol or 'TCP').lower()}.{name}".lower()


def _type_of(address: str) -> Literal["A", "AAAA"]:
    return "AAAA" if ":" in address else "A"


def reverse_name(address: str) -> str:
    """``7.0.0.10.in-addr.arpa`` for ``10.0.0.7``."""
    return ipaddress.ip_address(address).reverse_pointer
