"""The columns of StatefulSets."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.common.workloads import CONTAINERS, ready_of_wanted
from sampan.core.model.kinds import Column

STATEFUL_SET_COLUMNS: Final = (NAME, Column(name="Ready", cell=ready_of_wanted), AGE, *CONTAINERS)
