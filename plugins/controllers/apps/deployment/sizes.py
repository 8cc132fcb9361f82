"""How many pods a roll-out may have, may miss, and gives to each ReplicaSet. Pure arithmetic.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-unavailable, …#max-surge and
…#proportional-scaling. Counts of ``spec.replicas`` are what is wanted, counts of status what there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.meta import IntOrString

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
_EPOCH = datetime.min.replace(tzinfo=UTC)


def scaled(value: IntOrString | None, total: int, *, round_up: bool) -> int:
    """A number, or a percentage of ``total``."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total
    return -(-share // 100) if round_up else share // 100


def is_rolling(deployment: Deployment) -> bool:
    return deployment.spec.strategy.type == "RollingUpdate"


def wanted(deployment: Deployment) -> int:
    return deployment.spec.replicas or 0


def size(replica_set: ReplicaSet) -> int:
    return replica_set.spec.replicas or 0


def total(replica_sets: Iterable[ReplicaSet]) -> int:
    """Pods that are asked for."""
    return sum(size(replica_set) for replica_set in replica_sets)


def available(replica_sets: Iterable[ReplicaSet]) -> int:
    return sum(replica_set.status.available_replicas for replica_set in replica_sets)


def fence_posts(deployment: Deployment) -> tuple[int, int]:
    """(surge, unavailable): surge is rounded up, unavailable down; one pod may be missing where both would be 0."""
    rolling = deployment.spec.strategy.rolling_update
    if rolling is None:
        return 0, 0
    surge = scaled(rolling.max_surge, wanted(deployment), round_up=True)
    unavailable = scaled(rolling.max_unavailable, wanted(deployment), round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, unavailable


def max_surge(deployment: Deployment) -> int:
    return fence_posts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Deployment) -> int:
    if not is_rolling(deployment) or wanted(deployment) == 0:
        return 0
    return min(fence_posts(deployment)[1], wanted(deployment))


def new_size(deployment: Deployment, all_sets: Sequence[ReplicaSet], new: ReplicaSet) -> int:
    """How large the new ReplicaSet may be now: as large as the surge allows while old pods are there."""
    if not is_rolling(deployment):
        return wanted(deployment)
    room = wanted(deployment) + max_surge(deployment) - total(all_sets)
    if room <= 0:
        return size(new)
    return size(new) + min(room, wanted(deployment) - size(new))


def born(replica_set: ReplicaSet) -> tuple[datetime, str]:
    """Sorts the oldest first."""
    return replica_set.metadata.creation_timestamp or _EPOCH, replica_set.metadata.name or ""


def active(replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    return [replica_set for replica_set in replica_sets if size(replica_set) > 0]


def proportional(deployment: Deployment, replica_sets: Sequence[ReplicaSet]) -> list[tuple[ReplicaSet, int]]:
    """Each ReplicaSet with its new size, when a Deployment is scaled in the middle of a roll-out.

    Each gets its share; what rounding leaves goes to the largest (the newest of them when growing).
    """
    allowed = wanted(deployment) + max_surge(deployment) if wanted(deployment) else 0
    to_add = allowed - total(replica_sets)
    by_age = sorted(replica_sets, key=born, reverse=to_add > 0)
    by_size = sorted(by_age, key=size, reverse=True)
    sizes = []
    added = 0
    for replica_set in by_size:
        share = _share(deployment, replica_set, to_add, added)
        added += share
        sizes.append(size(replica_set) + share)
    if sizes and to_add:
        sizes[0] = max(sizes[0] + to_add - added, 0)
    return list(zip(by_size, sizes, strict=True))


def _share(deployment: Deployment, replica_set: ReplicaSet, to_add: int, added: int) -> int:
    if size(replica_set) == 0 or to_add in (0, added):
        return 0
    fraction = _fraction(deployment, replica_set)
    left = to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _fraction(deployment: Deployment, replica_set: ReplicaSet) -> int:
    """By how much the ReplicaSet grows (or shrinks) if it keeps its part of the whole."""
    if wanted(deployment) == 0:
        return -size(replica_set)
    before = number(replica_set, MAX_REPLICAS) or deployment.status.replicas
    if before == 0:
        return 0
    whole = wanted(deployment) + max_surge(deployment)
    return math.floor(size(replica_set) * whole / before + 0.5) - size(replica_set)


def number(replica_set: ReplicaSet, annotation: str) -> int | None:
    """An annotation that is a number; ``None`` where it is missing or something else."""
    try:
        return int(replica_set.metadata.annotations[annotation])
    except (KeyError, ValueError):
        return None
