"""PodDisruptionBudget: how many pods may be away at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.columns.policy_v1.pod_disruption_budget import POD_DISRUPTION_BUDGET_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, IntOrString, model, wire
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.policy_v1.pod_disruption_budget import (
    PodDisruptionBudgetRules,
    validate_pod_disruption_budget,
)


@model
class PodDisruptionBudgetSpec:
    """Which pods, and how many of them must stay."""

    min_available: IntOrString | None = None
    """How many of the pods must stay available: a number, or a share. Not together with ``maxUnavailable``."""
    selector: LabelSelector | None = wire(default=None, patch_strategy=("replace",))
    """Which pods are guarded. Empty, all of the namespace; left out, none."""
    max_unavailable: IntOrString | None = None
    """How many of the pods may be missing: a number, or a share. Not together with ``minAvailable``."""
    unhealthy_pod_eviction_policy: str | None = wire(
        default=None, enum=("AlwaysAllow", "IfHealthyBudget"), keep_zero=True
    )
    """Whether running pods that are not ready may be evicted: ``IfHealthyBudget`` (the default) only while enough
    others are, or ``AlwaysAllow``.
    """


@model
class PodDisruptionBudgetStatus:
    """How many pods may go at present."""

    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    disrupted_pods: Mapping[str, datetime] = EMPTY
    """Pods whose eviction was allowed but that are still there, with the time of it. They count as gone."""
    disruptions_allowed: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """How many pods may be evicted now."""
    current_healthy: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """How many pods are ready."""
    desired_healthy: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """How many pods must stay ready."""
    expected_pods: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """How many pods the budget counts with."""
    conditions: tuple[Condition, ...] = keyed("type")
    """Statements about the budget, one per type. ``DisruptionAllowed`` says why no pod may go."""


@kind(
    "policy/v1",
    plural="poddisruptionbudgets",
    short_names=("pdb",),
    has_status=True,
    has_generation=True,
    unconditional_update=False,
    columns=POD_DISRUPTION_BUDGET_COLUMNS,
    rules=PodDisruptionBudgetRules(),
)
@model
class PodDisruptionBudget(KubeObject):
    """How many pods of a group may be away at a time, as far as evictions can help it."""

    spec: PodDisruptionBudgetSpec = wire(default=PodDisruptionBudgetSpec(), emit="always")
    """Which pods, and how many of them must stay."""
    status: PodDisruptionBudgetStatus = wire(default=PodDisruptionBudgetStatus(), emit="always")
    """How many pods may go at present. Written by the controller."""


struct_rules(PodDisruptionBudget, whole=True)(validate_pod_disruption_budget)
