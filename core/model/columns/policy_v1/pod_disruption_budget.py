"""The columns of PodDisruptionBudgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.common.workloads import count
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _bound(word: str) -> Callable[[Value, datetime], str]:
    def cell(obj: Value, now: datetime) -> str:
        bound = (obj.get("spec") or {}).get(word)
        return "N/A" if bound is None else str(bound)

    return cell


POD_DISRUPTION_BUDGET_COLUMNS: Final = (
    NAME,
    Column(name="Min Available", cell=_bound("minAvailable")),
    Column(name="Max Unavailable", cell=_bound("maxUnavailable")),
    Column(name="Allowed Disruptions", cell=count("status", "disruptionsAllowed"), type="integer"),
    AGE,
)
