"""The client protocol: typed objects in, typed objects out.

Two transports: `sampan.core.api.local.LocalClient` (in-process: the same request pipeline, shared frozen objects, no
sockets and no JSON) and `sampan.core.client.http.HttpClient` (HTTPS). Errors are those of `sampan.core.errors`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Literal, Protocol, TypeVar

import attrs

from sampan.core.model.kinds import KubeObject, Propagation

T = TypeVar("T", bound=KubeObject)

PatchType = Literal["json", "merge", "strategic"]


@attrs.frozen(kw_only=True)
class ObjectList(Generic[T]):
    items: Sequence[T]
    resource_version: str
    continue_token: str = ""


@attrs.frozen
class WatchEvent(Generic[T]):
    """``BOOKMARK`` objects carry a resourceVersion and nothing else."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    obj: T


class Client(Protocol):
    """One user's access to one API server.

    An object is always named in the order (kind, namespace, name); ``namespace`` is ``""`` for cluster-scoped kinds.
    """

    async def get(self, kind: type[T], namespace: str, name: str) -> T: ...

    async def list(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> ObjectList[T]:
        """``namespace=None`` lists all namespaces."""
        ...

    async def create(self, obj: T, *, dry_run: bool = False) -> T: ...

    async def update(self, obj: T, *, subresource: str = "") -> T: ...

    async def patch(
        self,
        kind: type[T],
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> T: ...

    async def delete(
        self,
        kind: type[KubeObject],
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation | None = None,
        grace_period: int | None = None,
    ) -> None: ...

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        """The ``binding`` subresource."""
        ...

    def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]]:
        """Everything after ``resource_version``. Raises `Expired`/`Gone` where that is too old: list again."""
        ...

    async def close(self) -> None: ...
