"""What this kernel lets this user do, found out by doing it: each try in a child of its own, which then ends.

A try goes all the way that a pod goes, to a tree of its own with its system folders: single steps that work prove nothing
(in a chroot every namespace can be had, and no mount made private).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

from sampan.runtimes.process.shim import namespaces, rootfs
from sampan.runtimes.process.shim.channel import Channel
from sampan.runtimes.process.shim.job import Job

PRIVATE = ("mnt", "uts", "ipc", "pid")
UPPERS = ("disk", "memory", "")
LONGEST_REASON = 200


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``directory`` to try trees in (kept empty), ``subordinate``. Answers with the ``sort`` of pods that
    works (``plain``: without a user namespace; ``range``; ``single``; or empty), ``upper``, ``network``, and as
    ``problem`` why nothing better does."""
    subordinate = request["subordinate"]
    assert subordinate is None or isinstance(subordinate, list)
    sort, upper, problem = best(str(request["directory"]), subordinate)
    network = sort == "plain" and not why_not(lambda: namespaces.leave(("net",)))
    channel.send({"sort": sort, "upper": upper, "network": network, "problem": problem})


def best(directory: str, subordinate: list[list[int]] | None) -> tuple[str, str, str]:
    """(sort, upper, the first problem met on the way)"""
    problem = ""
    for sort in ("plain", *(("range",) if subordinate else ()), "single"):
        for upper in UPPERS:
            failed = why_not(functools.partial(try_pod, directory, sort, upper, subordinate))
            if not failed:
                return sort, upper, problem
            problem = problem or failed
    return "", "", problem


def why_not(attempt: Callable[[], None]) -> str:
    """Empty where it goes without an error, else the error."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
        except Exception as exc:
            os.write(writing, (str(exc) or type(exc).__name__).encode()[:LONGEST_REASON])
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        problem = pipe.read().decode(errors="replace")
    status = os.waitpid(pid, 0)[1]
    return problem or (f"a try ended with {os.waitstatus_to_exitcode(status)}" if status else "")


def try_pod(directory: str, sort: str, upper: str, subordinate: list[list[int]] | None) -> None:
    """The namespaces of a pod, and in them a container's tree. Raises `OSError` where either cannot be had."""
    if sort == "plain":
        namespaces.leave(PRIVATE)
    else:
        namespaces.leave_as_root(PRIVATE, subordinate if sort == "range" else None)
    # The first process of the new process namespace: only there can its /proc be mounted.
    if problem := why_not(lambda: rootfs.enter(job(sort, upper), os.path.join(directory, f"{sort}-{upper}"))):
        raise OSError(problem)


def job(sort: str, upper: str) -> Job:
    """The smallest there is, on the host's own tree."""
    return Job(
        uid="",
        events="",
        sandbox_pid=0,
        enter=[],
        own_pid=True,
        user_namespace="" if sort == "plain" else sort,
        root={"kind": "host", "layers": [], "layers_dir": "", "upper": upper, "masks": [], "read_only": False},
        mounts=[],
        files=[],
        shm="/dev/shm",
        argv=[],
        env={},
        cwd="/",
        user={"image_user": "", "uid": None, "gid": None, "groups": []},
        capabilities=[],
        privileged=False,
        no_new_privileges=False,
        tty=False,
        stdin=False,
        stdin_once=False,
        oom_score_adj=0,
        cgroups=[],
        log_max_bytes=0,
        log_max_files=0,
    )
