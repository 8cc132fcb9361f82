"""Another process in a running container: enters its namespaces, runs the command there, and tells its exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import socket

from sampan.core.host.polling import readable
from sampan.runtimes.process.shim import identity, init, kernel, namespaces
from sampan.runtimes.process.shim.channel import Channel, ChannelClosed
from sampan.runtimes.process.shim.container import wait_for_program
from sampan.runtimes.process.shim.job import Job


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``pid`` of the container's process, ``sandbox_pid``, ``job`` (as the container's, with the command's own
    argv and ``tty``), and three descriptors unless ``tty``. Answers ``started``, with the terminal where there is one,
    then ``exit_code``. ``{"kill": signal}``, or the channel's end, kills the command."""
    kernel.set_process_name("sampan-exec")
    job: Job = request["job"]  # type: ignore[assignment]
    stdio = channel.take_fds()
    for folder in job["cgroups"]:
        with contextlib.suppress(OSError), open(os.path.join(folder, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")
    namespaces.enter(int(str(request["sandbox_pid"])), ("user",))  # it owns the others, whoever the container's user is
    try:
        namespaces.enter(int(str(request["pid"])), ("mnt", "uts", "ipc", "net", "pid"))
    except FileNotFoundError as exc:
        raise ProcessLookupError("the container has ended") from exc
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        become(job, Channel(theirs), (stdio[0], stdio[1], stdio[2]) if stdio else None)
    theirs.close()
    for fd in stdio:
        os.close(fd)
    beginning = wait_for_program(Channel(ours))
    console, error = beginning.console, beginning.error
    if error is not None:
        os.waitpid(pid, 0)
        channel.send({"error": error, "exit_code": 127 if "not found" in error or "no such file" in error else 126})
        return
    channel.send({"started": pid}, (console,) if console is not None else ())
    if console is not None:
        os.close(console)
    channel.send({"exit_code": wait(pid, channel)})


def become(job: Job, status: Channel, stdio: tuple[int, int, int] | None) -> None:
    """Never returns."""
    try:
        status.receive()
        os.umask(0o022)
        os.setsid()
        who = identity.resolve(job["user"])
        init.attach_stdio(stdio, who, status)
        init.start_program(job, who)
    except Exception as exc:
        status.send({"error": init.words(exc)})
    finally:
        os._exit(126)


def wait(pid: int, channel: Channel) -> int:
    """Until the command ends; killed by a signal is 128 more than its number."""
    process = os.pidfd_open(pid)
    listening = True
    while True:
        ready = readable([process, channel.socket.fileno()] if listening else [process])
        if process in ready:
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            return code if code >= 0 else 128 - code
        try:
            number = int(str(channel.receive()["kill"]))
        except ChannelClosed:
            number, listening = signal.SIGKILL, False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
