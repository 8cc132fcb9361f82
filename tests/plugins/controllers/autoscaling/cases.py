"""What the tests of autoscaling have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sampan.core.contracts.metrics import Amount
from sampan.core.contracts.plan import Action, Emit, Rescale, Update
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerStatus,
)
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.rules.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscalerRules
from sampan.core.schema.codec import from_wire
from sampan.core.schema.scalars import format_time
from sampan.plugins.controllers.autoscaling.decision import Target
from sampan.plugins.controllers.autoscaling.samples import Sample

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
CPU_HALF = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}


class Fleet:
    """A provider that knows one queue and the masts of pods."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting

    def of_pods(self, metric: str, namespace: str, pods: Sequence[str], selector: str) -> Mapping[str, Amount] | None:
        return dict.fromkeys(pods, 3) if metric == "masts" else None

    def of_object(
        self, metric: str, namespace: str, api_version: str, kind: str, name: str, selector: str
    ) -> Amount | None:
        return None

    def external(self, metric: str, namespace: str, selector: str) -> Sequence[Amount] | None:
        return (self.waiting,) if metric == "queue" else None


def autoscaler(
    *metrics: Mapping[str, Any], least: int = 1, most: int = 10, behavior: Mapping[str, Any] | None = None
) -> HorizontalPodAutoscaler:
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": list(metrics or (CPU_HALF,)),
    }
    wire = {"metadata": {"name": "web", "namespace": "default", "uid": "u"}, "spec": spec}
    if behavior is not None:
        spec["behavior"] = dict(behavior)
        HorizontalPodAutoscalerRules().default(wire)
    return from_wire(HorizontalPodAutoscaler, wire)


def target(replicas: int, present: int | None = None) -> Target:
    wire = {
        "metadata": {"name": "web", "namespace": "default", "resourceVersion": "1"},
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas if present is None else present, "selector": "app=web"},
    }
    return Target(Deployment, from_wire(Scale, wire))


def pod(
    name: str, *, phase: str = "Running", ready: bool = True, cpu: str | None = "1", age: float = 3600, **meta: Any
) -> Pod:
    started = format_time(NOW - timedelta(seconds=age))
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    return from_wire(
        Pod,
        {
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}, **meta},
            "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
            "status": {
                "phase": phase,
                "startTime": started,
                "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": started}],
            },
        },
    )


def pods(count: int, **fields: Any) -> list[Pod]:
    return [pod(f"p{number}", **fields) for number in range(count)]


def used(*millicores: int) -> dict[str, Sample]:
    return {f"p{number}": Sample(each, NOW) for number, each in enumerate(millicores)}


def status_of(actions: Iterable[Action]) -> HorizontalPodAutoscalerStatus:
    (update,) = [each for each in actions if isinstance(each, Update)]
    assert isinstance(update.obj, HorizontalPodAutoscaler)
    return update.obj.status


def conditions(status: HorizontalPodAutoscalerStatus) -> dict[str, tuple[str, str | None]]:
    return {each.type: (each.status, each.reason) for each in status.conditions}


def new_size(actions: Iterable[Action]) -> int | None:
    return next((each.scale.spec.replicas for each in actions if isinstance(each, Rescale)), None)


def events(actions: Iterable[Action]) -> list[tuple[str, str]]:
    told = [each for each in actions if isinstance(each, Emit)]
    told += [each.then for each in actions if isinstance(each, Rescale) and each.then is not None]
    return [(each.reason, each.message) for each in told]
