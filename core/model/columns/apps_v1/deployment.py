"""The columns of Deployments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.common.workloads import CONTAINERS, SELECTOR, count
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _ready(obj: Value, now: datetime) -> str:
    ready = (obj.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{(obj.get('spec') or {}).get('replicas') or 0}"


DEPLOYMENT_COLUMNS: Final = (
    NAME,
    Column(name="Ready", cell=_ready),
    Column(name="Up-to-date", cell=count("status", "updatedReplicas")),
    Column(name="Available", cell=count("status", "availableReplicas")),
    AGE,
    *CONTAINERS,
    SELECTOR,
)
