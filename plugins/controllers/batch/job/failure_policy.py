"""What a Job's ``podFailurePolicy`` says of a failed pod. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from sampan.core.classes import frozen
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.batch_v1.job_policy import PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule
from sampan.core.model.core_v1.pod import Pod


@frozen
class Verdict:
    """``action`` is ``Count``, ``Ignore``, ``FailIndex`` or ``FailJob``; ``message`` says why, for the last."""

    action: str
    message: str = ""


COUNT = Verdict("Count")
IGNORE = Verdict("Ignore")


def verdict(job: Job, pod: Pod) -> Verdict:
    """The first rule that fits decides; where none does, the failure counts."""
    policy = job.spec.pod_failure_policy
    if policy is None or pod.status.phase != "Failed":
        return COUNT
    for place, rule in enumerate(policy.rules):
        if rule.action == "FailIndex" and job.spec.backoff_limit_per_index is None:
            continue
        said = _fits(rule, pod)
        if said:
            return Verdict(rule.action, f"{said} matching {rule.action} rule at index {place}")
    return COUNT


def _fits(rule: PodFailurePolicyRule, pod: Pod) -> str:
    """What of the pod the rule speaks of; empty where it does not."""
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if rule.on_exit_codes is not None:
        for container, code in _exit_codes(pod, rule.on_exit_codes):
            if (code in rule.on_exit_codes.values) == (rule.on_exit_codes.operator == "In"):
                return f"Container {container} for pod {name} failed with exit code {code}"
        return ""
    for pattern in rule.on_pod_conditions:
        for condition in pod.status.conditions:
            if (condition.type, condition.status) == (pattern.type, pattern.status or "True"):
                return f"Pod {name} has condition {pattern.type}"
    return ""


def _exit_codes(pod: Pod, wanted: PodFailurePolicyOnExitCodesRequirement) -> Iterator[tuple[str, int]]:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        ended = status.state.terminated if status.state else None
        if ended is not None and ended.exit_code != 0 and wanted.container_name in (None, status.name):
            yield status.name, ended.exit_code
