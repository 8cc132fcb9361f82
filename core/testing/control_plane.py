"""A control plane for tests: the one of `sampan up` over an in-memory store, with or without controllers, gone afterwards.

>>> async with control_plane(tmp_path) as plane:
...     await plane.client.create(Namespace(metadata=ObjectMeta(name="a")))

No node: pods stay Pending unless a test plays the kubelet, or adds one (`sampan.core.node.agent.NodeAgent`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sampan.core.api.server import ApiServer
from sampan.core.classes import frozen
from sampan.core.client.http import HttpClient
from sampan.core.client.protocol import Client
from sampan.core.cluster import control_plane as composition
from sampan.core.config import Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.kubeconfig import Access
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.engine import Engine
from sampan.core.store.contract import Store

TOKEN = "test-administrator"  # known to the test alone
SERVICE_CIDR = "10.96.0.0/16"


@frozen(kw_only=True)
class ControlPlane:
    """What a test gets."""

    api: ApiServer
    access: Access
    """For HTTPS: kubeconfig files, `HttpClient`, kubectl."""
    plugins: Plugins
    nodes: NodeDirectory
    engine: Engine | None
    cleanup: AsyncExitStack

    @property
    def client(self) -> Client:
        """In-process, as the administrator."""
        return self.api.client()

    def http_client(self) -> HttpClient:
        """Over HTTPS, closed with the control plane."""
        client = HttpClient(self.access)
        self.cleanup.push_async_callback(client.close)
        return client


@asynccontextmanager
async def control_plane(
    data_dir: Path,
    *,
    plugins: Plugins | None = None,
    store: str | Store = "memory:",
    controllers: bool = False,
    clock: Clock | None = None,
    service_cidr: str = SERVICE_CIDR,
) -> AsyncIterator[ControlPlane]:
    """Start it on a free port of 127.0.0.1. ``controllers`` runs all that the plugins bring, and the scheduler.

    ``store`` is a URL, or an open store, which is closed with the control plane.
    """
    plugins = plugins or load_plugins()
    clock = clock or RealClock()
    config = Config(cluster="test", data_dir=data_dir, port=0)
    context = composition.new_context(plugins, config, service_cidr=service_cidr, admin_token=TOKEN, clock=clock)
    opened = plugins.registry.stores.find(store.partition(":")[0]).make(store) if isinstance(store, str) else store
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(opened.close)
        cleanup.callback(plugins.close)
        plane = composition.ControlPlane(plugins, opened, context, data_dir / "pki", clock)
        cleanup.push_async_callback(plane.stop)
        await plane.start()
        engine = await plane.run_controllers() if controllers else None
        yield ControlPlane(
            api=plane.api, access=plane.access, plugins=plugins, nodes=plane.nodes, engine=engine, cleanup=cleanup
        )
