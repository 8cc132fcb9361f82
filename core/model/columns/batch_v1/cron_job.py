"""The columns of CronJobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.age import age
from sampan.core.model.columns.common.words import (
    AGE,
    NAME,
    NONE,
    UNSET,
    container_images,
    container_names,
    selector_text,
)
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _job(obj: Value) -> Value:
    return (_spec(obj).get("jobTemplate") or {}).get("spec") or {}


def _suspended(obj: Value, now: datetime) -> str:
    suspended = _spec(obj).get("suspend")
    return UNSET if suspended is None else "True" if suspended else "False"


def _last(obj: Value, now: datetime) -> str:
    last = (obj.get("status") or {}).get("lastScheduleTime")
    return age(last, now) if last else NONE


def _selector(obj: Value, now: datetime) -> str:
    return selector_text(_job(obj).get("selector")) if _job(obj).get("selector") is not None else NONE


CRON_JOB_COLUMNS: Final = (
    NAME,
    Column(name="Schedule", cell=lambda obj, now: _spec(obj).get("schedule") or ""),
    Column(name="Timezone", cell=lambda obj, now: _spec(obj).get("timeZone") or NONE),
    Column(name="Suspend", cell=_suspended, type="boolean"),
    Column(name="Active", cell=lambda obj, now: len((obj.get("status") or {}).get("active") or ()), type="integer"),
    Column(name="Last Schedule", cell=_last),
    AGE,
    Column(name="Containers", cell=lambda obj, now: container_names(_job(obj).get("template")), priority=1),
    Column(name="Images", cell=lambda obj, now: container_images(_job(obj).get("template")), priority=1),
    Column(name="Selector", cell=_selector, priority=1),
)
