"""Whether and when a Job's pod has ended. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import condition

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


def replaces_failed_only(job: Job) -> bool:
    """Whether a pod that is being deleted is only replaced once it has ended."""
    policy = job.spec.pod_replacement_policy
    return policy == "Failed" or (policy is None and job.spec.pod_failure_policy is not None)


def has_failed(job: Job, pod: Pod) -> bool:
    """A pod that is being deleted has failed already, unless the Job waits for its end."""
    if pod.status.phase == "Failed":
        return True
    deleted = pod.metadata.deletion_timestamp is not None and pod.status.phase != "Succeeded"
    return deleted and not replaces_failed_only(job)


def ended_at(pod: Pod) -> datetime:
    """When its last container ended; where nothing tells, when it stopped being ready, was deleted, or was made."""
    ended = [
        status.state.terminated.finished_at
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses)
        if status.state and status.state.terminated and status.state.terminated.finished_at
    ]
    if ended:
        return max(ended)
    ready = condition(pod, "Ready")
    if ready is not None and ready.status == "False" and ready.last_transition_time:
        return ready.last_transition_time
    return pod.metadata.deletion_timestamp or pod.metadata.creation_timestamp or BEGINNING
