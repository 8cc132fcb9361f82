"""Everything that is not about objects: version, health, metrics, discovery and OpenAPI.

Called by the app for the paths outside of resources, on the API server's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import orjson

from sampan.core.api.discovery import Discovery
from sampan.core.api.health import Health
from sampan.core.api.metrics import Metrics
from sampan.core.api.node_links import NodeLinks
from sampan.core.api.openapi import OpenApi
from sampan.core.api.problems import NoMethod, PageNotFound
from sampan.core.api.request import Request
from sampan.core.api.responses import send_bytes, send_value
from sampan.core.api.tokens import Tokens
from sampan.core.api.version import version_info
from sampan.core.classes import define

METRICS_TYPE: Final = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")

KEYS_TYPE: Final = (b"content-type", b"application/jwk-set+json")
KEPT: Final = (b"cache-control", b"public, max-age=3600")

Find = Callable[[Request, tuple[str, ...]], Awaitable[None]]


@define(eq=False)
class Endpoints:
    discovery: Discovery
    openapi: OpenApi
    metrics: Metrics
    health: Health
    tokens: Tokens
    node_links: NodeLinks
    answers: dict[str, Callable[[], Any]] = attrs.field(factory=dict)
    """Further paths of whoever runs the server: what each answers, worked out in a thread."""

    async def serve(self, request: Request) -> None:
        """Raises `PageNotFound` for a path that there is not, `NoMethod` for anything but GET."""
        path = request.target.path
        segments = tuple(path.strip("/").split("/"))
        find = self._find(segments)
        if find is None or path.startswith("//") or (path.endswith("/") and self.health.knows(segments)):
            raise PageNotFound
        if request.method not in ("GET", "HEAD") or (request.method == "HEAD" and _has_no_head(segments)):
            if find == self.discovery.serve:
                await self.discovery.check(segments)
            raise NoMethod
        request.answers_with = "document"
        await find(request, segments)

    async def connect(self, request: Request) -> None:
        """A WebSocket. Raises `PageNotFound` where there is none."""
        if not self.node_links.knows(request.target.path):
            raise PageNotFound
        await self.node_links.connect(request)

    def _find(self, segments: tuple[str, ...]) -> Find | None:
        first = segments[0]
        if first in ("api", "apis"):
            return self.discovery.serve
        if first == "openapi":
            return self.openapi.serve
        if self.health.knows(segments):
            return self.health.serve
        simple: dict[tuple[str, ...], Find] = {
            ("version",): self._version,
            ("metrics",): self._metrics,
            ("",): self._paths,
            (".well-known", "openid-configuration"): self._issuer,
            ("openid", "v1", "jwks"): self._keys,
        }
        return simple.get(segments) or (self._answer if self._path(segments) in self.answers else None)

    async def _answer(self, request: Request, segments: tuple[str, ...]) -> None:
        await request.answer(await asyncio.to_thread(self.answers[self._path(segments)]))

    @staticmethod
    def _path(segments: tuple[str, ...]) -> str:
        return "/" + "/".join(segments)

    async def _version(self, request: Request, segments: tuple[str, ...]) -> None:
        await send_bytes(request.send, orjson.dumps(version_info(), option=orjson.OPT_INDENT_2))

    async def _metrics(self, request: Request, segments: tuple[str, ...]) -> None:
        await send_bytes(request.send, self.metrics.text(), content_type=METRICS_TYPE)

    async def _issuer(self, request: Request, segments: tuple[str, ...]) -> None:
        await send_value(request.send, self.tokens.configuration(), headers=[KEPT])

    async def _keys(self, request: Request, segments: tuple[str, ...]) -> None:
        body = orjson.dumps(self.tokens.key_set())
        await send_bytes(request.send, body, content_type=KEYS_TYPE, headers=[KEPT])

    async def _paths(self, request: Request, segments: tuple[str, ...]) -> None:
        groups = self.discovery.paths()
        others = [
            "/.well-known/openid-configuration",
            "/healthz",
            "/livez",
            "/metrics",
            "/openapi/v2",
            "/openapi/v3",
            "/openid/v1/jwks",
            "/readyz",
            "/version",
        ]
        await send_value(request.send, {"paths": [*groups, *sorted([*others, *self.answers])]})


def _has_no_head(segments: tuple[str, ...]) -> bool:
    """Paths that Kubernetes routes by their method, and that know GET alone."""
    return segments[0] in ("api", "version", "openid", ".well-known") or (segments[0] == "apis" and len(segments) > 2)
