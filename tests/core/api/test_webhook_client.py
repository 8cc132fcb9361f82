"""Asking webhooks: what is said of those that cannot be asked, and that nothing is left of the attempt."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.webhook_client import CallFailed, Unreachable, WebhookClient
from tests.support.webhook import allow, webhook

pytestmark = pytest.mark.anyio

REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "u"}}


class NoObjects:
    def get(self, resource: str, namespace: str, name: str) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody is asked for {name}")


async def ask(config: dict[str, Any], seconds: float = 5) -> Any:
    client = WebhookClient(NoObjects())
    try:
        return await client.post(config, REVIEW, seconds)
    finally:
        await client.close()


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_one_that_does_not_shake_hands_leaves_no_connection(silent: int) -> None:
    with pytest.raises(Unreachable):
        await ask({"url": f"https://127.0.0.1:{silent}/"}, 0.2)  # loads what it takes
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(Unreachable, match=r"\?timeout=0\.2s\": context deadline exceeded"):
                await ask({"url": f"https://127.0.0.1:{silent}/"}, 0.2)
        assert len(os.listdir("/proc/self/fd")) == before
    finally:
        gc.enable()


async def test_one_that_is_no_longer_waited_for_loses_its_connection_while_it_shakes_hands() -> None:
    ended: asyncio.Queue[bytes] = asyncio.Queue()
    came = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)  # of the greeting, which nobody answers
        came.set()
        await reader.read()
        writer.close()
        await ended.put(b"")

    gc.disable()
    try:
        async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
            asking = asyncio.create_task(ask({"url": f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"}, 30))
            await asyncio.wait_for(came.wait(), 10)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.wait_for(ended.get(), 10)
    finally:
        gc.enable()


async def test_what_keeps_one_from_being_asked_is_told_as_go_does(tmp_path: Path) -> None:
    with webhook(tmp_path, allow) as asked:
        assert (await ask(asked.client_config))["response"]["allowed"] is True
        with pytest.raises(Unreachable, match="x509: certificate signed by unknown authority"):
            await ask({"url": asked.url})
    with pytest.raises(Unreachable, match=rf"dial tcp 127\.0\.0\.1:{asked.port}: connect: connection refused"):
        await ask(asked.client_config)
    service = {"service": {"namespace": "a", "name": "hook", "path": "/p"}}
    with pytest.raises(Unreachable, match=r'Post "https://hook\.a\.svc:443/p\?timeout=5s": service "hook" not found'):
        await ask(service)


STATUS = b'{"kind":"Status","status":"Failure","message":"mine"}'


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (500, b"oops\n", 'an error on the server ("oops") has prevented the request from succeeding'),
        (404, b"", "the server could not find the requested resource"),
        (400, STATUS, "mine"),
        (403, b"not you", "not you"),
        (418, b"", "the server responded with the status code 418 but did not return more information"),
        (200, b"", "0-length response with status code: 200 and content type: "),
    ],
)
async def test_an_answer_that_is_none_is_told_of_as_kubernetes_clients_do(
    tmp_path: Path, code: int, body: bytes, said: str
) -> None:
    with webhook(tmp_path, lambda review: (code, body)) as asked, pytest.raises(CallFailed) as failed:
        await ask(asked.client_config)
    assert str(failed.value) == said
