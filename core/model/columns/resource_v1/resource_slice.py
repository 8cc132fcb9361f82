"""The columns of ResourceSlices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column


def _pool(obj: Mapping[str, Any], now: datetime) -> str:
    pool: str = ((obj.get("spec") or {}).get("pool") or {}).get("name") or ""
    return pool


RESOURCE_SLICE_COLUMNS: Final = (
    NAME,
    Column(name="Node", cell=lambda obj, now: (obj.get("spec") or {}).get("nodeName") or ""),
    Column(name="Driver", cell=lambda obj, now: (obj.get("spec") or {}).get("driver") or ""),
    Column(name="Pool", cell=_pool),
    AGE,
)
