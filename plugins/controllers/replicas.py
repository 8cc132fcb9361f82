"""Keep a number of pods: what ReplicaSets and ReplicationControllers have in common. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, Plan, Update
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.core_v1.pod import Pod, PodTemplateSpec
from sampan.core.model.core_v1.replication_controller import ReplicationController
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.labels import contains
from sampan.core.reconcile.pods import is_active, is_ready, is_terminating, seconds_to_available
from sampan.plugins.controllers.ownership import (
    ORPHAN_INDEX,
    ORPHANS,
    claim,
    controller_of,
    controller_reference,
    keys_of_claimants,
)
from sampan.plugins.controllers.pod_ranking import first_to_go

R = TypeVar("R", bound=ReplicaSet | ReplicationController)

BURST = 500
"""The most pods that one decision makes or deletes."""


BY_CONTROLLER = "sampan/kept-by-controller"


@frozen
class Kept:
    """What of a pod matters to the controller that keeps a number of them."""

    labels: Mapping[str, str] = attrs.field(eq=False)
    active: bool
    ready: bool
    terminating: bool
    pairs: frozenset[tuple[str, str]]


def kept(obj: KubeObject) -> Iterable[tuple[str, Kept]]:
    """A pod under the uid of its controller: the tally `BY_CONTROLLER`."""
    reference = controller_of(obj)
    if reference is not None and isinstance(obj, Pod):
        labels = obj.metadata.labels
        yield (
            reference.uid,
            Kept(labels, is_active(obj), is_ready(obj), is_terminating(obj), frozenset(labels.items())),
        )


@frozen
class Counts:
    """How many pods an owner has, as its status tells it."""

    active: int
    labeled: int
    ready: int
    available: int
    terminating: int


class ReplicasController(Generic[R]):
    """Makes and deletes pods until there are as many as the owner says."""

    name: str
    kind: type[R]

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (
            Watch(kind=self.kind, keys=own_key),
            Watch(
                kind=Pod,
                keys=keys_of_claimants(self.kind, lambda owner, labels: self.selects(owner)(labels)),
                indexes=ORPHAN_INDEX,
                tallies={BY_CONTROLLER: kept},
            ),
        )

    # What the kinds differ in

    def selects(self, owner: R) -> Callable[[Mapping[str, str]], bool]:
        raise NotImplementedError

    def related_pods(self, owner: R, pods: Sequence[Pod], state: Lister) -> Iterable[Pod]:
        """Pods that should be spread together with ``pods``."""
        return pods

    def condition(self, **fields: Any) -> Any:
        """A condition of the kind's own class."""
        raise NotImplementedError

    def more_status(self, terminating: int) -> Mapping[str, Any]:
        """Fields that only this kind's status has."""
        return {}

    # The decision

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        owner = state.get(self.kind, key.namespace, key.name)
        if owner is None:
            return NOTHING
        if (counted := self._counted(owner, state)) is not None:
            return Plan(actions=self._status(owner, counted, now))
        claimed = claim(owner, Pod, self.selects(owner), state)
        active = [pod for pod in claimed.objects if is_active(pod)]
        terminating = sum(1 for pod in claimed.objects if is_terminating(pod))
        counts = self._counts(owner, active, terminating, now)
        excess = len(active) - (owner.spec.replicas or 0)
        if owner.metadata.deletion_timestamp is None and excess:
            changes = self._remove(owner, active, excess, state, now) if excess > 0 else self._add(owner, -excess)
            return Plan(
                actions=(*claimed.actions, *changes),
                on_error=_failure_event(owner, excess),
                on_failure=lambda error: self._status(owner, counts, now, excess, error),
            )
        return Plan(
            actions=(*claimed.actions, *self._status(owner, counts, now)),
            requeue_after=_next_change(active, owner.spec.min_ready_seconds, now),
        )

    def _counted(self, owner: R, state: Lister) -> Counts | None:
        """What counts where there is nothing to do but to tell it, without visiting the pods.

        ``None`` where pods must be made, deleted, adopted or released, or become available with time.
        """
        selects, wanted = self.selects(owner), _template_labels(owner)
        orphans = state.indexed(Pod, ORPHANS, owner.metadata.namespace or "")
        if owner.spec.min_ready_seconds or any(selects(orphan.metadata.labels) for orphan in orphans):
            return None
        active = ready = labeled = terminating = 0
        for word, number in state.tally(Pod, BY_CONTROLLER, owner.metadata.uid or "").items():
            assert isinstance(word, Kept)
            if not selects(word.labels):
                return None
            terminating += number * word.terminating
            if word.active:
                active += number
                ready += number * word.ready
                labeled += number * contains(word.labels, wanted)
        if active != (owner.spec.replicas or 0) and owner.metadata.deletion_timestamp is None:
            return None
        return Counts(active, labeled, ready, ready, terminating)

    def _counts(self, owner: R, active: Sequence[Pod], terminating: int, now: datetime) -> Counts:
        labels, seconds = _template_labels(owner), owner.spec.min_ready_seconds
        return Counts(
            active=len(active),
            labeled=sum(1 for pod in active if contains(pod.metadata.labels, labels)),
            ready=sum(1 for pod in active if is_ready(pod)),
            available=sum(1 for pod in active if seconds_to_available(pod, seconds, now) == 0),
            terminating=terminating,
        )

    def _add(self, owner: R, count: int) -> list[Action]:
        template = owner.spec.template
        if template is None:
            return []
        said = Emit(regarding=owner, reason="SuccessfulCreate", message="Created pod: {name}")
        return [Create(obj=pod_of(owner, template), then=said)] * min(count, BURST)

    def _remove(self, owner: R, active: Sequence[Pod], excess: int, state: Lister, now: datetime) -> list[Action]:
        related = self.related_pods(owner, active, state)
        said = Emit(regarding=owner, reason="SuccessfulDelete", message="Deleted pod: {name}")
        return [
            Delete(kind=Pod, namespace=pod.key[0], name=pod.key[1], uid=pod.metadata.uid, then=said)
            for pod in first_to_go(active, min(excess, BURST), related, now)
        ]

    def _status(
        self, owner: R, counts: Counts, now: datetime, excess: int = 0, error: Exception | None = None
    ) -> tuple[Action, ...]:
        """The status as it should be, if it is not that already."""
        status = evolve(
            owner.status,
            replicas=counts.active,
            fully_labeled_replicas=counts.labeled,
            ready_replicas=counts.ready,
            available_replicas=counts.available,
            observed_generation=owner.metadata.generation or 0,
            conditions=self._conditions(owner, now, excess, error),
            **self.more_status(counts.terminating),
        )
        if status == owner.status:
            return ()
        return (Update(obj=evolve(owner, status=status), subresource="status"),)

    def _conditions(self, owner: R, now: datetime, excess: int, error: Exception | None) -> tuple[Any, ...]:
        """``ReplicaFailure`` comes with the first failure and goes with the first success."""
        failed = next((item for item in owner.status.conditions if item.type == "ReplicaFailure"), None)
        if error is not None and failed is not None:
            return owner.status.conditions
        others = tuple(item for item in owner.status.conditions if item.type != "ReplicaFailure")
        if error is None:
            return others
        failure = self.condition(
            type="ReplicaFailure",
            status="True",
            last_transition_time=now.replace(microsecond=0),
            reason="FailedCreate" if excess < 0 else "FailedDelete",
            message=str(error),
        )
        return (*others, failure)


def _template_labels(owner: ReplicaSet | ReplicationController) -> Mapping[str, str]:
    return owner.spec.template.metadata.labels if owner.spec.template else {}


def pod_of(owner: KubeObject, template: PodTemplateSpec) -> Pod:
    """The pod that ``template`` stands for, controlled by ``owner``; the API server finds the rest of its name."""
    metadata = ObjectMeta(
        generate_name=f"{owner.metadata.name}-",
        namespace=owner.metadata.namespace,
        labels=template.metadata.labels,
        annotations=template.metadata.annotations,
        finalizers=template.metadata.finalizers,
        owner_references=(controller_reference(owner),),
    )
    return Pod(metadata=metadata, spec=template.spec)


def _failure_event(owner: KubeObject, excess: int) -> Emit:
    reason, verb = ("FailedCreate", "creating") if excess < 0 else ("FailedDelete", "deleting")
    return Emit(regarding=owner, reason=reason, message=f"Error {verb}: {{error}}", type="Warning")


def _next_change(pods: Iterable[Pod], min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the next ready pod counts as available."""
    waits = [seconds_to_available(pod, min_ready_seconds, now) for pod in pods]
    return min((wait for wait in waits if wait), default=None)
