"""Versions of a custom kind that a webhook converts.

Each served version has a watch cache of its own, fed from a cache of the objects as they are stored: what changes is
converted once, in batches, however many read it. Where the webhook is away, reads say so, and what was stored stays as it
is; readers go on when it answers again. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.api.conversion_answers import REVIEW, ConversionFailed, Unusable, objects_of
from sampan.core.api.storage import Cached
from sampan.core.api.webhook_client import CallFailed, post
from sampan.core.classes import frozen
from sampan.core.contracts.access import Reader
from sampan.core.errors import Expired, Timeout
from sampan.core.loops import Delays
from sampan.core.schema.default import apply_defaults
from sampan.core.schema.encode import encode
from sampan.core.schema.prune import prune
from sampan.core.schema.resource import Resource
from sampan.core.store.contract import KeyValue, Listing, StoreEvent
from sampan.core.store.entry import Entry, WatchEvent
from sampan.core.store.follower import FRESH_TIMEOUT, Sink
from sampan.core.store.present import PresentOnly
from sampan.core.store.watch_cache import WatchCache

log = logging.getLogger(__name__)

Wire = Mapping[str, Any]

ASK_TIMEOUT: Final = 30.0
FIRST_RETRY: Final = 0.1
LONGEST_RETRY: Final = 10.0
LONGEST_ANSWER: Final = 64 << 20
BATCH: Final = 500
"""Objects that are converted in one question at the most."""


@frozen
class Converter:
    """The webhook of one definition."""

    kind: str
    config: Wire
    versions: tuple[str, ...]
    reader: Reader

    async def convert(self, objects: Sequence[Wire], target: Resource) -> list[dict[str, Any]]:
        """Objects of any version as objects of ``target``'s, pruned and defaulted. Raises `ConversionFailed`."""
        wanted = target.info.api_version
        others = [obj for obj in objects if obj["apiVersion"] != wanted]
        converted = iter(await self._ask(others, wanted) if others else ())
        made = []
        for obj in objects:
            value = next(converted) if obj["apiVersion"] != wanted else orjson.loads(orjson.dumps(obj))
            prune(target.struct, value)
            apply_defaults(target.struct, value)
            made.append(value)
        return made

    async def _ask(self, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for begin in range(0, len(objects), BATCH):
            part = objects[begin : begin + BATCH]
            try:
                try:
                    found += await self._ask_once(part, wanted)
                except Unusable:  # what is wrong is told of one object, as who reads one would be
                    await self._ask_once(part[:1], wanted)
                    raise
            except (CallFailed, Unusable) as error:
                words = str(error) if isinstance(error, Unusable) else f"failed: {error}"
                about = f"{part[0]['apiVersion']}, Kind={self.kind}"
                raise ConversionFailed(f"conversion webhook for {about} {words}") from error
        return found

    async def _ask_once(self, objects: Sequence[Wire], wanted: str) -> list[dict[str, Any]]:
        version = next(each for each in self.versions if each in ("v1", "v1beta1"))
        uid, review = str(uuid.uuid4()), f"apiextensions.k8s.io/{version}"
        question = {
            "kind": REVIEW,
            "apiVersion": review,
            "request": {"uid": uid, "desiredAPIVersion": wanted, "objects": list(objects)},
        }
        answer = await post(self.config, self.reader, question, ASK_TIMEOUT, longest=LONGEST_ANSWER)
        return objects_of(answer, uid, review, objects, wanted)


class Conversion:
    """Feeds the cache of one version with the converted objects of the cache of the stored ones."""

    def __init__(self, stored: WatchCache, converter: Converter, target: Resource) -> None:
        self._at = 0
        self.history = PresentOnly(self._revision_of_now)
        self._stored = stored
        self._converter = converter
        self._target = target
        self._sink: Sink | None = None
        self._values: dict[str, KeyValue] = {}
        self._failure: ConversionFailed | None = None
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def revision(self) -> int:
        """As far as the stored objects have come, where nothing of them is left to convert."""
        return self._stored.revision if self._at and self._at >= self._stored.changed else self._at

    async def add(self, sink: Sink) -> None:
        """The objects there are come with the first conversion: until then every reader waits."""
        self._sink = sink
        sink.load(Listing((), 0))
        self._task = asyncio.create_task(self._follow(), name=f"conversion to {self._target.info.api_version}")

    def remove(self, sink: Sink) -> None:
        self._sink = None
        if self._task is not None:
            self._task.cancel()

    async def wait_until(self, revision: int, timeout: float = FRESH_TIMEOUT) -> None:
        """Raises what the webhook failed with, and `Timeout` where it takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._stored.wait_until(revision, timeout)
                while not self._at or self._at < min(revision, self._stored.changed):
                    if self._failure is not None:
                        raise self._failure
                    self._moved.clear()
                    await self._moved.wait()
                return
        raise Timeout(f"the objects could not be converted to {self._target.info.api_version} in time")

    async def _follow(self) -> None:
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        while self._sink is not None:
            try:
                await self._load()
                delays.after_success()
                async with await self._stored.watch(since=self._at) as watcher:
                    while not watcher.ended:
                        await self._apply(await watcher.batch())
                return  # the definition has gone
            except Expired:
                continue
            except ConversionFailed as error:
                self._failed(error)
                delay = delays.after_failure()
                log.warning("%s; next try in %.1f s", error, delay)
                await asyncio.sleep(delay)
            except Exception:  # an answer that nobody thought of: readers are told, and it goes on with the next
                log.exception("objects could not be converted to %s", self._target.info.api_version)
                words = f"conversion webhook for {self._target.info.api_version} returned what cannot be read"
                self._failed(ConversionFailed(words))
                await asyncio.sleep(delays.after_failure())

    async def _load(self) -> None:
        revision, entries = self._stored.revision, self._stored.list()
        items = await self._converted(entries)
        self._values = {item.key: item for item in items}
        if self._sink is not None:
            self._sink.load(Listing(items, revision))
        self._reached(revision)

    async def _apply(self, events: Sequence[WatchEvent]) -> None:
        entries = [event.entry for event in events if event.entry is not None]
        items = await self._converted(entries)
        kinds = [event.type for event in events if event.entry is not None]
        for kind, item in zip(kinds, items, strict=True):
            previous = self._values.pop(item.key, None)
            if kind != "DELETED":
                self._values[item.key] = item
            if self._sink is not None:
                self._sink.apply(StoreEvent("delete" if kind == "DELETED" else "put", item, previous))
        if events:
            self._reached(events[-1].revision)

    async def _converted(self, entries: Sequence[Entry]) -> list[KeyValue]:
        values = await self._converter.convert([entry.wire for entry in entries], self._target)
        return [
            KeyValue(entry.key, encode(self._target.struct, value), entry.created, entry.revision)
            for entry, value in zip(entries, values, strict=True)
        ]

    async def _revision_of_now(self) -> int:
        await self._stored.fresh()
        return self._stored.revision

    def _reached(self, revision: int) -> None:
        self._at, self._failure = max(self._at, revision), None
        self._moved.set()

    def _failed(self, error: ConversionFailed) -> None:
        self._failure = error
        self._moved.set()


@frozen(eq=False)
class Converted(Cached):
    """A version whose objects a webhook converts. ``stored`` is the version that its writes are stored in."""

    stored: Resource
    converter: Converter

    @property
    def origin(self) -> object:
        return self.converter

    async def store_form(self, wire: Wire) -> bytes:
        """What is stored of an object of this version. Raises `ConversionFailed` where the webhook cannot say."""
        (value,) = await self.converter.convert([wire], self.stored)
        return encode(self.stored.struct, value)
