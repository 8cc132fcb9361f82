"""Loops that must go on for as long as their part lives: what breaks one is logged, and it is begun again after a while.
How long that is, whoever tries again says in the same way (`growing`, `Delays`).

A task that ends by an exception that nobody awaits ends silently, and with it what it was there for: a node's heartbeat,
say. Every loop in the background of a part is therefore run by `run_for_ever`, or catches as much itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from sampan.core.errors import SampanError

log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0
"""Seconds."""


def growing(failures: int, first: float, longest: float) -> float:
    """Seconds to wait where it has failed so often in a row before: ``first``, then twice as long each time."""
    return min(first * 2.0 ** min(failures, 64), longest)


class Delays:
    """The same for a loop, which has one series of failures at a time."""

    def __init__(self, first: float, longest: float) -> None:
        self._bounds = (first, longest)
        self._failures = 0

    def after_failure(self) -> float:
        """Seconds until the next try."""
        delay = growing(self._failures, *self._bounds)
        self._failures += 1
        return delay

    def after_success(self) -> None:
        """The next failure is a first one."""
        self._failures = 0


async def run_for_ever(
    turn: Callable[[], Awaitable[None]],
    name: str,
    sleep: Callable[[float], Awaitable[None]],
    *,
    first_retry: float = FIRST_RETRY,
    longest_retry: float = LONGEST_RETRY,
) -> NoReturn:
    """Await ``turn`` again and again; it does its own waiting between one time and the next. Ends by being cancelled.

    After a failure it waits (``sleep`` is a clock's), longer each time until a turn succeeds. ``name`` is for the log: a
    `SampanError` is told in its sentence, anything else with its traceback, as it is a bug.
    """
    delays = Delays(first_retry, longest_retry)
    while True:
        try:
            await turn()
        except SampanError as exc:
            delay = delays.after_failure()
            log.warning("%s failed (again in %.1f s): %s", name, delay, exc)
        except Exception:
            delay = delays.after_failure()
            log.exception("%s broke (again in %.1f s)", name, delay)
        else:
            delays.after_success()
            continue
        await sleep(delay)


class Background:
    """A loop of `run_for_ever` as the task of whoever has it. On one event loop."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(
        self,
        turn: Callable[[], Awaitable[None]],
        name: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        longest_retry: float = LONGEST_RETRY,
    ) -> None:
        """Once, until `stop`."""
        endless = run_for_ever(turn, name, sleep, longest_retry=longest_retry)
        self._task = asyncio.create_task(endless, name=name)

    @property
    def is_running(self) -> bool:
        return self._task is not None

    async def stop(self) -> None:
        """Until it has ended. Idempotent, also where it was never started."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
