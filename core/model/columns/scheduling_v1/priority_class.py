"""The columns of PriorityClasses."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

PRIORITY_CLASS_COLUMNS: Final = (
    NAME,
    Column(name="Value", cell=lambda obj, now: obj.get("value") or 0, type="integer"),
    Column(name="Global-Default", cell=lambda obj, now: bool(obj.get("globalDefault")), type="boolean"),
    AGE,
    Column(name="PreemptionPolicy", cell=lambda obj, now: obj.get("preemptionPolicy") or ""),
)
