"""Which old pods make room for new ones now. Pure.

https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sampan.core.model.apps_v1.daemon_set import DaemonSet
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import is_active, is_available
from sampan.plugins.controllers.apps.deployment.sizes import scaled
from sampan.plugins.controllers.apps.history import HASH

ByNode = Mapping[str, Sequence[Pod]]


def is_new(pod: Pod, present: str) -> bool:
    return pod.metadata.labels.get(HASH) == present


def outdated(
    owner: DaemonSet, by_node: ByNode, present: str, desired: int, now: datetime
) -> tuple[list[Pod], list[str]]:
    """Pods to delete, and nodes that get a new pod beside the old one (``maxSurge``)."""
    strategy = owner.spec.update_strategy
    if strategy.type == "OnDelete":
        return [], []
    rolling = strategy.rolling_update
    surge = scaled(rolling.max_surge, desired, round_up=True) if rolling and rolling.max_surge is not None else 0
    if surge:
        return _beside(owner, by_node, present, surge, now)
    most = scaled(rolling.max_unavailable if rolling else 1, desired, round_up=True) or 1
    return _instead(owner, by_node, present, most, now), []


def _instead(owner: DaemonSet, by_node: ByNode, present: str, most: int, now: datetime) -> list[Pod]:
    """Old pods that serve nobody go at once, others as far as enough keep serving."""
    unavailable, useless, serving = 0, list[Pod](), list[Pod]()
    for pods in by_node.values():
        alive = [pod for pod in pods if is_active(pod)]
        if not any(is_available(pod, owner.spec.min_ready_seconds, now) for pod in alive):
            unavailable += 1
            useless += [pod for pod in alive if not is_new(pod, present)]
        else:
            serving += [pod for pod in alive if not is_new(pod, present)]
    return useless + serving[: max(most - unavailable, 0)]


def _beside(owner: DaemonSet, by_node: ByNode, present: str, surge: int, now: datetime) -> tuple[list[Pod], list[str]]:
    """A new pod first; the old one goes once the new one serves."""
    gone: list[Pod] = []
    waiting: list[str] = []
    surging = 0
    nodes: list[str] = []
    for node, pods in by_node.items():
        alive = [pod for pod in pods if is_active(pod)]
        old = [pod for pod in alive if not is_new(pod, present)]
        new = [pod for pod in alive if is_new(pod, present)]
        if old and new:
            surging += 1
            if any(is_available(pod, owner.spec.min_ready_seconds, now) for pod in new):
                gone += old
        elif old:
            serves = any(is_available(pod, owner.spec.min_ready_seconds, now) for pod in old)
            (waiting if serves else nodes).append(node)
    return gone, nodes + waiting[: max(surge - surging - len(nodes), 0)]
