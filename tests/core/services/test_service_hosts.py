"""Host names of Services on their own machine: which there are, where they lead, and what goes before them."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.http_router import Backend, Route, RouteTable
from sampan.core.model.core_v1.service import Service
from sampan.core.schema.codec import from_wire
from sampan.core.services.service_hosts import certified, host_route, with_host_names, zone_of

ZONE = zone_of("Dev")


def service(name: str = "web", *ports: dict[str, Any], namespace: str = "default", **spec: Any) -> Service:
    given = list(ports) or [{"port": 8080}]
    values = {"clusterIP": "10.96.0.7", "ports": given, **spec}
    return from_wire(Service, {"metadata": {"name": name, "namespace": namespace}, "spec": values})


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ([{"port": 8080}], 8080),
        ([{"port": 9090, "name": "metrics"}, {"port": 80, "name": "web"}], 80),
        ([{"port": 80, "name": "a"}, {"port": 8000, "name": "http-api"}], 8000),
        ([{"port": 80, "name": "a"}, {"port": 8000, "name": "b", "appProtocol": "http"}], 8000),
        ([{"port": 443, "name": "a"}, {"port": 5000, "name": "b"}], 5000),
        ([{"port": 443}], None),
        ([{"port": 8443, "name": "https"}], None),
        ([{"port": 53, "protocol": "UDP"}], None),
    ],
)
def test_the_port_that_speaks_http_is_found(ports: list[dict[str, Any]], found: int | None) -> None:
    route = host_route(service("web", *ports), ZONE)
    assert (route.backend.endpoints if route else None) == ((f"10.96.0.7:{found}",) if found else None)


def test_a_service_of_ipv6_alone_has_a_name_too() -> None:
    route = host_route(service(clusterIP="fd00:10:96::7", ipFamilies=["IPv6"]), ZONE)
    assert route is not None
    assert route.backend.endpoints == ("[fd00:10:96::7]:8080",)


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"type": "ExternalName", "clusterIP": ""}, {"clusterIP": ""}])
def test_a_service_without_an_address_has_no_name(spec: dict[str, Any]) -> None:
    assert host_route(service(**spec), ZONE) is None


def test_names_come_after_the_hosts_of_ingresses_and_before_their_wildcards() -> None:
    backend = Backend(name="b")
    own, wild, rest = (Route(host=host, backend=backend) for host in ("web.default.svc.dev.localhost", "*.x", ""))
    table = with_host_names(RouteTable(routes=(own, wild, rest)), [service("web"), service("api", namespace="a")], ZONE)
    hosts = [each.host for each in table.routes]
    names = ["api.a.svc.dev.localhost", "web.default.svc.dev.localhost"]
    assert hosts == ["web.default.svc.dev.localhost", *names, "*.x", ""]
    found = table.find("web.default.svc.dev.localhost:8080", "/")
    assert found is own, "who names it in an Ingress has it"


def test_only_who_asks_from_the_machine_itself_is_led_by_them() -> None:
    table = with_host_names(RouteTable(), [service()], ZONE)
    assert table.find("web.default.svc.dev.localhost", "/", local=True)
    assert table.find("web.default.svc.dev.localhost", "/", local=False) is None


def test_a_namespace_has_one_certificate() -> None:
    some = [service("a"), service("b"), service("c", namespace="other")]
    table = with_host_names(RouteTable(routes=(Route(host="x.example", backend=Backend(name="b")),)), some, ZONE)
    hosts = [each.host for each in certified(table.routes)]
    assert hosts == ["x.example", "*.default.svc.dev.localhost", "*.other.svc.dev.localhost"]
