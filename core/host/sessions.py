"""Ending a command with all that it has started: its session, and what lies below it. Any thread.

A command that is killed alone leaves its children behind, and a probe that is over time would do so every few seconds.
Linux has no verb for a tree of processes, so ``/proc`` is read until nothing of it is left.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")
MOST_LOOKS = 20
"""What forks faster than it can be killed is somebody else's to stop: its container's limit of processes."""


def kill_session(leader: int, is_ours: Callable[[int], bool], proc: Path = PROC) -> bool:
    """SIGKILL for the processes of a session and for those below its ``leader``; was there any?

    ``is_ours`` is asked of each while a descriptor of it is held: a number that has been given again is nobody's end.
    """
    for look in range(MOST_LOOKS):
        if not [pid for pid in session_members(leader, proc) if _kill(pid, is_ours)]:
            return look > 0
    return True


def session_members(leader: int, proc: Path = PROC) -> list[int]:
    """The living processes of the session that ``leader`` has begun, and those below them in sessions of their own."""
    children: dict[int, list[int]] = {}
    found: list[int] = []
    for entry in os.listdir(proc):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (proc / entry / "stat").read_bytes().rpartition(b")")[2].split()
                pid, parent, session = int(entry), int(fields[1]), int(fields[3])
                children.setdefault(parent, []).append(pid)
                if (session == leader or pid == leader) and fields[0] not in (b"Z", b"X"):
                    found.append(pid)
    known = {*found, leader}
    found += [each for each in children.get(leader, ()) if each not in known]
    for pid in found:  # grows as it goes
        known.add(pid)
        found += [each for each in children.get(pid, ()) if each not in known]
    return found


def _kill(pid: int, is_ours: Callable[[int], bool]) -> bool:
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            if is_ours(pid):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                return True
        finally:
            os.close(process)
    return False
