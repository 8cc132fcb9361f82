"""A loop that must go on, whatever breaks it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from sampan.core.errors import ServiceUnavailable
from sampan.core.loops import Background, run_for_ever
from sampan.core.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


async def test_it_goes_on_after_a_failure_and_waits_longer_each_time(caplog: pytest.LogCaptureFixture) -> None:
    clock, began = FakeClock(), list[float]()

    async def turn() -> None:
        began.append(clock.monotonic())
        raise (ServiceUnavailable("not now"), KeyError("a bug"))[len(began) % 2]

    task = asyncio.create_task(run_for_ever(turn, "the watch", clock.sleep, first_retry=1, longest_retry=4))
    for delay in (1, 2, 4, 4):
        await clock.asked()
        assert clock.next_due == delay
        clock.advance(delay)
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert began == [0, 1, 3, 7, 11]
    assert task.cancelled()
    told = [(each.levelno, each.exc_info is not None) for each in caplog.records]
    assert told[:2] == [(logging.ERROR, True), (logging.WARNING, False)], "only a bug is told with its traceback"


async def test_a_turn_that_succeeds_makes_the_next_failure_a_first_one() -> None:
    clock, turns = FakeClock(), 0

    async def turn() -> None:
        nonlocal turns
        turns += 1
        if turns != 3:
            raise KeyError("a bug")

    task = asyncio.create_task(run_for_ever(turn, "the watch", clock.sleep))
    for delay in (1, 2, 1, 2):
        await clock.asked()
        assert clock.next_due == delay
        clock.advance(delay)
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_in_the_background_it_ends_when_it_is_told_to_and_may_be_told_twice() -> None:
    turns = asyncio.Queue[int]()
    ended = asyncio.Event()

    async def turn() -> None:
        turns.put_nowait(1)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    loop = Background()
    await loop.stop()
    loop.start(turn, "the watch")
    await turns.get()
    await loop.stop()
    await loop.stop()
    assert (ended.is_set(), turns.empty()) == (True, True)
