"""Ending a command that an engine names by the number of its process."""

from __future__ import annotations

from pathlib import Path

from sampan.core.host.sessions import PROC, kill_session


def kill_in_container(pid: int, container_id: str, proc: Path = PROC) -> bool:
    """SIGKILL for a command and all that it has started, as far as they are this container's here; was there any?

    The number is the engine's: here it may be another process's, where this one has process ids of its own (sampan in a
    container), where the engine is in a virtual machine, and where the number was given again. OCI runtimes begin a session
    for each command.
    """

    def is_ours(each: int) -> bool:
        return is_in_container((proc / str(each) / "cgroup").read_text(), container_id)

    return kill_session(pid, is_ours, proc)


def is_in_container(cgroups: str, container_id: str) -> bool:
    """By ``/proc/PID/cgroup``, ``HIERARCHY:CONTROLLERS:PATH`` a line: engines name a container's group after its id.

    ``/docker/ID``, ``/system.slice/docker-ID.scope``, ``/machine.slice/libpod-ID.scope/container`` …: one line in cgroup
    v2, one for each hierarchy in v1, of which some may have no group of the container's own.
    """
    return any(container_id in line.split(":", 2)[-1] for line in cgroups.splitlines())
