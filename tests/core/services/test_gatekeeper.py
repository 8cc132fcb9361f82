"""What keeps a router in step with Ingresses: what it and people are told and when, and what happens on failure."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import attrs
import pytest

from sampan.core.api.pki import make_authority
from sampan.core.contracts.http_router import RouteTable
from sampan.core.errors import SampanError
from sampan.core.model.columns.networking_v1.ingress import DEFAULT_CLASS
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.networking_v1.ingress import Ingress, IngressLoadBalancerIngress
from sampan.core.model.networking_v1.ingress_class import IngressClass
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import from_wire
from sampan.core.services.certificates import OwnCertificates
from sampan.core.services.gatekeeper import CLASS, RETRY_SECONDS, Gatekeeper
from sampan.core.services.ingresses import CONTROLLER
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from tests.support.ingresses import ingress, rule, service, slice_of
from tests.support.wait import soon

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 1, tzinfo=UTC)
AUTHORITY = make_authority("test", NOW)
ADDRESS = IngressLoadBalancerIngress(ip="192.0.2.1")
IN = {"clusterIP": "10.96.0.7"}


@attrs.define
class Router:
    """Notes where each host leads, load by load."""

    loads: list[dict[str, tuple[str, ...]]] = attrs.field(factory=list)
    refuses: bool = False
    tried: int = 0

    def start(self, plain: Sequence[socket.socket], encrypted: Sequence[socket.socket], table: RouteTable) -> None:
        self.load(table)

    def load(self, table: RouteTable) -> None:
        self.tried += 1
        if self.refuses:
            raise SampanError("it does not listen")
        self.loads.append({route.host: route.backend.endpoints for route in table.routes})

    def close(self) -> None:
        """Nothing is open."""

    def destroy(self) -> None:
        """Nothing is left."""


@asynccontextmanager
async def kept(api: FakeApi, router: Router, zone: str) -> AsyncIterator[None]:
    informers = InformerSet(api, api.clock)
    certificates = OwnCertificates(lambda hosts: AUTHORITY.issue("own", NOW, hosts=hosts), ["localhost"], api.clock.now)
    keeper = Gatekeeper(router, informers, api, api.clock, certificates, [ADDRESS], zone)
    await informers.start()
    await keeper.start([], [])
    try:
        yield
    finally:
        await keeper.stop()
        await informers.stop()


class Stage:
    """An API and a router, with a clock that is moved by hand."""

    def __init__(self, *objects: KubeObject) -> None:
        self.clock = FakeClock(NOW)
        self.api = FakeApi(*objects, clock=self.clock)
        self.router = Router()
        self.zone = ""

    def kept(self) -> AbstractAsyncContextManager[None]:
        return kept(self.api, self.router, self.zone)

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """However long that takes on its clock."""

        async def asked() -> bool:
            self.clock.advance(RETRY_SECONDS)
            return condition()

        await soon(asked, what)

    async def leads(self, table: Mapping[str, tuple[str, ...]]) -> None:
        """Wait until this is what the router was told last."""
        await self.until(lambda: self.router.loads[-1] == table, f"{table}: {self.router.loads}")

    def warnings(self) -> list[str]:
        return [f"{each.reason}: {each.message}" for each in self.api.all(Event)]


async def test_a_router_begins_with_all_that_there_is_and_follows() -> None:
    stage = Stage(
        ingress("web", rule("a.example", ("/", "Prefix", "web"))), service("web", **IN), slice_of("web", "10.1.0.2")
    )
    async with stage.kept():
        await stage.leads({"a.example": ("10.96.0.7:80",)})
        stage.api.put(ingress("more", rule("b.example", ("/", "Prefix", "web"))))
        await stage.leads({"a.example": ("10.96.0.7:80",), "b.example": ("10.96.0.7:80",)})
        stage.api.remove(Ingress, "default", "more")
        await stage.leads({"a.example": ("10.96.0.7:80",)})


async def test_pods_that_come_and_go_are_no_matter_for_the_router_until_the_last_one_goes() -> None:
    stage = Stage(
        ingress("web", rule("a.example", ("/", "Prefix", "web"))), service("web", **IN), slice_of("web", "10.1.0.2")
    )
    async with stage.kept():
        await stage.leads({"a.example": ("10.96.0.7:80",)})
        loads = len(stage.router.loads)
        stage.api.put(slice_of("web", "10.1.0.2", "10.1.0.3"))
        stage.api.put(service("other", clusterIP="10.96.0.8"))
        await stage.api.delivered()
        stage.api.put(slice_of("web"))
        await stage.leads({"a.example": ()})
        assert len(stage.router.loads) == loads + 1


async def test_services_have_host_names_where_there_is_a_zone() -> None:
    stage = Stage(service("web", **IN))
    stage.zone = "svc.dev.localhost"
    async with stage.kept():
        await stage.leads({"web.default.svc.dev.localhost": ("10.96.0.7:80",)})
        stage.api.put(service("api", clusterIP="10.96.0.8"))
        both = {"web.default.svc.dev.localhost": ("10.96.0.7:80",), "api.default.svc.dev.localhost": ("10.96.0.8:80",)}
        await stage.leads(both)
        stage.api.remove(Service, "default", "web")
        await stage.leads({"api.default.svc.dev.localhost": ("10.96.0.8:80",)})


async def test_an_ingress_is_given_the_address_and_loses_it_with_its_class() -> None:
    stage = Stage(ingress("web", rule("a.example", ("/", "Prefix", "web"))), service("web", **IN))

    def shown() -> tuple[IngressLoadBalancerIngress, ...]:
        return tuple(stage.api.find(Ingress, "default", "web").status.load_balancer.ingress)

    async with stage.kept():
        await stage.until(lambda: shown() == (ADDRESS,))
        made = stage.api.find(IngressClass, "", CLASS)
        assert (made.spec.controller, made.metadata.annotations) == (CONTROLLER, {DEFAULT_CLASS: "true"})
        other = {"metadata": {"name": "other"}, "spec": {"controller": "example.com/other"}}
        stage.api.put(from_wire(IngressClass, other))
        now = stage.api.find(Ingress, "default", "web")
        stage.api.put(evolve(now, spec=evolve(now.spec, ingress_class_name="other")))
        await stage.until(lambda: shown() == ())
        await stage.leads({})


async def test_a_default_class_of_somebody_elses_is_left_alone() -> None:
    theirs = {"metadata": {"name": "theirs", "annotations": {DEFAULT_CLASS: "true"}}, "spec": {"controller": "x.io/y"}}
    stage = Stage(from_wire(IngressClass, theirs), ingress("web", rule("a.example", ("/", "Prefix", "web"))))
    async with stage.kept():
        assert stage.router.loads == [{}]
        assert stage.api.find(IngressClass, "", CLASS).metadata.annotations == {}


async def test_what_is_wrong_is_told_once() -> None:
    stage = Stage(ingress("web", rule("a.example", ("/", "Prefix", "nobody"))))
    async with stage.kept():
        await stage.until(lambda: bool(stage.warnings()))
        stage.api.put(ingress("more", rule("b.example", ("/", "Prefix", "web"))))
        stage.api.put(service("web", **IN))
        await stage.leads({"a.example": (), "b.example": ()})
    assert stage.warnings() == ["BackendNotFound: there is no Service 'nobody' in the namespace 'default'"]


async def test_a_router_that_refuses_is_asked_again_and_the_routes_of_before_count_on() -> None:
    stage = Stage(service("web", **IN), slice_of("web", "10.1.0.2"))
    async with stage.kept():
        stage.router.refuses = True
        before = stage.router.tried
        stage.api.put(ingress("web", rule("a.example", ("/", "Prefix", "web"))))
        await stage.until(lambda: stage.router.tried > before)
        assert stage.router.loads[-1] == {}
        stage.router.refuses = False
        await stage.leads({"a.example": ("10.96.0.7:80",)})
