"""The end of a container: what is left of it is killed, and how it ended is written down and told."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from sampan.runtimes.process.shim import records
from sampan.runtimes.process.shim.job import Job

START_FAILED = 128
"""The exit code that containerd gives to a container whose program could not be started."""


def write_start_failure(job: Job, directory: str, pid: int, error: str, started_at: int) -> None:
    os.waitpid(pid, 0)
    remove_cgroups(job)
    record = {
        "exit_code": START_FAILED,
        "reason": "StartError",
        "message": f"failed to start container: {error}",
        "started_at": started_at,
        "finished_at": time.time_ns(),
    }
    records.write(os.path.join(directory, "exit.json"), record)
    tell(job)


def write_exit(job: Job, directory: str, status: int) -> dict[str, object]:
    """``status`` as ``waitpid`` gives it; killed by a signal is 128 more than its number, as shells count."""
    code = os.waitstatus_to_exitcode(status)
    record: dict[str, object] = {"exit_code": code if code >= 0 else 128 - code, "finished_at": time.time_ns()}
    if out_of_memory(job["cgroups"]):
        record["reason"] = "OOMKilled"
    remove_cgroups(job)
    records.write(os.path.join(directory, "exit.json"), record)
    tell(job)
    return record


def tell(job: Job) -> None:
    """Wake the runtime, if one listens."""
    with contextlib.suppress(OSError):  # ENXIO: nobody does; EAGAIN: it has plenty to read already
        fd = os.open(job["events"], os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.write(fd, f"exited {job['uid']}\n".encode())
        finally:
            os.close(fd)


def out_of_memory(cgroups: list[str]) -> bool:
    for folder in cgroups:
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError), open(os.path.join(folder, name), encoding="ascii") as file:
                if any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in file):
                    return True
    return False


def remove_cgroups(job: Job) -> None:
    for folder in job["cgroups"]:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def kill_rest(mount_namespace: int | None, own: int) -> None:
    """Kill what a container without a process namespace of its own has left: all in its mount namespace, or, where it
    has none, all descendants of the supervisor (``own``). Until two looks find none: one may fork during the first."""
    empty_looks = 0
    while empty_looks < 2:
        left = in_mount_namespace(mount_namespace) if mount_namespace else descendants(own)
        empty_looks = 0 if left else empty_looks + 1
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        os.sched_yield()


def in_mount_namespace(inode: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{entry}/ns/mnt").st_ino == inode and records.start_time(int(entry)) is not None:
                    found.append(int(entry))
    return found


def descendants(ancestor: int) -> list[int]:
    """Living processes below one, by their parents."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
                if fields[0] not in (b"Z", b"X"):
                    children.setdefault(int(fields[1]), []).append(int(entry))
    found = list(children.get(ancestor, ()))
    for pid in found:  # grows as it goes
        found += children.get(pid, ())
    return found
