"""ReplicaSets and ReplicationControllers: how many pods, which ones, and what the status says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete, Patch, Plan, Update
from sampan.core.errors import Forbidden
from sampan.core.model.apps_v1.replica_set import ReplicaSet, ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus
from sampan.core.model.builtin import Pod, ReplicationController
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.pod import PodCondition, PodStatus, PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.replication_controller import ReplicationControllerSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.testing.state import State
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController
from sampan.plugins.controllers.core.replication_controller import ReplicationControllerController
from sampan.plugins.controllers.ownership import controller_reference
from sampan.plugins.controllers.pod_ranking import first_to_go

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = Key("default", "web")


def replica_set(replicas: int, status: ReplicaSetStatus | None = None, **spec: Any) -> ReplicaSet:
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": "web", "tier": "front"}, annotations={"note": "x"}),
        spec=PodSpec(containers=(Container(name="c", image="busybox"),)),
    )
    return ReplicaSet(
        metadata=ObjectMeta(name="web", namespace="default", uid="rs-uid", generation=1),
        spec=ReplicaSetSpec(
            replicas=replicas, selector=LabelSelector(match_labels={"app": "web"}), template=template, **spec
        ),
        status=status or ReplicaSetStatus(),
    )


def pod(name: str, owner: Any = "mine", *, ready: datetime | None = None, node: str = "", **more: Any) -> Pod:
    owners: tuple[OwnerReference, ...] = ()
    if owner == "mine":
        owners = (controller_reference(replica_set(0)),)
    elif owner is not None:
        owners = (controller_reference(owner),)
    conditions: tuple[PodCondition, ...] = ()
    if ready is not None:
        conditions = (PodCondition(type="Ready", status="True", last_transition_time=ready),)
    meta = {"labels": {"app": "web"}, "creation_timestamp": NOW, "uid": f"uid-{name}"} | more.pop("meta", {})
    status = {"phase": "Running" if ready else "Pending", "conditions": conditions} | more.pop("status", {})
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", owner_references=owners, **meta),
        spec=PodSpec(containers=(Container(name="c"),), node_name=node or None),
        status=PodStatus(**status),
    )


def decide(*objects: Any) -> Plan:
    controller = ReplicaSetController()
    return controller.reconcile(KEY, State(*objects, controller=controller), NOW)


def deleted(plan: Plan) -> set[str]:
    return {action.name for action in plan.actions if isinstance(action, Delete)}


def status_of(plan: Plan) -> ReplicaSetStatus:
    [update] = [action for action in plan.actions if isinstance(action, Update)]
    assert update.subresource == "status"
    assert isinstance(update.obj, ReplicaSet)
    return update.obj.status


def test_missing_pods_are_made_from_the_template() -> None:
    plan = decide(replica_set(3), pod("a"))
    creates = [action for action in plan.actions if isinstance(action, Create)]
    assert len(creates) == len(plan.actions) == 2
    made = creates[0].obj
    assert isinstance(made, Pod)
    assert (made.metadata.generate_name, made.metadata.namespace, made.metadata.name) == ("web-", "default", None)
    assert (made.metadata.labels, made.metadata.annotations) == ({"app": "web", "tier": "front"}, {"note": "x"})
    assert made.metadata.owner_references == (
        OwnerReference(
            api_version="apps/v1",
            kind="ReplicaSet",
            name="web",
            uid="rs-uid",
            controller=True,
            block_owner_deletion=True,
        ),
    )
    assert creates[0].then is not None
    assert creates[0].then.message == "Created pod: {name}"


def test_a_failed_creation_becomes_a_condition_and_an_event() -> None:
    plan = decide(replica_set(1))
    assert plan.on_error is not None
    assert plan.on_failure is not None
    assert (plan.on_error.reason, plan.on_error.message) == ("FailedCreate", "Error creating: {error}")
    [update] = plan.on_failure(Forbidden("exceeded quota"))
    assert isinstance(update, Update)
    assert isinstance(update.obj, ReplicaSet)
    assert update.obj.status.conditions == (
        ReplicaSetCondition(
            type="ReplicaFailure",
            status="True",
            last_transition_time=NOW,
            reason="FailedCreate",
            message="exceeded quota",
        ),
    )


def test_the_failure_condition_goes_with_the_first_success() -> None:
    failed = ReplicaSetCondition(type="ReplicaFailure", status="True", reason="FailedCreate", message="no")
    plan = decide(replica_set(1, ReplicaSetStatus(replicas=0, conditions=(failed,))), pod("a"))
    assert status_of(plan).conditions == ()


def test_status_counts_what_is_there() -> None:
    ready, fresh = NOW - timedelta(seconds=60), NOW - timedelta(seconds=10)
    plan = decide(
        replica_set(3, min_ready_seconds=30),
        pod("labelled", ready=ready, meta={"labels": {"app": "web", "tier": "front"}}),
        pod("fresh", ready=fresh),
        pod("pending"),
        pod("going", meta={"deletion_timestamp": NOW}),
        pod("failed", status={"phase": "Failed"}),
    )
    assert status_of(plan) == ReplicaSetStatus(
        replicas=3,
        fully_labeled_replicas=1,
        ready_replicas=2,
        available_replicas=1,
        terminating_replicas=1,
        observed_generation=1,
    )
    assert plan.requeue_after == 20


def test_a_status_that_is_right_is_not_written_again() -> None:
    owner = replica_set(1)
    first = status_of(decide(owner, pod("a")))
    assert decide(evolve(owner, status=first), pod("a")).actions == ()


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (pod("orphan", None), "adopt"),
        (pod("released", meta={"labels": {"app": "debug"}}), "release"),
        (pod("other", replica_set(0).__class__(metadata=ObjectMeta(name="x", uid="u"), spec=replica_set(0).spec)), ""),
        (pod("stranger", None, meta={"labels": {"app": "debug"}}), ""),
        (pod("ending", None, meta={"deletion_timestamp": NOW}), ""),
    ],
    ids=lambda value: value.metadata.name if isinstance(value, Pod) else value,
)
def test_orphans_are_adopted_and_what_no_longer_matches_is_released(what: Pod, expected: str) -> None:
    patches = [action for action in decide(replica_set(0), what).actions if isinstance(action, Patch)]
    verbs = {"$patch" in patch.patch["metadata"]["ownerReferences"][0]: patch for patch in patches}
    assert [{True: "release", False: "adopt"}[verb] for verb in verbs] == ([expected] if expected else [])
    for patch in patches:
        assert patch.patch["metadata"]["uid"] == what.metadata.uid
        assert patch.type == "strategic"


def test_an_adopted_pod_counts() -> None:
    plan = decide(replica_set(1), pod("orphan", None))
    assert not [action for action in plan.actions if isinstance(action, Create | Delete)]
    assert status_of(plan).replicas == 1


def test_an_owner_that_is_deleted_does_nothing_but_count() -> None:
    owner = replica_set(5)
    owner = evolve(owner, metadata=evolve(owner.metadata, deletion_timestamp=NOW))
    plan = decide(owner, pod("a"), pod("orphan", None))
    assert [type(action) for action in plan.actions] == [Update]


OLD, YOUNG = NOW - timedelta(days=1), NOW - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pod("x"), pod("y", node="n")),
        (pod("x", node="n"), pod("y", node="n", status={"phase": "Running"})),
        (pod("x", node="n", status={"phase": "Running"}), pod("y", node="n", ready=OLD)),
        (
            pod("x", node="n", ready=OLD, meta={"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}}),
            pod("y", node="n", ready=YOUNG),
        ),
        (pod("x", node="n", ready=YOUNG), pod("y", node="n", ready=OLD)),
        (
            pod("x", node="n", ready=OLD, status={"container_statuses": (ContainerStatus(name="c", restart_count=3),)}),
            pod("y", node="n", ready=OLD),
        ),
        (
            pod("x", node="n", ready=OLD, meta={"creation_timestamp": YOUNG}),
            pod("y", node="n", ready=OLD, meta={"creation_timestamp": OLD}),
        ),
    ],
    ids=["unassigned", "pending", "not ready", "cheap", "ready later", "restarted", "younger"],
)
def test_the_less_useful_pod_goes_first(first: Pod, second: Pod) -> None:
    for pods in ([first, second], [second, first]):
        assert deleted(decide(replica_set(1), *pods)) == {"x"}


def test_crowded_nodes_lose_pods_first() -> None:
    pods = [pod("a", node="n1", ready=OLD), pod("b", node="n2", ready=YOUNG), pod("c", node="n1", ready=OLD)]
    assert deleted(decide(replica_set(2), *pods)) <= {"a", "c"}
    assert len(deleted(decide(replica_set(2), *pods))) == 1


def test_pods_of_a_sibling_count_for_crowding() -> None:
    mine = [pod("a", node="n1", ready=OLD), pod("b", node="n2", ready=OLD)]
    sibling = [pod("s", node="n2", ready=OLD)]
    related: Sequence[Pod] = mine + sibling
    assert [item.metadata.name for item in first_to_go(mine, 1, related, NOW)] == ["b"]


def test_a_replication_controller_does_the_same_by_its_own_selector() -> None:
    owner = ReplicationController(
        metadata=ObjectMeta(name="web", namespace="default", uid="rc-uid", generation=1),
        spec=ReplicationControllerSpec(replicas=2, selector={"app": "web"}, template=replica_set(0).spec.template),
    )
    controller = ReplicationControllerController()
    plan = controller.reconcile(KEY, State(owner, pod("orphan", None), controller=controller), NOW)
    assert [type(action) for action in plan.actions] == [Patch, Create]
    made = plan.actions[1]
    assert isinstance(made, Create)
    assert made.obj.metadata.owner_references[0].kind == "ReplicationController"


LABELS = st.sampled_from(({"app": "web"}, {"app": "web", "tier": "front"}, {"app": "other"}))
PODS = st.lists(
    st.tuples(LABELS, st.sampled_from(("Running", "Pending", "Failed")), st.booleans(), st.booleans(), st.booleans()),
    max_size=6,
)


@settings(max_examples=100)
@given(PODS, st.integers(0, 6))
def test_what_is_counted_is_what_is_there(drawn: list[Any], replicas: int) -> None:
    """A look that visits no pod decides as one that visits all of them."""
    pods = [
        pod(
            f"p{number}",
            None if orphan else "mine",
            ready=NOW if is_ready and phase == "Running" else None,
            meta={"labels": labels, **({"deletion_timestamp": NOW} if ending else {})},
            status={"phase": phase},
        )
        for number, (labels, phase, is_ready, ending, orphan) in enumerate(drawn)
    ]

    class Visiting(ReplicaSetController):
        def _counted(self, owner: Any, state: Any) -> None:
            return None

    controllers = (ReplicaSetController(), Visiting())
    counted, visited = (
        each.reconcile(KEY, State(replica_set(replicas), *pods, controller=each), NOW) for each in controllers
    )
    assert counted.actions == visited.actions
