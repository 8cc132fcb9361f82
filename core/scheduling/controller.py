"""Scheduling as a controller: pods without a node, one at a time, the most important first.

A decision looks at a snapshot that every change of a node or pod brings up to date, and counts a pod on its node from the
moment of the decision: binds go on side by side while the next decisions are made, and no node is ever over-committed.
A pod that found no place is looked at again when something has changed that may help it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, InThread, Plan
from sampan.core.contracts.scheduler import Change, Holds, Placed, Ready, Scheduler, Unschedulable, Wait
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
from sampan.core.scheduling.decisions import Decisions
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
        self.decisions = Decisions()
        self._news: deque[Callable[[], None]] = deque()
        """Changes for the snapshot, taken in between decisions: one may be under way in a thread."""
        self._held: dict[Key, str] = {}
        """Pods whose bind waits for their volumes, and where they are to be bound."""
        self._old: set[type[KubeObject]] = set(EXTRA)
        self._extra: dict[type, Sequence[object]] = {}
        self.watches = (
            Watch(kind=Pod, changed=self._pod_changed),
            Watch(kind=Node, changed=self._node_changed),
            *(Watch(kind=kind, changed=self._extra_changed(kind, change)) for kind, change in EXTRA.items()),
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
            self._held.pop(key, None)
            return NOTHING
        self._take_in_news(state)
        self._waiting.begin()
        if key not in self._held and self._snapshot.node_of(pod):
            return NOTHING  # its bind is under way
        decide = partial(self._next, key, pod, state, now, self._monotonic())
        return InThread(decide) if self._in_thread else decide()

    def _next(self, key: Key, pod: Pod, state: Lister, now: datetime, moment: float) -> Plan:
        held = self._held_plan(key, pod) if key in self._held else None
        return self._decide(key, pod, state, now, moment) if held is None else held

    def _decide(self, key: Key, pod: Pod, state: Lister, now: datetime, moment: float) -> Plan:
        """Meanwhile the snapshot stands still: what changes waits among the news.

        Perhaps in a thread, where the loop's clock is not to be asked: ``moment`` is what it said.
        """
        scheduler = scheduler_of(pod)
        verdict = self._schedulers[scheduler].place(pod, self._snapshot)
        match verdict:
            case Placed(node=node, before=before, held=held):
                self.decisions.placed(pod, scheduler, verdict, now)
                self._waiting.forget(key)
                self._snapshot.assume(pod, node)
                if held:
                    self._held[key] = node
                    return Plan(actions=before)
                return placed(pod, node, before)
            case Wait(seconds=seconds):
                return Plan(requeue_after=seconds)
            case Unschedulable():
                self.decisions.refused(pod, scheduler, verdict, now)
                waits = self._waiting.refused(key, verdict.helped_by, moment)
                if verdict.preemption is not None:
                    self._snapshot.promise(pod, verdict.preemption.node)
                plan = refused(pod, as_they_are(verdict, state), now)
                again = self._waiting.seconds_to_wait(key, moment)
                return plan if waits else attrs.evolve(plan, requeue_after=again)

    def _held_plan(self, key: Key, pod: Pod) -> Plan | None:
        """What is due for a pod that is held; ``None`` where its node must be chosen anew."""
        scheduler, node = self._schedulers[scheduler_of(pod)], self._held[key]
        ready = scheduler.ready(pod, node, self._snapshot) if isinstance(scheduler, Holds) else Ready.YES
        if ready is Ready.NOT_YET:
            return NOTHING
        del self._held[key]
        if ready is Ready.YES and self._snapshot.find(node) is not None:
            return placed(pod, node)
        self._snapshot.drop_pod(pod)
        return None

    def failed(self, key: Key, state: Lister) -> None:
        """A bind was refused: the pod takes no room, unless it turns out to be there after all."""
        self._held.pop(key, None)
        pod = state.get(Pod, key.namespace, key.name)
        if pod is not None and not pod.spec.node_name:
            self._news.append(lambda: self._snapshot.drop_pod(pod))

    # Keeping up

    def _take_in_news(self, state: Lister) -> None:
        while self._news:
            self._news.popleft()()
        if self._old:
            self._extra |= {kind: state.list(kind) for kind in self._old}
            self._old.clear()
            self._snapshot.set_extra(dict(self._extra))

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

    def _extra_changed(self, kind: type[KubeObject], change: Change) -> Callable[..., Iterable[Key]]:
        def changed(old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
            self._old.add(kind)
            yield from self._waiting.helped(change)
            if change & Change.STORAGE:
                yield from list(self._held)

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
