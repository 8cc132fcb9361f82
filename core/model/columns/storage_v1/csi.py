"""The columns of CSIDrivers, CSINodes and CSIStorageCapacities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE, UNSET
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _flag(word: str, default: bool) -> Callable[[Value, datetime], bool]:
    return lambda obj, now: bool(_spec(obj).get(word, default))


def _audiences(obj: Value, now: datetime) -> str:
    tokens = _spec(obj).get("tokenRequests")
    return ",".join(token.get("audience") or "" for token in tokens) if tokens else UNSET


CSI_DRIVER_COLUMNS: Final = (
    NAME,
    Column(name="AttachRequired", cell=_flag("attachRequired", True), type="boolean"),
    Column(name="PodInfoOnMount", cell=_flag("podInfoOnMount", False), type="boolean"),
    Column(name="StorageCapacity", cell=_flag("storageCapacity", False), type="boolean"),
    Column(name="TokenRequests", cell=_audiences),
    Column(name="RequiresRepublish", cell=_flag("requiresRepublish", False), type="boolean"),
    Column(name="Modes", cell=lambda obj, now: ",".join(_spec(obj).get("volumeLifecycleModes") or ()) or NONE),
    AGE,
)
CSI_NODE_COLUMNS: Final = (
    NAME,
    Column(name="Drivers", cell=lambda obj, now: len(_spec(obj).get("drivers") or ()), type="integer"),
    AGE,
)
