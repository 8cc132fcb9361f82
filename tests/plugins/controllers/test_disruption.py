"""PodDisruptionBudgets: how many pods may go at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.contracts.plan import Plan, Update
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.policy_v1.pod_disruption_budget import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
    PodDisruptionBudgetStatus,
)
from sampan.plugins.controllers.policy.disruption import decide

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def budget(status: PodDisruptionBudgetStatus | None = None, **spec: Any) -> PodDisruptionBudget:
    return PodDisruptionBudget(
        metadata=ObjectMeta(name="web", namespace="default", generation=1),
        spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels={"app": "web"}), **spec),
        status=status or PodDisruptionBudgetStatus(),
    )


def pod(name: str, *, ready: bool = True, **meta: Any) -> Pod:
    conditions = (PodCondition(type="Ready", status=str(ready)),)
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", labels={"app": "web"}, **meta),
        spec=PodSpec(containers=(Container(name="c", image="i"),)),
        status=PodStatus(phase="Running", conditions=conditions),
    )


def status_of(plan: Plan) -> PodDisruptionBudgetStatus:
    (update,) = plan.actions
    assert isinstance(update, Update)
    assert isinstance(update.obj, PodDisruptionBudget)
    return update.obj.status


FOUR = (pod("a"), pod("b"), pod("c"), pod("d", ready=False))


@pytest.mark.parametrize(
    ("spec", "wanted", "allowed", "desired"),
    [
        ({"min_available": 2}, 4, 1, 2),
        ({"min_available": 5}, 4, 0, 5),
        ({"min_available": "50%"}, 4, 1, 2),
        ({"min_available": "30%"}, 4, 1, 2),
        ({"max_unavailable": 1}, 4, 0, 3),
        ({"max_unavailable": 2}, 4, 1, 2),
        ({"max_unavailable": "25%"}, 8, 0, 6),
    ],
)
def test_how_many_may_go(spec: dict[str, Any], wanted: int, allowed: int, desired: int) -> None:
    status = status_of(decide(budget(**spec), FOUR, wanted, NOW))
    assert (status.disruptions_allowed, status.desired_healthy, status.current_healthy) == (allowed, desired, 3)
    assert status.conditions[0].reason == ("SufficientPods" if allowed else "InsufficientPods")


def test_an_eviction_that_was_allowed_counts_until_the_pod_goes_or_for_two_minutes() -> None:
    before = PodDisruptionBudgetStatus(disrupted_pods={"a": NOW - timedelta(seconds=90), "gone": NOW})
    plan = decide(budget(before, min_available=1), FOUR, 4, NOW)
    assert (status_of(plan).current_healthy, set(status_of(plan).disrupted_pods)) == (2, {"a"})
    assert plan.requeue_after == 30
    assert status_of(decide(budget(before, min_available=1), FOUR, 4, NOW + timedelta(minutes=1))).current_healthy == 3


def test_a_pod_that_is_going_is_not_healthy_and_nothing_new_is_not_written() -> None:
    going = pod("a", deletion_timestamp=NOW)
    status = status_of(decide(budget(min_available=1), (going, pod("b")), 2, NOW))
    assert (status.current_healthy, status.expected_pods, status.disruptions_allowed) == (1, 2, 0)
    assert decide(budget(status, min_available=1), (going, pod("b")), 2, NOW) == Plan()
