"""The administration's socket of a Caddy: who listens there, and a configuration loaded whole or not at all.

A path to a socket may have 107 bytes and data directories have more, so it is reached through its folder's descriptor.
"""

from __future__ import annotations

import http.client
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from sampan.core.errors import SampanError
from sampan.plugins.ingress.configuration import ADMIN_SOCKET, Json

TIMEOUT = 30.0
_CREDENTIALS = struct.Struct("3i")


def listener(folder: Path) -> int | None:
    """The process that listens on the socket in ``folder``, also where it hangs; ``None``: nobody does."""
    try:
        with _connected(folder) as connection:
            found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    return int(_CREDENTIALS.unpack(found)[0]) or None


def serves(folder: Path) -> bool:
    """Whether its first configuration counts. Waits while it is being loaded, during which the socket is there already."""
    try:
        with _connected(folder) as connection:
            talk = http.client.HTTPConnection("caddy", timeout=TIMEOUT)
            talk.sock = connection
            talk.request("GET", "/config/apps/http/servers")
            answer = talk.getresponse()
            return answer.status == http.client.OK and answer.read().strip() not in (b"", b"null")
    except (OSError, http.client.HTTPException):
        return False


def load(folder: Path, configuration: Json) -> None:
    """Let it count from now on. Raises `SampanError` with Caddy's words, or `OSError` where nobody listens."""
    with _connected(folder) as connection:
        talk = http.client.HTTPConnection("caddy", timeout=TIMEOUT)
        talk.sock = connection
        talk.request("POST", "/load", orjson.dumps(configuration), {"Content-Type": "application/json"})
        answer = talk.getresponse()
        said = answer.read()
    if answer.status != http.client.OK:
        with suppress(orjson.JSONDecodeError, KeyError, TypeError):
            said = str(orjson.loads(said)["error"]).encode()
        raise SampanError(f"caddy does not take its configuration: {said.decode(errors='replace').strip()}")


@contextmanager
def _connected(folder: Path) -> Iterator[socket.socket]:
    number = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
            made.settimeout(TIMEOUT)
            made.connect(f"/proc/self/fd/{number}/{ADMIN_SOCKET}")
            yield made
    finally:
        os.close(number)
