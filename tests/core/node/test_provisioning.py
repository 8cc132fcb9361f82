"""Which node makes a volume for a claim, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Action, Create, Delete, Emit, InThread, Patch
from sampan.core.contracts.provisioner import (
    BIND_COMPLETED,
    PROVISIONED_BY,
    PROVISIONED_FINALIZER,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    ProvisioningFailure,
    ProvisionRequest,
)
from sampan.core.model.core_v1.claim_template import PersistentVolumeClaimSpec
from sampan.core.model.core_v1.node import Node, NodeCondition, NodeStatus
from sampan.core.model.core_v1.persistent_volume import PersistentVolume, PersistentVolumeStatus
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim, PersistentVolumeClaimStatus
from sampan.core.model.core_v1.persistent_volume_sources import LocalVolumeSource
from sampan.core.model.core_v1.references import TypedLocalObjectReference
from sampan.core.model.core_v1.resources import VolumeResourceRequirements
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.node.provisioning import NodeProvisioning
from sampan.core.testing.state import State

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER, AT_ONCE = "WaitForFirstConsumer", "Immediate"
CLAIM, VOLUME = Key("shop", "data"), Key("", "pvc-c1")


class Disks:
    name = "example.com/disk"
    node_bound = True

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._error = error

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self._error:
            raise self._error

    def provision(self, request: ProvisionRequest) -> Mapping[str, Any]:
        self._called(f"provision {request.name} {request.size}")
        return {"local": LocalVolumeSource(path=f"/disks/{request.name}")}

    def expand(self, volume: PersistentVolume, size: int) -> None:
        self._called(f"expand {volume.metadata.name} {size}")

    def delete(self, volume: PersistentVolume) -> None:
        self._called(f"delete {volume.metadata.name}")


def look(disks: Disks, *objects: KubeObject, key: Key, node: str = "n1") -> tuple[Action, ...]:
    plan = NodeProvisioning(node, {disks.name: disks}).reconcile(key, State(*objects), NOW)
    return (plan.decide() if isinstance(plan, InThread) else plan).actions


def claim(selected: str = "", size: str = "1Gi", **changes: Any) -> PersistentVolumeClaim:
    annotations = {STORAGE_PROVISIONER: "example.com/disk", **({SELECTED_NODE: selected} if selected else {})}
    requests = VolumeResourceRequirements(requests={"storage": Quantity(size)})
    spec = {"access_modes": ("ReadWriteOnce",), "resources": requests, "storage_class_name": "fast", **changes}
    meta = ObjectMeta(name="data", namespace="shop", uid="c1", annotations=annotations)
    return PersistentVolumeClaim(metadata=meta, spec=PersistentVolumeClaimSpec(**spec))


def sort(mode: str) -> StorageClass:
    meta = ObjectMeta(name="fast")
    return StorageClass(
        metadata=meta, provisioner="example.com/disk", volume_binding_mode=mode, reclaim_policy="Delete"
    )


def node(name: str, ready: str = "True") -> Node:
    status = NodeStatus(conditions=(NodeCondition(type="Ready", status=ready),))
    return Node(metadata=ObjectMeta(name=name, labels={"kubernetes.io/hostname": name}), status=status)


NODES = (node("n0", "False"), node("n1"), node("n2"))


@pytest.mark.parametrize(
    ("mode", "selected", "who"),
    [(LATER, "", []), (LATER, "n2", ["n2"]), (AT_ONCE, "", ["n1"]), (AT_ONCE, "n2", ["n2"])],
)
def test_one_node_makes_the_volume(mode: str, selected: str, who: list[str]) -> None:
    names = ("n0", "n1", "n2")
    assert [n for n in names if look(Disks(), claim(selected), sort(mode), *NODES, key=CLAIM, node=n)] == who


def made() -> PersistentVolume:
    (action,) = look(Disks(), claim("n1"), sort(LATER), *NODES, key=CLAIM)
    assert isinstance(action, Create)
    assert isinstance(action.obj, PersistentVolume)
    return action.obj


def test_a_made_volume_is_for_its_claim_and_its_node() -> None:
    volume = made()
    assert volume.metadata.name == "pvc-c1"
    assert volume.metadata.annotations == {PROVISIONED_BY: "example.com/disk"}
    assert volume.spec.claim_ref is not None
    assert (volume.spec.claim_ref.name, volume.spec.claim_ref.uid) == ("data", "c1")
    assert volume.spec.persistent_volume_reclaim_policy == "Delete"
    assert look(Disks(), volume, claim("n1"), sort(LATER), *NODES, key=CLAIM) == ()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (claim("n1", volume_mode="Block"), "raw block volumes"),
        (claim("n1", data_source=TypedLocalObjectReference(kind="VolumeSnapshot", name="s")), "snapshots"),
    ],
)
def test_what_cannot_be_made_is_an_event(wanted: PersistentVolumeClaim, words: str) -> None:
    (failed,) = look(Disks(), wanted, sort(LATER), *NODES, key=CLAIM)
    assert isinstance(failed, Emit)
    assert (failed.reason, failed.type) == ("ProvisioningFailed", "Warning")
    assert words in failed.message


@pytest.mark.parametrize("error", [ProvisioningFailure("no room"), OSError(28, "No space left on device")])
def test_a_provisioner_that_fails_is_an_event_and_tried_again(error: Exception) -> None:
    state = State(claim("n1"), sort(LATER), *NODES)
    plan = NodeProvisioning("n1", {"example.com/disk": Disks(error)}).reconcile(CLAIM, state, NOW)
    assert isinstance(plan, InThread)
    failed = plan.decide()
    assert [each.reason for each in failed.actions if isinstance(each, Emit)] == ["ProvisioningFailed"]
    assert failed.requeue_after


def in_phase(phase: str, policy: str = "Delete", ending: bool = False) -> PersistentVolume:
    volume = made()
    meta = evolve(volume.metadata, deletion_timestamp=NOW if ending else None)
    spec = evolve(volume.spec, persistent_volume_reclaim_policy=policy)
    return evolve(volume, metadata=meta, spec=spec, status=PersistentVolumeStatus(phase=phase))


@pytest.mark.parametrize(
    ("volume", "deleted"),
    [
        (in_phase("Bound"), False),
        (in_phase("Released"), True),
        (in_phase("Released", "Retain"), False),
        (in_phase("Bound", ending=True), False),
        (in_phase("Released", ending=True), True),
    ],
)
def test_a_released_volume_is_emptied_before_it_goes(volume: PersistentVolume, deleted: bool) -> None:
    disks, elsewhere = Disks(), Disks()
    actions = look(disks, volume, *NODES, key=VOLUME)
    assert look(elsewhere, volume, *NODES, key=VOLUME, node="n2") == ()
    assert (disks.calls, elsewhere.calls) == (["delete pvc-c1"] if deleted else [], [])
    assert [type(each) for each in actions] == ([Delete, Patch] if deleted else [])


def test_a_retained_volume_that_a_person_deletes_keeps_its_data() -> None:
    disks = Disks()
    (patch,) = look(disks, in_phase("Released", "Retain", ending=True), *NODES, key=VOLUME)
    assert isinstance(patch, Patch)
    assert PROVISIONED_FINALIZER not in patch.patch["metadata"]["finalizers"]
    assert disks.calls == []


def test_a_bound_claim_that_asks_for_more_gets_it() -> None:
    grown = claim("n1", size="3Gi", volume_name="pvc-c1")
    annotations = {**grown.metadata.annotations, BIND_COMPLETED: "yes"}
    status = PersistentVolumeClaimStatus(phase="Bound", capacity={"storage": Quantity("1Gi")})
    grown = evolve(grown, metadata=evolve(grown.metadata, annotations=annotations), status=status)
    disks = Disks()
    actions = look(disks, grown, made(), sort(LATER), *NODES, key=CLAIM)
    assert disks.calls == [f"expand pvc-c1 {3 << 30}"]
    assert [each.patch for each in actions if isinstance(each, Patch)] == [
        {"spec": {"capacity": {"storage": "3Gi"}}},
        {"status": {"capacity": {"storage": "3Gi"}}},
    ]
