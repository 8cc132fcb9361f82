"""The columns of HorizontalPodAutoscalers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE, UNKNOWN, UNSET
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]

RESOURCES: Final = ("Resource", "ContainerResource")


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _reference(obj: Value, now: datetime) -> str:
    reference = _spec(obj).get("scaleTargetRef") or {}
    return f"{reference.get('kind') or ''}/{reference.get('name') or ''}"


def _targets(obj: Value, now: datetime) -> str:
    """``cpu: 30%/80%, 12/10 (avg)``: present and wanted of the first two metrics."""
    metrics = _spec(obj).get("metrics") or ()
    current = (obj.get("status") or {}).get("currentMetrics") or ()
    shown = [_metric(metric, current, index) for index, metric in enumerate(metrics)]
    if not shown:
        return NONE
    more = len(shown) - 2
    return ", ".join(shown[:2]) + (f" + {more} more..." if more > 0 else "")


def _metric(metric: Value, statuses: Sequence[Value], index: int) -> str:
    kind = metric.get("type") or ""
    word = kind[:1].lower() + kind[1:]
    source = metric.get(word)
    if source is None:
        return "<unknown type>"
    status = (statuses[index] if len(statuses) > index else {}).get(word)
    target, current = source.get("target") or {}, (status or {}).get("current") or {}
    average = target.get("averageValue")
    if kind in RESOURCES:
        return f"{source.get('name')}: {_resource(target, current, status is not None)}"
    if kind == "Pods":
        return f"{_amount(current.get('averageValue'), status is not None)}/{average}"
    if average is not None:
        return f"{current.get('averageValue') or UNKNOWN}/{average} (avg)"
    return f"{_amount(current.get('value'), status is not None)}/{target.get('value')}"


def _resource(target: Value, current: Value, seen: bool) -> str:
    if target.get("averageValue") is not None:
        return f"{_amount(current.get('averageValue'), seen)}/{target['averageValue']}"
    now, wanted = current.get("averageUtilization"), target.get("averageUtilization")
    shown = UNKNOWN if now is None else f"{now}%"
    return f"{shown}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _amount(amount: Any, seen: bool) -> str:
    """A metric that was seen without a value counts as nothing."""
    return str(amount if amount is not None else "0") if seen else UNKNOWN


def _least(obj: Value, now: datetime) -> str:
    least = _spec(obj).get("minReplicas")
    return UNSET if least is None else str(least)


HORIZONTAL_POD_AUTOSCALER_COLUMNS: Final = (
    NAME,
    Column(name="Reference", cell=_reference),
    Column(name="Targets", cell=_targets),
    Column(name="MinPods", cell=_least),
    Column(name="MaxPods", cell=lambda obj, now: _spec(obj).get("maxReplicas") or 0),
    Column(name="Replicas", cell=lambda obj, now: (obj.get("status") or {}).get("currentReplicas") or 0),
    AGE,
)
