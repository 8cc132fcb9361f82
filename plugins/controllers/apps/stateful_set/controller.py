"""The StatefulSet controller's decision: one step at a time, in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Final

import attrs

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, Plan, Update
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.apps_v1.stateful_set import StatefulSet, StatefulSetStatus
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import IntOrString, evolve
from sampan.core.reconcile.labels import matches
from sampan.core.reconcile.pods import is_available, is_finished, is_ready, seconds_to_available
from sampan.plugins.controllers.apps.deployment.sizes import scaled
from sampan.plugins.controllers.apps.history import HASH, Present, forgotten, present, template_of
from sampan.plugins.controllers.apps.stateful_set.identity import (
    missing_claims,
    name_of,
    ordinal_of,
    pod_at,
    start_of,
)
from sampan.plugins.controllers.apps.stateful_set.retention import changed_owners
from sampan.plugins.controllers.ownership import ORPHAN_INDEX, claim, keys_of_claimants, keys_of_controller

REVISION_LABEL: Final = "controller.kubernetes.io/hash"


class StatefulSetController:
    name = "statefulset-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (
            Watch(kind=StatefulSet, keys=own_key),
            Watch(kind=Pod, keys=keys_of_claimants(StatefulSet, _selects), indexes=ORPHAN_INDEX),
            Watch(kind=ControllerRevision, keys=keys_of_controller(StatefulSet)),
            Watch(kind=PersistentVolumeClaim, keys=lambda _obj, _state: ()),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        owner = state.get(StatefulSet, key.namespace, key.name)
        if owner is None:
            return NOTHING
        pods = claim(owner, Pod, partial(_selects, owner), state)
        revisions = state.owned_by(ControllerRevision, owner.metadata.uid or "")
        claims = state.list(PersistentVolumeClaim, key.namespace) if owner.spec.volume_claim_templates else ()
        plan = decide(owner, pods.objects, revisions, claims, now)
        return evolve(plan, actions=(*pods.actions, *plan.actions))


def decide(
    owner: StatefulSet,
    pods: Sequence[Pod],
    revisions: Sequence[ControllerRevision],
    claims: Sequence[PersistentVolumeClaim],
    now: datetime,
) -> Plan:
    update = present(owner, owner.spec.template, revisions, owner.status.collision_count, REVISION_LABEL)
    current = next((each for each in revisions if each.metadata.name == owner.status.current_revision), update.revision)
    step = _Step(owner, update, current, {ordinal_of(owner, pod): pod for pod in pods}, claims, now)
    actions: list[Action] = []
    if owner.metadata.deletion_timestamp is None:
        actions += [*update.actions, *step.changes()]
        kept = (update.revision, current)
        actions += forgotten(revisions, kept, pods, owner.spec.revision_history_limit)
    status = step.status(pods)
    if status != owner.status:
        actions.append(Update(obj=evolve(owner, status=status), subresource="status"))
    waits = [seconds_to_available(pod, owner.spec.min_ready_seconds, now) for pod in pods]
    return Plan(
        actions=tuple(actions),
        requeue_after=min((wait for wait in waits if wait), default=None),
        on_error=Emit(regarding=owner, reason="FailedCreate", message="{error}", type="Warning"),
    )


@attrs.frozen(slots=False)
class _Step:
    """What is there, and the next thing to do about it."""

    owner: StatefulSet
    update: Present
    current: ControllerRevision
    pods: Mapping[int | None, Pod]
    """By ordinal; those that have none are nobody's business here."""
    claims: Sequence[PersistentVolumeClaim]
    now: datetime

    @property
    def ordinals(self) -> range:
        start = start_of(self.owner)
        return range(start, start + (1 if self.owner.spec.replicas is None else self.owner.spec.replicas))

    @property
    def in_order(self) -> bool:
        return self.owner.spec.pod_management_policy != "Parallel"

    def changes(self) -> list[Action]:
        """New pods from the first to the last, then those beyond the number from the last on, then updates."""
        owned = [
            action for ordinal in self.ordinals for action in self._owners_of_claims(ordinal, self.pods.get(ordinal))
        ]
        made, goes_on = self._scale_up()
        if not goes_on:
            return [*owned, *made]
        gone, goes_on = self._scale_down()
        if made or not goes_on:
            return [*owned, *made, *gone]
        return [*owned, *gone, *self._roll()]

    def _owners_of_claims(self, ordinal: int, pod: Pod | None, *, scaled_away: bool = False) -> list[Action]:
        if pod is None or not self.owner.spec.volume_claim_templates:
            return []
        return changed_owners(self.owner, pod, ordinal, self.claims_by_name, scaled_away=scaled_away)

    @cached_property
    def claims_by_name(self) -> Mapping[str, PersistentVolumeClaim]:
        return {each.metadata.name or "": each for each in self.claims}

    def _scale_up(self) -> tuple[list[Action], bool]:
        actions: list[Action] = []
        for ordinal in self.ordinals:
            pod = self.pods.get(ordinal)
            if pod is None:
                actions += [*missing_claims(self.owner, ordinal, self.claims), self._creation(ordinal)]
            elif is_finished(pod) and pod.metadata.deletion_timestamp is None:
                actions += [self._recreating(pod), self._deletion(pod)]
            elif self._is_healthy(pod):
                continue
            if self.in_order:
                return actions, False
        return actions, True

    def _scale_down(self) -> tuple[list[Action], bool]:
        """In order, a pod that is not healthy holds up those before it, but for the first such one: it may go."""
        beyond = sorted((each for each in self.pods if each is not None and each not in self.ordinals), reverse=True)
        first_unhealthy = next((each for each in reversed(beyond) if not self._is_healthy(self.pods[each])), None)
        actions: list[Action] = []
        for ordinal in beyond:
            pod = self.pods[ordinal]
            if self.in_order and ordinal != first_unhealthy and not self._is_healthy(pod):
                return [], False
            if pod.metadata.deletion_timestamp is None:
                actions += [*self._owners_of_claims(ordinal, pod, scaled_away=True), self._deletion(pod)]
            if self.in_order:
                return actions, False
        return actions, True

    def _roll(self) -> list[Action]:
        """The last pod that is not up to date, once all behind it are healthy."""
        strategy = self.owner.spec.update_strategy
        if strategy.type == "OnDelete":
            return []
        if strategy.rolling_update is not None and strategy.rolling_update.max_unavailable is not None:
            return self._roll_several(strategy.rolling_update.max_unavailable)
        for ordinal in reversed(self.ordinals):
            pod = self.pods[ordinal]
            if ordinal < self._partition():
                return []
            if not self._is_updated(pod) and pod.metadata.deletion_timestamp is None:
                return [self._deletion(pod)]
            if not self._is_healthy(pod):
                return []
        return []

    def _roll_several(self, allowed: IntOrString) -> list[Action]:
        """From the last on, as many as may be unavailable at once; a share is rounded down, but one may always be."""
        most = max(scaled(allowed, len(self.ordinals), round_up=False), 1)
        room = most - sum(1 for ordinal in self.ordinals if not self._is_healthy(self.pods[ordinal]))
        old = [
            pod
            for ordinal in reversed(self.ordinals)
            if ordinal >= self._partition()
            and not self._is_updated(pod := self.pods[ordinal])
            and pod.metadata.deletion_timestamp is None
        ]
        return [self._deletion(pod) for pod in old[: max(room, 0)]]

    def _partition(self) -> int:
        """The first ordinal that is updated."""
        rolling = self.owner.spec.update_strategy.rolling_update
        return start_of(self.owner) + (rolling.partition or 0 if rolling else 0)

    def _creation(self, ordinal: int) -> Action:
        old = ordinal < self._partition() and self.owner.spec.update_strategy.type != "OnDelete"
        revision = self.current if old else self.update.revision
        pod = pod_at(self.owner, ordinal, template_of(revision), revision.metadata.name or "")
        said = f"create Pod {name_of(self.owner, ordinal)} in StatefulSet {self.owner.metadata.name} successful"
        return Create(obj=pod, then=Emit(regarding=self.owner, reason="SuccessfulCreate", message=said))

    def _deletion(self, pod: Pod) -> Action:
        said = f"delete Pod {pod.metadata.name} in StatefulSet {self.owner.metadata.name} successful"
        event = Emit(regarding=self.owner, reason="SuccessfulDelete", message=said)
        return Delete(kind=Pod, namespace=pod.key[0], name=pod.key[1], uid=pod.metadata.uid, then=event)

    def _recreating(self, pod: Pod) -> Action:
        name = f"{pod.metadata.namespace}/{self.owner.metadata.name}"
        word = "Failed" if pod.status.phase == "Failed" else "Terminated"
        said = f"StatefulSet {name} is recreating {word.lower()} Pod {pod.metadata.name}"
        return Emit(regarding=self.owner, reason=f"Recreating{word}Pod", message=said, type="Warning")

    def _is_updated(self, pod: Pod) -> bool:
        return pod.metadata.labels.get(HASH) == self.update.name

    def _is_healthy(self, pod: Pod) -> bool:
        """Running, ready for as long as it must be, and not about to go."""
        return (
            pod.metadata.deletion_timestamp is None
            and pod.status.phase == "Running"
            and is_available(pod, self.owner.spec.min_ready_seconds, self.now)
        )

    def status(self, pods: Sequence[Pod]) -> StatefulSetStatus:
        """Where all are updated and ready, the new revision becomes the current one."""
        alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        ready = sum(1 for pod in pods if pod.status.phase == "Running" and is_ready(pod))
        updated = sum(1 for pod in alive if self._is_updated(pod))
        current, current_name = self.owner.status.current_revision or self.update.name, self.current.metadata.name
        of_current = sum(1 for pod in alive if pod.metadata.labels.get(HASH) == current_name)
        if self.owner.spec.update_strategy.type != "OnDelete" and updated == len(pods) == ready:
            current, of_current = self.update.name, updated
        return evolve(
            self.owner.status,
            observed_generation=self.owner.metadata.generation or 0,
            replicas=len(pods),
            ready_replicas=ready,
            available_replicas=sum(
                1
                for pod in pods
                if pod.status.phase == "Running" and is_available(pod, self.owner.spec.min_ready_seconds, self.now)
            ),
            current_replicas=of_current,
            updated_replicas=updated,
            current_revision=current,
            update_revision=self.update.name,
            collision_count=self.owner.status.collision_count or 0,
        )


def _selects(owner: StatefulSet, labels: Mapping[str, str]) -> bool:
    return matches(owner.spec.selector, labels)
