"""The in-process client of who looks at every kind there is: of those that this server serves, and of aggregated ones.

Whoever speaks to an aggregated server through it must be allowed here to do so, as over HTTPS.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.api.local import LocalClient
from sampan.core.classes import frozen
from sampan.core.client.protocol import Client, ObjectList, PatchType, WatchEvent
from sampan.core.contracts.access import Attributes
from sampan.core.model.kinds import KubeObject, Propagation, info

T = TypeVar("T", bound=KubeObject)


@frozen(kw_only=True)
class WideClient(LocalClient):
    """What is not served here is got, listed, watched, patched and deleted at the server that brings it."""

    aggregation: Aggregation

    async def get(self, kind: type[T], namespace: str, name: str) -> T:
        other = await self._other(kind, "get", namespace, name)
        return await (
            LocalClient.get(self, kind, namespace, name) if other is None else other.get(kind, namespace, name)
        )

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
        what: dict[str, Any] = {
            "label_selector": label_selector,
            "field_selector": field_selector,
            "limit": limit,
            "continue_token": continue_token,
        }
        other = await self._other(kind, "list", namespace or "")
        if other is None:
            return await LocalClient.list(self, kind, namespace, **what)
        return await other.list(kind, namespace, **what)

    async def patch(
        self,
        kind: type[T],
        namespace: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        type: PatchType = "merge",
        subresource: str = "",
    ) -> T:
        how: dict[str, Any] = {"type": type, "subresource": subresource}
        other = await self._other(kind, "patch", namespace, name, subresource)
        if other is None:
            return await LocalClient.patch(self, kind, namespace, name, patch, **how)
        return await other.patch(kind, namespace, name, patch, **how)

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
    ) -> None:
        how: dict[str, Any] = {
            "uid": uid,
            "resource_version": resource_version,
            "propagation": propagation,
            "grace_period": grace_period,
        }
        other = await self._other(kind, "delete", namespace, name)
        if other is None:
            await LocalClient.delete(self, kind, namespace, name, **how)
        else:
            await other.delete(kind, namespace, name, **how)

    def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]]:
        what = {
            "resource_version": resource_version,
            "label_selector": label_selector,
            "field_selector": field_selector,
        }
        if self._is_own(kind):
            return LocalClient.watch(self, kind, namespace, **what)
        return self._watch_other(kind, namespace, what)

    @asynccontextmanager
    async def _watch_other(
        self, kind: type[T], namespace: str | None, what: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        other = await self._other(kind, "watch", namespace or "")
        watch = (
            LocalClient.watch(self, kind, namespace, **what) if other is None else other.watch(kind, namespace, **what)
        )
        async with watch as events:
            yield events

    def _is_own(self, kind: type) -> bool:
        return self.pipeline.catalog.of_class(kind) is not None

    async def _other(
        self, kind: type[KubeObject], verb: str, namespace: str, name: str = "", subresource: str = ""
    ) -> Client | None:
        """Who is asked for a kind that is not served here. Raises `Forbidden`."""
        if self._is_own(kind):
            return None
        about = info(kind)
        link = self.aggregation.link_to(about.group, about.version)
        if link is None:
            return None
        from sampan.core.api.aggregation.linked_client import LinkedClient

        asked = Attributes(
            user=self.user, verb=verb, group=about.group, version=about.version, resource=about.plural,
            subresource=subresource, namespace=namespace, name=name,
        )  # fmt: skip
        await self.pipeline.gates.check(asked)
        return LinkedClient(link, self.user, self.agent)
