"""Waiting for a condition: asked again and again until it holds, never a fixed sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.1
"""Seconds between two questions, in the end; the first ones follow each other faster."""
FIRST_PAUSE = 0.002
PATIENCE = 30.0
"""Seconds until a condition counts as never coming true."""


class NotYetError(AssertionError):
    """What was waited for did not happen in time."""


class _Waiting:
    """One wait: what came last, and for how long to pause before the next question."""

    def __init__(self, what: object, within: float) -> None:
        self._what = what
        self._within = within
        self._deadline = time.monotonic() + within
        self._pause = FIRST_PAUSE
        self._paused_at = time.monotonic()
        self.last: object = None

    def pause(self) -> float:
        """Seconds until the next question: no fewer than the last one took, so that who asks by a command leaves the
        machine to what is waited for. Raises `NotYetError` where there is no time for another."""
        now = time.monotonic()
        if now > self._deadline:
            raise NotYetError(f"not within {self._within:g} s: {self._what}; at last: {self.last!s:.2000}")
        pause, self._pause = max(self._pause, now - self._paused_at), min(self._pause * 1.5, PAUSE)
        self._paused_at = now + pause
        return pause


def eventually(
    condition: Callable[[], T | None],
    what: str = "",
    *,
    within: float = PATIENCE,
    but: tuple[type[BaseException], ...] = (),
) -> T:
    """The first true answer of ``condition``. Failed assertions, and the errors named in ``but``, mean "not yet".

    Raises `NotYetError` with the last answer or failure after ``within`` seconds.
    """
    waiting = _Waiting(what or condition, within)
    failures: tuple[type[BaseException], ...] = (AssertionError, *but)
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            waiting.last = answer
        except failures as exc:
            waiting.last = exc
        time.sleep(waiting.pause())


async def soon(
    condition: Callable[[], Awaitable[T | None]],
    what: str = "",
    *,
    within: float = PATIENCE,
    but: tuple[type[BaseException], ...] = (),
) -> T:
    """The same on an event loop: `eventually` for a condition that is awaited."""
    waiting = _Waiting(what or condition, within)
    failures: tuple[type[BaseException], ...] = (AssertionError, *but)
    while True:
        try:
            answer = await condition()
            if answer:
                return answer
            waiting.last = answer
        except failures as exc:
            waiting.last = exc
        await asyncio.sleep(waiting.pause())


async def until(
    condition: Callable[[], T | None],
    what: str = "",
    *,
    within: float = PATIENCE,
    but: tuple[type[BaseException], ...] = (),
) -> T:
    """`soon` for a condition that need not be awaited."""

    async def asked() -> T | None:
        return condition()

    return await soon(asked, what or repr(condition), within=within, but=but)
