"""Deployment."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.workloads import DEPLOYMENT_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import IntOrString, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.workloads import DeploymentRules, validate_deployment


@model
class RollingUpdateDeployment:
    """How far a rolling update may go above and below the wanted count."""

    max_unavailable: IntOrString | None = None
    max_surge: IntOrString | None = None


@model
class DeploymentStrategy:
    """How old pods are replaced by new ones."""

    type: str | None = wire(default=None, api_default="RollingUpdate", enum=("Recreate", "RollingUpdate"))
    rolling_update: RollingUpdateDeployment | None = None


@model
class DeploymentSpec:
    """How many pods of which kind, and how they change."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    selector: LabelSelector = wire(required=True, emit="null")
    template: PodTemplateSpec = wire(required=True, emit="always")
    strategy: DeploymentStrategy = wire(default=DeploymentStrategy(), emit="always", patch_strategy=("retainKeys",))
    min_ready_seconds: int = wire(default=0, format="int32")
    revision_history_limit: int | None = wire(default=None, api_default=10, format="int32")
    paused: bool = False
    progress_deadline_seconds: int | None = wire(default=None, api_default=600, format="int32")


@model
class DeploymentCondition:
    """One thing that is or is not so about the roll-out."""

    type: str = wire(required=True, emit="always")
    status: str = wire(required=True, emit="always")
    last_update_time: datetime | None = wire(default=None, emit="null")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class DeploymentStatus:
    """How far the roll-out is."""

    observed_generation: int = wire(default=0, format="int64")
    replicas: int = wire(default=0, format="int32")
    updated_replicas: int = wire(default=0, format="int32")
    ready_replicas: int = wire(default=0, format="int32")
    available_replicas: int = wire(default=0, format="int32")
    unavailable_replicas: int = wire(default=0, format="int32")
    terminating_replicas: int | None = wire(default=None, format="int32")
    conditions: tuple[DeploymentCondition, ...] = keyed("type")
    collision_count: int | None = wire(default=None, format="int32")


@kind(
    "apps/v1",
    plural="deployments",
    short_names=("deploy",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    columns=DEPLOYMENT_COLUMNS,
    rules=DeploymentRules(),
)
@model
class Deployment(KubeObject):
    """Pods, and how they are updated."""

    spec: DeploymentSpec = wire(emit="always")
    status: DeploymentStatus = wire(default=DeploymentStatus(), emit="always")


struct_rules(Deployment, whole=True)(validate_deployment)
