"""The autoscaler as ``autoscaling/v1`` shows it: one number for CPU, and the rest as JSON in annotations.

The annotations hold what this version has no fields for, in the form that Kubernetes gave it there, so that an object may
pass through an old client without a loss.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.autoscaling_v2.horizontal_pod_autoscaler import (
    BY_CPU,
    CPU_UTILIZATION,
    HorizontalPodAutoscalerRules,
    validate_horizontal_pod_autoscaler,
)

Value = Mapping[str, Any]
Wire = dict[str, Any]

PREFIX: Final = "autoscaling.alpha.kubernetes.io/"
METRICS: Final = f"{PREFIX}metrics"
CURRENT_METRICS: Final = f"{PREFIX}current-metrics"
CONDITIONS: Final = f"{PREFIX}conditions"
BEHAVIOR: Final = f"{PREFIX}behavior"
ANNOTATIONS: Final = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)
SHARED_SPEC: Final = ("scaleTargetRef", "minReplicas", "maxReplicas")
SHARED_STATUS: Final = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")


class AutoscalerV1Rules(KindRules):
    """The stored form has rules of its own, which hold here too."""

    def default(self, obj: JsonObject) -> None:
        """Something is always looked at: CPU, where nothing else is said."""
        spec = obj.setdefault("spec", {})
        if METRICS not in ((obj.get("metadata") or {}).get("annotations") or {}):
            spec.setdefault("targetCPUUtilizationPercentage", CPU_UTILIZATION)

    def validate_update(self, obj: Value, old: Value, subresource: str) -> Iterable[Cause]:
        return HorizontalPodAutoscalerRules().validate_update(obj, old, subresource)


def validate_autoscaler_v1(obj: Value, path: str) -> list[Cause]:
    stored = to_v2(obj)
    HorizontalPodAutoscalerRules().default(stored)
    return validate_horizontal_pod_autoscaler(stored, path)


def to_v2(shown: Value) -> Wire:
    """An object of ``autoscaling/v1`` in its stored form."""
    spec, status = shown.get("spec") or {}, shown.get("status") or {}
    metadata, kept = _without_annotations(shown.get("metadata") or {})
    metrics = [_metric_to_v2(metric) for metric in kept.get(METRICS) or ()]
    share = spec.get("targetCPUUtilizationPercentage")
    if share is not None:
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": _utilization(share)}})
    stored_spec = _only(spec, SHARED_SPEC) | {"metrics": metrics or [dict(BY_CPU)]}
    if kept.get(BEHAVIOR):
        stored_spec["behavior"] = kept[BEHAVIOR]
    stored_status = _only(status, SHARED_STATUS)
    if kept.get(CURRENT_METRICS):
        stored_status["currentMetrics"] = [_status_to_v2(metric) for metric in kept[CURRENT_METRICS]]
    if kept.get(CONDITIONS):
        stored_status["conditions"] = kept[CONDITIONS]
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
    return {**head, "spec": stored_spec, "status": stored_status}


def from_v2(stored: Value) -> Wire:
    """A stored autoscaler as ``autoscaling/v1`` shows it."""
    spec, status = stored.get("spec") or {}, stored.get("status") or {}
    metadata, _ = _without_annotations(stored.get("metadata") or {})
    shares = [share for metric in spec.get("metrics") or () if (share := _cpu_share(metric)) is not None]
    seen = [share for metric in status.get("currentMetrics") or () if (share := _cpu_seen(metric)) is not None]
    others = [_metric_to_v1(metric) for metric in spec.get("metrics") or () if _cpu_share(metric) is None]
    current = [_status_to_v1(metric) for metric in status.get("currentMetrics") or ()]
    extra = {
        METRICS: others,
        CURRENT_METRICS: current,
        BEHAVIOR: spec.get("behavior"),
        CONDITIONS: status.get("conditions"),
    }
    texts = {key: json.dumps(item, separators=(",", ":")) for key, item in extra.items() if item}
    if texts:
        metadata["annotations"] = (metadata.get("annotations") or {}) | texts
    shown_spec = _only(spec, SHARED_SPEC) | ({"targetCPUUtilizationPercentage": shares[0]} if shares else {})
    shown_status = _only(status, SHARED_STATUS) | ({"currentCPUUtilizationPercentage": seen[0]} if seen else {})
    head = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": metadata}
    return {**head, "spec": shown_spec, "status": shown_status}


def _only(value: Value, words: tuple[str, ...]) -> Wire:
    return {word: value[word] for word in words if value.get(word) is not None}


def _without_annotations(metadata: Value) -> tuple[Wire, Wire]:
    """The metadata without the annotations that are this version's own, and what those hold."""
    annotations = metadata.get("annotations") or {}
    rest = {key: text for key, text in annotations.items() if key not in ANNOTATIONS}
    kept: Wire = {}
    for key in ANNOTATIONS:
        try:
            kept[key] = json.loads(annotations.get(key) or "null")
        except ValueError:
            continue
    others = {word: item for word, item in metadata.items() if word != "annotations"}
    return (others | {"annotations": rest} if rest else others), kept


def _utilization(share: int) -> Wire:
    return {"type": "Utilization", "averageUtilization": share}


def _cpu_share(metric: Value) -> Any:
    """The share of CPU that a metric aims at, where it is the one that this version has a field for."""
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("target") or {}).get("averageUtilization")


def _cpu_seen(metric: Value) -> Any:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("current") or {}).get("averageUtilization")


def _field(kind: str) -> str:
    return kind[:1].lower() + kind[1:]


def _converted(metric: Value, convert: Mapping[str, Callable[[Value], Wire]]) -> Wire:
    """A metric with the source of its type in another form."""
    kind = metric.get("type") or ""
    source = metric.get(_field(kind))
    if source is None or kind not in convert:
        return {"type": kind}
    return {"type": kind, _field(kind): {key: item for key, item in convert[kind](source).items() if item is not None}}


def _metric_to_v1(metric: Value) -> Wire:
    return _converted(metric, SOURCES_TO_V1)


def _metric_to_v2(metric: Value) -> Wire:
    return _converted(metric, SOURCES_TO_V2)


def _status_to_v1(metric: Value) -> Wire:
    return _converted(metric, STATUSES_TO_V1)


def _status_to_v2(metric: Value) -> Wire:
    return _converted(metric, STATUSES_TO_V2)


def _target(kind: str, **values: Any) -> Wire:
    return {"type": kind} | {key: item for key, item in values.items() if item is not None}


def _named(source: Value, selector: str = "selector") -> Wire:
    metric = {"name": source.get("metricName"), "selector": source.get(selector)}
    return {key: item for key, item in metric.items() if item is not None}


def _object_to_v2(source: Value) -> Wire:
    average, value = source.get("averageValue"), source.get("targetValue")
    if average is None:
        target = _target("Value", value=value)
    else:
        target = _target("AverageValue", averageValue=average, value=None if value in (None, "0") else value)
    return {"describedObject": source.get("target"), "metric": _named(source), "target": target}


def _resource_to_v2(source: Value) -> Wire:
    share, value = source.get("targetAverageUtilization"), source.get("targetAverageValue")
    target = _target("AverageValue" if share is None else "Utilization", averageUtilization=share, averageValue=value)
    return {"name": source.get("name"), "container": source.get("container"), "target": target}


def _external_to_v2(source: Value) -> Wire:
    value, average = source.get("targetValue"), source.get("targetAverageValue")
    target = _target("AverageValue" if value is None else "Value", value=value, averageValue=average)
    return {"metric": _named(source, "metricSelector"), "target": target}


def _resource_to_v1(source: Value) -> Wire:
    target = source.get("target") or {}
    return {
        "name": source.get("name"),
        "targetAverageUtilization": target.get("averageUtilization"),
        "targetAverageValue": target.get("averageValue"),
        "container": source.get("container"),
    }


def _resource_status_to_v1(source: Value) -> Wire:
    current = source.get("current") or {}
    return {
        "name": source.get("name"),
        "currentAverageUtilization": current.get("averageUtilization"),
        "currentAverageValue": current.get("averageValue") or "0",
        "container": source.get("container"),
    }


def _resource_status_to_v2(source: Value) -> Wire:
    current = {
        "averageUtilization": source.get("currentAverageUtilization"),
        "averageValue": source.get("currentAverageValue"),
    }
    shown = {key: item for key, item in current.items() if item is not None}
    return {"name": source.get("name"), "container": source.get("container"), "current": shown}


def _metric_of(source: Value) -> Value:
    return source.get("metric") or {}


SOURCES_TO_V2: Final[Mapping[str, Callable[[Value], Wire]]] = {
    "Object": _object_to_v2,
    "Pods": lambda source: {
        "metric": _named(source),
        "target": _target("AverageValue", averageValue=source.get("targetAverageValue")),
    },
    "Resource": _resource_to_v2,
    "ContainerResource": _resource_to_v2,
    "External": _external_to_v2,
}
SOURCES_TO_V1: Final[Mapping[str, Callable[[Value], Wire]]] = {
    "Object": lambda source: {
        "target": source.get("describedObject"),
        "metricName": _metric_of(source).get("name"),
        "targetValue": (source.get("target") or {}).get("value") or "0",
        "selector": _metric_of(source).get("selector"),
        "averageValue": (source.get("target") or {}).get("averageValue"),
    },
    "Pods": lambda source: {
        "metricName": _metric_of(source).get("name"),
        "targetAverageValue": (source.get("target") or {}).get("averageValue") or "0",
        "selector": _metric_of(source).get("selector"),
    },
    "Resource": _resource_to_v1,
    "ContainerResource": _resource_to_v1,
    "External": lambda source: {
        "metricName": _metric_of(source).get("name"),
        "metricSelector": _metric_of(source).get("selector"),
        "targetValue": (source.get("target") or {}).get("value"),
        "targetAverageValue": (source.get("target") or {}).get("averageValue"),
    },
}
STATUSES_TO_V1: Final[Mapping[str, Callable[[Value], Wire]]] = {
    "Object": lambda source: {
        "target": source.get("describedObject"),
        "metricName": _metric_of(source).get("name"),
        "currentValue": (source.get("current") or {}).get("value") or "0",
        "selector": _metric_of(source).get("selector"),
        "averageValue": (source.get("current") or {}).get("averageValue"),
    },
    "Pods": lambda source: {
        "metricName": _metric_of(source).get("name"),
        "currentAverageValue": (source.get("current") or {}).get("averageValue") or "0",
        "selector": _metric_of(source).get("selector"),
    },
    "Resource": _resource_status_to_v1,
    "ContainerResource": _resource_status_to_v1,
    "External": lambda source: {
        "metricName": _metric_of(source).get("name"),
        "metricSelector": _metric_of(source).get("selector"),
        "currentValue": (source.get("current") or {}).get("value") or "0",
        "currentAverageValue": (source.get("current") or {}).get("averageValue"),
    },
}
STATUSES_TO_V2: Final[Mapping[str, Callable[[Value], Wire]]] = {
    "Object": lambda source: {
        "describedObject": source.get("target"),
        "metric": _named(source),
        "current": _only({"value": source.get("currentValue"), "averageValue": source.get("averageValue")},
                         ("value", "averageValue")),
    },
    "Pods": lambda source: {
        "metric": _named(source),
        "current": {"averageValue": source.get("currentAverageValue")},
    },
    "Resource": _resource_status_to_v2,
    "ContainerResource": _resource_status_to_v2,
    "External": lambda source: {
        "metric": _named(source, "metricSelector"),
        "current": _only({"value": source.get("currentValue"), "averageValue": source.get("currentAverageValue")},
                         ("value", "averageValue")),
    },
}  # fmt: skip
