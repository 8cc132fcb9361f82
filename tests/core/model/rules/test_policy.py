"""Disruption budgets, priority classes and runtime classes."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import PodDisruptionBudget, PriorityClass, RuntimeClass
from tests.support.rules import cells, changes_refused, created, refusals

RESERVED = "priority class names with 'system-' prefix are reserved for system use only. error: "


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": "50%", "selector": {}}, []),
        ({"minAvailable": 1, "maxUnavailable": 1}, [
            'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,'
            '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
        ]),
        ({"maxUnavailable": -1}, ["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"]),
        ({"maxUnavailable": "101%", "unhealthyPodEvictionPolicy": "Never"}, [
            'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": '
            'supported values: "AlwaysAllow", "IfHealthyBudget"',
        ]),
    ],
)  # fmt: skip
def test_disruption_budgets(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(PodDisruptionBudget, {"spec": spec}) == expected


def test_the_status_of_a_budget() -> None:
    condition = {"type": "DisruptionAllowed", "status": "Maybe", "reason": "why?"}
    found = changes_refused(
        PodDisruptionBudget, {}, {"status": {"conditions": [condition], "expectedPods": -1}}, "status"
    )
    assert [each.partition(":")[0] for each in found] == [
        "status.conditions[0].status",
        "status.conditions[0].lastTransitionTime",
        "status.conditions[0].reason",
        "status.expectedPods",
    ]


def test_a_budget_shows_what_is_set() -> None:
    shown = cells(PodDisruptionBudget, created(PodDisruptionBudget, {"spec": {"minAvailable": "50%"}}))
    assert (shown["Min Available"], shown["Max Unavailable"]) == ("50%", "N/A")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"value": 1000}, []),
        ({"value": 1000000001, "preemptionPolicy": "Maybe"}, [
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
            'preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"',
        ]),
        ({"metadata": {"name": "system-mine"}, "value": 1}, [
            f"metadata.name: Forbidden: {RESERVED}system-mine is not a known system priority class",
        ]),
        ({"metadata": {"name": "system-node-critical"}, "value": 2000001000}, []),
    ],
)  # fmt: skip
def test_priority_classes(body: dict[str, Any], expected: list[str]) -> None:
    assert refusals(PriorityClass, body) == expected


def test_a_priority_never_changes() -> None:
    assert changes_refused(PriorityClass, {"value": 1}, {"value": 2, "preemptionPolicy": "Never"}) == [
        "value: Forbidden: may not be changed in an update.",
        'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]


def test_runtime_classes() -> None:
    twice = [{"key": "a", "operator": "Exists"}] * 2
    scheduling = {"nodeSelector": {"a": "b c"}, "tolerations": twice}
    found = refusals(RuntimeClass, {"scheduling": scheduling, "overhead": {"podFixed": {"boats": "1"}}})
    assert [each.partition(":")[0] for each in found] == [
        "handler",
        "overhead.limits[boats]",
        "overhead.limits[boats]",
        "scheduling.nodeSelector",
        "scheduling.tolerations[1]",
    ]
    assert changes_refused(RuntimeClass, {"handler": "a"}, {"handler": "b"}) == [
        'handler: Invalid value: "b": field is immutable'
    ]
