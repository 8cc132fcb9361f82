"""The ReplicaSet controller. Pure decisions; see `replicas`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sampan.core.contracts.controller import Lister
from sampan.core.model.apps_v1.replica_set import ReplicaSet, ReplicaSetCondition
from sampan.core.model.core_v1.pod import Pod
from sampan.core.reconcile.labels import matches
from sampan.plugins.controllers.ownership import controller_of
from sampan.plugins.controllers.replicas import ReplicasController


class ReplicaSetController(ReplicasController[ReplicaSet]):
    name = "replicaset-controller"
    kind = ReplicaSet

    def selects(self, owner: ReplicaSet) -> Callable[[Mapping[str, str]], bool]:
        return lambda labels: matches(owner.spec.selector, labels)

    def related_pods(self, owner: ReplicaSet, pods: Sequence[Pod], state: Lister) -> Iterable[Pod]:
        """Those of all ReplicaSets that the same Deployment has."""
        deployment = controller_of(owner)
        if deployment is None:
            return pods
        siblings = state.owned_by(ReplicaSet, deployment.uid)
        return [pod for sibling in siblings for pod in state.owned_by(Pod, sibling.metadata.uid or "")]

    def condition(self, **fields: Any) -> ReplicaSetCondition:
        return ReplicaSetCondition(**fields)

    def more_status(self, terminating: int) -> Mapping[str, Any]:
        return {"terminating_replicas": terminating}
