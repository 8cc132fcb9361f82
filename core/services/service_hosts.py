"""Every Service by a host name on this machine: ``web.default.svc.NAME.localhost`` leads to it, over HTTP. Pure.

Names below ``localhost`` are this machine without anything set up (https://www.rfc-editor.org/rfc/rfc6761#section-6.3), so
people need neither root nor an Ingress. Only who asks from this machine itself is answered by them: a Service that is for
the inside of the cluster stays that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from sampan.core.contracts.http_router import Backend, Route, RouteTable
from sampan.core.ip import host_port
from sampan.core.model.core_v1.service import Service, ServicePort
from sampan.core.services.service_ports import is_proxied

PLAIN, ENCRYPTED = "http", "https"
USUAL_PORT, ENCRYPTED_PORT = 80, 443


def zone_of(cluster: str) -> str:
    """What the names of a cluster's Services end with."""
    return f"svc.{cluster.lower()}.localhost"


def host_route(service: Service, zone: str) -> Route | None:
    """``None`` for a Service without an address, or without a port that may speak HTTP."""
    port = _web_port(service.spec.ports) if is_proxied(service) else None
    if port is None:
        return None
    name, namespace = service.metadata.name, service.metadata.namespace
    address = host_port(service.spec.cluster_ip or "", port.port)
    backend = Backend(name=f"{namespace}/{name}:{port.port}", endpoints=(address,))
    return Route(host=f"{name}.{namespace}.{zone}", local=True, backend=backend)


def with_host_names(table: RouteTable, services: Iterable[Service], zone: str) -> RouteTable:
    """After the hosts that Ingresses name, and before their wildcards and what is for any host."""
    named = [each for each in table.routes if _names_a_host(each)]
    others = [each for each in table.routes if not _names_a_host(each)]
    routes = (host_route(service, zone) for service in services)
    found = sorted((route for route in routes if route is not None), key=lambda route: route.host)
    return attrs.evolve(table, routes=(*named, *found, *others))


def certified(routes: Iterable[Route]) -> list[Route]:
    """The routes whose hosts need certificates: one for each namespace is enough for all of its Services."""
    given = list(routes)
    below = dict.fromkeys(each.host.partition(".")[2] for each in given if each.local)
    wildcards = [Route(host=f"*.{rest}", backend=Backend(name=rest)) for rest in below]
    return [*(each for each in given if not each.local), *wildcards]


def _names_a_host(route: Route) -> bool:
    return bool(route.host) and not route.host.startswith("*.")


def _web_port(ports: Sequence[ServicePort]) -> ServicePort | None:
    """The one that says so, else the usual one, else the first."""
    able = [each for each in ports if (each.protocol or "TCP") == "TCP" and not _is_encrypted(each)]
    says = (each for each in able if _said(each).startswith(PLAIN))
    usual = (each for each in able if each.port == USUAL_PORT)
    return next(says, None) or next(usual, None) or next(iter(able), None)


def _is_encrypted(port: ServicePort) -> bool:
    return _said(port).startswith(ENCRYPTED) or port.port == ENCRYPTED_PORT


def _said(port: ServicePort) -> str:
    return (port.app_protocol or port.name or "").lower()
