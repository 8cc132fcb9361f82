"""Where a pod's claims let it run: claims that are there, volumes that the node can reach, one pod at a time where asked.

A claim that waits for its first consumer is no obstacle: the node that is chosen is written on it before the bind
(`Placed.before`), and the volume comes to be there.
https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import attrs

from sampan.core.contracts.plan import Patch
from sampan.core.contracts.provisioner import BIND_COMPLETED, SELECTED_NODE
from sampan.core.contracts.scheduler import Change, ClusterState, GroupedPlugin, Judge, NodeState, Refusal
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.pod_claims import claim_name, claims_of, is_made_for
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.reconcile.node_selector import matches_selector

Claims = Sequence[PersistentVolumeClaim]
ONE_POD = "ReadWriteOncePod"


class VolumeBinding(GroupedPlugin):
    name = "VolumeBinding"
    weight = 0
    helped_by = Change.STORAGE | Change.NODE_ADDED | Change.NODE_LABELS

    def sign(self, pod: Pod) -> Hashable:
        """Pods with claims of their own are groups of their own."""
        names = tuple(claims_of(pod))
        return (pod.metadata.namespace, names, pod.metadata.uid if _wants_own(pod) else None) if names else None

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        if not any(claims_of(pod)):
            return None
        found = _claims(pod, state)
        if isinstance(found, str):
            return _Never(found)
        classes = _by_name(state.extra.get(StorageClass, ()))
        for claim in found:
            if BIND_COMPLETED not in claim.metadata.annotations and not _waits(claim, classes):
                return _Never("pod has unbound immediate PersistentVolumeClaims")
        volumes = _by_name(state.extra.get(PersistentVolume, ()))
        named = [volumes.get(claim.spec.volume_name or "") for claim in found if claim.spec.volume_name]
        chosen = {claim.metadata.annotations.get(SELECTED_NODE, "") for claim in found if not claim.spec.volume_name}
        return _Reachable([each for each in named if isinstance(each, PersistentVolume)], chosen - {""})

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Patch]:
        """Tell the claims that wait where their first consumer will run."""
        found = _claims(pod, state) if any(claims_of(pod)) else ()
        for claim in () if isinstance(found, str) else found:
            if not claim.spec.volume_name and claim.metadata.annotations.get(SELECTED_NODE) != node.name:
                namespace, name = claim.key
                change = {"metadata": {"annotations": {SELECTED_NODE: node.name}}}
                yield Patch(kind=PersistentVolumeClaim, namespace=namespace, name=name, patch=change)


class VolumeRestrictions(GroupedPlugin):
    """``ReadWriteOncePod``: one pod in the whole cluster."""

    name = "VolumeRestrictions"
    weight = 0
    helped_by = Change.POD_LEFT | Change.STORAGE

    def sign(self, pod: Pod) -> Hashable:
        return (pod.metadata.namespace, tuple(claims_of(pod)), pod.spec.priority)

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        names = set(claims_of(pod))
        namespace = pod.metadata.namespace
        exclusive = {
            claim.metadata.name
            for claim in state.extra.get(PersistentVolumeClaim, ())
            if isinstance(claim, PersistentVolumeClaim)
            and claim.metadata.namespace == namespace
            and claim.metadata.name in names
            and ONE_POD in claim.spec.access_modes
        }
        return _Exclusive(namespace or "", exclusive) if exclusive else None


@attrs.define
class _Never(Judge):
    reason: str
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        return Refusal(self.reason, of_pod=True)


@attrs.define
class _Reachable(Judge):
    volumes: list[PersistentVolume]
    chosen: set[str]
    """Nodes that were chosen already for claims without a volume: another would come too late."""
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        for volume in self.volumes:
            affinity = volume.spec.node_affinity
            if affinity and affinity.required and not matches_selector(affinity.required, node.node):
                return Refusal("node(s) didn't match PersistentVolume's node affinity")
        if self.chosen - {node.name}:
            return Refusal("node(s) didn't match PersistentVolume's node affinity")
        return None


@attrs.define
class _Exclusive(Judge):
    namespace: str
    claims: set[str]
    users: dict[str, bool] = attrs.field(factory=dict)
    """Node → whether a pod there uses one of them."""
    filters = is_wide = True

    def update(self, name: str, node: NodeState | None) -> None:
        self.users[name] = node is not None and any(
            pod.metadata.namespace == self.namespace and not self.claims.isdisjoint(claims_of(pod)) for pod in node.pods
        )

    def refuses(self, node: NodeState) -> Refusal | None:
        if any(self.users.values()):
            said = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
            return Refusal(said, preemption_helps=self.users.get(node.name, False))
        return None


def _claims(pod: Pod, state: ClusterState) -> Claims | str:
    """Those of the pod's volumes, or why there are not all of them."""
    namespace = pod.metadata.namespace
    known = {
        claim.metadata.name: claim
        for claim in state.extra.get(PersistentVolumeClaim, ())
        if isinstance(claim, PersistentVolumeClaim) and claim.metadata.namespace == namespace
    }
    found = []
    for volume in pod.spec.volumes:
        name = claim_name(pod, volume)
        if name is None:
            continue
        claim = known.get(name)
        if claim is None:
            if volume.ephemeral is not None:
                return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
            return f'persistentvolumeclaim "{name}" not found'
        if volume.ephemeral is not None and not is_made_for(claim.metadata.owner_references, pod):
            return f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.metadata.name} (pod is not owner)"
        if claim.status.phase == "Lost":
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.spec.volume_name}"'
        if claim.metadata.deletion_timestamp is not None:
            return f'persistentvolumeclaim "{name}" is being deleted'
        found.append(claim)
    return found


def _waits(claim: PersistentVolumeClaim, classes: Mapping[str, object]) -> bool:
    found = classes.get(claim.spec.storage_class_name or "")
    return isinstance(found, StorageClass) and found.volume_binding_mode == "WaitForFirstConsumer"


def _wants_own(pod: Pod) -> bool:
    return any(volume.ephemeral is not None for volume in pod.spec.volumes)


def _by_name(objects: Iterable[object]) -> dict[str, object]:
    return {each.metadata.name or "": each for each in objects if isinstance(each, KubeObject)}
