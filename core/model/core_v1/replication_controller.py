"""ReplicationController."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.core_v1.replication_controller import REPLICATION_CONTROLLER_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.rules.core_v1.replication_controller import (
    ReplicationControllerRules,
    validate_replication_controller,
)
from sampan.core.model.storage import Stored


@model
class ReplicationControllerCondition(StateCondition):
    """Whether pods could be made: ``ReplicaFailure`` where not."""


@model
class ReplicationControllerSpec:
    """How many pods of which kind."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    """How many pods there should be. Defaults to 1."""
    min_ready_seconds: int = wire(default=0, format="int32")
    """Seconds that a pod must stay ready before it counts as available. Defaults to 0."""
    selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    """Labels that the controller's pods have. Defaults to those of the template, which it must match."""
    template: PodTemplateSpec | None = None
    """The pods to make where some are missing. Their ``restartPolicy`` can only be ``Always``."""


@model
class ReplicationControllerStatus:
    """How many pods there are."""

    replicas: int = wire(default=0, required=True, emit="always", format="int32")
    """How many pods of the controller exist."""
    fully_labeled_replicas: int = wire(default=0, format="int32")
    """How many of them have all the labels of the template."""
    ready_replicas: int = wire(default=0, format="int32")
    """How many of them are ready."""
    available_replicas: int = wire(default=0, format="int32")
    """How many of them have been ready for ``minReadySeconds``."""
    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that has been acted on."""
    conditions: tuple[ReplicationControllerCondition, ...] = keyed("type")
    """Statements about the controller, one per type."""


@kind(
    "v1",
    plural="replicationcontrollers",
    short_names=("rc",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    orphans_by_default=True,
    storage=Stored(folder="controllers"),
    selectable_fields=("status.replicas",),
    columns=REPLICATION_CONTROLLER_COLUMNS,
    rules=ReplicationControllerRules(),
)
@model
class ReplicationController(KubeObject):
    """Keeps a number of pods running."""

    spec: ReplicationControllerSpec = wire(default=ReplicationControllerSpec(), emit="always")
    """How many pods of which kind are wanted."""
    status: ReplicationControllerStatus = wire(default=ReplicationControllerStatus(), emit="always")
    """How many pods there are. Written by the controller manager."""


struct_rules(ReplicationController, whole=True)(validate_replication_controller)
