"""The in-process client: the same operations as over HTTP, without sockets and without JSON on the way out.

Made by `ApiServer.client`, one per component and user. What reads return are the cache's own frozen objects, decoded once
per revision for all readers. On the API server's loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import orjson

from sampan.core.api import watch as watching
from sampan.core.api.asked import Asked, asked
from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.catalog import Served
from sampan.core.api.operations import read
from sampan.core.api.operations.bind import bind
from sampan.core.api.operations.create import create
from sampan.core.api.operations.delete import delete
from sampan.core.api.operations.patch import patch as apply_patch
from sampan.core.api.operations.pipeline import Call, Outcome, Pipeline
from sampan.core.api.operations.update import update
from sampan.core.api.options import DeleteOptions, ListOptions, WriteOptions
from sampan.core.api.selectors import select
from sampan.core.api.subresources.scale import read_scale, write_scale
from sampan.core.api.subresources.token import TOKEN_REQUEST, issue
from sampan.core.classes import frozen
from sampan.core.client.protocol import IssuedToken, ObjectList, PatchType, WatchEvent, token_request
from sampan.core.contracts.access import User
from sampan.core.errors import MethodNotAllowed, NotFound
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.core_v1.configuration import ServiceAccount
from sampan.core.model.kinds import KubeObject, Propagation, info
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.schema.decode import decode_value
from sampan.core.schema.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from sampan.core.store.entry import WatchEvent as StoredEvent
from sampan.core.store.watcher import Watcher

T = TypeVar("T", bound=KubeObject)

PATCH_TYPES: Mapping[PatchType, str] = {"json": JSON_PATCH, "merge": MERGE_PATCH, "strategic": STRATEGIC_PATCH}


@frozen
class LocalClient:
    """Implements `sampan.core.client.protocol.Client` for ``user``; ``agent`` names the field manager of its writes."""

    pipeline: Pipeline
    user: User
    agent: str = "sampan"
    auditor: Auditor | None = None
    """Is told of every request, where there is a policy."""

    async def get(self, kind: type[T], namespace: str, name: str) -> T:
        async with self._asked(kind, "get", namespace, name) as (call, told):
            return told.answer(call.served.typed(await read.get(self.pipeline, call), kind))

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
        selectors = (label_selector, field_selector)
        async with self._asked(kind, "list", namespace or "", selectors=selectors) as (call, _told):
            options = ListOptions(limit=limit, continue_token=continue_token)
            selection = select(call.served.resource, *selectors)
            listed = await read.list_page(self.pipeline, call, options, selection)
        items = [call.served.typed(entry, kind) for entry in listed.page.entries]
        return ObjectList(items=items, resource_version=str(listed.page.revision), continue_token=listed.continue_token)

    async def create(self, obj: T, *, dry_run: bool = False) -> T:
        async with self._asked(type(obj), "create", obj.metadata.namespace or "", body=obj) as (call, told):
            outcome = await create(self.pipeline, call, _decoded(call.served, obj), self._options(dry_run))
            return told.answer(_written(call, outcome, type(obj)), 201)

    async def update(self, obj: T, *, subresource: str = "") -> T:
        async with self._asked(type(obj), "update", *obj.key, subresource, body=obj) as (call, told):
            outcome = await update(self.pipeline, call, _decoded(call.served, obj), self._options())
            return told.answer(_written(call, outcome, type(obj)))

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
        async with self._asked(kind, "patch", namespace, name, subresource, body=patch) as (call, told):
            outcome = await apply_patch(self.pipeline, call, orjson.dumps(patch), PATCH_TYPES[type], self._options())
            return told.answer(_written(call, outcome, kind))

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
        options = DeleteOptions(
            uid=uid, resource_version=resource_version, propagation=propagation, grace_period=grace_period
        )
        async with self._asked(kind, "delete", namespace, name) as (call, _told):
            await delete(self.pipeline, call, options)

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        async with self._asked(kind, "get", namespace, name, "scale") as (call, told):
            return told.answer(from_wire(Scale, await read_scale(self.pipeline, call)))

    async def update_scale(self, kind: type[KubeObject], scale: Scale) -> Scale:
        async with self._asked(kind, "update", *scale.key, "scale", body=scale) as (call, told):
            return told.answer(
                from_wire(Scale, await write_scale(self.pipeline, call, to_wire(scale), self._options()))
            )

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        served = self.pipeline.catalog.find("", "v1", "pods")
        assert served is not None, "pods are served"
        call = Call(
            user=self.user, verb="create", served=served, namespace=namespace, name=pod,
            subresource="binding", agent=self.agent,
        )  # fmt: skip
        async with asked(self.pipeline.gates, self.auditor, call) as told:
            await bind(self.pipeline, call, node, uid=uid)
            told.code = 201

    async def token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str] = (),
        seconds: int = 3600,
        pod: tuple[str, str] | None = None,
    ) -> IssuedToken:
        async with self._asked(ServiceAccount, "create", namespace, account, "token") as (call, told):
            wanted = decode_value(TOKEN_REQUEST, token_request(audiences, seconds, pod)).value
            issued = await issue(self.pipeline, call, wanted, self._options())
            told.code = 201
        status = issued["status"]
        return IssuedToken(status["token"], datetime.fromisoformat(status["expirationTimestamp"]))

    def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]]:
        return self._watch(kind, namespace, resource_version, label_selector, field_selector)

    @asynccontextmanager
    async def _watch(
        self, kind: type[T], namespace: str | None, resource_version: str, label_selector: str, field_selector: str
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        selectors = (label_selector, field_selector)
        async with self._asked(kind, "watch", namespace or "", selectors=selectors) as (call, told):
            options = ListOptions(watch=True, resource_version=resource_version)
            selection = select(call.served.resource, *selectors)
            watcher = await watching.open_watch(self.pipeline, call, options, selection)
            async with watcher:
                told.begin()
                yield _events(watcher, call.served, kind)

    async def close(self) -> None:
        """Nothing of its own to close."""

    @asynccontextmanager
    async def _asked(
        self,
        kind: type,
        verb: str,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
        *,
        selectors: tuple[str, str] = ("", ""),
        body: Any = None,
    ) -> AsyncIterator[tuple[Call, Asked]]:
        """One request. Raises `Forbidden`: in-process or not, a component may do what its user may."""
        if self.pipeline.catalog.of_class(kind) is None:
            await self.pipeline.catalog.settled()
        call = self._call(kind, verb, namespace, name, subresource)
        async with asked(self.pipeline.gates, self.auditor, call, selectors, body) as told:
            yield call, told

    def _call(self, kind: type, verb: str, namespace: str = "", name: str = "", subresource: str = "") -> Call:
        served = self.pipeline.catalog.of_class(kind)
        if served is None:
            raise NotFound(f"this server does not serve {info(kind).resource}")
        if not subresource and verb not in served.info.verbs:
            raise MethodNotAllowed(f"{served.info.resource} have no {verb}")
        return Call(
            user=self.user, verb=verb, served=served, namespace=namespace, name=name,
            subresource=subresource, agent=self.agent,
        )  # fmt: skip

    def _options(self, dry_run: bool = False) -> WriteOptions:
        return WriteOptions(dry_run=dry_run)


def _written(call: Call, outcome: Outcome, kind: type[T]) -> T:
    assert outcome.entry is not None, "a write answers with an object"
    return call.served.typed(outcome.entry, kind)


def _decoded(served: Served, obj: KubeObject) -> dict[str, Any]:
    """A typed object as if it had come over the wire."""
    return decode_value(served.resource, to_wire(obj)).value


async def _events(watcher: Watcher, served: Served, kind: type[T]) -> AsyncIterator[WatchEvent[T]]:
    async for event in watcher:
        yield WatchEvent(event.type, _object_of(event, served, kind))


def _object_of(event: StoredEvent, served: Served, kind: type[T]) -> T:
    if event.entry is None:
        return kind(metadata=ObjectMeta(resource_version=str(event.revision)))
    return served.typed(served.show(event.entry), kind)
