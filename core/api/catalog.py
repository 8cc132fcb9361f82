"""The kinds that this server serves, by URL: the one place that handlers, discovery and OpenAPI ask.

Made by the server from the registry at start-up; `Catalog.add` and `Catalog.remove` also work while it runs (custom
resources, plugin kinds), and `generation` tells those who precompute. Lives on the API server's loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from sampan.core.model.kinds import KindInfo, KubeObject
from sampan.core.schema.codec import from_wire
from sampan.core.schema.encode import encode, splice_resource_version
from sampan.core.schema.resource import Resource
from sampan.core.store.entry import Entry
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache, join_whole

REGISTRY = "/registry/"


@attrs.define(eq=False)
class Served:
    """A kind with the cache that holds its objects. Prepared strings are what the hot paths send."""

    resource: Resource
    cache: WatchCache | None
    """``None`` for kinds that are only posted (Binding)."""
    stored: Served | None = None
    """For a kind that is another view of a stored one's objects: that one, whose cache it shares."""

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
        return self.resource if self.stored is None else self.stored.resource

    @property
    def entries(self) -> WatchCache:
        """The cache of a kind that is stored."""
        assert self.cache is not None, f"{self.info.kind} is not stored"
        return self.cache

    def key(self, namespace: str, name: str) -> str:
        return f"{self.entries.prefix}{namespace}/{name}" if self.info.namespaced else f"{self.entries.prefix}{name}"

    def scope(self, namespace: str | None) -> str:
        """The prefix below which the objects of one namespace, or all, lie."""
        return f"{self.entries.prefix}{namespace}/" if namespace else self.entries.prefix

    def get(self, namespace: str, name: str) -> Entry | None:
        entry = self.entries.get(self.key(namespace, name))
        return entry if entry is None or self.stored is None else self.show(entry)

    def show(self, entry: Entry) -> Entry:
        """A stored entry as this kind shows it: itself, but for a view."""
        view = self.info.stored_as
        if view is None:
            return entry
        raw = splice_resource_version(self.encode(view.from_stored(entry.wire)), entry.revision)
        return Entry(entry.key, raw, created=entry.created, revision=entry.revision)

    def show_all(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        return entries if self.stored is None else [self.show(entry) for entry in entries]

    def typed(self, entry: Entry) -> KubeObject:
        """The shared frozen object of an entry."""
        return entry.typed(self.from_wire)

    def from_wire(self, wire: Mapping[str, Any]) -> KubeObject:
        cls: type[KubeObject] | None = self.resource.cls
        if cls is None:
            raise TypeError(f"{self.info.kind} has no Python class")
        return from_wire(cls, wire)

    def join(self, entries: Sequence[Entry]) -> bytes:
        """Entries as the items of a list."""
        return join_whole(entries) if self.resource.custom else join_items(len(self.head), entries)

    def encode(self, wire: Mapping[str, Any]) -> bytes:
        """Canonical JSON without a resourceVersion."""
        return encode(self.resource.struct, wire)

    def to_store(self, wire: Mapping[str, Any]) -> bytes:
        """What is stored of an object of this kind."""
        view = self.info.stored_as
        if self.stored is None or view is None:
            return self.encode(wire)
        return self.stored.encode(view.to_stored(wire))


def storage_folder(info: KindInfo) -> str:
    """The folder under ``/registry/``: Kubernetes' own for its groups, ``group/plural`` for all others."""
    if info.storage_prefix:
        return info.storage_prefix
    if "." not in info.group or info.group.endswith(".k8s.io"):
        return info.plural
    return f"{info.group}/{info.plural}"


def object_head(info: KindInfo) -> bytes:
    """How every stored object of a kind begins (see `sampan.core.schema.encode`)."""
    return b'{"kind":"%b","apiVersion":"%b",' % (info.kind.encode(), info.api_version.encode())


def join_items(head: int, entries: Sequence[Entry]) -> bytes:
    """The items of a list: built-in kinds leave kind and apiVersion, the first ``head`` bytes, out of them."""
    if not entries:
        return b""
    return b"{" + b",{".join([memoryview(entry.raw)[head:] for entry in entries])


class Catalog:
    """Kinds by (group, version, plural)."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._served: dict[tuple[str, str, str], Served] = {}
        self._by_class: dict[type, Served] = {}
        self._by_resource: dict[str, Served] = {}
        self._by_kind: dict[tuple[str, str], Served] = {}
        self.generation = 0

    async def add(self, resource: Resource) -> Served:
        """Serve a kind: its objects are loaded before the first request for it can come. Views come after their kinds."""
        info = resource.info
        cache, stored = None, None
        if info.stored_as is not None:
            stored = self._by_class[info.stored_as.kind]
            cache = stored.cache
        elif "get" in info.verbs:
            cache = WatchCache(
                self._follower,
                f"{REGISTRY}{storage_folder(info)}/",
                finish=splice_resource_version,
                join=join_whole if resource.custom else partial(join_items, len(object_head(info))),
            )
            await cache.start()
        served = Served(resource, cache, stored)
        self._served[info.group, info.version, info.plural] = served
        self._by_kind[info.api_version, info.kind] = served
        self._by_resource.setdefault(info.resource, served)
        if resource.cls is not None:
            self._by_class[resource.cls] = served
        self.generation += 1
        return served

    def remove(self, resource: Resource) -> None:
        """Stop serving a kind; watches of it end. Its objects stay in the store."""
        info = resource.info
        served = self._served.pop((info.group, info.version, info.plural), None)
        if served is None:
            return
        self._by_kind.pop((info.api_version, info.kind), None)
        self._by_resource = {name: one for name, one in self._by_resource.items() if one is not served}
        self._by_class = {cls: one for cls, one in self._by_class.items() if one is not served}
        if served.cache is not None and served.stored is None:
            served.cache.close()
        self.generation += 1

    def close(self) -> None:
        for served in self._served.values():
            if served.cache is not None:
                served.cache.close()

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def find(self, group: str, version: str, plural: str) -> Served | None:
        return self._served.get((group, version, plural))

    def of_class(self, cls: type) -> Served:
        """Raises `KeyError` for a class that is not served."""
        return self._by_class[cls]

    def of_resource(self, resource: str) -> Served | None:
        """By ``deployments.apps``: the first version that was added."""
        return self._by_resource.get(resource)

    def of_kind(self, api_version: str, kind: str) -> Served | None:
        return self._by_kind.get((api_version, kind))

    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Group → its versions, the preferred one first; the core group is ``""``."""
        found: dict[str, list[str]] = {}
        for group, version, _ in self._served:
            versions = found.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return {group: tuple(sorted(versions, key=version_rank)) for group, versions in found.items()}

    def in_version(self, group: str, version: str) -> Iterable[Served]:
        return (one for (its_group, its_version, _), one in self._served.items()
                if (its_group, its_version) == (group, version))  # fmt: skip


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Kubernetes' order of versions, best first: ``v2 v1 v1beta2 v1alpha1``, then anything else by name."""
    text = version.removeprefix("v")
    for stage, word in enumerate(("", "beta", "alpha")):
        major, found, minor = text.partition(word) if word else (text, "", "")
        if major.isdigit() and (not word or (found and minor.isdigit())):
            return (stage, -int(major), -int(minor or 0), "")
    return (3, 0, 0, version)


@attrs.frozen
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
