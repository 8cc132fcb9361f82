"""Any sequence of changes, pod failures and restarts of the controllers ends where it should, and stays there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.core_v1.pod import Pod, PodCondition
from sampan.core.model.meta import evolve
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.pods import is_active, is_ready
from sampan.core.schema.codec import from_wire
from sampan.core.testing.fake_api import FakeApi
from sampan.plugins.controllers.apps.deployment.controller import DeploymentController
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController

SURGE, UNAVAILABLE = 1, 1


def deployment(replicas: int = 3, image: str = "i:1") -> Deployment:
    containers = [{"name": "c", "image": image}]
    rolling = {"maxSurge": SURGE, "maxUnavailable": UNAVAILABLE}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}},
    }
    return from_wire(Deployment, {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})


class World:
    """A Deployment and its ReplicaSets with their controllers, and a kubelet that does what it is told."""

    def __init__(self) -> None:
        self.api = FakeApi(deployment())
        self.engine = self._new_engine()

    def _new_engine(self) -> Engine:
        controllers = (DeploymentController(), ReplicaSetController())
        return Engine(controllers, lambda _name: self.api, clock=self.api.clock)

    async def restart(self) -> None:
        await self.engine.stop()
        self.engine = self._new_engine()
        await self.engine.start()

    async def settled(self) -> None:
        for _ in range(3):
            await self.api.delivered()
            await self.engine.settled()

    @property
    def owner(self) -> Deployment:
        return self.api.find(Deployment, "default", "web")

    @property
    def pods(self) -> Sequence[Pod]:
        return sorted((pod for pod in self.api.all(Pod) if is_active(pod)), key=lambda pod: pod.key)

    def change(self, **spec: object) -> None:
        owner = self.owner
        metadata = evolve(owner.metadata, generation=(owner.metadata.generation or 0) + 1)
        self.api.put(evolve(owner, metadata=metadata, spec=evolve(owner.spec, **spec)))

    def become_ready(self, number: int) -> None:
        waiting = [pod for pod in self.pods if not is_ready(pod)]
        if waiting:
            pod = waiting[number % len(waiting)]
            ready = PodCondition(type="Ready", status="True", last_transition_time=self.api.clock.now())
            self.api.put(evolve(pod, status=evolve(pod.status, phase="Running", conditions=(ready,))))

    def fail(self, number: int) -> None:
        if pods := self.pods:
            pod = pods[number % len(pods)]
            self.api.put(evolve(pod, status=evolve(pod.status, phase="Failed", conditions=())))

    async def do(self, what: str, number: int) -> None:
        match what:
            case "scale":
                self.change(replicas=number)
            case "image":
                self.change(template=deployment(image=f"i:{number}").spec.template)
            case "ready":
                self.become_ready(number)
            case "fail":
                self.fail(number)
            case "restart":
                await self.restart()
        await self.settled()


STEP = st.tuples(st.sampled_from(("scale", "image", "ready", "ready", "ready", "fail", "restart")), st.integers(0, 5))


@settings(max_examples=15)
@given(st.lists(STEP, max_size=12))
def test_a_deployment_comes_to_rest_where_it_should(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_story(steps))


async def _story(steps: list[tuple[str, int]]) -> None:
    world = World()
    await world.engine.start()
    try:
        await world.settled()
        for what, number in steps:
            before = len(world.pods)
            await world.do(what, number)
            wanted = world.owner.spec.replicas or 0
            assert len(world.pods) <= max(wanted + SURGE, before), "never more than maxSurge too many"
        for number in range(80):
            await world.do("ready", number)
        wanted = world.owner.spec.replicas or 0
        images = {pod.spec.containers[0].image for pod in world.pods}
        assert len(world.pods) == wanted
        assert images <= {container.image for container in world.owner.spec.template.spec.containers}
        sizes = [each.spec.replicas for each in world.api.all(ReplicaSet) if each.spec.replicas]
        assert sizes == ([wanted] if wanted else [])
        written = len(world.api.requests)
        await world.restart()
        await world.settled()
        assert world.api.requests[written:] == [], "nothing is done once all is as it should be"
    finally:
        await world.engine.stop()


UPDATES = st.lists(st.tuples(st.sampled_from(("ready", "ready", "image")), st.integers(0, 5)), max_size=15)


@settings(max_examples=15)
@given(UPDATES)
def test_an_update_never_misses_more_than_it_may(steps: list[tuple[str, int]]) -> None:
    """Of pods that were all ready, as long as none of them fails."""
    asyncio.run(_update(steps))


async def _update(steps: list[tuple[str, int]]) -> None:
    world = World()
    await world.engine.start()
    try:
        await world.settled()
        for number in range(6):
            await world.do("ready", number)
        for what, number in steps:
            await world.do(what, number)
            ready = sum(map(is_ready, world.pods))
            assert ready >= (world.owner.spec.replicas or 0) - UNAVAILABLE
            assert len(world.pods) <= (world.owner.spec.replicas or 0) + SURGE
    finally:
        await world.engine.stop()
