"""HorizontalPodAutoscalers in both versions."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import HorizontalPodAutoscaler, HorizontalPodAutoscalerV1
from sampan.core.model.rules.autoscaling_v1.horizontal_pod_autoscaler import from_v2, to_v2
from tests.support.rules import cells, created, refusals

SPEC: dict[str, Any] = {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
    "maxReplicas": 5,
}
METRICS = [
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Ingress", "name": "i", "apiVersion": "networking.k8s.io/v1"},
            "metric": {"name": "rate"},
            "target": {"type": "Value", "value": "2k"},
        },
    },
    {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "30"}}},
]


def test_an_autoscaler_looks_at_cpu_by_default() -> None:
    spec = created(HorizontalPodAutoscaler, {"spec": SPEC})["spec"]
    assert spec["minReplicas"] == 1
    target = {"type": "Utilization", "averageUtilization": 80}
    assert spec["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def test_behaviour_is_completed_in_both_directions() -> None:
    spec = created(HorizontalPodAutoscaler, {"spec": SPEC | {"behavior": {"scaleUp": {"selectPolicy": "Min"}}}})["spec"]
    assert spec["behavior"]["scaleUp"]["selectPolicy"] == "Min"
    assert len(spec["behavior"]["scaleUp"]["policies"]) == 2
    assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Percent", "value": 100, "periodSeconds": 15}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"maxReplicas": 0}, [
            "spec.maxReplicas: Required value: must be set and greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ]),
        ({"metrics": [{"type": "Resource", "pods": {"metric": {}, "target": {"type": "Value"}}}]}, [
            "spec.metrics[0].pods.metric.name: Required value: must specify a metric name",
            "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue",
            "spec.metrics[0].resource: Required value: must populate information for the given metric source",
        ]),
        ({"behavior": {"scaleDown": {"policies": []}}}, [
            "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
        ]),
        ({"behavior": {"scaleDown": {"policies": [{"type": "Some", "value": 0, "periodSeconds": 1801}]}}}, [
            'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Some": supported values: "Percent", "Pods"',
            "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
        ]),
    ],
)  # fmt: skip
def test_autoscalers(change: dict[str, Any], expected: list[str]) -> None:
    assert refusals(HorizontalPodAutoscaler, {"spec": SPEC | change}) == expected


def test_the_old_version_shows_one_number_and_keeps_the_rest() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    stored = created(HorizontalPodAutoscaler, {"spec": SPEC | {"metrics": [*METRICS, cpu]}})
    shown = from_v2(stored)

    assert shown["apiVersion"] == "autoscaling/v1"
    assert shown["spec"]["targetCPUUtilizationPercentage"] == 50
    assert list(shown["metadata"]["annotations"]) == ["autoscaling.alpha.kubernetes.io/metrics"]
    back = to_v2(shown)
    assert back["spec"] == stored["spec"]
    assert back["metadata"] == stored["metadata"]


def test_what_the_old_version_stores_without_a_number_is_about_cpu() -> None:
    assert refusals(HorizontalPodAutoscalerV1, {"spec": SPEC}) == []
    assert to_v2({"metadata": {}, "spec": SPEC})["spec"]["metrics"][0]["resource"]["name"] == "cpu"


def test_an_autoscaler_shows_present_and_wanted() -> None:
    current = [{"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "512Mi"}}}]
    obj = {"metadata": {}, "spec": SPEC | {"metrics": METRICS}, "status": {"currentMetrics": current}}
    assert cells(HorizontalPodAutoscaler, obj)["Targets"] == "memory: 512Mi/1Gi, <unknown>/10 + 2 more..."
