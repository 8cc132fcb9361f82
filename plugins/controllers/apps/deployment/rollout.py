"""One decision about one Deployment, put together step by step: the ReplicaSets as they should be, what to say of it.

The controller makes a `Rollout` from what is there, the strategies resize its ReplicaSets, and `Rollout.plan` gives the
difference as a `Plan`. Nothing outlives the decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sampan.core.contracts.plan import Action, Create, Delete, Emit, Plan, Update
from sampan.core.errors import AlreadyExists
from sampan.core.model.apps_v1.deployment import Deployment, DeploymentStatus
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.meta import evolve
from sampan.plugins.controllers.apps.deployment import revisions
from sampan.plugins.controllers.apps.deployment.sizes import new_size, size
from sampan.plugins.controllers.apps.deployment.status import (
    condition,
    has_deadline,
    make_condition,
    seconds_to_deadline,
    with_condition,
)


class Rollout:
    """``deployment`` and ``sets`` change as the decision is made."""

    def __init__(self, deployment: Deployment, sets: Iterable[ReplicaSet], now: datetime) -> None:
        self.before = deployment
        self.deployment = deployment
        self.now = now
        self._before = {item.metadata.name: item for item in sets}
        self._sets = dict(self._before)
        new = revisions.find_new(deployment, self._sets.values())
        self._new_name = new.metadata.name if new is not None else None
        self._delete: list[ReplicaSet] = []
        self._say: list[Emit] = []
        self._made_said: Emit | None = None

    @property
    def new(self) -> ReplicaSet | None:
        return self._sets[self._new_name] if self._new_name is not None else None

    @property
    def old(self) -> list[ReplicaSet]:
        return [item for name, item in self._sets.items() if name != self._new_name]

    @property
    def all(self) -> list[ReplicaSet]:
        return self.old + ([self.new] if self.new is not None else [])

    # Steps

    def adopt_new(self) -> ReplicaSet | None:
        """Bring the ReplicaSet of the present template up to date, if there is one."""
        new = self.new
        if new is None:
            return None
        number = revisions.next_revision(self.old)
        new = revisions.with_revision(self.deployment, new, number)
        min_ready = self.deployment.spec.min_ready_seconds
        if new.spec.min_ready_seconds != min_ready:
            new = evolve(new, spec=evolve(new.spec, min_ready_seconds=min_ready))
        self._sets[self._new_name] = new
        self._record_revision(str(revisions.revision(new)))
        if has_deadline(self.deployment) and condition(self.deployment.status, "Progressing") is None:
            self._progressing("FoundNewReplicaSet", f'Found new replica set "{new.metadata.name}"')
        return new

    def ensure_new(self, taken: ReplicaSet | None) -> ReplicaSet | None:
        """`adopt_new`, or make it.

        ``taken`` is somebody else's ReplicaSet of the name it would get: then the next decision takes another name.
        """
        if self.new is not None:
            return self.adopt_new()
        if taken is not None:
            collisions = (self.deployment.status.collision_count or 0) + 1
            self.set_status(evolve(self.deployment.status, collision_count=collisions))
            return None
        number = revisions.next_revision(self.old)
        made = revisions.make_new(self.deployment, number)
        count = new_size(self.deployment, [*self.old, made], made)
        made = evolve(made, spec=evolve(made.spec, replicas=count))
        self._new_name = made.metadata.name
        self._sets[self._new_name] = made
        if count > 0:
            self._made_said = self._scaled("up", made, 0, count)
        self._record_revision(str(number))
        if has_deadline(self.deployment):
            self._progressing("NewReplicaSetCreated", f'Created new replica set "{made.metadata.name}"')
        return made

    def resize(self, replica_set: ReplicaSet, count: int, *, annotate: bool = False) -> bool:
        """Give a ReplicaSet another size and note the Deployment's; says whether the size changes.

        ``annotate``: bring the notes up to date even where the size stays.
        """
        before = size(replica_set)
        if before == count and not annotate:
            return False
        changed = revisions.with_size_notes(replica_set, self.deployment)
        changed = evolve(changed, spec=evolve(changed.spec, replicas=count))
        self._sets[replica_set.metadata.name] = changed
        if before != count:
            self._say.append(self._scaled("up" if count > before else "down", replica_set, before, count))
        return before != count

    def clean_up(self) -> None:
        """Drop revisions beyond the history limit."""
        self._delete = revisions.too_old(self.deployment, self.old)

    def set_status(self, status: DeploymentStatus) -> None:
        self.deployment = evolve(self.deployment, status=status)

    # The outcome

    def plan(self) -> Plan:
        """The writes that make it so: ReplicaSets first, the Deployment's status last."""
        actions: list[Action] = []
        made: ReplicaSet | None = None
        for name, wanted in self._sets.items():
            present = self._before.get(name)
            if present is None:
                made = wanted
                actions.append(Create(obj=wanted, then=self._made_said))
            elif present != wanted:
                actions.append(Update(obj=wanted))
        actions += self._say
        actions += [
            Delete(kind=ReplicaSet, namespace=item.key[0], name=item.key[1], uid=item.metadata.uid)
            for item in self._delete
        ]
        if self.deployment != self.before:
            actions.append(Update(obj=self.deployment, subresource="status"))
        return Plan(
            actions=tuple(actions),
            requeue_after=seconds_to_deadline(self.deployment, self.deployment.status, self.now),
            on_failure=(lambda error: self._creation_failed(made, error)) if made is not None else None,
        )

    def _creation_failed(self, made: ReplicaSet, error: Exception) -> tuple[Action, ...]:
        """An ReplicaSet that exists will be in the cache next time, and is then known to be ours or not."""
        if isinstance(error, AlreadyExists):
            return ()
        message = f'Failed to create new replica set "{made.metadata.name}": {error}'
        said = make_condition("Progressing", "False", "ReplicaSetCreateError", message, self.now)
        failed = evolve(self.before, status=with_condition(self.before.status, said))
        event = Emit(regarding=self.before, reason="ReplicaSetCreateError", message=message, type="Warning")
        return (event,) if failed == self.before else (event, Update(obj=failed, subresource="status"))

    def _record_revision(self, number: str) -> None:
        annotations = self.deployment.metadata.annotations
        if annotations.get(revisions.REVISION) != number:
            metadata = evolve(self.deployment.metadata, annotations={**annotations, revisions.REVISION: number})
            self.deployment = evolve(self.deployment, metadata=metadata)

    def _progressing(self, reason: str, message: str) -> None:
        said = make_condition("Progressing", "True", reason, message, self.now)
        self.set_status(with_condition(self.deployment.status, said))

    def _scaled(self, direction: str, replica_set: ReplicaSet, before: int, after: int) -> Emit:
        message = f"Scaled {direction} replica set {replica_set.metadata.name} from {before} to {after}"
        return Emit(regarding=self.before, reason="ScalingReplicaSet", message=message)
