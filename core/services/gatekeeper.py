"""Keeps an HTTP router in step with Ingresses and what they name, and tells people how their Ingresses are served.

On the event loop; the router, which is blocking code, is called in a thread of its own, one call at a time. Changes that
come while it works become one more look. What no Ingress names costs nothing when it changes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from sampan.core.client.protocol import Client
from sampan.core.contracts.http_router import HttpRouter, Route, RouteTable
from sampan.core.errors import AlreadyExists, NotFound, SampanError
from sampan.core.loops import Background
from sampan.core.model.columns.networking_v1.ingress import DEFAULT_CLASS
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.networking_v1.ingress import Ingress, IngressLoadBalancerIngress
from sampan.core.model.networking_v1.ingress_class import IngressClass, IngressClassSpec
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.schema.codec import to_wire
from sampan.core.services.certificates import OwnCertificates
from sampan.core.services.ingresses import (
    CONTROLLER,
    ObjectKey,
    Problem,
    Routing,
    World,
    routing,
    served,
)
from sampan.core.services.service_hosts import certified, host_route, with_host_names
from sampan.core.services.service_ports import BY_SERVICE, by_service, service_of

log = logging.getLogger(__name__)

COMPONENT = "ingress-controller"
CLASS = "sampan"
RETRY_SECONDS = 10.0
PAUSE_SECONDS = 0.1
"""Between two loads: a rolling update of many pods is a few of them."""
RENEWAL_SECONDS = 12 * 3600.0
"""How often the ends of the cluster's own certificates are looked at."""
NOTHING = Routing(table=RouteTable(), problems=(), services=frozenset(), secrets=frozenset())


class Gatekeeper:
    """`start` once the informers run; `stop` before the router is closed. ``addresses`` are what Ingresses are given.

    Services have host names in ``zone``, where there is one (`sampan.core.services.service_hosts`).
    """

    def __init__(
        self,
        router: HttpRouter,
        informers: InformerSet,
        client: Client,
        clock: Clock,
        certificates: OwnCertificates,
        addresses: Sequence[IngressLoadBalancerIngress],
        zone: str = "",
    ) -> None:
        self._router = router
        self._client = client
        self._clock = clock
        self._certificates = certificates
        self._addresses = tuple(addresses)
        self._zone = zone
        self._recorder = EventRecorder(client, clock, COMPONENT)
        self._ingresses = informers.informer(Ingress)
        self._classes = informers.informer(IngressClass)
        self._services = informers.informer(Service)
        self._slices = informers.informer(EndpointSlice)
        self._secrets = informers.informer(Secret)
        self._routing = NOTHING
        self._applied: RouteTable | None = None
        self._told: frozenset[Problem] = frozenset()
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingress")
        self._loop = Background()

    async def start(self, plain: Sequence[socket.socket], encrypted: Sequence[socket.socket]) -> None:
        """Returns when all that there is is served. Raises `ConfigError` where the router cannot start."""
        for informer in (self._ingresses, self._classes, self._services, self._slices, self._secrets):
            await informer.synced.wait()
        self._slices.add_index(BY_SERVICE, by_service)
        await self._make_class()
        table = self._wanted()
        await self._blocking(self._router.start, plain, encrypted, table)
        self._applied = table
        self._ingresses.subscribe(self._on_change)
        self._classes.subscribe(self._on_change)
        self._services.subscribe(self._on_service)
        self._slices.subscribe(self._on_slice)
        self._secrets.subscribe(self._on_secret)
        self._changed.set()
        self._loop.start(self._follow, "ingress", self._clock.sleep)
        self._renew_later()

    async def stop(self) -> None:
        await self._loop.stop()
        await self._recorder.close()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    # What matters

    def _on_change(self, _old: KubeObject | None, _new: KubeObject | None) -> None:
        self._changed.set()

    def _on_service(self, old: KubeObject | None, new: KubeObject | None) -> None:
        named = any(each.key in self._routing.services for each in (old, new) if each is not None)
        if named or self._host_route(old) != self._host_route(new):
            self._changed.set()

    def _host_route(self, service: KubeObject | None) -> Route | None:
        return host_route(service, self._zone) if self._zone and isinstance(service, Service) else None

    def _on_slice(self, old: KubeObject | None, new: KubeObject | None) -> None:
        if any(service_of(each) in self._routing.services for each in (old, new) if each is not None):
            self._changed.set()

    def _on_secret(self, old: KubeObject | None, new: KubeObject | None) -> None:
        if any(each.key in self._routing.secrets for each in (old, new) if each is not None):
            self._changed.set()

    def _renew_later(self) -> None:
        def look() -> None:
            if self._loop.is_running:
                self._changed.set()
                self._renew_later()

        self._clock.call_later(RENEWAL_SECONDS, look)

    # What comes of it

    async def _follow(self) -> None:
        await self._changed.wait()
        self._changed.clear()
        try:
            table = self._wanted()
            if table != self._applied:
                await self._load(table)
            self._tell()
            await self._write_statuses()
        except Exception:  # and on it goes to `run_for_ever`, which tells it
            self._changed.set()  # what was to be looked at has not been
            raise

    def _wanted(self) -> RouteTable:
        world = World(
            service=self._services.get,
            slices=lambda namespace, name: self._slices.indexed(BY_SERVICE, f"{namespace}/{name}"),
            secret=self._secrets.get,
        )
        self._routing = routing(served(self._ingresses.all(), self._classes.all()), world)
        table = self._routing.table
        if self._zone:
            table = with_host_names(table, self._services.all(), self._zone)
        own = self._certificates.besides(table.certificates, certified(table.routes))
        return attrs.evolve(table, certificates=own)

    async def _load(self, table: RouteTable) -> None:
        try:
            await self._blocking(self._router.load, table)
            self._applied = table
            await self._clock.sleep(PAUSE_SECONDS)
        except SampanError as exc:
            log.error("the routes of Ingresses are as they were, next try in %g s: %s", RETRY_SECONDS, exc)
            self._clock.call_later(RETRY_SECONDS, self._changed.set)

    def _tell(self) -> None:
        """One event for each new problem; those that last stay quiet."""
        for problem in self._routing.problems:
            ingress = self._ingresses.get(*problem.ingress)
            if ingress is not None and problem not in self._told:
                self._recorder.emit(ingress, problem.reason, problem.message, type="Warning")
        self._told = frozenset(self._routing.problems)

    async def _write_statuses(self) -> None:
        ours = {ingress.key for ingress in served(self._ingresses.all(), self._classes.all())}
        for ingress in self._ingresses.all():
            present = ingress.status.load_balancer.ingress
            if ingress.key in ours and present != self._addresses:
                await self._write_status(ingress.key, [to_wire(each) for each in self._addresses])
            elif ingress.key not in ours and present == self._addresses:
                await self._write_status(ingress.key, [])

    async def _write_status(self, key: ObjectKey, addresses: list[Any]) -> None:
        change = {"status": {"loadBalancer": {"ingress": addresses or None}}}
        try:
            await self._client.patch(Ingress, *key, change, subresource="status")
        except NotFound:
            return

    async def _make_class(self) -> None:
        """Once: who has taken the default from it, or given another class that, is not contradicted."""
        if self._classes.get("", CLASS) is not None:
            return
        has_default = any(each.metadata.annotations.get(DEFAULT_CLASS) == "true" for each in self._classes.all())
        annotations = {} if has_default else {DEFAULT_CLASS: "true"}
        made = IngressClass(
            metadata=ObjectMeta(name=CLASS, annotations=annotations), spec=IngressClassSpec(controller=CONTROLLER)
        )
        try:
            await self._client.create(made)
        except AlreadyExists:
            return

    async def _blocking(self, call: Any, *arguments: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
