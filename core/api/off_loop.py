"""Work that grows with what a client sends or asks for, done beside the event loop when it is much.

One `Workers` per API server, closed with it. Python runs one thread at a time, so this makes nothing faster: it lets the
loop go on with everybody else's requests meanwhile. Few threads, so that the large requests of one client wait for each
other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 2
MUCH_JSON: Final = 256 * 1024
"""Bytes that take orjson and our decoding a few milliseconds."""
MUCH_YAML: Final = 8 * 1024
"""YAML is read and written a hundred times slower."""


class Workers:
    """Threads are started with the first large piece of work."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """In a thread; raises what ``work`` raises. What was begun for a client that has left is finished for nobody."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="api-large")
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *args, **kwargs))

    async def run_if_much(self, size: int, form: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Here and now where it is little. ``form`` is the media type that is read or written."""
        if size <= (MUCH_YAML if form.endswith("yaml") else MUCH_JSON):
            return work(*args, **kwargs)
        return await self.run(work, *args, **kwargs)

    def close(self) -> None:
        """Idempotent; does not wait."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
