"""What is written of a request at one of its stages: an ``audit.k8s.io/v1`` Event as JSON. Pure; in the auditor's thread.

Bodies come as they passed over the wire and are only read here, so that a request does not wait for it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from sampan.core.classes import frozen
from sampan.core.contracts.access import User
from sampan.core.schema.parse import SyntaxProblem, parse_json, parse_yaml

MOST_BYTES: Final = 3 * 1024 * 1024
"""Of one body; what is larger is left away, and an annotation says so."""
TRUNCATED: Final = "audit.k8s.io/truncated"
GZIP_WBITS: Final = 31


@frozen
class Body:
    """JSON or YAML; ``gzipped`` as answers may be."""

    raw: bytes
    media_type: str = "application/json"
    gzipped: bool = False


@frozen(kw_only=True)
class Record:
    """An event on its way to be written."""

    event: Mapping[str, Any]
    """All but the bodies."""
    request: Body | None = None
    response: Body | None = None
    omit_managed_fields: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it holds."""
        return 2048 + sum(len(body.raw) for body in (self.request, self.response) if body is not None)


def event_of(record: Record) -> dict[str, Any]:
    event = dict(record.event)
    truncated = False
    for field, body in (("requestObject", record.request), ("responseObject", record.response)):
        if body is None:
            continue
        value = _read(body)
        if value is None:
            truncated = True
        elif isinstance(value, MutableMapping) and record.omit_managed_fields:
            event[field] = _without_managed_fields(value)
        else:
            event[field] = value
    if truncated:
        event["annotations"] = {**event.get("annotations", {}), TRUNCATED: "true"}
    return event


def _read(body: Body) -> Any:
    """The value; ``None`` where it is too large or no value at all."""
    raw = body.raw
    if body.gzipped:
        unpacked = zlib.decompressobj(GZIP_WBITS)
        raw = unpacked.decompress(raw, MOST_BYTES)
        if not unpacked.eof:
            return None
    try:
        return parse_yaml(raw)[0] if body.media_type.endswith("yaml") else parse_json(raw)
    except (SyntaxProblem, ValueError, RecursionError):
        return None


def _without_managed_fields(value: MutableMapping[str, Any]) -> Any:
    rows = [row.get("object") for row in value.get("rows") or () if isinstance(row, Mapping)]
    items = value.get("items")
    for each in (value, *(items if isinstance(items, list) else ()), *rows):
        meta = each.get("metadata") if isinstance(each, Mapping) else None
        if isinstance(meta, MutableMapping):
            meta.pop("managedFields", None)
    return value


def line_of(event: Mapping[str, Any]) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)


def user_info(user: User) -> dict[str, Any]:
    info: dict[str, Any] = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    if user.groups:
        info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info


def micro_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
