"""DaemonSets: on which nodes pods are, how they are updated, and what the status says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.plan import Create, Delete, Plan, Update
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.apps_v1.daemon_set import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetStatus,
    DaemonSetUpdateStrategy,
    RollingUpdateDaemonSet,
)
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.node import Node, NodeSpec, Taint
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodStatus, PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.plugins.controllers.apps.daemon_set.controller import decide
from sampan.plugins.controllers.apps.daemon_set.nodes import bound_to, node_of
from sampan.plugins.controllers.apps.history import HASH, forgotten, present
from sampan.plugins.controllers.ownership import controller_reference

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def daemon_set(image: str = "one", strategy: DaemonSetUpdateStrategy | None = None, **pod: Any) -> DaemonSet:
    spec = PodSpec(containers=(Container(name="c", image=image),), **pod)
    return DaemonSet(
        metadata=ObjectMeta(name="agent", namespace="default", uid="ds", generation=1),
        spec=DaemonSetSpec(
            selector=LabelSelector(match_labels={"app": "agent"}),
            template=PodTemplateSpec(metadata=ObjectMeta(labels={"app": "agent"}), spec=spec),
            update_strategy=strategy or DaemonSetUpdateStrategy(type="RollingUpdate"),
        ),
    )


def node(name: str, *taints: Taint, **labels: str) -> Node:
    return Node(metadata=ObjectMeta(name=name, labels=labels), spec=NodeSpec(taints=taints))


def history(owner: DaemonSet, before: Sequence[ControllerRevision] = ()) -> ControllerRevision:
    return present(owner, owner.spec.template, before, None).revision


def pod(
    name: str, on: str, revision: ControllerRevision, phase: str = "Running", *, ready: bool = True, **meta: Any
) -> Pod:
    condition = PodCondition(type="Ready", status=str(ready), last_transition_time=NOW)
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            uid=f"uid-{name}",
            labels={"app": "agent", HASH: revision.metadata.labels[HASH]},
            owner_references=(controller_reference(daemon_set()),),
            creation_timestamp=NOW,
            **meta,
        ),
        spec=bound_to(PodSpec(containers=(Container(name="c", image="i"),)), on),
        status=PodStatus(phase=phase, conditions=(condition,)),
    )


def made_on(plan: Plan) -> list[str]:
    return [
        node_of(action.obj) for action in plan.actions if isinstance(action, Create) and isinstance(action.obj, Pod)
    ]


def deleted(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if isinstance(action, Delete) and action.kind is Pod]


def status_of(plan: Plan) -> DaemonSetStatus:
    (status,) = [action.obj.status for action in plan.actions if isinstance(action, Update)]  # type: ignore[attr-defined]
    assert isinstance(status, DaemonSetStatus)
    return status


def test_every_node_gets_a_pod_bound_to_it() -> None:
    plan = decide(daemon_set(), (node("a"), node("b")), (), (), NOW)
    assert made_on(plan) == ["a", "b"]
    first, second = (action.obj for action in plan.actions[:2] if isinstance(action, Create))
    assert isinstance(first, ControllerRevision)
    assert isinstance(second, Pod)
    assert second.metadata.labels[HASH] == first.metadata.labels[HASH]
    assert {toleration.key for toleration in second.spec.tolerations} >= {"node.kubernetes.io/unschedulable"}
    status = status_of(plan)
    assert (status.desired_number_scheduled, status.current_number_scheduled, status.number_unavailable) == (2, 0, 2)


@pytest.mark.parametrize(
    ("about", "where", "wanted"),
    [
        ({"node_selector": {"disk": "ssd"}}, node("a", disk="ssd"), True),
        ({"node_selector": {"disk": "ssd"}}, node("a"), False),
        ({}, node("a", Taint(key="gpu", effect="NoSchedule")), False),
        ({}, node("a", Taint(key="gpu", effect="PreferNoSchedule")), True),
        ({}, node("a", Taint(key="node.kubernetes.io/not-ready", effect="NoExecute")), True),
        ({"node_name": "b"}, node("a"), False),
    ],
)
def test_which_nodes_get_one(about: dict[str, Any], where: Node, wanted: bool) -> None:
    assert made_on(decide(daemon_set(**about), (where,), (), (), NOW)) == (["a"] if wanted else [])


def test_pods_stay_where_none_would_be_made_and_go_where_none_may_be() -> None:
    owner = daemon_set(node_selector={"disk": "ssd"})
    revision = history(owner)
    cordoned = node("a", Taint(key="gpu", effect="NoSchedule"), disk="ssd")
    pods = (pod("stays", "a", revision), pod("goes", "b", revision), pod("lost", "gone", revision))
    plan = decide(owner, (cordoned, node("b")), pods, (revision,), NOW)
    assert (made_on(plan), sorted(deleted(plan))) == ([], ["goes", "lost"])
    assert status_of(plan).number_misscheduled == 2


def test_ended_pods_make_room_and_doubles_go() -> None:
    owner = daemon_set()
    revision = history(owner)
    pods = (pod("failed", "a", revision, "Failed"), pod("x", "b", revision), pod("y", "b", revision))
    plan = decide(owner, (node("a"), node("b")), pods, (revision,), NOW)
    assert deleted(plan) == ["failed", "y"]


def test_a_pod_is_only_replaced_once_it_has_gone() -> None:
    owner = daemon_set()
    revision = history(owner)
    going = pod("going", "a", revision, deletion_timestamp=NOW)
    plan = decide(owner, (node("a"),), (going,), (revision,), NOW)
    assert (made_on(plan), deleted(plan)) == ([], [])


def rolled(strategy: DaemonSetUpdateStrategy, *, ready: bool = True) -> Plan:
    """Three nodes with pods of the template before."""
    old = history(daemon_set("one"))
    owner = daemon_set("two", strategy)
    new = history(owner, (old,))
    pods = [pod(name, name, old, ready=ready or name != "b") for name in ("a", "b", "c")]
    return decide(owner, (node("a"), node("b"), node("c")), pods, (old, new), NOW)


def rolling(**about: Any) -> DaemonSetUpdateStrategy:
    return DaemonSetUpdateStrategy(type="RollingUpdate", rolling_update=RollingUpdateDaemonSet(**about))


@pytest.mark.parametrize(
    ("strategy", "ready", "gone", "made"),
    [
        (DaemonSetUpdateStrategy(type="OnDelete"), True, [], []),
        (rolling(max_unavailable=1), True, ["a"], []),
        (rolling(max_unavailable="70%"), True, ["a", "b", "c"], []),
        (rolling(max_unavailable=1), False, ["b"], []),
        (rolling(max_surge=1, max_unavailable=0), True, [], ["a"]),
        (rolling(max_surge=1, max_unavailable=0), False, [], ["b"]),
    ],
)
def test_an_update_goes_step_by_step(
    strategy: DaemonSetUpdateStrategy, ready: bool, gone: list[str], made: list[str]
) -> None:
    plan = rolled(strategy, ready=ready)
    assert (deleted(plan), made_on(plan)) == (gone, made)


def test_a_template_that_comes_back_gets_its_old_revision() -> None:
    one = history(daemon_set("one"))
    two = history(daemon_set("two"), (one,))
    assert (one.revision, two.revision) == (1, 2)
    back = present(daemon_set("one"), daemon_set("one").spec.template, (one, two), None)
    assert (back.revision.metadata.name, back.revision.revision) == (one.metadata.name, 3)
    assert isinstance(back.actions[0], Update)


def test_the_history_keeps_what_pods_are_of() -> None:
    revisions: list[ControllerRevision] = []
    for image in ("one", "two", "three", "four"):
        revisions.append(history(daemon_set(image), revisions))
    alive = evolve(pod("p", "a", revisions[0]))
    gone = forgotten(revisions, (revisions[-1],), (alive,), 1)
    assert [action.name for action in gone if isinstance(action, Delete)] == [revisions[1].metadata.name]
