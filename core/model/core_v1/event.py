"""Event of the core group: the stored form of every event."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.cluster import EVENT_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.rules.events import EVENT_FIELDS, source_of, validate_core_event


@model
class EventSource:
    """Who said it."""

    component: str | None = None
    host: str | None = None


@model
class EventSeries:
    """An event that goes on."""

    count: int = wire(default=0, format="int32")
    last_observed_time: MicroTime | None = wire(default=None, emit="null")


@kind(
    "v1",
    plural="events",
    short_names=("ev",),
    create_on_update=True,
    selectable_fields=EVENT_FIELDS,
    field_readers={"source": source_of},
    columns=EVENT_COLUMNS,
)
@model
class Event(KubeObject):
    """Something that happened to an object."""

    metadata: ObjectMeta = wire(default=ObjectMeta(), required=True, emit="always")
    involved_object: ObjectReference = wire(default=ObjectReference(), required=True, emit="always")
    reason: str | None = None
    message: str | None = None
    source: EventSource = wire(default=EventSource(), emit="always")
    first_timestamp: datetime | None = wire(default=None, emit="null")
    last_timestamp: datetime | None = wire(default=None, emit="null")
    count: int = wire(default=0, format="int32")
    type: str | None = None
    event_time: MicroTime | None = wire(default=None, emit="null")
    series: EventSeries | None = None
    action: str | None = None
    related: ObjectReference | None = None
    reporting_component: str = wire(default="", emit="always")
    reporting_instance: str = wire(default="", emit="always")


struct_rules(Event, whole=True)(validate_core_event)
