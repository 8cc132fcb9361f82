"""Keeps the proxy in step with Services and EndpointSlices.

Changes come from the informers on the event loop; the proxy, which is blocking code, is called in a thread of its own, one
call at a time. Only Services that something has changed about are looked at, and a proxy that can take a change is told no
more than that. Changes that come while it works make one more call, not many.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Set
from concurrent.futures import ThreadPoolExecutor

import attrs

from sampan.core.contracts.proxy import ChangingProxy, Proxy, ProxyReport, ServicePort
from sampan.core.loops import Background
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock, Timer
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.concerned import ServiceKey, tell_of_services
from sampan.core.services.service_ports import BY_SERVICE, Here, service_ports
from sampan.core.services.service_table import Change, ServiceTable

log = logging.getLogger(__name__)

ZONE = "topology.kubernetes.io/zone"
RETRY_SECONDS = 10.0
"""After a sync with failures, such as a port that another program holds."""


class Proxier:
    """One node's service proxying: `start`, and `stop` when the node agent ends.

    The addresses of ``besides`` have servers of their own on this machine, whose nodes are ``nodes``.
    """

    def __init__(
        self,
        proxy: Proxy,
        informers: InformerSet,
        recorder: EventRecorder,
        clock: Clock,
        plugins: Plugins | None = None,
        besides: Set[str] = frozenset(),
        nodes: Set[str] | None = None,
    ) -> None:
        self._proxy = proxy
        self._recorder = recorder
        self._clock = clock
        self._plugins = plugins
        self._besides = besides
        self._here = Here(frozenset(nodes) if nodes is not None else None)
        self._nodes = informers.informer(Node)
        self._services = informers.informer(Service)
        self._slices = informers.informer(EndpointSlice)
        self._changed = asyncio.Event()
        self._concerned: set[tuple[str, str]] = set()
        """Services to look at."""
        self._table = ServiceTable()
        self._in_step = False
        """The proxy has all of the table, so that it can be told of changes alone."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="proxier")
        self._loop = Background()
        self._retry: Timer | None = None
        self._told: frozenset[tuple[object, str]] = frozenset()

    async def start(self) -> None:
        """Apply what there is, then follow changes."""
        await self._services.synced.wait()
        await self._slices.synced.wait()
        await self._nodes.synced.wait()
        self._nodes.subscribe(self._on_node)
        tell_of_services(self._services, self._slices, self._look_at)
        self._changed.set()
        self._loop.start(self._follow, "proxier", self._clock.sleep)

    async def stop(self) -> None:
        """Stop following. The proxy itself is closed by whoever made it."""
        await self._loop.stop()
        if self._retry is not None:
            self._retry.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _on_node(self, _old: KubeObject | None, new: KubeObject | None) -> None:
        """A zone that this machine's nodes have come to be in concerns every Service."""
        if new is None or new.metadata.name not in (self._here.nodes or ()):
            return
        mine = (self._nodes.get("", name) for name in self._here.nodes or ())
        zones = frozenset(zone for node in mine if node is not None if (zone := node.metadata.labels.get(ZONE)))
        if zones != self._here.zones:
            self._here = attrs.evolve(self._here, zones=zones)
            for service in self._services.all():
                self._look_at(service.key)

    def _look_at(self, service: ServiceKey) -> None:
        self._concerned.add(service)
        self._changed.set()

    async def _follow(self) -> None:
        await self._changed.wait()
        self._changed.clear()
        concerned, self._concerned = self._concerned, set()
        try:
            change = self._table.put((key, self._wanted(*key)) for key in concerned)
            if change or not self._in_step:
                await self._apply(change)
        except Exception:
            self._concerned |= concerned  # what was to be looked at has not been
            self._changed.set()
            self._in_step = False
            raise

    def _wanted(self, namespace: str, name: str) -> Iterable[ServicePort]:
        service = self._services.get(namespace, name)
        if service is None:
            return ()
        slices = self._slices.indexed(BY_SERVICE, f"{namespace}/{name}")
        return [each for each in service_ports(service, slices, self._here) if each.ip not in self._besides]

    async def _apply(self, change: Change) -> None:
        loop = asyncio.get_running_loop()
        report, in_step = None, self._in_step
        try:
            report = await loop.run_in_executor(self._thread, self._sync, change, in_step)
        except Exception:
            log.exception("the proxy failed; it is tried again in %g s", RETRY_SECONDS)
        self._in_step = report is not None
        if report is None or report.failures:
            self._again()
        if report is not None:
            self._tell(report, whole=not in_step)

    def _again(self) -> None:
        """A port that a program holds may be free by then: all of the table, once, however much fails until then."""
        if self._retry is None:
            self._retry = self._clock.call_later(RETRY_SECONDS, self._start_over)

    def _start_over(self) -> None:
        self._retry = None
        self._in_step = False
        self._changed.set()

    def _sync(self, change: Change, in_step: bool) -> ProxyReport:
        if self._plugins is not None and self._plugins.has("sampan_services_applying"):
            self._plugins.tell("sampan_services_applying", services=self._table.all())
        if in_step and isinstance(self._proxy, ChangingProxy):
            return self._proxy.change(change.come, change.gone)
        return self._proxy.sync(self._table.all())

    def _tell(self, report: ProxyReport, *, whole: bool) -> None:
        """One event on a service for each new failure; repeats stay quiet."""
        told = set() if whole else set(self._told)
        for port, why in report.failures:
            told.add((port.key, why))
            service = self._services.get(port.namespace, port.name)
            if service is not None and (port.key, why) not in self._told:
                self._recorder.emit(service, "ProxyFailed", why, type="Warning")
        self._told = frozenset(told)
