"""The past that a watch cache asks its source for, where the source keeps none: objects that are computed or converted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NoReturn

from sampan.core.errors import Expired
from sampan.core.store.contract import Listing, StoreEvent


class PresentOnly:
    """``current`` brings the source up to now and gives its revision; every other revision is `Expired`."""

    def __init__(self, current: Callable[[], Awaitable[int]]) -> None:
        self._current = current

    async def revision(self) -> int:
        return await self._current()

    async def list(self, prefix: str, *, start_after: str = "", limit: int = 0, revision: int | None = None) -> Listing:
        _gone(revision or 0)

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]:
        return _nothing(from_revision)


@asynccontextmanager
async def _nothing(revision: int) -> AsyncIterator[AsyncIterator[StoreEvent]]:
    _gone(revision)
    yield


def _gone(revision: int) -> NoReturn:
    raise Expired(f"the objects as they were at {revision} are not kept: list again")
