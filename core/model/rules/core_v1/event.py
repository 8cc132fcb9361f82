"""Events, which Kubernetes serves twice: as ``v1`` (the stored form) and, with other names, as ``events.k8s.io/v1``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, invalid, malformed, required
from sampan.core.model.kinds import JsonObject, KindRules

Value = Mapping[str, Any]

MISPLACED: Final = "does not match event.namespace"
RENAMED: Final[Mapping[str, str]] = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
"""Fields of ``events.k8s.io/v1`` by their names in ``v1``; all others have the same name in both."""
BACK: Final = {old: new for new, old in RENAMED.items()}
ALWAYS_STORED: Final = {"reportingComponent": "", "reportingInstance": ""}
EVENT_FIELDS: Final = (
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
    "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
    "reason", "reportingComponent", "source", "type",
)  # fmt: skip
"""What lists of events can be narrowed by. ``source`` is the component that reported."""
SHOWN_FIELDS: Final[Mapping[str, str]] = {
    BACK.get(head := field.partition(".")[0], head) + field[len(head) :]: field
    for field in EVENT_FIELDS
    if field != "source"
}
"""The same, as ``events.k8s.io/v1`` names them."""
WRITTEN_ONCE: Final = (
    "regarding", "reason", "note", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp",
    "deprecatedCount", "reason", "type", "eventTime", "action", "related", "reportingController", "reportingInstance",
)  # fmt: skip
LIMITS: Final = {"reportingInstance": 128, "action": 128, "reason": 128}


def source_of(event: Value) -> str:
    """The component that reported an event, in either form."""
    source = event.get("source") or event.get("deprecatedSource") or {}
    return source.get("component") or event.get("reportingComponent") or event.get("reportingController") or ""


def to_core(event: Value) -> JsonObject:
    """An event of ``events.k8s.io/v1`` in its stored form."""
    stored = {RENAMED.get(key, key): value for key, value in event.items()}
    return {**ALWAYS_STORED, **stored, "apiVersion": "v1"}


def from_core(event: Value) -> JsonObject:
    """A stored event as ``events.k8s.io/v1`` shows it."""
    shown = {BACK.get(key, key): value for key, value in event.items() if value or key not in ALWAYS_STORED}
    return {**shown, "apiVersion": "events.k8s.io/v1"}


def validate_core_event(event: Value, path: str) -> list[Cause]:
    """Old events need little; those with an ``eventTime`` must say who reports what."""
    return _checks(event, "involvedObject", "reportingComponent", "message")


def validate_event(event: Value, path: str) -> list[Cause]:
    return _checks(event, "regarding", "reportingController", "note")


def _new(event: Value) -> list[Cause]:
    """What new events need, and old ones had."""
    causes = _series(event.get("series"))
    if not event.get("eventTime"):
        causes.append(required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        causes.append(invalid("type", "", f"has invalid value: {event.get('type') or ''}"))
    for word, old in (("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp")):
        if event.get(word):
            causes.append(invalid(old, "", "needs to be unset"))
    for word, old in (("deprecatedCount", "count"), ("deprecatedSource", "source")):
        if event.get(word):
            causes.append(invalid(old, "", "needs to be unset"))
    return causes


def _checks(event: Value, about: str, reporter: str, text: str) -> list[Cause]:
    namespace = (event.get("metadata") or {}).get("namespace") or ""
    place = (event.get(about) or {}).get("namespace") or ""
    wrong = invalid("involvedObject.namespace", place, MISPLACED)
    if not event.get("eventTime"):
        misplaced = namespace not in ("", "default") if not place else namespace != place
        return [wrong] if misplaced else []
    causes = [wrong] if not place and namespace not in ("default", "kube-system") else []
    controller = event.get(reporter) or ""
    if not controller:
        causes.append(required(reporter))
    causes += malformed(reporter, controller, "qualified-name")
    for word, limit in LIMITS.items():
        value = event.get(word) or ""
        if not value:
            causes.append(required(word))
        elif len(value) > limit:
            causes.append(invalid(word, "", f"can have at most {limit} characters"))
    if len(event.get(text) or "") > 1024:
        causes.append(invalid("message", "", "can have at most 1024 characters"))
    return causes + [invalid("namespace", namespace, problem) for problem in formats.dns1123_subdomain(namespace)]


def _series(series: Value | None) -> list[Cause]:
    if series is None:
        return []
    causes = []
    if (series.get("count") or 0) < 2:
        causes.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        causes.append(required("series.lastObservedTime"))
    return causes


LIFE: Final = timedelta(hours=1)
"""From the last time that an event was written, as kube-apiserver keeps them."""


def last_seen(event: Value) -> datetime | None:
    """The latest time that a stored event names."""
    series = event.get("series") or {}
    times = (
        event.get("lastTimestamp"), event.get("eventTime"), series.get("lastObservedTime"),
        (event.get("metadata") or {}).get("creationTimestamp"),
    )  # fmt: skip
    return max((datetime.fromisoformat(each) for each in times if each), default=None)


class CoreEventRules(KindRules):
    """``v1``: anything goes that once did."""

    rechecks_changes = False

    metadata_last = True

    def expires_at(self, obj: Mapping[str, Any]) -> datetime | None:
        seen = last_seen(obj)
        return None if seen is None else seen + LIFE


class EventRules(KindRules):
    """``events.k8s.io/v1``: all but the series is written once."""

    metadata_second = True

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        return _new(obj)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        causes = _series(obj.get("series")) if obj.get("series") != old.get("series") else []
        for word in WRITTEN_ONCE:
            shown = word if word == "reportingController" else RENAMED.get(word, word)
            causes += changed(shown, obj.get(word), old.get(word))
        return causes
