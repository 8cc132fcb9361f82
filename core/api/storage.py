"""Where the objects of a served kind are: what `sampan.core.model.storage` says on a class, made to work.

Operations and handlers ask a `Served` kind for its cache and show what they find with `show`; which of the forms they
have does not matter to them. On the API server's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sampan.core.classes import frozen
from sampan.core.contracts.source import Source
from sampan.core.errors import MethodNotAllowed
from sampan.core.model import storage as declared
from sampan.core.model.kinds import KindInfo
from sampan.core.model.meta import EMPTY
from sampan.core.schema.encode import encode, splice_resource_version
from sampan.core.schema.resource import Resource
from sampan.core.store.computed import ComputedCache
from sampan.core.store.contract import KeyValue
from sampan.core.store.entry import Entry
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import Join, WatchCache, join_whole

if TYPE_CHECKING:
    from sampan.core.api.operations.pipeline import Call, Outcome, Pipeline
    from sampan.core.api.options import WriteOptions

REGISTRY = "/registry/"


class Shown:
    """What most forms have in common: every object can be shown as soon as the cache has it."""

    __slots__ = ()

    @property
    def cache(self) -> WatchCache:
        raise NotImplementedError

    @property
    def withheld(self) -> Mapping[str, str]:
        """By key: why an object that is there cannot be shown as it is now."""
        return EMPTY

    async def reach(self, key: str, version: int = 0) -> None:
        """Until the cache shows this object as it is now, or as it was at ``version``. Raises what keeps it from that."""
        await (self.cache.wait_until(version) if version else self.cache.fresh())

    async def settle(self, keys: Sequence[str]) -> None:
        """Try again to show those that are withheld. Raises why the first of them cannot be shown."""

    async def entry_of(self, item: KeyValue) -> Entry:
        """What was just stored, where the cache shows something else already."""
        return self.show(Entry.of(item, splice_resource_version))

    async def shown_again(self, wire: Mapping[str, Any]) -> Mapping[str, Any]:
        """What would be shown of an object that was stored. Raises where it could not be stored, or not be shown."""
        return wire

    def show(self, entry: Entry) -> Entry:
        return entry


@frozen(eq=False)
class Cached(Shown):
    """Objects of its own, as the bytes that are served; ``resource`` is what they are stored as."""

    resource: Resource
    cache: WatchCache

    is_view = False

    @property
    def origin(self) -> object:
        """What kinds that show the same objects have in common."""
        return self.cache

    async def store_form(self, wire: Mapping[str, Any]) -> bytes:
        """What is stored of an object."""
        return encode(self.resource.struct, wire)

    def close(self) -> None:
        self.cache.close()


@frozen(eq=False)
class View(Shown):
    """The objects of another kind, converted: they share its cache, and ``resource`` is that kind."""

    shown: Resource
    resource: Resource
    cache: WatchCache
    to_stored: Callable[[Mapping[str, Any]], MutableMapping[str, Any]]
    from_stored: Callable[[Mapping[str, Any]], MutableMapping[str, Any]]

    is_view = True

    @property
    def origin(self) -> object:
        return self.cache

    def show(self, entry: Entry) -> Entry:
        raw = encode(self.shown.struct, self.from_stored(entry.wire))
        spliced = splice_resource_version(raw, entry.revision)
        return Entry(entry.key, spliced, created=entry.created, revision=entry.revision)

    async def shown_again(self, wire: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.from_stored(self.to_stored(wire))

    async def store_form(self, wire: Mapping[str, Any]) -> bytes:
        return encode(self.resource.struct, self.to_stored(wire))

    def close(self) -> None:
        """The cache is the other kind's."""


class Computed(Cached):
    """Objects that a source works out; they cannot be written."""


class Answer(Protocol):
    """What a `Posted` kind does with an object: everything after decoding and authorization."""

    async def __call__(
        self, pipeline: Pipeline, call: Call, obj: MutableMapping[str, Any], options: WriteOptions
    ) -> Outcome: ...


@frozen(eq=False)
class Posted(Shown):
    """No objects at all: what is posted is answered."""

    resource: Resource
    answer: Answer

    is_view = False

    @property
    def origin(self) -> object:
        return self

    @property
    def cache(self) -> WatchCache:
        raise MethodNotAllowed(f"{self.resource.info.resource} can only be created")

    async def store_form(self, wire: Mapping[str, Any]) -> bytes:
        return encode(self.resource.struct, wire)

    def close(self) -> None:
        """There is nothing to close."""


Storage: TypeAlias = Cached | View | Computed | Posted


def view_of(shown: Resource, stored: Cached, view: declared.ViewOf) -> View:
    return View(shown, stored.resource, stored.cache, view.to_stored, view.from_stored)


async def cached(resource: Resource, follower: Follower) -> Cached:
    """Loaded: from then on the cache follows the store."""
    cache = WatchCache(follower, prefix_of(resource), finish=splice_resource_version, join=join_of(resource))
    await cache.start()
    return Cached(resource, cache)


async def computed(resource: Resource, source: Source) -> Computed:
    prefix, info = prefix_of(resource), resource.info
    about = {"kind": info.kind, "apiVersion": info.api_version}

    async def compute() -> Mapping[str, bytes]:
        found = {}
        for obj in await source.objects():
            meta = obj["metadata"]
            key = f"{prefix}{meta['namespace']}/{meta['name']}" if info.namespaced else prefix + meta["name"]
            found[key] = encode(resource.struct, {**about, **obj})
        return found

    join = join_of(resource)
    cache = ComputedCache(compute, prefix, interval=source.interval, finish=splice_resource_version, join=join)
    await cache.start()
    return Computed(resource, cache)


def prefix_of(resource: Resource) -> str:
    """The folder of a kind's objects: Kubernetes' own for its kinds, ``group/plural`` for all others."""
    info = resource.info
    if isinstance(info.storage, declared.Stored) and info.storage.folder:
        return f"{REGISTRY}{info.storage.folder}/"
    is_own = "." not in info.group or info.group.endswith(".k8s.io")
    if is_own and not resource.custom and isinstance(info.storage, declared.Stored):
        return f"{REGISTRY}{info.plural}/"
    return f"{REGISTRY}{info.group}/{info.plural}/"


def join_of(resource: Resource) -> Join:
    """How the items of a list are written."""
    return join_whole if resource.custom else partial(join_items, len(object_head(resource.info)))


def object_head(info: KindInfo) -> bytes:
    """How every stored object of a kind begins (see `sampan.core.schema.encode`)."""
    return b'{"kind":"%b","apiVersion":"%b",' % (info.kind.encode(), info.api_version.encode())


def join_items(head: int, entries: Sequence[Entry]) -> bytes:
    """The items of a list: built-in kinds leave kind and apiVersion, the first ``head`` bytes, out of them."""
    if not entries:
        return b""
    return b"{" + b",{".join([memoryview(entry.raw)[head:] for entry in entries])
