"""The columns that kinds share which make pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, container_images, container_names, selector_text
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]
Cell = Callable[[Value, datetime], Any]


def count(part: str, word: str) -> Cell:
    return lambda obj, now: (obj.get(part) or {}).get(word) or 0


def ready_of_wanted(obj: Value, now: datetime) -> str:
    """``2/3``."""
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
    Column(name="Desired", cell=count("spec", "replicas"), type="integer"),
    Column(name="Current", cell=count("status", "replicas"), type="integer"),
    Column(name="Ready", cell=count("status", "readyReplicas"), type="integer"),
    AGE,
    *CONTAINERS,
)
SELECTOR: Final = Column(
    name="Selector", cell=lambda obj, now: selector_text((obj.get("spec") or {}).get("selector")), priority=1
)
