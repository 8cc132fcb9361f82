"""Claims and volumes: which bind, what each says, what becomes of a volume whose claim is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Action, Create, Emit, ExpectGone, Patch
from sampan.core.contracts.provisioner import BIND_COMPLETED, BOUND_BY_CONTROLLER, PROVISIONED_BY, SELECTED_NODE
from sampan.core.contracts.provisioner import STORAGE_PROVISIONER as ASKED
from sampan.core.model.core_v1.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from sampan.core.model.core_v1.claim_template import (
    EphemeralVolumeSource,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimTemplate,
)
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
    VolumeNodeAffinity,
)
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim, PersistentVolumeClaimStatus
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.resources import VolumeResourceRequirements
from sampan.core.model.core_v1.volume import PersistentVolumeClaimVolumeSource, Volume
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.model.storage_v1.volume_attributes_class import VolumeAttributesClass
from sampan.core.testing.state import State
from sampan.plugins.controllers.storage.binder import VolumeBinder
from sampan.plugins.controllers.storage.ephemeral import EphemeralVolumeController
from sampan.plugins.controllers.storage.protection import AttributesClassProtection, ClaimProtection, VolumeProtection

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RWO = ("ReadWriteOnce",)


def claim(size: str = "1Gi", modes: tuple[str, ...] = RWO, **changes: Any) -> PersistentVolumeClaim:
    meta = {"name": "data", "namespace": "shop", "uid": "c1", "annotations": {}, **changes.pop("meta", {})}
    status = PersistentVolumeClaimStatus(**{"phase": "Pending", **changes.pop("status", {})})
    requests = VolumeResourceRequirements(requests={"storage": Quantity(size)})
    spec = {"access_modes": modes, "resources": requests, "storage_class_name": "fast", **changes}
    return PersistentVolumeClaim(metadata=ObjectMeta(**meta), spec=PersistentVolumeClaimSpec(**spec), status=status)


def volume(name: str = "v", size: str = "2Gi", modes: tuple[str, ...] = RWO, **changes: Any) -> PersistentVolume:
    meta = {"name": name, "annotations": {}, **changes.pop("meta", {})}
    status = PersistentVolumeStatus(phase=changes.pop("phase", "Available"))
    spec = {"capacity": {"storage": Quantity(size)}, "access_modes": modes, "storage_class_name": "fast", **changes}
    return PersistentVolume(metadata=ObjectMeta(**meta), spec=PersistentVolumeSpec(**spec), status=status)


def sort(name: str = "fast", provisioner: str = "example.com/disk", mode: str = "Immediate") -> StorageClass:
    return StorageClass(metadata=ObjectMeta(name=name), provisioner=provisioner, volume_binding_mode=mode)


def ref(uid: str | None = "c1", name: str = "data") -> ObjectReference:
    return ObjectReference(namespace="shop", name=name, uid=uid)


CLAIM = Key("shop", "data")


def look(*objects: KubeObject, key: Key = CLAIM) -> tuple[Action, ...]:
    binder = VolumeBinder()
    return binder.reconcile(key, State(*objects, controller=binder), NOW).actions


def chosen(actions: tuple[Action, ...]) -> str | None:
    """The volume that the claim is bound to."""
    for action in actions:
        if isinstance(action, Patch) and action.kind is PersistentVolumeClaim and "spec" in action.patch:
            return str(action.patch["spec"]["volumeName"])
    return None


def phases(actions: tuple[Action, ...]) -> dict[str, str]:
    return {
        action.kind.__name__: action.patch["status"]["phase"]
        for action in actions
        if isinstance(action, Patch) and action.subresource == "status"
    }


def events(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    return [(action.reason, action.message) for action in actions if isinstance(action, Emit)]


def on_node(name: str) -> VolumeNodeAffinity:
    requirement = NodeSelectorRequirement(key="kubernetes.io/hostname", operator="In", values=(name,))
    term = NodeSelectorTerm(match_expressions=(requirement,))
    return VolumeNodeAffinity(required=NodeSelector(node_selector_terms=(term,)))


def node(name: str) -> Node:
    return Node(metadata=ObjectMeta(name=name, labels={"kubernetes.io/hostname": name}))


@pytest.mark.parametrize(
    ("volumes", "expected"),
    [
        ([volume("big", "9Gi"), volume("small", "1Gi"), volume("tiny", "1Mi")], "small"),
        ([volume("b"), volume("a")], "a"),
        ([volume("small", "1Gi"), volume("mine", "9Gi", claim_ref=ref(None))], "mine"),
        ([volume(storage_class_name="slow")], None),
        ([volume(modes=("ReadOnlyMany",))], None),
        ([volume(modes=("ReadOnlyMany", "ReadWriteOnce"))], "v"),
        ([volume(volume_mode="Block")], None),
        ([volume(claim_ref=ref("other", "other"))], None),
        ([volume(claim_ref=ref("another-of-that-name"))], None),
        ([volume(meta={"deletion_timestamp": NOW})], None),
    ],
)
def test_a_claim_gets_the_smallest_volume_that_suits(volumes: list[PersistentVolume], expected: str | None) -> None:
    assert chosen(look(claim(), sort(), *volumes)) == expected


def test_a_selector_chooses_among_volumes() -> None:
    wanted = claim(selector=LabelSelector(match_labels={"type": "ssd"}))
    found = [volume("a"), volume("b", meta={"labels": {"type": "ssd"}})]
    assert chosen(look(wanted, sort(), *found)) == "b"


def test_binding_writes_the_volume_first_and_says_so_on_both() -> None:
    actions = look(claim(), sort(), volume(modes=("ReadWriteOnce", "ReadOnlyMany")))
    kinds = [action.kind for action in actions if isinstance(action, Patch)]
    assert kinds == [PersistentVolume, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaim]
    first, _, third, last = (action.patch for action in actions if isinstance(action, Patch))
    assert first["spec"]["claimRef"]["uid"] == "c1"
    assert first["metadata"]["annotations"] == {BOUND_BY_CONTROLLER: "yes"}
    assert third["metadata"]["annotations"] == {BIND_COMPLETED: "yes", BOUND_BY_CONTROLLER: "yes"}
    assert last["status"] == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        "capacity": {"storage": "2Gi"},
    }
    assert phases(actions) == {"PersistentVolume": "Bound", "PersistentVolumeClaim": "Bound"}


def test_what_a_person_has_chosen_is_not_marked_as_the_controllers_choice() -> None:
    actions = look(claim(volume_name="v"), volume(claim_ref=ref(None)))
    assert [action.patch.get("metadata", {}).get("annotations") for action in actions if isinstance(action, Patch)] == [
        None,
        None,
        {BIND_COMPLETED: "yes"},
        None,
    ]


@pytest.mark.parametrize(
    ("wanted", "others", "expected"),
    [
        (claim(storage_class_name=""), [], ("FailedBinding", "no persistent volumes available for this claim and no ")),
        (claim(), [], ("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')),
        (claim(), [sort(mode="WaitForFirstConsumer")], ("WaitForFirstConsumer", "waiting for first consumer to be")),
        (claim(), [sort()], ("ExternalProvisioning", "Waiting for a volume to be created either by the external")),
        (claim(), [sort(provisioner="kubernetes.io/none")], ("ProvisioningFailed", "no volume plugin matched name")),
        (claim(volume_name="v"), [volume(claim_ref=ref("x", "x"))], ("FailedBinding", 'volume "v" already bound to')),
        (claim("9Gi", volume_name="v"), [volume()], ("VolumeMismatch", 'Cannot bind to requested volume "v": request')),
    ],
)
def test_a_claim_that_waits_says_what_for(
    wanted: PersistentVolumeClaim, others: list[KubeObject], expected: tuple[str, str]
) -> None:
    actions = look(wanted, *others)
    ((reason, message),) = events(actions)
    assert (reason, message[: len(expected[1])]) == expected
    assert chosen(actions) is None


def test_a_provisioner_is_asked_by_name_once() -> None:
    asked = [action for action in look(claim(), sort()) if isinstance(action, Patch)]
    assert [action.patch["metadata"]["annotations"][ASKED] for action in asked] == ["example.com/disk"]
    assert not any(
        isinstance(each, Patch) for each in look(claim(meta={"annotations": {ASKED: "example.com/disk"}}), sort())
    )


def test_a_claim_whose_node_was_chosen_takes_only_volumes_that_it_reaches() -> None:
    waiting = claim(meta={"annotations": {SELECTED_NODE: "n2"}})
    volumes = [volume("a", node_affinity=on_node("n1")), volume("b", node_affinity=on_node("n2"))]
    later = sort(mode="WaitForFirstConsumer")
    assert chosen(look(waiting, later, node("n1"), node("n2"), *volumes)) == "b"
    assert chosen(look(waiting, later, node("n2"), volumes[0])) is None


BOUND: dict[str, Any] = {"meta": {"annotations": {BIND_COMPLETED: "yes"}}, "volume_name": "v"}


@pytest.mark.parametrize(
    ("others", "reason"),
    [([], "ClaimLost"), ([volume(claim_ref=ref("other", "other"), phase="Bound")], "ClaimMisbound")],
)
def test_a_bound_claim_without_its_volume_is_lost(others: list[KubeObject], reason: str) -> None:
    actions = look(claim(**BOUND, status={"phase": "Bound"}), *others)
    assert phases(actions) == {"PersistentVolumeClaim": "Lost"}
    assert [each for each, _ in events(actions)] == [reason]
    assert look(claim(**BOUND, status={"phase": "Lost"}), *others) == ()


def test_nothing_is_done_once_both_are_bound() -> None:
    bound = claim(**BOUND, status={"phase": "Bound", "access_modes": RWO, "capacity": {"storage": Quantity("2Gi")}})
    both = (bound, volume(claim_ref=ref(), phase="Bound"))
    assert look(*both) == ()
    assert look(*both, key=Key("", "v")) == ()


def test_a_volume_without_a_claim_is_available_and_one_whose_claim_is_gone_released() -> None:
    key = Key("", "v")
    assert phases(look(volume(phase="Pending"), key=key)) == {"PersistentVolume": "Available"}
    assert phases(look(volume(phase="Released", claim_ref=ref(None)), key=key)) == {"PersistentVolume": "Available"}
    gone = look(volume(phase="Bound", claim_ref=ref()), key=key)
    assert isinstance(gone[0], ExpectGone)
    assert phases(gone) == {"PersistentVolume": "Released"}
    again = look(volume(phase="Bound", claim_ref=ref("before")), claim(), key=key)
    assert phases(again) == {"PersistentVolume": "Released"}


def test_a_volume_that_nobody_can_delete_fails_and_one_of_a_provisioner_is_left_to_it() -> None:
    orphan: dict[str, Any] = {"claim_ref": ref(), "persistent_volume_reclaim_policy": "Delete"}
    failed = look(volume(phase="Bound", **orphan), key=Key("", "v"))
    assert phases(failed) == {"PersistentVolume": "Failed"}
    assert [reason for reason, _ in events(failed)] == ["VolumeFailedDelete"]
    made = volume(phase="Bound", **orphan, meta={"annotations": {PROVISIONED_BY: "example.com/disk"}})
    assert phases(look(made, key=Key("", "v"))) == {"PersistentVolume": "Released"}


def pod(phase: str = "Running") -> Pod:
    source = PersistentVolumeClaimVolumeSource(claim_name="data")
    meta = ObjectMeta(name="p", namespace="shop", uid="p1")
    return Pod(
        metadata=meta,
        spec=PodSpec(volumes=(Volume(name="d", persistent_volume_claim=source),)),
        status=PodStatus(phase=phase),
    )


@pytest.mark.parametrize(("users", "goes"), [([], True), ([pod()], False), ([pod("Succeeded")], True)])
def test_a_claim_is_let_go_when_no_pod_uses_it(users: list[Pod], goes: bool) -> None:
    ending = claim(meta={"deletion_timestamp": NOW, "finalizers": ("kubernetes.io/pvc-protection", "mine")})
    controller = ClaimProtection()
    actions = controller.reconcile(Key("shop", "data"), State(ending, *users, controller=controller), NOW).actions
    assert [action.patch["metadata"]["finalizers"] for action in actions if isinstance(action, Patch)] == (
        [["mine"]] if goes else []
    )


@pytest.mark.parametrize(("phase", "goes"), [("Bound", False), ("Released", True), ("Available", True)])
def test_a_volume_is_let_go_when_no_claim_has_it(phase: str, goes: bool) -> None:
    ending = volume(phase=phase, meta={"deletion_timestamp": NOW, "finalizers": ("kubernetes.io/pv-protection",)})
    assert bool(VolumeProtection().reconcile(Key("", "v"), State(ending), NOW).actions) is goes


@pytest.mark.parametrize(
    ("user", "goes"),
    [
        (None, True),
        (claim(volume_attributes_class_name="silver"), True),
        (claim(volume_attributes_class_name="gold"), False),
        (claim(status={"current_volume_attributes_class_name": "gold"}), False),
        (volume(volume_attributes_class_name="gold"), False),
    ],
)
def test_an_attributes_class_is_let_go_when_nothing_has_it(user: KubeObject | None, goes: bool) -> None:
    metadata = ObjectMeta(name="gold", deletion_timestamp=NOW, finalizers=("kubernetes.io/vac-protection",))
    ending = VolumeAttributesClass(metadata=metadata, driver_name="d")
    controller = AttributesClassProtection()
    state = State(ending, *([user] if user else []), controller=controller)
    assert bool(controller.reconcile(Key("", "gold"), state, NOW).actions) is goes


def test_a_pod_gets_claims_of_its_own_and_takes_nobody_elses() -> None:
    template = PersistentVolumeClaimTemplate(metadata=ObjectMeta(labels={"a": "b"}), spec=claim().spec)
    own = Volume(name="own", ephemeral=EphemeralVolumeSource(volume_claim_template=template))
    owner = Pod(metadata=ObjectMeta(name="p", namespace="shop", uid="p1"), spec=PodSpec(volumes=(own,)))

    def look_at(*objects: KubeObject) -> tuple[Action, ...]:
        return EphemeralVolumeController().reconcile(Key("shop", "p"), State(owner, *objects), NOW).actions

    (made,) = look_at()
    assert isinstance(made, Create)
    assert made.obj.key == ("shop", "p-own")
    assert [each.uid for each in made.obj.metadata.owner_references] == ["p1"]
    assert made.obj.metadata.labels == {"a": "b"}
    mine = OwnerReference(api_version="v1", kind="Pod", name="p", uid="p1", controller=True)
    assert look_at(claim(meta={"name": "p-own", "owner_references": (mine,)})) == ()
    assert [reason for reason, _ in events(look_at(claim(meta={"name": "p-own"})))] == ["FailedBinding"]
