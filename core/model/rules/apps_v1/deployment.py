"""Deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, go_value, invalid, negative, not_supported, required
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import keep
from sampan.core.model.rules.common.workloads import (
    amount,
    at_most_all,
    count_or_percent,
    never_less,
    parts_of_replicas,
    validate_own_selector,
    validate_selected_template,
)
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings, pod_warnings

Value = Mapping[str, Any]

DEPLOYMENT_COUNTS: Final = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
    "unavailableReplicas", "collisionCount",
)  # fmt: skip


class DeploymentRules(KindRules):
    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return name_warnings(obj)

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings((obj.get("spec") or {}).get("template") or {}, "spec.template")

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        default_template(spec.get("template"))
        strategy = spec.setdefault("strategy", {})
        strategy.setdefault("type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", "25%")
            rolling.setdefault("maxSurge", "25%")

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if subresource == "status":
            keep(obj["metadata"], old["metadata"], "labels")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return validate_deployment_status(obj.get("status") or {}, old.get("status") or {})
        return changed("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))

    def generation_input(self, obj: Mapping[str, Any]) -> Json:
        """A roll-out reads its annotations too (change cause, revision)."""
        return [obj.get("spec"), (obj.get("metadata") or {}).get("annotations") or {}]


def validate_deployment(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = negative("spec.replicas", spec.get("replicas"))
    causes += validate_own_selector(spec.get("selector"), "spec.selector", "deployment")
    causes += validate_selected_template(spec)
    causes += _strategy(spec.get("strategy") or {}, "spec.strategy")
    ready = spec.get("minReadySeconds") or 0
    causes += negative("spec.minReadySeconds", ready)
    causes += negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        causes += negative("spec.progressDeadlineSeconds", deadline)
        if deadline <= ready:
            causes.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return causes


def _strategy(strategy: Value, path: str) -> list[Cause]:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "Recreate":
        words = "may not be specified when strategy `type` is 'Recreate'"
        return [] if rolling is None else [forbidden(f"{path}.rollingUpdate", words)]
    if kind != "RollingUpdate":
        fields = {"type": "", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}
        return [not_supported(path, go_value(strategy, fields), ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")]
    return _rolling_update(rolling, f"{path}.rollingUpdate")


def _rolling_update(rolling: Value, path: str) -> list[Cause]:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = count_or_percent(unavailable, f"{path}.maxUnavailable")
    causes += count_or_percent(surge, f"{path}.maxSurge")
    if amount(unavailable) == 0 and amount(surge) == 0:
        causes.append(invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return causes + at_most_all(unavailable, f"{path}.maxUnavailable")


def validate_deployment_status(status: Value, old: Value) -> list[Cause]:
    causes = [cause for word in DEPLOYMENT_COUNTS for cause in negative(f"status.{word}", status.get(word))]
    causes += parts_of_replicas(status, ("updatedReplicas", "readyReplicas", "availableReplicas"), "readyReplicas")
    return causes + never_less(status, old, "collisionCount")
