"""Which nodes a pod may use, and in which words it is told where none is left."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.scheduler import ClusterState, NodeState, Placed, Refusal, Unschedulable, Wait
from sampan.core.contracts.scheduler_plugin import SchedulerPluginBase
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from sampan.plugins.schedulers import register
from sampan.plugins.schedulers.default import DefaultScheduler
from tests.plugins.schedulers.cases import node, pod, state, with_pods


def scheduler(*more: SchedulerPluginBase) -> DefaultScheduler:
    registry = Registry()
    register(registry)
    return DefaultScheduler([*(part.make() for part in registry.scheduler_plugins), *more])


def place(wanted: Pod, *nodes: Any, more: tuple[SchedulerPluginBase, ...] = ()) -> str:
    """The node's name, or the message."""
    verdict = scheduler(*more).place(wanted, state(*nodes))
    if isinstance(verdict, Placed):
        return verdict.node
    assert isinstance(verdict, Unschedulable)
    return verdict.message.partition(" no new claims")[0]


TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


def affinity(*expressions: dict[str, Any]) -> dict[str, Any]:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


NO_MATCH = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "it fits": ({"cpu": "2", "memory": "1Gi"}, {}, "a"),
    "too much CPU": ({"cpu": "2001m"}, {}, "0/1 nodes are available: 1 Insufficient cpu."),
    "too much of two": (
        {"cpu": "3", "memory": "2Gi"},
        {},
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
    ),
    "no room for one more": ({}, {"pods": "0"}, "0/1 nodes are available: 1 Too many pods."),
    "a selector that matches": ({"nodeSelector": {"disk": "ssd"}}, {"labels": {"disk": "ssd"}}, "a"),
    "a selector that does not": ({"nodeSelector": {"disk": "ssd"}}, {"labels": {"disk": "hdd"}}, NO_MATCH),
    "affinity In": (
        {"affinity": affinity({"key": "z", "operator": "In", "values": ["1"]})},
        {"labels": {"z": "1"}},
        "a",
    ),
    "affinity NotIn": (
        {"affinity": affinity({"key": "z", "operator": "NotIn", "values": ["1"]})},
        {"labels": {"z": "1"}},
        NO_MATCH,
    ),
    "affinity Gt": (
        {"affinity": affinity({"key": "z", "operator": "Gt", "values": ["5"]})},
        {"labels": {"z": "6"}},
        "a",
    ),
    "affinity Lt": (
        {"affinity": affinity({"key": "z", "operator": "Lt", "values": ["5"]})},
        {"labels": {"z": "6"}},
        NO_MATCH,
    ),
    "affinity without a condition": ({"affinity": affinity()}, {}, NO_MATCH),
    "a taint": ({}, {"taints": [TAINT]}, "0/1 nodes are available: 1 node(s) had untolerated taint(s)"),
    "a taint that is tolerated": ({"tolerations": [{**TAINT, "operator": "Equal"}]}, {"taints": [TAINT]}, "a"),
    "a taint of any value tolerated": (
        {"tolerations": [{"key": "dedicated", "operator": "Exists"}]},
        {"taints": [TAINT]},
        "a",
    ),
    "all taints tolerated": ({"tolerations": [{"operator": "Exists"}]}, {"taints": [TAINT]}, "a"),
    "another value is not tolerated": (
        {"tolerations": [{**TAINT, "value": "web"}]},
        {"taints": [TAINT]},
        "0/1 nodes are available: 1 node(s) had untolerated taint(s)",
    ),
    "a taint that only prefers": ({}, {"taints": [{**TAINT, "effect": "PreferNoSchedule"}]}, "a"),
    "a cordoned node": ({}, {"unschedulable": True}, "0/1 nodes are available: 1 node(s) were unschedulable."),
}


@pytest.mark.parametrize(("wanted", "given", "expected"), CASES.values(), ids=CASES.keys())
def test_one_node(wanted: dict[str, Any], given: dict[str, Any], expected: str) -> None:
    assert place(pod(**wanted), node(**given)).startswith(expected)


def test_what_is_there_counts_until_it_has_finished() -> None:
    full = with_pods(node(cpu="1"), pod("other", cpu="600m"))
    assert place(pod(cpu="600m"), full) == "0/1 nodes are available: 1 Insufficient cpu."
    assert place(pod(cpu="400m"), full) == "a"


def test_init_containers_count_at_their_largest_and_sidecars_always() -> None:
    def container(cpu: str, **more: Any) -> dict[str, Any]:
        return {"name": "i", "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}

    assert place(pod(cpu="1", initContainers=[container("2")]), node(cpu="2")) == "a"
    assert place(pod(cpu="1", initContainers=[container("2100m")]), node(cpu="2")) != "a"
    sidecar = container("1500m", restartPolicy="Always")
    assert place(pod(cpu="1", initContainers=[sidecar]), node(cpu="2")) != "a"
    assert place(pod(cpu="500m", overhead={"cpu": "1600m"}), node(cpu="2")) != "a"


def port(number: int, **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": number, **more}]}]}


@pytest.mark.parametrize(
    ("mine", "fits"),
    [
        (port(8080), False),
        (port(8081), True),
        (port(8080, protocol="UDP"), True),
        (port(8080, hostIP="127.0.0.1"), False),
    ],
)
def test_host_ports_collide(mine: dict[str, Any], fits: bool) -> None:
    assert (place(pod(**mine), with_pods(node(), pod("other", **port(8080)))) == "a") is fits


def test_host_ports_on_two_addresses_do_not_collide() -> None:
    there = with_pods(node(), pod("other", **port(8080, hostIP="127.0.0.1")))
    assert place(pod(**port(8080, hostIP="127.0.0.2")), there) == "a"


def test_a_verdict_over_many_nodes_counts_each_reason_and_what_preemption_could_do() -> None:
    nodes = [node("a", cpu="1"), node("b", cpu="4", unschedulable=True), node("c", cpu="4", taints=[TAINT])]
    full = with_pods(node("d", cpu="4"), pod("other", cpu="3"))
    verdict = scheduler().place(pod(cpu="2"), state(*nodes, full))
    assert isinstance(verdict, Unschedulable)
    assert verdict.message == (
        "0/4 nodes are available: 1 node(s) had untolerated taint(s): {dedicated: db}, 1 node(s) were unschedulable, "
        "2 Insufficient cpu. no new claims to deallocate, preemption: 0/4 nodes are available: "
        "1 No preemption victims found for incoming pod., 3 Preemption is not helpful for scheduling."
    )


def test_no_nodes_at_all() -> None:
    assert place(pod()).startswith("no nodes available to schedule pods.")


def test_replicas_are_spread_over_nodes() -> None:
    busy = with_pods(node("a"), pod("one", owner="rs"))
    assert place(pod(owner="rs"), busy, node("b")) == "b"


def test_the_emptier_node_is_liked_better() -> None:
    assert place(pod(cpu="100m"), with_pods(node("a"), pod("other", cpu="1900m")), node("b")) == "b"


def test_preferred_affinity_outweighs() -> None:
    term = {"weight": 100, "preference": {"matchExpressions": [{"key": "ssd", "operator": "Exists"}]}}
    wish = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}
    assert place(pod(affinity=wish), node("a"), node("b", labels={"ssd": ""}), node("c")) == "b"


def test_pods_without_a_preference_do_not_all_land_on_one_node() -> None:
    chosen = {place(pod(f"p{number}"), node("a"), node("b"), node("c")) for number in range(30)}
    assert chosen == {"a", "b", "c"}


class Picky(SchedulerPluginBase):
    """A concern from outside."""

    name = "Picky"

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        return Refusal("node(s) were not pretty") if node.name == "a" else None

    def permit(self, pod: Pod, node: NodeState) -> float:
        return 3.0 if pod.metadata.name == "slow" else 0.0

    def reserve(self, pod: Pod, node: NodeState) -> str | None:
        return "node(s) were taken" if node.name == "b" else None


def test_an_outside_concern_filters_reserves_and_permits() -> None:
    assert place(pod(), node("a"), more=(Picky(),)) == "0/1 nodes are available: 1 node(s) were not pretty."
    assert place(pod(), node("a"), node("b"), node("c"), more=(Picky(),)) == "c"
    assert place(pod(), node("b"), more=(Picky(),)) == "0/1 nodes are available: 1 node(s) were taken."
    assert isinstance(scheduler(Picky()).place(pod("slow"), state(node("c"))), Wait)


def test_the_built_in_concerns_come_through_the_registry() -> None:
    plugins = load_plugins(entry_points=lambda: ())
    register(plugins.registry)
    assert [part.name for part in plugins.registry.schedulers] == ["default-scheduler"]


def by_name(*names: str, operator: str = "In") -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": operator, "values": list(names)}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


@pytest.mark.parametrize(
    ("affinity_", "expected"),
    [
        (by_name("b"), "b"),
        (by_name("a", "c"), "c"),
        (by_name("a", "b", operator="NotIn"), "c"),
        (
            by_name("a"),
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
        ),
        (by_name("none"), "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]."),
    ],
)
def test_a_pod_for_certain_nodes_looks_at_no_others(affinity_: dict[str, Any], expected: str) -> None:
    """As a DaemonSet's pods are."""
    nodes = (node("a", cpu="1"), node("b"), node("c"))
    assert place(pod(cpu="2", affinity=affinity_), *nodes) == expected


def test_other_pods_keep_a_pod_for_certain_nodes_away_too() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    lonely = pod("lonely", affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}})
    wanted = pod(metadata={"labels": {"app": "web"}}, affinity=by_name("a"))
    zone = {"zone": "1"}
    nodes = (node("a", labels=zone), with_pods(node("b", labels=zone), lonely))
    said = (
        "1 node(s) didn't satisfy existing pods anti-affinity rules, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )
    assert place(wanted, *nodes) == f"0/2 nodes are available: {said}"
    assert place(wanted, node("a"), with_pods(node("b", labels=zone), lonely)) == "a"
