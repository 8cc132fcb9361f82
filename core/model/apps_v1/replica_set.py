"""ReplicaSet."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.workloads import REPLICA_SET_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.workloads import ReplicaSetRules, validate_replica_set


@model
class ReplicaSetCondition:
    """One thing that is or is not so."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class ReplicaSetSpec:
    """How many pods of which kind."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    min_ready_seconds: int = wire(default=0, format="int32")
    selector: LabelSelector = wire(required=True, emit="null")
    template: PodTemplateSpec = wire(emit="always")


@model
class ReplicaSetStatus:
    """How many pods there are."""

    replicas: int = wire(default=0, required=True, emit="always", format="int32")
    fully_labeled_replicas: int = wire(default=0, format="int32")
    ready_replicas: int = wire(default=0, format="int32")
    available_replicas: int = wire(default=0, format="int32")
    terminating_replicas: int | None = wire(default=None, format="int32")
    observed_generation: int = wire(default=0, format="int64")
    conditions: tuple[ReplicaSetCondition, ...] = keyed("type")


@kind(
    "apps/v1",
    plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    selectable_fields=("status.replicas",),
    columns=REPLICA_SET_COLUMNS,
    rules=ReplicaSetRules(),
)
@model
class ReplicaSet(KubeObject):
    """Keeps a number of pods running; usually made by a Deployment."""

    spec: ReplicaSetSpec = wire(emit="always")
    status: ReplicaSetStatus = wire(default=ReplicaSetStatus(), emit="always")


struct_rules(ReplicaSet, whole=True)(validate_replica_set)
