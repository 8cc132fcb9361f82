"""A TCP connection made from inside a pod's network, handed out: port-forward reaches what listens on localhost only."""

from __future__ import annotations

import socket

from sampan.runtimes.process.shim import namespaces
from sampan.runtimes.process.shim.channel import Channel

CONNECT_SECONDS = 10


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``pid`` (of the sandbox), ``port``. Answers with the socket, or an error."""
    port = request["port"]
    assert isinstance(port, int)
    namespaces.enter(int(str(request["pid"])), ("user", "net"))
    sock = socket.create_connection(("localhost", port), CONNECT_SECONDS)
    sock.settimeout(None)
    channel.send({"connected": True}, (sock.fileno(),))
