"""Plugins that are wrong: what is said, who is named, and that everything else goes on.

First those that are told before anything starts, then those that do harm at work: each beside a plugin that is right, in a
cluster in which a pod must run all the same.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sampan.cli.lifecycle.plugins import troubles
from sampan.core.errors import ConfigError
from sampan.core.hooks import hookimpl
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import load_plugins, patience
from sampan.core.plugins.describe import describe_plugins
from sampan.core.registry import Registry
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.loop_thread import LoopThread
from sampan.core.testing.start import live_cluster
from sampan.core.testing.wait import eventually
from sampan.plugin import (
    NOTHING,
    BalancerBase,
    ControllerBase,
    InThread,
    Placed,
    Plan,
    Refusal,
    SchedulerPluginBase,
    Watch,
)
from tests.support.plugins import answering, plugin

HEAD = "from sampan.plugin import *\n@hookimpl\n"
AT_START = {
    "misspelt_hook": ("def sampan_regster(registry): ...", "unknown hook 'sampan_regster'"),
    "wrong_signature": ("def sampan_pod_admitted(ship): ...", "ship"),
    "a_coroutine": ("async def sampan_audit(event): ...", "sampan_audit is a coroutine function"),
    "wrong_type": ("def sampan_register(registry): registry.store('a', 7)", "registers 7 as the store 'a'"),
    "wrong_class": ("def sampan_register(registry): registry.controller('a', Plan)", "has no method reconcile"),
    "two_of_a_name": (
        "def sampan_register(registry):\n    for _ in range(2): registry.balancer('b', BalancerBase)",
        "two plugins bring a balancer named 'b': two_of_a_name and two_of_a_name",
    ),
    "a_name_that_is_taken": (
        "def sampan_register(registry): registry.proxy('userspace', ProxyBase)",
        "two plugins bring a proxy named 'userspace': plugins and a_name_that_is_taken",
    ),
    "no_driver_name": (
        "def sampan_register(registry): registry.csi_driver('a_b', CsiDriverBase)",
        "names a CSI driver 'a_b'",
    ),
    "missing_dependency": ("import a_module_that_nobody_has", "No module named 'a_module_that_nobody_has'"),
    "raising": ("def sampan_register(registry): raise OSError('no fuel')", "failed to register: no fuel"),
    "no_python": ("def (", "cannot be loaded"),
    "leaving": ("def sampan_register(registry): raise SystemExit(3)", "failed to register"),
}
GOOD = (
    "from sampan.plugin import *\n@hookimpl\ndef sampan_register(registry): registry.balancer('good', BalancerBase)\n"
)


@pytest.mark.parametrize("name", AT_START)
def test_what_cannot_work_is_named_before_anything_starts(tmp_path: Path, name: str) -> None:
    """A start is refused, with the plugin's name and how to go on; a command goes on without it."""
    code, words = AT_START[name]
    (tmp_path / f"{name}.py").write_text(code if code.startswith("import") else HEAD + code)
    (tmp_path / "good.py").write_text(GOOD)
    choice = PluginChoice(files=(str(tmp_path / f"{name}.py"), str(tmp_path / "good.py")))
    with pytest.raises(ConfigError) as refused:
        load_plugins(choice)
    assert words in str(refused.value)
    assert f"--block-plugin {name}" in str(refused.value)
    loaded = load_plugins(choice, leave_out_broken=True)
    assert {each.name: bool(each.problem) for each in loaded.loaded if each.name in (name, "good")} == {
        name: True,
        "good": False,
    }
    assert loaded.registry.balancers.find("good").plugin == "good"
    assert [part.name for parts in loaded.registry.all_parts() for part in parts if part.plugin == name] == []


def hook(name: str, answer: Callable[[Any], Any], argument: str = "nodes") -> object:
    return plugin({name: answering(argument, answer)})


def part(register: Callable[[Registry], None]) -> object:
    class Bringing:
        sampan_register = staticmethod(hookimpl(lambda registry: register(registry)))

    return Bringing()


def fail(*_arguments: Any, **_keywords: Any) -> Any:
    raise RuntimeError("lost")


def concern(**methods: Callable[..., Any]) -> object:
    cls = type("Odd", (SchedulerPluginBase,), {"name": "Odd", **methods})
    return part(lambda registry: registry.scheduler_plugin("odd", cls))


def controller(decide: Callable[..., Any]) -> object:
    body = {"name": "odd-controller", "watches": (Watch(kind=Pod),), "reconcile": decide}
    cls = type("Odd", (ControllerBase,), body)
    return part(lambda registry: registry.controller("odd", lambda _context: cls()))


def go_round(*_arguments: Any) -> Any:
    """Busy for ever: it never waits for anything, and never gives up by itself."""
    while True:
        pass


STUCK = threading.Event()
"""Set when a test is over: no thread is left behind."""


def block(*_arguments: Any) -> Plan:
    STUCK.wait(30)
    return NOTHING


AT_WORK: dict[str, tuple[object, str, str]] = {
    "raising": (hook("sampan_score_nodes", fail), "sampan_score_nodes", "RuntimeError: lost"),
    "wrong_return": (hook("sampan_filter_nodes", lambda _: "abc"), "sampan_filter_nodes", "must return a list of node"),
    "endless": (hook("sampan_filter_nodes", lambda _: itertools.count()), "sampan_filter_nodes", "not a count"),
    "memory_hungry": (hook("sampan_filter_nodes", lambda _: bytearray(1 << 62)), "sampan_filter_nodes", "MemoryError"),
    "blocking": (
        hook("sampan_filter_nodes", lambda _: STUCK.wait(30) and None),
        "sampan_filter_nodes",
        "has not come back",
    ),
    "raising_notice": (hook("sampan_pod_admitted", fail, "pod"), "sampan_pod_admitted", "RuntimeError: lost"),
    "wrong_notice": (
        hook("sampan_container_started", lambda _: 7, "pod"),
        "sampan_container_started",
        "returns nothing",
    ),
    "a_filter_that_raises": (concern(filter=fail), "the scheduler plugin odd", "RuntimeError: lost"),
    "a_filter_that_says_no_in_words": (
        concern(filter=lambda *_: "no"),
        "the scheduler plugin odd",
        "must return",
    ),
    "a_filter_that_never_returns": (
        concern(filter=lambda *_: STUCK.wait(30) and None),
        "the scheduler plugin odd",
        "has not come back",
    ),
    "a_score_that_never_ends": (
        concern(score_all=lambda *_: [STUCK.is_set() for _ in iter(STUCK.is_set, True)]),
        "the scheduler plugin odd",
        "has not come back",
    ),
    "a_score_that_is_none": (concern(score=lambda *_: "many"), "the scheduler plugin odd", "not 'many'"),
    "scores_that_are_too_few": (concern(score_all=lambda *_: [1.0]), "the scheduler plugin odd", "a list of 2 numbers"),
    "a_controller_that_raises": (
        controller(fail),
        "the controller odd-controller",
        "RuntimeError: lost",
    ),
    "a_controller_that_answers_wrongly": (
        controller(lambda *_: "fine"),
        "the controller odd-controller",
        "must return a Plan (NOTHING where it wants nothing), not 'fine'",
    ),
    "a_controller_that_never_ends": (controller(go_round), "the controller odd-controller", "has not come back"),
    "a_controller_that_blocks": (
        controller(block),
        "the controller odd-controller",
        "has not come back",
    ),
    "a_controller_that_never_ends_in_a_thread": (
        controller(lambda *_: InThread(block)),
        "the controller odd-controller",
        "decides about default/web for more than",
    ),
}


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Less time than plugins have otherwise; what still hangs comes back in the end."""
    monkeypatch.setattr(patience, "DECISION_LIMIT", 0.5)
    monkeypatch.setattr(patience, "LIMIT", 1.0)
    STUCK.clear()
    yield
    STUCK.set()


@pytest.fixture(params=AT_WORK)
def wrong(request: pytest.FixtureRequest, limits: None) -> tuple[object, str, str]:
    return AT_WORK[request.param]


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    made = LoopThread()
    yield made
    made.close()


@pytest.fixture
def cluster(wrong: tuple[Any, str, str], tmp_path: Path, loop: LoopThread) -> Iterator[LiveCluster]:
    bad = wrong[0]
    bad.__name__ = "wrong"
    with live_cluster(tmp_path / "c", loop, plugins=[bad, Witness()], nodes=2) as made:
        yield made


class Witness:
    """A plugin that is right, beside the wrong one."""

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        registry.balancer("good", BalancerBase)

    @hookimpl
    def sampan_score_nodes(self) -> dict[str, float]:
        return {"node-2": 100.0}


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
}


def test_what_does_harm_is_named_and_everything_else_goes_on(
    cluster: LiveCluster, wrong: tuple[object, str, str]
) -> None:
    _, where, words = wrong
    cluster.apply(POD)
    running = cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    assert running.spec.node_name == "node-2", "the plugin that is right is heard"

    def told() -> bool:
        said = list(troubles(describe_plugins(cluster.plugins, {})))
        return any(each.startswith("wrong ") and where in each and words in each for each in said)

    eventually(told, "sampan status names it")
    eventually(lambda: any("wrong" in (event.message or "") for event in cluster.events() if event.reason in REASONS))


REASONS = ("PluginFailed", "PluginHangs", "PluginSlow")


class Odd:
    """A scheduler that is asked by name, and answers what is no answer."""

    name = "odd"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer

    def place(self, pod: Pod, state: Any) -> Any:
        return self._answer()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (fail, "RuntimeError: lost"),
        (lambda: None, "place must return Placed, Unschedulable or Wait, not a NoneType"),
        (lambda: Placed(node="atlantis"), "'atlantis', which is no node"),
        (lambda: Refusal("no"), "not a Refusal"),
        (lambda: STUCK.wait(30), "has not come back"),
    ],
)
def test_a_scheduler_that_fails_leaves_its_own_pods_alone_without_a_node(
    answer: Callable[[], Any], words: str, tmp_path: Path, loop: LoopThread, limits: None
) -> None:
    odd = part(lambda registry: registry.scheduler("odd", lambda _concerns: Odd(answer)))
    with live_cluster(tmp_path / "c", loop, plugins=[odd]) as cluster:
        cluster.apply({**POD, "metadata": {"name": "lost"}, "spec": {**POD["spec"], "schedulerName": "odd"}})  # type: ignore[dict-item]
        cluster.apply(POD)
        cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
        lost = cluster.wait_for(Pod, "default", "lost", lambda pod: any(pod.status.conditions))
        assert words in (lost.status.conditions[0].message or "")
        assert "the scheduler odd of the plugin" in (lost.status.conditions[0].message or "")
