"""Event of events.k8s.io: the same stored objects as the core group's, with newer names for the fields."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.core_v1.event import EventSource
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import MicroTime, model, wire


@model
class EventSeries:
    """An event that goes on."""

    count: int = wire(required=True, emit="always", format="int32")
    last_observed_time: MicroTime | None = wire(default=None, required=True, emit="null")


@kind("events.k8s.io/v1", plural="events", short_names=("ev",))
@model
class Event(KubeObject):
    """Something that happened to an object."""

    event_time: MicroTime | None = wire(default=None, required=True, emit="null")
    series: EventSeries | None = None
    reporting_controller: str | None = None
    reporting_instance: str | None = None
    action: str | None = None
    reason: str | None = None
    regarding: ObjectReference = wire(default=ObjectReference(), emit="always")
    related: ObjectReference | None = None
    note: str | None = None
    type: str | None = None
    deprecated_source: EventSource = wire(default=EventSource(), emit="always")
    deprecated_first_timestamp: datetime | None = wire(default=None, emit="null")
    deprecated_last_timestamp: datetime | None = wire(default=None, emit="null")
    deprecated_count: int = wire(default=0, format="int32")
