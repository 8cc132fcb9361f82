"""ReplicationController."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.workloads import REPLICATION_CONTROLLER_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.rules.workloads import ReplicationControllerRules, validate_replication_controller


@model
class ReplicationControllerCondition:
    """One thing that is or is not so."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class ReplicationControllerSpec:
    """How many pods of which kind."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    min_ready_seconds: int = wire(default=0, format="int32")
    selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    template: PodTemplateSpec | None = None


@model
class ReplicationControllerStatus:
    """How many pods there are."""

    replicas: int = wire(default=0, required=True, emit="always", format="int32")
    fully_labeled_replicas: int = wire(default=0, format="int32")
    ready_replicas: int = wire(default=0, format="int32")
    available_replicas: int = wire(default=0, format="int32")
    observed_generation: int = wire(default=0, format="int64")
    conditions: tuple[ReplicationControllerCondition, ...] = keyed("type")


@kind(
    "v1",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    orphans_by_default=True,
    storage_prefix="controllers",
    selectable_fields=("status.replicas",),
    columns=REPLICATION_CONTROLLER_COLUMNS,
    rules=ReplicationControllerRules(),
)
@model
class ReplicationController(KubeObject):
    """Keeps a number of pods running."""

    spec: ReplicationControllerSpec = wire(default=ReplicationControllerSpec(), emit="always")
    status: ReplicationControllerStatus = wire(default=ReplicationControllerStatus(), emit="always")


struct_rules(ReplicationController, whole=True)(validate_replication_controller)
