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


class LoopThread:
    """Started when it is made; `close` ends it."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix=f"{NAME} worker"))
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = PATIENCE) -> T:
        """What ``work`` returns or raises, from any thread but the loop's own."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def call(self, work: Callable[[], T]) -> T:
        """The same for a plain function that belongs on the loop."""

        async def call() -> T:
            return work()

        return self.run(call())

    def pending(self) -> set[asyncio.Task[Any]]:
        """Tasks that have not ended."""
        return self.call(lambda: {task for task in asyncio.all_tasks() if task is not asyncio.current_task()})

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
