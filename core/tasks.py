"""Tasks of one event loop that go together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def until_first(*ways: Awaitable[object]) -> None:
    """Until one of them ends; the others are ended, too. Raises what those that ended by themselves raise."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
