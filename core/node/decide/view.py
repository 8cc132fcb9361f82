"""What the node agent knows of one pod at one moment: the input of every decision about it.

Made by the pod's worker out of its memory; `decide.plan` and `decide.status` read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import attrs

from sampan.core.contracts.runtime import LABEL_CONTAINER, LABEL_SPEC_HASH, Container, Sandbox
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.back_off import BackOff


@attrs.frozen
class Problem:
    """Why a container waits: Kubernetes' reason, and the sentence beside it."""

    reason: str
    message: str = ""


@attrs.frozen(kw_only=True)
class Pull:
    """A container's image on its way. ``retry_at`` is set once the pull has failed."""

    image: str
    problem: Problem | None = None
    retry_at: datetime | None = None


@attrs.frozen(kw_only=True)
class ProbeResults:
    """What the probes of one container say. Without a probe: started, ready once it runs, alive."""

    started: bool = True
    ready: bool = True
    failed: str = ""
    """``liveness`` or ``startup``: the container is to be killed for it."""


@attrs.frozen
class Rejection:
    """The pod cannot be on this node (``OutOfcpu`` …), or may not run any longer (``DeadlineExceeded``, ``Evicted``)."""

    reason: str
    message: str


@attrs.frozen(kw_only=True)
class PodView:
    pod: Pod
    sandboxes: tuple[Sandbox, ...] = ()
    containers: tuple[Container, ...] = ()
    volumes_ready: bool = False
    released: bool = False
    """The volumes have been given back, since this agent knows the pod."""
    volumes_retry_at: datetime | None = None
    sandbox_retry_at: datetime | None = None
    problems: Mapping[str, Problem] = attrs.field(factory=dict)
    """By container name: why its last start failed."""
    retries: Mapping[str, datetime] = attrs.field(factory=dict)
    """By container name: when a start that failed for such a reason is tried again."""
    waiting: Mapping[str, Problem] = attrs.field(factory=dict)
    """By container name: what the plan before this one said it waits for."""
    back_offs: Mapping[str, BackOff] = attrs.field(factory=dict)
    """By container name."""
    pulls: Mapping[str, Pull] = attrs.field(factory=dict)
    """By container name."""
    probes: Mapping[str, ProbeResults] = attrs.field(factory=dict)
    """By container id."""
    asked: frozenset[str] = frozenset()
    """Ids of containers that have been told to start."""
    failed_starts: Mapping[str, tuple[datetime, str]] = attrs.field(factory=dict)
    """By container id: when, and why."""
    post_starts: frozenset[str] = frozenset()
    """Ids of containers whose postStart hook goes on."""
    failed_hooks: frozenset[str] = frozenset()
    """Ids of containers that are to be killed, as their postStart hook failed."""
    stopping: Mapping[str, datetime] = attrs.field(factory=dict)
    """By container id: until when it has its grace."""
    pre_stops: Mapping[str, datetime] = attrs.field(factory=dict)
    """By id of a sidecar: until when its preStop hook has, or when it was done."""
    ending_since: datetime | None = None
    """When the pod's grace period began."""
    messages: Mapping[str, str] = attrs.field(factory=dict)
    """Termination messages by container id."""
    rejection: Rejection | None = None
    first_seen: datetime | None = None
    node_ip: str = ""
    runtime: str = ""
    """The scheme of container ids: ``docker``."""

    @property
    def sandbox(self) -> Sandbox | None:
        """The newest one, whatever its state."""
        return max(self.sandboxes, key=lambda each: each.attempt, default=None)

    def attempts(self, name: str) -> list[Container]:
        """The container's attempts, newest first, as `effective`."""
        mine = [self.effective(each) for each in self.containers if container_name(each) == name]
        return sorted(mine, key=lambda each: (each.attempt, each.created_at), reverse=True)

    def current(self, name: str) -> Container | None:
        """The newest attempt in the sandbox that runs."""
        home = self.sandbox
        for each in self.attempts(name):
            if home is not None and each.sandbox_id == home.id:
                return each
        return None

    def effective(self, container: Container) -> Container:
        """A start that failed counts as an end, and a start is not over before its postStart hook is done."""
        if container.state == "running" and (container.id in self.post_starts or container.id in self.failed_hooks):
            return attrs.evolve(container, state="created")
        if container.state == "created" and container.id in self.failed_starts:
            when, why = self.failed_starts[container.id]
            return attrs.evolve(
                container, state="exited", exit_code=128, reason="StartError", message=why, finished_at=when
            )
        if container.state == "unknown":
            return attrs.evolve(container, state="exited", exit_code=137, reason="ContainerStatusUnknown")
        return container

    def is_up(self, container: Container) -> bool:
        """It runs, or has been told to."""
        state = self.effective(container).state
        return state == "running" or (state == "created" and container.id in self.asked)

    def results(self, container: Container) -> ProbeResults:
        return self.probes.get(container.id, NO_PROBES)


NO_PROBES = ProbeResults()


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
