"""Scheduling with hooks: asked about all feasible nodes at once, off the loop, and refusals carry the plugin's name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import InThread, Plan
from sampan.core.contracts.scheduler import Placed, Unschedulable
from sampan.core.contracts.scheduler_plugin import SchedulerPluginBase
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from sampan.core.scheduling.hooks import Hooked, scheduling_controller
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.state import State
from sampan.plugins.schedulers.default import DefaultScheduler
from tests.plugins.schedulers.cases import node, pod, state
from tests.support.plugins import answering, loaded, plugin

NODES = state(node("a"), node("b"), node("c"))


def place(**plugins: Any) -> Any:
    opened = loaded(**plugins)
    try:
        return DefaultScheduler([Hooked(opened)]).place(pod(), NODES)
    finally:
        opened.close()


def filters(*names: str) -> object:
    return plugin(sampan_filter_nodes=answering("nodes", lambda _nodes: names))


def scores(**points: float) -> object:
    return plugin(sampan_score_nodes=answering("nodes", lambda _nodes: points))


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_most_points_win_and_those_of_several_plugins_add_up(name: str) -> None:
    assert place(one=scores(**{name: 10})) == Placed(node=name)
    assert place(one=scores(a=60, b=60, c=60), two=scores(**{name: 1})) == Placed(node=name)


def test_only_nodes_that_every_plugin_names_are_taken() -> None:
    assert place(one=filters("a", "b"), two=filters("b", "c")) == Placed(node="b")


def test_a_refusal_says_whose_it_is() -> None:
    verdict = place(one=filters("a"), two=filters())
    assert isinstance(verdict, Unschedulable)
    assert "0/3 nodes are available: " in verdict.message
    assert "3 node(s) were refused by the plugin two" in verdict.message


def test_all_feasible_nodes_are_shown_at_once() -> None:
    seen: list[list[str]] = []
    spy = plugin(
        sampan_filter_nodes=answering("nodes", lambda nodes: seen.append([each.name for each in nodes])),
        sampan_score_nodes=answering("nodes", lambda nodes: seen.append([each.name for each in nodes])),
    )
    place(spy=spy, one=filters("a", "b"))
    assert seen == [["a", "b", "c"], ["a", "b"]]


@pytest.mark.parametrize("broken", [filters("nowhere"), scores(a=float("inf")), scores(b=1e9)])
def test_what_makes_no_sense_stops_no_pod_and_drops_no_other_plugins_points(broken: object) -> None:
    assert place(broken=broken, good=scores(c=5)) == Placed(node="c")


def test_decisions_with_outside_plugins_are_made_off_the_loop_and_without_them_on_it() -> None:
    def register(registry: Registry) -> None:
        registry.scheduler_plugin("mine", SchedulerPluginBase)

    waiting = State(pod(), node("a"))
    threads: list[int] = []
    spy = plugin(sampan_filter_nodes=answering("nodes", lambda _: threads.append(threading.get_ident())))
    concern = plugin(sampan_register=register)
    cases: list[tuple[dict[str, Any], type]] = [({}, Plan), ({"spy": spy}, InThread), ({"concern": concern}, InThread)]
    for others, expected in cases:
        opened = load_plugins(extra=tuple(others.items()))
        controller = scheduling_controller(opened, FakeClock())
        indexed = State(pod(), node("a"), controller=controller)
        decided = controller.reconcile(Key("default", "p"), indexed, datetime.now(UTC))
        assert isinstance(decided, expected)
        if isinstance(decided, InThread):
            assert decided.decide().actions
        opened.close()
    assert waiting.list(type(pod()))
    assert threads
    assert threading.get_ident() not in threads


def test_the_search_goes_on_past_nodes_that_a_plugin_refuses() -> None:
    """In a large cluster, where it ends at half of the nodes otherwise."""
    names = [f"n{number}" for number in range(300)]
    last = plugin(
        sampan_filter_nodes=answering("nodes", lambda nodes: [each.name for each in nodes if each.name == "n299"])
    )
    opened = loaded(last=last)
    verdict = DefaultScheduler([Hooked(opened)]).place(pod(), state(*map(node, names)))
    opened.close()
    assert verdict == Placed(node="n299")
