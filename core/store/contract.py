"""The store contract: etcd's semantics in seven methods.

One global revision counts up by one with every write. Keys are Kubernetes' (``/registry/pods/NS/NAME``), values opaque
bytes. All methods are called on one event loop; an implementation may use threads behind them. A write that returns has
been made durable to the degree that the implementation promises in its own docstring. Implementations are plugins
(``registry.store``) and run `sampan.core.testing.store_contract`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from sampan.core.classes import frozen


@frozen
class KeyValue:
    """A key at one revision. ``created`` is the revision of its first write, ``revision`` that of this value."""

    key: str
    value: bytes
    created: int
    revision: int
    damaged: bool = False
    """The value is not what was written: it can be named and removed, and must not be read."""


@frozen
class StoreEvent:
    """One write. For a ``delete``, ``item`` holds the last value, at the revision of the delete."""

    type: Literal["put", "delete"]
    item: KeyValue
    previous: KeyValue | None

    @property
    def revision(self) -> int:
        return self.item.revision


@frozen
class Listing:
    """Part of a range at one revision: ``more`` says whether keys follow, ``remaining`` how many."""

    items: Sequence[KeyValue]
    revision: int
    remaining: int = 0


class History(Protocol):
    """What can be asked of the past: the reading half of a `Store`, whose rules hold."""

    async def revision(self) -> int: ...

    async def list(
        self, prefix: str, *, start_after: str = "", limit: int = 0, revision: int | None = None
    ) -> Listing: ...

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]: ...


class Store(Protocol):
    """A durable, watchable, revisioned map. An empty one is at revision 1, so the first write makes revision 2.

    A write that fails has changed nothing and used no revision. `InsufficientStorage` is raised where there is no room
    left, `ServiceUnavailable` where the store cannot be reached or has been closed.
    """

    async def revision(self) -> int:
        """The revision of the latest acknowledged write; at least 1."""
        ...

    async def get(self, key: str) -> KeyValue | None: ...

    async def list(self, prefix: str, *, start_after: str = "", limit: int = 0, revision: int | None = None) -> Listing:
        """Keys below ``prefix`` and after the key ``start_after`` in byte order, at ``revision`` (default: now).

        ``limit`` 0 means all. Raises `Expired` where ``revision`` has been compacted, `Timeout` where it lies ahead.
        """
        ...

    async def create(self, key: str, value: bytes) -> KeyValue:
        """Raises `AlreadyExists`."""
        ...

    async def update(self, key: str, value: bytes, expected: int) -> KeyValue:
        """Replace the value whose revision is ``expected``. Raises `NotFound` or `Conflict`; then nothing has changed."""
        ...

    async def delete(self, key: str, expected: int) -> KeyValue:
        """Remove the value whose revision is ``expected``; returns it at the revision of the delete.

        Raises `NotFound` or `Conflict`.
        """
        ...

    def watch(self, prefix: str, from_revision: int) -> AbstractAsyncContextManager[AsyncIterator[StoreEvent]]:
        """Every write below ``prefix`` after ``from_revision``, in order, without gaps, for as long as it is open.

        Raises `Expired` on entering where ``from_revision`` has been compacted, and while iterating where the reader was
        too slow to keep up. It ends when the store is closed.
        """
        ...

    async def check_room(self) -> None:
        """Raises `InsufficientStorage` where nothing new can be created for want of room; deletes must still go through."""
        ...

    async def compact(self, revision: int) -> None:
        """Forget history before ``revision`` (at most: before now); current values stay.

        ``revision`` itself can still be listed and watched from. A store may also compact by itself.
        """
        ...

    async def close(self) -> None:
        """Flush and release everything. Idempotent."""
        ...
