"""A pod keeps its room on a node, and is bound once its claims are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sampan.core.contracts.provisioner import BIND_COMPLETED, SELECTED_NODE
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.reconcile.engine import Engine
from sampan.core.scheduling.controller import SchedulingController
from sampan.core.schema.codec import from_wire
from sampan.core.testing.fake_api import FakeApi
from sampan.plugins.schedulers.default import DefaultScheduler
from sampan.plugins.schedulers.resources import NodeResourcesFit
from sampan.plugins.schedulers.volumes import VolumeBinding
from tests.plugins.schedulers.cases import node, pod

pytestmark = pytest.mark.anyio

LATER = from_wire(
    StorageClass, {"metadata": {"name": "later"}, "provisioner": "x/y", "volumeBindingMode": "WaitForFirstConsumer"}
)
VOLUME = from_wire(
    PersistentVolume,
    {
        "metadata": {"name": "v"},
        "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": "later"},
    },
)
CLAIM = from_wire(
    PersistentVolumeClaim,
    {
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "storageClassName": "later",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": "Pending"},
    },
)
DATA = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]


class World:
    """The scheduler alone, over one node with room for one pod."""

    def __init__(self) -> None:
        self.api = FakeApi(node("a", cpu="1"), LATER, VOLUME, CLAIM, pod("first", cpu="1", volumes=DATA))
        scheduler = DefaultScheduler([VolumeBinding(), NodeResourcesFit()])
        controller = SchedulingController({"default-scheduler": scheduler}, monotonic=self.api.clock.monotonic)
        self.engine = Engine([controller], lambda _name: self.api, clock=self.api.clock)

    async def settled(self) -> None:
        await self.api.delivered()
        await self.engine.settled()

    def node_of(self, name: str) -> str | None:
        return self.api.find(Pod, "default", name).spec.node_name

    def change_claim(self, annotations: dict[str, str], **spec: Any) -> None:
        claim = self.claim
        metadata = evolve(claim.metadata, annotations=annotations)
        self.api.put(evolve(claim, metadata=metadata, spec=evolve(claim.spec, **spec)))

    @property
    def claim(self) -> PersistentVolumeClaim:
        return self.api.find(PersistentVolumeClaim, "default", "data")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.engine.start()
    await made.settled()
    yield made
    await made.engine.stop()


async def test_a_pod_is_bound_after_its_claim(world: World) -> None:
    assert world.claim.metadata.annotations == {SELECTED_NODE: "a"}
    assert world.node_of("first") is None
    world.change_claim({SELECTED_NODE: "a", BIND_COMPLETED: "yes"}, volume_name="v")
    await world.settled()
    assert world.node_of("first") == "a"


async def test_nobody_else_gets_its_room_meanwhile(world: World) -> None:
    world.api.put(pod("second", cpu="1"))
    await world.settled()
    assert world.node_of("second") is None


async def test_a_node_that_cannot_have_the_volume_is_given_back(world: World) -> None:
    world.change_claim({})
    await world.settled()
    assert world.claim.metadata.annotations == {SELECTED_NODE: "a"}, "it was decided anew"
    assert world.node_of("first") is None


async def test_the_room_of_a_pod_that_goes_while_it_is_held_is_free(world: World) -> None:
    world.api.remove(Pod, "default", "first")
    world.api.put(pod("second", cpu="1"))
    await world.settled()
    assert world.node_of("second") == "a"


async def test_a_node_that_goes_meanwhile_is_not_bound_to(world: World) -> None:
    world.api.remove(Node, "", "a")
    await world.settled()
    world.change_claim({SELECTED_NODE: "a", BIND_COMPLETED: "yes"}, volume_name="v")
    await world.settled()
    assert world.node_of("first") is None
