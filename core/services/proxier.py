"""Keeps the proxy in step with Services and EndpointSlices.

Changes come from the informers on the event loop; the proxy, which is blocking code, is called in a thread of its own, one
call at a time, and always with the whole table. Changes that come while it works make one more call, not many.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Set
from concurrent.futures import ThreadPoolExecutor

from sampan.core.contracts.proxy import Proxy, ProxyReport, ServicePort
from sampan.core.loops import run_for_ever
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.service_table import service_table

log = logging.getLogger(__name__)

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
        self._nodes = nodes
        self._services = informers.informer(Service)
        self._slices = informers.informer(EndpointSlice)
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="proxier")
        self._task: asyncio.Task[None] | None = None
        self._applied: tuple[ServicePort, ...] | None = None
        self._told: frozenset[tuple[object, str]] = frozenset()

    async def start(self) -> None:
        """Apply what there is, then follow changes."""
        await self._services.synced.wait()
        await self._slices.synced.wait()
        self._services.subscribe(self._on_change)
        self._slices.subscribe(self._on_change)
        self._changed.set()
        self._task = asyncio.create_task(run_for_ever(self._follow, "proxier", self._clock.sleep), name="proxier")

    async def stop(self) -> None:
        """Stop following. The proxy itself is closed by whoever made it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _on_change(self, _old: KubeObject | None, _new: KubeObject | None) -> None:
        self._changed.set()

    async def _follow(self) -> None:
        await self._changed.wait()
        self._changed.clear()
        try:
            table = service_table(self._services.all(), self._slices.all(), self._nodes)
            if self._besides:
                table = tuple(entry for entry in table if entry.ip not in self._besides)
            if table != self._applied:
                await self._apply(table)
        except Exception:
            self._changed.set()  # what was to be looked at has not been
            raise

    async def _apply(self, table: tuple[ServicePort, ...]) -> None:
        loop = asyncio.get_running_loop()
        try:
            report = await loop.run_in_executor(self._thread, self._sync, table)
        except Exception:
            log.exception("the proxy failed; it is tried again in %g s", RETRY_SECONDS)
            report = None
        if report is not None and not report.failures:
            self._applied = table
            self._told = frozenset()
            return
        self._applied = None
        if report is not None:
            self._tell(report)
        self._clock.call_later(RETRY_SECONDS, self._changed.set)

    def _sync(self, table: tuple[ServicePort, ...]) -> ProxyReport:
        if self._plugins is not None and self._plugins.has("sampan_services_applying"):
            self._plugins.tell("sampan_services_applying", services=tuple(table))
        return self._proxy.sync(table)

    def _tell(self, report: ProxyReport) -> None:
        """One event on a service for each new failure; repeats stay quiet."""
        told = set()
        for port, why in report.failures:
            told.add((port.key, why))
            service = self._services.get(port.namespace, port.name)
            if service is not None and (port.key, why) not in self._told:
                self._recorder.emit(service, "ProxyFailed", why, type="Warning")
        self._told = frozenset(told)
