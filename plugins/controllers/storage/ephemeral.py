"""``ephemeral-volume-controller``: a claim for each volume that a pod wants of its own, gone with the pod. Pure decisions.

https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Create, Emit, Plan
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.pod_claims import claim_name, is_made_for
from sampan.core.reconcile.pods import is_finished


class EphemeralVolumeController:
    name = "ephemeral-volume-controller"

    @property
    def watches(self) -> tuple[Watch, ...]:
        return (Watch(kind=Pod), Watch(kind=PersistentVolumeClaim, keys=_owner))

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        pod = state.get(Pod, key.namespace, key.name)
        if pod is None or pod.metadata.deletion_timestamp or is_finished(pod):
            return NOTHING
        wanted = [volume for volume in pod.spec.volumes if volume.ephemeral is not None]
        return Plan(actions=tuple(action for volume in wanted for action in _claim(pod, volume, state)))


def _claim(pod: Pod, volume: Volume, state: Lister) -> Iterable[Action]:
    template = volume.ephemeral.volume_claim_template if volume.ephemeral else None
    name = claim_name(pod, volume) or ""
    if template is None:
        return
    found = state.get(PersistentVolumeClaim, pod.metadata.namespace or "", name)
    if found is None:
        owner = OwnerReference(
            api_version="v1",
            kind="Pod",
            name=pod.metadata.name or "",
            uid=pod.metadata.uid or "",
            controller=True,
            block_owner_deletion=True,
        )
        meta = ObjectMeta(
            name=name,
            namespace=pod.metadata.namespace,
            labels=template.metadata.labels,
            annotations=template.metadata.annotations,
            owner_references=(owner,),
        )
        yield Create(obj=PersistentVolumeClaim(metadata=meta, spec=template.spec), ignore_exists=True)
    elif not is_made_for(found.metadata.owner_references, pod):
        said = (
            f"PVC {pod.metadata.namespace}/{name} was not created for pod {pod.metadata.namespace}/{pod.metadata.name}"
            " (pod is not owner)"
        )
        yield Emit(
            regarding=pod, type="Warning", reason="FailedBinding", message=f"ephemeral volume {volume.name}: {said}"
        )


def _owner(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for owner in obj.metadata.owner_references:
        if owner.kind == "Pod" and owner.controller:
            yield Key(obj.metadata.namespace or "", owner.name)
