"""Whatever is sent, the answer is never a failure of the server, comes soon, and leaves nothing behind.

``tox -e fuzz`` sends 50,000 requests (``SAMPAN_FUZZ`` says how many); the fast tests send a few hundred.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.database import InMemoryExampleDatabase

from sampan.core.api.server import ApiServer
from tests.fuzz.answers import GROWTH, is_true, send
from tests.fuzz.requests import OBJECTS, Drawn, requests
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("SAMPAN_FUZZ", "300"))


async def test_no_request_makes_the_server_fail(server: ApiServer, api: AsgiClient) -> None:
    loop = asyncio.get_running_loop()
    for path, body in OBJECTS.items():
        await api.post(path, body)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    @settings(
        max_examples=EXAMPLES,
        database=InMemoryExampleDatabase(),
        suppress_health_check=list(HealthCheck),
    )
    @given(requests())
    def fuzz(drawn: Drawn) -> None:
        code, raw = asyncio.run_coroutine_threadsafe(send(api, drawn), loop).result()
        assert is_true(code, raw), (drawn, code, raw)

    await asyncio.to_thread(fuzz)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < GROWTH
    assert (await api.get("/readyz")).code == 200
