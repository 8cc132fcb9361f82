"""CronJob: Jobs by the clock."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.batch_v1.job import JobSpec
from sampan.core.model.columns.batch_v1.cron_job import CRON_JOB_COLUMNS
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.rules.batch_v1.cron_job import CronJobRules
from sampan.core.model.rules.common.unchecked import no_further_checks


@model
class JobTemplateSpec:
    """The Jobs to make."""

    metadata: ObjectMeta = wire(default=ObjectMeta(), emit="always")
    """Labels and annotations for the Jobs."""
    spec: JobSpec = wire(emit="always")
    """What the Jobs are to do."""


@model
class CronJobSpec:
    """When which Jobs are made."""

    schedule: str = wire(required=True, emit="always")
    """When, in cron's five fields (minute, hour, day of month, month, day of week) or as ``@hourly``, ``@daily`` and
    the like.
    """
    time_zone: str | None = wire(default=None, keep_zero=True)
    """The time zone of the schedule, such as ``Europe/Paris``. Left out, that of the controller."""
    starting_deadline_seconds: int | None = wire(default=None, format="int64")
    """Seconds that a Job may start late. Later, it is left out and counts as missed. Left out, there is no such bound.
    """
    concurrency_policy: str | None = wire(default=None, enum=("Allow", "Forbid", "Replace"), api_default="Allow")
    """What happens while the last Job runs: ``Allow`` (the default) another one, ``Forbid`` it, or ``Replace`` the old
    one.
    """
    suspend: bool | None = wire(default=None, api_default=False)
    """While true, no further Jobs are made. Defaults to false."""
    job_template: JobTemplateSpec = wire(required=True, emit="always")
    """The Jobs to make."""
    successful_jobs_history_limit: int | None = wire(default=None, format="int32", api_default=3)
    """How many succeeded Jobs are kept. Defaults to 3."""
    failed_jobs_history_limit: int | None = wire(default=None, format="int32", api_default=1)
    """How many failed Jobs are kept. Defaults to 1."""


@model
class CronJobStatus:
    """What has been made so far."""

    active: tuple[ObjectReference, ...] = wire(default=(), list_type="atomic")
    """The Jobs that are running."""
    last_schedule_time: datetime | None = None
    """When a Job was last due and made."""
    last_successful_time: datetime | None = None
    """When a Job last succeeded."""


@kind(
    "batch/v1",
    plural="cronjobs",
    short_names=("cj",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    columns=CRON_JOB_COLUMNS,
    rules=CronJobRules(),
)
@model
class CronJob(KubeObject):
    """Jobs by the clock."""

    spec: CronJobSpec = wire(required=True, emit="always")
    """When which Jobs are made."""
    status: CronJobStatus = wire(default=CronJobStatus(), emit="always")
    """What has been made so far. Written by the controller."""


struct_rules(CronJob, whole=True)(no_further_checks)
