"""In-place resize: what a running container has, and what to do where its spec says otherwise. Pure.

https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
"""

from __future__ import annotations

from collections.abc import Collection

from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.quantity import compare
from sampan.core.node.decide.view import PodView, bare_id

RESIZABLE = ("cpu", "memory")
NOTHING = ResourceRequirements()


def applied_resources(view: PodView, spec: ContainerSpec, container: Container) -> ResourceRequirements:
    """What the container runs with: as this agent gave it, else as the API was told of it by an agent before."""
    known = view.attempt(container).resources
    if known is not None:
        return known
    status = view.pod.status
    for each in (*status.container_statuses, *status.init_container_statuses):
        if bare_id(each.container_id) == container.id and each.resources is not None:
            return each.resources
    return spec.resources


def changed_resources(has: ResourceRequirements, wants: ResourceRequirements) -> Collection[str]:
    """``cpu``, ``memory``: those whose request or limit differs."""
    pairs = ((has.limits, wants.limits), (has.requests, wants.requests))
    return [name for name in RESIZABLE if any(_differ(was.get(name), now.get(name)) for was, now in pairs)]


def changes(view: PodView, spec: ContainerSpec, container: Container) -> Collection[str]:
    """The same of a container that runs, and the pod it is in: without a limit of its own it has the pod's."""
    had, has = view.attempt(container).whole, whole_of(view.pod)
    found = {*changed_resources(applied_resources(view, spec, container), spec.resources)}
    if had is not None:
        bounded = (name for name in RESIZABLE if name not in spec.resources.limits)
        found.update(name for name in bounded if _differ(had.limits.get(name), has.limits.get(name)))
    return found


def whole_of(pod: Pod) -> ResourceRequirements:
    """What is asked for the pod itself."""
    return pod.spec.resources or NOTHING


def needs_restart(spec: ContainerSpec, changed: Collection[str]) -> bool:
    return any(
        each.resource_name in changed and each.restart_policy == "RestartContainer" for each in spec.resize_policy
    )


def _differ(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is not other
    return compare(one, other) != 0
