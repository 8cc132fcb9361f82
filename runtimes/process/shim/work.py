"""What a child of the launcher does: one kind of work, named in the request."""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback

from sampan.runtimes.process.shim import connect, container, exec_session, host_ports, probe, removal, sandbox
from sampan.runtimes.process.shim.channel import Channel

WORK = {
    "probe": probe.run,
    "sandbox": sandbox.run,
    "container": container.run,
    "exec": exec_session.run,
    "connect": connect.run,
    "host-ports": host_ports.run,
    "remove": removal.run,
}


def do(name: str, sock: socket.socket) -> None:
    """Carry it out in a session of its own, and end this process."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        channel = Channel(sock)
        try:
            WORK[name](channel, channel.receive())
            code = 0
        except Exception as exc:
            traceback.print_exc()  # to the launcher's log file
            channel.send({"error": str(exc) or type(exc).__name__})
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
