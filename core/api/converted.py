"""Versions of a custom kind whose objects a webhook converts.

Each such version has a watch cache of its own, fed from a cache of the objects as they are stored: what changes is
converted once, in batches, however many read it. An object that cannot be converted is *withheld*: who reads it, or a list
that it belongs to, asks the webhook again and is told what it fails with, while all others are read, written and watched.
Its last form that could be shown stays in the cache, for readers that take any version. Nothing that is stored depends on
the webhook, so that in the stored version everything can be read and deleted. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.api.conversion import Converter
from sampan.core.api.conversion_answers import ConversionFailed
from sampan.core.api.storage import Cached
from sampan.core.classes import frozen
from sampan.core.errors import Expired, Timeout
from sampan.core.loops import Delays
from sampan.core.schema.encode import splice_resource_version
from sampan.core.schema.resource import Resource
from sampan.core.store.contract import KeyValue, Listing, StoreEvent
from sampan.core.store.entry import Entry, WatchEvent
from sampan.core.store.follower import FRESH_TIMEOUT, Sink
from sampan.core.store.present import PresentOnly
from sampan.core.store.watch_cache import WatchCache, join_whole

log = logging.getLogger(__name__)

FIRST_RETRY: Final = 0.1
LONGEST_RETRY: Final = 10.0


class Conversion:
    """Keeps the cache of one version up to date with the cache of the stored objects."""

    def __init__(self, stored: WatchCache, converter: Converter, target: Resource) -> None:
        self.withheld: dict[str, str] = {}
        """By key: why an object cannot be shown as it is now."""
        self.history = PresentOnly(self._revision_of_now)
        self.cache = WatchCache(self, stored.prefix, finish=splice_resource_version, join=join_whole)
        self._at = 0
        self._stored = stored
        self._converter = converter
        self._target = target
        self._values: dict[str, KeyValue] = {}
        self._moved = asyncio.Event()
        self._withholds = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._attempts: dict[tuple[str, ...], asyncio.Task[None]] = {}

    @property
    def revision(self) -> int:
        """As far as the stored objects have come, where nothing of them is left to convert."""
        return self._stored.revision if self._at and self._at >= self._stored.changed else self._at

    async def add(self, sink: Sink) -> None:
        """The objects there are come with the first conversion: until then every reader waits."""
        sink.load(Listing((), 0))
        version = self._target.info.api_version
        self._tasks = [
            asyncio.create_task(self._follow(), name=f"conversion to {version}"),
            asyncio.create_task(self._mend(), name=f"further conversions to {version}"),
        ]

    def remove(self, sink: Sink) -> None:
        for task in (*self._tasks, *self._attempts.values()):
            task.cancel()

    async def wait_until(self, revision: int, timeout: float = FRESH_TIMEOUT) -> None:
        """Until everything up to ``revision`` is converted or withheld. Raises `Timeout`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._stored.wait_until(revision, timeout)
                while not self._at or self._at < min(revision, self._stored.changed):
                    self._moved.clear()
                    await self._moved.wait()
                return
        raise Timeout(f"the objects could not be converted to {self._target.info.api_version} in time")

    async def check_kept(self, revision: int) -> None:
        """Raises `Expired`: converted objects are as old as the stored ones."""
        await self._stored.check_kept(revision)

    async def settle(self, keys: Sequence[str]) -> None:
        """Ask again for those of these objects that are not shown as they are stored. Raises `ConversionFailed`.

        Those who ask for the same meanwhile share the question.
        """
        behind = tuple(key for key in keys if self._is_behind(key))
        if not behind:
            return
        attempt = self._attempts.get(behind)
        if attempt is None:
            attempt = self._attempts[behind] = asyncio.create_task(self._try_again(behind), name="one more conversion")
            attempt.add_done_callback(lambda _: self._attempts.pop(behind, None))
        await asyncio.shield(attempt)
        for key in behind:
            if key in self.withheld:
                raise ConversionFailed(self.withheld[key])

    def _is_behind(self, key: str) -> bool:
        stored, shown = self._stored.get(key), self._values.get(key)
        return stored is not None and (shown is None or shown.revision < stored.revision)

    async def _try_again(self, keys: Sequence[str]) -> None:
        entries = [entry for key in keys if (entry := self._stored.get(key)) is not None]
        for entry, made in zip(entries, await self._converted(entries), strict=True):
            if self._stored.get(entry.key) is not entry or not self._is_behind(entry.key):
                continue
            if isinstance(made, ConversionFailed):
                self._withhold(entry.key, made)
            else:
                self.withheld.pop(entry.key, None)
                self._values[entry.key] = made
                self.cache.amend(made, self._at)

    async def _mend(self) -> None:
        """Ask again for what is withheld, more and more seldom: nobody may read it, and many watch."""
        while True:
            await self._withholds.wait()
            delays = Delays(FIRST_RETRY, LONGEST_RETRY)
            while self.withheld:
                await asyncio.sleep(delays.after_failure())
                with contextlib.suppress(ConversionFailed):
                    await self.settle(sorted(self.withheld))
            self._withholds.clear()
            log.info("all objects can be converted to %s again", self._target.info.api_version)

    async def _follow(self) -> None:
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        while True:
            try:
                await self._load()
                delays.after_success()
                async with await self._stored.watch(since=self._at) as watcher:
                    while not watcher.ended:
                        await self._apply(await watcher.batch())
                return  # the definition has gone
            except Expired:
                continue
            except Exception:  # a bug: it goes on with the next load
                log.exception("objects could not be converted to %s", self._target.info.api_version)
                await asyncio.sleep(delays.after_failure())

    async def _load(self) -> None:
        revision, entries = self._stored.revision, self._stored.list()
        outcomes = await self._converted(entries)
        items = [made for made in outcomes if not isinstance(made, ConversionFailed)]
        self._values = {item.key: item for item in items}
        self.withheld.clear()
        for entry, made in zip(entries, outcomes, strict=True):
            if isinstance(made, ConversionFailed):
                self._withhold(entry.key, made)
        self.cache.load(Listing(items, revision))
        self._reached(revision)

    async def _apply(self, events: Sequence[WatchEvent]) -> None:
        changes = [(event.type, event.entry) for event in events if event.entry is not None]
        outcomes = await self._converted([entry for _, entry in changes])
        for (kind, entry), made in zip(changes, outcomes, strict=True):
            if kind == "DELETED":
                self._delete(entry, made)
            else:
                self._put(entry, made)
        if events:
            self._reached(events[-1].revision)

    def _put(self, entry: Entry, made: KeyValue | ConversionFailed) -> None:
        previous = self._values.get(entry.key)
        if previous is not None and previous.revision >= entry.revision:
            return  # a reader was faster
        if not isinstance(made, ConversionFailed):
            self.withheld.pop(entry.key, None)
            self._values[entry.key] = made
            self.cache.apply(StoreEvent("put", made, previous))
        elif self._stored.get(entry.key) is not None:
            self._withhold(entry.key, made)

    def _delete(self, entry: Entry, made: KeyValue | ConversionFailed) -> None:
        """What could be shown last is what goes: no webhook keeps an object from going."""
        self.withheld.pop(entry.key, None)
        previous = self._values.pop(entry.key, None)
        if isinstance(made, ConversionFailed):
            if previous is None:
                return  # nobody has seen it
            made = KeyValue(entry.key, previous.value, previous.created, entry.revision)
        self.cache.apply(StoreEvent("delete", made, previous))

    async def _converted(self, entries: Sequence[Entry]) -> list[KeyValue | ConversionFailed]:
        outcomes = await self._converter.convert_each([entry.wire for entry in entries], self._target)
        return [
            made if isinstance(made, ConversionFailed) else KeyValue(entry.key, made, entry.created, entry.revision)
            for entry, made in zip(entries, outcomes, strict=True)
        ]

    async def _revision_of_now(self) -> int:
        await self._stored.fresh()
        return self._stored.revision

    def _reached(self, revision: int) -> None:
        self._at = max(self._at, revision)
        self._moved.set()

    def _withhold(self, key: str, error: ConversionFailed) -> None:
        if not self.withheld:
            log.warning("%s; objects of %s are withheld until it succeeds", error, self._target.info.api_version)
        self.withheld[key] = str(error)
        self._withholds.set()


@frozen(eq=False)
class Converted(Cached):
    """A version whose objects a webhook converts. ``stored`` is the version that its writes are stored in."""

    stored: Resource
    converter: Converter
    conversion: Conversion

    @property
    def origin(self) -> object:
        return self.converter

    @property
    def withheld(self) -> Mapping[str, str]:
        return self.conversion.withheld

    async def reach(self, key: str, version: int = 0) -> None:
        """Of a webhook that takes its time over others, this object is asked for by itself."""
        with contextlib.suppress(Timeout):
            await super().reach(key, version)
        await self.conversion.settle([key])

    async def settle(self, keys: Sequence[str]) -> None:
        await self.conversion.settle(keys)

    async def entry_of(self, item: KeyValue) -> Entry:
        raw = await self.converter.convert(orjson.loads(item.value), self.resource)
        return Entry.of(KeyValue(item.key, raw, item.created, item.revision), splice_resource_version)

    async def shown_again(self, wire: Mapping[str, Any]) -> Mapping[str, Any]:
        stored = orjson.loads(await self.store_form(wire))
        shown: dict[str, Any] = orjson.loads(await self.converter.convert(stored, self.resource))
        return shown

    async def store_form(self, wire: Mapping[str, Any]) -> bytes:
        """What is stored of an object of this version. Raises `ConversionFailed` where the webhook cannot say."""
        return await self.converter.convert(wire, self.stored)
