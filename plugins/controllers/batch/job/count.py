"""How a Job's pods are counted: each exactly once, whatever happens in between. Pure.

A pod that has ended is first named in the status (``uncountedTerminatedPods``, or its index among the completed ones); only
then its finalizer is taken away, so that nobody can delete it before; and only when that is done it moves into the number.
https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sampan.core.classes import frozen
from sampan.core.model.batch_v1.job import Job, UncountedTerminatedPods
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import is_active, is_ready, is_terminating
from sampan.plugins.controllers.batch.job import indexes
from sampan.plugins.controllers.batch.job.endings import has_failed
from sampan.plugins.controllers.batch.job.failure_policy import IGNORE, verdict
from sampan.plugins.controllers.batch.job.index_failures import has_limits, is_last_failure, replaced

FINALIZER: Final = "batch.kubernetes.io/job-tracking"


@frozen(kw_only=True)
class Count:
    """What has become of a Job's pods."""

    active: tuple[Pod, ...]
    ready: int
    terminating: int
    succeeded: int
    """Counted, and about to be."""
    failed: int
    counted_succeeded: int
    counted_failed: int
    uncounted: UncountedTerminatedPods
    done: frozenset[int]
    """Completed indexes."""
    lost: frozenset[int]
    """Failed indexes, of a Job with a limit for each."""
    released: tuple[Pod, ...]
    """Ended pods that are safe in the status: their finalizers can go."""
    fails_job: str
    """Why the pod failure policy says that the whole Job has failed."""
    replaced: Mapping[int, Pod]
    """Failed pods whose replacements are still to be made, by index, of a Job with a limit for each."""


def is_indexed(job: Job) -> bool:
    return job.spec.completion_mode == "Indexed"


def is_tracked(pod: Pod) -> bool:
    return FINALIZER in pod.metadata.finalizers


def count(job: Job, pods: Sequence[Pod]) -> Count:
    """The Job's own pods, counted on from what its status says."""
    before = job.status.uncounted_terminated_pods or UncountedTerminatedPods()
    tracked = {pod.metadata.uid or "": pod for pod in pods if is_tracked(pod)}
    moved_succeeded = sum(1 for uid in before.succeeded if uid not in tracked)
    moved_failed = sum(1 for uid in before.failed if uid not in tracked)
    succeeded = [uid for uid in before.succeeded if uid in tracked]
    failed = [uid for uid in before.failed if uid in tracked]
    known = {*succeeded, *failed}
    completions = job.spec.completions or 0
    done = set(indexes.parse(job.status.completed_indexes, completions))
    lost = set(indexes.parse(job.status.failed_indexes, completions))
    released: list[Pod] = []
    fails_job = ""
    met = any(each.type == "SuccessCriteriaMet" and each.status == "True" for each in job.status.conditions)
    for uid, pod in tracked.items():
        index = indexes.index_of(pod)
        if pod.status.phase == "Succeeded":
            if is_indexed(job):
                if index is not None and index < completions:
                    done.add(index)
            elif uid not in known:
                succeeded.append(uid)
            released.append(pod)
        elif has_failed(job, pod):
            said = verdict(job, pod)
            if met and pod.status.phase != "Failed":
                said = IGNORE  # it was only in the way of a Job that has all that it needs
            if said.action == "FailJob":
                fails_job = fails_job or said.message
            if said.action != "Ignore" and uid not in known:
                failed.append(uid)
            if index is not None and has_limits(job) and _is_lost(job, pod, said.action):
                lost.add(index)
            released.append(pod)
    counted_failed = job.status.failed + moved_failed
    counted_succeeded = len(done) if is_indexed(job) else job.status.succeeded + moved_succeeded
    active = tuple(pod for pod in pods if is_active(pod))
    waiting = replaced(job, pods, done | lost | {indexes.index_of(pod) for pod in active}) if has_limits(job) else {}
    return Count(
        active=active,
        ready=sum(1 for pod in active if is_ready(pod)),
        terminating=sum(1 for pod in pods if is_terminating(pod)),
        succeeded=counted_succeeded + len(succeeded),
        failed=counted_failed + len(failed),
        counted_succeeded=counted_succeeded,
        counted_failed=counted_failed,
        uncounted=UncountedTerminatedPods(succeeded=tuple(succeeded), failed=tuple(failed)),
        done=frozenset(done),
        lost=frozenset(lost - done),
        released=tuple(released),
        fails_job=fails_job,
        replaced=waiting,
    )


def _is_lost(job: Job, pod: Pod, action: str) -> bool:
    """Whether the index of this failed pod has failed for good."""
    return action == "FailIndex" or (action != "Ignore" and is_last_failure(job, pod))
