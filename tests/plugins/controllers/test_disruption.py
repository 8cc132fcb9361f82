"""PodDisruptionBudgets: how many pods may go at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.contracts.controller import Controller
from sampan.core.contracts.plan import Emit, Plan, Update
from sampan.core.model.apps_v1.daemon_set import DaemonSet
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.policy_v1.pod_disruption_budget import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from sampan.core.reconcile.engine import Engine
from sampan.core.schema.codec import from_wire
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from sampan.plugins.controllers.ownership import controller_reference
from sampan.plugins.controllers.policy.disruption import DisruptionController, decide
from sampan.plugins.controllers.policy.stale_disruption import StaleDisruptionController

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def budget(status: PodDisruptionBudgetStatus | None = None, **spec: Any) -> PodDisruptionBudget:
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="web", namespace="default", generation=1),
        spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "web"}), **spec),
        status=status or PodDisruptionBudgetStatus(),
    )


def pod(name: str, *, ready: bool = True, **meta: Any) -> Pod:
    conditions = (PodCondition(type="Ready", status=str(ready)),)
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", labels={"app": "web"}, **meta),
        spec=PodSpec(containers=(Container(name="c", image="i"),)),
        status=PodStatus(phase="Running", conditions=conditions),
    )


def status_of(plan: Plan) -> PodDisruptionBudgetStatus:
    (update,) = (action for action in plan.actions if not isinstance(action, Emit))
    assert isinstance(update, Update)
    assert isinstance(update.obj, PodDisruptionBudget)
    return update.obj.status


FOUR = (pod("a"), pod("b"), pod("c"), pod("d", ready=False))


@pytest.mark.parametrize(
    ("spec", "wanted", "allowed", "desired"),
    [
        ({"min_available": 2}, 4, 1, 2),
        ({"min_available": 5}, 4, 0, 5),
        ({"min_available": "50%"}, 4, 1, 2),
        ({"min_available": "30%"}, 4, 1, 2),
        ({"max_unavailable": 1}, 4, 0, 3),
        ({"max_unavailable": 2}, 4, 1, 2),
        ({"max_unavailable": "25%"}, 8, 0, 6),
    ],
)
def test_how_many_may_go(spec: dict[str, Any], wanted: int, allowed: int, desired: int) -> None:
    status = status_of(decide(budget(**spec), FOUR, wanted, NOW))
    assert (status.disruptions_allowed, status.desired_healthy, status.current_healthy) == (allowed, desired, 3)
    assert status.conditions[0].reason == ("SufficientPods" if allowed else "InsufficientPods")


def test_an_eviction_that_was_allowed_counts_until_the_pod_goes_or_for_two_minutes() -> None:
    before = PodDisruptionBudgetStatus(disrupted_pods={"a": NOW - timedelta(seconds=90), "gone": NOW})
    plan = decide(budget(before, min_available=1), FOUR, 4, NOW)
    assert (status_of(plan).current_healthy, set(status_of(plan).disrupted_pods)) == (2, {"a"})
    assert plan.requeue_after == 30
    assert status_of(decide(budget(before, min_available=1), FOUR, 4, NOW + timedelta(minutes=1))).current_healthy == 3


def test_a_pod_that_is_going_is_not_healthy_and_nothing_new_is_not_written() -> None:
    going = pod("a", deletion_timestamp=NOW)
    status = status_of(decide(budget(min_available=1), (going, pod("b")), 2, NOW))
    assert (status.current_healthy, status.expected_pods, status.disruptions_allowed) == (1, 2, 0)
    assert decide(budget(status, min_available=1), (going, pod("b")), 2, NOW) == Plan()


def owner(kind: type[KubeObject], name: str, **more: Any) -> KubeObject:
    return from_wire(kind, {"metadata": {"name": name, "namespace": "default", "uid": name}, **more})


def owned(name: str, by: KubeObject) -> Pod:
    return pod(name, owner_references=(controller_reference(by),))


class World:
    """The controller over a fake API with one budget of at most one missing pod."""

    def __init__(self, *objects: KubeObject, **spec: Any) -> None:
        self.clock = FakeClock(NOW)
        self.api = FakeApi(budget(**(spec or {"max_unavailable": 1})), *objects, clock=self.clock)
        kinds = (Deployment, ReplicaSet, StatefulSet, DaemonSet)
        controllers: list[Controller] = [DisruptionController(kinds), StaleDisruptionController()]
        self.engine = Engine(controllers, lambda _name: self.api, clock=self.clock)

    async def __aenter__(self) -> World:
        await self.engine.start()
        await self.engine.settled()
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.engine.stop()

    @property
    def status(self) -> PodDisruptionBudgetStatus:
        return self.api.find(PodDisruptionBudget, "default", "web").status

    @property
    def events(self) -> set[tuple[str, str]]:
        return {(event.reason or "", event.type or "") for event in self.api.all(Event)}


@pytest.mark.anyio
async def test_a_deployments_size_counts_not_that_of_its_replica_set() -> None:
    web = owner(Deployment, "web", spec={"replicas": 5, "template": {"metadata": {}}, "selector": {}})
    old = owner(ReplicaSet, "old", spec={"replicas": 1, "selector": {}, "template": {"metadata": {}}})
    old = evolve(old, metadata=evolve(old.metadata, owner_references=(controller_reference(web),)))
    async with World(web, old, owned("a", old), owned("b", old)) as world:
        assert (world.status.expected_pods, world.status.desired_healthy) == (5, 4)


@pytest.mark.anyio
async def test_a_pod_of_nobody_counts_for_nobody_and_is_told() -> None:
    async with World(pod("a")) as world:
        assert (world.status.expected_pods, world.status.disruptions_allowed) == (0, 0)
        assert world.events == {("UnmanagedPods", "Warning")}


@pytest.mark.anyio
async def test_a_controller_without_a_scale_lets_nothing_go_and_says_why() -> None:
    agent = owner(DaemonSet, "agent", spec={"template": {"metadata": {}}, "selector": {}})
    async with World(agent, owned("a", agent)) as world:
        (condition,) = world.status.conditions
        assert (condition.status, condition.reason) == ("False", "SyncFailed")
        assert condition.message == "daemonsets.apps does not implement the scale subresource"
        assert world.events == {("CalculateExpectedPodCountFailed", "Warning")}


@pytest.mark.anyio
async def test_a_controller_of_no_known_kind_is_named() -> None:
    reference = OwnerReference(api_version="example.com/v1", kind="Boat", name="b", uid="u", controller=True)
    async with World(pod("a", owner_references=(reference,))) as world:
        assert world.status.conditions[0].message == 'no matches for kind "Boat" in version "example.com/v1"'


@pytest.mark.anyio
async def test_a_budget_without_pods_says_so() -> None:
    async with World(min_available=1) as world:
        assert world.events == {("NoPods", "Normal")}


@pytest.mark.anyio
async def test_the_word_of_a_disruption_that_does_not_come_is_taken_back_after_two_minutes() -> None:
    told = PodCondition(
        type="DisruptionTarget", status="True", reason="EvictionByEvictionAPI", last_transition_time=NOW
    )
    by_node = evolve(told, reason="TerminationByKubelet")
    waiting, ending = pod("a"), pod("b")
    waiting = evolve(waiting, status=evolve(waiting.status, conditions=(*waiting.status.conditions, told)))
    ending = evolve(ending, status=evolve(ending.status, conditions=(*ending.status.conditions, by_node)))
    async with World(waiting, ending) as world:

        def said(name: str) -> str:
            found = world.api.find(Pod, "default", name).status.conditions
            return next(each.status for each in found if each.type == "DisruptionTarget")

        assert said("a") == "True"
        world.clock.advance(121)
        await world.engine.settled()
        assert (said("a"), said("b")) == ("False", "True")
