"""Decisions of the scheduler, each workload on clusters of several sizes: does a pod cost more where there are more nodes?

``python -m benchmarks.bench_scheduler [--nodes 500,5000] [--only preemption] [--profile]``. The workloads are those of
Kubernetes' scheduler_perf; behind each is the rate that Kubernetes sets itself for it (1.36, 5,000 nodes or more, and all
that its API server does). Here decisions alone are counted, over a snapshot: `benchmarks.bench_control` has the rest. In
processor time, which other programs change less.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from sampan.cli.garbage import collect_seldom
from sampan.core.classes import frozen
from sampan.core.contracts.scheduler import NodeState, Placed, Unschedulable
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.plugins import load_plugins
from sampan.core.scheduling.snapshot import Snapshot
from sampan.core.schema.codec import from_wire
from sampan.plugins.schedulers.default import DefaultScheduler

NODES = (500, 5000)
PODS = 1000
UNDER_WAY = 16
"""Decisions that are made while the victims of one preemption leave."""
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
Value = dict[str, Any]


def node(number: int) -> NodeState:
    name = f"node-{number}"
    room = {"cpu": "4", "memory": "32Gi", "pods": "110"}
    labels = {HOST: name, ZONE: f"zone{number % 3}"}
    return NodeState(
        node=from_wire(Node, {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": room}})
    )


def pod(name: str, cpu: str = "100m", labels: Value | None = None, **spec: Any) -> Pod:
    resources = {"requests": {"cpu": cpu, "memory": "500Mi"}}
    containers = [{"name": "pause", "image": "pause", "resources": resources}]
    metadata = {"name": name, "namespace": "default", "uid": name, "labels": labels or {}}
    return from_wire(Pod, {"metadata": metadata, "spec": {"containers": containers, **spec}})


def needs_a_node(*, key: str, values: list[str], by: str) -> Value:
    terms = [{by: [{"key": key, "operator": "In", "values": values}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def near_or_away(half: str, color: str, key: str) -> Value:
    term = {"labelSelector": {"matchLabels": {"color": color}}, "topologyKey": key}
    return {half: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def spread(otherwise: str) -> list[Value]:
    selector = {"matchLabels": {"color": "blue"}}
    return [{"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": otherwise, "labelSelector": selector}]


def plain(number: int, nodes: int) -> Pod:
    return pod(f"plain-{number}")


def in_two_zones(number: int, nodes: int) -> Pod:
    return pod(f"zones-{number}", affinity=needs_a_node(key=ZONE, values=["zone1", "zone2"], by="matchExpressions"))


def near(number: int, nodes: int) -> Pod:
    return pod(f"near-{number}", labels={"color": "blue"}, affinity=near_or_away("podAffinity", "blue", ZONE))


def away(number: int, nodes: int) -> Pod:
    return pod(f"away-{number}", labels={"color": "green"}, affinity=near_or_away("podAntiAffinity", "green", HOST))


def even(number: int, nodes: int) -> Pod:
    return pod(f"even-{number}", labels={"color": "blue"}, topologySpreadConstraints=spread("DoNotSchedule"))


def rather_even(number: int, nodes: int) -> Pod:
    return pod(f"rather-{number}", labels={"color": "blue"}, topologySpreadConstraints=spread("ScheduleAnyway"))


def important(number: int, nodes: int) -> Pod:
    return pod(f"important-{number}", cpu="3", priority=10)


def daemon(number: int, nodes: int) -> Pod:
    """Each for a node of its own, as the DaemonSet controller makes them."""
    name = f"node-{number * 7 % nodes}"
    return pod(f"daemon-{number}", affinity=needs_a_node(key="metadata.name", values=[name], by="matchFields"))


@frozen
class Workload:
    make: Callable[[int, int], Pod]
    """The pod of a number, on so many nodes."""
    goal: int
    """Pods a second that Kubernetes asks of its own scheduler; 0: it has no such workload."""
    before: int = 0
    """Pods of low priority that fill every node first."""
    share: float = float("inf")
    """At most so many pods for each node: there is no room for more."""


WORKLOADS = {
    "plain": Workload(plain, 270),
    "node affinity": Workload(in_two_zones, 220),
    "pod affinity": Workload(near, 35),
    "pod anti-affinity": Workload(away, 60, share=0.9),
    "topology spread": Workload(even, 85),
    "preferred spread": Workload(rather_even, 125),
    "preemption": Workload(important, 160, before=4, share=0.9),
    "daemon pods": Workload(daemon, 390, share=1),
}


def cluster(workload: Workload, nodes: int) -> Snapshot:
    made = Snapshot()
    for number in range(nodes):
        made.set_node(node(number).node)
        for index in range(workload.before):
            made.set_pod(pod(f"low-{number}-{index}", cpu="900m", nodeName=f"node-{number}"))
    return made


def decide_all(scheduler: DefaultScheduler, state: Snapshot, pods: list[Pod]) -> int:
    """How many decisions it took until each pod had a node. A pod that others leave for is decided about again later."""
    waiting, leaving, decisions = deque(pods), deque[tuple[int, Pod, tuple[Pod, ...]]](), 0
    while waiting or leaving:
        while leaving and (not waiting or leaving[0][0] <= decisions):
            _, promised, victims = leaving.popleft()
            for each in victims:
                state.drop_pod(each)
            waiting.appendleft(promised)
        each = waiting.popleft()
        decisions += 1
        match scheduler.place(each, state):
            case Placed(node=name):
                state.assume(each, name)
            case Unschedulable(preemption=preemption) if preemption is not None:
                state.promise(each, preemption.node)
                promised = evolve(each, status=evolve(each.status, nominated_node_name=preemption.node))
                leaving.append((decisions + UNDER_WAY, promised, preemption.victims))
            case verdict:
                raise SystemExit(f"{each.metadata.name}: {verdict}")
    return decisions


def measure(workload: Workload, nodes: int, most: int, profile: cProfile.Profile | None) -> tuple[int, int, float]:
    """Pods, decisions, and seconds of processor time for all of them."""
    scheduler = DefaultScheduler([part.make() for part in load_plugins().registry.scheduler_plugins])
    state = cluster(workload, nodes)
    pods = [workload.make(number, nodes) for number in range(int(min(most, nodes * workload.share)))]
    started = time.process_time()
    if profile is not None:
        profile.enable()
    decisions = decide_all(scheduler, state, pods)
    if profile is not None:
        profile.disable()
    return len(pods), decisions, time.process_time() - started


def chosen(only: str) -> Iterator[tuple[str, Workload]]:
    yield from ((name, each) for name, each in WORKLOADS.items() if only in ("", name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"one workload: {', '.join(WORKLOADS)}")
    parser.add_argument("--nodes", default=",".join(map(str, NODES)), help="sizes of the cluster")
    parser.add_argument("--pods", type=int, default=PODS, help="at most so many")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    options = parser.parse_args()
    for name, workload in chosen(options.only):
        for nodes in map(int, options.nodes.split(",")):
            profile = cProfile.Profile() if options.profile else None
            pods, decisions, took = measure(workload, nodes, options.pods, profile)
            print(
                f"{name:18} {nodes:6} nodes {pods / took:8.0f} pods/s {took / decisions * 1e6:8.0f} us a decision   "
                f"(Kubernetes: {workload.goal}/s)",
                flush=True,
            )
            if profile is not None:
                pstats.Stats(profile).sort_stats("cumulative").print_stats(25)


if __name__ == "__main__":
    collect_seldom()
    main()
