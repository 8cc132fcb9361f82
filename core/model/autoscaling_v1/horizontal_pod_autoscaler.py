"""HorizontalPodAutoscaler of autoscaling/v1: the same objects, seen by their CPU alone."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler as HorizontalPodAutoscalerV2,
)
from sampan.core.model.columns.autoscaling_v2.horizontal_pod_autoscaler import HORIZONTAL_POD_AUTOSCALER_COLUMNS
from sampan.core.model.columns.common.words import seen_as
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.autoscaling_v1.horizontal_pod_autoscaler import (
    AutoscalerV1Rules,
    from_v2,
    to_v2,
    validate_autoscaler_v1,
)
from sampan.core.model.storage import ViewOf


@model
class CrossVersionObjectReference:
    """An object by kind and name, in the autoscaler's namespace."""

    __map_type__ = "atomic"

    kind: str = wire(required=True, emit="always")
    """The object's kind, such as ``Deployment``."""
    name: str = wire(required=True, emit="always")
    """The object's name."""
    api_version: str | None = None
    """Group and version of the object's kind, such as ``apps/v1``."""


@model
class HorizontalPodAutoscalerSpec:
    """What is scaled, between which bounds."""

    scale_target_ref: CrossVersionObjectReference = wire(required=True, emit="always")
    """The workload that is scaled. It has a ``scale`` subresource."""
    min_replicas: int | None = wire(default=None, format="int32", api_default=1)
    """The least number of pods. Defaults to 1."""
    max_replicas: int = wire(default=0, required=True, format="int32", emit="always")
    """The largest number of pods, not below ``minReplicas``."""
    target_cpu_utilization_percentage: int | None = wire(
        default=None, name="targetCPUUtilizationPercentage", format="int32"
    )
    """The average use of CPU to aim at, in per cent of what the pods have requested. Defaults to 80."""


@model
class HorizontalPodAutoscalerStatus:
    """What the autoscaler has done."""

    observed_generation: int | None = wire(default=None, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    last_scale_time: datetime | None = None
    """When the autoscaler last changed the number of pods."""
    current_replicas: int = wire(default=0, required=True, format="int32", emit="always")
    """How many pods the workload had when it was last looked at."""
    desired_replicas: int = wire(default=0, required=True, format="int32", emit="always")
    """How many pods the autoscaler wants."""
    current_cpu_utilization_percentage: int | None = wire(
        default=None, name="currentCPUUtilizationPercentage", format="int32"
    )
    """The average use of CPU when it was last looked at, in per cent of what the pods have requested."""


@kind(
    "autoscaling/v1",
    plural="horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
    has_status=True,
    columns=seen_as(HORIZONTAL_POD_AUTOSCALER_COLUMNS, to_v2),
    rules=AutoscalerV1Rules(),
    storage=ViewOf(kind=HorizontalPodAutoscalerV2, to_stored=to_v2, from_stored=from_v2),
)
@model
class HorizontalPodAutoscaler(KubeObject):
    """Keeps the number of a workload's pods in step with their use of CPU."""

    spec: HorizontalPodAutoscalerSpec = wire(required=True, emit="always")
    """What is scaled, between which bounds."""
    status: HorizontalPodAutoscalerStatus = wire(default=HorizontalPodAutoscalerStatus(), emit="always")
    """What the autoscaler has done. Written by the controller."""


struct_rules(HorizontalPodAutoscaler, whole=True)(validate_autoscaler_v1)
