"""Where a pod's claims let it run, and when it may be bound there."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.provisioner import BIND_COMPLETED, SELECTED_NODE
from sampan.core.contracts.scheduler import Placed, Ready, Unschedulable
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire
from sampan.plugins.schedulers.default import DefaultScheduler
from sampan.plugins.schedulers.volumes import VolumeBinding, VolumeRestrictions
from tests.plugins.schedulers.cases import node, pod, state

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NOTHING_FREE = "node(s) didn't find available persistent volumes to bind"


def claim(
    name: str = "data", *, volume: str = "", at: str = "", sort: str = "later", **more: Any
) -> PersistentVolumeClaim:
    annotations = {**({BIND_COMPLETED: "yes"} if volume else {}), **({SELECTED_NODE: at} if at else {})}
    spec = {
        "storageClassName": sort,
        "accessModes": [more.pop("mode", "ReadWriteOnce")],
        "resources": {"requests": {"storage": "1Gi"}},
        **({"volumeName": volume} if volume else {}),
    }
    status = {"phase": more.pop("phase", "Bound" if volume else "Pending")}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "annotations": annotations, **more}
    return from_wire(PersistentVolumeClaim, {"metadata": metadata, "spec": spec, "status": status})


def volume(name: str, on: str = "", sort: str = "later", size: str = "1Gi", **more: Any) -> PersistentVolume:
    term = {"matchExpressions": [{"key": "host", "operator": "In", "values": [on]}]}
    affinity = {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}} if on else {}
    spec = {
        "storageClassName": sort,
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        **affinity,
        **more,
    }
    return from_wire(PersistentVolume, {"metadata": {"name": name}, "spec": spec})


def storage_class(name: str, mode: str, provisioner: str = "boats.example.com", zone: str = "") -> StorageClass:
    topologies = [{"matchLabelExpressions": [{"key": "host", "values": [zone]}]}] if zone else []
    wire = {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode}
    return from_wire(StorageClass, {**wire, "allowedTopologies": topologies})


LATER = storage_class("later", "WaitForFirstConsumer")
AT_ONCE = storage_class("at-once", "Immediate")
LOCAL = storage_class("later", "WaitForFirstConsumer", "kubernetes.io/no-provisioner")
ONLY_B = storage_class("later", "WaitForFirstConsumer", zone="b")


def user(*names: str) -> Pod:
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names or ("data",)]
    return pod("p", volumes=volumes)


def cluster(*objects: Any) -> Snapshot:
    made = state(node("a", labels={"host": "a"}), node("b", labels={"host": "b"}))
    kinds = (PersistentVolumeClaim, PersistentVolume, StorageClass)
    made.set_extra({kind: tuple(each for each in objects if isinstance(each, kind)) for kind in kinds})
    return made


def refusals(asked: Pod, cluster: Snapshot) -> list[str | None]:
    """What each node is refused with, ``a`` first."""
    concern = VolumeBinding()
    said = [concern.filter(asked, each, cluster) for each in cluster.nodes]
    return [None if each is None else each.reason for each in said]


@pytest.mark.parametrize(
    ("objects", "on_a", "on_b"),
    [
        ([], 'persistentvolumeclaim "data" not found', 'persistentvolumeclaim "data" not found'),
        ([claim(sort="at-once"), AT_ONCE], UNBOUND, UNBOUND),
        ([claim(sort="unknown")], UNBOUND, UNBOUND),
        ([claim(), LATER], None, None),
        ([claim(), ONLY_B], NOTHING_FREE, None),
        ([claim(at="b"), LATER], CONFLICT, None),
        ([claim(volume="v"), volume("v")], None, None),
        ([claim(volume="v"), volume("v", on="b")], CONFLICT, None),
        # nobody makes volumes of this class: the node needs a free one that suits
        ([claim(), LOCAL], NOTHING_FREE, NOTHING_FREE),
        ([claim(), LOCAL, volume("v", on="b")], NOTHING_FREE, None),
        ([claim(), LOCAL, volume("v", on="b", size="500Mi")], NOTHING_FREE, NOTHING_FREE),
        ([claim(), LOCAL, volume("v", on="b", sort="other")], NOTHING_FREE, NOTHING_FREE),
        ([claim(), LOCAL, volume("v", on="b", claimRef={"namespace": "x", "name": "y"})], NOTHING_FREE, NOTHING_FREE),
        (
            [claim(deletionTimestamp="2030-01-01T00:00:00Z"), LATER],
            *['persistentvolumeclaim "data" is being deleted'] * 2,
        ),
    ],
)
def test_nodes_by_what_the_claim_is(objects: list[Any], on_a: str | None, on_b: str | None) -> None:
    assert refusals(user(), cluster(*objects)) == [on_a, on_b]


def test_two_claims_do_not_count_on_the_same_volume() -> None:
    both = [claim("one"), claim("two"), LOCAL]
    one_each = [volume("v", on="a"), volume("w", on="b"), volume("x", on="b")]
    assert refusals(user("one", "two"), cluster(*both, *one_each)) == [NOTHING_FREE, None]


def test_a_claim_of_one_pod_alone_is_not_shared() -> None:
    made = cluster(claim(volume="v", mode="ReadWriteOncePod"))
    made.assume(pod("first", volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]), "a")
    concern = VolumeRestrictions()
    said = [concern.filter(user(), each, made) for each in made.nodes]
    assert [each is not None and each.preemption_helps for each in said] == [True, False]


def test_a_pod_is_held_until_its_claims_are_bound() -> None:
    scheduler = DefaultScheduler([VolumeBinding()])
    asked, made = user(), cluster(claim(), LATER)
    verdict = scheduler.place(asked, made)
    assert isinstance(verdict, Placed)
    assert verdict.held
    assert [action.patch for action in verdict.before] == [  # type: ignore[union-attr]
        {"metadata": {"annotations": {SELECTED_NODE: verdict.node}}}
    ]


@pytest.mark.parametrize(
    ("found", "ready"),
    [
        (claim(volume="v"), Ready.YES),
        (claim(at="a"), Ready.NOT_YET),
        (claim(at="b"), Ready.NO_MORE),
        (claim(), Ready.NO_MORE),  # the volume could not be made there
        (claim("other"), Ready.NO_MORE),
    ],
)
def test_when_a_held_pod_may_go_on(found: PersistentVolumeClaim, ready: Ready) -> None:
    made = cluster(found, volume("v"), LATER)
    assert DefaultScheduler([VolumeBinding()]).ready(user(), "a", made) is ready


def test_a_pod_whose_claims_are_bound_is_not_held() -> None:
    verdict = DefaultScheduler([VolumeBinding()]).place(user(), cluster(claim(volume="v"), volume("v", on="b")))
    assert verdict == Placed(node="b")


def test_what_nobody_has_is_said_of_every_node() -> None:
    verdict = DefaultScheduler([VolumeBinding()]).place(user(), cluster(claim(), LOCAL))
    assert isinstance(verdict, Unschedulable)
    assert verdict.message.startswith(f"0/2 nodes are available: 2 {NOTHING_FREE}.")
