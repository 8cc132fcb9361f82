"""An informer: one kind's objects, kept up to date by list and watch, and shared by all who read that kind.

It runs as one task on the event loop. Readers take frozen objects out of it through `lister`, those in other threads one
answer at a time (`Informer.lock`); the engine subscribes to changes; the runner waits with `until` for its own writes to
arrive, which makes every decision read what was written before it. Kubernetes calls this client-go's shared informer.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from sampan.core.client.protocol import Client, WatchEvent
from sampan.core.errors import ConfigError, Expired, Gone, SampanError
from sampan.core.loops import Delays
from sampan.core.model.kinds import KubeObject, info
from sampan.core.reconcile.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T", bound=KubeObject)
ObjectKey = tuple[str, str]
Index = Callable[[KubeObject], Iterable[str]]
Tally = Callable[[KubeObject], Iterable[tuple[str, Hashable]]]
OnChange = Callable[["KubeObject | None", "KubeObject | None"], None]
"""Gets the old object and the new one; ``None`` where there was or is none."""

OWNER = "metadata.ownerReferences.uid"
NAMESPACE = "metadata.namespace"
FIRST_RETRY = 0.1
LONGEST_RETRY = 30.0


def owner_uids(obj: KubeObject) -> Iterable[str]:
    return (reference.uid for reference in obj.metadata.owner_references)


def own_namespace(obj: KubeObject) -> Iterable[str]:
    yield obj.metadata.namespace or ""


class Informer(Generic[T]):
    """The cache of one kind. Start it by running `run` in a task; it ends by being cancelled."""

    def __init__(self, client: Client, kind: type[T], clock: Clock, *, field_selector: str = "") -> None:
        self.kind = kind
        self.synced = asyncio.Event()
        self.revision = 0
        """The newest resourceVersion that the cache is known to hold."""
        self.lock = threading.Lock()
        """Held while the cache changes: an object that is replaced is never missing in between."""
        self._client = client
        self._clock = clock
        self._field_selector = field_selector
        self._objects: dict[ObjectKey, T] = {}
        self._indexes: dict[str, Index] = {}
        self._indexed: dict[str, dict[str, dict[ObjectKey, T]]] = {}
        self._tallies: dict[str, Tally] = {}
        self._tallied: dict[str, dict[str, dict[Hashable, int]]] = {}
        self._subscribers: list[OnChange] = []
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.add_index(OWNER, owner_uids)
        self.add_index(NAMESPACE, own_namespace)

    # Reading

    def get(self, namespace: str, name: str) -> T | None:
        return self._objects.get((namespace, name))

    def all(self) -> Sequence[T]:
        return tuple(self._objects.values())

    def indexed(self, index: str, value: str) -> Sequence[T]:
        """Raises `KeyError` for an index that nobody added."""
        return tuple(self._indexed[index].get(value, {}).values())

    def tally(self, name: str, value: str) -> Mapping[Hashable, int]:
        """Raises `KeyError` for a tally that nobody added."""
        return self._tallied[name].get(value) or {}

    # Setting up

    def add_index(self, name: str, index: Index) -> None:
        """Raises `ConfigError` where another function has that name."""
        known = self._indexes.get(name)
        if known is not None and known is not index:
            raise ConfigError(f"two controllers index {info(self.kind).resource} as {name!r} in different ways")
        self._indexes[name] = index
        self._indexed[name] = {}
        for key, obj in self._objects.items():
            self._enter(name, index, key, obj)

    def add_tally(self, name: str, tally: Tally) -> None:
        """Raises `ConfigError` where another function has that name."""
        known = self._tallies.get(name)
        if known is not None and known is not tally:
            raise ConfigError(f"two controllers count {info(self.kind).resource} as {name!r} in different ways")
        if known is None:
            self._tallies[name] = tally
            self._tallied[name] = {}
            for obj in self._objects.values():
                self._count(name, obj, 1)

    def subscribe(self, on_change: OnChange) -> None:
        """Be told of every change; a late subscriber is told of all that is there."""
        self._subscribers.append(on_change)
        for obj in self.all():
            on_change(None, obj)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a change after which ``condition`` holds."""
        if condition():
            return
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = (condition, arrived)
        self._waiters.append(waiter)
        try:
            await arrived
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    # Following

    async def run(self) -> None:
        """List, watch, and list again where the watch's history was too short; never returns."""
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        while True:
            try:
                await self._relist()
                delays.after_success()
                await self._follow()
            except (Expired, Gone):
                log.debug("the history of %s is too short: listing again", info(self.kind).resource)
            except Exception as exc:
                delay, is_usual = delays.after_failure(), isinstance(exc, SampanError | OSError)
                log.warning(
                    "cannot follow %s, next try in %.1f s: %s",
                    info(self.kind).resource,
                    delay,
                    exc,
                    exc_info=not is_usual,
                )
                await self._clock.sleep(delay)

    async def _relist(self) -> None:
        listing = await self._client.list(self.kind, field_selector=self._field_selector)
        gone = self._objects.keys() - {obj.key for obj in listing.items}
        for obj in listing.items:
            old = self._objects.get(obj.key)
            if old is None or old.metadata.resource_version != obj.metadata.resource_version:
                self._replace(obj.key, obj)
        for key in gone:
            self._replace(key, None)
        self._reached(listing.resource_version)
        self.synced.set()

    async def _follow(self) -> None:
        """Apply events until the watch breaks; one that merely ends is taken up again where it ended."""
        while True:
            before = self.revision
            watch = self._client.watch(
                self.kind, resource_version=str(self.revision), field_selector=self._field_selector
            )
            async with watch as events:
                async for event in events:
                    self._apply(event)
            if self.revision == before:
                # A server that ends every watch at once must not make this a busy loop.
                await self._clock.sleep(FIRST_RETRY)

    def _apply(self, event: WatchEvent[T]) -> None:
        if event.type != "BOOKMARK":
            self._replace(event.obj.key, None if event.type == "DELETED" else event.obj)
        self._reached(event.obj.metadata.resource_version)

    def _replace(self, key: ObjectKey, new: T | None) -> None:
        with self.lock:
            old = self._exchange(key, new)
        if old is None and new is None:
            return
        for on_change in self._subscribers:
            on_change(old, new)

    def _exchange(self, key: ObjectKey, new: T | None) -> T | None:
        """Put ``new`` in the place of what was there, which is returned."""
        old = self._objects.pop(key, None)
        if old is not None:
            self._leave(key, old)
            for name in self._tallies:
                self._count(name, old, -1)
        if new is not None:
            self._objects[key] = new
            for name in self._tallies:
                self._count(name, new, 1)
            for name, index in self._indexes.items():
                self._enter(name, index, key, new)
        return old

    def _reached(self, resource_version: str | None) -> None:
        self.revision = max(self.revision, int(resource_version or 0))
        if not self._waiters:
            return
        waiting = []
        for condition, arrived in self._waiters:
            if arrived.done():
                continue
            if condition():
                arrived.set_result(None)
            else:
                waiting.append((condition, arrived))
        self._waiters = waiting

    def _enter(self, name: str, index: Index, key: ObjectKey, obj: T) -> None:
        for value in index(obj):
            self._indexed[name].setdefault(value, {})[key] = obj

    def _leave(self, key: ObjectKey, obj: T) -> None:
        for name, index in self._indexes.items():
            for value in index(obj):
                members = self._indexed[name].get(value)
                if members is not None:
                    members.pop(key, None)
                    if not members:
                        del self._indexed[name][value]

    def _count(self, name: str, obj: T, number: int) -> None:
        for value, word in self._tallies[name](obj):
            counts = self._tallied[name].setdefault(value, {})
            counts[word] = counts.get(word, 0) + number
            if not counts[word]:
                del counts[word]
                if not counts:
                    del self._tallied[name][value]
