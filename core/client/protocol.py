"""The client protocol: typed objects in, typed objects out.

Two transports: `sampan.core.api.local.LocalClient` (in-process: the same request pipeline, shared frozen objects, no
sockets and no JSON) and `sampan.core.client.http.HttpClient` (HTTPS). Errors are those of `sampan.core.errors`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from sampan.core.classes import frozen
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.kinds import KubeObject, Propagation

T = TypeVar("T", bound=KubeObject)

PatchType = Literal["json", "merge", "strategic"]


@frozen(kw_only=True)
class ObjectList(Generic[T]):
    items: Sequence[T]
    resource_version: str
    continue_token: str = ""


@frozen
class WatchEvent(Generic[T]):
    """``BOOKMARK`` objects carry a resourceVersion and nothing else."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    obj: T


@frozen
class IssuedToken:
    """A bearer token, and when whoever holds it should have another."""

    token: str
    expires: datetime


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

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        """What the ``scale`` subresource shows of an object of any kind that has one."""
        ...

    async def update_scale(self, kind: type[KubeObject], scale: Scale) -> Scale:
        """Write the number of a Scale that was read, to the object of ``kind`` that it names."""
        ...

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        """The ``binding`` subresource."""
        ...

    async def token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str] = (),
        seconds: int = 3600,
        pod: tuple[str, str] | None = None,
    ) -> IssuedToken:
        """A new token of a service account, bound to a pod (name and uid) where one is given."""
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


def token_request(audiences: Sequence[str], seconds: int, pod: tuple[str, str] | None) -> dict[str, Any]:
    """The ``TokenRequest`` that asks for a token."""
    spec: dict[str, Any] = {"audiences": list(audiences), "expirationSeconds": seconds}
    if pod is not None:
        spec["boundObjectRef"] = {"apiVersion": "v1", "kind": "Pod", "name": pod[0], "uid": pod[1]}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec}
