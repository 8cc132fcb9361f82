"""What to stop now of a pod that is to end: its containers side by side, then its sidecars from the last to the first.

Pure; a part of `decide.plan`. There is one grace period for the pod and not one for each turn: a sidecar gets
what those before it have left of it, and its preStop hook runs from the beginning, while it waits for its turn.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sampan.core.contracts.runtime import Container
from sampan.core.node.decide.actions import KillContainer, NodeAction, PreStop
from sampan.core.node.decide.view import PodView, all_specs, container_name, sidecars

LEAST_GRACE = 2.0
"""Seconds that a container has to end, however late its turn comes (the kubelet's)."""
SHORTER = timedelta(seconds=0.5)
"""By how much an end must come earlier than was said before to be a new one: grace is given in whole seconds."""


def stop_all(view: PodView, now: datetime, grace: float) -> list[NodeAction]:
    """``grace``: what the whole pod has, in seconds. 0 is for at once, in no order."""
    running = {container_name(each): each for each in view.running}
    known = {spec.name for spec in all_specs(view.pod)}
    beside = [spec.name for spec in reversed(tuple(sidecars(view.pod))) if spec.name in running]
    actions: list[NodeAction] = [
        KillContainer(each, _message(each), grace, hook=name in known)
        for name, each in running.items()
        if name not in beside and not _is_told(view, each, now, grace)
    ]
    left = grace_left(view, now, grace)
    waits = len(running) > len(beside) and grace > 0
    for container in (running[name] for name in beside):
        begun = view.attempt(container).pre_stop_by is not None
        if not waits and _hook_is_over(view, container, now, left):
            if not _is_told(view, container, now, left):
                actions.append(KillContainer(container, _message(container), left, hook=not begun))
        elif not begun:
            actions.append(PreStop(container, _message(container), left))
        waits = grace > 0
    return actions


def grace_left(view: PodView, now: datetime, grace: float) -> float:
    """What is left of the pod's grace, and a little where nothing is."""
    began = view.ending_since or now
    return max(min(LEAST_GRACE, grace), grace - (now - began).total_seconds())


def _is_told(view: PodView, container: Container, now: datetime, grace: float) -> bool:
    """It has been told to end by then."""
    end = view.attempt(container).stops_by
    return end is not None and end - SHORTER <= now + timedelta(seconds=grace)


def _hook_is_over(view: PodView, container: Container, now: datetime, left: float) -> bool:
    """Its preStop hook has not been begun apart from its end, is done, or has more time than is left by now."""
    end = view.attempt(container).pre_stop_by
    return end is None or end <= now or end - SHORTER > now + timedelta(seconds=left)


def _message(container: Container) -> str:
    return f"Stopping container {container_name(container)}"
