"""What the node agent knows of one pod at one moment: the input of every decision about it.

Made by the pod's worker out of its memory; `decide.plan` and `decide.status` read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container, Sandbox
from sampan.core.contracts.runtime_config import LABEL_CONTAINER, LABEL_SPEC_HASH
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.memory import (
    NEW_ATTEMPT,
    NEW_CONTAINER,
    NO_PROBES,
    Allocation,
    AttemptMemory,
    ContainerMemory,
    ProbeResults,
    Problem,
)


@frozen
class Rejection:
    """The pod cannot be on this node (``OutOfcpu`` …), or may not run any longer (``DeadlineExceeded``, ``Evicted``)."""

    reason: str
    message: str
    grace: int | None = None
    """Seconds that its containers have to end; ``None``: the pod's own."""


@frozen(kw_only=True)
class PodView:
    pod: Pod
    sandboxes: tuple[Sandbox, ...] = ()
    containers: tuple[Container, ...] = ()
    """As the engine tells them; `attempts` and `running` are what they count as."""
    memories: Mapping[str, ContainerMemory] = attrs.field(factory=dict)
    """By container name."""
    known: Mapping[str, AttemptMemory] = attrs.field(factory=dict)
    """By container id."""
    volumes_ready: bool = False
    released: bool = False
    """The volumes have been given back, since this agent knows the pod."""
    volumes_retry_at: datetime | None = None
    sandbox_retry_at: datetime | None = None
    ending_since: datetime | None = None
    """When the pod's grace period began."""
    rejection: Rejection | None = None
    first_seen: datetime | None = None
    allocation: Allocation | None = None
    """What the pod was promised; `pod` has it in place of what it asks for."""
    node_ips: tuple[str, ...] = ()
    runtime: str = ""
    """The scheme of container ids: ``docker``."""

    def memory(self, name: str) -> ContainerMemory:
        return self.memories.get(name, NEW_CONTAINER)

    def attempt(self, container: Container) -> AttemptMemory:
        return self.known.get(container.id, NEW_ATTEMPT)

    def results(self, container: Container) -> ProbeResults:
        return self.attempt(container).probes or NO_PROBES

    def waiting(self, waiting: Mapping[str, Problem]) -> PodView:
        """The same, with what its containers wait for."""
        names = self.memories.keys() | waiting.keys()
        return attrs.evolve(
            self, memories={name: attrs.evolve(self.memory(name), waiting=waiting.get(name)) for name in names}
        )

    # Worked out once, however many decisions ask

    @cached_property
    def sandbox(self) -> Sandbox | None:
        """The newest one, whatever its state."""
        return max(self.sandboxes, key=lambda each: each.attempt, default=None)

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Container, ...]]:
        found: dict[str, list[Container]] = {}
        for each in sorted(self.containers, key=lambda each: (each.attempt, each.created_at), reverse=True):
            found.setdefault(container_name(each), []).append(effective(each, self.attempt(each)))
        return {name: tuple(attempts) for name, attempts in found.items()}

    @cached_property
    def running(self) -> tuple[Container, ...]:
        """Those that run, or have been told to."""
        found = [effective(each, self.attempt(each)) for each in self.containers]
        return tuple(each for each in found if is_up(each, self.attempt(each)))

    def ended_at(self, container: Container) -> datetime | None:
        """For what is counted from its end; ``None`` where there is none, or nobody knows when."""
        return self.attempt(container).ended_at or container.finished_at

    def attempts(self, name: str) -> tuple[Container, ...]:
        """The container's attempts, newest first, as `effective`."""
        return self._by_name.get(name, ())

    def current(self, name: str) -> Container | None:
        """The newest attempt in the sandbox that runs."""
        home = self.sandbox
        return next((each for each in self.attempts(name) if home is not None and each.sandbox_id == home.id), None)


def effective(container: Container, known: AttemptMemory) -> Container:
    """What counts: a start that failed is an end, and a start is not over before its postStart hook is done."""
    if container.state == "running" and known.post_start:
        return attrs.evolve(container, state="created")
    if container.state == "created" and (failure := known.start_failure) is not None:
        return attrs.evolve(
            container, state="exited", exit_code=128, reason="StartError", message=failure.why, finished_at=failure.at
        )
    if container.state == "unknown":
        return attrs.evolve(container, state="exited", exit_code=137, reason="ContainerStatusUnknown")
    return container


def is_up(container: Container, known: AttemptMemory) -> bool:
    """An `effective` container that runs, or has been told to."""
    return container.state == "running" or (container.state == "created" and known.asked)


def container_name(container: Container) -> str:
    return container.labels.get(LABEL_CONTAINER, container.name)


def bare_id(container_id: str | None) -> str:
    """A container's id in a status without the runtime's name before it: ``4cf…`` of ``docker://4cf…``."""
    return (container_id or "").partition("://")[2]


def spec_hash_of(container: Container) -> str:
    return container.labels.get(LABEL_SPEC_HASH, "")


def is_sidecar(spec: ContainerSpec) -> bool:
    """An init container that goes on beside the others. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"""
    return spec.restart_policy == "Always"


def sidecars(pod: Pod) -> Iterable[ContainerSpec]:
    return (each for each in pod.spec.init_containers if is_sidecar(each))


def all_specs(pod: Pod) -> Iterable[ContainerSpec]:
    """Every container of the pod, of whatever sort."""
    return (*pod.spec.init_containers, *pod.spec.containers, *pod.spec.ephemeral_containers)
