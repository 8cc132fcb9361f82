"""Whether a Job has ended, and why. Pure.

The reasons are looked for in Kubernetes' order. An outcome is first only a target (``FailureTarget``,
``SuccessCriteriaMet``): the Job has ended once no pod of it is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.classes import frozen
from sampan.core.model.batch_v1.job import Job, JobCondition
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.controllers.batch.job import indexes
from sampan.plugins.controllers.batch.job.count import Count, is_indexed

REACHED = "Reached expected number of succeeded pods"


@frozen
class Outcome:
    failed: bool
    reason: str
    message: str

    @property
    def target(self) -> str:
        return "FailureTarget" if self.failed else "SuccessCriteriaMet"

    @property
    def end(self) -> str:
        return "Failed" if self.failed else "Complete"


def condition_of(job: Job, type: str) -> JobCondition | None:
    return next((each for each in job.status.conditions if each.type == type and each.status == "True"), None)


def is_over(job: Job) -> bool:
    return condition_of(job, "Complete") is not None or condition_of(job, "Failed") is not None


def outcome(job: Job, found: Count, pods: Sequence[Pod], now: datetime) -> Outcome | None:
    """``None`` while the Job goes on."""
    for type, failed in (("FailureTarget", True), ("SuccessCriteriaMet", False)):
        known = condition_of(job, type)
        if known is not None:
            return Outcome(failed, known.reason or "", known.message or "")
    if found.fails_job:
        return Outcome(True, "PodFailurePolicy", found.fails_job)
    if _past_limit(job, found, pods):
        return Outcome(True, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if (seconds := seconds_left(job, now)) is not None and seconds <= 0:
        return Outcome(True, "DeadlineExceeded", "Job was active longer than specified deadline")
    if is_indexed(job):
        return _of_indexes(job, found)
    if job.spec.completions is None:
        met = found.succeeded > 0 and not found.active
    else:
        met = found.succeeded >= job.spec.completions
    return Outcome(False, "CompletionsReached", REACHED) if met else None


def _of_indexes(job: Job, found: Count) -> Outcome | None:
    policy = job.spec.success_policy
    for place, rule in enumerate(policy.rules if policy else ()):
        completions = job.spec.completions or 0
        within = found.done
        if rule.succeeded_indexes is not None:
            within = found.done & indexes.parse(rule.succeeded_indexes, completions)
            enough = len(indexes.parse(rule.succeeded_indexes, completions))
        else:
            enough = completions
        if len(within) >= (rule.succeeded_count if rule.succeeded_count is not None else enough):
            return Outcome(False, "SuccessPolicy", f"Matched rules at index {place}")
    most = job.spec.max_failed_indexes
    if most is not None and len(found.lost) > most:
        said = "Job has exceeded the specified maximal number of failed indexes"
        return Outcome(True, "MaxFailedIndexesExceeded", said)
    if len(found.done) + len(found.lost) < (job.spec.completions or 0):
        return None
    if found.lost:
        return Outcome(True, "FailedIndexes", "Job has failed indexes")
    return Outcome(False, "CompletionsReached", REACHED)


def _past_limit(job: Job, found: Count, pods: Sequence[Pod]) -> bool:
    limit = job.spec.backoff_limit
    if limit is None:
        limit = 6
    if found.failed > limit:
        return True
    if job.spec.template.spec is None or job.spec.template.spec.restart_policy != "OnFailure":
        return False
    restarts = sum(
        status.restart_count
        for pod in pods
        if pod.status.phase in ("Running", "Pending")
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
    )
    return restarts > 0 if limit == 0 else restarts >= limit


def seconds_left(job: Job, now: datetime) -> float | None:
    """Until the deadline; ``None`` where there is none, or the Job does not run."""
    if job.spec.active_deadline_seconds is None or job.status.start_time is None or job.spec.suspend:
        return None
    return (job.status.start_time + timedelta(seconds=job.spec.active_deadline_seconds) - now).total_seconds()
