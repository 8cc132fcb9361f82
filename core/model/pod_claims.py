"""Which claims a pod's volumes stand for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.volume import Volume


def claim_name(pod: Pod, volume: Volume) -> str | None:
    """The claim that the volume names, or that is made for it; ``None`` for volumes of other sorts."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    if volume.ephemeral is not None:
        return f"{pod.metadata.name}-{volume.name}"
    return None


def claims_of(pod: Pod) -> Iterable[str]:
    for volume in pod.spec.volumes:
        if name := claim_name(pod, volume):
            yield name


def is_made_for(claim_owners: Iterable[object], pod: Pod) -> bool:
    """Whether one of the owners, as a controller, is this very pod: a claim of the same name may be somebody else's."""
    return any(
        getattr(owner, "uid", None) == pod.metadata.uid and getattr(owner, "controller", False)
        for owner in claim_owners
    )
