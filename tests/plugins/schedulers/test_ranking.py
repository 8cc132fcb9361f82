"""What the scheduler remembers of nodes makes decisions cheap, and never other than they would be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any
from unittest import mock

import pytest
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
from sampan.core.parts import Part
from sampan.core.plugins import load_plugins
from sampan.core.scheduling.snapshot import Snapshot
from sampan.plugins.schedulers import places
from sampan.plugins.schedulers.default import DefaultScheduler
from sampan.plugins.schedulers.group import Group
from tests.plugins.schedulers.cases import node, pod
from tests.plugins.schedulers.test_neighbours import away, even, labelled, near, rather, term

NAMES = tuple("abcdef")
HOST = "kubernetes.io/hostname"
ZONES = ("x", "y", "z", "w", "")
TAINTS = ((), ({"key": "k", "effect": "PreferNoSchedule"},), ({"key": "k", "effect": "NoSchedule"},))


def scheduler() -> DefaultScheduler:
    made: Sequence[SchedulerPlugin] = [part.make() for part in parts()]
    return DefaultScheduler(made)


@cache
def parts() -> Sequence[Part[SchedulerPlugin]]:
    plugins = load_plugins()
    try:
        return tuple(plugins.registry.scheduler_plugins)
    finally:
        plugins.close()


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


NEIGHBOURS: tuple[dict[str, Any], ...] = (
    {},
    away(term("web", HOST)),
    away(term("web"), term("other", HOST)),
    near(term("web")),
    near(term("web", HOST)),
    rather("podAffinity", term("other")),
    rather("podAntiAffinity", term("web", HOST)),
    even(),
    even(2, topologyKey=HOST),
    even(when="ScheduleAnyway"),
    even(when="ScheduleAnyway", topologyKey=HOST),
)
"""What pods may want of others, over places of which there are few and of which there are many."""


@pytest.mark.parametrize("few", [0, 2, 32])
@pytest.mark.parametrize("wanted", NEIGHBOURS, ids=range(len(NEIGHBOURS)))
def test_neighbours_make_the_same_nodes_the_best_as_a_look_at_all_of_them(wanted: dict[str, Any], few: int) -> None:
    """``few``: up to how many places are asked for their standing each time; with 0, the nodes of all of them follow it."""
    remembering, state, placed, chance = scheduler(), Snapshot(), list[Pod](), Random(few)
    names = NAMES + tuple("ghijkl")
    for number, name in enumerate(names):
        state.set_node(in_zone(name, ZONES[number % 4]))
    with mock.patch.object(places, "FEW", few):
        for number in range(100):
            match chance.choices(("place", "left", "node", "gone", "promise"), (20, 4, 2, 1, 1))[0]:
                case "left" if placed:
                    state.drop_pod(placed.pop(chance.randrange(len(placed))))
                case "node":
                    state.set_node(in_zone(chance.choice(names), chance.choice(ZONES)))
                case "gone":
                    state.drop_node(chance.choice(names))
                case "promise":
                    promised = labelled("nominated", "web", priority=1)
                    state.promise(promised, chance.choice((*names, None, None)))
                case _:
                    app = chance.choice(("web", "web", "web", "other"))
                    asked = labelled(f"{app}-{number}", app, cpu="500m", **(wanted if app == "web" else {}))
                    verdict = remembering.place(asked, state)
                    best = best_nodes(asked, state)
                    assert verdict.node in best if isinstance(verdict, Placed) else not best
                    if isinstance(verdict, Placed):
                        assert verdict.node not in verdict.by_node
                        state.assume(asked, verdict.node)
                        placed.append(asked)


def in_zone(name: str, zone: str) -> Node:
    return node(name, cpu="4", labels={HOST: name} | ({"zone": zone} if zone else {}))


@pytest.mark.parametrize("wanted", [away(term("web", HOST)), even(), even(when="ScheduleAnyway", topologyKey=HOST)])
def test_a_decision_looks_at_what_has_changed_however_many_nodes_there_are(wanted: dict[str, Any]) -> None:
    remembering, state = scheduler(), Snapshot()
    for number in range(200):
        state.set_node(node(f"n{number}", labels={HOST: f"n{number}", "zone": ZONES[number % 3]}))
    looks: list[int] = []
    for number in range(10):
        asked = labelled(f"web-{number}", "web", **wanted)
        with (
            mock.patch.object(Group, "wide_refusal", autospec=True, side_effect=Group.wide_refusal) as refusals,
            mock.patch.object(places.Sorts, "of", autospec=True, side_effect=places.Sorts.of) as sorts,
        ):
            verdict = remembering.place(asked, state)
        assert isinstance(verdict, Placed)
        state.assume(asked, verdict.node)
        looks.append(refusals.call_count + sorts.call_count)
    assert max(looks[2:]) < 20  # the first two get to know the nodes


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
