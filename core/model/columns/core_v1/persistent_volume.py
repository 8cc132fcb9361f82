"""The columns of PersistentVolumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, UNSET
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"
SHORT_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def access_modes(modes: Sequence[str] | None) -> str:
    """``RWO,ROX``, always in the same order."""
    return ",".join(short for mode, short in SHORT_MODES.items() if mode in (modes or ()))


def phase(obj: Value, now: datetime) -> str:
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    return (obj.get("status") or {}).get("phase") or ""


def class_name(obj: Value, now: datetime) -> str:
    annotated = ((obj.get("metadata") or {}).get("annotations") or {}).get(CLASS_ANNOTATION)
    return annotated if annotated is not None else spec_of(obj).get("storageClassName") or ""


def spec_of(obj: Value) -> Value:
    return obj.get("spec") or {}


def _claim(obj: Value, now: datetime) -> str:
    claim = spec_of(obj).get("claimRef")
    return f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else ""


ATTRIBUTES_CLASS: Final = Column(
    name="VolumeAttributesClass", cell=lambda obj, now: spec_of(obj).get("volumeAttributesClassName") or UNSET
)
VOLUME_MODE: Final = Column(
    name="VolumeMode", cell=lambda obj, now: spec_of(obj).get("volumeMode") or UNSET, priority=1
)
PERSISTENT_VOLUME_COLUMNS: Final = (
    NAME,
    Column(name="Capacity", cell=lambda obj, now: (spec_of(obj).get("capacity") or {}).get("storage", "0")),
    Column(name="Access Modes", cell=lambda obj, now: access_modes(spec_of(obj).get("accessModes"))),
    Column(name="Reclaim Policy", cell=lambda obj, now: spec_of(obj).get("persistentVolumeReclaimPolicy") or ""),
    Column(name="Status", cell=phase),
    Column(name="Claim", cell=_claim),
    Column(name="StorageClass", cell=class_name),
    ATTRIBUTES_CLASS,
    Column(name="Reason", cell=lambda obj, now: (obj.get("status") or {}).get("reason") or ""),
    AGE,
    VOLUME_MODE,
)
