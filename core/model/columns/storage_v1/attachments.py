"""The columns of VolumeAttachments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _spec(word: str) -> Callable[[Value, datetime], str]:
    return lambda obj, now: (obj.get("spec") or {}).get(word) or ""


def _volume(obj: Value, now: datetime) -> str:
    return ((obj.get("spec") or {}).get("source") or {}).get("persistentVolumeName") or ""


VOLUME_ATTACHMENT_COLUMNS: Final = (
    NAME,
    Column(name="Attacher", cell=_spec("attacher"), format="name"),
    Column(name="PV", cell=_volume),
    Column(name="Node", cell=_spec("nodeName")),
    Column(name="Attached", cell=lambda obj, now: bool((obj.get("status") or {}).get("attached")), type="boolean"),
    AGE,
)
