"""The columns of APIServices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.conditions import find_wire
from sampan.core.model.kinds import Column


def _service(obj: Mapping[str, Any], now: datetime) -> str:
    service = (obj.get("spec") or {}).get("service")
    return f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"


def _available(obj: Mapping[str, Any], now: datetime) -> str:
    found = find_wire(obj, "Available")
    if found is None:
        return "Unknown"
    status = str(found.get("status", ""))
    return status if status == "True" else f"{status} ({found.get('reason', '')})"


API_SERVICE_COLUMNS: Final = (
    NAME,
    Column(name="Service", cell=_service),
    Column(name="Available", cell=_available),
    AGE,
)
