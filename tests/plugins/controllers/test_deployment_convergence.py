"""Deployments: any sequence of changes, pod failures and restarts of controllers ends where it should, and stays there."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.schema.codec import from_wire
from sampan.plugins.controllers.apps.deployment.controller import DeploymentController
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController
from tests.support.workloads import Workload

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


class World(Workload):
    """A Deployment and its ReplicaSets with their controllers."""

    def __init__(self) -> None:
        super().__init__(lambda: (DeploymentController(), ReplicaSetController()), deployment())

    async def do(self, what: str, number: int) -> None:
        match what:
            case "scale":
                self.change(replicas=number)
            case "image":
                self.change(template=deployment(image=f"i:{number}").spec.template)
        await super().do(what, number)


STEP = st.tuples(
    st.sampled_from(("scale", "image", "ready", "ready", "ready", "fail", "gone", "restart")), st.integers(0, 5)
)


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
            await world.do("gone", number)
        wanted = world.owner.spec.replicas or 0
        images = {pod.spec.containers[0].image for pod in world.pods}
        assert len(world.pods) == wanted
        assert images <= {container.image for container in world.owner.spec.template.spec.containers}
        sizes = [each.spec.replicas for each in world.api.all(ReplicaSet) if each.spec.replicas]
        assert sizes == ([wanted] if wanted else [])
        assert await world.is_at_rest(), "nothing is done once all is as it should be"
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
            assert len(world.ready) >= (world.owner.spec.replicas or 0) - UNAVAILABLE
            assert len(world.pods) <= (world.owner.spec.replicas or 0) + SURGE
    finally:
        await world.engine.stop()
