"""A container's supervisor: starts its process, logs its output, lets clients attach, and writes down how it ended.

One small process per container, forked by the launcher, that outlives sampan. What it knows is in files:
``running.json`` before the program starts, ``exit.json`` once all is over, each written whole.
"""

from __future__ import annotations

import os
import socket
import time

from sampan.runtimes.process.shim import ending, init, kernel, namespaces, records
from sampan.runtimes.process.shim.channel import Channel, ChannelClosed
from sampan.runtimes.process.shim.job import Job
from sampan.runtimes.process.shim.supervisor import Supervisor


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: the container's ``directory``, with its ``job.json``. Answers once the program runs, or an error."""
    directory = str(request["directory"])
    job: Job = records.read(os.path.join(directory, "job.json"))  # type: ignore[assignment]
    kernel.set_process_name("sampan-shim")
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # orphans come here, where there is no namespace to end with
    os.chdir("/")
    namespaces.enter(job["sandbox_pid"], tuple(job["enter"]))
    if job["own_pid"]:
        namespaces.leave(("pid",))
    stdio = StandardStreams(job)
    pid, status = fork(job, directory, stdio)
    for folder in job["cgroups"]:
        with open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))
    started_at = time.time_ns()
    running = {"process": records.identity(pid), "shim": records.identity(os.getpid()), "started_at": started_at}
    records.write(os.path.join(directory, "running.json"), running)
    beginning = wait_for_program(status)
    supervisor = Supervisor(job, directory, pid, stdio.ends(beginning.console), beginning.mount_namespace)
    if beginning.error is not None:
        ending.write_start_failure(job, directory, pid, beginning.error, started_at)
        channel.send({"error": beginning.error})
        return
    answer(channel, {"pid": pid, "started_at": started_at})
    supervisor.run()


def fork(job: Job, directory: str, stdio: StandardStreams) -> tuple[int, Channel]:
    """The container's process, waiting to be let go."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        init.become(job, directory, Channel(theirs), stdio.inner)
    theirs.close()
    stdio.close_inner()
    return pid, Channel(ours)


class Beginning:
    """What a new process tells until its program runs."""

    def __init__(self) -> None:
        self.console: int | None = None
        """Its terminal, where it has one."""
        self.error: str | None = None
        self.mount_namespace: int | None = None
        """The inode of its own, where it has one: told, since the program may end before anybody could look."""


def wait_for_program(status: Channel) -> Beginning:
    """Let it go, and wait until the program runs: the channel closes by itself then."""
    seen = Beginning()
    status.send({"go": True})
    try:
        while True:
            message = status.receive()
            if fds := status.take_fds():
                seen.console = fds[0]
            if "mount_namespace" in message:
                seen.mount_namespace = int(str(message["mount_namespace"]))
            if "error" in message:
                seen.error = str(message["error"])
    except ChannelClosed:
        return seen
    finally:
        status.close()


def answer(channel: Channel, message: dict[str, object]) -> None:
    """Sampan may be gone already: the container goes on."""
    try:
        channel.send(message)
    except ChannelClosed:
        return
    finally:
        channel.close()


class StandardStreams:
    """The pipes between supervisor and program; with a terminal there are none."""

    def __init__(self, job: Job) -> None:
        self.inner: tuple[int, int, int] | None = None
        self._outer: tuple[int | None, int, int] | None = None
        if job["tty"]:
            return
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        in_read, in_write = os.pipe() if job["stdin"] else (os.open(os.devnull, os.O_RDONLY), None)
        self.inner = (in_read, out_write, err_write)
        self._outer = (in_write, out_read, err_read)

    def close_inner(self) -> None:
        for fd in self.inner or ():
            os.close(fd)

    def ends(self, console: int | None) -> tuple[int | None, int | None, int | None]:
        """(stdin to write, stdout to read, stderr to read)"""
        return self._outer if self._outer else (console, console, None)
