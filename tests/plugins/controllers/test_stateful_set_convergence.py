"""StatefulSets: any sequence of changes, pod failures and restarts of the controller ends with the right ordinals."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire
from sampan.plugins.controllers.apps.stateful_set.controller import StatefulSetController
from tests.support.workloads import Workload


def stateful_set(image: str = "i:1", policy: str = "OrderedReady") -> StatefulSet:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {
        "replicas": 3, "serviceName": "web", "podManagementPolicy": policy, "revisionHistoryLimit": 2,
        "selector": {"matchLabels": {"app": "web"}}, "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    }  # fmt: skip
    return from_wire(StatefulSet, {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})


class World(Workload):
    def __init__(self, policy: str) -> None:
        super().__init__(lambda: (StatefulSetController(),), stateful_set(policy=policy))

    async def do(self, what: str, number: int) -> None:
        match what:
            case "scale":
                self.change(replicas=number)
            case "image":
                self.change(template=stateful_set(f"i:{number}").spec.template)
        await super().do(what, number)

    def ordinals(self) -> list[int]:
        return sorted(int((pod.metadata.name or "").rpartition("-")[2]) for pod in self.api.all(Pod))

    def leaving(self) -> int:
        return sum(pod.metadata.deletion_timestamp is not None for pod in self.api.all(Pod))


WHAT = ("scale", "image", "ready", "ready", "ready", "ready", "gone", "gone", "fail", "restart")
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 4)), max_size=14)


@settings(max_examples=12)
@given(STEPS, st.sampled_from(("OrderedReady", "Parallel")))
def test_a_stateful_set_comes_to_rest_where_it_should(steps: list[tuple[str, int]], policy: str) -> None:
    asyncio.run(_story(steps, policy))


async def _story(steps: list[tuple[str, int]], policy: str) -> None:
    world = World(policy)
    await world.engine.start()
    try:
        await world.settled()
        for what, number in steps:
            before = len(world.ordinals())
            await world.do(what, number)
            assert len(world.ordinals()) <= max(world.owner.spec.replicas, before), "never one too many"
        for number in range(25):
            for what in ("ready", "gone"):
                await world.do(what, number)
        wanted, status = world.owner.spec.replicas, world.owner.status
        assert world.ordinals() == list(range(wanted))
        (image,) = {each.image for each in world.owner.spec.template.spec.containers}
        assert all(pod.spec.containers[0].image == image for pod in world.pods)
        assert (status.replicas, status.ready_replicas, status.current_revision) == (
            wanted,
            wanted,
            status.update_revision,
        )
        assert await world.is_at_rest(), "nothing is done once all is as it should be"
    finally:
        await world.engine.stop()


ORDERLY = st.lists(
    st.tuples(st.sampled_from(("ready", "ready", "gone", "image", "scale")), st.integers(1, 4)), max_size=14
)


@settings(max_examples=12)
@given(ORDERLY)
def test_in_order_one_goes_at_a_time_and_each_waits_for_those_before_it(steps: list[tuple[str, int]]) -> None:
    """As long as none fails."""
    asyncio.run(_orderly(steps))


async def _orderly(steps: list[tuple[str, int]]) -> None:
    world = World("OrderedReady")
    await world.engine.start()
    try:
        await world.settled()
        assert world.ordinals() == [0]
        for what, number in steps:
            await world.do(what, number)
            assert world.leaving() <= 1
            there = world.ordinals()
            assert len(world.pods) - len(world.ready) <= 1, "the next one waits until this one is ready"
            assert there == list(range(len(there))) or world.leaving() == 0
    finally:
        await world.engine.stop()
