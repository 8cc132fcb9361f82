"""Seats and queues of priority levels: whose turn it is, what is lent, and who is sent away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sampan.core.api.flow import levels as levels_module
from sampan.core.api.flow.levels import Levels, Seat, Shape, hand_of
from sampan.core.errors import TooManyRequests

pytestmark = pytest.mark.anyio

QUEUES = Shape(shares=1, queues=8, hand=2, length=2)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def made(total: int, **shapes: Shape) -> Levels:
    levels = Levels(total)
    levels.configure(shapes)
    return levels


def idle(levels: Levels) -> bool:
    return all((level.own, level.lent, level.borrowed, level.waiting) == (0, 0, 0, 0) for level in levels)


async def test_seats_are_shared_out() -> None:
    levels = made(10, a=Shape(shares=1), b=Shape(shares=3), free=Shape(is_exempt=True))
    assert [(level.name, level.seats) for level in levels] == [("a", 3), ("b", 8), ("free", 0)]
    seats = [await levels.take(levels["free"], "f") for _ in range(50)]
    for seat in seats:
        levels.give_back(seat)
    assert idle(levels)


async def test_without_queues_what_has_no_seat_is_sent_away() -> None:
    levels = made(1, a=Shape(shares=1))
    seat = await levels.take(levels["a"], "f")
    with pytest.raises(TooManyRequests) as refused:
        await levels.take(levels["a"], "f")
    assert refused.value.retry_after == 1
    assert levels["a"].refused == {"concurrency-limit": 1}
    levels.give_back(seat)
    assert idle(levels)


async def test_flows_take_turns_and_a_flood_fills_its_own_hand_alone() -> None:
    quiet = next(f"quiet{n}" for n in range(50) if not {*hand_of(f"quiet{n}", 8, 2)} & {*hand_of("busy", 8, 2)})
    levels = made(1, a=QUEUES)
    level = levels["a"]
    first = await levels.take(level, "busy")
    order: list[str] = []
    seats: list[Seat] = []

    async def wait(flow: str) -> None:
        seats.append(await levels.take(level, flow))
        order.append(flow)

    flood = [asyncio.create_task(wait("busy")) for _ in range(6)]
    await settle()
    assert level.refused == {"queue-full": 2}
    assert level.waiting == 4
    other = asyncio.create_task(wait(quiet))
    await settle()
    levels.give_back(first)
    for _ in range(5):
        await settle()
        levels.give_back(seats[-1])
    await asyncio.gather(*flood, other, return_exceptions=True)
    assert order.index(quiet) <= 2, "after each of the two queues of the flood once, at the latest"
    assert len(order) == 5
    assert idle(levels)


async def test_what_is_free_is_lent_and_comes_back_to_its_lender_first() -> None:
    levels = made(4, rich=queued(shares=2, lendable_percent=50), poor=queued(shares=2))
    rich, poor = levels["rich"], levels["poor"]
    seats = [await levels.take(poor, "p") for _ in range(3)]
    assert (poor.own, poor.borrowed, rich.lent) == (2, 1, 1)
    waiting_poor = asyncio.create_task(levels.take(poor, "p"))
    own = await levels.take(rich, "r")
    waiting_rich = asyncio.create_task(levels.take(rich, "r"))
    await settle()
    assert not waiting_poor.done()
    assert not waiting_rich.done()
    levels.give_back(seats[2])  # the borrowed one
    await settle()
    assert waiting_rich.done()
    assert not waiting_poor.done()
    levels.give_back(seats[0])
    await settle()
    assert waiting_poor.done()
    for seat in (seats[1], own, waiting_rich.result(), waiting_poor.result()):
        levels.give_back(seat)
    assert idle(levels)


async def test_borrowing_has_a_limit() -> None:
    levels = made(4, rich=queued(shares=2, lendable_percent=100), poor=Shape(shares=2, borrowing_percent=50))
    seats = [await levels.take(levels["poor"], "p") for _ in range(3)]
    with pytest.raises(TooManyRequests):
        await levels.take(levels["poor"], "p")
    for seat in seats:
        levels.give_back(seat)
    assert idle(levels)


async def test_who_goes_while_waiting_leaves_nothing_behind() -> None:
    levels = made(1, a=QUEUES)
    level = levels["a"]
    seat = await levels.take(level, "f")
    tasks = [asyncio.create_task(levels.take(level, "f")) for _ in range(2)]
    await settle()
    tasks[0].cancel()
    await settle()
    levels.give_back(seat)
    tasks[1].cancel()  # in the very moment in which it has got its seat
    await asyncio.gather(*tasks, return_exceptions=True)
    if not tasks[1].cancelled():
        levels.give_back(tasks[1].result())
    assert idle(levels)


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels_module, "PATIENCE", 0.01)
    levels = made(1, a=QUEUES)
    seat = await levels.take(levels["a"], "f")
    with pytest.raises(TooManyRequests):
        await levels.take(levels["a"], "f")
    assert levels["a"].refused == {"time-out": 1}
    levels.give_back(seat)
    assert idle(levels)


async def test_more_seats_are_taken_at_once_and_a_level_ends_with_its_last_request() -> None:
    levels = made(1, a=QUEUES)
    gone = levels["a"]
    seat = await levels.take(gone, "f")
    waits = asyncio.create_task(levels.take(gone, "f"))
    await settle()
    levels.configure({"b": Shape(shares=1)})
    assert [level.name for level in levels] == ["b"]
    levels.give_back(seat)
    await settle()
    levels.give_back(waits.result())
    assert (gone.own, gone.waiting) == (0, 0)


@pytest.mark.parametrize(("queues", "size"), [(1, 1), (8, 2), (128, 6), (4, 10)])
def test_a_hand_is_of_different_queues(queues: int, size: int) -> None:
    for number in range(200):
        hand = hand_of(f"flow-{number}", queues, size)
        assert len(set(hand)) == len(hand) == min(size, queues)
        assert all(0 <= card < queues for card in hand)


def queued(**values: Any) -> Shape:
    return Shape(queues=4, hand=1, length=5, **values)
