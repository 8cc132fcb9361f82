"""Garbage collection by owner: dependents go when their last owner has gone, before it, or are set free. Pure.

It follows every kind that the cluster serves (except events). A key names the kind too: ``deployments.apps/web``.
An owner that is missing from the cache is asked for at the API server before anything is deleted for it.
https://kubernetes.io/docs/concepts/architecture/garbage-collection/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Action, Delete, ExpectGone, Patch, Plan
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta_v1.object_meta import OwnerReference

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"

Standing = Literal["solid", "dangling", "waiting"]
"""An owner is there; has gone; or waits in a foreground deletion for its dependents to go."""


class GarbageCollector:
    name = "garbage-collector-controller"

    def __init__(self, kinds: Iterable[type[KubeObject]]) -> None:
        self._know(tuple(kind for kind in kinds if _is_collectable(kind)))
        self.watches: Sequence[Watch] = tuple(Watch(kind=kind, keys=self._keys) for kind in self._kinds)

    def _know(self, kinds: tuple[type[KubeObject], ...]) -> None:
        self._kinds = kinds
        self._by_resource: Mapping[str, type[KubeObject]] = {info(kind).resource: kind for kind in kinds}
        self._by_name = {(info(kind).group, info(kind).kind): kind for kind in kinds}

    def follow(self, kind: type[KubeObject]) -> Watch | None:
        if not _is_collectable(kind):
            return None
        self._know((*self._kinds, kind))
        return Watch(kind=kind, keys=self._keys)

    def forget(self, kind: type[KubeObject]) -> None:
        self._know(tuple(each for each in self._kinds if each is not kind))

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        resource, _, name = key.name.partition("/")
        kind = self._by_resource.get(resource)
        obj = None if kind is None else state.get(kind, key.namespace, name)
        if obj is None:
            return NOTHING
        if obj.metadata.deletion_timestamp is not None:
            if ORPHAN in obj.metadata.finalizers:
                return self._orphan_dependents(obj, state)
            if FOREGROUND in obj.metadata.finalizers:
                return self._wait_for_dependents(obj, state)
            return NOTHING
        return self._collect(obj, state) if obj.metadata.owner_references else NOTHING

    # Whom a change concerns

    def _keys(self, obj: KubeObject, state: Lister) -> Iterable[Key]:
        """The object; its dependents, when it goes; and owners that wait for it to go."""
        if obj.metadata.owner_references or obj.metadata.finalizers:
            yield key_of(obj)
        present = state.get(type(obj), *obj.key)
        gone = present is None or present.metadata.uid != obj.metadata.uid
        if gone or obj.metadata.deletion_timestamp is not None:
            for dependent in self._dependents(obj, state):
                yield key_of(dependent)
        for reference in obj.metadata.owner_references:
            owner = self._owner(obj, reference, state)
            if owner is not None and owner.metadata.deletion_timestamp is not None:
                yield key_of(owner)

    # Owners that are being deleted

    def _orphan_dependents(self, owner: KubeObject, state: Lister) -> Plan:
        uid = owner.metadata.uid or ""
        freed = [_without_owners(dependent, {uid}) for dependent in self._dependents(owner, state)]
        return Plan(actions=(*freed, _without_finalizer(owner, ORPHAN)))

    def _wait_for_dependents(self, owner: KubeObject, state: Lister) -> Plan:
        """The finalizer goes with the last dependent that blocks; those see to their own going."""
        uid = owner.metadata.uid or ""
        if any(_blocks(dependent, uid) for dependent in self._dependents(owner, state)):
            return NOTHING
        return Plan(actions=(_without_finalizer(owner, FOREGROUND),))

    # Dependents

    def _collect(self, obj: KubeObject, state: Lister) -> Plan:
        standings = {ref.uid: self._standing(obj, ref, state) for ref in obj.metadata.owner_references}
        lost = {uid for uid, standing in standings.items() if standing != "solid"}
        if not lost:
            return NOTHING
        checks = self._checks(obj, standings)
        if len(lost) < len(standings):
            return Plan(actions=(*checks, _without_owners(obj, lost)))
        foreground = "waiting" in standings.values() and bool(self._dependents(obj, state))
        return Plan(actions=(*checks, *self._unblocked(obj, state, foreground), _deletion(obj, foreground)))

    def _unblocked(self, obj: KubeObject, state: Lister, foreground: bool) -> Iterable[Action]:
        """In a circle of owners nobody must wait for the others."""
        if foreground and any(_ends_in_foreground(dependent) for dependent in self._dependents(obj, state)):
            references = [{**_wire(ref), "blockOwnerDeletion": False} for ref in obj.metadata.owner_references]
            yield _meta_patch(obj, ownerReferences=references)

    def _checks(self, obj: KubeObject, standings: Mapping[str, Standing]) -> Iterable[Action]:
        for reference in obj.metadata.owner_references:
            kind = self._kind_of(reference)
            if standings[reference.uid] == "dangling" and kind is not None:
                namespace = obj.key[0] if info(kind).namespaced else ""
                yield ExpectGone(kind=kind, namespace=namespace, name=reference.name, uid=reference.uid)

    def _standing(self, obj: KubeObject, reference: OwnerReference, state: Lister) -> Standing:
        """An owner of a kind that is not served, or one that cannot be, is never taken for gone."""
        kind = self._kind_of(reference)
        if kind is None or (info(kind).namespaced and not info(type(obj)).namespaced):
            return "solid"
        owner = self._owner(obj, reference, state)
        if owner is None:
            return "dangling"
        return "waiting" if _ends_in_foreground(owner) else "solid"

    # Looking things up

    def _dependents(self, owner: KubeObject, state: Lister) -> list[KubeObject]:
        uid = owner.metadata.uid or ""
        return [dependent for kind in self._kinds for dependent in state.owned_by(kind, uid)]

    def _owner(self, obj: KubeObject, reference: OwnerReference, state: Lister) -> KubeObject | None:
        kind = self._kind_of(reference)
        if kind is None:
            return None
        owner = state.get(kind, obj.key[0] if info(kind).namespaced else "", reference.name)
        return owner if owner is not None and owner.metadata.uid == reference.uid else None

    def _kind_of(self, reference: OwnerReference) -> type[KubeObject] | None:
        return self._by_name.get((reference.api_version.rpartition("/")[0], reference.kind))


def _is_collectable(kind: type[KubeObject]) -> bool:
    about = info(kind)
    return {"list", "watch", "delete"} <= set(about.verbs) and about.plural != "events" and not about.is_view


def key_of(obj: KubeObject) -> Key:
    namespace, name = obj.key
    return Key(namespace, f"{info(type(obj)).resource}/{name}")


def _blocks(dependent: KubeObject, uid: str) -> bool:
    return any(ref.uid == uid and ref.block_owner_deletion for ref in dependent.metadata.owner_references)


def _ends_in_foreground(obj: KubeObject) -> bool:
    return obj.metadata.deletion_timestamp is not None and FOREGROUND in obj.metadata.finalizers


def _deletion(obj: KubeObject, foreground: bool) -> Delete:
    """Its own dependents go the way that its finalizers ask for."""
    namespace, name = obj.key
    finalizers = obj.metadata.finalizers
    default: Literal["Foreground", "Background"] = (
        "Foreground" if foreground or FOREGROUND in finalizers else "Background"
    )
    return Delete(
        kind=type(obj),
        namespace=namespace,
        name=name,
        uid=obj.metadata.uid,
        resource_version=obj.metadata.resource_version,
        propagation="Orphan" if ORPHAN in finalizers and not foreground else default,
    )


def _without_owners(obj: KubeObject, uids: set[str]) -> Patch:
    left = [_wire(reference) for reference in obj.metadata.owner_references if reference.uid not in uids]
    return _meta_patch(obj, ownerReferences=left or None)


def _without_finalizer(obj: KubeObject, finalizer: str) -> Patch:
    left = [item for item in obj.metadata.finalizers if item != finalizer]
    return _meta_patch(obj, finalizers=left or None)


def _meta_patch(obj: KubeObject, **metadata: Any) -> Patch:
    """The resourceVersion guards against changes in between: a merge patch replaces whole lists."""
    namespace, name = obj.key
    patch = {"metadata": {"resourceVersion": obj.metadata.resource_version, **metadata}}
    return Patch(kind=type(obj), namespace=namespace, name=name, patch=patch)


def _wire(reference: OwnerReference) -> dict[str, Any]:
    fields = {
        "apiVersion": reference.api_version,
        "kind": reference.kind,
        "name": reference.name,
        "uid": reference.uid,
        "controller": reference.controller,
        "blockOwnerDeletion": reference.block_owner_deletion,
    }
    return {name: value for name, value in fields.items() if value is not None}
