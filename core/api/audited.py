"""In-process requests in the audit log: what the cluster's own components ask is kept as what comes over HTTPS is.

Wraps the in-process client where there is an audit policy (`ApiServer.client`). On the API server's loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar

import orjson

from sampan.core.api.audit.auditor import Auditor, audit_id
from sampan.core.api.audit.trail import Trail
from sampan.core.api.local import LocalClient
from sampan.core.api.request_info import selected_name
from sampan.core.api.responses import JSON_TYPE
from sampan.core.classes import frozen
from sampan.core.client.protocol import IssuedToken, ObjectList, PatchType, WatchEvent
from sampan.core.contracts.access import Attributes
from sampan.core.errors import ApiError
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.core_v1.configuration import ServiceAccount
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject, Propagation, info
from sampan.core.schema.codec import to_wire

T = TypeVar("T", bound=KubeObject)
Answer = TypeVar("Answer")

HERE: Final = "127.0.0.1"
JSON: Final = "application/json"


@frozen
class AuditedClient:
    """Implements `sampan.core.client.protocol.Client` by another in-process client."""

    _client: LocalClient
    _auditor: Auditor

    async def get(self, kind: type[T], namespace: str, name: str) -> T:
        return await self._told(self._client.get(kind, namespace, name), self._asked("get", kind, namespace, name))

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
        work = self._client.list(
            kind, namespace, label_selector=label_selector, field_selector=field_selector, limit=limit,
            continue_token=continue_token,
        )  # fmt: skip
        return await self._told(work, self._asked("list", kind, namespace or "", selected_name(field_selector)))

    async def create(self, obj: T, *, dry_run: bool = False) -> T:
        asked = self._asked("create", type(obj), obj.metadata.namespace or "")
        return await self._told(self._client.create(obj, dry_run=dry_run), asked, to_wire(obj), code=201)

    async def update(self, obj: T, *, subresource: str = "") -> T:
        asked = self._asked("update", type(obj), *obj.key, subresource)
        return await self._told(self._client.update(obj, subresource=subresource), asked, to_wire(obj))

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
        work = self._client.patch(kind, namespace, name, patch, type=type, subresource=subresource)
        return await self._told(work, self._asked("patch", kind, namespace, name, subresource), patch)

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
        work = self._client.delete(
            kind, namespace, name, uid=uid, resource_version=resource_version, propagation=propagation,
            grace_period=grace_period,
        )  # fmt: skip
        await self._told(work, self._asked("delete", kind, namespace, name))

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        work = self._client.get_scale(kind, namespace, name)
        return await self._told(work, self._asked("get", kind, namespace, name, "scale"))

    async def update_scale(self, kind: type[KubeObject], scale: Scale) -> Scale:
        asked = self._asked("update", kind, *scale.key, "scale")
        return await self._told(self._client.update_scale(kind, scale), asked, to_wire(scale))

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        asked = self._asked("create", Pod, namespace, pod, "binding")
        await self._told(self._client.bind(namespace, pod, uid, node), asked, code=201)

    async def token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str] = (),
        seconds: int = 3600,
        pod: tuple[str, str] | None = None,
    ) -> IssuedToken:
        work = self._client.token(namespace, account, audiences=audiences, seconds=seconds, pod=pod)
        return await self._told(work, self._asked("create", ServiceAccount, namespace, account, "token"), code=201)

    def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]]:
        watch = self._client.watch(
            kind, namespace, resource_version=resource_version, label_selector=label_selector,
            field_selector=field_selector,
        )  # fmt: skip
        return self._watched(watch, self._asked("watch", kind, namespace or "", selected_name(field_selector)))

    @asynccontextmanager
    async def _watched(
        self, watch: AbstractAsyncContextManager[AsyncIterator[WatchEvent[T]]], asked: Attributes
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        trail = await self._begun(asked)
        try:
            async with watch as events:
                if trail is not None:
                    trail.answers(200)
                yield events
        except ApiError as exc:
            _refused(trail, exc)
            raise
        finally:
            if trail is not None:
                trail.complete()

    async def close(self) -> None:
        await self._client.close()

    def _asked(
        self, verb: str, kind: type[KubeObject], namespace: str, name: str = "", subresource: str = ""
    ) -> Attributes:
        about = info(kind)
        return Attributes(
            user=self._client.user, verb=verb, group=about.group, version=about.version, resource=about.plural,
            subresource=subresource, namespace=namespace, name=name,
        )  # fmt: skip

    async def _begun(self, asked: Attributes, body: Any = None) -> Trail | None:
        def came() -> dict[str, Any]:
            uri, agent = _path(asked), self._client.agent
            return {"auditID": audit_id(""), "requestURI": uri, "sourceIPs": [HERE], "userAgent": agent}

        trail = self._auditor.follow(asked, came)
        if trail is not None:
            trail.received()
            trail.decided(await self._client.pipeline.gates.authorize(asked))
            if body is not None:
                trail.asks_with(orjson.dumps(body), JSON)
                if isinstance(body, Mapping):
                    trail.is_about(body)
        return trail

    async def _told(self, work: Awaitable[Answer], asked: Attributes, body: Any = None, *, code: int = 200) -> Answer:
        """What the work answers, with the events of the request."""
        trail = await self._begun(asked, body)
        try:
            answer = await work
        except ApiError as exc:
            _refused(trail, exc)
            raise
        else:
            if trail is not None:
                trail.answers(code, [JSON_TYPE])
                if isinstance(answer, KubeObject):  # as over HTTPS, tokens have nothing of their answer kept here
                    trail.answers_with(orjson.dumps(to_wire(answer)))
            return answer
        finally:
            if trail is not None:
                trail.complete()


def _refused(trail: Trail | None, error: ApiError) -> None:
    if trail is not None:
        trail.answers(error.code)
        trail.says(error.to_status())


def _path(asked: Attributes) -> str:
    """Where the same would be asked over HTTPS."""
    steps = ["/apis", asked.group] if asked.group else ["/api"]
    steps.append(asked.version)
    if asked.namespace:
        steps += ["namespaces", asked.namespace]
    return "/".join(filter(None, (*steps, asked.resource, asked.name, asked.subresource)))
