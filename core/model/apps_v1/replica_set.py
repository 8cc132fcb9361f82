"""ReplicaSet."""

from __future__ import annotations

from sampan.core.model.columns.apps_v1.replica_set import REPLICA_SET_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.apps_v1.replica_set import ReplicaSetRules, validate_replica_set


@model
class ReplicaSetCondition(StateCondition):
    """Whether pods could be made: ``ReplicaFailure`` where not."""


@model
class ReplicaSetSpec:
    """How many pods of which kind."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    """How many pods there should be. Defaults to 1."""
    min_ready_seconds: int = wire(default=0, format="int32")
    """Seconds that a pod must stay ready before it counts as available. Defaults to 0."""
    selector: LabelSelector = wire(required=True, emit="null")
    """Which pods belong to the set. It must match the labels of ``template``; immutable."""
    template: PodTemplateSpec = wire(emit="always")
    """The pods to make where some are missing. A change does not touch pods that exist."""


@model
class ReplicaSetStatus:
    """How many pods there are."""

    replicas: int = wire(default=0, required=True, emit="always", format="int32")
    """How many pods of the set exist and are not terminating."""
    fully_labeled_replicas: int = wire(default=0, format="int32")
    """How many of them have all the labels of the template."""
    ready_replicas: int = wire(default=0, format="int32")
    """How many of them are ready."""
    available_replicas: int = wire(default=0, format="int32")
    """How many of them have been ready for ``minReadySeconds``."""
    terminating_replicas: int | None = wire(default=None, format="int32")
    """How many pods of the set are being deleted but have not ended yet."""
    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the controller has acted on."""
    conditions: tuple[ReplicaSetCondition, ...] = keyed("type")
    """Statements about the set, one per type."""


@kind(
    "apps/v1",
    plural="replicasets",
    short_names=("rs",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    columns=REPLICA_SET_COLUMNS,
    rules=ReplicaSetRules(),
)
@model
class ReplicaSet(KubeObject):
    """Keeps a number of pods running; usually made by a Deployment."""

    spec: ReplicaSetSpec = wire(emit="always")
    """How many pods of which kind are wanted."""
    status: ReplicaSetStatus = wire(default=ReplicaSetStatus(), emit="always")
    """How many pods there are. Written by the controller."""


struct_rules(ReplicaSet, whole=True)(validate_replica_set)
