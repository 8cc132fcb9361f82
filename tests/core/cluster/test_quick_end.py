"""A control plane in a test ends as fast as its work takes: nothing waits for a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sampan.core.testing.control_plane import control_plane

pytestmark = pytest.mark.anyio

LONGEST = 0.05
"""Seconds: what a client gets to answer the end of TLS, with the looks at it meanwhile."""


@contextmanager
def waits() -> Iterator[list[float]]:
    """The delays, in seconds, of the timers that are set from now on and fire: who waits for a clock waits for one of them.

    The time itself says little where others have the processor meanwhile.
    """
    loop, fired = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def counted(when: float, callback: Callable[..., object], *args: Any, **options: Any) -> asyncio.TimerHandle:
        delay = when - loop.time()

        def fire() -> None:
            fired.append(delay)
            callback(*args)

        return call_at(when, fire, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_at", counted)
        yield fired


@pytest.mark.parametrize("connected", [False, True])
async def test_it_stops_at_once_with_and_without_a_connection_that_stays_open(tmp_path: Path, connected: bool) -> None:
    async with httpx.AsyncClient(verify=False) as client:
        async with control_plane(tmp_path, controllers=True) as plane:
            if connected:
                await client.get(f"{plane.access.server}/livez")
            with waits() as fired:
                await plane.cleanup.aclose()
        assert sum(fired) < LONGEST


async def test_a_wait_would_be_seen() -> None:
    with waits() as fired:
        await asyncio.sleep(0.001)
    assert fired == [pytest.approx(0.001, abs=0.001)]
