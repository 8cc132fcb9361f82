"""What every drawn request is held to."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fuzz.requests import Drawn
from tests.support.asgi import AsgiClient, Exchange

SECONDS = 10.0
GROWTH = 60 << 20
"""Bytes that all requests together may leave behind: objects, history, caches."""
ALLOWED = (501, 503, 504, 507)
"""Codes of 500 and more that say something true."""
FAILED = b"InternalError"


def is_true(code: int, raw: bytes) -> bool:
    """Whether the answer is no failure of the server.

    A few refusals have the code 500 and no reason: Kubernetes leaves them unclassified, and so do we. What fails here has
    the reason InternalError, in JSON, YAML and protobuf alike.
    """
    return code < 500 or code in ALLOWED or (code == 500 and FAILED not in raw)


async def send(api: AsgiClient, drawn: Drawn) -> tuple[int, bytes]:
    exchange = Exchange(drawn.body)
    scope: dict[str, Any] = api.scope(drawn.method, drawn.path)
    scope["headers"] += [(name.encode(), value.encode("latin-1", "replace")) for name, value in drawn.headers if value]
    try:
        async with asyncio.timeout(SECONDS):
            await api.app(scope, exchange.receive, exchange.send)
    except TimeoutError:
        raise AssertionError(f"no answer within {SECONDS} seconds: {drawn}") from None
    answer = exchange.answer()
    return answer.code, answer.raw
