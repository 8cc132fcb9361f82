"""Loops that must go on for as long as their part lives: what breaks one is logged, and it is begun again after a while.

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
    delay = first_retry
    while True:
        try:
            await turn()
        except SampanError as exc:
            log.warning("%s failed (again in %.1f s): %s", name, delay, exc)
        except Exception:
            log.exception("%s broke (again in %.1f s)", name, delay)
        else:
            delay = first_retry
            continue
        await sleep(delay)
        delay = min(delay * 2, longest_retry)


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

    async def stop(self) -> None:
        """Until it has ended. Idempotent, also where it was never started."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
