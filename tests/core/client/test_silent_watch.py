"""A watch whose server has gone without a word ends, so that whoever follows it begins anew."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from sampan.core.client import http
from sampan.core.client.http import HttpClient
from sampan.core.errors import ServiceUnavailable
from sampan.core.kubeconfig import Access
from sampan.core.model.core_v1.configuration import ConfigMap

pytestmark = pytest.mark.anyio


async def follow(client: HttpClient) -> None:
    async with client.watch(ConfigMap, resource_version="1") as events:
        async for _ in events:
            raise AssertionError("nothing was said")


async def test_a_watch_that_says_nothing_for_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WATCH_TIMEOUT", httpx.Timeout(5, read=0.05))

    async def begin_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        await reader.read()  # until the client goes
        writer.close()

    server = await asyncio.start_server(begin_and_say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = HttpClient(Access(name="c", server=f"http://127.0.0.1:{port}", ca_pem="", token=""))
    async with asyncio.timeout(5), server:
        with pytest.raises(ServiceUnavailable, match="cannot reach the cluster"):
            await follow(client)
        await client.close()
