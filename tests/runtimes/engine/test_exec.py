"""Commands that are over time, and whom that may cost the life."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.runtimes.engine.containers import EngineContainers
from sampan.runtimes.engine.logs import EngineLogs
from sampan.runtimes.engine.processes import EngineProcesses
from sampan.runtimes.engine.signals import is_in_container, kill_in_container
from tests.support.stub_engine import begun, stub_api, whole

ID = "5f0e" * 16


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("cgroups", "is_in"),
    [
        (f"0::/system.slice/docker-{ID}.scope\n", True),
        (f"0::/machine.slice/libpod-{ID}.scope/container\n", True),
        (f"0::/../../docker/{ID}/init.scope\n", True),
        (f"12:pids:/user.slice\n3:cpu,cpuacct:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/\n", True),
        (f"0::/libpod_parent/libpod-{ID}\n", True),
        (f"0::/system.slice/docker-{ID[::-1]}.scope\n", False),
        (f"3:{ID}:/\n", False),
        ("0::/\n", False),
        ("", False),
    ],
)
def test_a_process_is_known_by_its_control_groups(cgroups: str, is_in: bool) -> None:
    assert is_in_container(cgroups, ID) is is_in


@pytest.mark.parametrize("is_in", [True, False])
def test_only_a_process_of_the_container_is_killed(
    tmp_path: Path, bystander: subprocess.Popen[bytes], is_in: bool
) -> None:
    (tmp_path / str(bystander.pid)).mkdir()
    (tmp_path / str(bystander.pid) / "stat").write_text(f"{bystander.pid} (a (strange) name) S 1 7 {bystander.pid} 0")
    (tmp_path / str(bystander.pid) / "cgroup").write_text(f"0::/docker/{ID if is_in else 'other'}\n")
    assert kill_in_container(bystander.pid, ID, tmp_path) is is_in
    if is_in:
        assert bystander.wait(10) == -signal.SIGKILL
    else:
        assert bystander.poll() is None


def test_a_process_that_is_gone_or_not_to_be_seen_is_let_go_of(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    assert not kill_in_container(bystander.pid, ID, tmp_path)
    bystander.kill()
    bystander.wait()
    assert not kill_in_container(bystander.pid, ID)


def test_a_number_that_is_another_processes_here_costs_nobody_the_life(bystander: subprocess.Popen[bytes]) -> None:
    def answer(target: str, connection: socket.socket) -> None:
        answers = {
            f"/containers/{ID}/exec": whole(b'{"Id": "e"}'),
            "/exec/e/start": begun(),
            "/exec/e/json": whole(b'{"Running": true, "Pid": %d}' % bystander.pid),
        }
        connection.sendall(answers[target])
        while target == "/exec/e/start" and connection.recv(100):
            pass

    with stub_api(answer) as api:
        processes = EngineProcesses(api, EngineContainers(api), EngineLogs(api))
        with pytest.raises(TimeoutError, match=r"command 'sleep' timed out after 0\.05 s"):
            processes.exec_sync(ID, ["sleep", "1000"], 0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        bystander.wait(0.05)
