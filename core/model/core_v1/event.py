"""Event of the core group: the stored form of every event."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.core_v1.event import EVENT_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import MicroTime, model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.rules.core_v1.event import EVENT_FIELDS, CoreEventRules, source_of, validate_core_event


@model
class EventSource:
    """Who said it."""

    component: str | None = None
    """The program that reported the event, such as ``kubelet``."""
    host: str | None = None
    """The node that it was reported from."""


@model
class EventSeries:
    """An event that goes on."""

    count: int = wire(default=0, format="int32")
    """How many times the event has been seen in this series so far."""
    last_observed_time: MicroTime | None = wire(default=None, emit="null")
    """When it was last seen."""


@kind(
    "v1",
    plural="events",
    short_names=("ev",),
    create_on_update=True,
    selectable_fields=EVENT_FIELDS,
    field_readers={"source": source_of},
    columns=EVENT_COLUMNS,
    rules=CoreEventRules(),
)
@model
class Event(KubeObject):
    """Something that happened to an object."""

    metadata: ObjectMeta = wire(default=ObjectMeta(), required=True, emit="always")
    """Name, namespace and so on of the event itself; an event has its object's namespace."""
    involved_object: ObjectReference = wire(default=ObjectReference(), required=True, emit="always")
    """The object that the event is about."""
    reason: str | None = None
    """Why, as one word for programs, such as ``FailedScheduling``."""
    message: str | None = None
    """What happened, in a sentence for people."""
    source: EventSource = wire(default=EventSource(), emit="always")
    """Who reported it. Newer reporters use ``reportingComponent`` and ``reportingInstance``."""
    first_timestamp: datetime | None = wire(default=None, emit="null")
    """When the event was first seen."""
    last_timestamp: datetime | None = wire(default=None, emit="null")
    """When the event was last seen."""
    count: int = wire(default=0, format="int32")
    """How many times the event has been seen."""
    type: str | None = None
    """``Normal`` for what is expected to happen, ``Warning`` for what may need attention."""
    event_time: MicroTime | None = wire(default=None, emit="null")
    """When the event was first observed, to the microsecond. Only events of the newer form have it."""
    series: EventSeries | None = None
    """How the event goes on, where it has been seen several times; empty for a single one."""
    action: str | None = None
    """What was done or went wrong, as one word for programs."""
    related: ObjectReference | None = None
    """A second object that had a part in it."""
    reporting_component: str = wire(default="", emit="always")
    """The controller that saw it, such as ``kubernetes.io/kubelet``."""
    reporting_instance: str = wire(default="", emit="always")
    """Which instance of the controller saw it, such as its node or pod."""


struct_rules(Event, whole=True)(validate_core_event)
