"""A machine's service proxy, and what keeps it in step with the API. One for all nodes of a cluster that are here.

`prepare` and `destroy` block and belong in a thread; the rest is on the event loop. What follows the API is imported when
it begins to: who only ends a cluster needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from sampan.core.cluster.settle import NONE
from sampan.core.contracts.proxy import Proxy, ProxySettings
from sampan.core.ip import hosts_own, networks
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock

if TYPE_CHECKING:
    from sampan.core.client.protocol import Client
    from sampan.core.reconcile.lister import InformerSet


class ServiceProxying:
    """``name`` is that of the registry's proxy."""

    def __init__(self, name: str, settings: ProxySettings, plugins: Plugins, clock: Clock) -> None:
        self.name = name
        self._settings = settings
        self._plugins = plugins
        self._clock = clock
        self._proxy: Proxy | None = None
        self._cleanup = AsyncExitStack()

    @property
    def proxy(self) -> Proxy:
        """Made at its first use. Changes nothing on the machine before `prepare`."""
        if self._proxy is None:
            self._proxy = self._plugins.registry.proxies.find(self.name).make(self._settings)
        return self._proxy

    def prepare(self) -> None:
        """Make service addresses this machine's. Raises `ConfigError` where that cannot be."""
        self.proxy.start()

    async def follow(
        self, client: Client, informers: InformerSet, nodes: Sequence[str], besides: Set[str] = frozenset()
    ) -> None:
        """Serve what the API has, from now on, but for addresses that have a server of their own here (``besides``)."""
        from sampan.core.reconcile.events import EventRecorder
        from sampan.core.services.health_checker import HealthChecker
        from sampan.core.services.proxier import Proxier
        from sampan.core.services.service_ports import Here

        recorder = EventRecorder(client, self._clock, "service-proxy", nodes[0])
        besides |= set(map(hosts_own, networks(self._settings.service_cidr)))  # where the API is offered to pods
        proxier = Proxier(self.proxy, informers, recorder, self._clock, self._plugins, besides, set(nodes))
        self._cleanup.push_async_callback(proxier.stop)
        await proxier.start()
        if self.name != NONE:
            checker = HealthChecker(informers, recorder, self._clock, Here(frozenset(nodes)))
            self._cleanup.push_async_callback(checker.stop)
            await checker.start()

    async def stop(self) -> None:
        """Stop following. Idempotent."""
        await self._cleanup.aclose()

    def close(self) -> None:
        """Stop serving; what a next start needs stays."""
        if self._proxy is not None:
            self._proxy.close()

    def destroy(self) -> None:
        """Take back everything. Idempotent; needs no `prepare`."""
        self.proxy.destroy()
