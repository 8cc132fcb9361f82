"""The launcher: forks sandboxes, supervisors and exec sessions for one runtime, so that each starts in milliseconds and
shares this interpreter's memory. Run as ``python -I -S …/shim`` with its request socket as standard input; it ends
when the runtime does, its children go on.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import types


def make_importable() -> None:
    """Let the shim and ``sampan.core.host`` be imported without ``site``: the packages above them, and nothing else."""
    process = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    project = os.path.dirname(os.path.dirname(process))
    for name, path in (
        ("sampan", []),
        ("sampan.core", [os.path.join(project, "core")]),
        ("sampan.runtimes", [os.path.dirname(process)]),
        ("sampan.runtimes.process", [process]),
    ):
        package = types.ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package


def serve(requests: socket.socket) -> None:
    """Fork once per request: the message names the work, the descriptor with it is its channel."""
    from sampan.runtimes.process.shim.work import do

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks for their exit codes: no zombies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for sampan, which then closes the socket
    gc.freeze()
    while True:
        name, fds, _, _ = socket.recv_fds(requests, 64, 1)
        if not name:
            return
        if os.fork() == 0:
            requests.close()
            do(name.decode(), socket.socket(fileno=fds[0]))
        for fd in fds:
            os.close(fd)


if __name__ == "__main__":
    make_importable()
    request_socket = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    serve(request_socket)
