"""What a StatefulSet's pod is: its name, its place in the network, and its claims. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sampan.core.contracts.plan import Action, Create, Emit
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod, PodTemplateSpec
from sampan.core.model.core_v1.volume import PersistentVolumeClaimVolumeSource, Volume
from sampan.core.model.meta import evolve
from sampan.plugins.controllers.apps.history import HASH
from sampan.plugins.controllers.ownership import controller_reference
from sampan.plugins.controllers.replicas import pod_of

NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"


def start_of(owner: StatefulSet) -> int:
    return owner.spec.ordinals.start if owner.spec.ordinals else 0


def name_of(owner: StatefulSet, ordinal: int) -> str:
    return f"{owner.metadata.name}-{ordinal}"


def ordinal_of(owner: StatefulSet, pod: Pod) -> int | None:
    """``None`` for a pod that is none of the set's by its name."""
    prefix, _, number = (pod.metadata.name or "").rpartition("-")
    return int(number) if prefix == owner.metadata.name and number.isascii() and number.isdigit() else None


def pod_at(owner: StatefulSet, ordinal: int, template: PodTemplateSpec, revision: str) -> Pod:
    pod = pod_of(owner, template)
    name = name_of(owner, ordinal)
    labels = {**pod.metadata.labels, NAME_LABEL: name, INDEX_LABEL: str(ordinal), HASH: revision}
    claimed = {each.metadata.name: claim_name(owner, each, ordinal) for each in owner.spec.volume_claim_templates}
    volumes = [each for each in pod.spec.volumes if each.name not in claimed]
    volumes += [
        Volume(name=volume or "", persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=claim))
        for volume, claim in claimed.items()
    ]
    spec = evolve(pod.spec, hostname=name, subdomain=owner.spec.service_name or None, volumes=tuple(volumes))
    return evolve(pod, metadata=evolve(pod.metadata, name=name, labels=labels), spec=spec)


def claim_name(owner: StatefulSet, template: PersistentVolumeClaim, ordinal: int) -> str:
    return f"{template.metadata.name}-{name_of(owner, ordinal)}"


def missing_claims(owner: StatefulSet, ordinal: int, there: Iterable[PersistentVolumeClaim]) -> list[Action]:
    """Claims that a pod needs before it is made; with the set's own, where they are to go with it."""
    known = {each.metadata.name for each in there}
    policy = owner.spec.persistent_volume_claim_retention_policy
    owners = (controller_reference(owner),) if policy and policy.when_deleted == "Delete" else ()
    actions: list[Action] = []
    for template in owner.spec.volume_claim_templates:
        name = claim_name(owner, template, ordinal)
        if name in known:
            continue
        metadata = evolve(
            template.metadata,
            name=name,
            namespace=owner.metadata.namespace,
            labels={**template.metadata.labels, **owner.spec.selector.match_labels},
            owner_references=owners,
        )
        said = f"create Claim {name} Pod {name_of(owner, ordinal)} in StatefulSet {owner.metadata.name} success"
        event = Emit(regarding=owner, reason="SuccessfulCreate", message=said)
        actions.append(Create(obj=evolve(template, metadata=metadata), ignore_exists=True, then=event))
    return actions
