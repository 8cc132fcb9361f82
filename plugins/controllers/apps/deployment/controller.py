"""The Deployment controller: from a Deployment, its ReplicaSets and their pods to a plan. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Emit, Plan
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.labels import is_empty, matches
from sampan.core.reconcile.pods import is_finished
from sampan.plugins.controllers.apps.deployment import revisions, strategies
from sampan.plugins.controllers.apps.deployment.rollout import Rollout
from sampan.plugins.controllers.apps.deployment.sizes import is_rolling
from sampan.plugins.controllers.apps.deployment.status import counts, with_pause
from sampan.plugins.controllers.ownership import ORPHAN_INDEX, claim, controller_of, keys_of_claimants, refers_to

keys_of_replica_set = keys_of_claimants(
    Deployment, lambda deployment, labels: matches(deployment.spec.selector, labels)
)


def keys_of_pod(obj: KubeObject, state: Lister) -> Iterable[Key]:
    """A Deployment that waits for old pods to end."""
    reference = controller_of(obj)
    if reference is None or not refers_to(reference, ReplicaSet):
        return
    namespace = obj.metadata.namespace or ""
    replica_set = state.get(ReplicaSet, namespace, reference.name)
    owner = controller_of(replica_set) if replica_set is not None else None
    deployment = state.get(Deployment, namespace, owner.name) if owner is not None else None
    if deployment is not None and not is_rolling(deployment):
        yield Key(*deployment.key)


class DeploymentController:
    name = "deployment-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Deployment, keys=own_key),
        Watch(kind=ReplicaSet, keys=keys_of_replica_set, indexes=ORPHAN_INDEX),
        Watch(kind=Pod, keys=keys_of_pod),
    )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        deployment = state.get(Deployment, key.namespace, key.name)
        if deployment is None:
            return NOTHING
        selector = deployment.spec.selector
        if is_empty(selector):
            return _selects_all(deployment)
        claimed = claim(deployment, ReplicaSet, lambda labels: matches(selector, labels), state)
        if claimed.actions:
            # What is adopted gets another resourceVersion: go on when that has been seen.
            return Plan(actions=claimed.actions)
        rollout = Rollout(deployment, claimed.objects, now)
        _step(rollout, state)
        return rollout.plan()


def _step(rollout: Rollout, state: Lister) -> None:
    """Which of the ways to go on is due."""
    deployment = rollout.deployment
    if deployment.metadata.deletion_timestamp is not None:
        rollout.set_status(counts(deployment, rollout.all, rollout.new, rollout.now))
        return
    rollout.set_status(with_pause(deployment, rollout.now))
    if deployment.spec.paused or strategies.is_scaled(rollout):
        strategies.scale(rollout)
    elif is_rolling(deployment):
        strategies.roll(rollout, lambda: _taken(rollout, state))
    else:
        strategies.recreate(rollout, lambda: _taken(rollout, state), _old_pods_run(rollout, state))


def _taken(rollout: Rollout, state: Lister) -> ReplicaSet | None:
    """Another object with the name of the ReplicaSet to be made: a collision of hashes, or a stranger."""
    deployment = rollout.deployment
    hashed = revisions.template_hash(deployment.spec.template, deployment.status.collision_count)
    return state.get(ReplicaSet, deployment.metadata.namespace or "", f"{deployment.metadata.name}-{hashed}")


def _old_pods_run(rollout: Rollout, state: Lister) -> bool:
    return any(
        old.status.replicas or any(not is_finished(pod) for pod in state.owned_by(Pod, old.metadata.uid or ""))
        for old in rollout.old
    )


def _selects_all(deployment: Deployment) -> Plan:
    message = "This deployment is selecting all pods. A non-empty selector is required."
    return Plan(actions=(Emit(regarding=deployment, reason="SelectingAll", message=message, type="Warning"),))
