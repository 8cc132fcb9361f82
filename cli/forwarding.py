"""TCP connections into pods over WebSockets, one for each: Kubernetes' channel protocol with one port. Blocking.

Channel 0 has the data and channel 1 what is wrong; each begins with a message that says its port.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from sampan.cli.api import Api
from sampan.cli.channels import connected
from sampan.core.errors import ConfigError, SampanError

PROTOCOL = Subprotocol("v4.channel.k8s.io")
DATA, ERROR = 0, 1
PIECE = 32768

Path = Callable[[], str]


def listen(address: str, port: int) -> socket.socket:
    """At any free port for 0. Raises `ConfigError`."""
    try:
        return socket.create_server((address, port), backlog=64)
    except OSError as exc:
        raise ConfigError(f"unable to listen on {address}:{port}: {exc.strerror}") from exc


def serve(listener: socket.socket, api: Callable[[], Api], path: Path, tell: Callable[[str], None]) -> None:
    """Carry every connection to what ``path`` (with its query) leads to at that moment, until the listener is closed.

    Each has a thread, and an `Api` of its own. What goes wrong with one is told, and ends that one alone.
    """
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_carry, args=(client, api, path, tell), daemon=True).start()


def _carry(client: socket.socket, api: Callable[[], Api], path: Path, tell: Callable[[str], None]) -> None:
    with client:
        try:
            with connected(api(), path(), (PROTOCOL,)) as pod:
                threading.Thread(target=_send, args=(client, pod), daemon=True).start()
                _receive(client, pod)
        except ConnectionClosed:
            tell("lost connection to pod")
        except SampanError as exc:
            tell(str(exc))


def _receive(client: socket.socket, pod: ClientConnection) -> None:
    """Until the pod has said everything, or the client takes no more. Raises `ConfigError` where the pod refuses."""
    begun: set[int] = set()
    for message in pod:
        if isinstance(message, str) or not message:
            continue
        channel, data = message[0], message[1:]
        if channel not in begun:
            begun.add(channel)  # its port
        elif channel == ERROR:
            raise ConfigError(data.decode(errors="replace"))
        else:
            try:
                client.sendall(data)
            except OSError:
                return


def _send(client: socket.socket, pod: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := client.recv(PIECE):
            pod.send(bytes([DATA]) + data)
