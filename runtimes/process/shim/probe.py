"""What this kernel lets this user do, found out by doing it: each try in a child of its own, which then ends."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

from sampan.runtimes.process.shim import kernel, namespaces
from sampan.runtimes.process.shim.channel import Channel
from sampan.runtimes.process.shim.overlay import overlay

PRIVATE = ("mnt", "uts", "ipc", "pid")


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``directory`` to try overlays in (kept empty), ``subordinate``. Answers with booleans."""
    directory = str(request["directory"])
    subordinate = request["subordinate"]
    assert subordinate is None or isinstance(subordinate, list)
    found: dict[str, object] = {
        "namespaces": possible(lambda: namespaces.leave(PRIVATE)),
        "network": possible(lambda: namespaces.leave(("net",))),
        "user_namespaces": possible(lambda: namespaces.leave_as_root(PRIVATE, None)),
        "user_range": bool(subordinate) and possible(lambda: namespaces.leave_as_root(PRIVATE, subordinate)),
    }
    as_root = bool(found["namespaces"])
    found["upper"] = ""
    if as_root or found["user_namespaces"]:
        for upper in ("disk", "memory"):
            if possible(functools.partial(try_overlay, directory, upper, as_root)):
                found["upper"] = upper
                break
    channel.send(found)


def possible(attempt: Callable[[], None]) -> bool:
    """Does it go without an error?"""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            attempt()
            code = 0
        except OSError:
            pass
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def try_overlay(directory: str, upper: str, as_root: bool) -> None:
    """One over an empty folder, written to."""
    if as_root:
        namespaces.leave(("mnt",))
    else:
        namespaces.leave_as_root(("mnt",), None)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SLAVE)
    lower, target = os.path.join(directory, "lower"), os.path.join(directory, "target")
    for folder in (lower, target):
        os.makedirs(folder, exist_ok=True)
    overlay(target, lower, directory, "", upper)
    os.mkdir(os.path.join(target, f"made-{upper}"))
