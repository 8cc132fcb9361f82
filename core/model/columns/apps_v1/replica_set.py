"""The columns of ReplicaSets."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.workloads import COUNTS, SELECTOR

REPLICA_SET_COLUMNS: Final = (*COUNTS, SELECTOR)
