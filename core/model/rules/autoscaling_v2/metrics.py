"""What an autoscaler may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, malformed, not_supported, required
from sampan.core.model.quantity import canonical, parse
from sampan.core.model.rules.common.references import validate_segments
from sampan.core.model.rules.core_v1.resource_names import validate_container_resource_name

Value = Mapping[str, Any]
Check = Callable[[Value, str], list[Cause]]

TYPES: Final[Mapping[str, str]] = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
"""The field that holds the source of each type."""
TARGET_TYPES: Final = ("Utilization", "Value", "AverageValue")


def validate_metrics(metrics: Sequence[Value], path: str) -> list[Cause]:
    return [cause for index, metric in enumerate(metrics) for cause in _metric(metric, f"{path}[{index}]")]


def _metric(metric: Value, path: str) -> list[Cause]:
    """The first source is checked; it must be the one that the type names, and the only one."""
    kind = metric.get("type") or ""
    unknown = [] if kind in TYPES else [not_supported(f"{path}.type", kind, TYPES)]
    causes = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    causes += unknown
    given = [word for word in SOURCES if metric.get(word) is not None]
    if given:
        causes += SOURCES[given[0]](metric[given[0]], f"{path}.{given[0]}")
    wanted = TYPES.get(kind, "")
    if wanted and wanted not in given:
        causes.append(required(f"{path}.{wanted}", "must populate information for the given metric source"))
    causes += unknown  # Kubernetes says it twice
    if len(given) != 1:
        words = "must populate the given metric source only"
        causes += [forbidden(f"{path}.{word}", words) for word in given if word != wanted]
    return causes


def validate_scaled_reference(reference: Value, path: str) -> list[Cause]:
    """An object by kind and name, whose version need not be given."""
    causes = _reference(reference, path)
    version = reference.get("apiVersion") or ""
    if "/" not in version:
        causes.append(invalid(f"{path}.apiVersion", version, "apiVersion must specify API group"))
    return causes


def _reference(reference: Value, path: str) -> list[Cause]:
    causes = validate_segments(reference, path, "kind", "name")
    version = reference.get("apiVersion") or ""
    if version.count("/") > 1:
        causes.append(invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}"))
    return causes


def _object(source: Value, path: str) -> list[Cause]:
    target = source.get("target") or {}
    causes = _reference(source.get("describedObject") or {}, f"{path}.describedObject")
    causes += _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if target.get("value") is None and target.get("averageValue") is None:
        words = "must set either a target value or averageValue"
        causes.append(required(f"{path}.target.averageValue", words))
    return causes


def _external(source: Value, path: str) -> list[Cause]:
    target = source.get("target") or {}
    causes = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    value, average = target.get("value"), target.get("averageValue")
    if value is None and average is None:
        words = "must set either a target value for metric or a per-pod target"
        causes.append(required(f"{path}.target.averageValue", words))
    if value is not None and average is not None:
        words = "may not set both a target value for metric and a per-pod target"
        causes.append(forbidden(f"{path}.target.value", words))
    return causes


def _pods(source: Value, path: str) -> list[Cause]:
    target = source.get("target") or {}
    causes = _identifier(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if target.get("averageValue") is None:
        causes.append(required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return causes


def _resource(source: Value, path: str) -> list[Cause]:
    causes = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    return causes + _use(source.get("target") or {}, f"{path}.target")


def _container_resource(source: Value, path: str) -> list[Cause]:
    name, container = source.get("name") or "", source.get("container") or ""
    if name:
        causes = validate_container_resource_name(name, f"{path}.name")
    else:
        causes = [required(f"{path}.name", "must specify a resource name")]
    if container:
        causes += malformed(f"{path}.container", container, "dns1123-label")
    else:
        causes.append(required(f"{path}.container", "must specify a container"))
    return causes + _use(source.get("target") or {}, f"{path}.target")


SOURCES: Final[Mapping[str, Check]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}
"""In the order in which Kubernetes looks for them."""


def _use(target: Value, path: str) -> list[Cause]:
    """How much of a resource is used: in its own unit, or in per cent of what was asked for."""
    causes = _target(target, path)
    share, value = target.get("averageUtilization"), target.get("averageValue")
    if share is None and value is None:
        words = "must set either a target raw value or a target utilization"
        causes.append(required(f"{path}.averageUtilization", words))
    if share is not None and value is not None:
        words = "may not set both a target raw value and a target utilization"
        causes.append(forbidden(f"{path}.averageValue", words))
    return causes


def _target(target: Value, path: str) -> list[Cause]:
    kind, share = target.get("type") or "", target.get("averageUtilization")
    causes = [] if kind else [required(f"{path}.type", "must specify a metric target type")]
    if kind not in TARGET_TYPES:
        causes.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for word in ("value", "averageValue"):
        amount = target.get(word)
        if amount is not None and parse(amount).number <= 0:
            causes.append(invalid(f"{path}.{word}", canonical(amount), "must be positive"))
    if share is not None and share < 1:
        causes.append(invalid(f"{path}.averageUtilization", share, "must be greater than 0"))
    return causes


def _identifier(metric: Value, path: str) -> list[Cause]:
    if not metric.get("name"):
        return [required(f"{path}.name", "must specify a metric name")]
    return validate_segments(metric, path, "name")
