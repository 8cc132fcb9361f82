"""The event recorder: says what happened to an object, in the words and with the thrift of client-go's.

A repeated event raises its count instead of being written anew; many similar ones are combined; an object about which too
much is said is not spoken of for a while. `EventRecorder.emit` returns at once: one short-lived task writes in order, and
there is none while nothing is to be said. Used by the engine and the node agent, on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime
from typing import Any, Literal

from sampan.core.classes import define, frozen
from sampan.core.client.protocol import Client
from sampan.core.errors import NotFound, SampanError
from sampan.core.model.core_v1.event import Event, EventSource
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, info
from sampan.core.model.meta import MicroTime, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.clock import Clock

log = logging.getLogger(__name__)

REMEMBERED = 4096
SIMILAR = 10
SIMILAR_SECONDS = 600.0
BURST = 25.0
REFILL = 1 / 300
"""client-go's: more than 10 similar events in 10 minutes are combined; 25 events about an object, then one in 5 minutes."""
COMBINED = "(combined from similar events): "

EventType = Literal["Normal", "Warning"]


@define
class _Known:
    """An event that has been written."""

    name: str
    namespace: str
    count: int
    first: datetime


@define
class _Similar:
    """Messages that have been said with the same reason."""

    messages: set[str]
    last: float


@define
class _Bucket:
    tokens: float
    last: float


@frozen
class _Saying:
    """What was emitted, on its way to the API server."""

    regarding: ObjectReference
    reason: str
    message: str
    type: EventType
    action: str
    time: datetime


class _Memory(OrderedDict[Any, Any]):
    """A dictionary that forgets what was used longest ago."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > REMEMBERED:
            self.popitem(last=False)


def reference_to(obj: KubeObject, field_path: str = "") -> ObjectReference:
    """The `ObjectReference` that an event about ``obj`` holds."""
    about = info(type(obj))
    return ObjectReference(
        kind=about.kind,
        namespace=obj.metadata.namespace,
        name=obj.metadata.name,
        uid=obj.metadata.uid,
        api_version=about.api_version,
        resource_version=obj.metadata.resource_version,
        field_path=field_path or None,
    )


class EventRecorder:
    """Speaks for one component (``replicaset-controller``, ``kubelet``), perhaps on one host."""

    def __init__(self, client: Client, clock: Clock, component: str, host: str = "") -> None:
        self._client = client
        self._clock = clock
        self._component = component
        self._host = host
        self._known = _Memory()
        self._similar = _Memory()
        self._buckets = _Memory()
        self._unwritten: list[_Saying] = []
        self._writer: asyncio.Task[None] | None = None
        self._last_stamp = 0

    def emit(
        self,
        regarding: KubeObject,
        reason: str,
        message: str,
        *,
        type: EventType = "Normal",
        field_path: str = "",
        action: str = "",
    ) -> None:
        """Say it. ``action`` makes it an event of the ``events.k8s.io`` sort. Never fails: an event is no promise."""
        reference = reference_to(regarding, field_path)
        if not self._may_speak(reference):
            return
        self._unwritten.append(_Saying(reference, reason, message, type, action, self._clock.now()))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name=f"events of {self._component}")

    async def close(self, timeout: float = 2.0) -> None:
        """Write what is left, within ``timeout`` seconds."""
        if self._writer is None or self._writer.done():
            return
        done, _ = await asyncio.wait({self._writer}, timeout=timeout)
        if not done:
            self._writer.cancel()
            await asyncio.wait({self._writer})

    async def flushed(self) -> None:
        """Wait until everything said so far is written."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait({self._writer})

    def _may_speak(self, about: ObjectReference) -> bool:
        key = (about.kind, about.namespace, about.name, about.uid)
        now = self._clock.monotonic()
        bucket: _Bucket = self._buckets.get(key) or _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) * REFILL)
        bucket.last = now
        self._buckets[key] = bucket
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    async def _write_all(self) -> None:
        while self._unwritten:
            saying = self._unwritten.pop(0)
            try:
                await self._write(saying)
            except SampanError as exc:
                log.debug("the event %s about %s was not written: %s", saying.reason, saying.regarding.name, exc)

    async def _write(self, saying: _Saying) -> None:
        sort = (evolve(saying.regarding, resource_version=None), saying.type, saying.reason, bool(saying.action))
        message, combined = self._combine(sort, saying.message)
        key = (sort, None if combined else message)
        known: _Known | None = self._known.get(key)
        if known is not None:
            try:
                await self._repeat(known, saying, message)
                return
            except NotFound:
                pass  # it has expired: say it anew
        made = await self._client.create(self._event(saying, message))
        self._known[key] = _Known(made.metadata.name or "", made.metadata.namespace or "", 1, saying.time)

    def _combine(self, sort: Any, message: str) -> tuple[str, bool]:
        now = self._clock.monotonic()
        similar: _Similar | None = self._similar.get(sort)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = _Similar(set(), now)
        similar.messages.add(message)
        similar.last = now
        self._similar[sort] = similar
        if len(similar.messages) < SIMILAR:
            return message, False
        similar.messages.pop()
        return COMBINED + message, True

    async def _repeat(self, known: _Known, saying: _Saying, message: str) -> None:
        known.count += 1
        if saying.action:
            stamp = saying.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            change: dict[str, Any] = {"series": {"count": known.count, "lastObservedTime": stamp}}
        else:
            stamp = saying.time.strftime("%Y-%m-%dT%H:%M:%SZ")
            change = {"count": known.count, "lastTimestamp": stamp, "message": message}
        await self._client.patch(Event, known.namespace, known.name, change, type="strategic")

    def _event(self, saying: _Saying, message: str) -> Event:
        about = saying.regarding
        metadata = ObjectMeta(name=f"{about.name}.{self._stamp(saying.time):x}", namespace=about.namespace or "default")
        common: dict[str, Any] = {
            "metadata": metadata,
            "involved_object": about,
            "reason": saying.reason,
            "message": message[:1024],
            "type": saying.type,
            "reporting_component": self._component,
        }
        if saying.action:
            instance = f"{self._component}-{self._host or 'sampan'}"
            when = MicroTime(saying.time)
            return Event(**common, event_time=when, action=saying.action, reporting_instance=instance)
        seconds = saying.time.replace(microsecond=0)
        return Event(
            **common,
            source=EventSource(component=self._component, host=self._host or None),
            first_timestamp=seconds,
            last_timestamp=seconds,
            count=1,
            reporting_instance=self._host,
        )

    def _stamp(self, time: datetime) -> int:
        """Nanoseconds, as in an event's name: never twice the same."""
        self._last_stamp = max(int(time.timestamp() * 1_000_000) * 1000, self._last_stamp + 1)
        return self._last_stamp
