"""The columns of StorageClasses and VolumeAttributesClasses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
"""Annotations that make a class the one of claims that name none."""


def _name(obj: Value, now: datetime) -> str:
    metadata = obj.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    name = metadata.get("name") or ""
    return f"{name} (default)" if any(annotations.get(key) == "true" for key in DEFAULT_CLASS) else name


STORAGE_CLASS_COLUMNS: Final = (
    Column(name="Name", cell=_name, format="name"),
    Column(name="Provisioner", cell=lambda obj, now: obj.get("provisioner") or ""),
    Column(name="ReclaimPolicy", cell=lambda obj, now: obj.get("reclaimPolicy") or "Delete"),
    Column(name="VolumeBindingMode", cell=lambda obj, now: obj.get("volumeBindingMode") or "Immediate"),
    Column(name="AllowVolumeExpansion", cell=lambda obj, now: bool(obj.get("allowVolumeExpansion"))),
    AGE,
)
VOLUME_ATTRIBUTES_CLASS_COLUMNS: Final = (
    NAME,
    Column(name="DriverName", cell=lambda obj, now: obj.get("driverName") or ""),
    AGE,
)
