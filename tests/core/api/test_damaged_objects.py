"""An object whose stored value is damaged: named, left out of lists, deleted, made anew; all others are served."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from sampan.core.client.protocol import Client
from sampan.core.cluster.identities import node_user
from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.errors import AlreadyExists, NotFound, StorageReadError
from sampan.core.model.core_v1.configuration import ConfigMap, ServiceAccount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.service import Service, ServicePort, ServiceSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.agent import NodeAgent
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.testing.control_plane import control_plane
from sampan.runtimes.simulated.runtime import SimulatedRuntime
from sampan.runtimes.simulated.world import World
from tests.support.wait import until

pytestmark = pytest.mark.anyio


async def test_the_containers_of_a_damaged_pod_run_on_until_it_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sampan.core.node.worker.ASK_AGAIN", 0.05)
    store, world = f"sqlite://{tmp_path}/store.db", World()

    @asynccontextmanager
    async def cluster() -> AsyncIterator[Client]:
        settings = RuntimeSettings(cluster="test", node="n1", state_dir=tmp_path / "n1")
        runtime = SimulatedRuntime(settings, world=world)
        async with control_plane(tmp_path, store=store) as plane:
            client = plane.api.client(node_user("n1"), "kubelet")
            node = NodeSettings(name="n1", cluster="test", data_dir=tmp_path / "n1")
            agent = NodeAgent(node, client, runtime, {}, directory=plane.nodes)
            await agent.start()
            try:
                yield plane.client
            finally:
                await agent.stop()
                runtime.close()

    def states() -> list[str]:
        return sorted(each.state(datetime.now(UTC)) for each in world.containers.values())

    spec = PodSpec(node_name="n1", containers=(Container(name="c", image="i"),), automount_service_account_token=False)
    async with cluster() as client:
        await client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
        for name in ("good", "bad"):
            await client.create(Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec))
        await until(lambda: states() == ["running", "running"])
        await client.delete(Pod, "default", "good")
        await until(lambda: states() == ["running"])
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/pods/default/bad'", (b"{",))
    async with cluster() as client:
        await until(lambda: "pod default/bad is left as it is" in caplog.text)
        assert states() == ["running"]
        await client.delete(Pod, "default", "bad")
        await until(lambda: states() == [])


async def test_one_damaged_value_takes_nothing_else_with_it(tmp_path: Path) -> None:
    store = f"sqlite://{tmp_path}/store.db"
    good, bad = (ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data={"a": "1"}) for name in ("g", "b"))
    service = Service(
        metadata=ObjectMeta(name="s", namespace="default"), spec=ServiceSpec(ports=(ServicePort(port=80),))
    )
    async with control_plane(tmp_path, store=store) as plane:
        for obj in (good, bad, service):
            await plane.client.create(obj)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/default/b'", (b"\x00not json",))
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/services/%/default/s'", (b"",))
        connection.execute("UPDATE versions SET value = ? WHERE key LIKE '%/services/default/s'", (b"",))

    async with control_plane(tmp_path, store=store, controllers=True) as plane:
        client = plane.client
        with pytest.raises(StorageReadError, match='configmaps "b" cannot be read'):
            await client.get(ConfigMap, "default", "b")
        assert "b" not in {each.metadata.name for each in (await client.list(ConfigMap, "default")).items}
        trust = ssl.create_default_context(cadata=plane.access.ca_pem)
        token = {"Authorization": f"Bearer {plane.access.token}"}
        async with httpx.AsyncClient(base_url=plane.access.server, verify=trust, headers=token) as http:
            listed = await http.get("/api/v1/namespaces/default/configmaps")
            assert "configmaps default/b is left out" in listed.headers["warning"]
            read = await http.get("/api/v1/namespaces/default/services/s")
            assert (read.status_code, read.json()["reason"]) == (500, "StorageReadError")
        with pytest.raises(AlreadyExists):
            await client.create(bad)
        await client.delete(ConfigMap, "default", "b")
        with pytest.raises(NotFound):
            await client.get(ConfigMap, "default", "b")
        assert (await client.create(bad)).data == {"a": "1"}
