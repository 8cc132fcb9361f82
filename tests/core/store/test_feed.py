"""The feed and its mailboxes: bounded, in order, and one slow reader's trouble is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from sampan.core.errors import Expired
from sampan.core.store.contract import KeyValue, StoreEvent
from sampan.core.store.feed import Feed
from sampan.core.store.mailbox import Mailbox

pytestmark = pytest.mark.anyio


def event(revision: int, key: str = "/a") -> StoreEvent:
    return StoreEvent("put", KeyValue(key, b"", revision, revision), None)


async def no_history(after: int, until: int) -> tuple[Sequence[StoreEvent], int]:
    return [], until


async def test_history_and_what_follows_join_without_gap_or_repeat() -> None:
    feed = Feed(1)
    log = [event(n) for n in range(2, 8)]
    for past in log:
        feed.publish(past)

    async def read(after: int, until: int) -> tuple[Sequence[StoreEvent], int]:
        """Two at a time, while others go on writing."""
        log.append(event(log[-1].revision + 1))
        feed.publish(log[-1])
        page = [one for one in log if after < one.revision <= until][:2]
        return page, page[-1].revision

    async with feed.watch("/", 3, read) as events, asyncio.timeout(10):
        assert [(await anext(events)).revision for _ in range(6)] == [4, 5, 6, 7, 8, 9]


async def test_a_reader_that_is_too_slow_is_dropped_alone() -> None:
    feed = Feed(1, backlog=2)
    async with feed.watch("/", 1, no_history) as slow, feed.watch("/", 1, no_history) as quick:
        for n in range(2, 6):
            feed.publish(event(n))
            assert (await anext(quick)).revision == n
        with pytest.raises(Expired, match="list again"):
            await anext(slow)


async def test_only_what_is_below_the_prefix_counts() -> None:
    feed = Feed(1, backlog=1)
    async with feed.watch("/x/", 1, no_history) as events:
        for n in range(2, 6):
            feed.publish(event(n, "/y/a"))
        feed.publish(event(6, "/x/a"))
        assert (await anext(events)).revision == 6


async def test_a_closed_feed_ends_its_watches_after_what_was_published() -> None:
    feed = Feed(1)
    async with feed.watch("/", 1, no_history) as events:
        feed.publish(event(2))
        feed.close()
        assert [one.revision async for one in events] == [2]
    async with feed.watch("/", 1, no_history) as late:
        assert [one async for one in late] == []


async def test_a_mailbox_wakes_its_reader() -> None:
    mailbox: Mailbox[int] = Mailbox(5)
    reader = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    mailbox.put(1)
    mailbox.put(2)
    assert await reader == [1, 2]
    mailbox.close()
    assert await mailbox.take() == []
    assert not mailbox.put(3)
