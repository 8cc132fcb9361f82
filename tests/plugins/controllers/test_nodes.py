"""Nodes that fall silent, and the pods on nodes that are lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.contracts.controller import Controller, Key
from sampan.core.contracts.plan import Delete, Emit, ExpectGone, Patch, Plan, Update
from sampan.core.model.builtin import Lease, Node, Pod
from sampan.core.model.coordination_v1.lease import LeaseSpec
from sampan.core.model.core_v1.affinity import Toleration
from sampan.core.model.core_v1.node import NodeCondition, NodeSpec, NodeStatus, Taint
from sampan.core.model.core_v1.pod import PodCondition, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import MicroTime, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.state import State
from sampan.plugins.controllers.core.nodes.lifecycle import NodeLifecycleController
from sampan.plugins.controllers.core.nodes.pod_gc import PodGarbageCollector
from sampan.plugins.controllers.core.nodes.taint_eviction import TaintEvictionController

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
KEY = Key("", "n")
UNREACHABLE = "node.kubernetes.io/unreachable"


def node(ready: str = "True", **spec: Any) -> Node:
    heard: dict[str, Any] = {"last_heartbeat_time": LONG_AGO, "last_transition_time": LONG_AGO}
    return Node(
        metadata=ObjectMeta(name="n", creation_timestamp=LONG_AGO),
        spec=NodeSpec(**spec),
        status=NodeStatus(conditions=(NodeCondition(type="Ready", status=ready, reason="KubeletReady", **heard),)),
    )


def lease(age: float) -> Lease:
    renewed = MicroTime(NOW - timedelta(seconds=age))
    return Lease(metadata=ObjectMeta(name="n", namespace="kube-node-lease"), spec=LeaseSpec(renew_time=renewed))


def pod(name: str = "p", *tolerations: Toleration) -> Pod:
    ready = PodCondition(type="Ready", status="True", last_transition_time=LONG_AGO)
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=PodSpec(node_name="n", tolerations=tolerations),
        status=PodStatus(phase="Running", conditions=(ready,)),
    )


def decide(controller: Controller, *objects: KubeObject, now: datetime = NOW) -> Plan:
    plan = controller.reconcile(KEY, State(*objects, controller=controller), now)
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_silent_node_is_found_in_time_and_no_other_when_the_clock_is_set(hours: int) -> None:
    clock, controller = FakeClock(), NodeLifecycleController()

    def look(renewed: datetime) -> Plan:
        spec = LeaseSpec(renew_time=MicroTime(renewed.replace(microsecond=0)))
        alive = Lease(metadata=ObjectMeta(name="n", namespace="kube-node-lease"), spec=spec)
        return decide(controller, node(), alive, now=clock.now())

    for moment in range(12):
        assert look(clock.now()) == Plan(requeue_after=10)
        if moment == 5:
            clock.set_wall_clock(hours * 3600)
        clock.advance(10)
    last = clock.now()
    look(last)
    clock.set_wall_clock(-hours * 3600)
    for _ in range(4):
        clock.advance(10)
        assert look(last).actions == ()
    clock.advance(10)
    assert [type(action) for action in look(last).actions] == [Update, Emit]


def taints(plan: Plan) -> list[tuple[str, str]]:
    [update] = [action for action in plan.actions if isinstance(action, Update)]
    assert isinstance(update.obj, Node)
    return [(taint.key, taint.effect) for taint in update.obj.spec.taints]


def watched(controller: NodeLifecycleController, *objects: KubeObject, seconds: float) -> Plan:
    """What is decided after nothing has changed for so long, looking as often as the plans ask for it."""
    now = NOW
    while True:
        plan = decide(controller, *objects, now=now)
        wait = min(plan.requeue_after or seconds, (NOW - now).total_seconds() + seconds)
        if wait <= 0 or plan.actions:
            return plan
        now += timedelta(seconds=wait)


def test_a_node_is_fine_until_its_next_lease_would_be_late() -> None:
    assert watched(NodeLifecycleController(), node(), lease(0), seconds=49).actions == ()


def test_a_node_is_not_blamed_for_a_time_in_which_nobody_looked() -> None:
    controller = NodeLifecycleController()
    assert decide(controller, node(), lease(3600)).actions == (), "sampan was stopped for an hour"
    later = NOW + timedelta(hours=1)
    assert decide(controller, node(), lease(3600), now=later).actions == (), "the machine was suspended"
    assert decide(controller, node(), lease(3600), now=later + timedelta(seconds=10)).actions == ()


def test_a_silent_node_turns_unknown_is_tainted_and_its_pods_leave_their_services() -> None:
    controller = NodeLifecycleController()
    update, said = watched(controller, node(), lease(1), pod(), seconds=51).actions
    assert isinstance(update, Update)
    assert isinstance(said, Emit)
    assert said.reason == "NodeNotReady"
    silent = update.obj
    assert isinstance(silent, Node)
    conditions = {item.type: (item.status, item.reason) for item in silent.status.conditions}
    assert conditions["Ready"] == ("Unknown", "NodeStatusUnknown")
    assert conditions["DiskPressure"] == ("Unknown", "NodeStatusNeverUpdated")
    plan = decide(controller, silent, lease(60), pod())
    assert taints(plan) == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    [patch] = [action for action in plan.actions if isinstance(action, Patch)]
    assert (patch.name, patch.subresource) == ("p", "status")


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (node("False"), [("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")]),
        (node(unschedulable=True), [("node.kubernetes.io/unschedulable", "NoSchedule")]),
        (node(taints=(Taint(key=UNREACHABLE, effect="NoExecute"), Taint(key="own", effect="NoSchedule"))),
         [("own", "NoSchedule")]),
    ],
    ids=["not ready", "cordoned", "back again"],
)  # fmt: skip
def test_taints_follow_the_conditions_and_leave_others_alone(present: Node, expected: list[tuple[str, str]]) -> None:
    plan = decide(NodeLifecycleController(), present, lease(1))
    assert taints(plan) == expected
    [update] = plan.actions
    assert isinstance(update, Update)
    assert decide(NodeLifecycleController(), update.obj, lease(1)).actions == ()


def test_pods_go_when_their_toleration_ends() -> None:
    taint = Taint(key=UNREACHABLE, effect="NoExecute", time_added=NOW - timedelta(seconds=100))
    lost = node("Unknown", taints=(taint,))
    pods = [
        pod("never"),
        pod("later", Toleration(key=UNREACHABLE, operator="Exists", effect="NoExecute", toleration_seconds=300)),
        pod("over", Toleration(key=UNREACHABLE, operator="Exists", toleration_seconds=60)),
        pod("always", Toleration(operator="Exists")),
    ]
    plan = decide(TaintEvictionController(), lost, *pods)
    assert {action.name for action in plan.actions if isinstance(action, Delete)} == {"never", "over"}
    assert plan.requeue_after == 200
    marks = [action for action in plan.actions if isinstance(action, Patch)]
    assert {mark.name for mark in marks} == {"never", "over"}
    [condition] = marks[0].patch["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "DeletionByTaintManager")
    assert decide(TaintEvictionController(), node(), *pods).actions == ()


def test_pods_of_a_node_that_is_no_more_are_removed_after_a_while() -> None:
    controller = PodGarbageCollector()
    assert decide(controller, pod()).requeue_after == 40
    assert decide(controller, node(), pod()) == Plan()
    assert decide(controller, pod()).requeue_after == 40
    check, failed, gone = decide(controller, pod(), now=NOW + timedelta(seconds=40)).actions
    assert check == ExpectGone(kind=Node, namespace="", name="n")
    assert isinstance(failed, Patch)
    assert failed.patch["status"]["phase"] == "Failed"
    assert isinstance(gone, Delete)
    assert (gone.uid, gone.grace_period) == ("uid-p", 0)
    finished = evolve(pod(), status=PodStatus(phase="Succeeded"))
    late = decide(controller, finished, now=NOW + timedelta(seconds=41))
    assert [type(action) for action in late.actions] == [ExpectGone, Delete]
