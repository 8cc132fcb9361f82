"""Stories of pods that begin anew in their place, because one of their containers has ended in a certain way."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container, ContainerRestartRule, ContainerRestartRuleOnExitCodes

pytestmark = pytest.mark.anyio

Bench = Any
FOR_42 = ContainerRestartRule(
    action="RestartAllContainers", exit_codes=ContainerRestartRuleOnExitCodes(operator="In", values=(42,))
)


def pod(bench: Bench, **words: str) -> Any:
    main = Container(name="main", image="x", restart_policy="Never", restart_policy_rules=(FOR_42,))
    given = {"init.sampan.dev/run-time": "1", "main.sampan.dev/run-time": "5", **words}
    return bench.put(
        "web",
        main,
        Container(name="side", image="y"),
        init_containers=(Container(name="init", image="z"),),
        restart_policy="Never",
        words=given,
    )


def condition(bench: Bench) -> tuple[str, str | None]:
    found = next(each for each in bench.pod().status.conditions if each.type == "AllContainersRestarting")
    return found.status, found.reason


async def test_all_begin_anew_with_the_init_containers_in_the_same_sandbox(bench: Bench) -> None:
    pod(bench, **{"main.sampan.dev/exit-code": "42"})
    await bench.pass_until("Running: init Completed 0 0 ready, main running 0 ready, side running 0 ready", 1)
    ip = bench.pod().status.pod_ip
    assert condition(bench) == ("False", None)
    await bench.pass_until("Running: init Completed 0 1 ready, main running 1 ready, side running 1 ready", 1)
    assert bench.pod().status.pod_ip == ip
    assert len(bench.world.sandboxes) == 1
    assert condition(bench) == ("False", None)
    last = bench.pod().status.container_statuses[0].last_state.terminated
    assert (last.exit_code, last.reason) == (137, "RestartingAllContainers")

    await bench.pass_until("Running: init Completed 0 1 ready, main CrashLoopBackOff 1, side Error 137 1", 1)
    assert condition(bench) == ("True", "RestartAllContainersStarted")
    await bench.pass_until("Running: init Completed 0 2 ready, main running 2 ready, side running 2 ready", 1)


async def test_another_end_is_an_end(bench: Bench) -> None:
    pod(bench, **{"main.sampan.dev/exit-code": "41", "side.sampan.dev/run-time": "1"})
    await bench.pass_until("Failed: init Completed 0 0 ready, main Error 41 0, side Completed 0 0", 1)
    assert condition(bench) == ("False", "PodFailed")


async def test_a_containers_own_policy_keeps_a_pod_running_that_restarts_nothing_else(bench: Bench) -> None:
    main = Container(name="main", image="x", restart_policy="OnFailure")
    bench.put("web", main, restart_policy="Never", words={"run-time": "1", "exit-code": "3"})
    await bench.pass_until("Running: main CrashLoopBackOff 1", 1)
    await bench.pass_until("Running: main CrashLoopBackOff 2", 1)
