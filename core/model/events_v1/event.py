"""Event of events.k8s.io: the same stored objects as the core group's, with newer names for the fields."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.cluster import EVENT_COLUMNS
from sampan.core.model.columns.words import seen_as
from sampan.core.model.core_v1.event import Event as CoreEvent
from sampan.core.model.core_v1.event import EventSource
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, StoredAs, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.rules.events import SHOWN_FIELDS, EventRules, from_core, source_of, to_core, validate_event


@model
class EventSeries:
    """An event that goes on."""

    count: int = wire(required=True, emit="always", format="int32")
    last_observed_time: MicroTime | None = wire(default=None, required=True, emit="null")


@kind(
    "events.k8s.io/v1",
    plural="events",
    short_names=("ev",),
    create_on_update=True,
    selectable_fields=tuple(SHOWN_FIELDS),
    field_readers={"source": source_of},
    columns=seen_as(EVENT_COLUMNS, to_core),
    rules=EventRules(),
    stored_as=StoredAs(kind=CoreEvent, to_stored=to_core, from_stored=from_core, selectable=SHOWN_FIELDS),
)
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


struct_rules(Event, whole=True)(validate_event)
