"""The columns of what pods are given to run with."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

CONFIG_MAP_COLUMNS: Final = (
    NAME,
    Column(name="Data", cell=lambda obj, now: len(obj.get("data") or {}) + len(obj.get("binaryData") or {})),
    AGE,
)
SECRET_COLUMNS: Final = (
    NAME,
    Column(name="Type", cell=lambda obj, now: obj.get("type") or ""),
    Column(name="Data", cell=lambda obj, now: len(obj.get("data") or {})),
    AGE,
)
SERVICE_ACCOUNT_COLUMNS: Final = (NAME, AGE)
