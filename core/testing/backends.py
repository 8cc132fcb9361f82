"""What runs behind a `sampan.core.testing.live_cluster.LiveCluster`: a whole cluster, or a control plane alone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from sampan.core.api.server import ApiServer
from sampan.core.kubeconfig import Access
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock
from sampan.core.store.contract import Store
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.testing_plugin import SERVICE_RANGE


class Backend(Protocol):
    """What is started and stopped behind a `LiveCluster`: a whole cluster, or a control plane alone."""

    @property
    def api(self) -> ApiServer: ...

    @property
    def access(self) -> Access: ...

    async def start(self) -> None: ...

    async def settled(self) -> None: ...

    async def stop(self) -> None: ...


class PlaneAlone:
    """A control plane with its controllers, and no node."""

    def __init__(self, folder: Path, plugins: Plugins, clock: Clock | None, store: Store) -> None:
        self._made = control_plane(
            folder, plugins=plugins, store=store, controllers=True, clock=clock, service_cidr=SERVICE_RANGE
        )
        self._cleanup = AsyncExitStack()
        self._plane: ControlPlane | None = None

    @property
    def api(self) -> ApiServer:
        return self._started.api

    @property
    def access(self) -> Access:
        return self._started.access

    async def start(self) -> None:
        self._plane = await self._cleanup.enter_async_context(self._made)

    async def settled(self) -> None:
        if self._started.engine is not None:
            await self._started.engine.settled()

    async def stop(self) -> None:
        await self._cleanup.aclose()

    @property
    def _started(self) -> ControlPlane:
        assert self._plane is not None, "it has been started"
        return self._plane
