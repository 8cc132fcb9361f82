"""Who has to leave for a more important pod, and where."""

from __future__ import annotations

from typing import Any

from sampan.core.contracts.scheduler import Preemption, Unschedulable
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire
from tests.plugins.schedulers.cases import node, pod, state, with_pods
from tests.plugins.schedulers.test_filters import scheduler


def important(name: str, priority: int, cpu: str = "1", started: str = "2026-01-01T00:00:00Z", **more: Any) -> Pod:
    return pod(name, cpu=cpu, priority=priority, status={"startTime": started}, **more)


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
