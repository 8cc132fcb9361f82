"""From a blocking iterator in a thread to the event loop, in batches and with a bound on what waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 1000
"""Enough for lines."""


class Pump(Generic[T]):
    """``async for item in Pump(iterator)``. The first item (or error) can be waited for with `begin`."""

    def __init__(self, items: Iterator[T], most: int = MOST_WAITING) -> None:
        """``most`` items wait; after that the iterator does."""
        self._items = items
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._room = threading.Condition()
        self._waiting: list[T] = []
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="stream", daemon=True).start()

    async def begin(self) -> None:
        """Wait for the first item or the end. Raises what the iterator raised before its first item."""
        await self._arrived.wait()
        if self._error is not None and not self._waiting:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[T]:
        try:
            while True:
                await self._arrived.wait()
                with self._room:
                    items, self._waiting = self._waiting, []
                    ended = self._ended
                    if not ended:
                        self._arrived.clear()
                    self._room.notify()
                for item in items:
                    yield item
                if ended:
                    break
            if self._error is not None:
                raise self._error
        finally:
            self.close()

    def close(self) -> None:
        """Stop reading. A generator is closed by its own thread at its next item, or at once where it does not run."""
        with self._room:
            self._closed = True
            self._room.notify()
        close: Callable[[], Any] | None = getattr(self._items, "close", None)
        if close is not None and not self._ended:
            try:
                close()
            except ValueError:
                return  # "generator already executing": it sees `_closed` when it comes back

    def _run(self) -> None:
        try:
            for item in self._items:
                with self._room:
                    while len(self._waiting) >= self._most and not self._closed:
                        self._room.wait()
                    if self._closed:
                        break
                    self._waiting.append(item)
                self._signal()
        except BaseException as exc:
            self._error = None if self._closed else exc
        finally:
            close: Callable[[], Any] | None = getattr(self._items, "close", None)
            if close is not None:
                close()
            with self._room:
                self._ended = True
            self._signal()

    def _signal(self) -> None:
        if not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:
                return  # the loop has ended: nobody reads
