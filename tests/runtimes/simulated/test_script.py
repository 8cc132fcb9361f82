"""What annotations make simulated pods do, with time moved by hand."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sampan.core.contracts.runtime import ImageError, LogOptions, RuntimeFailure, RuntimeSettings
from sampan.core.contracts.runtime_config import ContainerConfig, SandboxConfig
from sampan.runtimes.simulated.runtime import SimulatedRuntime
from sampan.runtimes.simulated.time import MovedTime


@pytest.fixture
def clock() -> MovedTime:
    return MovedTime()


@pytest.fixture
def runtime(clock: MovedTime, tmp_path: Path) -> SimulatedRuntime:
    settings = RuntimeSettings(cluster="c", node="n", state_dir=tmp_path, pod_cidr="10.9.0.0/16")
    return SimulatedRuntime(settings, time=clock)


def run(runtime: SimulatedRuntime, name: str = "main", uid: str = "u1", **words: str) -> str:
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="p", namespace="default", uid=uid))
    annotations = {f"sampan.dev/{word.replace('_', '-')}": value for word, value in words.items()}
    container_id = runtime.create_container(sandbox, ContainerConfig(name=name, image="x", annotations=annotations))
    runtime.start_container(container_id)
    return container_id


def state(runtime: SimulatedRuntime, container_id: str) -> tuple[str, int | None]:
    container = next(each for each in runtime.list_containers() if each.id == container_id)
    return container.state, container.exit_code


def test_a_container_starts_runs_and_ends_when_its_annotations_say(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    container = run(runtime, start_delay="2", run_time="10", exit_code="3")
    assert state(runtime, container) == ("created", None)
    clock.advance(2)
    assert state(runtime, container) == ("running", None)
    clock.advance(9.9)
    assert state(runtime, container) == ("running", None)
    clock.advance(0.2)
    assert state(runtime, container) == ("exited", 3)


def test_an_annotation_may_speak_of_one_container(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    sandbox = runtime.run_pod_sandbox(SandboxConfig(name="p", namespace="default", uid="u"))
    annotations = {"sampan.dev/run-time": "5", "side.sampan.dev/run-time": "never"}
    ids = []
    for name in ("main", "side"):
        config = ContainerConfig(name=name, image="x", annotations=annotations)
        ids.append(runtime.create_container(sandbox, config))
        runtime.start_container(ids[-1])
    clock.advance(6)
    assert [state(runtime, each)[0] for each in ids] == ["exited", "running"]


def test_probes_are_answered_by_annotation(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    container = run(runtime, ready_after="5", fails_after="60")
    answers = []
    for _ in range(3):
        answers.append(runtime.exec_sync(container, ["any"], 1).exit_code)
        clock.advance(30)
    assert answers == [1, 0, 1]


def test_stopping_takes_the_time_that_it_takes(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    container = run(runtime, stop_time="5", stop_exit_code="4")
    stopping = threading.Thread(target=runtime.stop_container, args=(container, 30))
    stopping.start()
    deadline = time.monotonic() + 10
    while stopping.is_alive() and time.monotonic() < deadline:
        clock.advance(1)
    stopping.join(0)
    assert state(runtime, container) == ("exited", 4)


def test_events_come_when_their_time_has_come(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    heard: list[tuple[str, str]] = []

    def listen() -> None:
        heard.extend((event.uid, event.type) for event in runtime.events())

    listener = threading.Thread(target=listen)
    listener.start()
    run(runtime, uid="u7", run_time="60")
    deadline = time.monotonic() + 10
    while ("u7", "started") not in heard and time.monotonic() < deadline:
        time.sleep(0.001)
    assert heard == [("u7", "started")]
    while len(heard) < 2 and time.monotonic() < deadline:
        clock.advance(60)
    assert heard == [("u7", "started"), ("u7", "exited")]
    runtime.close()
    listener.join(10)
    assert not listener.is_alive()


def test_logs_and_use_are_as_annotated(runtime: SimulatedRuntime, clock: MovedTime) -> None:
    container = run(runtime, log="one\ntwo", cpu="250m", memory="64Mi")
    clock.advance(4)
    assert list(runtime.logs(container, LogOptions(tail_lines=1))) == [b"two\n"]
    stats = runtime.stats(container)
    assert (stats.cpu_nanos, stats.memory_bytes) == (1_000_000_000, 64 << 20)


def test_a_word_that_is_no_number_is_refused_by_name(runtime: SimulatedRuntime) -> None:
    with pytest.raises(RuntimeFailure, match=r"sampan\.dev/run-time is not a number: 'soon'"):
        run(runtime, run_time="soon")


def test_images_of_the_invalid_domain_are_not_there(runtime: SimulatedRuntime) -> None:
    with pytest.raises(ImageError, match=r"registry\.invalid/x"):
        runtime.pull_image("registry.invalid/x")
    assert runtime.image("registry.invalid/x") is None


def test_a_full_range_of_addresses_is_an_error_and_freed_ones_are_used_again(tmp_path: Path, clock: MovedTime) -> None:
    settings = RuntimeSettings(cluster="c", node="n", state_dir=tmp_path, pod_cidr="10.9.0.0/30")
    runtime = SimulatedRuntime(settings, time=clock)
    first, second = (runtime.run_pod_sandbox(SandboxConfig(name=n, namespace="d", uid=n)) for n in "ab")
    assert [first.ip, second.ip] == ["10.9.0.1", "10.9.0.2"]
    with pytest.raises(RuntimeFailure, match=r"no address is left in 10\.9\.0\.0/30"):
        runtime.run_pod_sandbox(SandboxConfig(name="c", namespace="d", uid="c"))
    runtime.remove_pod_sandbox(first.id)
    assert runtime.run_pod_sandbox(SandboxConfig(name="c", namespace="d", uid="c")).ip == "10.9.0.1"
    runtime.close()
