"""A control plane for tests: the real API server over an in-memory store, with or without controllers, gone after the test.

>>> async with control_plane(tmp_path) as plane:
...     await plane.client.create(Namespace(metadata=ObjectMeta(name="a")))

No node: pods stay Pending unless a test plays the kubelet, or adds one (`sampan.core.node.agent.NodeAgent`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs

from sampan.core.api.local import LocalClient
from sampan.core.api.server import ApiServer, server_files
from sampan.core.client.http import HttpClient
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.kubeconfig import Access
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.scheduling import SchedulingController

TOKEN = "test-administrator"  # known to the test alone


@attrs.frozen(kw_only=True)
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
    def client(self) -> LocalClient:
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
    store: str = "memory:",
    controllers: bool = False,
    clock: Clock | None = None,
) -> AsyncIterator[ControlPlane]:
    """Start it on a free port of 127.0.0.1. ``controllers`` runs all that the plugins bring, and the scheduler."""
    plugins = plugins or load_plugins()
    clock = clock or RealClock()
    context = ClusterContext(
        config=Config(data_dir=data_dir, port=0),
        service_cidr="10.96.0.0/16",
        admin_token=TOKEN,
        clock=clock.now,
        metrics=plugins.metrics,
        kinds=tuple(plugins.registry.kinds),
    )
    files = server_files(context, data_dir / "pki")
    context = attrs.evolve(context, ca_pem=files.ca_pem)
    opened = plugins.registry.stores.find(store.partition(":")[0]).make(store)
    nodes = NodeDirectory()
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(opened.close)
        api = ApiServer(plugins.registry, opened, context, nodes)
        cleanup.push_async_callback(api.stop)
        await api.start(files)
        engine = await _start_engine(api, plugins, context, clock, cleanup) if controllers else None
        access = Access(name="test", server=api.url, ca_pem=files.ca_pem, token=TOKEN)
        yield ControlPlane(api=api, access=access, plugins=plugins, nodes=nodes, engine=engine, cleanup=cleanup)


async def _start_engine(
    api: ApiServer, plugins: Plugins, context: ClusterContext, clock: Clock, cleanup: AsyncExitStack
) -> Engine:
    registry = plugins.registry
    concerns = [part.make() for part in registry.scheduler_plugins]
    schedulers = {part.name: part.make(concerns) for part in registry.schedulers}
    made = [*(part.make(context) for part in registry.controllers), SchedulingController(schedulers)]
    engine = Engine(made, lambda name: api.client().for_agent(name), clock=clock, plugins=plugins)
    cleanup.push_async_callback(engine.stop)
    await engine.start()
    return engine
