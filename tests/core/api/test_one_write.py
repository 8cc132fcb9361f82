"""The head of an answer waits for its body, and for nothing else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sampan.core.api.one_write import SMALL, OneWrite

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Transport:
    """Notes what is written, and that it was closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.written.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.written


@pytest.fixture
def transport() -> Transport:
    return Transport()


def answer(transport: Any, *, chunked: bool | None = False) -> OneWrite:
    return OneWrite(transport, SimpleNamespace(chunked_encoding=chunked), asyncio.get_running_loop())


async def test_head_and_body_go_out_together(transport: Transport) -> None:
    out = answer(transport)
    out.write(HEAD)
    out.write(b"body")
    out.write(b"more")
    await asyncio.sleep(0)
    assert transport.written == [HEAD + b"body", b"more"]


async def test_a_large_body_is_not_copied(transport: Transport) -> None:
    out = answer(transport)
    body = b"x" * (SMALL + 1)
    out.write(HEAD)
    out.write(body)
    assert transport.written == [HEAD, body]
    assert transport.written[1] is body


async def test_a_head_that_no_body_follows_goes_out_in_the_next_turn(transport: Transport) -> None:
    out = answer(transport)
    out.write(HEAD)
    assert transport.written == []
    await asyncio.sleep(0)
    assert transport.written == [HEAD]
    out.write(b"late")
    assert transport.written == [HEAD, b"late"]


async def test_a_head_is_not_lost_where_the_answer_breaks_off(transport: Transport) -> None:
    out = answer(transport)
    out.write(HEAD)
    out.close()
    assert out.is_closing()
    await asyncio.sleep(0)
    assert transport.written == [HEAD, b"closed"]


@pytest.mark.parametrize("chunked", [True, None])
async def test_what_does_not_say_how_long_it_is_waits_for_nothing(transport: Transport, chunked: bool | None) -> None:
    out = answer(transport, chunked=chunked)
    out.write(HEAD)
    assert transport.written == [HEAD]
