"""A command is ended with all that it has started, and nobody else is."""

from __future__ import annotations

import subprocess

from sampan.core.host.sessions import kill_session, session_members

SCRIPT = "sleep 60 & setsid sleep 60 & (setsid sh -c 'sleep 60; true' & sleep 60) & echo ready; sleep 60; true"


def test_all_that_a_command_has_started_is_killed_with_it() -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        with subprocess.Popen(
            ["sh", "-c", SCRIPT], stdout=subprocess.PIPE, start_new_session=True, text=True
        ) as command:
            assert command.stdout is not None
            assert command.stdout.readline() == "ready\n"
            while len(session_members(command.pid)) < 8:
                pass  # the shells are still at it
            assert kill_session(command.pid, lambda _pid: True)
            assert command.stdout.read() == "", "nobody holds the pipe any more"
            assert session_members(command.pid) == []
            assert command.wait() == -9
        assert not kill_session(command.pid, lambda _pid: True)
        assert bystander.poll() is None
        bystander.kill()


def test_what_is_not_ours_is_let_live() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as command:
        assert not kill_session(command.pid, lambda pid: pid != command.pid)
        assert command.poll() is None
        command.kill()
