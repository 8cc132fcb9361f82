"""StatefulSets: names, order, claims, and updates from the last to the first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.plan import Create, Delete, Patch, Plan, Update
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.apps_v1.stateful_set import (
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetOrdinals,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetStatus,
    StatefulSetUpdateStrategy,
)
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodStatus, PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.plugins.controllers.apps.history import HASH, present
from sampan.plugins.controllers.apps.stateful_set.controller import REVISION_LABEL, decide
from sampan.plugins.controllers.apps.stateful_set.retention import wanted_owners

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def stateful_set(
    replicas: int = 3, image: str = "one", status: StatefulSetStatus | None = None, **spec: Any
) -> StatefulSet:
    pod = PodSpec(containers=(Container(name="c", image=image),))
    rolling = StatefulSetUpdateStrategy(type="RollingUpdate")
    about: dict[str, Any] = {"update_strategy": rolling, "service_name": "peers"} | spec
    return StatefulSet(
        metadata=ObjectMeta(name="web", namespace="default", uid="sts", generation=1),
        spec=StatefulSetSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"}), spec=pod),
            **about,
        ),
        status=status or StatefulSetStatus(),
    )


def revision(owner: StatefulSet, before: Sequence[ControllerRevision] = ()) -> ControllerRevision:
    return present(owner, owner.spec.template, before, None, REVISION_LABEL).revision


ONE = revision(stateful_set())


def pod(ordinal: int, of: ControllerRevision = ONE, phase: str = "Running", *, ready: bool = True, **meta: Any) -> Pod:
    condition = PodCondition(type="Ready", status=str(ready), last_transition_time=NOW)
    return Pod(
        metadata=ObjectMeta(
            name=f"web-{ordinal}",
            namespace="default",
            uid=f"uid-{ordinal}",
            labels={"app": "web", HASH: of.metadata.name or ""},
            **meta,
        ),
        spec=PodSpec(containers=(Container(name="c", image="i"),)),
        status=PodStatus(phase=phase, conditions=(condition,)),
    )


def run(owner: StatefulSet, *pods: Pod, revisions: Sequence[ControllerRevision] = (ONE,), claims: Any = ()) -> Plan:
    return decide(owner, pods, revisions, claims, NOW)


def made(plan: Plan, kind: type = Pod) -> list[str | None]:
    found = (action.obj for action in plan.actions if isinstance(action, Create))
    return [obj.metadata.name for obj in found if isinstance(obj, kind)]


def deleted(plan: Plan) -> list[str]:
    return [action.name for action in plan.actions if isinstance(action, Delete)]


def status_of(plan: Plan) -> StatefulSetStatus:
    (obj,) = [action.obj for action in plan.actions if isinstance(action, Update)]
    assert isinstance(obj, StatefulSet)
    return obj.status


PARALLEL: dict[str, Any] = {"pod_management_policy": "Parallel"}
STEPS: list[tuple[str, StatefulSet, tuple[Pod, ...], list[str], list[str]]] = [
    ("the first comes first", stateful_set(), (), ["web-0"], []),
    ("the next waits until it is ready", stateful_set(), (pod(0, ready=False),), [], []),
    ("and comes then", stateful_set(), (pod(0),), ["web-1"], []),
    ("a gap is filled before all else", stateful_set(), (pod(0), pod(2)), ["web-1"], []),
    ("all at once where order does not matter", stateful_set(**PARALLEL), (), ["web-0", "web-1", "web-2"], []),
    ("the last goes first", stateful_set(1), (pod(0), pod(1), pod(2)), [], ["web-2"]),
    ("and the next once it has gone", stateful_set(1), (pod(0), pod(1), pod(2, deletion_timestamp=NOW)), [], []),
    (
        "an unhealthy one before it holds up the end",
        stateful_set(0),
        (pod(0, ready=False), pod(1, ready=False)),
        [],
        [],
    ),
    ("but the first such one may go", stateful_set(0), (pod(0), pod(1, ready=False)), [], ["web-1"]),
    ("all at once again", stateful_set(1, **PARALLEL), (pod(0), pod(1), pod(2)), [], ["web-2", "web-1"]),
    ("a failed pod is made anew", stateful_set(1), (pod(0, phase="Failed"),), [], ["web-0"]),
    ("numbers begin where they should", stateful_set(1, ordinals=StatefulSetOrdinals(start=5)), (), ["web-5"], []),
]


@pytest.mark.parametrize(
    ("owner", "pods", "new", "gone"), [step[1:] for step in STEPS], ids=[step[0] for step in STEPS]
)
def test_pods_come_and_go_in_order(owner: StatefulSet, pods: tuple[Pod, ...], new: list[str], gone: list[str]) -> None:
    plan = run(owner, *pods)
    assert (made(plan), deleted(plan)) == (new, gone)


def test_a_pod_knows_its_name_its_place_and_its_claims() -> None:
    data = PersistentVolumeClaim(metadata=ObjectMeta(name="data", labels={"kind": "disk"}))
    plan = run(stateful_set(volume_claim_templates=(data,)), revisions=())
    assert made(plan, PersistentVolumeClaim) == ["data-web-0"]
    first = next(action.obj for action in plan.actions if isinstance(action, Create) and isinstance(action.obj, Pod))
    assert (first.spec.hostname, first.spec.subdomain) == ("web-0", "peers")
    (volume,) = first.spec.volumes
    assert volume.persistent_volume_claim is not None
    assert volume.persistent_volume_claim.claim_name == "data-web-0"
    there = evolve(data, metadata=evolve(data.metadata, name="data-web-0", namespace="default"))
    again = run(stateful_set(volume_claim_templates=(data,)), claims=(there,))
    assert made(again, PersistentVolumeClaim) == []


def owned_claim(*owners: OwnerReference) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(metadata=ObjectMeta(name="data-web-0", namespace="default", owner_references=owners))


SET = OwnerReference(
    api_version="apps/v1", kind="StatefulSet", name="web", uid="sts", controller=True, block_owner_deletion=True
)
POD = OwnerReference(
    api_version="v1", kind="Pod", name="web-0", uid="uid-0", controller=True, block_owner_deletion=True
)
CONFIG = OwnerReference(api_version="v1", kind="ConfigMap", name="c", uid="c")
OTHER = evolve(CONFIG, controller=True)
STALE = evolve(SET, uid="before")


@pytest.mark.parametrize(
    ("scaled", "deleted", "away", "before", "after"),
    [
        ("Retain", "Retain", False, (), ()),
        ("Retain", "Retain", False, (SET, CONFIG), (CONFIG,)),
        ("Retain", "Delete", False, (), (SET,)),
        ("Retain", "Delete", False, (CONFIG,), (CONFIG, SET)),
        ("Retain", "Delete", False, (evolve(SET, controller=False),), (SET,)),
        ("Retain", "Delete", True, (), (SET,)),
        ("Delete", "Retain", False, (POD,), ()),
        ("Delete", "Retain", True, (), (POD,)),
        ("Delete", "Delete", True, (SET,), (POD,)),
        ("Delete", "Delete", False, (SET,), (SET,)),
        ("Delete", "Delete", False, (STALE,), (STALE,)),
        ("Delete", "Delete", False, (OTHER,), (OTHER,)),
        ("Delete", "Delete", False, (OTHER, SET), (OTHER,)),
    ],
)
def test_claims_belong_to_whom_their_policy_says(
    scaled: str, deleted: str, away: bool, before: tuple[OwnerReference, ...], after: tuple[OwnerReference, ...]
) -> None:
    policy = StatefulSetPersistentVolumeClaimRetentionPolicy(when_scaled=scaled, when_deleted=deleted)
    owner = stateful_set(1, persistent_volume_claim_retention_policy=policy)
    assert wanted_owners(before, owner, pod(0), scaled_away=away) == after


def test_claims_follow_a_policy_that_changes() -> None:
    data = PersistentVolumeClaim(metadata=ObjectMeta(name="data"))
    policy = StatefulSetPersistentVolumeClaimRetentionPolicy(when_deleted="Delete")
    owner = stateful_set(1, volume_claim_templates=(data,), persistent_volume_claim_retention_policy=policy)
    (patch,) = (action for action in run(owner, pod(0), claims=(owned_claim(),)).actions if isinstance(action, Patch))
    assert [each["uid"] for each in patch.patch["metadata"]["ownerReferences"]] == ["sts"]
    settled = run(owner, pod(0), claims=(owned_claim(SET),))
    assert not any(isinstance(action, Patch) for action in settled.actions)


def test_claims_go_with_what_is_scaled_away_where_they_should() -> None:
    policy = StatefulSetPersistentVolumeClaimRetentionPolicy(when_scaled="Delete")
    data = PersistentVolumeClaim(metadata=ObjectMeta(name="data"))
    owner = stateful_set(0, volume_claim_templates=(data,), persistent_volume_claim_retention_policy=policy)
    plan = run(owner, pod(0), claims=(owned_claim(),))
    (patch,) = (action for action in plan.actions if isinstance(action, Patch))
    assert patch.name == "data-web-0"
    assert patch.patch["metadata"]["ownerReferences"][0]["uid"] == "uid-0"


def two(**spec: Any) -> tuple[StatefulSet, tuple[ControllerRevision, ...]]:
    owner = stateful_set(2, "two", StatefulSetStatus(current_revision=ONE.metadata.name), **spec)
    return owner, (ONE, revision(owner, (ONE,)))


@pytest.mark.parametrize(
    ("strategy", "gone"),
    [
        (StatefulSetUpdateStrategy(type="RollingUpdate"), ["web-1"]),
        (StatefulSetUpdateStrategy(type="OnDelete"), []),
        (
            StatefulSetUpdateStrategy(
                type="RollingUpdate", rolling_update=RollingUpdateStatefulSetStrategy(partition=2)
            ),
            [],
        ),
    ],
)
def test_an_update_begins_with_the_last(strategy: StatefulSetUpdateStrategy, gone: list[str]) -> None:
    owner, revisions = two(update_strategy=strategy)
    assert deleted(run(owner, pod(0), pod(1), revisions=revisions)) == gone


def test_an_update_waits_for_the_pod_before_and_ends_with_a_new_current_revision() -> None:
    owner, revisions = two()
    new = revisions[1]
    waiting = run(owner, pod(0), pod(1, new, ready=False), revisions=revisions)
    assert deleted(waiting) == []
    assert deleted(run(owner, pod(0), pod(1, new), revisions=revisions)) == ["web-0"]
    half = status_of(run(owner, pod(0), pod(1, new), revisions=revisions))
    assert (half.current_replicas, half.updated_replicas, half.current_revision) == (1, 1, ONE.metadata.name)
    done = status_of(run(owner, pod(0, new), pod(1, new), revisions=revisions))
    assert (done.current_replicas, done.current_revision) == (2, new.metadata.name)


def test_below_the_partition_pods_are_made_of_the_old_template() -> None:
    rolling = RollingUpdateStatefulSetStrategy(partition=1)
    owner, revisions = two(update_strategy=StatefulSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling))
    plan = run(owner, revisions=revisions)
    (first,) = [action.obj for action in plan.actions if isinstance(action, Create) and isinstance(action.obj, Pod)]
    assert first.spec.containers[0].image == "one"


@pytest.mark.parametrize(
    ("allowed", "partition", "unready", "gone"),
    [
        (2, 0, (), ["web-4", "web-3"]),
        (2, 0, (1,), ["web-4"]),
        (2, 0, (0, 1), []),
        (2, 4, (), ["web-4"]),
        ("60%", 0, (), ["web-4", "web-3", "web-2"]),
        ("10%", 0, (), ["web-4"]),
    ],
)
def test_several_may_be_unavailable_at_once(
    allowed: int | str, partition: int, unready: tuple[int, ...], gone: list[str]
) -> None:
    rolling = RollingUpdateStatefulSetStrategy(partition=partition, max_unavailable=allowed)
    strategy = StatefulSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling)
    owner = stateful_set(5, image="two", update_strategy=strategy, **PARALLEL)
    plan = run(owner, *(pod(ordinal, ready=ordinal not in unready) for ordinal in range(5)))
    assert deleted(plan) == gone
