"""A control plane in a test ends as fast as its work takes: nothing waits for a clock."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from sampan.core.testing.control_plane import control_plane

pytestmark = pytest.mark.anyio

LIMIT = 0.02
"""Seconds."""


async def stop_took(folder: Path, *, connected: bool) -> float:
    async with control_plane(folder, controllers=True) as plane, httpx.AsyncClient(verify=False) as client:
        if connected:
            await client.get(f"{plane.access.server}/livez")
        began = time.perf_counter()
    return time.perf_counter() - began


@pytest.mark.parametrize("connected", [False, True])
async def test_it_stops_at_once_with_and_without_a_connection_that_stays_open(tmp_path: Path, connected: bool) -> None:
    # The best of a few: others may have the processor meanwhile, but a wait would be in each of them.
    times = [await stop_took(tmp_path / str(number), connected=connected) for number in range(5)]
    assert min(times) < LIMIT
