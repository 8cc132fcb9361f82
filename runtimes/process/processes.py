"""Looking at and ending processes of the host: supervisors, containers, and what is left of either."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path

from sampan.runtimes.process.layout import SHIM
from sampan.runtimes.process.shim import ending, records

TICK_NANOS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Watched:
    """A recorded process by descriptor: signals cannot reach another one that got its number."""

    def __init__(self, process: object) -> None:
        self._fd: int | None = None
        if records.is_alive(process):
            assert isinstance(process, dict)
            with contextlib.suppress(ProcessLookupError):
                self._fd = os.pidfd_open(process["pid"])
            if not records.is_alive(process):
                self.close()

    def signal(self, number: int) -> None:
        if self._fd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._fd, number)

    def wait(self, timeout: float | None) -> bool:
        """Has it ended (within so many seconds)?"""
        if self._fd is None:
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(0, timeout) * 1000))

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def kill(process: object) -> None:
    """And wait until it is gone."""
    with Watched(process) as watched:
        watched.signal(signal.SIGKILL)
        watched.wait(None)


def of_state_dir(state_dir: Path) -> list[int]:
    """Everything that a launcher for this folder has forked and that has not become another program."""
    found = []
    # Not by the shim's whole path: another installation of sampan may have started them.
    shim, wanted = SHIM.name.encode(), str(state_dir).encode()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError, IndexError):
                arguments = Path("/proc", entry, "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                if arguments[-1] == wanted and os.path.basename(arguments[-2]) == shim:
                    found.append(int(entry))
    return found


def kill_all(state_dir: Path, patience: float = 10.0) -> None:
    """End all of them, and with the supervisors their containers."""
    deadline = time.monotonic() + patience
    while (pids := of_state_dir(state_dir)) and time.monotonic() < deadline:
        for pid in pids:
            kill(records.identity(pid))


def use(pid: int, supervisor: int) -> tuple[int, int]:
    """(CPU nanoseconds, resident bytes) of a container without control groups: all in its mount namespace, or, where
    that is the host's, all below its supervisor."""
    inode = None
    with contextlib.suppress(OSError):
        theirs = os.stat(f"/proc/{pid}/ns/mnt").st_ino
        inode = theirs if theirs != os.stat("/proc/self/ns/mnt").st_ino else None
    members = ending.in_mount_namespace(inode) if inode else ending.descendants(supervisor)
    cpu = memory = 0
    for member in members:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_bytes().rpartition(b")")[2].split()
            cpu += sum(int(field) for field in fields[11:15]) * TICK_NANOS
            memory += int(fields[21]) * PAGE_BYTES
    return cpu, memory
