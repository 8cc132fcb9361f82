"""DaemonSets: whatever becomes of nodes, pods, the template and the controller, every node ends with its one pod."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.apps_v1.daemon_set import DaemonSet
from sampan.core.model.core_v1.node import Node, Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.schema.codec import from_wire
from sampan.plugins.controllers.apps.daemon_set.controller import DaemonSetController
from sampan.plugins.controllers.apps.daemon_set.nodes import node_of
from tests.support.workloads import Workload

NODES = 3


def daemon_set(image: str = "i:1") -> DaemonSet:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {
        "selector": {"matchLabels": {"app": "web"}}, "template": template, "revisionHistoryLimit": 2,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    }  # fmt: skip
    return from_wire(DaemonSet, {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})


def node(number: int) -> Node:
    return from_wire(Node, {"metadata": {"name": f"n{number % NODES}"}})


class World(Workload):
    def __init__(self) -> None:
        super().__init__(lambda: (DaemonSetController(),), daemon_set(), *map(node, range(NODES)))

    def become_ready(self, number: int) -> None:
        """On the node that it was made for."""
        for pod in self.pods:
            if not pod.spec.node_name:
                self.api.put(evolve(pod, spec=evolve(pod.spec, node_name=node_of(pod))))
        super().become_ready(number)

    def nodes(self) -> dict[str, Node]:
        return {each.metadata.name or "": each for each in self.api.all(Node)}

    async def do(self, what: str, number: int) -> None:
        name = f"n{number % NODES}"
        match what:
            case "image":
                self.change(template=daemon_set(f"i:{number}").spec.template)
            case "node goes" if name in self.nodes():
                self.api.remove(Node, "", name)
            case "node comes" if name not in self.nodes():
                self.api.put(node(number))
            case "taint" if name in self.nodes():
                self.taint(name, Taint(key="k", effect="NoExecute" if number % 2 else "NoSchedule"))
            case "untaint" if name in self.nodes():
                self.taint(name)
        await super().do(what, number)

    def taint(self, name: str, *taints: Taint) -> None:
        there = self.nodes()[name]
        self.api.put(evolve(there, spec=evolve(there.spec, taints=taints)))

    def per_node(self) -> Counter[str]:
        return Counter(node_of(pod) for pod in self.pods)


WHAT = (
    "image",
    "ready",
    "ready",
    "ready",
    "gone",
    "gone",
    "fail",
    "node goes",
    "node comes",
    "taint",
    "untaint",
    "restart",
)
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 5)), max_size=14)


@settings(max_examples=15)
@given(STEPS)
def test_a_daemon_set_comes_to_rest_where_it_should(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_story(steps))


async def _story(steps: list[tuple[str, int]]) -> None:
    world = World()
    await world.engine.start()
    try:
        await world.settled()
        for what, number in steps:
            await world.do(what, number)
            assert max(world.per_node().values(), default=0) <= 1
        for number in range(NODES):
            await world.do("untaint", number)
        for number in range(20):
            for what in ("ready", "gone", "wait"):
                await world.do(what, number)
        (image,) = {each.image for each in world.owner.spec.template.spec.containers}
        here = {pod.metadata.name: pod for pod in world.pods if node_of(pod) in world.nodes()}
        assert Counter(map(node_of, here.values())) == Counter(world.nodes().keys())
        assert all(pod.spec.containers[0].image == image for pod in here.values())
        status = world.owner.status
        assert (status.desired_number_scheduled, status.number_ready) == (len(here), len(here))
        assert await world.is_at_rest(), "nothing is done once all is as it should be"
    finally:
        await world.engine.stop()


UPDATES = st.lists(st.tuples(st.sampled_from(("image", "ready", "gone")), st.integers(0, 5)), max_size=14)


@settings(max_examples=12)
@given(UPDATES)
def test_an_update_takes_no_more_than_one_pod_at_a_time(steps: list[tuple[str, int]]) -> None:
    """Of pods that were all ready, as long as none fails."""
    asyncio.run(_update(steps))


async def _update(steps: list[tuple[str, int]]) -> None:
    world = World()
    await world.engine.start()
    try:
        await world.settled()
        for number in range(NODES):
            await world.do("ready", number)
        for what, number in steps:
            await world.do(what, number)
            assert len(world.ready) >= NODES - 1
            assert len(world.api.all(Pod)) <= NODES
    finally:
        await world.engine.stop()
