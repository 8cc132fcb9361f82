"""Two control planes on one store: the second stands by, and goes on where the first one ends."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sampan.core.cluster.control_plane import ControlPlane, new_context
from sampan.core.config import Config
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.plugins import load_plugins
from sampan.core.reconcile.clock import RealClock
from sampan.core.schema.codec import from_wire
from sampan.core.store.contract import Store
from sampan.core.testing.wait import soon

pytestmark = pytest.mark.anyio

POD = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SPEC = {"selector": {"matchLabels": {"app": "web"}}, "template": POD}


async def start(data_dir: Path, store: Store) -> ControlPlane:
    plugins, clock = load_plugins(), RealClock()
    config = Config(cluster="test", data_dir=data_dir, port=0)
    context = new_context(plugins, config, service_cidr="10.96.0.0/16", admin_token="t", clock=clock)
    plane = ControlPlane(plugins, store, context, data_dir / "pki", clock)
    await plane.start()
    await plane.run_controllers(elected=True)
    return plane


async def test_the_second_goes_on_where_the_first_one_ends(tmp_path: Path) -> None:
    store = load_plugins().registry.stores.find("memory").make("memory:")
    async with AsyncExitStack() as cleanup:
        cleanup.push_async_callback(store.close)
        first = await start(tmp_path / "first", store)
        cleanup.push_async_callback(first.stop)

        async def holder() -> str:
            lease = await first.api.client().get(Lease, "kube-system", "kube-controller-manager")
            return lease.spec.holder_identity or ""

        before = await soon(holder)
        second = await start(tmp_path / "second", store)
        cleanup.push_async_callback(second.stop)
        await first.stop()
        client = second.api.client()
        await client.create(from_wire(Deployment, {"metadata": {"name": "web", "namespace": "default"}, "spec": SPEC}))

        async def made() -> bool:
            return len((await client.list(ReplicaSet, "default")).items) == 1

        await soon(made)
        lease = await client.get(Lease, "kube-system", "kube-controller-manager")
        assert lease.spec.holder_identity not in ("", before)
        assert lease.spec.lease_transitions == 1
