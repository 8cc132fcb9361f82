"""Decide what to do about one pod. Pure: the same view and time give the same plan.

Called by the pod's worker after every change of the pod, of its containers or of time. See `decide.actions` for
what a plan may hold, and https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ for the rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import (
    CreateSandbox,
    DeletePod,
    NodeAction,
    PodPlan,
    PublishVolumes,
    RemoveContainer,
    RemoveSandbox,
    Say,
    StopSandbox,
    UnpublishVolumes,
)
from sampan.core.node.decide.container_decisions import decide_containers, grace_of, is_done, main_is_over, policy_of
from sampan.core.node.decide.status import pod_status
from sampan.core.node.decide.stopping import stop_all
from sampan.core.node.decide.view import PodView, Rejection

DEADLINE = Rejection("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


def plan_pod(view: PodView, now: datetime) -> PodPlan:
    """What is true of the pod, and what to do about it."""
    pod = view.pod
    if pod.metadata.deletion_timestamp is not None:
        return _end(view, now, deleted=True)
    deadline = deadline_of(view)
    if view.rejection is None and deadline is not None and deadline <= now and pod.status.phase not in FINISHED:
        view = attrs.evolve(view, rejection=DEADLINE)
    if view.rejection is not None or pod.status.phase in FINISHED:
        return _end(view, now, deleted=False)
    plan = _run(view, now)
    if deadline is not None:
        until = (deadline - now).total_seconds()
        plan = attrs.evolve(plan, requeue_after=min(until, plan.requeue_after or until))
    return plan


def deadline_of(view: PodView) -> datetime | None:
    """When ``activeDeadlineSeconds`` is over."""
    seconds = view.pod.spec.active_deadline_seconds
    began = view.pod.status.start_time or view.first_seen
    return None if seconds is None or began is None else began + timedelta(seconds=seconds)


def _run(view: PodView, now: datetime) -> PodPlan:
    """Keep the pod running."""
    sandbox = view.sandbox
    actions: list[NodeAction] = []
    due: list[datetime] = []
    fresh = sandbox is None or sandbox.state != "running"
    if fresh:
        if not _needs_sandbox(view):
            return _over(view, now)
        if view.running:
            # The sandbox died without its containers: they must go before another is made.
            return PodPlan(status=pod_status(view, now), actions=tuple(stop_all(view, now, 0)))
        if view.sandbox_retry_at is not None and view.sandbox_retry_at > now:
            return _later(view, now, view.sandbox_retry_at)
    if not view.volumes_ready:
        if view.volumes_retry_at is not None and view.volumes_retry_at > now:
            return _later(view, now, view.volumes_retry_at)
        actions.append(PublishVolumes())
    if fresh:
        actions.extend(_replace_sandbox(view))
    decisions = decide_containers(view, now, fresh_sandbox=fresh)
    if decisions.over and not view.running:
        return _over(view, now)
    actions.extend(decisions.actions)
    due.extend(decisions.due)
    return PodPlan(
        status=pod_status(view.waiting(decisions.waiting), now),
        actions=tuple(actions),
        waiting=decisions.waiting,
        ends=decisions.over,
        requeue_after=min(((each - now).total_seconds() for each in due), default=None),
    )


def _needs_sandbox(view: PodView) -> bool:
    """Nothing needs a sandbox once all that may run has run."""
    if not view.containers:
        return True
    if policy_of(view.pod) == "Never" and any(view.attempts(spec.name) for spec in view.pod.spec.containers):
        return False
    return not main_is_over(view)


def _replace_sandbox(view: PodView) -> list[NodeAction]:
    """A new attempt. The last dead one is kept for its containers' logs, as is one telling of a container that is done."""
    dead = sorted(view.sandboxes, key=lambda each: each.attempt)
    telling = {view.attempts(spec.name)[0].sandbox_id for spec in view.pod.spec.containers if is_done(view, spec)}
    actions: list[NodeAction] = []
    if dead:
        actions.append(Say("SandboxChanged", "Pod sandbox changed, it will be killed and re-created."))
        actions.append(StopSandbox(dead[-1].id))
        actions.extend(RemoveSandbox(each.id) for each in dead[:-1] if each.id not in telling)
    actions.append(CreateSandbox(dead[-1].attempt + 1 if dead else 0))
    return actions


def _later(view: PodView, now: datetime, due: datetime) -> PodPlan:
    waiting = decide_containers(view, now, fresh_sandbox=False).waiting if view.sandboxes else {}
    status = pod_status(view.waiting(waiting), now)
    return PodPlan(status=status, waiting=waiting, requeue_after=(due - now).total_seconds())


def _over(view: PodView, now: datetime) -> PodPlan:
    """All has ended by itself: let the address and the volumes go, keep the containers for their logs."""
    return PodPlan(status=pod_status(view, now, over=True), actions=_release(view))


def _end(view: PodView, now: datetime, *, deleted: bool) -> PodPlan:
    """Stop what runs; once nothing does, give everything back."""
    if view.running:
        stops = stop_all(view, now, deletion_grace(view.pod) if deleted else _own_grace(view))
        status = pod_status(view, now, over=not deleted and view.rejection is not None)
        return PodPlan(status=status, actions=tuple(stops), ends=True)
    actions = list(_release(view))
    if deleted:
        homes = {each.id for each in view.sandboxes}
        actions.append(DeletePod())
        actions.extend(RemoveContainer(each.id) for each in view.containers if each.sandbox_id not in homes)
        actions.extend(RemoveSandbox(each) for each in homes)
    return PodPlan(status=pod_status(view, now, over=True), actions=tuple(actions))


def _own_grace(view: PodView) -> int:
    """Of a pod that ends though nobody has deleted it."""
    if view.rejection is not None and view.rejection.grace is not None:
        return min(view.rejection.grace, grace_of(view.pod))
    return grace_of(view.pod)


def _release(view: PodView) -> tuple[NodeAction, ...]:
    stops: list[NodeAction] = [StopSandbox(each.id) for each in view.sandboxes if each.state == "running"]
    if not view.released:
        # Whether they are there or not: an agent that has ended since may have published them.
        stops.append(UnpublishVolumes())
    return tuple(stops)


def deletion_grace(pod: Pod) -> int:
    """What the API server granted, which a second deletion may shorten."""
    granted = pod.metadata.deletion_grace_period_seconds
    return grace_of(pod) if granted is None else granted
