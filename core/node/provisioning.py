"""Making, growing and deleting volumes on this node, for the claims that ask its provisioners to. A controller per node.

Which node makes a volume: the one that was selected for the claim's first consumer, or where a class binds at once the
first that is ready, by name. A volume that was made says where it can be reached from, and so which node deletes it; one
that can be reached from everywhere is the first ready node's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, InThread, Patch, Plan
from sampan.core.contracts.provisioner import (
    BIND_COMPLETED,
    HOSTNAME,
    PROVISIONED_BY,
    PROVISIONED_FINALIZER,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
    Provisioner,
    ProvisioningFailure,
    ProvisionRequest,
)
from sampan.core.errors import SampanError
from sampan.core.model.conditions import holds
from sampan.core.model.core_v1.affinity import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.quantity import compare, value
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.reconcile.node_selector import matches_selector

RETRY_SECONDS = 15.0


class NodeProvisioning:
    """A key with a namespace is a claim, one without a volume."""

    def __init__(self, node: str, provisioners: Mapping[str, Provisioner]) -> None:
        self.name = f"volume-provisioner-{node}"
        self._node = node
        self._provisioners = provisioners

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (
            Watch(kind=PersistentVolumeClaim, keys=_claim_and_volume),
            Watch(kind=PersistentVolume),
            Watch(kind=StorageClass, keys=lambda obj, state: ()),
            Watch(kind=Node, keys=lambda obj, state: ()),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread:
        if not key.namespace:
            volume = state.get(PersistentVolume, "", key.name)
            return NOTHING if volume is None else self._volume(volume, state)
        claim = state.get(PersistentVolumeClaim, key.namespace, key.name)
        if claim is None or claim.metadata.deletion_timestamp is not None:
            return NOTHING
        return self._claim(claim, state)

    def _claim(self, claim: PersistentVolumeClaim, state: Lister) -> Plan | InThread:
        provisioner = self._provisioners.get(claim.metadata.annotations.get(STORAGE_PROVISIONER, ""))
        if provisioner is None:
            return NOTHING
        if BIND_COMPLETED in claim.metadata.annotations:
            return self._grown(claim, provisioner, state)
        storage_class = state.get(StorageClass, "", claim.spec.storage_class_name or "")
        if storage_class is None or claim.spec.volume_name or not self._is_our_turn(claim, storage_class, state):
            return NOTHING
        name = f"pvc-{claim.metadata.uid}"
        if state.get(PersistentVolume, "", name) is not None:
            return NOTHING
        return InThread(partial(self._provision, claim, storage_class, provisioner, name))

    def _is_our_turn(self, claim: PersistentVolumeClaim, storage_class: StorageClass, state: Lister) -> bool:
        selected = claim.metadata.annotations.get(SELECTED_NODE)
        if selected or storage_class.volume_binding_mode == "WaitForFirstConsumer":
            return selected == self._node
        return self._is_first(state)

    def _is_first(self, state: Lister) -> bool:
        """Of the nodes that are ready, by name: who does what any of them could."""
        ready = [node.metadata.name or "" for node in state.list(Node) if _is_ready(node)]
        return min(ready, default="") == self._node

    def _provision(
        self, claim: PersistentVolumeClaim, storage_class: StorageClass, provisioner: Provisioner, name: str
    ) -> Plan:
        size = claim.spec.resources.requests.get("storage", Quantity("0"))
        try:
            if claim.spec.volume_mode == "Block":
                raise ProvisioningFailure("raw block volumes cannot be made")
            if claim.spec.data_source is not None or claim.spec.data_source_ref is not None:
                raise ProvisioningFailure("volumes cannot be made from snapshots or other claims")
            request = ProvisionRequest(name=name, size=value(size), parameters=storage_class.parameters)
            source = provisioner.provision(request)
        except (SampanError, OSError) as exc:
            said = f'failed to provision volume with StorageClass "{storage_class.metadata.name}": {exc}'
            failed = Emit(regarding=claim, type="Warning", reason="ProvisioningFailed", message=said)
            return Plan(actions=(failed,), requeue_after=RETRY_SECONDS)
        spec = PersistentVolumeSpec(
            capacity={"storage": size},
            access_modes=claim.spec.access_modes,
            claim_ref=ObjectReference(
                api_version="v1",
                kind="PersistentVolumeClaim",
                namespace=claim.metadata.namespace,
                name=claim.metadata.name,
                uid=claim.metadata.uid,
                resource_version=claim.metadata.resource_version,
            ),
            persistent_volume_reclaim_policy=storage_class.reclaim_policy or "Delete",
            storage_class_name=storage_class.metadata.name,
            volume_mode="Filesystem",
            mount_options=storage_class.mount_options,
            node_affinity=self._reach() if provisioner.node_bound else None,
            **source,
        )
        meta = ObjectMeta(
            name=name, annotations={PROVISIONED_BY: provisioner.name}, finalizers=(PROVISIONED_FINALIZER,)
        )
        said = f"Successfully provisioned volume {name}"
        done = Emit(regarding=claim, reason="ProvisioningSucceeded", message=said)
        made = Create(obj=PersistentVolume(metadata=meta, spec=spec), ignore_exists=True, then=done)
        return Plan(actions=(made,))

    def _reach(self) -> VolumeNodeAffinity:
        here = NodeSelectorRequirement(key=HOSTNAME, operator="In", values=(self._node,))
        return VolumeNodeAffinity(
            required=NodeSelector(node_selector_terms=(NodeSelectorTerm(match_expressions=(here,)),))
        )

    def _grown(self, claim: PersistentVolumeClaim, provisioner: Provisioner, state: Lister) -> Plan | InThread:
        wanted = claim.spec.resources.requests.get("storage", "0")
        volume = state.get(PersistentVolume, "", claim.spec.volume_name or "")
        if volume is None or not self._is_ours(volume, state):
            return NOTHING
        has = claim.status.capacity.get("storage")
        if has is None or (compare(wanted, has) <= 0 and compare(wanted, volume.spec.capacity["storage"]) <= 0):
            return NOTHING
        return InThread(partial(_grow, claim, volume, provisioner))

    def _volume(self, volume: PersistentVolume, state: Lister) -> Plan | InThread:
        provisioner = self._provisioners.get(volume.metadata.annotations.get(PROVISIONED_BY, ""))
        if provisioner is None or not self._is_ours(volume, state):
            return NOTHING
        is_released = volume.status.phase in ("Released", "Failed")
        is_deleted = volume.metadata.deletion_timestamp is not None
        if volume.spec.persistent_volume_reclaim_policy != "Delete":
            # What it holds is kept; a volume that a person deletes goes.
            return Plan(actions=(_let_go(volume),)) if is_deleted and _is_held(volume) else NOTHING
        if is_released and not is_deleted:
            return InThread(partial(_delete, volume, provisioner))
        if is_deleted and _is_held(volume) and volume.status.phase != "Bound":
            return InThread(partial(_delete, volume, provisioner))
        return NOTHING

    def _is_ours(self, volume: PersistentVolume, state: Lister) -> bool:
        """By the node affinity that it was made with; the node itself may not be in the cache yet."""
        affinity = volume.spec.node_affinity
        if affinity is None:
            return self._is_first(state)
        node = state.get(Node, "", self._node)
        return bool(node and affinity and affinity.required and matches_selector(affinity.required, node))


def _grow(claim: PersistentVolumeClaim, volume: PersistentVolume, provisioner: Provisioner) -> Plan:
    wanted = claim.spec.resources.requests["storage"]
    try:
        provisioner.expand(volume, value(wanted))
    except (SampanError, OSError) as exc:
        said = f'error expanding volume "{claim.metadata.namespace}/{claim.metadata.name}": {exc}'
        failed = Emit(regarding=claim, type="Warning", reason="VolumeResizeFailed", message=said)
        return Plan(actions=(failed,), requeue_after=RETRY_SECONDS)
    namespace, name = claim.key
    capacity = {"storage": wanted}
    grown: tuple[Action, ...] = (
        Patch(
            kind=PersistentVolume, namespace="", name=volume.metadata.name or "", patch={"spec": {"capacity": capacity}}
        ),
        Patch(
            kind=PersistentVolumeClaim,
            namespace=namespace,
            name=name,
            patch={"status": {"capacity": capacity}},
            subresource="status",
        ),
        Emit(regarding=claim, reason="FileSystemResizeSuccessful", message="MountVolume.NodeExpandVolume succeeded"),
    )
    return Plan(actions=grown)


def _delete(volume: PersistentVolume, provisioner: Provisioner) -> Plan:
    try:
        provisioner.delete(volume)
    except (SampanError, OSError) as exc:
        failed = Emit(regarding=volume, type="Warning", reason="VolumeFailedDelete", message=str(exc))
        return Plan(actions=(failed,), requeue_after=RETRY_SECONDS)
    gone = Delete(kind=PersistentVolume, namespace="", name=volume.metadata.name or "", uid=volume.metadata.uid)
    return Plan(actions=(gone, _let_go(volume)))


def _is_held(volume: PersistentVolume) -> bool:
    return PROVISIONED_FINALIZER in volume.metadata.finalizers


def _let_go(volume: PersistentVolume) -> Patch:
    left = [each for each in volume.metadata.finalizers if each != PROVISIONED_FINALIZER]
    change = {"metadata": {"finalizers": left}}
    return Patch(kind=PersistentVolume, namespace="", name=volume.metadata.name or "", patch=change)


def _is_ready(node: Node) -> bool:
    return holds(node.status.conditions, "Ready")


def _claim_and_volume(obj: KubeObject, state: Lister) -> Iterable[Key]:
    yield Key(*obj.key)
