"""Keeps a name server in step with Services, EndpointSlices and Namespaces: what changes is worked out anew, and no more.

On the event loop. The changes of one turn of the loop become one look at each Service, so a burst of them costs little.
"""

from __future__ import annotations

import asyncio

from sampan.core.contracts.name_server import NameServer
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.service import Service
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.lister import InformerSet
from sampan.core.services.concerned import ServiceKey, tell_of_services
from sampan.core.services.records import namespace_records, service_records
from sampan.core.services.service_ports import BY_SERVICE


class Namer:
    """`start` once the informers run; `stop` when the server ends."""

    def __init__(self, server: NameServer, informers: InformerSet) -> None:
        self._server = server
        self._services = informers.informer(Service)
        self._slices = informers.informer(EndpointSlice)
        self._namespaces = informers.informer(Namespace)
        self._changed: set[ServiceKey] = set()
        self._turn: asyncio.Handle | None = None
        self._stopped = False

    async def start(self) -> None:
        """Returns when the server knows all that there is."""
        for informer in (self._services, self._slices, self._namespaces):
            await informer.synced.wait()
        # Each tells at once of all that is there.
        self._namespaces.subscribe(self._on_namespace)
        tell_of_services(self._services, self._slices, self._look_at)
        self._catch_up()

    def stop(self) -> None:
        self._stopped = True
        if self._turn is not None:
            self._turn.cancel()

    def _on_namespace(self, old: KubeObject | None, new: KubeObject | None) -> None:
        for each in (old, new):
            if each is not None:
                name = each.metadata.name or ""
                self._server.put(f"namespace {name}", namespace_records(name) if new is not None else ())

    def _look_at(self, key: ServiceKey) -> None:
        self._changed.add(key)
        if self._turn is None and not self._stopped:
            self._turn = asyncio.get_running_loop().call_soon(self._catch_up)

    def _catch_up(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        changed, self._changed = self._changed, set()
        for namespace, name in changed:
            service = self._services.get(namespace, name)
            slices = self._slices.indexed(BY_SERVICE, f"{namespace}/{name}")
            self._server.put(f"{namespace}/{name}", service_records(service, slices) if service is not None else ())
