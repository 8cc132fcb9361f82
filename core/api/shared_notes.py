"""Notes in the store that servers leave for each other, where several use one store. No object of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

from sampan.core.errors import AlreadyExists, Conflict, NotFound, ServiceUnavailable
from sampan.core.store.follower import Follower

PREFIX = "/sampan/notes/"
MOST_ATTEMPTS = 100
"""Each of which another server was quicker in."""


class StoreNotes:
    """`sampan.core.contracts.access.SharedNotes`, by compare and swap.

    Requests of one server take turns, so that only servers stand in each other's way, however many requests there are.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def change(self, name: str, alter: Callable[[bytes], bytes]) -> None:
        turn = self._turns.setdefault(name, asyncio.Lock())
        async with turn:
            for _ in range(MOST_ATTEMPTS):
                if await self._changed(PREFIX + name, alter):
                    return
        raise ServiceUnavailable("other servers changed the same all the time; try again")

    async def _changed(self, key: str, alter: Callable[[bytes], bytes]) -> bool:
        """Whether nobody was quicker."""
        store = self._follower.store
        there = await store.get(key)
        # Who wrote or removed it had seen what there was then: the caches are to show no less.
        await self._follower.wait_until(await store.revision() if there is None else there.revision)
        before = b"" if there is None else there.value
        after = alter(before)
        try:
            if after == before:
                return True
            if there is None:
                await store.create(key, after)
            elif not after:
                await store.delete(key, there.revision)
            else:
                await store.update(key, after, there.revision)
        except (AlreadyExists, Conflict, NotFound):
            return False
        return True
