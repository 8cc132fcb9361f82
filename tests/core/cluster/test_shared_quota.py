"""Two API servers on one store, and a quota that both are asked to exceed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.cluster.control_plane import ControlPlane, new_context
from sampan.core.config import Config
from sampan.core.errors import Forbidden
from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.resource_quota import ResourceQuota
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.plugins import load_plugins
from sampan.core.reconcile.clock import RealClock
from sampan.core.schema.codec import from_wire
from sampan.core.store.contract import Store

pytestmark = pytest.mark.anyio

ROUNDS, LIMIT, REQUESTS = 100, 3, 8
QUOTA = {"metadata": {"name": "q", "namespace": "default"}, "spec": {"hard": {"count/configmaps": str(LIMIT)}}}


async def start(data_dir: Path, store: Store) -> ControlPlane:
    plugins, clock = load_plugins(), RealClock()
    config = Config(cluster="test", data_dir=data_dir, port=0)
    context = new_context(plugins, config, service_cidr="10.96.0.0/16", admin_token="t", clock=clock, shares_store=True)
    plane = ControlPlane(plugins, store, context, data_dir / "pki", clock)
    await plane.start()
    return plane


async def is_made(server: ApiServer, name: str) -> bool:
    try:
        await server.client().create(ConfigMap(metadata=ObjectMeta(name=name, namespace="default")))
    except Forbidden:
        return False
    return True


async def test_two_servers_never_exceed_a_quota_together(tmp_path: Path) -> None:
    store = load_plugins().registry.stores.find("memory").make("memory:")
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(store.close)
        servers: list[ApiServer] = []
        for name in ("first", "second"):
            plane = await start(tmp_path / name, store)
            cleanup.push_async_callback(plane.stop)
            servers.append(plane.api)

        client = servers[0].client()
        await client.create(from_wire(ResourceQuota, QUOTA))
        for number in range(ROUNDS):
            for each in servers:  # a list shows all that was stored before it
                assert not (await each.client().list(ConfigMap, "default")).items
            asked = (is_made(server, f"c{number}-{index}") for index, server in zip(range(REQUESTS), cycle(servers)))
            assert sum(await asyncio.gather(*asked)) == LIMIT
            for there in (await client.list(ConfigMap, "default")).items:
                await client.delete(ConfigMap, "default", there.metadata.name or "")
