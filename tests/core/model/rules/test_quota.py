"""LimitRanges and ResourceQuotas."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import LimitRange, ResourceQuota
from tests.support.rules import cells, changes_refused, created, refusals

STANDARD = "must be a standard resource type or fully qualified"


def test_a_containers_defaults_follow_from_its_bounds() -> None:
    item = {
        "type": "Container",
        "max": {"cpu": "2"},
        "min": {"cpu": "1", "memory": "1Mi"},
        "default": {"memory": "2Mi"},
    }
    [stored] = created(LimitRange, {"spec": {"limits": [item]}})["spec"]["limits"]
    assert stored["default"] == {"cpu": "2", "memory": "2Mi"}
    assert stored["defaultRequest"] == {"cpu": "2", "memory": "2Mi"}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (
            [{"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}, "default": {"cpu": "1"}}],
            [
                "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
                'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
            ],
        ),
        (
            [{"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "2"}}],
            [
                'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": '
                "default request value 2 is greater than max value 1",
                'spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1',
            ],
        ),
        (
            [{"type": "PersistentVolumeClaim"}, {"type": "Boat"}, {"type": "Boat"}],
            [
                "spec.limits[0].limits: Required value: "
                "either minimum or maximum storage value is required, but neither was provided",
                'spec.limits[1].type: Invalid value: "Boat": must be a standard limit type or fully qualified',
                'spec.limits[2].type: Invalid value: "Boat": must be a standard limit type or fully qualified',
                'spec.limits[2].type: Duplicate value: "Boat"',
            ],
        ),
        (
            [{"type": "Pod", "maxLimitRequestRatio": {"cpu": "500m"}, "min": {"boats": "1"}}],
            [
                f'spec.limits[0].min[boats]: Invalid value: "boats": {STANDARD}',
                'spec.limits[0].min[boats]: Invalid value: "boats": must be a standard resource for containers',
                'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
            ],
        ),
    ],
)
def test_limit_ranges(items: list[dict[str, Any]], expected: list[str]) -> None:
    assert refusals(LimitRange, {"spec": {"limits": items}}) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"hard": {"pods": "2", "requests.cpu": "1", "count/jobs.batch": "3", "requests.example.com/gpu": "1"}}, []),
        (
            {"hard": {"pods": "-1.5", "boats": "1"}},
            [
                f'spec.hard[boats]: Invalid value: "boats": {STANDARD}',
                'spec.hard[boats]: Invalid value: "boats": must be a standard resource for quota',
                'spec.hard[pods]: Invalid value: "-1500m": must be greater than or equal to 0',
                'spec.hard[pods]: Invalid value: "-1500m": must be an integer',
            ],
        ),
        (
            {"hard": {"services": "1"}, "scopes": ["BestEffort", "NotBestEffort", "Often"]},
            [
                *['spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Often"]: '
                  "unsupported scope applied to resource"] * 2,
                'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Often"]: unsupported scope',
                'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Often"]: conflicting scopes',
            ],
        ),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}},
            [
                "spec.scopeSelector.matchExpressions.values: Required value: "
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ],
        ),
    ],
)  # fmt: skip
def test_quotas(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(ResourceQuota, {"spec": spec}) == expected


def test_the_scopes_of_a_quota_never_change() -> None:
    before = {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}}
    assert changes_refused(ResourceQuota, before, {"spec": {"scopes": ["Terminating"]}}) == [
        'spec.scopes: Invalid value: ["Terminating"]: field is immutable'
    ]


def test_a_quota_shows_what_is_used() -> None:
    status = {"hard": {"limits.cpu": "2", "pods": "5"}, "used": {"limits.cpu": "1"}}
    shown = cells(ResourceQuota, {"metadata": {}, "status": status})
    assert (shown["Request"], shown["Limit"]) == ("pods: 0/5", "limits.cpu: 1/2")
