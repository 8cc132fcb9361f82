"""CronJob."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, negative, not_supported, required
from sampan.core.model.cron_schedule import parse_schedule
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.batch_v1.job import job_warnings
from sampan.core.model.rules.batch_v1.job_spec import default_job_template, validate_job_spec
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings

Value = Mapping[str, Any]

CONCURRENCY: Final = ("Allow", "Forbid", "Replace")
ZONE_PART: Final = re.compile(r"[A-Za-z._0-9+-]{1,14}")
LONGEST_NAME: Final = 52
"""What leaves room for the eleven characters that a Job's name has in addition."""
EXPLICIT: Final = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


class CronJobRules(KindRules):
    rechecks_status = False

    def default(self, obj: JsonObject) -> None:
        template = (obj.get("spec") or {}).get("jobTemplate") or {}
        if template.get("spec") is not None:
            default_job_template(template["spec"])

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        name = obj["metadata"].get("name") or ""
        causes = _spec(obj.get("spec") or {}, None)
        if len(name) > LONGEST_NAME:
            causes.append(invalid("metadata.name", name, f"must be no more than {LONGEST_NAME} characters"))
        return causes

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return _spec(obj["spec"], old["spec"]) if subresource != "status" else ()

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return name_warnings(obj)

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        template = (obj.get("spec") or {}).get("jobTemplate") or {}
        return job_warnings(template.get("spec") or {}, "spec.jobTemplate.spec")


def _spec(spec: Value, before: Value | None) -> list[Cause]:
    """A new spec, or a changed one: what it may have kept from ``before`` is let be."""
    schedule, policy = spec.get("schedule") or "", spec.get("concurrencyPolicy") or ""
    causes = _schedule(schedule) + _zone_in_schedule(spec, before) if schedule else [required("spec.schedule")]
    causes += negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if before is None or spec.get("timeZone") != before.get("timeZone"):
        causes += _zone(spec.get("timeZone"))
    if not policy:
        causes.append(required("spec.concurrencyPolicy"))
    elif policy not in CONCURRENCY:
        causes.append(not_supported("spec.concurrencyPolicy", policy, CONCURRENCY))
    causes += _template((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    for word in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        causes += negative(f"spec.{word}", spec.get(word))
    return causes


def _schedule(schedule: str) -> list[Cause]:
    try:
        parse_schedule(schedule)
    except ValueError as error:
        return [invalid("spec.schedule", schedule, str(error))]
    return []


def _zone_in_schedule(spec: Value, before: Value | None) -> list[Cause]:
    """A zone belongs into its own field; a schedule that already has one may keep it."""
    schedule = spec.get("schedule") or ""
    if "TZ" not in schedule:
        return []
    if before is None or "TZ" not in (before.get("schedule") or ""):
        words = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        return [invalid("spec.schedule", schedule, words)]
    words = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
    return [] if spec.get("timeZone") is None else [invalid("spec.schedule", schedule, words)]


def _zone(zone: str | None) -> list[Cause]:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    parts = zone.split("/")
    unknown = [invalid(path, zone, f"unknown time zone {zone}")]
    if any(part in (".", "..") or part.startswith("-") or not ZONE_PART.fullmatch(part) for part in parts):
        return unknown
    causes = [invalid(path, zone, EXPLICIT)] if zone.lower() == "local" else []
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        causes += unknown if zone != "Local" else []
    return causes


def _template(spec: Value, path: str) -> list[Cause]:
    causes = validate_job_spec(spec, path)
    if spec.get("selector") is not None:
        causes.append(invalid(f"{path}.selector", spec["selector"], "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        causes.append(not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return causes
