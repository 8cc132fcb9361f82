"""The events about an object, the last part of most descriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sampan.cli.describe.text import Lines, Object, metadata
from sampan.cli.session import Session
from sampan.core.model.age import age


def event_lines(session: Session, obj: Object) -> Lines:
    """A table of them, oldest first, as kubectl prints it."""
    events = _events(session, obj)
    if not events:
        return ["Events:\t<none>"]
    lines = ["Events:", "  Type\tReason\tAge\tFrom\tMessage", "  ----\t------\t----\t----\t-------"]
    now = datetime.now(UTC)
    for event in sorted(events, key=_last):
        source = event.get("source") or {}
        words = (
            event.get("type", ""),
            event.get("reason", ""),
            _age(event, now),
            event.get("reportingComponent") or source.get("component") or "",
            str(event.get("message", "")).strip(),
        )
        lines.append("  " + "\t".join(words))
    return lines


def _events(session: Session, obj: Object) -> list[dict[str, Any]]:
    about = metadata(obj)
    namespace = about.get("namespace", "")
    fields = {
        "involvedObject.name": about.get("name"),
        "involvedObject.namespace": namespace,
        "involvedObject.kind": obj.get("kind"),
        "involvedObject.uid": about.get("uid"),
    }
    # The node agent knows a node by its name alone, and uses that as its uid.
    if obj.get("kind") == "Node":
        fields["involvedObject.uid"] = None
    query = ",".join(f"{key}={value}" for key, value in fields.items() if value)
    path = f"/api/v1/namespaces/{namespace}/events" if namespace else "/api/v1/events"
    found: list[dict[str, Any]] = session.api.get(path, {"fieldSelector": query, "limit": 500})["items"]
    return found


def _last(event: Object) -> str:
    series = event.get("series") or {}
    found = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(found or metadata(event).get("creationTimestamp") or "")


def _first(event: Object) -> str:
    return str(event.get("firstTimestamp") or event.get("eventTime") or _last(event))


def _age(event: Object, now: datetime) -> str:
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    last = age(_last(event), now) if _last(event) else "<unknown>"
    return f"{last} (x{count} over {age(_first(event), now)})" if count > 1 else last
