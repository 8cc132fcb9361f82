"""The OpenAPI documents over HTTP: ``/openapi/v2``, and ``/openapi/v3`` with one document for each group and version.

What aggregated servers bring is in both; their v3 documents are theirs to send. The others are made in a worker thread when
first asked for, and again only after the served kinds have changed. Each document has a hash in its address, so that
clients keep it as long as it holds.
https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from sampan.core.api import negotiate
from sampan.core.api.aggregation.aggregation import Aggregation
from sampan.core.api.aggregation.openapi import merge_v2, relative_url
from sampan.core.api.aggregation.registered import Extension
from sampan.core.api.catalog import Catalog
from sampan.core.api.problems import NoProducer, PageNotFound
from sampan.core.api.protobuf.openapi_v2 import CONTENT_TYPE, encode_openapi_v2
from sampan.core.api.protobuf.openapi_v2 import MEDIA_TYPE as OPENAPI_V2_PROTOBUF
from sampan.core.api.request import Request
from sampan.core.api.responses import JSON_TYPE, TEXT_TYPE, Header, send_bytes, send_value
from sampan.core.api.version import VERSION
from sampan.core.classes import frozen
from sampan.core.schema.openapi import openapi_v2, openapi_v3

Parts = Sequence[tuple[Extension, bytes]]

KEEP: Final = (b"cache-control", b"public, max-age=31536000, immutable")


@frozen
class Document:
    """A document's bytes and their hash."""

    body: bytes
    hash: str
    content_type: Header = JSON_TYPE


class OpenApi:
    def __init__(self, catalog: Catalog, aggregation: Aggregation) -> None:
        self._catalog = catalog
        self._aggregation = aggregation
        self._made_for = -1
        self._documents: dict[str, asyncio.Task[Document]] = {}
        self._parts: dict[str, Parts] = {}
        """Of other servers, in the v2 documents."""

    async def serve(self, request: Request, segments: tuple[str, ...]) -> None:
        """Raises `PageNotFound`, and `NotAcceptable` for protobuf of v3: clients then take JSON."""
        await self._catalog.settled()
        if segments == ("openapi", "v2"):
            if protobuf_is_wanted(request.headers.accept):
                await self._send(request, await self._v2("protobuf"))
                return
            require_json(request.headers.accept)
            await self._send(request, await self._v2(""))
        elif segments == ("openapi", "v3"):
            await send_value(request.send, await self._index(), content_type=TEXT_TYPE)
        elif segments[:2] == ("openapi", "v3") and (maker := self._maker("/".join(segments[2:]))):
            require_json(request.headers.accept)
            await self._send(request, await self._document("/".join(segments[2:]), maker))
        else:
            raise PageNotFound

    async def _index(self) -> dict[str, Any]:
        """All documents with their addresses."""
        paths = {}
        for group, versions in self._catalog.groups().items():
            for version in versions:
                name = f"apis/{group}/{version}" if group else f"api/{version}"
                document = await self._document(name, self._make_v3(group, version))
                paths[name] = {"serverRelativeURL": f"/openapi/v3/{name}?hash={document.hash}"}
        keepers = list(self._aggregation.available())
        bodies = await asyncio.gather(*(keeper.openapi_v3.refresh(keeper.link) for keeper in keepers))
        for keeper, body in zip(keepers, bodies, strict=True):
            if url := relative_url(body, keeper.link.extension):
                paths[keeper.link.extension.path[1:]] = {"serverRelativeURL": url}
        return {"paths": paths}

    async def _v2(self, form: str) -> Document:
        """The whole, with other servers' parts. ``form`` is ``protobuf``, or empty for JSON."""
        keepers = list(self._aggregation.available())
        # Side by side, and none is waited for longer than its few seconds.
        bodies = await asyncio.gather(*(keeper.openapi_v2.refresh(keeper.link) for keeper in keepers))
        parts = [(keeper.link.extension, body) for keeper, body in zip(keepers, bodies, strict=True) if body]
        if self._parts.get(form) != parts:
            self._parts[form] = parts
            self._documents.pop(form, None)
        make = self._make_v2_protobuf if form else self._make_v2
        return await self._document(form, lambda: make(parts))

    def _maker(self, name: str) -> Callable[[], Document] | None:
        """What makes the document called ``api/v1`` or ``apis/apps/v1``; ``None`` where there is no such."""
        root, _, rest = name.partition("/")
        group, _, version = rest.rpartition("/")
        known = self._catalog.groups().get(group, ())
        if (root == "api") != (group == "") or version not in known:
            return None
        return self._make_v3(group, version)

    def _make_v3(self, group: str, version: str) -> Callable[[], Document]:
        resources = [served.resource for served in self._catalog.in_version(group, version)]
        return lambda: _document(openapi_v3(resources, VERSION))

    def _make_v2(self, parts: Parts) -> Document:
        whole = openapi_v2([served.resource for served in list(self._catalog)], VERSION)
        for extension, part in parts:
            merge_v2(whole, part, extension)
        return _document(whole)

    def _make_v2_protobuf(self, parts: Parts) -> Document:
        body = encode_openapi_v2(orjson.loads(self._make_v2(parts).body))
        return Document(body, _hash(body), (b"content-type", CONTENT_TYPE.encode()))

    async def _document(self, name: str, make: Callable[[], Document]) -> Document:
        """The kept document, or a new one: made once, however many ask for it meanwhile."""
        if self._made_for != self._catalog.generation:
            self._documents.clear()
            self._made_for = self._catalog.generation
        task = self._documents.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            # One that failed is made anew for the next who asks.
            task = self._documents[name] = asyncio.create_task(asyncio.to_thread(make))
        return await asyncio.shield(task)

    async def _send(self, request: Request, document: Document) -> None:
        tag = f'"{document.hash}"'.encode()
        headers: list[Header] = [(b"etag", tag)]
        if request.query.get("hash") == document.hash:
            headers.append(KEEP)
        if dict(request.scope["headers"]).get(b"if-none-match") == tag:
            await send_bytes(request.send, b"", code=304, headers=headers)
        else:
            await send_bytes(request.send, document.body, content_type=document.content_type, headers=headers)


def _document(value: dict[str, Any]) -> Document:
    body = orjson.dumps(value)
    return Document(body, _hash(body))


def _hash(body: bytes) -> str:
    return hashlib.sha512(body).hexdigest().upper()


def protobuf_is_wanted(accept: str) -> bool:
    """Whether the first form that the client names is protobuf (kubectl names nothing else)."""
    return accept.partition(",")[0].partition(";")[0].strip() == OPENAPI_V2_PROTOBUF


def require_json(accept: str) -> None:
    if accept and not any(negotiate.format_of(offer.media_type) == "json" for offer in negotiate.clauses(accept)):
        raise NoProducer(negotiate.JSON)
