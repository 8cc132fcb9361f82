"""Answers load balancers that ask whether this machine has pods of a Service, and keeps in step with what there is.

On the event loop. Anybody may connect, so that is bounded: by number, by time, and by what is read.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from sampan.core.loops import Background
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.reconcile.clock import Clock, Timer
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.concerned import ServiceKey, tell_of_services
from sampan.core.services.health_checks import HealthCheck, health_check
from sampan.core.services.service_ports import BY_SERVICE, Here

EVERYWHERE = "0.0.0.0"
MOST_CONNECTIONS = 64
ASKS_WITHIN = 5.0
LONGEST_REQUEST = 8192
RETRY_SECONDS = 10.0
"""Until a port is tried again that a program of the host has."""


class HealthChecker:
    """`start` once the informers run, `stop` when the proxy ends. ``here`` says which endpoints are this machine's."""

    def __init__(self, informers: InformerSet, recorder: EventRecorder, clock: Clock, here: Here) -> None:
        self._recorder = recorder
        self._clock = clock
        self._here = here
        self._services = informers.informer(Service)
        self._slices = informers.informer(EndpointSlice)
        self._changed = asyncio.Event()
        self._concerned: set[ServiceKey] = set()
        self._open: dict[ServiceKey, _Port] = {}
        self._retries: dict[ServiceKey, Timer] = {}
        """Of ports that could not be had, which has been told."""
        self._visitors = Visitors()
        self._loop = Background()

    async def start(self) -> None:
        await self._services.synced.wait()
        await self._slices.synced.wait()
        tell_of_services(self._services, self._slices, self._look_at)
        self._loop.start(self._follow, "health-checker", self._clock.sleep)

    async def stop(self) -> None:
        await self._loop.stop()
        for retry in self._retries.values():
            retry.cancel()
        for port in self._open.values():
            port.close()
        self._open.clear()
        await self._visitors.end()

    def _look_at(self, key: ServiceKey) -> None:
        self._concerned.add(key)
        self._changed.set()

    async def _follow(self) -> None:
        await self._changed.wait()
        while self._concerned:
            await self._serve(self._concerned.pop())
        self._changed.clear()

    async def _serve(self, key: ServiceKey) -> None:
        service = self._services.get(*key)
        wanted = None
        if service is not None:
            wanted = health_check(service, self._slices.indexed(BY_SERVICE, "/".join(key)), self._here)
        port = self._open.get(key)
        if port is not None and wanted is not None and wanted.port == port.check.port:
            port.check = wanted
            return
        if port is not None:
            self._open.pop(key).close()
        if service is None or wanted is None:
            self._no_retry(key)
            return
        port = _Port(wanted, self._visitors)
        try:
            await port.open()
        except OSError as exc:
            self._again(
                key, service, f"node port {wanted.port} cannot be listened on for health checks: {exc.strerror}"
            )
            return
        self._no_retry(key)
        self._open[key] = port

    def _again(self, key: ServiceKey, service: Service, why: str) -> None:
        if not self._no_retry(key):
            self._recorder.emit(service, "FailedToStartServiceHealthcheck", why, type="Warning")
        self._retries[key] = self._clock.call_later(RETRY_SECONDS, partial(self._look_at, key))

    def _no_retry(self, key: ServiceKey) -> bool:
        """Whether there was to be one."""
        retry = self._retries.pop(key, None)
        if retry is not None:
            retry.cancel()
        return retry is not None


class Visitors:
    """Who is connected, to whichever port."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def may_come(self) -> bool:
        """Whether there is room; who asks is in from then on, until its task ends."""
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= MOST_CONNECTIONS:
            return False
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Port:
    """One listener; ``check`` is what it answers by."""

    def __init__(self, check: HealthCheck, visitors: Visitors) -> None:
        self.check = check
        self._visitors = visitors
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Raises `OSError` where the port cannot be had."""
        self._server = await asyncio.start_server(self._serve, EVERYWHERE, self.check.port, limit=LONGEST_REQUEST)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._visitors.may_come():
                async with asyncio.timeout(ASKS_WITHIN):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(self.check.answer())
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # no request, or nobody is there to be answered
        except asyncio.CancelledError:
            return  # a server of streams reports a task that ends so as a failure
        finally:
            with suppress(OSError):
                writer.close()
