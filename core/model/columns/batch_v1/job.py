"""The columns of Jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.age import human_duration
from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.columns.common.workloads import CONTAINERS, SELECTOR
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

STATES: Final = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _state(obj: Value, now: datetime) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    true = {each.get("type") for each in conditions if each.get("status") == "True"}
    for state in ("Complete", "Failed"):
        if state in true:
            return state
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    return next((state for state in STATES if state in true), "Running")


def _completions(obj: Value, now: datetime) -> str:
    """``1/3``, or ``0/1 of 5`` where the first of several pods ends the Job."""
    spec, done = obj.get("spec") or {}, (obj.get("status") or {}).get("succeeded") or 0
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism") or 0
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(obj: Value, now: datetime) -> str:
    status = obj.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = datetime.fromisoformat(status["completionTime"]) if status.get("completionTime") else now
    return human_duration((end - datetime.fromisoformat(status["startTime"])).total_seconds())


JOB_COLUMNS: Final = (
    NAME,
    Column(name="Status", cell=_state),
    Column(name="Completions", cell=_completions),
    Column(name="Duration", cell=_duration),
    AGE,
    *CONTAINERS,
    SELECTOR,
)
