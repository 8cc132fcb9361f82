"""The columns of Deployments."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.common.workloads import CONTAINERS, SELECTOR, count, ready_of_wanted
from sampan.core.model.kinds import Column

DEPLOYMENT_COLUMNS: Final = (
    NAME,
    Column(name="Ready", cell=ready_of_wanted),
    Column(name="Up-to-date", cell=count("status", "updatedReplicas")),
    Column(name="Available", cell=count("status", "availableReplicas")),
    AGE,
    *CONTAINERS,
    SELECTOR,
)
