"""The same components over both transports: in-process, and over HTTPS as from another host. Two nodes in one cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sampan.core.client.protocol import Client
from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.core_v1.configuration import ServiceAccount
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.agent import NodeAgent
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.reconcile.engine import Engine
from sampan.core.schema.codec import from_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController
from sampan.runtimes.simulated.runtime import make_simulated

pytestmark = pytest.mark.anyio

ClientOf = Callable[[ControlPlane], Client]
TRANSPORTS: dict[str, ClientOf] = {
    "in-process": lambda plane: plane.client,
    "https": lambda plane: plane.http_client(),
}


@pytest.fixture(params=list(TRANSPORTS))
def client_of(request: pytest.FixtureRequest) -> ClientOf:
    return TRANSPORTS[request.param]


@asynccontextmanager
async def simulated_node(plane: ControlPlane, client: Client, name: str, folder: Path) -> AsyncIterator[NodeAgent]:
    """A node agent with simulated pods, talking to the API through ``client``."""
    runtime = make_simulated(RuntimeSettings(cluster="test", node=name, state_dir=folder / name))
    runtime.start()
    settings = NodeSettings(name=name, cluster="test", data_dir=folder / name)
    agent = NodeAgent(settings, client, runtime, {}, directory=plane.nodes)
    await agent.start()
    try:
        yield agent
    finally:
        await agent.stop()
        await asyncio.to_thread(runtime.close)


def replica_set(replicas: int) -> ReplicaSet:
    spec = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    return from_wire(
        ReplicaSet,
        {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec},
            },
        },
    )


async def running(client: Client, count: int) -> list[Pod]:
    """Wait until so many pods run."""
    listing = await client.list(Pod, "default")
    pods = {pod.key: pod for pod in listing.items}
    async with client.watch(Pod, "default", resource_version=listing.resource_version) as events:
        while len(found := [pod for pod in pods.values() if pod.status.phase == "Running"]) < count:
            event = await asyncio.wait_for(anext(aiter(events)), 20)
            if event.type != "BOOKMARK":
                pods[event.obj.key] = event.obj
    return found


async def test_a_node_agent_and_a_controller_run_over_either_transport(client_of: ClientOf, tmp_path: Path) -> None:
    async with control_plane(tmp_path, controllers=True) as plane:
        client = client_of(plane)
        async with simulated_node(plane, client, "a", tmp_path):
            await plane.client.create(replica_set(3))
            pods = await running(client, 3)
            assert {pod.spec.node_name for pod in pods} == {"a"}
            assert all(pod.status.pod_ip for pod in pods)


async def test_a_single_controller_runs_over_https(tmp_path: Path) -> None:
    async with control_plane(tmp_path) as plane:
        http = plane.http_client()
        await plane.client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
        engine = Engine([ReplicaSetController()], lambda _name: http)
        await engine.start()
        try:
            await plane.client.create(replica_set(2))
            await seen(http, 2)
            await engine.settled()
            listing = await plane.client.list(Pod, "default")
            assert [pod.metadata.owner_references[0].name for pod in listing.items] == ["web", "web"]
        finally:
            await engine.stop()


async def seen(client: Client, count: int) -> None:
    """Wait until so many pods have been made."""
    made = 0
    async with client.watch(Pod, "default", resource_version="0") as events:
        while made < count:
            event = await asyncio.wait_for(anext(aiter(events)), 20)
            made += event.type == "ADDED"


async def test_two_nodes_share_the_replicas_of_one_workload(tmp_path: Path) -> None:
    async with control_plane(tmp_path, controllers=True) as plane:
        client = plane.client
        async with simulated_node(plane, client, "a", tmp_path), simulated_node(plane, client, "b", tmp_path):
            await client.create(replica_set(6))
            pods = await running(client, 6)
            on = [pod.spec.node_name for pod in pods]
            assert (on.count("a"), on.count("b")) == (3, 3)
            addresses = {pod.status.pod_ip for pod in pods}
            assert len(addresses) == 6
