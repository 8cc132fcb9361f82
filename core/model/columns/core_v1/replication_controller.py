"""The columns of ReplicationControllers."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import labels_text
from sampan.core.model.columns.common.workloads import COUNTS
from sampan.core.model.kinds import Column

REPLICATION_CONTROLLER_COLUMNS: Final = (
    *COUNTS,
    Column(name="Selector", cell=lambda obj, now: labels_text((obj.get("spec") or {}).get("selector")), priority=1),
)
