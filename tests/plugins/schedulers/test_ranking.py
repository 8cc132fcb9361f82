"""What the scheduler remembers of nodes makes decisions cheap, and never other than they would be."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.contracts.scheduler import NodeState, Placed, Unschedulable
from sampan.core.contracts.scheduler_plugin import SchedulerPlugin
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import ContainerImage, Node
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.policy_v1.pod_disruption_budget import PodDisruptionBudget
from sampan.core.plugins import load_plugins
from sampan.core.scheduling.snapshot import Snapshot
from sampan.plugins.schedulers.default import DefaultScheduler
from tests.plugins.schedulers.cases import node, pod

NAMES = tuple("abcdef")
TAINTS = ((), ({"key": "k", "effect": "PreferNoSchedule"},), ({"key": "k", "effect": "NoSchedule"},))


def scheduler() -> DefaultScheduler:
    plugins = load_plugins()
    try:
        made: Sequence[SchedulerPlugin] = [part.make() for part in plugins.registry.scheduler_plugins]
    finally:
        plugins.close()
    return DefaultScheduler(made)


def best_nodes(asked: Pod, state: Snapshot) -> set[str]:
    """Every node with the highest score, by looking at all of them."""
    fresh = scheduler()
    group = fresh._group(asked, state)
    feasible, _ = fresh._feasible(asked, group, state.nodes, state)
    totals = group.totals(feasible)
    return {each.state.name for each, total in zip(feasible, totals, strict=True) if total == max(totals)}


def with_image(made: Node, megabytes: int) -> Node:
    """The pods' own image, where it has a size."""
    images = (ContainerImage(names=("i:latest",), size_bytes=megabytes << 20),) if megabytes else ()
    return evolve(made, status=evolve(made.status, images=images))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("node"), st.sampled_from(NAMES), st.integers(1, 3), st.integers(0, len(TAINTS) - 1)),
        st.tuples(st.just("gone"), st.sampled_from(NAMES), st.just(0), st.just(0)),
        st.tuples(st.just("promise"), st.sampled_from(NAMES), st.integers(0, 2), st.integers(-1, 1)),
        st.tuples(st.just("place"), st.just("web"), st.just(0), st.just(0)),
        st.tuples(st.just("place"), st.just("other"), st.just(0), st.just(0)),
    ),
    min_size=4,
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS)
def test_whatever_has_changed_one_of_the_best_nodes_is_taken(steps: list[tuple[str, str, int, int]]) -> None:
    remembering, state = scheduler(), Snapshot()
    for number, (what, name, cpus, taint) in enumerate(steps):
        if what == "node":
            state.set_node(with_image(node(name, cpu=str(cpus), taints=TAINTS[taint]), megabytes=400 * (cpus - 1)))
        elif what == "gone":
            state.drop_node(name)
        elif what == "promise":
            state.promise(pod(f"nominated-{cpus}", cpu="1", priority=taint), name)
        else:
            asked = pod(f"{name}-{number}", cpu="500m", owner=name)
            verdict = remembering.place(asked, state)
            if isinstance(verdict, Placed):
                assert verdict.node in best_nodes(asked, state)
                state.assume(asked, verdict.node)
            else:
                assert isinstance(verdict, Unschedulable)
                assert best_nodes(asked, state) == set()


def test_replicas_are_drawn_over_equal_nodes() -> None:
    """Pods without a preference do not all land on the first node."""
    remembering, state = scheduler(), Snapshot()
    for name in NAMES:
        state.set_node(node(name))
    verdicts = [remembering.place(pod(f"p{number}"), state) for number in range(30)]
    taken = {verdict.node for verdict in verdicts if isinstance(verdict, Placed)}
    assert len(taken) > 3


def test_a_change_of_what_a_group_does_not_look_at_lets_it_stand() -> None:
    remembering, state = scheduler(), Snapshot.of(NodeState(node=node("a")))
    plain, claiming = pod("p"), pod("q", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}])
    state.set_extra({PersistentVolumeClaim: (), Namespace: (), PodDisruptionBudget: ()})
    first = remembering._group(plain, state), remembering._group(claiming, state)
    state.set_extra({**state.extra, PersistentVolumeClaim: [], PodDisruptionBudget: []})
    assert remembering._group(plain, state) is first[0]
    assert remembering._group(claiming, state) is not first[1]
    state.set_extra({**state.extra, Namespace: []})
    assert remembering._group(plain, state) is not first[0]
