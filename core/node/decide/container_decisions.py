"""Which containers of a running pod to start and which to kill: init containers in order, sidecars, the others, restarts.

Pure; a part of `decide.plan`. The order of things is that of
https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#detailed-behavior
"""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from sampan.core.classes import define
from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import (
    KillContainer,
    NodeAction,
    RemoveContainer,
    ResizeContainer,
    Say,
    StartContainer,
)
from sampan.core.node.decide.back_off import restarts, waits_until
from sampan.core.node.decide.memory import ContainerMemory, Problem, Pull
from sampan.core.node.decide.resize import changes, needs_restart
from sampan.core.node.decide.restart_all import clear_all, could_restart_all, culprits
from sampan.core.node.decide.spec_hash import spec_hash
from sampan.core.node.decide.stopping import stop_all
from sampan.core.node.decide.view import (
    PodView,
    all_specs,
    container_name,
    is_sidecar,
    is_up,
    sidecars,
    spec_hash_of,
)

DEFAULT_GRACE = 30
INVALID_NAME = "InvalidImageName"
FAILURE_SHOWN = timedelta(seconds=5)
"""How long a pod shows why its image could not be pulled before it shows that the next try is waited for."""


@define
class Decisions:
    """What has been decided so far."""

    actions: list[NodeAction] = attrs.field(factory=list)
    waiting: dict[str, Problem] = attrs.field(factory=dict)
    due: list[datetime] = attrs.field(factory=list)
    """When to look again."""
    over: bool = False
    """Nothing of the pod will ever run again."""


def decide_containers(view: PodView, now: datetime, *, fresh_sandbox: bool) -> Decisions:
    """``fresh_sandbox``: a sandbox is about to be made, so nothing runs yet."""
    decisions = Decisions()
    if not fresh_sandbox and (ended := culprits(view)):
        _restart_all(view, ended, now, decisions)
        return decisions
    if fresh_sandbox or not has_initialized(view):
        ready = _initialize(view, now, decisions, fresh_sandbox)
    else:
        ready = True
        for spec in sidecars(view.pod):
            _keep_running(view, spec, now, decisions)
    if ready:
        _run_main(view, now, decisions, fresh_sandbox)
    if not decisions.over:
        _start_ephemeral(view, now, decisions, fresh_sandbox)
        _remove_old(view, decisions)
    return decisions


def _restart_all(view: PodView, ended: list[Container], now: datetime, decisions: Decisions) -> None:
    """Begin anew, unless that happened too lately: what ends again and again waits longer each time."""
    for container in ended if not view.running else ():
        spec = next(each for each in all_specs(view.pod) if each.name == container_name(container))
        memory = view.memory(spec.name)
        due = None if container.finished_at is None else waits_until(memory.back_off, container.finished_at, now)
        if due is not None:
            _wait_for_back_off(view, spec, memory, decisions)
            decisions.due.append(due)
    if not decisions.due:
        decisions.actions.extend(clear_all(view))


def has_initialized(view: PodView) -> bool:
    """Init containers have run in this sandbox: one of the others has been made."""
    return not view.pod.spec.init_containers or any(
        view.current(spec.name) is not None for spec in view.pod.spec.containers
    )


def is_started(view: PodView, container: Container) -> bool:
    return container.state == "running" and view.results(container).started


def policy_of(pod: Pod) -> str:
    return pod.spec.restart_policy or "Always"


def grace_of(pod: Pod) -> int:
    """Seconds that a container has to end."""
    grace = pod.spec.termination_grace_period_seconds
    return DEFAULT_GRACE if grace is None else grace


def main_is_over(view: PodView) -> bool:
    """All regular containers have ended and none is to run again."""
    return all(is_done(view, spec) for spec in view.pod.spec.containers)


def _initialize(view: PodView, now: datetime, decisions: Decisions, fresh: bool) -> bool:
    """Take the init containers one step on; true when the others may start."""
    policy = "OnFailure" if policy_of(view.pod) != "Never" else "Never"
    for spec in view.pod.spec.init_containers:
        container = None if fresh else view.current(spec.name)
        if container is None:
            _start(view, spec, now, decisions)
            return False
        if is_sidecar(spec):
            _keep_running(view, spec, now, decisions)
            if not is_started(view, container):
                return False
        elif container.state == "exited" and container.exit_code != 0:
            if restarts(spec, policy, container):
                _start(view, spec, now, decisions)
            else:
                _end(view, now, decisions)
            return False
        elif container.state != "exited":
            _look_after(view, spec, container, now, decisions)
            return False
    return True


def _end(view: PodView, now: datetime, decisions: Decisions) -> None:
    """Nothing of the pod is to run again: its sidecars go, as does whoever looks at it with a debugging container."""
    decisions.over = True
    decisions.actions.extend(stop_all(view, now, grace_of(view.pod)))


def _run_main(view: PodView, now: datetime, decisions: Decisions, fresh: bool) -> None:
    if not fresh and main_is_over(view):
        _end(view, now, decisions)
        return
    for spec in view.pod.spec.containers:
        if fresh:
            _start_unless_done(view, spec, now, decisions)
        else:
            _keep_running(view, spec, now, decisions)
        container = None if fresh else view.current(spec.name)
        if container is not None and view.attempt(container).post_start == "runs":
            return  # those after it wait for its hook


def _keep_running(view: PodView, spec: ContainerSpec, now: datetime, decisions: Decisions) -> None:
    container = view.current(spec.name)
    if container is None:
        _start_unless_done(view, spec, now, decisions)
    elif container.state == "exited":
        if restarts(spec, policy_of(view.pod), container):
            _start(view, spec, now, decisions)
    else:
        _look_after(view, spec, container, now, decisions)


def _start_unless_done(view: PodView, spec: ContainerSpec, now: datetime, decisions: Decisions) -> None:
    """In a new sandbox: what has ended for good in an earlier one does not run again."""
    if not is_done(view, spec):
        _start(view, spec, now, decisions)


def is_done(view: PodView, spec: ContainerSpec) -> bool:
    """Its last attempt, in whichever sandbox, has ended and is not to be followed by another."""
    last = next(iter(view.attempts(spec.name)), None)
    return last is not None and last.state == "exited" and not restarts(spec, policy_of(view.pod), last)


def _look_after(view: PodView, spec: ContainerSpec, container: Container, now: datetime, decisions: Decisions) -> None:
    """A container that runs, or is about to."""
    known = view.attempt(container)
    if container.state == "created" and not known.asked:
        # Left over from an agent that ended between making and starting it.
        decisions.actions.append(RemoveContainer(container.id))
        decisions.actions.append(StartContainer(spec.name, container.attempt))
        return
    if not is_up(container, known) or known.stops_by is not None or known.post_start == "runs":
        return
    results = view.results(container)
    why = ""
    if known.post_start == "failed":
        why = "FailedPostStartHook"
    elif container.state != "running":
        return
    elif spec_hash_of(container) not in ("", spec_hash(spec)):
        why = f"Container {spec.name} definition changed, will be restarted"
    elif results.failed:
        why = f"Container {spec.name} failed {results.failed} probe, will be restarted"
        if not restarts(spec, policy_of(view.pod), attrs.evolve(container, exit_code=1)):
            why = f"Stopping container {spec.name}"
    elif changed := changes(view, spec, container):
        if needs_restart(spec, changed):
            why = f"Container {spec.name} resize requires restart"
        elif known.resize_retry_at is not None and known.resize_retry_at > now:
            decisions.due.append(known.resize_retry_at)
        else:
            decisions.actions.append(ResizeContainer(spec.name, container.id))
    if why:
        decisions.actions.append(KillContainer(container, why, _grace(view.pod, spec, results.failed)))


def _grace(pod: Pod, spec: ContainerSpec, failed: str) -> float:
    """A probe may have a grace period of its own."""
    probe = {"liveness": spec.liveness_probe, "startup": spec.startup_probe}.get(failed)
    own = probe.termination_grace_period_seconds if probe is not None else None
    return grace_of(pod) if own is None else own


def _start(view: PodView, spec: ContainerSpec, now: datetime, decisions: Decisions) -> None:
    """Start it, unless its image is not there yet or it has crashed too lately."""
    memory = view.memory(spec.name)
    pull = memory.pull
    if pull is not None:
        if pull.retry_at is None:
            return
        if pull.retry_at > now:
            _wait_for_image(view, spec, pull, now, decisions)
            decisions.due.append(pull.retry_at)
            return
    if memory.retry_at is not None and memory.retry_at > now:
        if memory.problem is not None:
            decisions.waiting[spec.name] = memory.problem
        decisions.due.append(memory.retry_at)
        return
    attempts = view.attempts(spec.name)
    last = attempts[0] if attempts else None
    ended = view.ended_at(last) if last is not None and last.state == "exited" else None
    due = None if ended is None else waits_until(memory.back_off, ended, now)
    if due is not None:
        _wait_for_back_off(view, spec, memory, decisions)
        decisions.due.append(due)
        return
    attempt = next_attempt(view, spec.name)
    again = last is not None or (attempt > 0 and could_restart_all(view.pod))
    decisions.actions.append(StartContainer(spec.name, attempt, restart=again))


def next_attempt(view: PodView, name: str) -> int:
    """One more than there were, also where the engine has lost them but the API remembers."""
    attempts = view.attempts(name)
    if attempts:
        return attempts[0].attempt + 1
    for status in (*view.pod.status.init_container_statuses, *view.pod.status.container_statuses):
        if status.name == name:
            return status.restart_count + 1 if status.container_id else status.restart_count
    return 0


def _wait_for_image(view: PodView, spec: ContainerSpec, pull: Pull, now: datetime, decisions: Decisions) -> None:
    image, problem = pull.image, pull.problem
    why = f": {problem.reason}: {problem.message}" if problem is not None else ""
    waiting = Problem("ImagePullBackOff", f'Back-off pulling image "{image}"{why}')
    before = view.memory(spec.name).waiting
    if problem is not None and problem.reason == INVALID_NAME:
        # No time will mend it: the failure itself stays to be seen.
        decisions.waiting[spec.name] = problem
        return
    if problem is not None and before is None:
        # The failure itself is shown first; from the next look on, that it is waited out.
        decisions.waiting[spec.name] = problem
        decisions.due.append(now + FAILURE_SHOWN)
        return
    if before != waiting:
        decisions.actions.append(Say("BackOff", f'Back-off pulling image "{image}"', "Normal", spec.name))
        decisions.actions.append(Say("Failed", "Error: ImagePullBackOff", "Warning", spec.name))
    decisions.waiting[spec.name] = waiting


def _wait_for_back_off(view: PodView, spec: ContainerSpec, memory: ContainerMemory, decisions: Decisions) -> None:
    meta, delay = view.pod.metadata, memory.back_off.delay if memory.back_off is not None else 0
    pod = f"{meta.name}_{meta.namespace}({meta.uid})"
    words = f"restarting failed container={spec.name} pod={pod}"
    waiting = Problem("CrashLoopBackOff", f"back-off {go_duration(delay)} {words}")
    if memory.waiting != waiting:
        message = f"Back-off restarting failed container {spec.name} in pod {pod}"
        decisions.actions.append(Say("BackOff", message, "Warning", spec.name))
    decisions.waiting[spec.name] = waiting


def go_duration(seconds: float) -> str:
    """``10s``, ``1m20s``, ``5m0s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _start_ephemeral(view: PodView, now: datetime, decisions: Decisions, fresh: bool) -> None:
    """Debugging containers run once, whether the pod is initialized or not: who looks for what is wrong cannot wait."""
    for spec in view.pod.spec.ephemeral_containers:
        if not view.attempts(spec.name) and not fresh:
            _start(view, spec, now, decisions)


def _remove_old(view: PodView, decisions: Decisions) -> None:
    """Of each container the last dead one is kept, for its logs."""
    for spec in (*view.pod.spec.init_containers, *view.pod.spec.containers):
        for container in view.attempts(spec.name)[2:]:
            if container.state == "exited":
                decisions.actions.append(RemoveContainer(container.id))
