"""Event of events.k8s.io: the same stored objects as the core group's, with newer names for the fields."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.common.words import seen_as
from sampan.core.model.columns.core_v1.event import EVENT_COLUMNS
from sampan.core.model.core_v1.event import Event as CoreEvent
from sampan.core.model.core_v1.event import EventSource
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.rules.core_v1.event import (
    SHOWN_FIELDS,
    EventRules,
    from_core,
    to_core,
    validate_event,
)
from sampan.core.model.storage import ViewOf


@model
class EventSeries:
    """An event that goes on."""

    count: int = wire(required=True, emit="always", format="int32")
    """How many times the event has been seen in this series so far."""
    last_observed_time: MicroTime | None = wire(default=None, required=True, emit="null")
    """When it was last seen."""


@kind(
    "events.k8s.io/v1",
    plural="events",
    short_names=("ev",),
    create_on_update=True,
    selectable_fields=tuple(SHOWN_FIELDS),
    columns=seen_as(EVENT_COLUMNS, to_core),
    rules=EventRules(),
    storage=ViewOf(kind=CoreEvent, to_stored=to_core, from_stored=from_core),
)
@model
class Event(KubeObject):
    """Something that happened to an object."""

    event_time: MicroTime | None = wire(default=None, required=True, emit="null")
    """When the event was first observed. Required for new events."""
    series: EventSeries | None = None
    """How the event goes on, where it has been seen several times; empty for a single one."""
    reporting_controller: str | None = None
    """The controller that saw it, such as ``kubernetes.io/kubelet``. Required for new events."""
    reporting_instance: str | None = None
    """Which instance of the controller saw it, such as its pod or node. Required; at most 128 characters."""
    action: str | None = None
    """What was done or went wrong, as one word for programs. Required for new events; at most 128 characters."""
    reason: str | None = None
    """Why, as one word for programs, such as ``FailedScheduling``. Required for new events; at most 128 characters."""
    regarding: ObjectReference = wire(default=ObjectReference(), emit="always")
    """The object that the event is about. It is in the event's namespace, unless it has none."""
    related: ObjectReference | None = None
    """A second object that had a part in it, such as the pod that a ReplicaSet made."""
    note: str | None = None
    """What happened, in a sentence for people. At most 1024 bytes."""
    type: str | None = None
    """``Normal`` for what is expected to happen, ``Warning`` for what may need attention."""
    deprecated_source: EventSource = wire(default=EventSource(), emit="always")
    """Who reported an event of the older form (``source`` of the core group)."""
    deprecated_first_timestamp: datetime | None = wire(default=None, emit="null")
    """When an event of the older form was first seen (``firstTimestamp``)."""
    deprecated_last_timestamp: datetime | None = wire(default=None, emit="null")
    """When an event of the older form was last seen (``lastTimestamp``)."""
    deprecated_count: int = wire(default=0, format="int32")
    """How often an event of the older form was seen (``count``)."""


struct_rules(Event, whole=True)(validate_event)
