"""An event loop in a thread of its own, for tests that are plain functions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

NAME = "sampan test loop"
"""What the names of its threads begin with."""
PATIENCE = 60.0
"""Seconds until a call counts as hanging."""
FAREWELL = 5.0
"""Seconds that a cancelled task gets."""


class LoopThread:
    """Started when it is made; `close` ends it."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix=f"{NAME} worker"))
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = PATIENCE) -> T:
        """What ``work`` returns or raises, from any thread but the loop's own. Cancelled after ``timeout`` seconds."""
        outcome = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return outcome.result(timeout)
        except TimeoutError:
            outcome.cancel()
            raise

    def call(self, work: Callable[[], T]) -> T:
        """The same for a plain function that belongs on the loop."""

        async def call() -> T:
            return work()

        return self.run(call())

    def cancel_pending(self) -> list[str]:
        """Cancel what has not ended, and wait until it has. Returns the names of those tasks."""
        return self.run(self._cancel_pending())

    async def _cancel_pending(self) -> list[str]:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=FAREWELL)
        return sorted(task.get_name() for task in left)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
