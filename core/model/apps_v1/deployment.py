"""Deployment."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.columns.apps_v1.deployment import DEPLOYMENT_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import IntOrString, model, wire
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.apps_v1.deployment import DeploymentRules, validate_deployment


@model
class RollingUpdateDeployment:
    """How far a rolling update may go above and below the wanted count."""

    max_unavailable: IntOrString | None = None
    """How many pods may be missing during the update: a number, or a share of ``replicas`` (rounded down).
    Defaults to 25%.
    """
    max_surge: IntOrString | None = None
    """How many pods may exist beyond ``replicas`` during the update: a number, or a share (rounded up).
    Defaults to 25%.
    """


@model
class DeploymentStrategy:
    """How old pods are replaced by new ones."""

    type: str | None = wire(default=None, api_default="RollingUpdate", enum=("Recreate", "RollingUpdate"))
    """``RollingUpdate`` replaces pods bit by bit, ``Recreate`` stops all old ones first.
    Defaults to ``RollingUpdate``.
    """
    rolling_update: RollingUpdateDeployment | None = None
    """Bounds of a rolling update. Only allowed with type ``RollingUpdate``."""


@model
class DeploymentSpec:
    """How many pods of which kind, and how they change."""

    replicas: int | None = wire(default=None, api_default=1, format="int32")
    """How many pods there should be. Defaults to 1; 0 stops all."""
    selector: LabelSelector = wire(required=True, emit="null")
    """Which pods belong to the deployment. It must match the labels of ``template``; immutable."""
    template: PodTemplateSpec = wire(required=True, emit="always")
    """The pods to make. A change starts a new roll-out. Their ``restartPolicy`` can only be ``Always``."""
    strategy: DeploymentStrategy = wire(default=DeploymentStrategy(), emit="always", patch_strategy=("retainKeys",))
    """How pods of an older template are replaced."""
    min_ready_seconds: int = wire(default=0, format="int32")
    """Seconds that a pod must stay ready before it counts as available. Defaults to 0."""
    revision_history_limit: int | None = wire(default=None, api_default=10, format="int32")
    """How many old ReplicaSets are kept to roll back to. Defaults to 10; 0 keeps none."""
    paused: bool = False
    """While true, changes of ``template`` start no roll-out; scaling still works."""
    progress_deadline_seconds: int | None = wire(default=None, api_default=600, format="int32")
    """Seconds without progress after which the roll-out is reported as failed. Defaults to 600;
    more than ``minReadySeconds``.
    """


@model
class DeploymentCondition:
    """One thing that is or is not so about the roll-out."""

    type: str = wire(required=True, emit="always")
    """What is stated: ``Available``, ``Progressing`` or ``ReplicaFailure``."""
    status: str = wire(required=True, emit="always")
    """Whether the deployment is in that state: ``True``, ``False`` or ``Unknown``."""
    last_update_time: datetime | None = wire(default=None, emit="null")
    """When the condition was last written."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs, such as ``ProgressDeadlineExceeded``."""
    message: str | None = None
    """Why, in a sentence for people."""


@model
class DeploymentStatus:
    """How far the roll-out is."""

    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    replicas: int = wire(default=0, format="int32")
    """How many pods the selector matches, of any template, that are not terminating."""
    updated_replicas: int = wire(default=0, format="int32")
    """How many of them come from the current template."""
    ready_replicas: int = wire(default=0, format="int32")
    """How many of them are ready."""
    available_replicas: int = wire(default=0, format="int32")
    """How many of them have been ready for ``minReadySeconds``."""
    unavailable_replicas: int = wire(default=0, format="int32")
    """How many pods are still missing until all that are wanted are available."""
    terminating_replicas: int | None = wire(default=None, format="int32")
    """How many pods are being deleted but have not ended yet."""
    conditions: tuple[DeploymentCondition, ...] = keyed("type")
    """Statements about the roll-out, one per type."""
    collision_count: int | None = wire(default=None, format="int32")
    """How often the name of a new ReplicaSet was already taken; it goes into the hash for the next name."""


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
    """How many pods of which kind are wanted, and how they change."""
    status: DeploymentStatus = wire(default=DeploymentStatus(), emit="always")
    """How far the roll-out is. Written by the controller."""


struct_rules(Deployment, whole=True)(validate_deployment)
