"""`kubectl port-forward`, as long as a test needs it."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import httpx

from tests.support.kubectl import Kubectl


@attrs.frozen
class Forward:
    """A ``kubectl port-forward`` that goes on, and its end on this machine."""

    process: subprocess.Popen[str]
    port: int

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 30)


@contextmanager
def forward(kubectl: Kubectl, what: str, port: int) -> Iterator[Forward]:
    """Ended at the end, unless it has ended by itself."""
    with kubectl.start(f"port-forward --address 127.0.0.1 {what} :{port}", stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
            if found is None:
                process.kill()
                raise AssertionError(f"{said}{process.communicate()[1]}")
            yield Forward(process, int(found[1]))
        finally:
            process.kill()
