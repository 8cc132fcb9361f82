"""A process in a container over WebSocket: Kubernetes' channel protocol, v5 where the server has it, else v4.

Every binary message begins with its channel's number. The main thread reads what the process writes; a thread of its own
sends what the person types, another the terminal's size.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from sampan.cli.api import Api
from sampan.core.client.status import error_of
from sampan.core.errors import ConfigError

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_V5 = "v5.channel.k8s.io"
_PROTOCOLS: Sequence[Subprotocol] = (Subprotocol(_V5), Subprotocol("v4.channel.k8s.io"))
_PIECE = 32768
OPENING = 60.0
"""Seconds: the server answers when the engine has the process, which takes a busy one its time."""


def run_remote(api: Api, path: str, *, stdin: bool, tty: bool) -> int:
    """Run what ``path`` (with its query) names; returns the process's exit code.

    Raises the server's error where it refuses, `ConfigError` where the connection is lost.
    """
    with connected(api, path, _PROTOCOLS) as socket, _raw_terminal(tty and stdin), _sizes(socket, tty):
        if stdin:
            threading.Thread(target=_send_input, args=(socket,), daemon=True).start()
        return _receive(socket)


@contextlib.contextmanager
def connected(api: Api, path: str, protocols: Sequence[Subprotocol]) -> Iterator[ClientConnection]:
    """A WebSocket to the API. Raises the server's error where it refuses, `ConfigError` where it is not there."""
    url = urlsplit(api.connection.server)
    secure = url.scheme == "https"
    try:
        socket = connect(
            f"{'wss' if secure else 'ws'}://{url.netloc}{path}",
            ssl=api.connection.tls() if secure else None,
            additional_headers=api.authorization(),
            subprotocols=protocols,
            compression=None,
            max_size=None,
            proxy=None,
            open_timeout=OPENING,
        )
    except InvalidStatus as exc:
        raise error_of(exc.response.status_code, _decoded(exc.response.body or b"")) from exc
    except (OSError, InvalidHandshake) as exc:
        raise ConfigError(f"cannot open a connection to {url.netloc}: {exc}") from exc
    with socket:
        yield socket


def _receive(socket: ClientConnection) -> int:
    """Write out what comes until the process's status does."""
    try:
        while True:
            message = socket.recv()
            if isinstance(message, str) or not message:
                continue
            channel, data = message[0], message[1:]
            if channel == STDOUT:
                _write(sys.stdout, data)
            elif channel == STDERR:
                _write(sys.stderr, data)
            elif channel == ERROR:
                return exit_code(orjson.loads(data))
    except ConnectionClosed as exc:
        raise ConfigError("the connection to the container was lost before its command ended") from exc


def exit_code(status: dict[str, Any]) -> int:
    """The exit code in a ``Status``. Raises the error that it is where the command could not be run at all."""
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == "NonZeroExitCode":
        for cause in (status.get("details") or {}).get("causes") or []:
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
    raise error_of(int(status.get("code") or 500), status)


def _write(stream: Any, data: bytes) -> None:
    stream.buffer.write(data)
    stream.flush()


def _send_input(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        while data := os.read(sys.stdin.fileno(), _PIECE):
            socket.send(bytes([STDIN]) + data)
        if socket.subprotocol == _V5:
            # v4 has no way to say that there is no more input.
            socket.send(bytes([CLOSE, STDIN]))


@contextlib.contextmanager
def _raw_terminal(wanted: bool) -> Iterator[None]:
    """Keys go to the container as they are pressed; the terminal is as it was afterwards, whatever happens."""
    if not wanted or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _sizes(socket: ClientConnection, wanted: bool) -> Iterator[None]:
    """Tell the container how large the terminal is, now and whenever that changes."""
    if not wanted or not sys.stdout.isatty():
        yield
        return
    # A signal handler may interrupt the socket's own code: it only puts a word into a queue, which it may at any time.
    changed: queue.SimpleQueue[bool] = queue.SimpleQueue()
    changed.put(True)
    before = signal.signal(signal.SIGWINCH, lambda *_: changed.put(True))

    def send() -> None:
        with contextlib.suppress(ConnectionClosed, OSError):
            while changed.get():
                size = os.get_terminal_size(sys.stdout.fileno())
                socket.send(bytes([RESIZE]) + orjson.dumps({"Width": size.columns, "Height": size.lines}))

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
        changed.put(False)
        sender.join()


def _decoded(body: bytes | bytearray) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
