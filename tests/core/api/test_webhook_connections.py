"""Connections to webhooks: kept, shared by who trusts the same, given up in time, replaced where one was closed."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sampan.core.api.webhook_connections import Answer, TooLong, UnusableBundle, WebhookConnections
from tests.support.webhook import Review, Webhook, allow, webhook

pytestmark = pytest.mark.anyio

REVIEW = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "u"}}
LONGEST = 1 << 20


@asynccontextmanager
async def asking(idle_seconds: float = 90) -> AsyncIterator[WebhookConnections]:
    connections = WebhookConnections(idle_seconds)
    try:
        yield connections
    finally:
        await connections.close()


async def ask(
    connections: WebhookConnections, hook: Webhook, host: str = "127.0.0.1", longest: int = LONGEST
) -> Answer:
    body = json.dumps(REVIEW).encode()
    return await asyncio.wait_for(connections.to(host, hook.ca_bundle).post(httpx.URL(hook.url), body, longest), 30)


async def test_one_connection_serves_one_question_after_the_other(tmp_path: Path) -> None:
    with webhook(tmp_path, allow) as hook:
        async with asking() as connections:
            for _ in range(3):
                assert (await ask(connections, hook)).code == 200
    assert (len(hook.asked), len(hook.connections)) == (3, 1)


async def test_questions_beside_each_other_wait_for_nobody(tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def answer(review: Review) -> Review:
        both.wait(30)
        return allow(review)

    with webhook(tmp_path, answer) as hook:
        async with asking() as connections:
            await asyncio.gather(ask(connections, hook), ask(connections, hook))
    assert len(hook.connections) == 2


async def test_what_one_name_or_bundle_has_proved_counts_for_no_other(tmp_path: Path) -> None:
    with webhook(tmp_path, allow, "a.example.com", "b.example.com") as hook:
        async with asking() as connections:
            await ask(connections, hook, "a.example.com")
            await ask(connections, hook, "b.example.com")
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await ask(connections, hook, "c.example.com")
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await connections.to("a.example.com", "").post(httpx.URL(hook.url), b"{}", LONGEST)
            with pytest.raises(UnusableBundle, match="unable to load root certificates"):
                connections.to("a.example.com", base64.b64encode(b"none").decode())
    assert len(hook.asked) == 2


async def test_one_that_the_other_side_has_closed_is_replaced(tmp_path: Path) -> None:
    with webhook(tmp_path, allow) as hook:
        async with asking() as connections:
            for _ in range(20):  # the end is seen before, while or after the next question goes out
                assert (await ask(connections, hook)).code == 200
                hook.hang_up()
    assert len(hook.asked) >= 20


async def test_a_question_that_is_lost_with_its_connection_is_asked_once_more_and_no_more(tmp_path: Path) -> None:
    def lose(review: Review) -> Review:
        if len(hook.asked) > 1:
            hook.hang_up()
        return allow(review)

    with webhook(tmp_path, lose) as hook:
        async with asking() as connections:
            await ask(connections, hook)
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await ask(connections, hook)
    assert (len(hook.asked), len(hook.connections)) == (3, 2)


async def test_a_question_over_a_new_connection_is_not_repeated(tmp_path: Path) -> None:
    def lose(review: Review) -> Review:
        hook.hang_up()
        return allow(review)

    with webhook(tmp_path, lose) as hook:
        async with asking() as connections:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await ask(connections, hook)
    assert len(hook.asked) == 1


async def test_a_question_that_was_answered_in_part_is_not_repeated() -> None:
    """Over plain HTTP, which webhooks never have, for the sake of a server that breaks off."""
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        for answer in answers:
            await reader.readuntil(b"{}")
            asked += 1
            writer.write(answer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asking() as connections:
        url = httpx.URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert (await connections.to("one", "").post(url, b"{}", LONGEST)).body == b"{}"
        with pytest.raises(httpx.RemoteProtocolError):
            await connections.to("one", "").post(url, b"{}", LONGEST)
    assert asked == 2


async def test_an_answer_without_end_costs_its_connection_alone(tmp_path: Path) -> None:
    with webhook(tmp_path, lambda review: b"x" * 100_000) as hook:
        async with asking() as connections:
            with pytest.raises(TooLong):
                await ask(connections, hook, longest=1000)
            assert len((await ask(connections, hook)).body) == 100_000
    assert len(hook.connections) == 2


async def test_who_is_no_longer_waited_for_gets_no_other_question_over_that_connection(tmp_path: Path) -> None:
    came, free = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def answer(review: Review) -> Review:
        if len(hook.asked) == 2:
            loop.call_soon_threadsafe(came.set)
            free.wait(30)
        return allow(review)

    with webhook(tmp_path, answer) as hook:
        async with asking() as connections:
            await ask(connections, hook)
            given_up = asyncio.create_task(ask(connections, hook))
            await asyncio.wait_for(came.wait(), 30)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            assert (await ask(connections, hook)).code == 200
            free.set()
    assert len(hook.connections) == 2


async def test_idle_connections_are_closed_in_time() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asking(0.01) as connections:
        url = httpx.URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        assert (await connections.to("one", "").post(url, b"{}", LONGEST)).code == 200
        await asyncio.wait_for(ended.wait(), 30)
