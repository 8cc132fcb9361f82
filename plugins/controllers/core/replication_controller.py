"""The ReplicationController controller. Pure decisions; see `replicas`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sampan.core.model.core_v1.replication_controller import ReplicationController, ReplicationControllerCondition
from sampan.core.reconcile.labels import contains
from sampan.plugins.controllers.replicas import ReplicasController


class ReplicationControllerController(ReplicasController[ReplicationController]):
    name = "replication-controller"
    kind = ReplicationController

    def selects(self, owner: ReplicationController) -> Callable[[Mapping[str, str]], bool]:
        selector = owner.spec.selector
        return lambda labels: bool(selector) and contains(labels, selector)

    def condition(self, **fields: Any) -> ReplicationControllerCondition:
        return ReplicationControllerCondition(**fields)
