"""How many pods a PodDisruptionBudget lets go at once. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Plan, Update
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.replication_controller import ReplicationController
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.reconcile.labels import matches
from sampan.core.reconcile.pods import is_active, is_ready
from sampan.plugins.controllers.apps.deployment.sizes import scaled
from sampan.plugins.controllers.ownership import controller_of, refers_to

PATIENCE: Final = timedelta(minutes=2)
"""How long an eviction that was allowed counts though nothing has become of it."""
CONDITION: Final = "DisruptionAllowed"


class DisruptionController:
    name = "disruption-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (
            Watch(kind=PodDisruptionBudget, keys=own_key),
            Watch(kind=Pod, keys=_keys_of_pod),
            *(
                Watch(kind=kind, keys=_keys_of_namespace)
                for kind in (Deployment, ReplicaSet, ReplicationController, StatefulSet)
            ),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        budget = state.get(PodDisruptionBudget, key.namespace, key.name)
        if budget is None:
            return NOTHING
        pods = [pod for pod in state.list(Pod, key.namespace) if _covers(budget, pod) and is_counted(pod)]
        return decide(budget, pods, wanted_pods(pods, state), now)


def decide(budget: PodDisruptionBudget, pods: Sequence[Pod], wanted: int, now: datetime) -> Plan:
    """``wanted``: how many pods those who control them want to have."""
    alive = {pod.metadata.name: pod for pod in pods if pod.metadata.deletion_timestamp is None}
    disrupted = {
        name: since for name, since in budget.status.disrupted_pods.items() if name in alive and now - since < PATIENCE
    }
    healthy = sum(1 for name, pod in alive.items() if is_ready(pod) and name not in disrupted)
    expected, desired = _expected(budget, len(pods), wanted)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    status = evolve(
        budget.status,
        observed_generation=budget.metadata.generation or 0,
        disrupted_pods=disrupted,
        disruptions_allowed=allowed,
        current_healthy=healthy,
        desired_healthy=desired,
        expected_pods=expected,
        conditions=_conditions(budget, allowed > 0, now),
    )
    again = min(((since + PATIENCE - now).total_seconds() for since in disrupted.values()), default=None)
    if status == budget.status:
        return Plan(requeue_after=again)
    return Plan(actions=(Update(obj=evolve(budget, status=status), subresource="status"),), requeue_after=again)


def _expected(budget: PodDisruptionBudget, there: int, wanted: int) -> tuple[int, int]:
    """How many pods there should be, and how many of them healthy."""
    least, most = budget.spec.min_available, budget.spec.max_unavailable
    if most is not None:
        return wanted, max(wanted - scaled(most, wanted, round_up=True), 0)
    if isinstance(least, int) or least is None:
        return there, least or 0
    return wanted, scaled(least, wanted, round_up=True)


def _conditions(budget: PodDisruptionBudget, allowed: bool, now: datetime) -> tuple[Condition, ...]:
    old = next((each for each in budget.status.conditions if each.type == CONDITION), None)
    made = Condition(
        type=CONDITION,
        status=str(allowed),
        reason="SufficientPods" if allowed else "InsufficientPods",
        observed_generation=budget.metadata.generation or 0,
        last_transition_time=old.last_transition_time
        if old is not None and old.status == str(allowed)
        else now.replace(microsecond=0),
    )
    return (*(each for each in budget.status.conditions if each.type != CONDITION), made)


def wanted_pods(pods: Iterable[Pod], state: Lister) -> int:
    """The sizes of all who control one of the pods; a pod without a controller is wanted for itself."""
    sizes: dict[str, int] = {}
    for pod in pods:
        owner = _scaled_owner(pod, state)
        key = (owner or pod).metadata.uid or ""
        sizes[key] = 1 if owner is None else (1 if owner.spec.replicas is None else owner.spec.replicas)
    return sum(sizes.values())


def _scaled_owner(pod: Pod, state: Lister) -> Deployment | ReplicaSet | ReplicationController | StatefulSet | None:
    reference = controller_of(pod)
    namespace = pod.metadata.namespace or ""
    if reference is None:
        return None
    if refers_to(reference, ReplicaSet) and (replica_set := state.get(ReplicaSet, namespace, reference.name)):
        above = controller_of(replica_set)
        deployment = state.get(Deployment, namespace, above.name) if above and refers_to(above, Deployment) else None
        return deployment or replica_set
    if refers_to(reference, ReplicationController):
        return state.get(ReplicationController, namespace, reference.name)
    return state.get(StatefulSet, namespace, reference.name) if refers_to(reference, StatefulSet) else None


def is_counted(pod: Pod) -> bool:
    return is_active(pod) or pod.metadata.deletion_timestamp is not None


def _covers(budget: PodDisruptionBudget, pod: Pod) -> bool:
    return budget.spec.selector is not None and matches(budget.spec.selector, pod.metadata.labels)


def _keys_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for budget in state.list(PodDisruptionBudget, obj.metadata.namespace or ""):
        if budget.spec.selector is not None and matches(budget.spec.selector, obj.metadata.labels):
            yield Key(*budget.key)


def _keys_of_namespace(obj: KubeObject, state: Lister) -> Iterable[Key]:
    for budget in state.list(PodDisruptionBudget, obj.metadata.namespace or ""):
        yield Key(*budget.key)
