"""What a `FakeApi` remembers of its changes, and who is told of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from sampan.core.classes import frozen
from sampan.core.client.protocol import WatchEvent
from sampan.core.model.kinds import KubeObject

T = TypeVar("T", bound=KubeObject)
Picks = Callable[[KubeObject], bool]


@frozen
class Change:
    """One write: the object before and after it. A deleted object's last state has the revision of its removal."""

    revision: int
    kind: type[KubeObject]
    old: KubeObject | None
    new: KubeObject | None
    last: KubeObject

    def seen(self, kind: type[KubeObject], picks: Picks) -> WatchEvent[Any] | None:
        """What a watch with a selection sees of it: objects enter the selection, change in it, and leave it."""
        if self.kind is not kind:
            return None
        before = self.old is not None and picks(self.old)
        after = self.new is not None and picks(self.new)
        type: Literal["ADDED", "MODIFIED", "DELETED"]
        type = "MODIFIED" if before and after else "ADDED" if after else "DELETED"
        return WatchEvent(type, self.last) if before or after else None


class Watches:
    """Every change since the beginning, and the watches that are open."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._open: list[tuple[type[KubeObject], Picks, asyncio.Queue[WatchEvent[Any]]]] = []

    def tell(self, change: Change) -> None:
        self._changes.append(change)
        for kind, picks, queue in self._open:
            if event := change.seen(kind, picks):
                queue.put_nowait(event)

    @contextmanager
    def watch(self, kind: type[T], since: int, picks: Picks) -> Iterator[AsyncIterator[WatchEvent[T]]]:
        """Every change after revision ``since``."""
        queue: asyncio.Queue[WatchEvent[T]] = asyncio.Queue()
        for change in self._changes:
            if change.revision > since and (event := change.seen(kind, picks)):
                queue.put_nowait(event)
        entry = (kind, picks, queue)
        self._open.append(entry)
        try:
            yield _drain(queue)
        finally:
            self._open = [each for each in self._open if each is not entry]

    async def delivered(self) -> None:
        """Until every watcher has dealt with every event."""
        for _, _, queue in tuple(self._open):
            await queue.join()


async def _drain(queue: asyncio.Queue[WatchEvent[T]]) -> AsyncIterator[WatchEvent[T]]:
    while True:
        event = await queue.get()
        try:
            yield event
        finally:
            queue.task_done()
