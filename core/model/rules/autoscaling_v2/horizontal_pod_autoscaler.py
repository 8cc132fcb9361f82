"""HorizontalPodAutoscaler, the stored form of both versions."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, negative, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.quantity import canonical, parse
from sampan.core.model.rules.autoscaling_v2.metrics import validate_metrics, validate_scaled_reference

Value = Mapping[str, Any]

CPU_UTILIZATION: Final = 80
BY_CPU: Final[Value] = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": CPU_UTILIZATION}},
}
SCALE_UP: Final[Value] = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
SCALE_DOWN: Final[Value] = {
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}
SELECT_POLICIES: Final = ("Disabled", "Max", "Min")
POLICY_TYPES: Final = ("Percent", "Pods")
LONGEST_WINDOW: Final = 3600
LONGEST_PERIOD: Final = 1800


class HorizontalPodAutoscalerRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec")
        if spec is None:
            return
        if not spec.get("metrics"):
            spec["metrics"] = [copy.deepcopy(BY_CPU)]
        behavior = spec.get("behavior")
        if behavior is not None:
            for word, rules in (("scaleUp", SCALE_UP), ("scaleDown", SCALE_DOWN)):
                given = {key: item for key, item in (behavior.get(word) or {}).items() if item is not None}
                behavior[word] = {**copy.deepcopy(rules), **given}

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource != "status":
            return ()
        status = obj.get("status") or {}
        words = ("currentReplicas", "desiredReplicas")
        return [cause for word in words for cause in negative(f"status.{word}", status.get(word))]


def validate_horizontal_pod_autoscaler(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    causes = []
    if least is not None and least < 1:
        causes.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most == 0:
        causes.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif most < 0:
        causes.append(invalid("spec.maxReplicas", most, "must be greater than or equal to 1"))
    if least is not None and most < least:
        causes.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    causes += validate_scaled_reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    metrics = spec.get("metrics") or ()
    causes += validate_metrics(metrics, "spec.metrics")
    if least == 0 and not any(metric.get("type") in ("Object", "External") for metric in metrics):
        words = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(forbidden("spec.metrics", words))
    for word in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(word)
        causes += _scaling_rules(rules, f"spec.behavior.{word}") if rules is not None else []
    return causes


def _scaling_rules(rules: Value, path: str) -> list[Cause]:
    window, select, policies = (rules.get(word) for word in ("stabilizationWindowSeconds", "selectPolicy", "policies"))
    where = f"{path}.stabilizationWindowSeconds"
    causes = []
    if window is not None and window < 0:
        causes.append(invalid(where, window, "must be greater than or equal to zero"))
    if window is not None and window > LONGEST_WINDOW:
        causes.append(invalid(where, window, f"must be less than or equal to {LONGEST_WINDOW}"))
    if select is not None and select not in SELECT_POLICIES:
        causes.append(not_supported(f"{path}.selectPolicy", select, SELECT_POLICIES))
    if not policies:
        causes.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies or ()):
        causes += _policy(policy, f"{path}.policies[{index}]")
    tolerance = rules.get("tolerance")
    if tolerance is not None and parse(tolerance).number < 0:
        causes.append(invalid(f"{path}.tolerance", canonical(tolerance), "must be greater than or equal to 0"))
    return causes


def _policy(policy: Value, path: str) -> list[Cause]:
    kind, period = policy.get("type") or "", policy.get("periodSeconds") or 0
    causes = [] if kind in POLICY_TYPES else [not_supported(f"{path}.type", kind, POLICY_TYPES)]
    for word in ("value", "periodSeconds"):
        amount = policy.get(word) or 0
        if amount <= 0:
            causes.append(invalid(f"{path}.{word}", amount, "must be greater than zero"))
    if period > LONGEST_PERIOD:
        causes.append(invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {LONGEST_PERIOD}"))
    return causes
