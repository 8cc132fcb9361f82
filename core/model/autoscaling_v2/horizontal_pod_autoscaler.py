"""HorizontalPodAutoscaler: the number of pods by their load."""

from __future__ import annotations

from datetime import datetime

from sampan.core.model.autoscaling_v2.metrics import CrossVersionObjectReference, MetricSpec, MetricStatus
from sampan.core.model.columns.autoscaling_v2.horizontal_pod_autoscaler import HORIZONTAL_POD_AUTOSCALER_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import Quantity, model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.rules.autoscaling_v2.horizontal_pod_autoscaler import (
    HorizontalPodAutoscalerRules,
    validate_horizontal_pod_autoscaler,
)


@model
class HPAScalingPolicy:
    """How much may change within a time."""

    type: str = wire(required=True, emit="always")
    """Whether ``value`` is a number of pods (``Pods``) or a share of them (``Percent``)."""
    value: int = wire(default=0, required=True, format="int32", emit="always")
    """How much may change. More than 0."""
    period_seconds: int = wire(default=0, required=True, format="int32", emit="always")
    """Within how many seconds. More than 0, at most 1800."""


@model
class HPAScalingRules:
    """How fast the number of pods may change in one direction."""

    stabilization_window_seconds: int | None = wire(default=None, format="int32")
    """How many seconds back earlier advice counts, so that the number does not flap. Defaults to 0 up and 300 down; at
    most 3600.
    """
    select_policy: str | None = wire(default=None, keep_zero=True)
    """Which policy counts: ``Max`` (the default) the one that allows most, ``Min`` least, ``Disabled`` forbids the
    direction.
    """
    policies: tuple[HPAScalingPolicy, ...] = wire(default=(), list_type="atomic", keep_zero=True)
    """How much may change within a time. At least one."""
    tolerance: Quantity | None = None
    """How far the metric may be off its target before anything changes, as a share such as ``0.05``. Left out, 10 %."""


@model
class HorizontalPodAutoscalerBehavior:
    """How fast the number of pods may change."""

    scale_up: HPAScalingRules | None = None
    """How fast it may grow. By default it may double, or grow by 4 pods, every 15 seconds."""
    scale_down: HPAScalingRules | None = None
    """How fast it may shrink. By default as far as wanted, after 300 seconds of less load."""


@model
class HorizontalPodAutoscalerSpec:
    """What is scaled, between which bounds and by what."""

    scale_target_ref: CrossVersionObjectReference = wire(required=True, emit="always")
    """The workload that is scaled. It has a ``scale`` subresource."""
    min_replicas: int | None = wire(default=None, format="int32", api_default=1)
    """The least number of pods. Defaults to 1."""
    max_replicas: int = wire(default=0, required=True, format="int32", emit="always")
    """The largest number of pods, not below ``minReplicas``."""
    metrics: tuple[MetricSpec, ...] = wire(default=(), list_type="atomic")
    """What the number follows: the metric that asks for most counts. Defaults to 80 % of the requested CPU."""
    behavior: HorizontalPodAutoscalerBehavior | None = None
    """How fast the number of pods may change. Left out, the defaults of both directions."""


@model
class HorizontalPodAutoscalerCondition(StateCondition):
    """Whether it works: ``ScalingActive``, ``AbleToScale`` or ``ScalingLimited``."""


@model
class HorizontalPodAutoscalerStatus:
    """What the autoscaler has done."""

    observed_generation: int | None = wire(default=None, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    last_scale_time: datetime | None = None
    """When the autoscaler last changed the number of pods."""
    current_replicas: int = wire(default=0, format="int32")
    """How many pods the workload had when it was last looked at."""
    desired_replicas: int = wire(default=0, required=True, format="int32", emit="always")
    """How many pods the autoscaler wants."""
    current_metrics: tuple[MetricStatus, ...] = wire(default=(), emit="null", list_type="atomic")
    """What was last seen of each metric."""
    conditions: tuple[HorizontalPodAutoscalerCondition, ...] = keyed("type")
    """Statements about the autoscaler, one per type."""


@kind(
    "autoscaling/v2",
    plural="horizontalpodautoscalers",
    short_names=("hpa",),
    categories=("all",),
    has_status=True,
    columns=HORIZONTAL_POD_AUTOSCALER_COLUMNS,
    rules=HorizontalPodAutoscalerRules(),
)
@model
class HorizontalPodAutoscaler(KubeObject):
    """Keeps the number of a workload's pods in step with their load."""

    spec: HorizontalPodAutoscalerSpec = wire(required=True, emit="always")
    """What is scaled, between which bounds and by what."""
    status: HorizontalPodAutoscalerStatus = wire(default=HorizontalPodAutoscalerStatus(), emit="always")
    """What the autoscaler has done. Written by the controller."""


struct_rules(HorizontalPodAutoscaler, whole=True)(validate_horizontal_pod_autoscaler)
