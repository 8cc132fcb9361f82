"""The columns of Events, in the stored form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.age import age
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _first_seen(obj: Value, now: datetime) -> str:
    return age(obj.get("firstTimestamp") or obj.get("eventTime"), now)


def _last_seen(obj: Value, now: datetime) -> str:
    if series := obj.get("series"):
        return age(series.get("lastObservedTime"), now)
    last = obj.get("lastTimestamp")
    return age(last, now) if last else _first_seen(obj, now)


def _about_object(obj: Value, now: datetime) -> str:
    about = obj.get("involvedObject") or {}
    kind, name = (about.get("kind") or "").lower(), about.get("name")
    return f"{kind}/{name}" if name else kind


def _source(obj: Value, now: datetime) -> str:
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    instance = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def _times(obj: Value, now: datetime) -> int:
    series = obj.get("series")
    return (series.get("count") or 0) if series else obj.get("count") or 1


EVENT_COLUMNS: Final = (
    Column(name="Last Seen", cell=_last_seen),
    Column(name="Type", cell=lambda obj, now: obj.get("type") or ""),
    Column(name="Reason", cell=lambda obj, now: obj.get("reason") or ""),
    Column(name="Object", cell=_about_object),
    Column(
        name="Subobject", cell=lambda obj, now: (obj.get("involvedObject") or {}).get("fieldPath") or "", priority=1
    ),
    Column(name="Source", cell=_source, priority=1),
    Column(name="Message", cell=lambda obj, now: (obj.get("message") or "").strip()),
    Column(name="First Seen", cell=_first_seen, priority=1),
    Column(name="Count", cell=_times, priority=1),
    Column(name="Name", cell=".metadata.name", format="name", priority=1),
)
