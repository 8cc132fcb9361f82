"""Suites for decisions: schedulers, filters, scores, controllers. Subclass one, say how yours is made; pytest runs it.

>>> class TestMine(SchedulerContract):
...     def make(self) -> Scheduler:
...         return Mine([])
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sampan.core.contracts.controller import Controller, Key
from sampan.core.contracts.plan import Emit, Plan
from sampan.core.contracts.scheduler import NodeState, Placed, Refusal, Scheduler, Unschedulable, Wait
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.deciding import plan_of
from sampan.core.reconcile.engine import Engine
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire
from sampan.core.testing.fake_api import FakeApi


def pod(name: str = "web", **spec: object) -> Pod:
    containers = [{"name": "c", "image": "nginx:1.29"}]
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return from_wire(Pod, {"metadata": metadata, "spec": {"containers": containers, **spec}})


def node(name: str, pods: str = "110") -> Node:
    status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": pods}}
    return from_wire(Node, {"metadata": {"name": name}, "status": status})


class SchedulerContract:
    """A decision is about nodes that there are, says why where there is none, and depends on nothing else."""

    def make(self) -> Scheduler:
        raise NotImplementedError("give this suite a scheduler")

    def place(self, *nodes: NodeState) -> Placed | Unschedulable | Wait:
        verdict = self.make().place(pod(), Snapshot.of(*nodes))
        assert isinstance(verdict, Placed | Unschedulable | Wait)
        return verdict

    def test_it_has_a_name(self) -> None:
        assert self.make().name

    def test_without_nodes_there_is_no_place(self) -> None:
        verdict = self.place()
        assert isinstance(verdict, Unschedulable | Wait)
        assert verdict.message

    def test_the_place_is_one_of_the_nodes(self) -> None:
        verdict = self.place(*(NodeState(node=node(name)) for name in "abc"))
        assert not isinstance(verdict, Placed) or verdict.node in "abc"

    def test_the_same_question_has_the_same_answer(self) -> None:
        nodes = [NodeState(node=node(name)) for name in "abc"]
        assert self.place(*nodes) == self.place(*nodes)

    def test_nothing_that_it_is_shown_is_changed(self) -> None:
        shown = NodeState(node=node("a"), pods=(pod("other", nodeName="a"),))
        before = (shown.node, shown.pods)
        self.place(shown)
        assert (shown.node, shown.pods) == before


class SchedulerPluginContract:
    """A filter or score judges each node that it is shown, in numbers, the same way each time, and changes nothing."""

    def make(self) -> SchedulerPlugin:
        raise NotImplementedError("give this suite a filter or score")

    def pod(self) -> Pod:
        """One about which it has something to say."""
        return pod()

    def nodes(self) -> Sequence[Node]:
        """Such as it tells apart."""
        return [node(name) for name in "abc"]

    def judged(self) -> tuple[dict[str, Refusal], list[float]]:
        """Who is refused, and the points of the others in order, as the built-in scheduler finds them."""
        plugin, shown = self.make(), [NodeState(node=each) for each in self.nodes()]
        state = Snapshot.of(*shown)
        found = {each.name: plugin.filter(self.pod(), each, state) for each in shown}
        refused = {name: refusal for name, refusal in found.items() if refusal is not None}
        left = [each for each in shown if each.name not in refused]
        refused |= plugin.filter_all(self.pod(), left, state)
        left = [each for each in left if each.name not in refused]
        points = plugin.normalize(self.pod(), plugin.score_all(self.pod(), left, state))
        assert len(points) == len(left)
        return refused, list(points)

    def test_it_has_a_name_and_a_weight(self) -> None:
        made = self.make()
        assert made.name
        assert made.weight >= 0

    def test_refusals_are_of_nodes_that_there_are_and_say_why(self) -> None:
        refused, _ = self.judged()
        assert set(refused) <= {each.metadata.name for each in self.nodes()}
        assert all(isinstance(each, Refusal) and all(each.reasons) for each in refused.values())

    def test_points_are_from_0_to_100(self) -> None:
        _, points = self.judged()
        assert all(0 <= each <= 100 for each in points)

    def test_the_same_question_has_the_same_answer(self) -> None:
        assert self.judged() == self.judged()

    def test_without_nodes_there_is_nothing_to_judge(self) -> None:
        plugin, state = self.make(), Snapshot.of()
        assert not plugin.filter_all(self.pod(), (), state)
        assert not plugin.normalize(self.pod(), plugin.score_all(self.pod(), (), state))

    def test_the_last_word_is_a_reason_or_none(self) -> None:
        plugin, shown = self.make(), NodeState(node=self.nodes()[0])
        assert isinstance(plugin.reserve(self.pod(), shown), str | None)
        assert plugin.permit(self.pod(), shown) >= 0


class ControllerContract:
    """Decisions come to rest: once they are carried out, a second look plans nothing but events, if anything."""

    def make(self) -> Controller:
        raise NotImplementedError("give this suite a controller")

    def stories(self) -> Sequence[Sequence[KubeObject]]:
        """Objects to begin with, one list for each story."""
        return ((),)

    def test_it_has_a_name_and_follows_something(self) -> None:
        made = self.make()
        assert made.name
        assert made.watches

    def test_a_key_of_nothing_is_no_error(self) -> None:
        async def story() -> None:
            async with _World(self.make()) as world:
                await world.look(Key("nowhere", "nothing"))

        asyncio.run(story())

    def test_a_second_look_plans_nothing(self) -> None:
        for objects in self.stories():
            asyncio.run(self._second_look(objects))

    async def _second_look(self, objects: Sequence[KubeObject]) -> None:
        async with _World(self.make(), *objects) as world:
            await world.engine.settled()
            for obj in objects:
                plan = await world.look(Key(*obj.key))
                assert [action for action in plan.actions if not isinstance(action, Emit)] == []


class _World:
    """One controller over some objects."""

    def __init__(self, controller: Controller, *objects: KubeObject) -> None:
        self.api = FakeApi(*objects)
        self.controller = controller
        self.engine = Engine([controller], lambda _name: self.api, clock=self.api.clock)

    async def __aenter__(self) -> _World:
        await self.engine.start()
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.engine.stop()

    async def look(self, key: Key) -> Plan:
        decided = self.controller.reconcile(key, self.engine.lister, self.api.clock.now())
        return await plan_of(decided, self.api)
