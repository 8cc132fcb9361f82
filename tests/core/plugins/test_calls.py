"""Hook calls: in pluggy's order, each plugin kept from harming the others and from holding up who calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from sampan.core import hooks
from sampan.core.contracts.runtime_config import ContainerConfig
from sampan.core.contracts.scheduler import NodeState
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins import Plugins, calls
from sampan.core.schema.codec import from_wire
from tests.support.plugins import answering, loaded, plugin

POD = from_wire(Pod, {"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"containers": []}})
NODES = tuple(NodeState(node=from_wire(Node, {"metadata": {"name": name}}), pods=()) for name in "abc")
CONFIG = ContainerConfig(name="c", image="i", labels={"sampan.cluster": "s"})
ARGUMENTS: dict[str, Any] = {
    "cluster": "c", "server": "https://s", "controller": "x", "key": None, "plan": None, "error": None, "node": "n",
    "pod": POD, "container": "c", "config": CONFIG, "container_id": "1", "nodes": NODES, "services": (), "event": {},
}  # fmt: skip
GOOD: dict[str, Any] = {
    "sampan_filter_nodes": ["a", "b"],
    "sampan_score_nodes": {"a": 1.0},
    "sampan_container_creating": CONFIG,
}
BAD: dict[str, Any] = {
    "sampan_filter_nodes": "ab",
    "sampan_score_nodes": [1.0],
    "sampan_container_creating": "config",
}
SPECS = {
    name: [*vars(hooks)[name].__code__.co_varnames][: vars(hooks)[name].__code__.co_argcount]
    for name in vars(hooks)
    if name.startswith("sampan_") and name != "sampan_register"
}


@pytest.fixture
def open_plugins() -> Iterator[Callable[..., Plugins]]:
    made: list[Plugins] = []

    def load(**arguments: Any) -> Plugins:
        made.append(loaded(**arguments))
        return made[-1]

    yield load
    for plugins in made:
        plugins.close()


def ask(plugins: Plugins, hook: str) -> list[Any]:
    answers = plugins.ask(hook, **{name: ARGUMENTS[name] for name in SPECS[hook]})
    return [answer.value for answer in answers]


def hook_of(hook: str, answer: Callable[[], Any]) -> Callable[..., Any]:
    """An implementation that takes the hook's first argument."""
    return answering(SPECS[hook][0], lambda _given: answer())


@pytest.mark.parametrize("hook", SPECS)
def test_every_hook_is_called_in_pluggys_order_with_wrappers_around_all(
    hook: str, open_plugins: Callable[..., Plugins]
) -> None:
    seen: list[str] = []

    def say(word: str) -> Callable[[], None]:
        return lambda: seen.append(word)

    def around() -> Generator[None, list[Any], list[Any]]:
        seen.append("before")
        results = yield
        seen.append("after")
        return results

    plugins = open_plugins(
        last=plugin({hook: hook_of(hook, say("last"))}, trylast=True),
        early=plugin({hook: hook_of(hook, say("early"))}),
        first=plugin({hook: hook_of(hook, say("first"))}, tryfirst=True),
        wrapper=plugin({hook: around}, wrapper=True),
        late=plugin({hook: hook_of(hook, say("late"))}),
    )
    assert ask(plugins, hook) == []
    assert seen == ["before", "first", "late", "early", "last", "after"]


@pytest.mark.parametrize("hook", SPECS)
def test_no_hook_passes_on_what_it_may_not_return(
    hook: str, open_plugins: Callable[..., Plugins], caplog: pytest.LogCaptureFixture
) -> None:
    bad = BAD.get(hook, "something")
    plugins = open_plugins(
        good=plugin({hook: hook_of(hook, lambda: GOOD.get(hook))}), bad=plugin({hook: hook_of(hook, lambda: bad)})
    )
    assert len(ask(plugins, hook)) == (1 if hook in GOOD else 0)
    assert f"plugin bad failed in {hook}: TypeError: it " in caplog.text
    assert "good" not in caplog.text


@pytest.mark.parametrize("hook", SPECS)
@pytest.mark.parametrize("error", [RuntimeError("leak"), SystemExit(3), StopIteration(), RecursionError()])
def test_no_hook_that_raises_changes_anything_for_the_others(
    hook: str, error: BaseException, open_plugins: Callable[..., Plugins]
) -> None:
    def fail() -> None:
        raise error

    plugins = open_plugins(
        good=plugin({hook: hook_of(hook, lambda: GOOD.get(hook))}), bad=plugin({hook: hook_of(hook, fail)})
    )
    assert len(ask(plugins, hook)) == (1 if hook in GOOD else 0)
    tallies = plugins.account.tallies()
    assert (tallies["bad", hook].failures, tallies["good", hook].failures) == (1, 0)
    count = plugins.metrics.get_sample_value("sampan_hook_failures_total", {"plugin": "bad", "hook": hook})
    assert count == 1


WRONG_POINTS: list[Any] = [
    {"a": -1.0}, {"a": 101.0}, {"a": float("nan")}, {"a": "much"}, {"a": True}, {"z": 1.0}, {None: 1.0}, [1.0], 3,
]  # fmt: skip


@pytest.mark.parametrize("points", WRONG_POINTS)
def test_points_that_are_none_count_for_nothing(points: Any, open_plugins: Callable[..., Plugins]) -> None:
    plugins = open_plugins(bad=plugin(sampan_score_nodes=answering("nodes", lambda _: points)))
    assert ask(plugins, "sampan_score_nodes") == []


def endless() -> Iterator[str]:
    while True:
        yield "a"


@pytest.mark.parametrize("names", ["a", 3, {"a": 1}, ["z"], [None], endless()])
def test_names_that_are_no_nodes_refuse_nobody(names: Any, open_plugins: Callable[..., Plugins]) -> None:
    plugins = open_plugins(bad=plugin(sampan_filter_nodes=answering("nodes", lambda _: names)))
    assert ask(plugins, "sampan_filter_nodes") == []


def test_a_container_keeps_what_it_is_found_by(open_plugins: Callable[..., Plugins]) -> None:
    import attrs

    changes: list[dict[str, Any]] = [{"labels": {}}, {"name": "d"}, {"attempt": 7}]
    for changed in changes:
        other = attrs.evolve(CONFIG, **changed)
        plugins = open_plugins(bad=plugin(sampan_container_creating=answering("pod", lambda _, other=other: other)))  # type: ignore[misc]
        assert plugins.pipe("sampan_container_creating", "config", CONFIG, pod=POD, container="c") == CONFIG


def test_settings_pass_through_one_plugin_after_another(open_plugins: Callable[..., Plugins]) -> None:
    import attrs

    def add(letter: str) -> Callable[[ContainerConfig], ContainerConfig | None]:
        return lambda config: attrs.evolve(config, image=config.image + letter) if letter else None

    def spoil(config: ContainerConfig) -> None:
        config.labels["sampan.cluster"] = "other"  # type: ignore[index]
        raise RuntimeError("half done")

    hook = "sampan_container_creating"
    plugins = open_plugins(
        b=plugin({hook: answering("config", add("b"))}),
        none=plugin({hook: answering("config", add(""))}),
        spoils=plugin({hook: answering("config", spoil)}),
        a=plugin({hook: answering("config", add("a"))}),
    )
    changed = plugins.pipe(hook, "config", CONFIG, pod=POD, container="c")
    assert (changed.image, changed.labels) == ("iab", {"sampan.cluster": "s"})


def test_a_wrapper_may_change_the_answers_and_a_broken_one_changes_nothing(
    open_plugins: Callable[..., Plugins],
) -> None:
    def only_a() -> Generator[None, list[Any], list[Any]]:
        yield
        return [["a"]]

    def nonsense() -> Generator[None, list[Any], Any]:
        yield
        return "abc"

    def twice() -> Generator[None, list[Any], Any]:
        yield
        yield

    def empties() -> Generator[None, list[Any], Any]:
        results = yield
        results.clear()
        raise RuntimeError("spilt")

    def never() -> Generator[None, list[Any], Any]:
        if POD is None:
            yield
        return []

    def at_once() -> Generator[None, list[Any], Any]:
        raise RuntimeError("no")
        yield

    hook = "sampan_filter_nodes"
    broken = {
        function.__name__: plugin({hook: function}, wrapper=True)
        for function in (nonsense, twice, empties, never, at_once)
    }
    plugins = open_plugins(
        inner=plugin({hook: answering("nodes", lambda _: ["a", "b"])}), good=plugin({hook: only_a}, wrapper=True),
        **broken,
    )  # fmt: skip
    assert ask(plugins, hook) == [{"a"}]
    failed = {name for (name, _), tally in plugins.account.tallies().items() if tally.failures}
    assert failed == set(broken)


def test_an_answer_carries_the_name_of_who_gave_it(open_plugins: Callable[..., Plugins]) -> None:
    plugins = open_plugins(picky=plugin(sampan_filter_nodes=answering("nodes", lambda _: ["a"])))
    answers = plugins.ask("sampan_filter_nodes", pod=POD, nodes=NODES)
    assert [(answer.plugin, answer.value) for answer in answers] == [("picky", {"a"})]


def test_objects_that_hooks_get_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        POD.metadata.labels["a"] = "c"  # type: ignore[index]
    with pytest.raises(AttributeError):
        POD.metadata.name = "q"  # type: ignore[misc]


def test_a_hook_that_does_not_come_back_is_left_out_until_it_does(
    open_plugins: Callable[..., Plugins], caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    hook = "sampan_filter_nodes"
    plugins = open_plugins(
        hook_limit=0.05,
        good=plugin({hook: answering("nodes", lambda _: ["a"])}),
        stuck=plugin({hook: answering("nodes", lambda _: release.wait(30) and ["b"])}, tryfirst=True),
    )
    assert ask(plugins, hook) == [{"a"}]
    assert "plugin stuck has not come back from sampan_filter_nodes" in caplog.text
    began = time.perf_counter()
    assert ask(plugins, hook) == [{"a"}]
    assert time.perf_counter() - began < 0.05, "it is not asked again"
    release.set()
    while plugins.account.tallies()["stuck", hook].calls == 0:
        time.sleep(0.001)
    assert ask(plugins, hook) == [{"b"}, {"a"}]


def test_notices_arrive_in_order_and_never_hold_up_who_tells(open_plugins: Callable[..., Plugins]) -> None:
    seen: list[str] = []
    release = threading.Event()
    plugins = open_plugins(
        hook_limit=0.05,
        good=plugin(sampan_cluster_starting=answering("cluster", seen.append)),
        stuck=plugin(sampan_cluster_starting=answering("cluster", lambda _: release.wait(30) and None), tryfirst=True),
    )
    began = time.perf_counter()
    for number in range(50):
        plugins.tell("sampan_cluster_starting", cluster=str(number))
    assert time.perf_counter() - began < 1, "it does not wait for thirty seconds"
    plugins.close()
    release.set()
    assert seen == [str(number) for number in range(50)]


def test_more_notices_than_can_wait_are_dropped_and_told(
    open_plugins: Callable[..., Plugins], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "MOST_NOTICES", 3)
    release, began = threading.Event(), threading.Event()

    def wait(_cluster: str) -> None:
        began.set()
        release.wait(30)

    plugins = open_plugins(slow=plugin(sampan_cluster_starting=answering("cluster", wait)))
    plugins.tell("sampan_cluster_starting", cluster="first")
    assert began.wait(5)
    for _ in range(10):
        plugins.tell("sampan_cluster_starting", cluster="c")
    release.set()
    assert "plugin slow is so slow that a notice of sampan_cluster_starting was dropped" in caplog.text


def test_hook_calls_are_traced_on_request(
    open_plugins: Callable[..., Plugins], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = open_plugins(mine=plugin(sampan_cluster_starting=answering("cluster", lambda _: None)))
    ask(plugins, "sampan_cluster_starting")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("SAMPAN_TRACE_HOOKS", "1")
    ask(plugins, "sampan_cluster_starting")
    assert capsys.readouterr().err == "hook sampan_cluster_starting [mine] {'cluster': 'c'} -> None\n"


def test_a_failing_hook_is_logged_once_a_minute_with_a_bounded_traceback(
    open_plugins: Callable[..., Plugins], caplog: pytest.LogCaptureFixture
) -> None:
    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise RuntimeError("x" * 100_000)

    plugins = open_plugins(bad=plugin(sampan_cluster_starting=answering("cluster", lambda _: deep(200))))
    now = [0.0]
    plugins.account._clock = lambda: now[0]
    heard: list[str] = []
    plugins.account.listen(lambda trouble: heard.append(f"{trouble.plugin} {trouble.sort}"))
    for second in range(125):
        now[0] = float(second)
        ask(plugins, "sampan_cluster_starting")
    lines = [record.getMessage() for record in caplog.records if " failed in " in record.getMessage()]
    assert len(lines) == 3
    assert all(len(line) < 6000 for line in lines)
    assert "(59 more times since that was last told)" in lines[1]
    assert heard.count("bad failed") == 3


def test_a_slow_hook_is_named(
    open_plugins: Callable[..., Plugins], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "SLOW", 0.0)
    plugins = open_plugins(slow=plugin(sampan_cluster_starting=answering("cluster", lambda _: None)))
    ask(plugins, "sampan_cluster_starting")
    assert "plugin slow took 0.00 s in sampan_cluster_starting, which should take under 0 s" in caplog.text
