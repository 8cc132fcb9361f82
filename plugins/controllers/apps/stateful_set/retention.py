"""Whom a StatefulSet's claims belong to, by their retention policy. Pure.

A claim that goes with the set is owned by the set, one that goes with a pod that is scaled away by that pod; the garbage
collector does the rest. Claims of another controller, or of a namesake that is gone, are let be.
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sampan.core.contracts.plan import Action, Patch
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta_v1.object_meta import OwnerReference
from sampan.core.schema.codec import to_wire
from sampan.plugins.controllers.apps.stateful_set.identity import claim_name
from sampan.plugins.controllers.ownership import controller_reference


def changed_owners(
    owner: StatefulSet,
    pod: Pod,
    ordinal: int,
    claims: Mapping[str, PersistentVolumeClaim],
    *,
    scaled_away: bool = False,
) -> list[Action]:
    """For the claims of one pod that are there, by name, and do not belong to whom they should."""
    actions: list[Action] = []
    for template in owner.spec.volume_claim_templates:
        claim = claims.get(claim_name(owner, template, ordinal))
        if claim is None:
            continue
        before = claim.metadata.owner_references
        after = wanted_owners(before, owner, pod, scaled_away=scaled_away)
        if after != before:
            references = [to_wire(each) for each in after]
            patch = {"metadata": {"resourceVersion": claim.metadata.resource_version, "ownerReferences": references}}
            namespace, name = claim.key
            actions.append(Patch(kind=PersistentVolumeClaim, namespace=namespace, name=name, patch=patch))
    return actions


def wanted_owners(
    before: Sequence[OwnerReference], owner: StatefulSet, pod: Pod, *, scaled_away: bool
) -> tuple[OwnerReference, ...]:
    """The owners that a claim with the owners ``before`` should have."""
    before = tuple(before)
    ours = (controller_reference(owner), controller_reference(pod))
    mine = [each for each in before if any(_is_called(each, one) for one in ours)]
    others = tuple(each for each in before if each not in mine)
    if any(each.uid not in (ours[0].uid, ours[1].uid) for each in mine):
        return before
    wanted = () if _retains(owner) else tuple(_wanted(owner, *ours, scaled_away=scaled_away))
    if not _retains(owner) and any(each.controller for each in others):
        wanted = ()
    if {each.uid for each in mine} == {each.uid for each in wanted} and all(each.controller for each in mine):
        return before
    return (*others, *wanted)


def _retains(owner: StatefulSet) -> bool:
    policy = owner.spec.persistent_volume_claim_retention_policy
    return policy is None or "Delete" not in (policy.when_scaled, policy.when_deleted)


def _wanted(
    owner: StatefulSet, of_set: OwnerReference, of_pod: OwnerReference, *, scaled_away: bool
) -> Iterable[OwnerReference]:
    policy = owner.spec.persistent_volume_claim_retention_policy
    if policy is None:
        return
    if scaled_away and policy.when_scaled == "Delete":
        yield of_pod
    elif policy.when_deleted == "Delete":
        yield of_set


def _is_called(reference: OwnerReference, as_one: OwnerReference) -> bool:
    """Whether both are of one kind and name."""
    return (reference.api_version, reference.kind, reference.name) == (as_one.api_version, as_one.kind, as_one.name)
