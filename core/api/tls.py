"""What uvicorn needs to be told for TLS with client certificates, and to live inside a loop that is already running."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import cast

import uvicorn

Subject = tuple[str, tuple[str, ...]]
"""Common name and organizations of a verified client certificate."""
Relative = tuple[tuple[tuple[str, str], ...], ...]
"""A distinguished name as the ``ssl`` module gives it."""


def peer_subject(ssl_object: ssl.SSLObject | None) -> Subject:
    """The subject of a certificate that the TLS handshake has verified; empty for none."""
    certificate = ssl_object.getpeercert() if ssl_object is not None else None
    if not certificate:
        return ("", ())
    pairs = [pair for attribute in cast(Relative, certificate.get("subject", ())) for pair in attribute]
    name = next((value for key, value in pairs if key == "commonName"), "")
    return (name, tuple(value for key, value in pairs if key == "organizationName"))


class EmbeddedServer(uvicorn.Server):
    """uvicorn as one task of a larger program: signals are that program's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def started_or_failed(self, task: asyncio.Task[None]) -> None:
        """Wait until it listens; raises what kept it from that."""
        while not self.started:
            if task.done():
                task.result()
                raise RuntimeError("the HTTP server ended before it was up")
            await asyncio.sleep(0.001)
