"""Scheduling as a controller: pods without a node, one at a time, the most important first.

A decision looks at a snapshot that every change of a node or pod brings up to date, and counts a pod on its node from the
moment of the decision: binds go on side by side while the next decisions are made, and no node is ever over-committed.
A pod that found no place is looked at again when something has changed that may help it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, InThread, Plan
from sampan.core.contracts.scheduler import Change, Placed, Scheduler, Unschedulable, Wait
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.model.storage_v1.storage_class import StorageClass
from sampan.core.reconcile.pods import is_finished
from sampan.core.scheduling.changes import node_change, pod_change
from sampan.core.scheduling.outcomes import placed, refused
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.scheduling.waiting import Waiting

EXTRA: Mapping[type[KubeObject], Change] = {
    Service: Change.OTHER,
    Namespace: Change.NAMESPACE,
    PersistentVolumeClaim: Change.STORAGE,
    PersistentVolume: Change.STORAGE,
    StorageClass: Change.STORAGE,
    PodDisruptionBudget: Change.OTHER,
}
"""What schedulers look at besides nodes and pods, and what a change of it may mean."""


class SchedulingController:
    """`Controller` and `Ordered`, for all the schedulers that are there."""

    name = "default-scheduler"
    ahead = 64
    """Binds that may be under way while further decisions are made."""

    def __init__(
        self,
        schedulers: Mapping[str, Scheduler],
        *,
        in_thread: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``in_thread``: decisions may block, as outside plugins have a say in them."""
        self._in_thread = in_thread
        self._schedulers = schedulers
        self._monotonic = monotonic
        self._snapshot = Snapshot()
        self._waiting = Waiting()
        self._news: deque[Callable[[], None]] = deque()
        """Changes for the snapshot, taken in between decisions: one may be under way in a thread."""
        self._extra_is_old = True
        self.watches = (
            Watch(kind=Pod, changed=self._pod_changed),
            Watch(kind=Node, changed=self._node_changed),
            *(Watch(kind=kind, changed=self._extra_changed(change)) for kind, change in EXTRA.items()),
        )

    # The queue

    def rank(self, key: Key, state: Lister) -> Any:
        """Higher priority first, then the older pod."""
        pod = state.get(Pod, key.namespace, key.name)
        if pod is None:
            return (0, "", key)
        created = pod.metadata.creation_timestamp
        return (-(pod.spec.priority or 0), created.isoformat() if created else "", key)

    def seconds_to_wait(self, key: Key) -> float:
        """The back-off of a pod that was refused."""
        return self._waiting.seconds_to_wait(key, self._monotonic())

    # The decision

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread:
        pod = state.get(Pod, key.namespace, key.name)
        if pod is None or not self._is_to_be_placed(pod):
            return NOTHING
        self._take_in_news(state)
        if self._snapshot.node_of(pod):
            return NOTHING  # its bind is under way
        decide = partial(self._decide, key, pod, state, now)
        return InThread(decide) if self._in_thread else decide()

    def _decide(self, key: Key, pod: Pod, state: Lister, now: datetime) -> Plan:
        """Meanwhile the snapshot stands still: what changes waits among the news."""
        verdict = self._schedulers[scheduler_of(pod)].place(pod, self._snapshot)
        match verdict:
            case Placed(node=node, before=before):
                self._waiting.forget(key)
                self._snapshot.assume(pod, node)
                return placed(pod, node, before)
            case Wait(seconds=seconds):
                return Plan(requeue_after=seconds)
            case Unschedulable():
                self._waiting.refused(key, verdict.helped_by, self._monotonic(), verdict.by_node)
                if verdict.preemption is not None:
                    self._snapshot.promise(pod, verdict.preemption.node)
                return refused(pod, as_they_are(verdict, state), now)

    def failed(self, key: Key, state: Lister) -> None:
        """A bind was refused: the pod takes no room, unless it turns out to be there after all."""
        pod = state.get(Pod, key.namespace, key.name)
        if pod is not None and not pod.spec.node_name:
            self._news.append(lambda: self._snapshot.drop_pod(pod))

    def refusals(self) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
        """Waiting pods (``namespace/name``) → node → the plugin that refused it and its reasons. Any thread."""
        return {
            str(key): {node: (plugin, refusal.reasons) for node, (plugin, refusal) in why.items()}
            for key, why in self._waiting.why().items()
        }

    # Keeping up

    def _take_in_news(self, state: Lister) -> None:
        while self._news:
            self._news.popleft()()
        if self._extra_is_old:
            self._extra_is_old = False
            self._snapshot.set_extra({kind: state.list(kind) for kind in EXTRA})

    def _pod_changed(self, old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
        before, after = old if isinstance(old, Pod) else None, new if isinstance(new, Pod) else None
        if before is not None and (after is None or after.metadata.uid != before.metadata.uid):
            self._news.append(lambda: self._snapshot.drop_pod(before))
            self._waiting.forget(Key(*before.key))
        if after is not None:
            self._news.append(lambda: self._snapshot.set_pod(after))
            yield from self._itself(before, after)
        if change := pod_change(before, after):
            yield from self._waiting.helped(change)

    def _itself(self, before: Pod | None, after: Pod) -> Iterable[Key]:
        """The pod's own key, where it waits and more than its status has changed."""
        key = Key(*after.key)
        if not self._is_to_be_placed(after):
            self._waiting.forget(key)
        elif before is None or _wants(before) != _wants(after):
            self._waiting.forget(key)
            yield key

    def _node_changed(self, old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
        before, after = old if isinstance(old, Node) else None, new if isinstance(new, Node) else None
        if after is not None:
            self._news.append(lambda: self._snapshot.set_node(after))
        elif before is not None:
            self._news.append(lambda: self._snapshot.drop_node(before.metadata.name or ""))
        if change := node_change(before, after):
            yield from self._waiting.helped(change)

    def _extra_changed(self, change: Change) -> Callable[..., Iterable[Key]]:
        def changed(old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
            self._extra_is_old = True
            return self._waiting.helped(change)

        return changed

    def _is_to_be_placed(self, pod: Pod) -> bool:
        return (
            not pod.spec.node_name
            and not pod.metadata.deletion_timestamp
            and not pod.spec.scheduling_gates
            and not is_finished(pod)
            and scheduler_of(pod) in self._schedulers
        )


def scheduler_of(pod: Pod) -> str:
    return pod.spec.scheduler_name or "default-scheduler"


def _wants(pod: Pod) -> tuple[object, ...]:
    """What of a waiting pod decides where it may go."""
    return (pod.metadata.uid, pod.metadata.generation, pod.metadata.labels)


def as_they_are(verdict: Unschedulable, state: Lister) -> Unschedulable:
    """The verdict with its victims as they are now: the snapshot keeps of a pod what matters for placement alone."""
    if verdict.preemption is None:
        return verdict
    now = tuple(state.get(Pod, *victim.key) or victim for victim in verdict.preemption.victims)
    return attrs.evolve(verdict, preemption=attrs.evolve(verdict.preemption, victims=now))
