"""A plugin's own code on the event loop that everybody needs: its steps are watched, and one that does not end is ended.

What such a part reads may be read on that loop alone, so it runs there, and not in a thread. A thread looks once in a while
at what the loop is in the midst of. A step that takes too long is named, and Python code that goes round for ever is ended
by an `Overdue` (see `sampan.core.plugins.overdue`); one that waits in a system call, once it has come back from there. Its
plugin is not asked for a while then, so that others are not held up again by the next request.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, Final, TypeVar

from sampan.core.errors import SampanError
from sampan.core.loops import Delays
from sampan.core.plugins.overdue import Call, Overdue
from sampan.core.plugins.patience import NotBack, Patience

T = TypeVar("T")

FIRST_REST, LONGEST_REST = 10.0, 300.0
"""Seconds in which a plugin is not asked after it had to be ended; longer each time in a row."""
LOOKS: Final = 5
"""Times that the thread looks while a step may take."""


class OnLoop:
    """On one event loop, but for the thread that looks; there is none before a plugin is asked."""

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._now: tuple[Call, str, float] | None = None
        """The step that runs at the moment, of which part, since when."""
        self._rests: dict[str, tuple[float, Delays]] = {}
        """Plugin → until when it is not asked."""
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def close(self) -> None:
        """Idempotent."""
        self._closing.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def guard(self, part: Any, plugin: str, what: str, methods: Sequence[str]) -> Any:
        """``part`` with these coroutine methods guarded, which raise `NotBack` where they are given up or not asked."""
        return _Guarded(part, {name: self._guarded(getattr(part, name), plugin, what) for name in methods})

    def _guarded(self, method: Callable[..., Coroutine[Any, Any, T]], plugin: str, what: str) -> Callable[..., Any]:
        @functools.wraps(method)
        async def guarded(*args: Any, **options: Any) -> T:
            return await self._ask(plugin, what, lambda: method(*args, **options))

        return guarded

    def ask(self, plugin: str, what: str, work: Callable[[], T]) -> T:
        """What ``work``, the plugin's own code, returns or raises: plain code, all of it one step. Raises `NotBack`."""
        if self._is_left_out(plugin):
            raise NotBack
        found = self.step(plugin, what, work)
        self._forgive(plugin)
        return found

    async def _ask(self, plugin: str, what: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._is_left_out(plugin):
            raise NotBack
        account, limit, began = self._patience.account, self._patience.limit(is_decision=False), self._clock()
        try:
            async with asyncio.timeout(limit):
                found = await _Steps(self, plugin, what, work)
        except TimeoutError as exc:
            if self._clock() - began < limit:
                account.failed(plugin, what, exc)
                raise
            account.late(plugin, what, f"has not come back from {what} after {limit:g} s: it is no longer waited for")
            raise NotBack from None
        except (NotBack, SampanError):
            raise
        except Exception as exc:
            account.failed(plugin, what, exc)
            raise
        self._forgive(plugin)
        return found

    def step(self, plugin: str, what: str, work: Callable[[], T]) -> T:
        """What ``work``, the plugin's own code, returns or raises. Raises `NotBack` where it had to be ended."""
        self._begin_to_look()
        call, before = Call(plugin, self._patience.came_back), self._now
        self._now = (call, what, self._clock())
        try:
            return call.run(work)
        except Overdue:
            raise NotBack from None
        finally:
            self._now = before
            if call.is_overdue:
                self._rest(plugin)

    def _rest(self, plugin: str) -> None:
        _, delays = self._rests.get(plugin, (0.0, Delays(FIRST_REST, LONGEST_REST)))
        self._rests[plugin] = (self._clock() + delays.after_failure(), delays)

    def _forgive(self, plugin: str) -> None:
        """It has answered after its rest: the next one is short again."""
        if self._rests and plugin in self._rests and not self._is_resting(plugin):
            del self._rests[plugin]

    def _is_left_out(self, plugin: str) -> bool:
        return self._patience.is_left_out(plugin) or self._is_resting(plugin)

    def _is_resting(self, plugin: str) -> bool:
        return plugin in self._rests and self._clock() < self._rests[plugin][0]

    def _begin_to_look(self) -> None:
        if self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._look, name="plugins on the event loop", daemon=True)
            self._thread.start()

    # In the thread

    def _look(self) -> None:
        limit = self._patience.limit(is_decision=True)
        told: Call | None = None
        while not self._closing.wait(limit / LOOKS):
            now = self._now
            if now is None or self._clock() - now[2] < limit:
                continue
            call, what, _ = now
            if call is not told:
                told = call
                self._patience.give_up(call, what, limit)
            call.end()  # again and again: it may be caught


class _Steps(Awaitable[T]):
    """A coroutine of a plugin, each step of which is run by `OnLoop.step`."""

    def __init__(self, on_loop: OnLoop, plugin: str, what: str, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._run = functools.partial(on_loop.step, plugin, what)
        self._work = work

    def __await__(self) -> Generator[Any, None, T]:
        coroutine = self._run(self._work)
        step = functools.partial(coroutine.send, None)
        while True:
            try:
                awaited = self._run(step)
            except StopIteration as end:
                found: T = end.value
                return found
            try:
                yield awaited
            except BaseException as exc:  # it is cancelled, or closed: the coroutine's to hear
                step = functools.partial(coroutine.throw, exc)
            else:
                step = functools.partial(coroutine.send, None)


class _Guarded:
    """Looks like a part in all that it has."""

    def __init__(self, part: Any, methods: dict[str, Callable[..., Any]]) -> None:
        self._part = part
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)
