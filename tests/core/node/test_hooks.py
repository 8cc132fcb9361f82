"""Hooks: beside the work on pods, never in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.probe import ExecAction, Lifecycle, LifecycleHandler
from sampan.core.model.kinds import KubeObject
from sampan.core.node import lifecycle, long_tasks
from sampan.core.node.probe_actions import Answer
from sampan.core.testing.clock import START

pytestmark = pytest.mark.anyio

Bench = Any

HOOK = Lifecycle(post_start=LifecycleHandler(exec=ExecAction(command=("warm-up",))))
HOOKED = Container(name="main", image="x", lifecycle=HOOK)


class Hooks:
    """What hooks answer, once they may."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.answers: list[Answer] = []

    def run(self, *_: Any) -> Answer:
        self.gate.wait(30)
        return self.answers.pop() if self.answers else Answer(True)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hooks]:
    hooks = Hooks()
    monkeypatch.setattr(long_tasks, "run_hook", hooks.run)
    yield hooks
    hooks.gate.set()


async def test_a_container_runs_once_its_hook_is_done(bench: Bench, hooks: Hooks) -> None:
    bench.put("web", HOOKED, Container(name="side", image="x"))
    await bench.until(lambda: bench.events("Started"))
    await bench.becomes("Pending: main ContainerCreating 0, side ContainerCreating 0")
    hooks.gate.set()
    await bench.becomes("Running: main running 0 ready, side running 0 ready")


async def test_hooks_that_hang_hold_no_other_pod_up_and_their_own_can_be_deleted(bench: Bench, hooks: Hooks) -> None:
    for number in range(20):
        bench.put(f"hangs-{number}", HOOKED)
    bench.put()
    await bench.becomes("Running: main running 0 ready")
    for number in range(20):
        await bench.api.delete(Pod, "default", f"hangs-{number}")
    await bench.until(lambda: len(bench.api.all(Pod)) == 1)


async def test_a_hook_that_fails_ends_its_container(bench: Bench, hooks: Hooks) -> None:
    hooks.answers = [Answer(False, "no")]
    hooks.gate.set()
    bench.put("web", HOOKED)
    await bench.becomes("Running: main running 1 ready")
    await bench.agent.settled()
    assert bench.events("FailedPostStartHook") == [("FailedPostStartHook", "PostStartHook failed")]
    assert bench.events("Killing") == [("Killing", "FailedPostStartHook")]


async def test_the_hook_of_a_sidecar_runs_while_the_others_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()

    def run(*_: Any) -> Answer:
        began.set()
        return Answer(True)

    monkeypatch.setattr(lifecycle, "run_hook", run)
    stop = Lifecycle(pre_stop=LifecycleHandler(exec=ExecAction(command=("drain",))))
    sidecar = Container(name="proxy", image="x", restart_policy="Always", lifecycle=stop)
    words = {"main.sampan.dev/stop-time": "20", "proxy.sampan.dev/stop-time": "15"}
    bench.put(init_containers=(sidecar,), words=words, termination_grace_period_seconds=30)
    await bench.becomes("Running: proxy running 0 ready, main running 0 ready")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(began.is_set)
    by_name = {each.config.name: each for each in bench.world.containers.values()}
    await bench.until(lambda: by_name["main"].stopped)
    assert by_name["proxy"].stopped is None
    bench.time.advance(20)
    await bench.until(lambda: by_name["proxy"].stopped)
    bench.time.advance(10)
    await bench.until(lambda: not bench.api.all(Pod))
    stopped = by_name["proxy"].stopped
    assert stopped is not None
    ended, code = stopped
    assert (code, (ended - START).total_seconds()) == (137, 30), "it had what the others left of the 30 seconds"


async def test_a_hook_that_fails_is_why_its_container_is_not_there(bench: Bench, hooks: Hooks) -> None:
    told: set[str | None] = set()

    def note(_verb: str, obj: KubeObject) -> None:
        # It is started again at once: the state itself may have gone before anybody looks.
        if isinstance(obj, Pod):
            told.update(each.state.waiting.reason for each in obj.status.container_statuses if each.state.waiting)

    bench.api.fail = note
    hooks.answers = [Answer(False, "no")]
    hooks.gate.set()
    bench.put("web", HOOKED)
    await bench.becomes("Running: main running 1 ready")
    assert "PostStartHookError" in told
