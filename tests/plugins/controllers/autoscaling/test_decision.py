"""What is done about an autoscaler: sizes, conditions, events and status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.errors import Forbidden
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.schema.codec import to_wire
from sampan.plugins.controllers.autoscaling.behavior import Advice, History
from sampan.plugins.controllers.autoscaling.decision import BadSelector, Deciding, Decision
from sampan.plugins.controllers.autoscaling.samples import Reading, Seen
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings
from tests.plugins.controllers.autoscaling.cases import (
    CPU_HALF,
    NOW,
    autoscaler,
    conditions,
    events,
    new_size,
    pods,
    status_of,
    target,
    used,
)

NO_API = Reading(problem="unable to fetch metrics from custom metrics API: no plugin provides it")
QPS = {"type": "Pods", "pods": {"metric": {"name": "qps"}, "target": {"type": "AverageValue", "averageValue": "10"}}}
QUEUE = {
    "type": "External",
    "external": {
        "metric": {"name": "queue", "selector": {"matchLabels": {"of": "mail"}}},
        "target": {"type": "Value", "value": "30"},
    },
}


def decide(of: HorizontalPodAutoscaler, replicas: int, *readings: Reading, pods_there: int | None = None) -> Decision:
    there = pods(replicas if pods_there is None else pods_there)
    return deciding(of).with_target(target(replicas), Seen(pods=there, readings=readings))


def deciding(of: HorizontalPodAutoscaler) -> Deciding:
    return Deciding(of, History(), AutoscalerSettings(), NOW)


def cpu(*millicores: int) -> Reading:
    return Reading(pods=used(*millicores))


def test_load_above_its_target_grows_the_target() -> None:
    actions = decide(autoscaler(), 3, cpu(900, 900, 900)).plan.actions
    assert new_size(actions) == 6
    why = "New size: 6; reason: cpu resource utilization (percentage of request) above target"
    assert events(actions) == [("SuccessfulRescale", why)]
    status = status_of(actions)
    assert (status.current_replicas, status.desired_replicas, status.last_scale_time) == (3, 6, NOW)
    assert to_wire(status)["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 90, "averageValue": "900m"}}}
    ]
    assert conditions(status) == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    assert status.conditions[1].message == (
        "the HPA was able to successfully calculate a replica count from "
        "cpu resource utilization (percentage of request)"
    )


def test_load_that_has_gone_waits_for_the_window() -> None:
    first = decide(autoscaler(), 3, cpu(0, 0, 0))
    assert new_size(first.plan.actions) is None
    assert conditions(status_of(first.plan.actions))["AbleToScale"] == ("True", "ScaleDownStabilized")
    over = History(advice=(Advice(3, NOW - timedelta(seconds=301)),))
    later = Deciding(autoscaler(), over, AutoscalerSettings(), NOW)
    actions = later.with_target(target(3), Seen(pods=pods(3), readings=[cpu(0, 0, 0)])).plan.actions
    assert events(actions) == [("SuccessfulRescale", "New size: 1; reason: All metrics below target")]
    assert conditions(status_of(actions))["ScalingLimited"] == ("True", "TooFewReplicas")


@pytest.mark.parametrize(
    ("replicas", "least", "most", "size", "reason"),
    [
        (12, 1, 10, 10, "Current number of replicas above Spec.MaxReplicas"),
        (1, 2, 10, 2, "Current number of replicas below Spec.MinReplicas"),
    ],
)
def test_bounds_need_no_metric(replicas: int, least: int, most: int, size: int, reason: str) -> None:
    actions = decide(autoscaler(least=least, most=most), replicas).plan.actions
    assert events(actions) == [("SuccessfulRescale", f"New size: {size}; reason: {reason}")]
    assert status_of(actions).current_metrics == ()


def test_zero_replicas_switch_it_off() -> None:
    actions = decide(autoscaler(), 0).plan.actions
    assert new_size(actions) is None
    assert conditions(status_of(actions))["ScalingActive"] == ("False", "ScalingDisabled")


def test_a_metric_that_is_missing_is_told() -> None:
    actions = decide(autoscaler(QPS), 3, NO_API).plan.actions
    problem = f"unable to get metric qps: {NO_API.problem}"
    told = f"invalid metrics (1 invalid out of 1), first error is: failed to get pods metric value: {problem}"
    assert events(actions) == [("FailedGetPodsMetric", problem), ("FailedComputeMetricsReplicas", told)]
    status = status_of(actions)
    assert status.conditions[-1].message == f"the HPA was unable to compute the replica count: {problem}"
    assert to_wire(status)["currentMetrics"] == [{"type": ""}]


def test_one_missing_metric_lets_it_grow_but_not_shrink() -> None:
    both = autoscaler(CPU_HALF, QPS)
    assert new_size(decide(both, 3, cpu(900, 900, 900), NO_API).plan.actions) == 6
    actions = decide(both, 3, cpu(0, 0, 0), NO_API).plan.actions
    assert new_size(actions) is None
    assert conditions(status_of(actions))["ScalingActive"] == ("False", "FailedGetPodsMetric")


def test_the_metric_that_asks_for_most_counts() -> None:
    actions = decide(autoscaler(CPU_HALF, QPS, QUEUE), 3, cpu(500, 500, 500), cpu(20000, 20000, 20000),
                     Reading(values=(40000, 5000))).plan.actions  # fmt: skip
    assert new_size(actions) == 6
    assert events(actions)[0][1] == "New size: 6; reason: pods metric qps above target"
    shown = to_wire(status_of(actions))["currentMetrics"]
    assert shown[1]["pods"] == {"metric": {"name": "qps"}, "current": {"averageValue": "20"}}
    assert shown[2]["external"]["current"] == {"value": "45"}


def test_messages_name_a_metric_with_its_selector() -> None:
    actions = decide(
        autoscaler(QUEUE), 3, Reading(problem="no metrics returned from external metrics API")
    ).plan.actions
    selector = "&LabelSelector{MatchLabels:map[string]string{of: mail,},MatchExpressions:[]LabelSelectorRequirement{},}"
    assert events(actions)[0] == (
        "FailedGetExternalMetric",
        f"unable to get external metric default/queue/{selector}: no metrics returned from external metrics API",
    )


def test_a_target_that_is_not_there() -> None:
    decision = deciding(autoscaler()).without_target('deployments.apps "web" not found')
    assert events(decision.plan.actions) == [("FailedGetScale", 'deployments.apps "web" not found')]
    assert conditions(status_of(decision.plan.actions)) == {"AbleToScale": ("False", "FailedGetScale")}


def test_a_target_without_a_selector() -> None:
    bad = BadSelector("SelectorRequired", "InvalidSelector", "selector is required", "missing")
    actions = deciding(autoscaler()).with_target(target(3), bad).plan.actions
    assert [each for each, _ in events(actions)] == ["SelectorRequired", "FailedComputeMetricsReplicas"]
    assert conditions(status_of(actions))["ScalingActive"] == ("False", "InvalidSelector")


def test_a_target_that_refuses_the_number() -> None:
    plan = decide(autoscaler(), 3, cpu(900, 900, 900)).plan
    assert plan.on_error is not None
    assert plan.on_failure is not None
    assert plan.on_error.message.startswith("New size: 6; reason: cpu")
    status = status_of(plan.on_failure(Forbidden("no")))
    assert conditions(status)["AbleToScale"] == ("False", "FailedUpdateScale")
    assert (status.desired_replicas, status.last_scale_time) == (0, None)


def test_tolerances_are_told_for_each_direction() -> None:
    careful = {"scaleUp": {"tolerance": "0.5"}, "scaleDown": {"tolerance": "0.01", "stabilizationWindowSeconds": 0}}
    assert new_size(decide(autoscaler(behavior=careful), 2, cpu(700, 700)).plan.actions) is None
    assert new_size(decide(autoscaler(behavior=careful), 2, cpu(800, 800)).plan.actions) == 4


READING = st.one_of(
    st.just(NO_API), st.lists(st.integers(0, 3000), min_size=1, max_size=12).map(lambda numbers: cpu(*numbers))
)


@given(
    replicas=st.integers(0, 15),
    readings=st.lists(READING, min_size=1, max_size=3),
    behavior=st.sampled_from((None, {"scaleDown": {"stabilizationWindowSeconds": 0}})),
)
def test_whatever_is_seen_it_stays_within_its_bounds(
    replicas: int, readings: list[Reading], behavior: Mapping[str, Any] | None
) -> None:
    of = autoscaler(*[CPU_HALF] * len(readings), least=2, most=10, behavior=behavior)
    decision = decide(of, replicas, *readings)
    size = new_size(decision.plan.actions)
    assert size is None or (2 <= size <= 10 and size != replicas)
    if size is not None and size < replicas <= 10:
        assert NO_API not in readings
    assert decision.plan.requeue_after == 15
