"""ReplicationController, ReplicaSet and Deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, invalid, negative, not_supported, required
from sampan.core.model.formats import percent
from sampan.core.model.kinds import Json, JsonObject, KindRules
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.carry_over import keep
from sampan.core.model.rules.pod_defaults import default_template
from sampan.core.model.rules.pod_spec import validate_template
from sampan.core.model.rules.selectors import validate_selector

Value = Mapping[str, Any]

MISMATCH: Final = "`selector` does not match template `labels`"
DEPLOYMENT_COUNTS: Final = (
    "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
    "unavailableReplicas", "collisionCount",
)  # fmt: skip
MORE_THAN_ALL: Final = "must not be greater than 100%"


class ReplicationControllerRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        template = spec.get("template")
        default_template(template)
        labels = ((template or {}).get("metadata") or {}).get("labels")
        if labels:
            if not spec.get("selector"):
                spec["selector"] = dict(labels)
            if not obj["metadata"].get("labels"):
                obj["metadata"]["labels"] = dict(labels)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return validate_replica_status(obj.get("status") or {}) if subresource == "status" else ()


def validate_replication_controller(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector") or {}
    if not selector:
        causes.append(required("spec.selector"))
    causes += negative("spec.replicas", spec.get("replicas"))
    template = spec.get("template")
    if template is None:
        return [*causes, required("spec.template")]
    labels = (template.get("metadata") or {}).get("labels")
    if selector and not selector.items() <= (labels or {}).items():
        causes.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
    return causes + _template(template, "spec.template", "ReplicationController")


def _template(template: Value, path: str, kind: str) -> list[Cause]:
    """A template whose pods run for ever."""
    causes = validate_template(template, path)
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        causes.append(not_supported(f"{path}.spec.restartPolicy", spec.get("restartPolicy") or "", ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        words = f"activeDeadlineSeconds in {kind} is not Supported"
        causes.append(forbidden(f"{path}.spec.activeDeadlineSeconds", words))
    return causes


def validate_replica_status(status: Value) -> list[Cause]:
    """Counts of a ReplicationController's or ReplicaSet's pods: none below zero, no part above its whole."""
    words = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    causes = [cause for word in words for cause in negative(f"status.{word}", status.get(word))]
    total, ready = status.get("replicas") or 0, status.get("readyReplicas") or 0
    for word in ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"):
        if (status.get(word) or 0) > total:
            causes.append(invalid(f"status.{word}", status[word], "cannot be greater than status.replicas"))
    available = status.get("availableReplicas") or 0
    if available > ready:
        causes.append(invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))
    return causes


class ReplicaSetRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        default_template((obj.get("spec") or {}).get("template"))

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return validate_replica_status(obj.get("status") or {})
        return changed("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))


def validate_replica_set(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = negative("spec.replicas", spec.get("replicas"))
    causes += negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += _selector(spec.get("selector"), "spec.selector", "deployment")
    return causes + _selected_template(spec)


def _selector(selector: Value | None, path: str, kind: str) -> list[Cause]:
    if selector is None:
        return [required(path)]
    causes = list(validate_selector(selector, path))
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(invalid(path, selector, f"empty selector is invalid for {kind}"))
    return causes


def _selected_template(spec: Value) -> list[Cause]:
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    empty = selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions")
    causes: list[Cause] = []
    if not empty and (selector is None or not matches_selector(selector, labels or {})):
        causes.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
    return causes + _template(template, "spec.template", "ReplicaSet")


class DeploymentRules(KindRules):
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
    causes += _selector(spec.get("selector"), "spec.selector", "deployment")
    causes += _selected_template(spec)
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
        return [not_supported(f"{path}.type", kind, ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")]
    return _rolling_update(rolling, f"{path}.rollingUpdate")


def _rolling_update(rolling: Value, path: str) -> list[Cause]:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    causes = count_or_percent(unavailable, f"{path}.maxUnavailable")
    causes += count_or_percent(surge, f"{path}.maxSurge")
    if _amount(unavailable) == 0 and _amount(surge) == 0:
        causes.append(invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    if isinstance(unavailable, str) and _amount(unavailable) > 100:
        causes.append(invalid(f"{path}.maxUnavailable", unavailable, MORE_THAN_ALL))
    return causes


def count_or_percent(value: int | str, path: str) -> list[Cause]:
    """A count that is not negative, or a percentage."""
    if isinstance(value, int):
        return negative(path, value)
    return [invalid(path, value, problem) for problem in percent(value)]


def _amount(value: int | str) -> int:
    if isinstance(value, int):
        return value
    return int(value[:-1]) if re.fullmatch("[0-9]+%", value) else 0


def validate_deployment_status(status: Value, old: Value) -> list[Cause]:
    causes = [cause for word in DEPLOYMENT_COUNTS for cause in negative(f"status.{word}", status.get(word))]
    total, ready = status.get("replicas") or 0, status.get("readyReplicas") or 0
    for word in ("updatedReplicas", "readyReplicas", "availableReplicas"):
        if (status.get(word) or 0) > total:
            causes.append(invalid(f"status.{word}", status[word], "cannot be greater than status.replicas"))
    available = status.get("availableReplicas") or 0
    if available > ready:
        causes.append(invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))
    if (status.get("collisionCount") or 0) < (old.get("collisionCount") or 0):
        causes.append(invalid("status.collisionCount", status.get("collisionCount"), "cannot be decremented"))
    return causes
