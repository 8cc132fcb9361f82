"""A small API server without rules: state, revisions, watches. For tests of controllers, where nothing else matters.

It implements `sampan.core.client.protocol.Client` over objects in memory: optimistic locking, status apart from spec,
generations, finalizers, graceful deletion of bound pods. It does not default, validate or admit: tests that need those
use the real server in-process.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

from sampan.core.api.selectors import select
from sampan.core.api.subresources.scale import scale_of, set_number
from sampan.core.client.protocol import IssuedToken, ObjectList, PatchType, WatchEvent
from sampan.core.errors import AlreadyExists, ApiError, Conflict, NotFound
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, Propagation, info
from sampan.core.model.kinds import Scale as ScalePaths
from sampan.core.model.meta import evolve
from sampan.core.model.unstructured import Unstructured
from sampan.core.reconcile.clock import Clock
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.schema.json_patch import apply_json_patch
from sampan.core.schema.merge import merge_patch
from sampan.core.schema.resource import resource_of
from sampan.core.schema.strategic import strategic_merge
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_watches import Change, Watches

T = TypeVar("T", bound=KubeObject)
Place = tuple[type[KubeObject], str, str]


class FakeApi:
    """One shared state; as many clients as like."""

    def __init__(self, *objects: KubeObject, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.requests: list[tuple[str, str]] = []
        """What was written: (verb, "Kind namespace/name")."""
        self.fail: Callable[[str, KubeObject], ApiError | None] = lambda verb, obj: None
        """What a write should be refused with."""
        self._objects: dict[Place, KubeObject] = {}
        self._revision = 1
        self.tokens = 0
        """How many were asked for."""
        self._names = itertools.count(1)
        self._watches = Watches()
        for obj in objects:
            self.put(obj)

    # What tests do directly

    def put(self, obj: T) -> T:
        """Create or replace, as it is: no locking, no rules. Stands for everybody else in the cluster."""
        place = (type(obj), *obj.key)
        old = self._objects.get(place)
        meta = obj.metadata
        filled = {
            "uid": meta.uid or (old.metadata.uid if old else str(uuid.uuid4())),
            "creation_timestamp": meta.creation_timestamp or self.clock.now(),
            "resource_version": self._next_revision(),
            "generation": meta.generation or 1,
        }
        stored = self._stamped(obj, **filled)
        self._objects[place] = stored
        self._watches.tell(Change(self._revision, type(obj), old, stored, stored))
        return stored

    def remove(self, kind: type[KubeObject], namespace: str, name: str) -> None:
        """Take it away at once."""
        gone = self._objects.pop((kind, namespace, name))
        last = self._stamped(gone, resource_version=self._next_revision())
        self._watches.tell(Change(self._revision, kind, gone, None, last))

    def all(self, kind: type[T], namespace: str | None = None) -> list[T]:
        return [
            obj for obj in self._objects.values()
            if isinstance(obj, kind) and namespace in (None, obj.metadata.namespace)
        ]  # fmt: skip

    def find(self, kind: type[T], namespace: str, name: str) -> T:
        obj = self._objects.get((kind, namespace, name))
        if obj is None:
            about = info(kind)
            raise NotFound(f'{about.resource} "{name}" not found', kind=about.plural, name=name, group=about.group)
        assert isinstance(obj, kind)
        return obj

    async def delivered(self) -> None:
        """Wait until every watcher has dealt with every event."""
        await self._watches.delivered()

    # The client protocol

    async def get(self, kind: type[T], namespace: str, name: str) -> T:
        return self.find(kind, namespace, name)

    async def list(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> ObjectList[T]:
        picks = _picks(kind, None, label_selector, field_selector)
        found = [obj for obj in sorted(self.all(kind, namespace), key=lambda obj: obj.key) if picks(obj)]
        begin = int(continue_token or 0)
        end = begin + limit if limit else len(found)
        more = str(end) if end < len(found) else ""
        return ObjectList(items=found[begin:end], resource_version=str(self._revision), continue_token=more)

    async def create(self, obj: T, *, dry_run: bool = False) -> T:
        name = obj.metadata.name or f"{obj.metadata.generate_name}{next(self._names):05d}"
        obj = evolve(obj, metadata=evolve(obj.metadata, name=name, uid=None))
        self._asked("create", obj)
        if (type(obj), *obj.key) in self._objects:
            about = info(type(obj))
            said = f'{about.resource} "{name}" already exists'
            raise AlreadyExists(said, kind=about.plural, name=name, group=about.group)
        return obj if dry_run else self.put(obj)

    async def update(self, obj: T, *, subresource: str = "") -> T:
        self._asked("update", obj)
        old = self.find(type(obj), *obj.key)
        wanted = obj.metadata.resource_version
        if wanted and wanted != old.metadata.resource_version:
            raise Conflict(f'Operation cannot be fulfilled on {info(type(obj)).resource} "{obj.metadata.name}"')
        return self._change(old, obj, subresource)

    async def patch(
        self,
        kind: type[T],
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> T:
        old = self.find(kind, namespace, name)
        self._asked("patch", old)
        merged = from_wire(kind, _patched(kind, to_wire(old), patch, type))
        for field in ("uid", "resource_version"):
            if getattr(merged.metadata, field) != getattr(old.metadata, field):
                raise Conflict(f'Operation cannot be fulfilled on {info(kind).resource} "{name}"')
        return self._change(old, merged, subresource)

    async def delete(
        self,
        kind: type[KubeObject],
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation | None = None,
        grace_period: int | None = None,
    ) -> None:
        old = self.find(kind, namespace, name)
        self._asked("delete", old)
        if uid not in (None, old.metadata.uid) or resource_version not in (None, old.metadata.resource_version):
            raise Conflict(f'Operation cannot be fulfilled on {info(kind).resource} "{name}": preconditions')
        finalizers = [*old.metadata.finalizers]
        if propagation in ("Orphan", "Foreground"):
            finalizer = "orphan" if propagation == "Orphan" else "foregroundDeletion"
            finalizers += [] if finalizer in finalizers else [finalizer]
        bound = isinstance(old, Pod) and bool(old.spec.node_name) and grace_period != 0
        if not finalizers and not bound:
            self.remove(kind, namespace, name)
        elif old.metadata.deletion_timestamp is None:
            now = self.clock.now()
            self.put(self._stamped(old, deletion_timestamp=now, finalizers=tuple(finalizers)))

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        return from_wire(Scale, scale_of(_scale_paths(kind), to_wire(self.find(kind, namespace, name))))

    async def update_scale(self, kind: type[KubeObject], scale: Scale) -> Scale:
        wire = to_wire(self.find(kind, *scale.key))
        set_number(wire, _scale_paths(kind), scale.spec.replicas)
        wire["metadata"]["resourceVersion"] = scale.metadata.resource_version
        await self.update(from_wire(kind, wire))
        return await self.get_scale(kind, *scale.key)

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        old = self.find(Pod, namespace, pod)
        self._asked("bind", old)
        if old.spec.node_name or old.metadata.uid != uid:
            raise Conflict(f'Operation cannot be fulfilled on pods/binding "{pod}"')
        self.put(evolve(old, spec=evolve(old.spec, node_name=node)))

    async def token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str] = (),
        seconds: int = 3600,
        pod: tuple[str, str] | None = None,
    ) -> IssuedToken:
        """Tokens count, so that a test sees which one it has."""
        self.tokens += 1
        return IssuedToken(
            f"token {self.tokens} of {namespace}/{account}", self.clock.now() + timedelta(seconds=seconds)
        )

    @asynccontextmanager
    async def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        picks = _picks(kind, namespace, label_selector, field_selector)
        with self._watches.watch(kind, int(resource_version or 0), picks) as events:
            yield events

    async def close(self) -> None:
        return None

    # Inside

    def _change(self, old: T, new: T, subresource: str) -> T:
        """Status and the rest are written apart, as the server does it."""
        if subresource in ("status", "finalize"):
            part = "status" if subresource == "status" else "spec"
            metadata = evolve(old.metadata, annotations=new.metadata.annotations)
            new = _with_part(evolve(old, metadata=metadata), part, new)
        elif hasattr(old, "status"):
            new = _with_part(new, "status", old)
        generation = old.metadata.generation or 1
        if getattr(new, "spec", None) != getattr(old, "spec", None):
            generation += 1
        new = self._stamped(new, generation=generation, uid=old.metadata.uid)
        if new == self._stamped(old, generation=generation, resource_version=new.metadata.resource_version):
            return old
        if new.metadata.deletion_timestamp and _may_go(new):
            self.remove(type(new), *new.key)
            return new
        return self.put(new)

    def _asked(self, verb: str, obj: KubeObject) -> None:
        if error := self.fail(verb, obj):
            raise error
        self.requests.append((verb, f"{type(obj).__name__} {'/'.join(part for part in obj.key if part)}"))

    def _next_revision(self) -> str:
        self._revision += 1
        return str(self._revision)

    def _stamped(self, obj: T, **meta: Any) -> T:
        return evolve(obj, metadata=evolve(obj.metadata, **meta))


def _with_part(obj: T, part: str, source: KubeObject) -> T:
    """``obj`` with the spec or status of another."""
    if isinstance(obj, Unstructured) and isinstance(source, Unstructured):
        return evolve(obj, content={**obj.content, part: source.content.get(part)})
    return evolve(obj, **{part: getattr(source, part)})


def _may_go(obj: KubeObject) -> bool:
    spec = getattr(obj, "spec", None)
    held: Iterable[str] = getattr(spec, "finalizers", ())
    return not obj.metadata.finalizers and not held and not (isinstance(obj, Pod) and obj.spec.node_name)


def _picks(kind: type[KubeObject], namespace: str | None, labels: str, fields: str) -> Callable[[KubeObject], bool]:
    selection = select(resource_of(kind), labels, fields)

    def picks(obj: KubeObject) -> bool:
        return namespace in (None, obj.metadata.namespace) and (not selection or selection.matches(to_wire(obj)))

    return picks


def _patched(
    kind: type[KubeObject],
    wire: dict[str, Any],
    patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    type: PatchType,
) -> Mapping[str, Any]:
    if not isinstance(patch, Mapping):
        patched: Mapping[str, Any] = apply_json_patch(wire, list(patch))
        return patched
    return strategic_merge(struct_of(kind), wire, patch) if type == "strategic" else merge_patch(wire, patch)


def _scale_paths(kind: type[KubeObject]) -> ScalePaths:
    paths = info(kind).scale
    if paths is None:
        raise NotFound("the server could not find the requested resource")
    return paths
