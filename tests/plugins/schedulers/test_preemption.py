"""Who has to leave for a more important pod, and where."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.scheduler import NodeState, Placed, Preemption, Unschedulable
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire
from sampan.plugins.schedulers import preemption
from tests.plugins.schedulers.cases import node, pod, state, with_pods
from tests.plugins.schedulers.test_filters import scheduler


def important(
    name: str, priority: int, cpu: str = "1", started: str = "2026-01-01T00:00:00Z", nominated: str = "", **more: Any
) -> Pod:
    status = {"startTime": started, **({"nominatedNodeName": nominated} if nominated else {})}
    return pod(name, cpu=cpu, priority=priority, status=status, **more)


def room(wanted: Pod, given: Snapshot) -> tuple[str, list[str]] | None:
    verdict = scheduler().place(wanted, given)
    assert isinstance(verdict, Unschedulable)
    found = verdict.preemption
    return (found.node, [pod.metadata.name or "" for pod in found.victims]) if isinstance(found, Preemption) else None


def test_only_the_less_important_leave_and_no_more_than_have_to() -> None:
    full = with_pods(node("a", cpu="3"), important("low", 1), important("lower", 0), important("high", 9))
    assert room(important("p", 5), state(full)) == ("a", ["lower"])
    assert room(important("p", 5, cpu="2"), state(full)) == ("a", ["low", "lower"])
    assert room(important("p", 5, cpu="3"), state(full)) is None
    assert room(important("p", 0), state(full)) is None


def test_the_node_with_the_least_important_victims_is_taken() -> None:
    nodes = [
        with_pods(node(name, cpu="1"), important(f"on-{name}", priority)) for name, priority in (("a", 3), ("b", 1))
    ]
    assert room(important("p", 5), state(*nodes)) == ("b", ["on-b"])


def test_of_two_alike_the_younger_leaves() -> None:
    old, young = (important(name, 1, started=f"202{year}-01-01T00:00:00Z") for name, year in (("old", 1), ("young", 5)))
    nodes = [with_pods(node("a", cpu="1"), old), with_pods(node("b", cpu="1"), young)]
    assert room(important("p", 5), state(*nodes)) == ("b", ["young"])


def test_a_pod_may_say_that_it_makes_nobody_leave() -> None:
    wanted = important("p", 5, preemptionPolicy="Never")
    verdict = scheduler().place(wanted, state(with_pods(node("a", cpu="1"), important("low", 1))))
    assert isinstance(verdict, Unschedulable)
    assert verdict.preemption is None
    assert verdict.message.endswith("not eligible due to preemptionPolicy=Never.")


def test_where_leaving_does_not_help_nobody_leaves() -> None:
    small = with_pods(node("a", cpu="1"), important("low", 1))
    cordoned = with_pods(node("b", cpu="9", unschedulable=True), important("low-2", 1, cpu="9"))
    assert room(important("p", 5, cpu="2"), state(small, cordoned)) is None


def test_room_that_is_promised_is_not_given_to_the_less_important() -> None:
    given = state(with_pods(node("a", cpu="1")))
    given.promise(important("boss", 9), "a")
    verdict = scheduler().place(important("p", 5), given)
    assert isinstance(verdict, Unschedulable)
    assert verdict.reasons == {"Insufficient cpu": 1}


def test_anti_affinity_is_a_reason_to_leave_too() -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    there = important("rival", 1, cpu="100m", metadata={"labels": {"app": "db"}})
    full = with_pods(node("a", labels={"kubernetes.io/hostname": "a"}), there, important("other", 1, cpu="100m"))
    assert room(important("p", 5, cpu="100m", affinity=away), state(full)) == ("a", ["rival"])


def budget(allowed: int, **labels: str) -> PodDisruptionBudget:
    value = {
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1},
    }
    return from_wire(PodDisruptionBudget, value)


def test_pods_that_a_budget_protects_leave_only_where_nobody_else_can() -> None:
    guarded = important("guarded", 0, metadata={"labels": {"app": "db"}})
    given = state(with_pods(node("a", cpu="1"), guarded), with_pods(node("b", cpu="1"), important("free", 3)))
    assert room(important("p", 5), given) == ("a", ["guarded"])
    given.set_extra({PodDisruptionBudget: (budget(0, app="db"),)})
    assert room(important("p", 5), given) == ("b", ["free"])
    given.set_extra({PodDisruptionBudget: (budget(1, app="db"),)})
    assert room(important("p", 5), given) == ("a", ["guarded"])


def test_no_room_is_made_twice_on_one_node() -> None:
    made, given = scheduler(), state(*(with_pods(node(name, cpu="1"), important(f"on-{name}", 1)) for name in "ab"))
    for number, (expected, left) in enumerate((("a", "on-a"), ("b", "on-b"))):
        wanted = important(f"p{number}", 5)
        verdict = made.place(wanted, given)
        assert isinstance(verdict, Unschedulable)
        assert verdict.preemption is not None
        assert (verdict.preemption.node, verdict.preemption.victims[0].metadata.name) == (expected, left)
        given.promise(wanted, expected)
    none_left = made.place(important("p2", 5), given)
    assert isinstance(none_left, Unschedulable)
    assert (none_left.preemption, none_left.reasons) == (None, {"Insufficient cpu": 2})


def test_who_was_promised_a_node_takes_it_once_the_others_have_left() -> None:
    """Also where another would be liked better by now, as others have left for its sake."""
    made, victim = scheduler(), important("low", 1)
    given = state(with_pods(node("a", cpu="1"), victim))
    nominated = important("p", 5, nominated="a")
    given.promise(nominated, "a")
    assert isinstance(made.place(nominated, given), Unschedulable)
    given.drop_pod(victim)
    given.set_node(node("b", cpu="64"))
    verdict = made.place(nominated, given)
    assert isinstance(verdict, Placed)
    assert verdict.node == "a"


def test_where_the_promised_node_does_not_do_any_other_may() -> None:
    given = state(with_pods(node("a", cpu="1"), important("higher", 9)), node("b", cpu="1"))
    nominated = important("p", 5, nominated="a")
    given.promise(nominated, "a")
    verdict = scheduler().place(nominated, given)
    assert isinstance(verdict, Placed)
    assert verdict.node == "b"


def test_who_leaves_is_worked_out_again_only_where_a_node_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    on_one_node = preemption._on

    def counted(node_: NodeState, *rest: Any) -> Any:
        looks.append(node_.name)
        return on_one_node(node_, *rest)

    monkeypatch.setattr(preemption, "_on", counted)
    made = scheduler()
    given = state(*(with_pods(node(name, cpu="1"), important(f"on-{name}", 1)) for name in "abcde"))
    for number in range(3):
        verdict = made.place(important(f"p{number}", 5), given)
        assert isinstance(verdict, Unschedulable)
        assert verdict.preemption is not None
        given.promise(important(f"p{number}", 5), verdict.preemption.node)
    assert looks == [*"abcde", "a", "b"]
