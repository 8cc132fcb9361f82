"""Which pods a Job makes and deletes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sampan.core.contracts.plan import Action, Create, Delete, Emit
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.environment import EnvVar, EnvVarSource
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.references import ObjectFieldSelector
from sampan.core.model.meta import evolve
from sampan.plugins.controllers.batch.job.back_off import seconds_for_index
from sampan.plugins.controllers.batch.job.count import FINALIZER, Count, is_indexed
from sampan.plugins.controllers.batch.job.endings import replaces_failed_only
from sampan.plugins.controllers.batch.job.index_failures import counts_after, has_limits
from sampan.plugins.controllers.batch.job.indexes import INDEX, index_of
from sampan.plugins.controllers.pod_ranking import first_to_go
from sampan.plugins.controllers.replicas import BURST, pod_of

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"


def wanted_active(job: Job, found: Count) -> int:
    """How many pods should run now."""
    parallel = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        return len(found.active) if found.succeeded else parallel
    return max(min(job.spec.completions - found.succeeded - len(found.lost), parallel), 0)


def missing(job: Job, found: Count, now: datetime) -> tuple[list[Pod], float]:
    """The pods to make, and seconds until an index that has failed lately may have another; 0 where none waits."""
    lacking = wanted_active(job, found) - len(found.active)
    if replaces_failed_only(job):
        lacking -= found.terminating
    lacking = min(lacking, BURST)
    if lacking <= 0:
        return [], 0.0
    if not is_indexed(job):
        return [new_pod(job)] * lacking, 0.0
    free = _free_indexes(job, found)
    waits = {index: seconds_for_index(failed, now) for index, failed in found.replaced.items()}
    due = (index for index in free if not waits.get(index))
    made = [indexed_pod(job, index, found.replaced.get(index)) for index, _ in zip(due, range(lacking), strict=False)]
    return made, min((seconds for seconds in waits.values() if seconds), default=0.0)


def _free_indexes(job: Job, found: Count) -> Iterator[int]:
    taken = found.done | found.lost | {index_of(pod) for pod in found.active}
    return (index for index in range(job.spec.completions or 0) if index not in taken)


def superfluous(job: Job, found: Count, now: datetime) -> Sequence[Pod]:
    """The pods to delete: those beyond the number, and of each index all but one."""
    twice: list[Pod] = []
    if is_indexed(job):
        seen: set[int | None] = set()
        for pod in found.active:
            index = index_of(pod)
            if index in seen or index is None or index >= (job.spec.completions or 0) or index in found.done:
                twice.append(pod)
            seen.add(index)
    others = [pod for pod in found.active if pod not in twice]
    return [*twice, *first_to_go(others, max(len(others) - wanted_active(job, found), 0), others, now)]


def new_pod(job: Job) -> Pod:
    pod = pod_of(job, job.spec.template)
    return evolve(pod, metadata=evolve(pod.metadata, finalizers=(*pod.metadata.finalizers, FINALIZER)))


def indexed_pod(job: Job, index: int, failed: Pod | None = None) -> Pod:
    """A pod that knows its index: by annotation, label, host name and environment. ``failed`` is the one it replaces."""
    pod = new_pod(job)
    name = f"{job.metadata.name}-{index}"
    counted = counts_after(job, failed) if has_limits(job) else {}
    metadata = evolve(
        pod.metadata,
        generate_name=f"{name}-",
        labels={**pod.metadata.labels, INDEX: str(index)},
        annotations={**pod.metadata.annotations, INDEX: str(index), **counted},
    )
    spec = evolve(
        pod.spec,
        hostname=pod.spec.hostname or name,
        containers=tuple(_told(container) for container in pod.spec.containers),
        init_containers=tuple(_told(container) for container in pod.spec.init_containers),
    )
    return evolve(pod, metadata=metadata, spec=spec)


def _told(container: Container) -> Container:
    if any(variable.name == INDEX_VARIABLE for variable in container.env):
        return container
    source = EnvVarSource(field_ref=ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']"))
    return evolve(container, env=(*container.env, EnvVar(name=INDEX_VARIABLE, value_from=source)))


def creations(job: Job, pods: Sequence[Pod]) -> tuple[Action, ...]:
    said = Emit(regarding=job, reason="SuccessfulCreate", message="Created pod: {name}")
    return tuple(Create(obj=pod, then=said) for pod in pods)


def deletions(job: Job, pods: Sequence[Pod]) -> tuple[Action, ...]:
    said = Emit(regarding=job, reason="SuccessfulDelete", message="Deleted pod: {name}")
    return tuple(
        Delete(kind=Pod, namespace=pod.key[0], name=pod.key[1], uid=pod.metadata.uid, then=said) for pod in pods
    )
