"""Pods that are bound to a node which does not exist (any more) are removed, as nobody else would do it.

A node that has just gone may be about to register again, so it is given a while: when it was first missed is the one
thing that this controller remembers.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Delete, ExpectGone, Plan
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.pods import is_finished
from sampan.plugins.controllers.core.nodes.by_node import INDEX, key_of_node, pods_on
from sampan.plugins.controllers.core.nodes.disruption import disruption

QUARANTINE = timedelta(seconds=40)


class PodGarbageCollector:
    name = "pod-garbage-collector"
    watches: Sequence[Watch] = (
        Watch(kind=Node, keys=own_key),
        Watch(kind=Pod, keys=key_of_node, indexes=INDEX),
    )

    def __init__(self) -> None:
        self._missed_since: dict[str, datetime] = {}

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        pods = pods_on(key.name, state)
        if not pods or state.get(Node, "", key.name) is not None:
            self._missed_since.pop(key.name, None)
            return NOTHING
        left = self._missed_since.setdefault(key.name, now) + QUARANTINE - now
        if left > timedelta(0):
            return Plan(requeue_after=left.total_seconds())
        removals = [action for pod in pods for action in _removal(pod, now)]
        return Plan(actions=(ExpectGone(kind=Node, namespace="", name=key.name), *removals))


def _removal(pod: Pod, now: datetime) -> Sequence[Action]:
    """First it is said why, in the status; then it goes without grace, as nothing of it can be running."""
    namespace, name = pod.key
    gone = Delete(kind=Pod, namespace=namespace, name=name, uid=pod.metadata.uid, grace_period=0)
    if is_finished(pod):
        return (gone,)
    failed = disruption(pod, "DeletionByPodGC", "PodGC: node no longer exists", now, phase="Failed")
    return failed, gone
