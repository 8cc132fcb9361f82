"""DaemonSet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, invalid, negative, not_supported, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.common.workloads import (
    MISMATCH,
    amount,
    at_most_all,
    count_or_percent,
    never_less,
    validate_lasting_template,
)
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_warnings import pod_warnings

Value = Mapping[str, Any]

TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"
"""An annotation that counts the changes of the template, as a field of older versions of the API did."""
COUNTS: Final = (
    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
    "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
)  # fmt: skip


class DaemonSetRules(KindRules):
    annotations_of_whole = (TEMPLATE_GENERATION,)

    changes_first = True

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return pod_warnings((obj.get("spec") or {}).get("template") or {}, "spec.template")

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        default_template(spec.get("template"))
        _set_template_generation(obj, _template_generation(obj))
        strategy = spec.setdefault("updateStrategy", {})
        strategy["type"] = strategy.get("type") or "RollingUpdate"
        if strategy["type"] == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", 1)
            rolling.setdefault("maxSurge", 0)

    def prepare_create(self, obj: JsonObject) -> None:
        _set_template_generation(obj, max(1, _template_generation(obj)))

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        changed_template = not subresource and obj["spec"].get("template") != old["spec"].get("template")
        _set_template_generation(obj, _template_generation(old) + changed_template)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            status = obj.get("status") or {}
            causes = [cause for word in COUNTS for cause in negative(f"status.{word}", status.get(word))]
            return causes + never_less(status, old.get("status") or {}, "collisionCount")
        return changed("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))


def _template_generation(obj: Value) -> int:
    text = ((obj["metadata"].get("annotations")) or {}).get(TEMPLATE_GENERATION, "0")
    return int(text) if text.isdecimal() else 0


def _set_template_generation(obj: JsonObject, generation: int) -> None:
    annotations = obj["metadata"].get("annotations") or {}
    obj["metadata"]["annotations"] = {**annotations, TEMPLATE_GENERATION: str(generation)}


def validate_daemon_set(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    found = list(validate_selector(selector or {}, "spec.selector"))
    causes = list(found)
    if not found and (selector is None or not matches_selector(selector, labels or {})):
        causes.append(invalid("spec.template.metadata.labels", labels, MISMATCH))
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        causes.append(invalid("spec.selector", selector, "empty selector is invalid for daemonset"))
    causes += validate_lasting_template(template, "spec.template", "DaemonSet")
    causes += negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += _strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    return causes + negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _strategy(strategy: Value, path: str) -> list[Cause]:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        shown = {"Type": kind, "RollingUpdate": None if rolling is None else _as_kept(rolling)}
        return [not_supported(path, shown, ("RollingUpdate", "OnDelete"))]
    if rolling is None:
        return [required(f"{path}.rollingUpdate")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    where = f"{path}.rollingUpdate"
    causes = count_or_percent(unavailable, f"{where}.maxUnavailable") + count_or_percent(surge, f"{where}.maxSurge")
    causes += at_most_all(unavailable, f"{where}.maxUnavailable") + at_most_all(surge, f"{where}.maxSurge")
    if amount(unavailable) and amount(surge):
        causes.append(invalid(f"{where}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif not amount(unavailable) and not amount(surge):
        causes.append(required(f"{where}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes


def _as_kept(rolling: Value) -> Value:
    """The strategy under the names that Kubernetes' messages use."""
    return {"MaxUnavailable": rolling.get("maxUnavailable", 0), "MaxSurge": rolling.get("maxSurge", 0)}
