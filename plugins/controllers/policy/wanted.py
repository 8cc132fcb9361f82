"""How many pods those who control a budget's pods want to have. Pure, but for `read_scales`.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Lister
from sampan.core.contracts.plan import Reads
from sampan.core.errors import ApiError, NotFound
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.replication_controller import ReplicationController
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import EMPTY
from sampan.core.model.meta_v1.object_meta import OwnerReference
from sampan.plugins.controllers.ownership import controller_of, refers_to
from sampan.plugins.controllers.referred_kinds import NoTarget

Sizes = Mapping[str, int]
"""How many pods a controller wants, by its uid."""


class NotCountable(Exception):
    """Nobody can say how many pods there should be; the text is Kubernetes'."""


@frozen
class Owners:
    """Who controls some pods: those whose size is known, and those that must be asked for their scale."""

    sizes: Sizes = EMPTY
    others: tuple[tuple[str, OwnerReference], ...] = ()
    """A pod's name and its controller, one for each controller."""
    unmanaged: tuple[str, ...] = ()
    """The pods that nobody controls: they do not count."""


def owners_of(pods: Sequence[Pod], state: Lister) -> Owners:
    sizes: dict[str, int] = {}
    others: dict[str, tuple[str, OwnerReference]] = {}
    unmanaged: list[str] = []
    for pod in pods:
        reference = controller_of(pod)
        if reference is None:
            unmanaged.append(pod.metadata.name or "")
        elif (owner := _sized(reference, pod.metadata.namespace or "", state)) is not None:
            sizes[owner.metadata.uid or ""] = 1 if owner.spec.replicas is None else owner.spec.replicas
        else:
            others.setdefault(reference.uid, (pod.metadata.name or "", reference))
    return Owners(sizes, tuple(others.values()), tuple(unmanaged))


def _sized(
    reference: OwnerReference, namespace: str, state: Lister
) -> Deployment | ReplicaSet | ReplicationController | StatefulSet | None:
    """The controller with a size in its spec; for a Deployment's ReplicaSet the Deployment."""
    if refers_to(reference, ReplicaSet):
        replica_set = state.get(ReplicaSet, namespace, reference.name)
        if replica_set is None or replica_set.metadata.uid != reference.uid:
            return None
        above = controller_of(replica_set)
        if above is None or not refers_to(above, Deployment):
            return replica_set
        deployment = state.get(Deployment, namespace, above.name)
        return deployment if deployment is not None and deployment.metadata.uid == above.uid else None
    owner: ReplicationController | StatefulSet | None = None
    if refers_to(reference, StatefulSet):
        owner = state.get(StatefulSet, namespace, reference.name)
    elif refers_to(reference, ReplicationController):
        owner = state.get(ReplicationController, namespace, reference.name)
    return owner if owner is not None and owner.metadata.uid == reference.uid else None


async def read_scales(
    owners: Owners, namespace: str, kinds: Callable[[OwnerReference], Sequence[type[KubeObject]]], reads: Reads
) -> Sizes:
    """The sizes, with those of the others by their scale. ``kinds``: what a reference may mean, those with a scale first;
    it raises `NoTarget` for nothing. Raises `NotCountable`.
    """
    sizes = dict(owners.sizes)
    for pod, reference in owners.others:
        try:
            kind = kinds(reference)[0]
        except NoTarget as exc:
            known = f'no matches for kind "{reference.kind}" in version "{reference.api_version}"'
            raise NotCountable(known) from exc
        sizes[reference.uid] = await _scale(pod, reference, namespace, kind, reads)
    return sizes


async def _scale(pod: str, reference: OwnerReference, namespace: str, kind: type[KubeObject], reads: Reads) -> int:
    about = info(kind)
    if about.scale is None:
        resource = f"{about.plural}.{about.group}" if about.group else about.plural
        raise NotCountable(f"{resource} does not implement the scale subresource")
    try:
        scale = await reads.get_scale(kind, namespace, reference.name)
    except NotFound:
        scale = None
    except ApiError as error:
        raise NotCountable(error.message) from error
    if scale is None or scale.metadata.uid != reference.uid:
        raise NotCountable(f'found no controllers for pod "{pod}"')
    return scale.spec.replicas or 0
