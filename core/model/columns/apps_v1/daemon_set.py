"""The columns of DaemonSets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, labels_text
from sampan.core.model.columns.common.workloads import CONTAINERS, SELECTOR, count
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _node_selector(obj: Value, now: datetime) -> str:
    template = (obj.get("spec") or {}).get("template") or {}
    return labels_text((template.get("spec") or {}).get("nodeSelector"))


DAEMON_SET_COLUMNS: Final = (
    NAME,
    Column(name="Desired", cell=count("status", "desiredNumberScheduled"), type="integer"),
    Column(name="Current", cell=count("status", "currentNumberScheduled"), type="integer"),
    Column(name="Ready", cell=count("status", "numberReady"), type="integer"),
    Column(name="Up-to-date", cell=count("status", "updatedNumberScheduled"), type="integer"),
    Column(name="Available", cell=count("status", "numberAvailable"), type="integer"),
    Column(name="Node Selector", cell=_node_selector),
    AGE,
    *CONTAINERS,
    SELECTOR,
)
