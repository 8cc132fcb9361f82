"""A request through flow control: its FlowSchema, a seat of its priority level, and the headers that name both.

What lasts (watches, logs, exec and the like) takes no seat: there is a number of places for it, of which nobody may have
more than are free at that moment. So one user alone gets half of them, two a third each, and some are always left. On the
API server's loop; in-process clients do not come here.
"""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Final

import attrs

from sampan.core.api.flow.defaults import CATCH_ALL, LEVELS, MANDATORY, SCHEMAS, Wire
from sampan.core.api.flow.levels import NO_SEAT, Level, Levels, Seat, Shape, too_many
from sampan.core.api.flow.schemas import Schema, in_order
from sampan.core.api.request_info import is_long_running
from sampan.core.api.responses import Header
from sampan.core.classes import define
from sampan.core.contracts.access import SYSTEM_MASTERS, Attributes, Reader

SEATS: Final = 600
"""As kube-apiserver has: 400 for reads and 200 for writes."""
STREAMS: Final = 5000
MOST_REMEMBERED: Final = 8192
SCHEMA_RESOURCE: Final = "flowschemas.flowcontrol.apiserver.k8s.io"
LEVEL_RESOURCE: Final = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
READS: Final = ("get", "list", "watch")


class FlowControl:
    """``reader`` shows the objects as they are; a change of them counts from the next request on."""

    def __init__(self, reader: Reader, seats: int = SEATS, streams: int = STREAMS) -> None:
        self._reader = reader
        self._version: tuple[int, int] | None = None
        self._schemas: tuple[Schema, ...] = ()
        self._known: dict[tuple[object, ...], Schema] = {}
        self.levels = Levels(seats)
        self.streams = Streams(streams)
        self.reads = self.writes = 0
        """Requests that are worked on now."""

    def place(self, attributes: Attributes) -> Place:
        """To be held while the request is served."""
        lasts = is_long_running(attributes)
        if lasts and attributes.verb != "watch":
            return Place(self, attributes, None, None, lasts=True)
        schema = self.classify(attributes)
        return Place(self, attributes, schema, self.levels[schema.level], lasts=lasts)

    def classify(self, attributes: Attributes) -> Schema:
        """The FlowSchema of a request."""
        version = (self._reader.changed(SCHEMA_RESOURCE), self._reader.changed(LEVEL_RESOURCE))
        if version != self._version:
            self._configure()
            self._version = version
        user = attributes.user
        key = (
            user.name, user.groups, attributes.verb, attributes.group, attributes.resource, attributes.subresource,
            attributes.namespace, attributes.path,
        )  # fmt: skip
        schema = self._known.get(key)
        if schema is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            schema = self._known[key] = next(
                (each for each in self._schemas if each.covers(attributes)), self._schemas[-1]
            )
        return schema

    def _configure(self) -> None:
        """Take the objects over as they are now. The mandatory ones are there and right, whatever has become of them."""
        levels = {each["metadata"]["name"]: each for each in self._reader.list(LEVEL_RESOURCE)}
        schemas = {each["metadata"]["name"]: each for each in self._reader.list(SCHEMA_RESOURCE)}
        for wanted, found in ((LEVELS, levels), (SCHEMAS, schemas)):
            for each in wanted:
                name = each["metadata"]["name"]
                if name in MANDATORY:
                    found[name] = _with_uid(each, found.get(name))
        made = (Schema.of(each) for each in schemas.values())
        self._schemas = tuple(in_order(each for each in made if each.level in levels))
        last = next(each for each in self._schemas if each.name == CATCH_ALL)
        self._schemas = (*(each for each in self._schemas if each is not last), last)
        self._known.clear()
        self.levels.configure({name: Shape.of(each) for name, each in levels.items()})


def _with_uid(wanted: Wire, present: Wire | None) -> Wire:
    uid = present["metadata"].get("uid", "") if present is not None else ""
    return {**wanted, "metadata": {**wanted["metadata"], "uid": uid}}


class Streams:
    """Places for what lasts. They are not waited for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0
        self._by_user: Counter[str] = Counter()

    def take(self, user: str) -> None:
        """Raises `TooManyRequests`."""
        if self._by_user[user] >= self.number - self.taken:
            if not self._by_user[user]:
                del self._by_user[user]
            raise too_many()
        self.taken += 1
        self._by_user[user] += 1

    def give_back(self, user: str) -> None:
        self.taken -= 1
        self._by_user[user] -= 1
        if not self._by_user[user]:
            del self._by_user[user]


@define(eq=False)
class Place:
    """``async with``: held while a request is served."""

    control: FlowControl
    attributes: Attributes
    schema: Schema | None
    level: Level | None
    lasts: bool = attrs.field(kw_only=True)
    _seat: Seat = NO_SEAT
    _streams: bool = False

    @property
    def headers(self) -> tuple[Header, ...]:
        if self.schema is None or self.level is None:
            return ()
        return (
            (b"x-kubernetes-pf-flowschema-uid", self.schema.uid.encode()),
            (b"x-kubernetes-pf-prioritylevel-uid", self.level.shape.uid.encode()),
        )

    async def __aenter__(self) -> None:
        """Raises `TooManyRequests`."""
        control, user = self.control, self.attributes.user
        if self.lasts:
            if SYSTEM_MASTERS not in user.groups:
                control.streams.take(user.name)
                self._streams = True
            return
        assert self.schema is not None
        assert self.level is not None
        flow = f"{self.schema.name}/{self.schema.flow(self.attributes)}"
        self._seat = await control.levels.take(self.level, flow)
        self._count(1)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._streams:
            self.control.streams.give_back(self.attributes.user.name)
        if not self.lasts:
            self.control.levels.give_back(self._seat)
            self._count(-1)

    def _count(self, by: int) -> None:
        if self.attributes.verb in READS:
            self.control.reads += by
        else:
            self.control.writes += by
