"""How many pods a PodDisruptionBudget lets go at once.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, AfterReading, Emit, Plan, Reads, Update
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.conditions import find
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.replication_controller import ReplicationController
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetStatus
from sampan.core.reconcile.labels import matches
from sampan.core.reconcile.pods import is_ready
from sampan.plugins.controllers.apps.deployment.sizes import scaled
from sampan.plugins.controllers.policy.wanted import NotCountable, Owners, owners_of, read_scales
from sampan.plugins.controllers.referred_kinds import kinds_of

PATIENCE: Final = timedelta(minutes=2)
"""How long an eviction that was allowed counts though nothing has become of it."""
CONDITION: Final = "DisruptionAllowed"
UNMANAGED: Final = (
    "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be "
    "calculated correctly, which may result in undefined behavior. To account for these pods please set "
    '".spec.minAvailable" field of the PDB to an integer value.'
)


class DisruptionController:
    name = "disruption-controller"

    def __init__(self, kinds: Sequence[type[KubeObject]] = ()) -> None:
        self._kinds = kinds
        self.watches: Sequence[Watch] = (
            Watch(kind=PodDisruptionBudget, keys=own_key),
            Watch(kind=Pod, keys=_keys_of_pod),
            Watch(kind=CustomResourceDefinition, keys=lambda _obj, _state: ()),
            *(
                Watch(kind=kind, keys=_keys_of_namespace)
                for kind in (Deployment, ReplicaSet, ReplicationController, StatefulSet)
            ),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | AfterReading[int | NotCountable]:
        budget = state.get(PodDisruptionBudget, key.namespace, key.name)
        if budget is None:
            return NOTHING
        pods = [pod for pod in state.list(Pod, key.namespace) if _covers(budget, pod.metadata.labels)]
        if not _asks_for_owners(budget):
            return decide(budget, pods, len(pods), now)
        owners = owners_of(pods, state)
        if not owners.others:
            return decide(budget, pods, sum(owners.sizes.values()), now, unmanaged=bool(owners.unmanaged))
        return AfterReading(
            lambda reads: self._read(owners, key.namespace, state, reads),
            lambda wanted: decide(budget, pods, wanted, now, unmanaged=bool(owners.unmanaged)),
        )

    async def _read(self, owners: Owners, namespace: str, state: Lister, reads: Reads) -> int | NotCountable:
        definitions = state.list(CustomResourceDefinition)
        try:
            sizes = await read_scales(owners, namespace, lambda each: kinds_of(each, self._kinds, definitions), reads)
        except NotCountable as problem:
            return problem
        return sum(sizes.values())


def decide(
    budget: PodDisruptionBudget,
    pods: Sequence[Pod],
    expected: int | NotCountable,
    now: datetime,
    *,
    unmanaged: bool = False,
) -> Plan:
    """``expected``: how many pods there should be, or why nobody can say. ``unmanaged``: some count for nobody."""
    if isinstance(expected, NotCountable):
        return _failed(budget, str(expected), now)
    alive = {pod.metadata.name: pod for pod in pods if pod.metadata.deletion_timestamp is None}
    disrupted = {
        name: since for name, since in budget.status.disrupted_pods.items() if name in alive and now - since < PATIENCE
    }
    healthy = sum(1 for name, pod in alive.items() if is_ready(pod) and name not in disrupted)
    desired = _desired(budget, expected)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    observed = budget.metadata.generation or 0
    word = _Word(allowed > 0, observed, "SufficientPods" if allowed > 0 else "InsufficientPods")
    status = evolve(
        budget.status,
        observed_generation=observed,
        disrupted_pods=disrupted,
        disruptions_allowed=allowed,
        current_healthy=healthy,
        desired_healthy=desired,
        expected_pods=expected,
        conditions=_conditions(budget, word, now),
    )
    again = min(((since + PATIENCE - now).total_seconds() for since in disrupted.values()), default=None)
    if status == budget.status:
        return Plan(requeue_after=again)
    said: list[Action] = []
    if not pods:
        said.append(Emit(regarding=budget, reason="NoPods", message="No matching pods found"))
    if unmanaged:
        said.append(Emit(regarding=budget, reason="UnmanagedPods", message=UNMANAGED, type="Warning"))
    return Plan(actions=(*said, _written(budget, status)), requeue_after=again)


def _failed(budget: PodDisruptionBudget, problem: str, now: datetime) -> Plan:
    """Nothing may go while nobody knows how many may."""
    word = _Word(False, budget.status.observed_generation, "SyncFailed", problem)
    status = evolve(budget.status, disruptions_allowed=0, conditions=_conditions(budget, word, now))
    if status == budget.status:
        return NOTHING
    message = f"Failed to calculate the number of expected pods: {problem}"
    told = Emit(regarding=budget, reason="CalculateExpectedPodCountFailed", message=message, type="Warning")
    return Plan(actions=(told, _written(budget, status)))


def _written(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> Update:
    return Update(obj=evolve(budget, status=status), subresource="status")


def _asks_for_owners(budget: PodDisruptionBudget) -> bool:
    """Whether it takes what the pods' controllers want, and not just the pods that are there."""
    return budget.spec.max_unavailable is not None or isinstance(budget.spec.min_available, str)


def _desired(budget: PodDisruptionBudget, expected: int) -> int:
    """How many of the pods must stay healthy."""
    least, most = budget.spec.min_available, budget.spec.max_unavailable
    if most is not None:
        return max(expected - scaled(most, expected, round_up=True), 0)
    return scaled(least, expected, round_up=True)


@frozen
class _Word:
    """What the condition is to say."""

    allowed: bool
    observed: int
    reason: str
    message: str = ""


def _conditions(budget: PodDisruptionBudget, word: _Word, now: datetime) -> tuple[Condition, ...]:
    old = find(budget.status.conditions, CONDITION)
    made = Condition(
        type=CONDITION,
        status=str(word.allowed),
        reason=word.reason,
        message=word.message,
        observed_generation=word.observed,
        last_transition_time=old.last_transition_time
        if old is not None and old.status == str(word.allowed)
        else now.replace(microsecond=0),
    )
    return (*(each for each in budget.status.conditions if each.type != CONDITION), made)


def _covers(budget: PodDisruptionBudget, labels: Mapping[str, str]) -> bool:
    return budget.spec.selector is not None and matches(budget.spec.selector, labels)


def _keys_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for budget in state.list(PodDisruptionBudget, obj.metadata.namespace or ""):
        if _covers(budget, obj.metadata.labels):
            yield Key(*budget.key)


def _keys_of_namespace(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for budget in state.list(PodDisruptionBudget, obj.metadata.namespace or ""):
        yield Key(*budget.key)
