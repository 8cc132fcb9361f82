"""Priority levels: their seats, what one lends another, and the queues of those that wait for a seat.

Seats are shared out by ``nominalConcurrencyShares``. A level whose seats are all taken borrows those that others have
free and may lend, one at a time, and gives each back as its request ends; who lent a seat has it first. Requests of one
flow go to few of a level's queues, the shortest of its hand, and queues take turns: a flow that floods its hand leaves the
other queues alone. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import TooManyRequests

PATIENCE: Final = 15.0
"""Seconds that a request waits for a seat: a quarter of what it has at all."""
RETRY_AFTER: Final = 1
HASH_BYTES: Final = 8


def too_many() -> TooManyRequests:
    return TooManyRequests("Too many requests, please try again later.", retry_after=RETRY_AFTER)


@frozen(kw_only=True)
class Shape:
    """What a PriorityLevelConfiguration says. ``seats`` are worked out from the shares of all."""

    uid: str = ""
    is_exempt: bool = False
    shares: int = 0
    lendable_percent: int = 0
    borrowing_percent: int | None = None
    """Of its own seats; ``None``: as many as there are."""
    queues: int = 0
    """None: what has no seat is sent away."""
    hand: int = 1
    length: int = 0

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Shape:
        uid, spec = obj["metadata"].get("uid", ""), obj["spec"]
        if spec.get("type") == "Exempt":
            return cls(uid=uid, is_exempt=True)
        limited = spec.get("limited") or {}
        response = limited.get("limitResponse") or {}
        queuing = (response.get("queuing") or {}) if response.get("type") == "Queue" else {}
        return cls(
            uid=uid,
            shares=limited.get("nominalConcurrencyShares") or 0,  # none is written as null; left out, it is 30 by now
            lendable_percent=limited.get("lendablePercent") or 0,
            borrowing_percent=limited.get("borrowingLimitPercent"),
            queues=queuing.get("queues") or 0,
            hand=queuing.get("handSize") or 1,
            length=queuing.get("queueLengthLimit") or 0,
        )


class Level:
    """One priority level at work. It outlives changes of its shape."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.shape = Shape()
        self.seats = self.lendable = 0
        self.borrowable: float = 0
        self.own = 0
        """Its own seats on which its own requests are."""
        self.lent = 0
        """Its own seats on which others' requests are."""
        self.borrowed = 0
        self.waiting = 0
        self.dispatched = 0
        self.refused: dict[str, int] = {}
        """By reason, as Kubernetes counts them."""
        self._queues: OrderedDict[int, deque[asyncio.Future[Seat]]] = OrderedDict()
        """Those that are not empty; the first one's turn is next."""

    def take_shape(self, shape: Shape, seats: int) -> None:
        self.shape, self.seats = shape, seats
        self.lendable = seats * shape.lendable_percent // 100
        percent = shape.borrowing_percent
        self.borrowable = math.inf if percent is None else seats * percent // 100

    @property
    def executing(self) -> int:
        return self.own + self.borrowed

    @property
    def has_free(self) -> bool:
        return self.own + self.lent < self.seats

    @property
    def may_lend(self) -> bool:
        return self.has_free and self.lent < self.lendable

    def refuse(self, reason: str) -> TooManyRequests:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return too_many()

    def enqueue(self, flow: str) -> tuple[int, asyncio.Future[Seat]]:
        """A place in the shortest queue of the flow's hand. Raises `TooManyRequests`."""
        shape = self.shape
        if not shape.queues:
            raise self.refuse("concurrency-limit")
        number = min(hand_of(flow, shape.queues, shape.hand), key=lambda each: len(self._queues.get(each, ())))
        queue = self._queues.get(number)
        if queue is not None and len(queue) >= shape.length:
            raise self.refuse("queue-full")
        turn: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(number, deque()).append(turn)
        self.waiting += 1
        return number, turn

    def leave(self, number: int, turn: asyncio.Future[Seat]) -> bool:
        """Whether it was still waiting."""
        queue = self._queues.get(number)
        if queue is None or turn not in queue:
            return False
        queue.remove(turn)
        self.waiting -= 1
        if not queue:
            del self._queues[number]
        return True

    def next(self) -> asyncio.Future[Seat]:
        """Whose turn it is; only where somebody waits."""
        number, queue = self._queues.popitem(last=False)
        turn = queue.popleft()
        self.waiting -= 1
        if queue:
            self._queues[number] = queue
        return turn


@frozen(eq=False)
class Seat:
    """``lender`` is whose it is, where it is not the level's own. An exempt request has one without either."""

    level: Level | None
    lender: Level | None = None


NO_SEAT: Final = Seat(None)


class Levels:
    """All priority levels of a server, with ``total`` seats between them."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._levels: dict[str, Level] = {}
        self._retired: list[Level] = []

    def configure(self, shapes: Mapping[str, Shape]) -> None:
        """A level that is no more ends with its last request; what waits there goes on to wait for its seats."""
        shares = sum(shape.shares for shape in shapes.values()) or 1
        gone = [level for name, level in self._levels.items() if name not in shapes]
        self._retired = [level for level in (*self._retired, *gone) if level.executing or level.waiting or level.lent]
        self._levels = {name: self._levels.get(name) or Level(name) for name in shapes}
        for name, shape in shapes.items():
            self._levels[name].take_shape(shape, math.ceil(self._total * shape.shares / shares))
        self._seat_waiting(None)

    def __iter__(self) -> Iterator[Level]:
        return iter(self._levels.values())

    def __getitem__(self, name: str) -> Level:
        return self._levels[name]

    async def take(self, level: Level, flow: str) -> Seat:
        """Raises `TooManyRequests`."""
        if level.shape.is_exempt:
            level.dispatched += 1
            return NO_SEAT
        if not level.waiting and (seat := self._free_seat(level)):
            return seat
        number, turn = level.enqueue(flow)
        try:
            async with asyncio.timeout(PATIENCE):
                return await turn
        except BaseException as exc:
            if not level.leave(number, turn) and turn.done() and not turn.cancelled():
                self.give_back(turn.result())
            if isinstance(exc, TimeoutError):
                raise level.refuse("time-out") from None
            raise

    def _free_seat(self, level: Level) -> Seat | None:
        """Taken, where there is one."""
        if level.has_free:
            level.own += 1
            level.dispatched += 1
            return Seat(level)
        if level.borrowed >= level.borrowable:
            return None
        lender = next((each for each in self if each is not level and each.may_lend), None)
        if lender is None:
            return None
        lender.lent += 1
        level.borrowed += 1
        level.dispatched += 1
        return Seat(level, lender)

    def give_back(self, seat: Seat) -> None:
        if seat.level is None:
            return
        if seat.lender is None:
            seat.level.own -= 1
        else:
            seat.level.borrowed -= 1
            seat.lender.lent -= 1
        self._seat_waiting(seat.lender or seat.level)

    def _seat_waiting(self, first: Level | None) -> None:
        """Seat whoever can be seated now: of the level whose seat came free, and then of others."""
        for level in self._in_turn(first):
            while level.waiting and (seat := self._free_seat(level)):
                turn = level.next()
                if turn.done():  # whoever waited has gone in this very moment
                    self._take_back(seat)
                else:
                    turn.set_result(seat)

    def _take_back(self, seat: Seat) -> None:
        level = seat.level
        assert level is not None
        level.dispatched -= 1
        if seat.lender is None:
            level.own -= 1
        else:
            level.borrowed -= 1
            seat.lender.lent -= 1

    def _in_turn(self, first: Level | None) -> Iterable[Level]:
        if first is not None:
            yield first
        yield from (level for level in (*self._levels.values(), *self._retired) if level.waiting and level is not first)


def hand_of(flow: str, queues: int, size: int) -> list[int]:
    """The queues that a flow may use: ``size`` different ones of all, dealt by its hash (shuffle sharding)."""
    value = int.from_bytes(hashlib.blake2b(flow.encode(errors="replace"), digest_size=HASH_BYTES).digest())
    hand: list[int] = []
    for dealt in range(min(size, queues)):
        value, card = divmod(value, queues - dealt)
        for before in sorted(hand):
            if card >= before:
                card += 1
        hand.append(card)
    return hand
