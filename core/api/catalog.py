"""The kinds that this server serves, by URL: the one place that handlers, discovery and OpenAPI ask.

Made by the server from the registry at start-up; `Catalog.add` and `Catalog.remove` also work while it runs (custom
resources, plugin kinds), and `generation` tells those who precompute. Lives on the API server's loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import attrs

from sampan.core.api.storage import (
    Answer,
    Cached,
    Posted,
    Storage,
    cached,
    computed,
    join_items,
    object_head,
    view_of,
)
from sampan.core.classes import define, frozen
from sampan.core.contracts.source import Source
from sampan.core.errors import StorageReadError
from sampan.core.model import storage as declared
from sampan.core.model.kinds import KindInfo, KubeObject, info
from sampan.core.model.meta import EMPTY
from sampan.core.schema.codec import from_wire, from_wire_after
from sampan.core.schema.encode import encode
from sampan.core.schema.resource import Resource
from sampan.core.store.contract import KeyValue
from sampan.core.store.entry import Entry
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache, join_whole

T = TypeVar("T", bound=KubeObject)


@define(eq=False)
class Served:
    """A kind with the place of its objects. Prepared strings are what the hot paths send."""

    resource: Resource
    storage: Storage
    closed: str = ""
    """Why nothing may be created any more."""

    head: bytes = attrs.field(init=False)
    """How every stored object of the kind begins: what list items of built-in kinds leave out."""
    list_head: bytes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        info = self.info
        self.head = object_head(info)
        names = (info.list_kind.encode(), info.api_version.encode())
        self.list_head = b'{"kind":"%b","apiVersion":"%b","metadata":' % names

    @property
    def info(self) -> KindInfo:
        return self.resource.info

    @property
    def refusing(self) -> Resource:
        """The kind that a refused object is called by: for a view the stored one."""
        return self.storage.resource

    @property
    def entries(self) -> WatchCache:
        """The cache of the objects. Raises `MethodNotAllowed` for a kind that is only posted."""
        return self.storage.cache

    @property
    def is_stored_as_shown(self) -> bool:
        return type(self.storage) is Cached and self.storage.resource is self.resource and not self.resource.custom

    def key(self, namespace: str, name: str) -> str:
        return f"{self.entries.prefix}{namespace}/{name}" if self.info.namespaced else f"{self.entries.prefix}{name}"

    def scope(self, namespace: str | None) -> str:
        """The prefix below which the objects of one namespace, or all, lie."""
        return f"{self.entries.prefix}{namespace}/" if namespace else self.entries.prefix

    def get(self, namespace: str, name: str) -> Entry | None:
        """As the cache shows it. Raises `StorageReadError` where it is there and cannot be read."""
        entry = self.entries.get(self.key(namespace, name))
        if entry is None:
            if self.damaged(namespace, name) is not None:
                raise StorageReadError(
                    f'{self.info.resource} "{name}" cannot be read: its stored value is damaged; delete it to make it anew',
                    kind=self.info.plural, group=self.info.group, name=name,
                )  # fmt: skip
            return None
        return self.storage.show(entry)

    async def current(self, namespace: str, name: str, version: int = 0) -> Entry | None:
        """The object as it is now, or at least as new as ``version``. Raises what keeps it from being shown."""
        await self.storage.reach(self.key(namespace, name), version)
        return self.get(namespace, name)

    def damaged(self, namespace: str, name: str) -> KeyValue | None:
        """What is stored of an object that cannot be read."""
        return self.entries.damaged.get(self.key(namespace, name))

    def damage_in(self, namespace: str | None) -> Sequence[str]:
        """One sentence for each object of a list that had to be left out."""
        if not self.entries.damaged:
            return ()
        scope, info = self.scope(namespace), self.info
        names = (key.removeprefix(self.entries.prefix) for key in self.entries.damaged if key.startswith(scope))
        return [f"{info.resource} {name} is left out: its stored value is damaged; delete it" for name in sorted(names)]

    def show(self, entry: Entry) -> Entry:
        """An entry of the cache as this kind shows it: itself, but for a view."""
        return self.storage.show(entry)

    def show_all(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        return [self.storage.show(entry) for entry in entries] if self.storage.is_view else entries

    def typed(self, entry: Entry, cls: type[T]) -> T:
        """An entry's frozen object: shared by all who ask for the kind's own class, made for who asks for another."""
        if cls is self.resource.cls:
            own: T = entry.typed(partial(from_wire, cls), partial(from_wire_after, cls))
            return own
        return from_wire(cls, entry.wire)

    def join(self, entries: Sequence[Entry]) -> bytes:
        """Entries as the items of a list."""
        return join_whole(entries) if self.resource.custom else join_items(len(self.head), entries)

    def encode(self, wire: Mapping[str, Any]) -> bytes:
        """Canonical JSON without a resourceVersion."""
        return encode(self.resource.struct, wire)


class Catalog:
    """Kinds by (group, version, plural)."""

    def __init__(
        self, follower: Follower, sources: Callable[[str], Source], answers: Mapping[str, Answer] = EMPTY
    ) -> None:
        self._follower = follower
        self._sources = sources
        self._answers = answers
        self._served: dict[tuple[str, str, str], Served] = {}
        self._by_class: dict[type, Served] = {}
        self._by_resource: dict[str, Served] = {}
        self._by_kind: dict[tuple[str, str], Served] = {}
        self.generation = 0
        self.settled: Callable[[], Awaitable[None]] = _at_once
        """Waits until what was written of custom kinds is served: for those who would answer that there is no such."""

    async def add(self, resource: Resource) -> Served:
        """Serve a kind: its objects are loaded before the first request for it can come. Views come after their kinds."""
        served = Served(resource, await self._storage_of(resource))
        self.replace((), (served,))
        return served

    def replace(self, old: Sequence[Served], new: Sequence[Served]) -> None:
        """Serve ``new`` instead of ``old``, at once. Their storages are the caller's to close."""
        for served in old:
            self._take_out(served)
        for served in new:
            info, cls = served.info, served.resource.cls
            self._served[info.group, info.version, info.plural] = served
            self._by_kind[info.api_version, info.kind] = served
            self._by_resource.setdefault(info.resource, served)
            if cls is not None:
                self._by_class[cls] = served
        self.generation += 1

    async def _storage_of(self, resource: Resource) -> Storage:
        match resource.info.storage:
            case declared.Stored():
                return await cached(resource, self._follower)
            case declared.ViewOf() as view:
                stored = self._by_class[view.kind].storage
                assert isinstance(stored, Cached), f"{resource.info.kind} shows a kind that is not stored"
                return view_of(resource, stored, view)
            case declared.Computed() as computation:
                return await computed(resource, self._sources(computation.source))
            case declared.Posted() as posted:
                return Posted(resource, self._answers[posted.answer])

    def remove(self, resource: Resource) -> None:
        """Stop serving a kind; watches of it end. Its objects stay in the store."""
        info = resource.info
        served = self._served.get((info.group, info.version, info.plural))
        if served is not None:
            self._take_out(served)
            served.storage.close()
            self.generation += 1

    def _take_out(self, served: Served) -> None:
        info, cls = served.info, served.resource.cls
        if self._served.get((info.group, info.version, info.plural)) is served:
            del self._served[info.group, info.version, info.plural]
        self._by_kind.pop((info.api_version, info.kind), None)
        if self._by_resource.get(info.resource) is served:
            del self._by_resource[info.resource]
        if cls is not None:
            self._by_class.pop(cls, None)

    def close(self) -> None:
        for served in self._served.values():
            served.storage.close()

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def find(self, group: str, version: str, plural: str) -> Served | None:
        return self._served.get((group, version, plural))

    async def latest(self, group: str, version: str, plural: str) -> Served | None:
        """As `find`, but sure to know of what was written before."""
        served = self.find(group, version, plural)
        if served is None or served.resource.custom:
            await self.settled()
            served = self.find(group, version, plural)
        return served

    def of_class(self, cls: type) -> Served | None:
        """The kind of a class; of one that only has the kind's names, too."""
        about = info(cls)
        return self._by_class.get(cls) or self.find(about.group, about.version, about.plural)

    def of_resource(self, resource: str) -> Served | None:
        """By ``deployments.apps``: the first version that was added."""
        return self._by_resource.get(resource)

    def of_kind(self, api_version: str, kind: str) -> Served | None:
        return self._by_kind.get((api_version, kind))

    def showing_the_same(self, served: Served) -> Sequence[Served]:
        """The other kinds that show the objects of this one."""
        origin = served.storage.origin
        return [other for other in self._served.values() if other is not served and other.storage.origin is origin]

    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Group → its versions, the preferred one first; the core group is ``""``."""
        found: dict[str, list[str]] = {}
        for group, version, _ in self._served:
            versions = found.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return {group: tuple(sorted(versions, key=version_rank)) for group, versions in found.items()}

    def has_version(self, group: str, version: str) -> bool:
        return any((its_group, its_version) == (group, version) for its_group, its_version, _ in self._served)

    def in_version(self, group: str, version: str) -> Iterable[Served]:
        return (one for (its_group, its_version, _), one in self._served.items()
                if (its_group, its_version) == (group, version))  # fmt: skip


async def _at_once() -> None:
    """Nothing is under way."""


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' order of versions, best first: ``v2 v1 v1beta2 v1alpha1``, then anything else by name."""
    text = version.removeprefix("v")
    for stage, word in enumerate(("", "beta", "alpha")):
        major, found, minor = text.partition(word) if word else (text, "", "")
        if major.isdigit() and (not word or (found and minor.isdigit())):
            return (stage, -int(major), -int(minor or 0), "")
    return (3, 0, 0, version)


@frozen
class CacheReader:
    """The `Reader` of admission and authorization: wire objects straight from the caches."""

    catalog: Catalog

    def get(self, resource: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        served = self.catalog.of_resource(resource)
        entry = served.get(namespace, name) if served is not None else None
        return None if entry is None else entry.wire

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Mapping[str, Any]]:
        served = self.catalog.of_resource(resource)
        if served is None:
            return ()
        return (entry.wire for entry in served.entries.list(served.scope(namespace)))

    def find_kind(self, api_version: str, kind: str) -> KindInfo | None:
        served = self.catalog.of_kind(api_version, kind)
        return None if served is None else served.info

    def changed(self, resource: str) -> int:
        served = self.catalog.of_resource(resource)
        return -1 if served is None else served.entries.changed
