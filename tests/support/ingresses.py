"""Ingresses in few words, the Services and Secrets that they are about, and what comes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.core.api.pki import make_authority
from sampan.core.contracts.http_router import RouteTable
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.networking_v1.ingress import Ingress
from sampan.core.schema.codec import from_wire
from sampan.core.services.ingresses import Routing, World, routing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("test", NOW)


def rule(host: str, *paths: tuple[str, str, str]) -> dict[str, Any]:
    """Paths as (path, type, service)."""
    found = [
        {"path": path, "pathType": sort, "backend": {"service": {"name": name, "port": {"number": 80}}}}
        for path, sort, name in paths
    ]
    return {"http": {"paths": found}} | ({"host": host} if host else {})


def default(name: str) -> dict[str, Any]:
    return {"service": {"name": name, "port": {"number": 80}}}


def ingress(name: str, *rules: dict[str, Any], second: int = 0, **spec: Any) -> Ingress:
    return from_wire(Ingress, {
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": f"2026-01-01T00:00:{second:02}Z"},
        "spec": {"rules": list(rules), **spec},
    })  # fmt: skip


def service(name: str, **spec: Any) -> Service:
    ports = [{"name": "http", "port": 80, "targetPort": 8000}]
    return from_wire(Service, {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": ports, **spec}})


def slice_of(name: str, *addresses: str) -> EndpointSlice:
    return from_wire(EndpointSlice, {
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": [{"name": "http", "port": 8000, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
    })  # fmt: skip


def secret(name: str, *hosts: str, **data: bytes) -> Secret:
    certificate, key = AUTHORITY.issue("s", NOW, hosts=hosts or ["a.example"])
    found = {"tls.crt": certificate.encode(), "tls.key": key.encode()} | data
    made = from_wire(Secret, {"metadata": {"name": name, "namespace": "default"}})
    return type(made)(metadata=made.metadata, data={key: value for key, value in found.items() if value})


def world(*objects: Service | EndpointSlice | Secret) -> World:
    def some(kind: type[Any]) -> dict[tuple[str, str], Any]:
        return {each.key: each for each in objects if isinstance(each, kind)}

    slices = some(EndpointSlice)
    return World(
        service=lambda *key: some(Service).get(key),
        slices=lambda *key: [slices[key]] if key in slices else [],
        secret=lambda *key: some(Secret).get(key),
    )


SERVICES = "abcdefgh"
ALL = world(*map(service, SERVICES), *(slice_of(name, f"10.0.0.{n}") for n, name in enumerate(SERVICES, 1)))


def read(*ingresses: Ingress, besides: World = ALL) -> Routing:
    return routing(ingresses, besides)


def to(table: RouteTable, host: str, path: str) -> str:
    """The name of the service that a request gets to."""
    route = table.find(host, path)
    return route.backend.name.removeprefix("default/").partition(":")[0] if route else ""


def problems(found: Routing) -> list[str]:
    return [f"{each.ingress[1]} {each.reason}: {each.message}" for each in found.problems]
