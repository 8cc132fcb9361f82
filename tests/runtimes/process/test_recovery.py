"""What survives what: a killed sampan, a killed supervisor, a restarted machine, a start that was cut off."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sampan.core.contracts.runtime import LogOptions, Runtime, RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import ContainerConfig, SandboxConfig
from sampan.runtimes.process.processes import of_state_dir
from sampan.runtimes.process.runtime import make_process
from sampan.runtimes.process.shim import records
from tests.support.wait import eventually

FOREVER = "echo ready; trap 'exit 7' TERM; while :; do sleep 0.1; done"

SAMPAN = """
import sys
from pathlib import Path
from sampan.core.contracts.runtime import RuntimeSettings
from sampan.core.contracts.runtime_config import ContainerConfig, SandboxConfig
from sampan.runtimes.process.runtime import make_process

runtime = make_process(RuntimeSettings(cluster="c", node="n", state_dir=Path(sys.argv[1])))
runtime.start()
sandbox = runtime.run_pod_sandbox(SandboxConfig(name="web", namespace="default", uid="u"))
config = ContainerConfig(name="main", image="host", command=("sh", "-c", sys.argv[2]))
container = runtime.create_container(sandbox, config)
runtime.start_container(container)
print(container, flush=True)
sys.stdin.read()
"""


def settings(folder: Path) -> RuntimeSettings:
    return RuntimeSettings(cluster="c", node="n", state_dir=folder / "state")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose runtime is destroyed in the end, by an object that knows nothing else of it."""
    yield tmp_path
    cleaner = make_process(settings(tmp_path))
    cleaner.destroy()
    cleaner.close()
    assert of_state_dir(settings(tmp_path).state_dir) == []


@pytest.fixture
def runtime(folder: Path) -> Iterator[Runtime]:
    made = make_process(settings(folder))
    made.start()
    yield made
    made.close()


def restarted(folder: Path, runtime: Runtime | None = None) -> Runtime:
    if runtime:
        runtime.close()
    made = make_process(settings(folder))
    made.start()
    return made


def pod(runtime: Runtime, **changes: Any) -> Sandbox:
    return runtime.run_pod_sandbox(SandboxConfig(**{"name": "web", "namespace": "default", "uid": "u", **changes}))


def run(runtime: Runtime, sandbox: Sandbox, script: str, **changes: Any) -> str:
    config = ContainerConfig(**{"name": "main", "image": "host", "command": ("sh", "-c", script), **changes})
    container = runtime.create_container(sandbox, config)
    runtime.start_container(container)
    return container


def record(folder: Path, container: str, name: str) -> Any:
    return json.loads((folder / "state/containers" / container / name).read_text())


def is_gone(pid: int) -> bool:
    try:
        return b" Z " in Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_killed_sampan_leaves_its_containers_running_and_logging(folder: Path) -> None:
    command = [sys.executable, "-c", SAMPAN, str(folder / "state"), FOREVER]
    sampan = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert sampan.stdout is not None
    assert sampan.stdin is not None
    container = sampan.stdout.readline().strip()
    sampan.send_signal(signal.SIGKILL)
    sampan.wait()
    sampan.stdout.close()
    sampan.stdin.close()
    runtime = restarted(folder)
    (found,) = runtime.list_containers()
    assert (found.id, found.state) == (container, "running")
    assert next(runtime.logs(container, LogOptions(follow=True))) == b"ready\n"
    assert runtime.exec_sync(container, ["true"], 10).exit_code == 0
    runtime.stop_container(container, 20)
    assert runtime.list_containers()[0].exit_code == 7
    runtime.close()


def test_the_launcher_ends_with_sampan_and_is_started_again_when_killed(folder: Path, runtime: Runtime) -> None:
    before = of_state_dir(folder / "state")
    assert len(before) == 1
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: is_gone(before[0]), "the launcher's end")
    assert pod(runtime).state == "running"
    runtime.close()
    runtime.close()


def test_a_killed_supervisor_takes_its_container_along(folder: Path, runtime: Runtime) -> None:
    container = run(runtime, pod(runtime), FOREVER)
    running = record(folder, container, "running.json")
    os.kill(running["shim"]["pid"], signal.SIGKILL)
    eventually(lambda: is_gone(running["process"]["pid"]), "the container's end")
    ended = eventually(lambda: next((each for each in runtime.list_containers() if each.exit_code), None), "its state")
    assert (ended.state, ended.exit_code, ended.reason) == ("exited", 255, "Unknown")
    assert list(runtime.list_containers()) == [ended]


def test_a_container_that_is_removed_while_somebody_looks_is_just_gone(
    folder: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = run(runtime, pod(runtime), FOREVER)
    running = record(folder, container, "running.json")
    os.kill(running["shim"]["pid"], signal.SIGKILL)
    eventually(lambda: is_gone(running["process"]["pid"]), "the container's end")

    def removed_meanwhile(path: str, _record: object) -> None:
        raise FileNotFoundError(path)

    with monkeypatch.context() as patch:
        patch.setattr(records, "write", removed_meanwhile)
        assert list(runtime.list_containers()) == []
    assert [each.exit_code for each in runtime.list_containers()] == [255]


def test_a_container_killed_by_hand_says_so(folder: Path, runtime: Runtime) -> None:
    container = run(runtime, pod(runtime), FOREVER)
    os.kill(record(folder, container, "running.json")["process"]["pid"], signal.SIGKILL)
    ended = eventually(lambda: next((each for each in runtime.list_containers() if each.exit_code), None), "its end")
    assert (ended.exit_code, ended.reason) == (137, "")


def test_after_a_restart_of_the_machine_everything_has_ended(folder: Path, runtime: Runtime) -> None:
    sandbox = pod(runtime)
    container = run(runtime, sandbox, FOREVER)
    supervisor = record(folder, container, "running.json")["shim"]["pid"]
    runtime.stop_container(container, 0)
    eventually(lambda: is_gone(supervisor), "the supervisor's end")
    runtime.close()
    # What a power cut leaves: records of an earlier boot, whose process numbers others may have by now.
    place = folder / "state/containers" / container
    (place / "exit.json").unlink()
    earlier = {"pid": os.getpid(), "start_time": 1, "boot": "an earlier one"}
    (place / "running.json").write_text(json.dumps({"process": earlier, "shim": earlier, "started_at": 5}))
    path = folder / "state/sandboxes" / sandbox.id / "sandbox.json"
    holder = json.loads(path.read_text())
    path.write_text(json.dumps({**holder, "process": earlier}))
    os.kill(holder["process"]["pid"], signal.SIGKILL)
    again = restarted(folder)
    assert [each.state for each in again.list_pod_sandboxes()] == ["exited"]
    assert [(each.state, each.exit_code, each.reason) for each in again.list_containers()] == [
        ("exited", 255, "Unknown")
    ]
    again.remove_pod_sandbox(sandbox.id)
    assert list(again.list_containers()) == []
    again.close()


def test_what_a_crash_left_half_made_is_cleared_away(folder: Path, runtime: Runtime) -> None:
    (folder / "state/sandboxes/half").mkdir()
    (folder / "state/containers/half").mkdir()
    (folder / "state/addresses/10.99.0.9").write_text("half")
    again = restarted(folder, runtime)
    assert os.listdir(folder / "state/sandboxes") == os.listdir(folder / "state/containers") == []
    if again.capabilities().own_network:
        assert not (folder / "state/addresses/10.99.0.9").exists()
    again.close()


@pytest.mark.parametrize("rest", ["", '{"uid": ', "\0\0\0\0"])
def test_records_that_a_power_cut_spoiled_are_cleared_away(folder: Path, runtime: Runtime, rest: str) -> None:
    sandbox, spoiled = pod(runtime, uid="whole"), pod(runtime, uid="spoiled")
    whole, without_record, without_job = (run(runtime, sandbox, "exit 3", name=name) for name in ("a", "b", "c"))
    for container in (whole, without_record, without_job):
        eventually(lambda: (folder / "state/containers" / container / "exit.json").exists(), "its end")  # noqa: B023
    (folder / "state/containers" / without_record / "container.json").write_text(rest)
    (folder / "state/containers" / without_job / "job.json").write_text(rest)
    holder = record(folder, f"../sandboxes/{spoiled.id}", "sandbox.json")
    os.kill(holder["process"]["pid"], signal.SIGKILL)
    (folder / "state/sandboxes" / spoiled.id / "sandbox.json").write_text(rest)
    again = restarted(folder, runtime)
    assert [each.id for each in again.list_containers()] == os.listdir(folder / "state/containers") == [whole]
    assert [each.id for each in again.list_pod_sandboxes()] == os.listdir(folder / "state/sandboxes") == [sandbox.id]
    again.close()


def test_a_record_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, object]] = []

    def sync(fd: int) -> None:
        steps.append(("sync", json.loads(Path(f"/proc/self/fd/{fd}").read_text())))

    def rename(_old: str, new: str) -> None:
        steps.append(("rename", new))

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "rename", rename)
    records.write(str(tmp_path / "record"), {"a": 1})
    assert steps == [("sync", {"a": 1}), ("rename", str(tmp_path / "record"))]


def test_a_sandbox_that_a_crash_left_half_made_is_made_anew(folder: Path, runtime: Runtime) -> None:
    half = pod(runtime)
    path = folder / "state/sandboxes" / half.id / "sandbox.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "ready": False}))
    again = restarted(folder, runtime)
    assert [each.state for each in again.list_pod_sandboxes()] == ["exited"]
    made = pod(again)
    assert made.state == "running"
    assert [each.id for each in again.list_pod_sandboxes()] == [made.id] != [half.id]
    again.close()


def test_a_held_number_of_another_process_is_not_killed(folder: Path, runtime: Runtime) -> None:
    container = run(runtime, pod(runtime), FOREVER)
    place = folder / "state/containers" / container / "running.json"
    running = json.loads(place.read_text())
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        place.write_text(json.dumps({**running, "process": {**running["process"], "pid": bystander.pid}}))
        os.kill(running["process"]["pid"], signal.SIGKILL)
        runtime.stop_container(container, 0)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_program_that_cannot_be_started_is_an_end_with_a_reason(runtime: Runtime) -> None:
    config = ContainerConfig(name="main", image="host", command=("no-such-program",))
    container = runtime.create_container(pod(runtime), config)
    with pytest.raises(Exception, match=r'"no-such-program": executable file not found in \$PATH'):
        runtime.start_container(container)
    (ended,) = runtime.list_containers()
    assert (ended.state, ended.exit_code, ended.reason) == ("exited", 128, "StartError")


def test_no_orphan_of_a_container_survives_it(folder: Path, runtime: Runtime) -> None:
    seconds = f"4243.{uuid4().int % 10**9:09d}"  # other runs of this test may be on this machine
    for changes in ({}, {"share_process_namespace": True}, {"host_pid": True}):
        sandbox = pod(runtime, uid=f"u{len(changes)}{next(iter(changes), '')}", **changes)
        container = run(runtime, sandbox, f"setsid sleep {seconds} & setsid sleep {seconds} & echo ready; exit 3")
        assert list(runtime.logs(container, LogOptions(follow=True))) == [b"ready\n"]
        commands = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # others end while we look
                commands.append(path.read_bytes())
        assert f"sleep\0{seconds}\0".encode() not in commands
        runtime.remove_pod_sandbox(sandbox.id)
