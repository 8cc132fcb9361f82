"""From Ingresses, and the Services and Secrets that they name, to a table of routes; and what is wrong with them. Pure.

https://kubernetes.io/docs/concepts/services-networking/ingress/ has the rules. What it leaves open: the routes of all
Ingresses are one table, in which a host goes before a wildcard and that before no host, and a longer path before a shorter
one; of two routes that are the same the older Ingress's counts. A default backend answers what no rule fits, first for the
Ingress' own hosts.

Requests are sent to the address of a Service, which the service proxy leads to its pods. So pods come and go without
another table: a router that takes one may break a connection that is opened in that moment. Only where there is
no such address, or clients are to stay with their pods (the Service could not tell them apart), the pods are in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set

from sampan.core.classes import frozen
from sampan.core.contracts.http_router import Backend, Certificate, Route, RouteTable, plain_path
from sampan.core.ip import IPV4, IPV6, host_port
from sampan.core.model.columns.networking_v1.ingress import DEFAULT_CLASS
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.service import Service, ServicePort
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.networking_v1.ingress import Ingress, IngressBackend, IngressServiceBackend
from sampan.core.model.networking_v1.ingress_class import IngressClass
from sampan.core.services.certificates import tls_pair
from sampan.core.services.service_ports import affinity_seconds, endpoints_of, is_proxied

CONTROLLER = "sampan.io/ingress-controller"
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
EXACT = "Exact"
INSTEAD = "a certificate of the cluster's own is shown instead"

ObjectKey = tuple[str, str]


@frozen
class World:
    """What Ingresses refer to, each by namespace and name. ``slices`` are those of one Service."""

    service: Callable[[str, str], Service | None]
    slices: Callable[[str, str], Sequence[EndpointSlice]]
    secret: Callable[[str, str], Secret | None]


@frozen
class Problem:
    """What is wrong with an Ingress, in an event's words."""

    ingress: ObjectKey
    reason: str
    message: str


@frozen(kw_only=True)
class Routing:
    """What some Ingresses come to."""

    table: RouteTable
    problems: tuple[Problem, ...]
    services: Set[ObjectKey]
    """Those that they name, whether there or not."""
    secrets: Set[ObjectKey]


def served(ingresses: Iterable[Ingress], classes: Iterable[IngressClass]) -> list[Ingress]:
    """Those of the classes whose controller is this one, the oldest first.

    Who names no class has the default one: also where the class came later than the Ingress.
    """
    ours = {each.metadata.name: each for each in classes if each.spec.controller == CONTROLLER}
    default = any(each.metadata.annotations.get(DEFAULT_CLASS) == "true" for each in ours.values())

    def is_ours(ingress: Ingress) -> bool:
        name = ingress.spec.ingress_class_name or ingress.metadata.annotations.get(CLASS_ANNOTATION)
        return name in ours if name else default

    return sorted(filter(is_ours, ingresses), key=_age)


def routing(ingresses: Iterable[Ingress], world: World) -> Routing:
    """``ingresses`` are those that are `served`, the oldest first."""
    reading = _Reading(world)
    for ingress in ingresses:
        reading.read(ingress)
    return reading.result()


def _age(ingress: Ingress) -> tuple[str, ObjectKey]:
    created = ingress.metadata.creation_timestamp
    return created.isoformat() if created else "", ingress.key


class _Reading:
    """One look at all Ingresses."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules: dict[tuple[str, str, bool], tuple[Route, ObjectKey]] = {}
        self._defaults: dict[str, Route] = {}
        self._certificates: dict[str, Certificate] = {}
        self._backends: dict[tuple[ObjectKey, str | int], Backend] = {}
        self._problems: dict[Problem, None] = {}
        self._services: set[ObjectKey] = set()
        self._secrets: set[ObjectKey] = set()
        self._ingress: ObjectKey = ("", "")

    def read(self, ingress: Ingress) -> None:
        self._ingress = ingress.key
        hosts = [(rule.host or "").lower() for rule in ingress.spec.rules]
        for host, rule in zip(hosts, ingress.spec.rules, strict=True):
            for each in rule.http.paths if rule.http else ():
                exact = each.path_type == EXACT
                self._add(host, _path(each.path, exact), exact, self._backend(each.backend))
        if ingress.spec.default_backend is not None:
            backend = self._backend(ingress.spec.default_backend)
            for host in (*hosts, ""):
                self._defaults.setdefault(host, Route(host=host, backend=backend))
        for entry in ingress.spec.tls:
            if entry.secret_name:
                self._read_secret(entry.secret_name, [host.lower() for host in entry.hosts] or hosts)

    def result(self) -> Routing:
        rules = sorted((route for route, _ in self._rules.values()), key=_precedence)
        defaults = sorted(self._defaults.values(), key=_precedence)
        return Routing(
            table=RouteTable(routes=(*rules, *defaults), certificates=tuple(self._certificates.values())),
            problems=tuple(self._problems),
            services=self._services,
            secrets=self._secrets,
        )

    def _add(self, host: str, path: str, exact: bool, backend: Backend) -> None:
        route = Route(host=host, path=path, exact=exact, backend=backend)
        _, owner = self._rules.setdefault((host, path, exact), (route, self._ingress))
        if owner != self._ingress:
            where = f"host {host or '*'!r} and path {path!r}"
            self._tell("Conflict", f"the Ingress {_text(owner)}, which is older, has {where} already: its rule counts")

    def _backend(self, wanted: IngressBackend) -> Backend:
        if wanted.service is None:
            kind = wanted.resource.kind if wanted.resource else "nothing"
            self._tell("UnsupportedBackend", f"a backend is of the kind {kind}: only Services can be")
            return Backend(name=kind)
        key = (self._ingress[0], wanted.service.name)
        self._services.add(key)
        port: str | int = wanted.service.port.name or wanted.service.port.number
        known = self._backends.get((key, port))
        if known is not None and known.endpoints:
            return known
        made = self._backends[key, port] = self._made_backend(key, port, wanted.service)
        return made

    def _made_backend(self, key: ObjectKey, port: str | int, wanted: IngressServiceBackend) -> Backend:
        name = f"{_text(key)}:{port}"
        service = self._world.service(*key)
        if service is None:
            self._tell("BackendNotFound", f"there is no Service {wanted.name!r} in the namespace {key[0]!r}")
            return Backend(name=name)
        if service.spec.type == "ExternalName":
            # It would lead whoever may write Services to everything that this machine can reach, its own loopback too.
            self._tell(
                "UnsupportedBackend", f"the Service {wanted.name!r} is of the type ExternalName, which has no pods"
            )
            return Backend(name=name)
        found = next((each for each in service.spec.ports if port in (each.name, each.port)), None)
        if found is None or (found.protocol or "TCP") != "TCP":
            ports = ", ".join(_port_text(each) for each in service.spec.ports) or "none"
            self._tell("BackendNotFound", f"the Service {wanted.name!r} has no TCP port {port!r} (its ports: {ports})")
            return Backend(name=name)
        family = IPV6 if service.spec.ip_families[:1] == ("IPv6",) else IPV4
        there = endpoints_of(found, self._world.slices(*key), family)
        endpoints = tuple(host_port(each.ip, each.port) for each in there)
        sticky = affinity_seconds(service) > 0
        if endpoints and is_proxied(service) and not sticky:
            endpoints = (host_port(service.spec.cluster_ip or "", found.port),)
        return Backend(name=name, endpoints=endpoints, sticky=sticky)

    def _read_secret(self, name: str, hosts: Sequence[str]) -> None:
        key = (self._ingress[0], name)
        self._secrets.add(key)
        secret = self._world.secret(*key)
        if secret is None:
            self._tell("SecretNotFound", f"there is no Secret {name!r} in the namespace {key[0]!r}: {INSTEAD}")
            return
        pair = tls_pair(secret)
        if isinstance(pair, str):
            self._tell("SecretInvalid", f"the Secret {name!r} {pair}: {INSTEAD}")
            return
        for host in dict.fromkeys(hosts):
            if host and not pair.is_for(host):
                known = ", ".join(sorted(pair.names)) or "no name"
                self._tell(
                    "SecretInvalid", f"the certificate in the Secret {name!r} is for {known}, not {host!r}: {INSTEAD}"
                )
                continue
            shown = Certificate(host=host, certificate_pem=pair.certificate_pem, key_pem=pair.key_pem)
            if self._certificates.setdefault(host, shown) != shown:
                self._tell(
                    "Conflict", f"an older Ingress has another certificate for the host {host or '*'!r}: it is shown"
                )

    def _tell(self, reason: str, message: str) -> None:
        self._problems[Problem(self._ingress, reason, message)] = None


def _path(path: str | None, exact: bool) -> str:
    plain = plain_path(path or "/")
    return plain if exact else plain.rstrip("/") or "/"


def _precedence(route: Route) -> tuple[int, int, int, bool, str, str]:
    sort = 2 if not route.host else 1 if route.host.startswith("*.") else 0
    return sort, -len(route.host), -len(route.path), not route.exact, route.host, route.path


def _text(key: ObjectKey) -> str:
    return "/".join(key)


def _port_text(port: ServicePort) -> str:
    return f"{port.name} {port.port}" if port.name else str(port.port)
