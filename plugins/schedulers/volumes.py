"""Where a pod's claims let it run: claims that are there, volumes that the node can reach, one pod at a time where asked.

A claim that waits for its first consumer is no obstacle: the node that is chosen is written on it before the bind
(`Placed.before`), and the volume comes to be there.
https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import attrs

from sampan.core.classes import define, frozen
from sampan.core.contracts.plan import Patch
from sampan.core.contracts.provisioner import BIND_COMPLETED, SELECTED_NODE
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Ready, Refusal
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.topology_selector import TopologySelectorTerm
from sampan.core.model.pod_claims import claim_name, claims_of, is_made_for
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.plugins.controllers.storage.matching import best_match, is_reachable, why_not

Claims = Sequence[PersistentVolumeClaim]
ONE_POD = "ReadWriteOncePod"


class VolumeBinding(GroupedPlugin):
    name = "VolumeBinding"
    weight = 0
    helped_by = Change.STORAGE | Change.NODE_ADDED | Change.NODE_LABELS
    follows_from = (PersistentVolumeClaim, PersistentVolume, StorageClass)

    def sign(self, pod: Pod) -> Hashable:
        """Pods with claims of their own are groups of their own."""
        names = tuple(claims_of(pod))
        return (pod.metadata.namespace, names, pod.metadata.uid if _wants_own(pod) else None) if names else None

    def looks_at(self, pod: Pod) -> Sequence[type] | None:
        return self.follows_from if any(claims_of(pod)) else ()

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        if not any(claims_of(pod)):
            return None
        found = _claims(pod, state)
        if isinstance(found, str):
            return _Never(found)
        for claim in found:
            if BIND_COMPLETED not in claim.metadata.annotations and not _waits(claim, state):
                return _Never("pod has unbound immediate PersistentVolumeClaims")
        named = [state.get(PersistentVolume, "", claim.spec.volume_name) for claim in found if claim.spec.volume_name]
        chosen = {claim.metadata.annotations.get(SELECTED_NODE, "") for claim in found if not claim.spec.volume_name}
        wanted = [_wanted(claim, state) for claim in found if not claim.spec.volume_name]
        return _Reachable([each for each in named if each is not None], chosen - {""}, wanted)

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Patch]:
        """Tell the claims that wait where their first consumer will run."""
        found = _claims(pod, state) if any(claims_of(pod)) else ()
        for claim in () if isinstance(found, str) else found:
            if not claim.spec.volume_name and claim.metadata.annotations.get(SELECTED_NODE) != node.name:
                namespace, name = claim.key
                change = {"metadata": {"annotations": {SELECTED_NODE: node.name}}}
                yield Patch(kind=PersistentVolumeClaim, namespace=namespace, name=name, patch=change)

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        """A pod is bound once its claims are: a volume that cannot come to be there must not keep it on that node."""
        found = _claims(pod, state) if any(claims_of(pod)) else ()
        if isinstance(found, str):
            return Ready.NO_MORE
        waiting = [claim for claim in found if BIND_COMPLETED not in claim.metadata.annotations]
        if any(claim.metadata.annotations.get(SELECTED_NODE, node) != node for claim in waiting):
            return Ready.NO_MORE
        if any(not claim.spec.volume_name and SELECTED_NODE not in claim.metadata.annotations for claim in waiting):
            return Ready.NO_MORE  # whoever was to make the volume has given the node back
        return Ready.NOT_YET if waiting else Ready.YES


class VolumeRestrictions(GroupedPlugin):
    """``ReadWriteOncePod``: one pod in the whole cluster."""

    name = "VolumeRestrictions"
    weight = 0
    helped_by = Change.POD_LEFT | Change.STORAGE
    follows_from = (PersistentVolumeClaim,)

    def sign(self, pod: Pod) -> Hashable:
        return (pod.metadata.namespace, tuple(claims_of(pod)), pod.spec.priority)

    def looks_at(self, pod: Pod) -> Sequence[type] | None:
        return self.follows_from if any(claims_of(pod)) else ()

    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        namespace = pod.metadata.namespace or ""
        claims = [state.get(PersistentVolumeClaim, namespace, name) for name in claims_of(pod)]
        exclusive = {claim.metadata.name or "" for claim in claims if claim and ONE_POD in claim.spec.access_modes}
        return _Exclusive(namespace, exclusive) if exclusive else None


@define
class _Never(Judge):
    reason: str
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        return Refusal(self.reason, of_pod=True)


NO_PROVISIONER = "kubernetes.io/no-provisioner"
CONFLICT = Refusal("node(s) didn't match PersistentVolume's node affinity")
NOTHING_FREE = Refusal("node(s) didn't find available persistent volumes to bind")


@frozen
class _Wanted:
    """A claim that waits for its first consumer: the volumes that would do, and where one may be made."""

    claim: PersistentVolumeClaim
    candidates: tuple[PersistentVolume, ...]
    can_be_made: bool
    topologies: tuple[TopologySelectorTerm, ...]

    def found_on(self, node: Node, taken: set[str]) -> bool:
        """Whether the node has a volume for it, or may get one. ``taken`` are those that other claims of the pod get."""
        free = [each for each in self.candidates if each.metadata.name not in taken]
        if (match := best_match(self.claim, free, node)) is not None:
            taken.add(match.metadata.name or "")
            return True
        return self.can_be_made and _is_allowed(self.topologies, node)


@define
class _Reachable(Judge):
    volumes: list[PersistentVolume]
    chosen: set[str]
    """Nodes that were chosen already for claims without a volume: another would come too late."""
    wanted: list[_Wanted]
    filters = True

    def refuses(self, node: NodeState) -> Refusal | None:
        if self.chosen - {node.name} or not all(is_reachable(volume, node.node) for volume in self.volumes):
            return CONFLICT
        taken: set[str] = set()
        return None if all(each.found_on(node.node, taken) for each in self.wanted) else NOTHING_FREE


def _wanted(claim: PersistentVolumeClaim, state: ClusterState) -> _Wanted:
    volumes = state.extra.get(PersistentVolume, ())
    candidates = tuple(each for each in volumes if isinstance(each, PersistentVolume) and why_not(each, claim) is None)
    made_by = state.get(StorageClass, "", claim.spec.storage_class_name or "")
    if made_by is None:
        return _Wanted(claim, candidates, False, ())
    return _Wanted(claim, candidates, made_by.provisioner != NO_PROVISIONER, made_by.allowed_topologies)


def _is_allowed(topologies: Iterable[TopologySelectorTerm], node: Node) -> bool:
    """Whether the class lets volumes be made there: one of the terms holds, or there is none."""
    terms = tuple(topologies)
    return not terms or any(
        all(node.metadata.labels.get(each.key) in each.values for each in term.match_label_expressions)
        for term in terms
    )


@define
class _Exclusive(Judge):
    namespace: str
    claims: set[str]
    users: set[str] = attrs.field(factory=set)
    """Nodes where a pod uses one of them."""
    filters = is_wide = has_sorts = True

    def sort(self, node: NodeState) -> Hashable:
        return node.name in self.users

    def update(self, name: str, node: NodeState | None) -> None:
        if node is not None and any(map(self._uses, node.pods)):
            self.users.add(name)
        else:
            self.users.discard(name)

    def refuses(self, node: NodeState) -> Refusal | None:
        if self.users:
            said = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
            return Refusal(said, preemption_helps=node.name in self.users)
        return None

    def _uses(self, pod: Pod) -> bool:
        return pod.metadata.namespace == self.namespace and not self.claims.isdisjoint(claims_of(pod))


def _claims(pod: Pod, state: ClusterState) -> Claims | str:
    """Those of the pod's volumes, or why there are not all of them."""
    namespace = pod.metadata.namespace or ""
    found = []
    for volume in pod.spec.volumes:
        name = claim_name(pod, volume)
        if name is None:
            continue
        claim = state.get(PersistentVolumeClaim, namespace, name)
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


def _waits(claim: PersistentVolumeClaim, state: ClusterState) -> bool:
    found = state.get(StorageClass, "", claim.spec.storage_class_name or "")
    return found is not None and found.volume_binding_mode == "WaitForFirstConsumer"


def _wants_own(pod: Pod) -> bool:
    return any(volume.ephemeral is not None for volume in pod.spec.volumes)
