"""Job: pods that run until enough of them have succeeded."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.batch_v1.job_policy import PodFailurePolicy, SuccessPolicy
from sampan.core.model.columns.batch_v1.job import JOB_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.batch_v1.job import JobRules, successes_of
from sampan.core.model.rules.common.unchecked import no_further_checks


@model
class JobSpec:
    """Which pods run, how often, and when it is enough."""

    parallelism: int | None = wire(default=None, format="int32")
    """How many pods may run at a time. Defaults to 1; 0 stops the Job for the time being."""
    completions: int | None = wire(default=None, format="int32")
    """How many pods must succeed. Left out together with ``parallelism``, 1; alone, the first success of any pod ends
    the Job.
    """
    active_deadline_seconds: int | None = wire(default=None, format="int64")
    """Seconds that the Job may be active, whatever its pods do. Afterwards they are ended and it has failed."""
    pod_failure_policy: PodFailurePolicy | None = None
    """What follows from a pod's failure, depending on how it failed. Only with a ``restartPolicy`` of ``Never``;
    immutable.
    """
    success_policy: SuccessPolicy | None = None
    """When the Job has succeeded though some indexes have not. Only for indexed Jobs; immutable."""
    backoff_limit: int | None = wire(default=None, format="int32")
    """How many failures are borne until the Job has failed. Defaults to 6, or to no bound with
    ``backoffLimitPerIndex``.
    """
    backoff_limit_per_index: int | None = wire(default=None, format="int32")
    """How many failures of an index are borne until the index has failed. Only for indexed Jobs; immutable."""
    max_failed_indexes: int | None = wire(default=None, format="int32")
    """How many indexes may fail until the Job has. Needs ``backoffLimitPerIndex``; at most ``completions``."""
    selector: LabelSelector | None = None
    """Which pods belong to the Job. Set by the server to labels that nobody else has, unless ``manualSelector`` is
    true.
    """
    manual_selector: bool | None = None
    """Whether ``selector`` and its labels are the client's own business. Defaults to false, as they can catch other
    pods.
    """
    template: PodTemplateSpec = wire(required=True, emit="always")
    """The pods to make. Their ``restartPolicy`` is ``Never`` or ``OnFailure``."""
    ttl_seconds_after_finished: int | None = wire(default=None, format="int32")
    """Seconds after which the ended Job is deleted with its pods. Left out, it stays; 0 deletes it at once."""
    completion_mode: str | None = wire(default=None, enum=("Indexed", "NonIndexed"), keep_zero=True)
    """``NonIndexed`` (the default) has pods that are all alike, ``Indexed`` gives each a number that must succeed
    once.
    """
    suspend: bool | None = None
    """While true, no pods run: there are none yet, or they are ended. Defaults to false."""
    pod_replacement_policy: str | None = wire(default=None, enum=("Failed", "TerminatingOrFailed"), keep_zero=True)
    """When an ending pod is replaced: ``TerminatingOrFailed`` (the default) at once, ``Failed`` when it has ended."""
    managed_by: str | None = wire(default=None, keep_zero=True)
    """Who looks after the Job, as ``example.com/controller``. Left out, Kubernetes' own controller; immutable."""


@model
class UncountedTerminatedPods:
    """Pods that have ended, but are not yet in the Job's numbers."""

    succeeded: tuple[str, ...] = wire(default=(), list_type="set")
    """UIDs of those that have succeeded."""
    failed: tuple[str, ...] = wire(default=(), list_type="set")
    """UIDs of those that have failed."""


@model
class JobCondition:
    """One thing that is or is not so about the Job."""

    type: str = wire(required=True, emit="always")
    """What is stated: ``Complete``, ``Failed``, ``Suspended``, ``FailureTarget`` or ``SuccessCriteriaMet``."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_probe_time: datetime | None = wire(default=None, emit="null")
    """When it was last looked at."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs, such as ``BackoffLimitExceeded``."""
    message: str | None = None
    """Why, in a sentence for people."""


@model
class JobStatus:
    """How far the Job is."""

    conditions: tuple[JobCondition, ...] = wire(
        default=(), list_type="atomic", merge_key="type", patch_strategy=("merge",)
    )
    """Statements about the Job, one per type. It has ended once ``Complete`` or ``Failed`` is true."""
    start_time: datetime | None = None
    """When the controller took the Job up, or took it up again after it was suspended."""
    completion_time: datetime | None = None
    """When the Job was complete. Left out for a failed one."""
    active: int = wire(default=0, format="int32")
    """How many pods are pending or running and not being deleted."""
    succeeded: int = wire(default=0, format="int32")
    """How many pods have succeeded."""
    failed: int = wire(default=0, format="int32")
    """How many pods have failed."""
    terminating: int | None = wire(default=None, format="int32")
    """How many pods are being deleted but have not ended yet."""
    completed_indexes: str | None = None
    """The indexes that have succeeded, as numbers and ranges such as ``1,3-5``."""
    failed_indexes: str | None = wire(default=None, keep_zero=True)
    """The indexes that have failed, written alike. Only with ``backoffLimitPerIndex``."""
    uncounted_terminated_pods: UncountedTerminatedPods | None = None
    """Pods that have ended, but are not yet in the numbers above."""
    ready: int | None = wire(default=None, format="int32")
    """How many pods are ready and not being deleted."""


@kind(
    "batch/v1",
    plural="jobs",
    categories=("all",),
    has_status=True,
    has_generation=True,
    orphans_by_default=True,
    columns=JOB_COLUMNS,
    rules=JobRules(),
    selectable_fields=("status.successful",),
    field_readers={"status.successful": successes_of},
)
@model
class Job(KubeObject):
    """Pods that run until enough of them have succeeded."""

    spec: JobSpec = wire(emit="always")
    """Which pods run, how often, and when it is enough."""
    status: JobStatus = wire(default=JobStatus(), emit="always")
    """How far the Job is. Written by the controller."""


struct_rules(Job, whole=True)(no_further_checks)
