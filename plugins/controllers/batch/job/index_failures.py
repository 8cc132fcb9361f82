"""How often each index of a Job with `backoffLimitPerIndex` has failed: one pod tells it the next. Pure.

A failed pod keeps its finalizer until its replacement is there, so that nobody can take the count away with it.
https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Final

from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.controllers.batch.job.endings import ended_at, has_failed
from sampan.plugins.controllers.batch.job.failure_policy import verdict
from sampan.plugins.controllers.batch.job.indexes import index_of

FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
IGNORED: Final = "batch.kubernetes.io/job-index-ignored-failure-count"
LARGEST: Final = 2**31 - 1


def has_limits(job: Job) -> bool:
    return job.spec.backoff_limit_per_index is not None


def is_last_failure(job: Job, pod: Pod) -> bool:
    """Whether this failed pod, which counts, was the last that its index may have."""
    limit = job.spec.backoff_limit_per_index
    return limit is not None and _counted(pod, FAILURES) >= limit


def replaced(job: Job, pods: Sequence[Pod], settled: Container[int | None]) -> dict[int, Pod]:
    """By index the failed pod that is to be replaced; none for indexes that are ``settled``: over, or with a pod."""
    last: dict[int, Pod] = {}
    for pod in pods:
        index = index_of(pod)
        if index is None or index in settled or index >= (job.spec.completions or 0) or not has_failed(job, pod):
            continue
        if index not in last or _age(last[index]) <= _age(pod):
            last[index] = pod
    return last


def counts_after(job: Job, failed: Pod | None) -> dict[str, str]:
    """The annotations of the pod that comes after ``failed``."""
    if failed is None:
        return {FAILURES: "0"}
    counts = verdict(job, failed).action != "Ignore"
    ignored = _counted(failed, IGNORED) + (not counts)
    made = {FAILURES: str(_counted(failed, FAILURES) + counts)}
    return {**made, IGNORED: str(ignored)} if ignored else made


def failures_with(failed: Pod) -> int:
    """How many pods of its index have failed, this one with them, whether they count or not."""
    return _age(failed)[0] + 1


def _age(pod: Pod) -> tuple[int, datetime]:
    return _counted(pod, FAILURES) + _counted(pod, IGNORED), ended_at(pod)


def _counted(pod: Pod, annotation: str) -> int:
    """0 for what somebody has taken away or made nonsense of."""
    text = pod.metadata.annotations.get(annotation, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    return number if number <= LARGEST else 0
