"""PodDisruptionBudget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, negative, not_supported
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.conditions import validate_conditions
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.common.workloads import at_most_all, count_or_percent

Value = Mapping[str, Any]

EVICTION_POLICIES: Final = ("AlwaysAllow", "IfHealthyBudget")
BOUNDS: Final = ("minAvailable", "maxUnavailable")
COUNTS: Final = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


class PodDisruptionBudgetRules(KindRules):
    rechecks_changes = False
    rechecks_status = False
    metadata_last = True

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource != "status":
            return ()
        status = obj.get("status") or {}
        causes = validate_conditions(status.get("conditions") or (), "status.conditions")
        return causes + [cause for word in COUNTS for cause in negative(f"status.{word}", status.get(word))]


def validate_pod_disruption_budget(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    if all(spec.get(word) is not None for word in BOUNDS):
        causes.append(invalid("spec", _as_kept(spec), "minAvailable and maxUnavailable cannot be both set"))
    for word in BOUNDS:
        if (bound := spec.get(word)) is not None:
            causes += count_or_percent(bound, f"spec.{word}") + at_most_all(bound, f"spec.{word}")
    if spec.get("selector") is not None:
        causes += validate_selector(spec["selector"], "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in EVICTION_POLICIES:
        causes.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES))
    return causes


def _as_kept(spec: Value) -> Value:
    """The spec under the names that Kubernetes' messages use."""
    return {
        "MinAvailable": spec.get("minAvailable"),
        "Selector": spec.get("selector"),
        "MaxUnavailable": spec.get("maxUnavailable"),
        "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
    }
