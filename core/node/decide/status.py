"""A pod's status as the kubelet would tell it. Pure.

The fields are those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus; the phase
follows https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import HostIP, Pod, PodIP, PodStatus
from sampan.core.model.meta import evolve
from sampan.core.node.decide.allocation import resize_conditions
from sampan.core.node.decide.back_off import restarts_after
from sampan.core.node.decide.conditions import pod_conditions
from sampan.core.node.decide.container_status import container_status
from sampan.core.node.decide.pod_resources import allocated_resources, effective_resources
from sampan.core.node.decide.restart_all import could_restart_all, culprits
from sampan.core.node.decide.view import PodView, is_sidecar


def pod_status(view: PodView, now: datetime, *, over: bool = False) -> PodStatus:
    """``over``: nothing of the pod will run again, whatever its restart policy says."""
    pod = view.pod
    old = pod.status
    if view.rejection is not None and view.sandbox is None and not view.containers:
        return _rejected(view, now)
    initializing = bool(pod.spec.init_containers)
    inits = tuple(container_status(view, spec, "init", initializing) for spec in pod.spec.init_containers)
    mains = tuple(container_status(view, spec, "main", initializing) for spec in pod.spec.containers)
    extras = tuple(container_status(view, spec, "ephemeral", initializing) for spec in pod.spec.ephemeral_containers)
    phase = phase_of(pod, inits, mains, over=over)
    reason, message = old.reason, old.message
    if view.rejection is not None:
        reason, message = view.rejection.reason, view.rejection.message
        phase = "Failed" if over else phase
    restarting = not over and bool(culprits(view))
    if old.phase == "Running" and (restarting or (phase == "Pending" and could_restart_all(pod))):
        phase = "Running"
    if old.phase in FINISHED:
        phase = old.phase
    ips = _pod_ips(view)
    ready_to_start = view.sandbox is not None and view.sandbox.state == "running"
    start_time = old.start_time or view.first_seen or now
    return evolve(
        old,
        observed_generation=pod.metadata.generation or 0,
        phase=phase,
        conditions=pod_conditions(
            pod, phase, inits, mains, ready_to_start, now, resize_conditions(view.allocation), restarting
        ),
        reason=reason,
        message=message,
        host_ip=next(iter(view.node_ips), None),
        host_ips=tuple(HostIP(ip=each) for each in view.node_ips),
        pod_ip=next(iter(ips), None),
        pod_ips=tuple(PodIP(ip=each) for each in ips),
        start_time=start_time.replace(microsecond=0),
        init_container_statuses=inits,
        container_statuses=mains,
        ephemeral_container_statuses=extras,
        allocated_resources=allocated_resources(pod),
        resources=effective_resources(pod, running=phase == "Running"),
    )


def _rejected(view: PodView, now: datetime) -> PodStatus:
    """The node refused it: nothing was ever started."""
    assert view.rejection is not None
    started = view.pod.status.start_time or view.first_seen or now
    return evolve(
        view.pod.status,
        observed_generation=view.pod.metadata.generation or 0,
        phase="Failed",
        reason=view.rejection.reason,
        message=f"Pod was rejected: {view.rejection.message}",
        start_time=started.replace(microsecond=0),
    )


def _pod_ips(view: PodView) -> tuple[str, ...]:
    """The addresses of a pod that has ended stay to be read."""
    if view.pod.spec.host_network:
        return view.node_ips if view.sandbox is not None else ()
    if view.sandbox is not None and view.sandbox.ips:
        return view.sandbox.ips
    stay = view.sandbox is not None or view.pod.status.phase in FINISHED
    return tuple(each.ip for each in view.pod.status.pod_ips) if stay else ()


def phase_of(
    pod: Pod, inits: Sequence[ContainerStatus], mains: Sequence[ContainerStatus], *, over: bool = False
) -> str:
    """Pending, Running, Succeeded or Failed. ``over`` as in `pod_status`."""
    if over:
        ended = [each.state.terminated for each in mains]
        clean = bool(ended) and all(each is not None and each.exit_code == 0 for each in ended)
        return "Succeeded" if clean else "Failed"
    policy = pod.spec.restart_policy or "Always"
    running = waiting = stopped = succeeded = 0
    for spec, status in zip(pod.spec.init_containers, inits, strict=True):
        if is_sidecar(spec):
            running += status.state.running is not None
        elif not _is_done(status):
            if policy == "Never" and _has_failed(status) and not _comes_again(spec, policy, status):
                return "Failed"
            if not any(each.state.running or each.state.terminated for each in mains):
                return "Pending"
    anew = could_restart_all(pod)
    own_policy = {each.name: each for each in pod.spec.containers if each.restart_policy or anew}
    for status in mains:
        own = own_policy.get(status.name)
        if own is not None and _comes_again(own, policy, status):
            return "Running"
        if status.state.running is not None:
            running += 1
        elif status.state.terminated is not None:
            stopped += 1
            succeeded += status.state.terminated.exit_code == 0
        elif status.last_state.terminated is not None:
            stopped += 1
        else:
            waiting += 1
    if waiting:
        return "Running" if stopped else "Pending"
    if running or not stopped:
        return "Running" if running else "Pending"
    if policy == "Always":
        return "Running"
    if stopped == succeeded:
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _comes_again(spec: Container, policy: str, status: ContainerStatus) -> bool:
    """It has ended, or waits for its next attempt, by a policy of its own, whatever the pod's says."""
    if status.state.terminated is not None:
        return restarts_after(spec, policy, status.state.terminated.exit_code)
    return status.state.running is None and status.last_state.terminated is not None


def _is_done(status: ContainerStatus) -> bool:
    return status.state.terminated is not None and status.state.terminated.exit_code == 0


def _has_failed(status: ContainerStatus) -> bool:
    return status.state.terminated is not None and status.state.terminated.exit_code != 0
