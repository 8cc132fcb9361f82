"""The two ways of replacing pods, and scaling in between: each a step on a `Rollout`. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
"""

from __future__ import annotations

from collections.abc import Callable

from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.plugins.controllers.apps.deployment.rollout import Rollout
from sampan.plugins.controllers.apps.deployment.sizes import (
    DESIRED,
    active,
    available,
    born,
    is_rolling,
    max_unavailable,
    new_size,
    number,
    proportional,
    size,
    total,
    wanted,
)
from sampan.plugins.controllers.apps.deployment.status import counts, is_complete, rollout_status

FindTaken = Callable[[], ReplicaSet | None]
"""Who else has the name that the new ReplicaSet would get."""


def roll(rollout: Rollout, taken: FindTaken) -> None:
    """RollingUpdate: grow the new as the surge allows, or else shrink the old as availability allows."""
    new = rollout.ensure_new(taken() if rollout.new is None else None)
    if new is None:
        return
    if not _grow_new(rollout, new) and not _shrink_old(rollout, new) and _is_done(rollout):
        rollout.clean_up()
    _finish(rollout)


def recreate(rollout: Rollout, taken: FindTaken, old_pods_run: bool) -> None:
    """Recreate: all old pods end before the first new one is made."""
    rollout.adopt_new()
    scaled_down = [rollout.resize(old, 0) for old in active(rollout.old)]
    if any(scaled_down) or old_pods_run:
        _finish(rollout)
        return
    new = rollout.ensure_new(taken() if rollout.new is None else None)
    if new is None:
        return
    rollout.resize(new, wanted(rollout.deployment))
    if _is_done(rollout):
        rollout.clean_up()
    _finish(rollout)


def scale(rollout: Rollout) -> None:
    """Bring the ReplicaSets to the Deployment's new size without going on with the roll-out; also while it is paused."""
    rollout.adopt_new()
    _resize_all(rollout)
    if rollout.deployment.spec.paused:
        rollout.clean_up()
    rollout.set_status(counts(rollout.deployment, rollout.all, rollout.new, rollout.now))


def is_scaled(rollout: Rollout) -> bool:
    """Whether the Deployment's size is another than the ReplicaSets have noted."""
    noted = [number(item, DESIRED) for item in active(rollout.all)]
    return any(desired is not None and desired != wanted(rollout.deployment) for desired in noted)


def _resize_all(rollout: Rollout) -> None:
    deployment = rollout.deployment
    only = _only_one(rollout)
    if only is not None:
        rollout.resize(only, wanted(deployment))
        return
    if _is_saturated(rollout):
        for old in active(rollout.old):
            rollout.resize(old, 0)
        return
    if is_rolling(deployment):
        for replica_set, count in proportional(deployment, active(rollout.all)):
            rollout.resize(replica_set, count, annotate=True)


def _only_one(rollout: Rollout) -> ReplicaSet | None:
    """The one ReplicaSet that has pods, or where none has any the latest."""
    running = active(rollout.all)
    if len(running) == 1:
        return running[0]
    if running:
        return None
    return rollout.new or max(rollout.old, key=born, default=None)


def _is_saturated(rollout: Rollout) -> bool:
    new, count = rollout.new, wanted(rollout.deployment)
    if new is None:
        return False
    return size(new) == count and number(new, DESIRED) == count and new.status.available_replicas == count


def _grow_new(rollout: Rollout, new: ReplicaSet) -> bool:
    count = wanted(rollout.deployment)
    if size(new) > count:
        return rollout.resize(new, count)
    return rollout.resize(new, new_size(rollout.deployment, rollout.all, new))


def _shrink_old(rollout: Rollout, new: ReplicaSet) -> bool:
    """First old pods that do not work anyway, then as many others as the new ones make up for."""
    deployment = rollout.deployment
    if total(rollout.old) == 0:
        return False
    least = wanted(deployment) - max_unavailable(deployment)
    new_missing = size(new) - new.status.available_replicas
    may_go = total(rollout.all) - least - new_missing
    if may_go <= 0:
        return False
    unhealthy = _take(rollout, may_go, lambda old: size(old) - old.status.available_replicas)
    # Counted by what is available now: pods that were just taken away did not work, so nothing is lost by them.
    spare = available(rollout.all) - least
    return unhealthy + _take(rollout, spare, size) > 0


def _take(rollout: Rollout, count: int, takeable: Callable[[ReplicaSet], int]) -> int:
    """Take up to ``count`` pods from old ReplicaSets, the oldest first; returns how many."""
    taken = 0
    for old in sorted(active(rollout.old), key=born):
        if taken >= count:
            break
        share = min(count - taken, takeable(old), size(old))
        if share > 0:
            rollout.resize(old, size(old) - share)
            taken += share
    return taken


def _is_done(rollout: Rollout) -> bool:
    return is_complete(rollout.before, rollout.before.status)


def _finish(rollout: Rollout) -> None:
    rollout.set_status(rollout_status(rollout.deployment, rollout.all, rollout.new, rollout.now))
