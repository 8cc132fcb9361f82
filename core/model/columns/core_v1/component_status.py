"""The columns of ComponentStatuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import NAME
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _healthy(obj: Value) -> Value | None:
    return next((each for each in obj.get("conditions") or () if each.get("type") == "Healthy"), None)


def _status(obj: Value, now: datetime) -> str:
    condition = _healthy(obj)
    if condition is None:
        return "Unknown"
    return "Healthy" if condition.get("status") == "True" else "Unhealthy"


def _about(word: str) -> Callable[[Value, datetime], str]:
    return lambda obj, now: (_healthy(obj) or {}).get(word) or ""


COMPONENT_STATUS_COLUMNS: Final = (
    NAME,
    Column(name="Status", cell=_status),
    Column(name="Message", cell=_about("message")),
    Column(name="Error", cell=_about("error")),
)
