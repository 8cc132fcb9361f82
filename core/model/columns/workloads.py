"""The columns of kinds that make pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.words import (
    AGE,
    NAME,
    container_images,
    container_names,
    labels_text,
    selector_text,
)
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]
Cell = Callable[[Value, datetime], Any]


def _count(part: str, word: str) -> Cell:
    return lambda obj, now: (obj.get(part) or {}).get(word) or 0


def _ready(obj: Value, now: datetime) -> str:
    ready = (obj.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{(obj.get('spec') or {}).get('replicas') or 0}"


def _template(obj: Value) -> Value | None:
    template: Value | None = (obj.get("spec") or {}).get("template")
    return template


CONTAINERS: Final = (
    Column(name="Containers", cell=lambda obj, now: container_names(_template(obj)), priority=1),
    Column(name="Images", cell=lambda obj, now: container_images(_template(obj)), priority=1),
)
COUNTS: Final = (
    NAME,
    Column(name="Desired", cell=_count("spec", "replicas"), type="integer"),
    Column(name="Current", cell=_count("status", "replicas"), type="integer"),
    Column(name="Ready", cell=_count("status", "readyReplicas"), type="integer"),
    AGE,
    *CONTAINERS,
)
SELECTOR: Final = Column(
    name="Selector", cell=lambda obj, now: selector_text((obj.get("spec") or {}).get("selector")), priority=1
)

REPLICA_SET_COLUMNS: Final = (*COUNTS, SELECTOR)
REPLICATION_CONTROLLER_COLUMNS: Final = (
    *COUNTS,
    Column(name="Selector", cell=lambda obj, now: labels_text((obj.get("spec") or {}).get("selector")), priority=1),
)
DEPLOYMENT_COLUMNS: Final = (
    NAME,
    Column(name="Ready", cell=_ready),
    Column(name="Up-to-date", cell=_count("status", "updatedReplicas")),
    Column(name="Available", cell=_count("status", "availableReplicas")),
    AGE,
    *CONTAINERS,
    SELECTOR,
)
