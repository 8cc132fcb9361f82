"""Who controls what: controller references, adoption of orphans by selector, release of what no longer matches.

Shared by the controllers that own pods or ReplicaSets. Pure. The rules are Kubernetes' ``ControllerRefManager``:
https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, MapToKeys
from sampan.core.contracts.plan import Patch
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta_v1.object_meta import OwnerReference

T = TypeVar("T", bound=KubeObject)

ORPHANS = "sampan/orphans-by-namespace"
"""The index of objects that no controller has, by namespace."""


def controller_of(obj: KubeObject) -> OwnerReference | None:
    """The reference to the one owner that manages ``obj``."""
    return next((reference for reference in obj.metadata.owner_references if reference.controller), None)


def controller_reference(owner: KubeObject) -> OwnerReference:
    """A reference that makes ``owner`` the controller."""
    about = info(type(owner))
    return OwnerReference(
        api_version=about.api_version,
        kind=about.kind,
        name=owner.metadata.name or "",
        uid=owner.metadata.uid or "",
        controller=True,
        block_owner_deletion=True,
    )


def refers_to(reference: OwnerReference, kind: type[KubeObject]) -> bool:
    """Whether a reference is to an object of ``kind``, in whichever version."""
    about = info(kind)
    group = reference.api_version.rpartition("/")[0]
    return reference.kind == about.kind and group == about.group


def keys_of_controller(kind: type[KubeObject]) -> MapToKeys:
    """For a watch: the key of the object of ``kind`` that controls what has changed."""

    def keys(obj: KubeObject, _state: Lister) -> Iterable[Key]:
        reference = controller_of(obj)
        if reference is not None and refers_to(reference, kind):
            yield Key(obj.metadata.namespace or "", reference.name)

    return keys


def keys_of_claimants(kind: type[T], selects: Callable[[T, Mapping[str, str]], bool]) -> MapToKeys:
    """For a watch: the key of the controller of ``kind``; of an orphan the keys of all whose ``selects`` says that they
    might adopt it by its labels.
    """
    controlling = keys_of_controller(kind)

    def keys(obj: KubeObject, state: Lister) -> Iterable[Key]:
        if controller_of(obj) is not None:
            yield from controlling(obj, state)
            return
        for owner in state.list(kind, obj.metadata.namespace or ""):
            if selects(owner, obj.metadata.labels):
                yield Key(*owner.key)

    return keys


def orphan_namespace(obj: KubeObject) -> Iterable[str]:
    """The function of the index `ORPHANS`."""
    if controller_of(obj) is None:
        yield obj.metadata.namespace or ""


ORPHAN_INDEX: Mapping[str, Callable[[KubeObject], Iterable[str]]] = {ORPHANS: orphan_namespace}


@frozen
class Claim(Generic[T]):
    """What a controller has (adoptions included), and the writes that make it so."""

    objects: tuple[T, ...]
    actions: tuple[Patch, ...]


def claim(
    owner: KubeObject,
    kind: type[T],
    selects: Callable[[Mapping[str, str]], bool],
    state: Lister,
    *,
    finalizers: tuple[str, ...] = (),
) -> Claim[T]:
    """Sort the objects of ``kind`` into those that ``owner`` keeps, adopts and releases.

    An owner that is being deleted neither adopts nor releases. ``finalizers`` come and go with its ownership.
    """
    ending = owner.metadata.deletion_timestamp is not None
    objects: list[T] = []
    actions: list[Patch] = []
    for obj in state.owned_by(kind, owner.metadata.uid or ""):
        reference = controller_of(obj)
        if reference is None or reference.uid != owner.metadata.uid:
            continue
        if selects(obj.metadata.labels):
            objects.append(obj)
        elif not ending:
            actions.append(_release(owner, obj, finalizers))
    if ending:
        return Claim(tuple(objects), ())
    for obj in state.indexed(kind, ORPHANS, owner.metadata.namespace or ""):
        if obj.metadata.deletion_timestamp is None and selects(obj.metadata.labels):
            objects.append(obj)
            actions.append(_adopt(owner, obj, finalizers))
    return Claim(tuple(objects), tuple(actions))


def _adopt(owner: KubeObject, obj: KubeObject, finalizers: tuple[str, ...]) -> Patch:
    reference = controller_reference(owner)
    return _owner_patch(
        obj,
        {
            "apiVersion": reference.api_version,
            "kind": reference.kind,
            "name": reference.name,
            "uid": reference.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        },
        {"finalizers": [*finalizers]} if finalizers else {},
    )


def _release(owner: KubeObject, obj: KubeObject, finalizers: tuple[str, ...]) -> Patch:
    held = [each for each in finalizers if each in obj.metadata.finalizers]
    more = {"$deleteFromPrimitiveList/finalizers": held} if held else {}
    return _owner_patch(obj, {"$patch": "delete", "uid": owner.metadata.uid}, more)


def _owner_patch(obj: KubeObject, reference: Mapping[str, Any], more: Mapping[str, Any]) -> Patch:
    """The uid guards against another object of that name."""
    namespace, name = obj.key
    patch = {"metadata": {"uid": obj.metadata.uid, "ownerReferences": [reference], **more}}
    return Patch(kind=type(obj), namespace=namespace, name=name, patch=patch, type="strategic")
