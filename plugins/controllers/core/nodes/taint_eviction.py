"""Pods that do not (or no longer) tolerate a NoExecute taint of their node are deleted. Pure.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Delete, Emit, Plan
from sampan.core.model.core_v1.node import Node, Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.tolerations import tolerates
from sampan.plugins.controllers.core.nodes.by_node import INDEX, key_of_node, pods_on
from sampan.plugins.controllers.core.nodes.disruption import disruption


class TaintEvictionController:
    name = "taint-eviction-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Node, keys=own_key),
        Watch(kind=Pod, keys=key_of_node, indexes=INDEX),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        node = state.get(Node, "", key.name)
        taints = [taint for taint in node.spec.taints if taint.effect == "NoExecute"] if node is not None else []
        if not taints:
            return NOTHING
        actions: list[Action] = []
        waits: list[float] = []
        for pod in pods_on(key.name, state):
            due = eviction_time(pod, taints, now) if pod.metadata.deletion_timestamp is None else None
            if due is None:
                continue
            if due <= now:
                actions.extend(_eviction(pod, now))
            else:
                waits.append((due - now).total_seconds())
        return Plan(actions=tuple(actions), requeue_after=min(waits, default=None))


def eviction_time(pod: Pod, taints: Sequence[Taint], now: datetime) -> datetime | None:
    """When the pod must go; ``None``: it may stay for as long as it likes."""
    limits: list[datetime] = []
    for taint in taints:
        tolerating = [item for item in pod.spec.tolerations if tolerates(item, taint)]
        if not tolerating:
            return now
        seconds = [item.toleration_seconds for item in tolerating if item.toleration_seconds is not None]
        if seconds:
            limits.append((taint.time_added or now) + timedelta(seconds=max(min(seconds), 0)))
    return min(limits, default=None)


def _eviction(pod: Pod, now: datetime) -> Sequence[Action]:
    namespace, name = pod.key
    said = Emit(regarding=pod, reason="TaintManagerEviction", message=f"Marking for deletion Pod {namespace}/{name}")
    marked = disruption(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now)
    return marked, Delete(kind=Pod, namespace=namespace, name=name, uid=pod.metadata.uid, then=said)
