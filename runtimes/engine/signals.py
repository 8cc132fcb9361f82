"""Ending a process that an engine names by its number."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

PROC = Path("/proc")


def kill_in_container(pid: int, container_id: str, proc: Path = PROC) -> bool:
    """SIGKILL for a process if it is one of this container's here; has it been sent?

    The number is the engine's: here it may be another process's, where this one has process ids of its own (sampan in a
    container), where the engine is in a virtual machine, and where the number was given again. The descriptor is opened
    first, so that what is looked at is what is killed.
    """
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            if is_in_container((proc / str(pid) / "cgroup").read_text(), container_id):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                return True
        finally:
            os.close(process)
    return False


def is_in_container(cgroups: str, container_id: str) -> bool:
    """By ``/proc/PID/cgroup``, ``HIERARCHY:CONTROLLERS:PATH`` a line: engines name a container's group after its id.

    ``/docker/ID``, ``/system.slice/docker-ID.scope``, ``/machine.slice/libpod-ID.scope/container`` …: one line in cgroup
    v2, one for each hierarchy in v1, of which some may have no group of the container's own.
    """
    return any(container_id in line.split(":", 2)[-1] for line in cgroups.splitlines())
