"""The HTTPS transport of `sampan.core.client.protocol.Client`: for another host, another process, and the command line.

One connection pool; all on the loop that uses it.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import httpx
import orjson

from sampan.core.client.paths import collection_path, object_path
from sampan.core.client.protocol import IssuedToken, ObjectList, PatchType, WatchEvent, token_request
from sampan.core.client.status import error_of
from sampan.core.errors import ApiError, ServiceUnavailable
from sampan.core.kubeconfig import Access
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.kinds import KubeObject, Propagation, info
from sampan.core.schema.codec import from_wire, to_wire

T = TypeVar("T", bound=KubeObject)

PATCH_TYPES: Mapping[str, str] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
REQUEST_TIMEOUT = httpx.Timeout(30, pool=None)
WATCH_TIMEOUT = httpx.Timeout(30, read=150, pool=None)
"""A watch on which nothing happens has a bookmark every minute: one that is silent for longer is dead."""


def tls_for(access: Access) -> ssl.SSLContext:
    """Trust the cluster's own CA and nobody else."""
    context = ssl.create_default_context(cadata=access.ca_pem or None)
    if access.certificate_pem and access.key_pem:
        # The ssl module reads files alone: this one is there for a moment, and for nobody else.
        with tempfile.NamedTemporaryFile("w", prefix="sampan-", suffix=".pem") as file:
            file.write(access.certificate_pem + access.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
    return context


class HttpClient:
    """See `Client`. ``user_agent`` becomes the field manager of writes."""

    def __init__(self, access: Access, *, user_agent: str = "sampan") -> None:
        self._user_agent = user_agent
        self._http = self._connect(access)

    def _connect(self, access: Access) -> httpx.AsyncClient:
        headers = {"User-Agent": self._user_agent}
        if access.token:
            headers["Authorization"] = f"Bearer {access.token}"
        return httpx.AsyncClient(
            base_url=access.server, verify=tls_for(access), headers=headers, timeout=REQUEST_TIMEOUT, trust_env=False
        )

    async def renew(self, access: Access) -> None:
        """Go on as ``access``: connections of before end, and whoever waits on one of them asks anew."""
        old, self._http = self._http, self._connect(access)
        await old.aclose()

    async def get(self, kind: type[T], namespace: str, name: str) -> T:
        return from_wire(kind, await self.request("GET", object_path(info(kind), namespace, name)))

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
        query = _query(
            labelSelector=label_selector, fieldSelector=field_selector, limit=limit, **{"continue": continue_token}
        )
        body = await self.request("GET", collection_path(info(kind), namespace), query=query)
        meta = body["metadata"]
        return ObjectList(
            items=[from_wire(kind, item) for item in body["items"]],
            resource_version=meta["resourceVersion"],
            continue_token=meta.get("continue", ""),
        )

    async def create(self, obj: T, *, dry_run: bool = False) -> T:
        path = collection_path(info(type(obj)), obj.metadata.namespace)
        body = await self.request("POST", path, to_wire(obj), query=_query(dryRun="All" if dry_run else ""))
        return from_wire(type(obj), body)

    async def update(self, obj: T, *, subresource: str = "") -> T:
        namespace, name = obj.key
        path = object_path(info(type(obj)), namespace, name, subresource)
        return from_wire(type(obj), await self.request("PUT", path, to_wire(obj)))

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
        path = object_path(info(kind), namespace, name, subresource)
        return from_wire(kind, await self.request("PATCH", path, patch, content_type=PATCH_TYPES[type]))

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
        preconditions = _given(uid=uid, resourceVersion=resource_version)
        options = _given(
            preconditions=preconditions or None, propagationPolicy=propagation, gracePeriodSeconds=grace_period
        )
        await self.request("DELETE", object_path(info(kind), namespace, name), options or None)

    async def get_scale(self, kind: type[KubeObject], namespace: str, name: str) -> Scale:
        return from_wire(Scale, await self.request("GET", object_path(info(kind), namespace, name, "scale")))

    async def update_scale(self, kind: type[KubeObject], scale: Scale) -> Scale:
        path = object_path(info(kind), *scale.key, "scale")
        return from_wire(Scale, await self.request("PUT", path, to_wire(scale)))

    async def bind(self, namespace: str, pod: str, uid: str, node: str) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod, "namespace": namespace, "uid": uid},
            "target": {"kind": "Node", "name": node},
        }
        await self.request("POST", f"/api/v1/namespaces/{namespace}/pods/{pod}/binding", body)

    async def token(
        self,
        namespace: str,
        account: str,
        *,
        audiences: Sequence[str] = (),
        seconds: int = 3600,
        pod: tuple[str, str] | None = None,
    ) -> IssuedToken:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = await self.request("POST", path, token_request(audiences, seconds, pod))
        status = answer["status"]
        return IssuedToken(status["token"], datetime.fromisoformat(status["expirationTimestamp"]))

    @asynccontextmanager
    async def watch(
        self,
        kind: type[T],
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[AsyncIterator[WatchEvent[T]]]:
        query = _query(
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=resource_version,
            labelSelector=label_selector,
            fieldSelector=field_selector,
        )
        path = collection_path(info(kind), namespace)
        try:
            async with self._http.stream("GET", path, params=query, timeout=WATCH_TIMEOUT) as answer:
                if answer.status_code != 200:
                    raise error_of(answer.status_code, _decoded(await answer.aread()))
                yield _events(kind, answer)
        except httpx.TransportError as exc:
            raise _unreachable(self._http.base_url, exc) from exc

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Any:
        """One exchange of wire values. Raises the error that the server's ``Status`` stands for."""
        headers = {"Accept": accept}
        content = None
        if body is not None:
            headers["Content-Type"] = content_type
            content = orjson.dumps(body)
        try:
            answer = await self._http.request(method, path, params=query, content=content, headers=headers)
        except httpx.TransportError as exc:
            raise _unreachable(self._http.base_url, exc) from exc
        decoded = _decoded(answer.content)
        if answer.status_code >= 400:
            raise error_of(answer.status_code, decoded)
        return decoded

    async def close(self) -> None:
        await self._http.aclose()


async def _events(kind: type[T], answer: httpx.Response) -> AsyncIterator[WatchEvent[T]]:
    async for line in answer.aiter_lines():
        event = orjson.loads(line)
        if event["type"] == "ERROR":
            raise error_of(event["object"].get("code", 500), event["object"])
        yield WatchEvent(event["type"], from_wire(kind, event["object"]))


def _decoded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return content.decode(errors="replace")


def _query(**options: object) -> dict[str, str]:
    return {name: str(value) for name, value in options.items() if value}


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _unreachable(server: httpx.URL, exc: Exception) -> ApiError:
    return ServiceUnavailable(f"cannot reach the cluster at {server}: {exc or type(exc).__name__}")
