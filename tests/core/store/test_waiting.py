"""Who waits for a revision is told by the write that makes it, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from sampan.core.errors import Timeout
from sampan.core.store.follower import Follower
from sampan.plugins.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio


async def test_waiters_of_one_revision_and_of_earlier_ones_are_told_together() -> None:
    follower = Follower(MemoryStore())
    waiting = [asyncio.create_task(follower.wait_until(revision)) for revision in (3, 3, 2, 9)]
    await asyncio.sleep(0)
    follower._reached(3)
    await asyncio.gather(*waiting[:3])
    assert not waiting[3].done()
    follower._reached(50_000_000)
    await waiting[3]
    assert not follower._waiters


async def test_who_gives_up_or_is_cancelled_is_forgotten() -> None:
    follower = Follower(MemoryStore())
    with pytest.raises(Timeout):
        await follower.wait_until(10**18, timeout=0)
    waiting = asyncio.create_task(follower.wait_until(5))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not follower._waiters
