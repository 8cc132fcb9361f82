"""Rules of containers that have the whole pod begin anew in its place: ``RestartAllContainers``. Pure.

Sandbox, address and volumes stay; whatever still runs is killed, all containers are taken away, and the pod begins with its
init containers. https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-all-containers
"""

from __future__ import annotations

from collections.abc import Iterator

from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.container_status import ContainerStateTerminated
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import KillContainer, NodeAction, RemoveContainer
from sampan.core.node.decide.back_off import matching_rule
from sampan.core.node.decide.view import PodView

ACTION = "RestartAllContainers"
REASON = "RestartingAllContainers"
MESSAGE = "The container is removed because RestartAllContainers in place"
REMOVED = ContainerStateTerminated(exit_code=137, reason=REASON, message=MESSAGE)


def could_restart_all(pod: Pod) -> bool:
    return any(rule.action == ACTION for spec in _specs(pod) for rule in spec.restart_policy_rules)


def culprits(view: PodView) -> list[Container]:
    """The ended containers for which the pod is to begin anew; none: it is not."""
    return [each for spec in _specs(view.pod) for each in view.attempts(spec.name)[:1] if _asks_for_all(spec, each)]


def clear_all(view: PodView) -> Iterator[NodeAction]:
    """Kill what runs, and take all away once nothing does: the culprits last, for as long as one is there goes on."""
    if view.running:
        for container in reversed(view.running):
            if view.attempt(container).stops_by is None:
                yield KillContainer(container, "killing", 0, hook=False)
        return
    last = {each.id for each in culprits(view)}
    mine = [each for spec in _specs(view.pod) for each in view.attempts(spec.name)]
    for container in sorted(mine, key=lambda each: each.id in last):
        yield RemoveContainer(container.id)


def _specs(pod: Pod) -> tuple[ContainerSpec, ...]:
    return (*pod.spec.init_containers, *pod.spec.containers)


def _asks_for_all(spec: ContainerSpec, container: Container) -> bool:
    ended = container.state == "exited" and container.exit_code is not None
    rule = matching_rule(spec, container.exit_code or 0) if ended else None
    return rule is not None and rule.action == ACTION
