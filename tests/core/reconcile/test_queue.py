"""The work queue: order, one at a time, once, later, and back-off."""

from __future__ import annotations

import asyncio

import pytest

from sampan.core.reconcile.queue import FIRST_DELAY, LONGEST_DELAY, ShutDown, WorkQueue
from sampan.core.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


def make() -> tuple[WorkQueue[str], FakeClock]:
    clock = FakeClock()
    return WorkQueue(clock), clock


async def test_a_key_whose_rank_cannot_be_told_comes_last() -> None:
    def rank(key: str) -> int:
        return {"a": 2, "b": 1}[key]

    queue: WorkQueue[str] = WorkQueue(FakeClock(), rank=rank)
    for key in ("broken", "a", "b"):
        queue.add(key)
    assert [await queue.get() for _ in range(3)] == ["b", "a", "broken"]


async def test_keys_come_in_order_and_once() -> None:
    queue, _ = make()
    for key in ("b", "a", "b"):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == ["b", "a"]
    assert len(queue) == 0


async def test_a_key_is_worked_on_by_one_worker_at_a_time() -> None:
    queue, _ = make()
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.done("a")
    assert await waiting == "a"


async def test_a_rank_decides_who_is_first() -> None:
    queue: WorkQueue[str] = WorkQueue(FakeClock(), rank=len)
    for key in ("long", "s", "mid", "t"):
        queue.add(key)
    assert [await queue.get() for _ in range(4)] == ["s", "t", "mid", "long"]


async def test_an_appointment_is_kept_and_the_earlier_one_stands() -> None:
    queue, clock = make()
    queue.add_after("a", 10)
    queue.add_after("a", 60)
    clock.advance(9.9)
    assert len(queue) == 0
    clock.advance(0.1)
    assert await queue.get() == "a"
    queue.done("a")
    clock.advance(100)
    assert len(queue) == 0


async def test_back_off_doubles_for_each_key_by_itself_and_ends_with_success() -> None:
    queue, _ = make()
    assert [queue.add_failed("a") for _ in range(3)] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert queue.add_failed("b") == FIRST_DELAY
    queue.forget("a")
    assert queue.add_failed("a") == FIRST_DELAY
    for _ in range(200):
        longest = queue.add_failed("b")
    assert longest == LONGEST_DELAY


async def test_a_cancelled_worker_takes_no_key_with_it() -> None:
    queue, _ = make()
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    first.cancel()
    assert await second == "a"


async def test_shutting_down_ends_those_who_wait() -> None:
    queue, clock = make()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add_after("late", 1)
    queue.shut_down()
    with pytest.raises(ShutDown):
        await waiting
    clock.advance(2)
    queue.add("never")
    assert len(queue) == 0
