"""The columns of PersistentVolumeClaims."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.core_v1.persistent_volume import (
    ATTRIBUTES_CLASS,
    VOLUME_MODE,
    access_modes,
    class_name,
    phase,
    spec_of,
)
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _capacity(obj: Value, now: datetime) -> str:
    """What the claim has: nothing before it has a volume."""
    capacity = (obj.get("status") or {}).get("capacity") or {}
    return capacity.get("storage", "0") if spec_of(obj).get("volumeName") else ""


def _modes(obj: Value, now: datetime) -> str:
    modes = (obj.get("status") or {}).get("accessModes")
    return access_modes(modes) if spec_of(obj).get("volumeName") else ""


PERSISTENT_VOLUME_CLAIM_COLUMNS: Final = (
    NAME,
    Column(name="Status", cell=phase),
    Column(name="Volume", cell=lambda obj, now: spec_of(obj).get("volumeName") or ""),
    Column(name="Capacity", cell=_capacity),
    Column(name="Access Modes", cell=_modes),
    Column(name="StorageClass", cell=class_name),
    ATTRIBUTES_CLASS,
    AGE,
    VOLUME_MODE,
)
