"""``proxy``: HTTP by way of the API server to a pod, to one of a service's pods, or to a node's agent.

https://kubernetes.io/docs/concepts/cluster-administration/proxies/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.problems import NoMethod
from sampan.core.api.proxy.carry import carry
from sampan.core.api.proxy.links import Links
from sampan.core.api.proxy.location import Location, Named, parse_name, pod_location, service_location
from sampan.core.api.request import Request
from sampan.core.api.responses import send_bytes
from sampan.core.api.subresources.containers import admit
from sampan.core.classes import define
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.errors import NotFound

EVERY_VERB: Final = frozenset({"create", "delete", "get", "patch", "update"})
_PREFIX: Final = re.compile(r"^(/api/v1/(?:namespaces/[^/]+/)?[^/]+/[^/]+/proxy)(/.*)?$", re.DOTALL)
KUBELET_PORTS: Final = ("", "10250")


@define(eq=False)
class ProxySubresource:
    pipeline: Pipeline
    nodes: NodeDirectory

    def belongs(self, served: Served) -> bool:
        return "proxy" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return EVERY_VERB

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", f"{served.info.kind}ProxyOptions")

    async def connect(self, request: Request, call: Call) -> None:
        raise NoMethod

    async def serve(self, request: Request, call: Call) -> None:
        prefix, path = split_path(request.target.path)
        kind = call.served.info.kind
        named = parse_name(call.name, kind.lower())
        options = {"kind": f"{kind}ProxyOptions", "apiVersion": "v1", "path": path.lstrip("/")}
        await admit(self.pipeline, call, options)
        call = attrs.evolve(call, name=named.name)
        found = (await self.pipeline.current(call)).wire
        query = request.scope["query_string"].decode("latin-1")
        target = f"{path or '/'}{'?' if query else ''}{query}"
        if not path and request.method in ("GET", "HEAD"):
            await _redirect(request, f"{prefix}/{'?' if query else ''}{query}")
        elif kind == "Node":
            await self._ask_node(request, named, path or "/")
        else:
            location = self._location(call, found, named)
            links = Links(scheme="https", authority=_host(request), prefix=prefix, server=location.authority)
            await carry(request, location, target, links)

    def _location(self, call: Call, found: Mapping[str, Any], named: Named) -> Location:
        if call.served.info.kind == "Pod":
            return pod_location(found, named)
        return service_location(found, self._endpoints(call), named)

    def _endpoints(self, call: Call) -> Mapping[str, Any] | None:
        served = self.pipeline.catalog.find("", "v1", "endpoints")
        entry = served.entries.get(served.key(call.namespace, call.name)) if served is not None else None
        return None if entry is None else entry.wire

    async def _ask_node(self, request: Request, named: Named, path: str) -> None:
        """The agent's own pages, as the kubelet has them on its port."""
        if named.port not in KUBELET_PORTS:
            raise NotFound(f'node "{named.name}" serves nothing on port {named.port}', kind="nodes", name=named.name)
        page = await self.nodes.find(named.name).page(request.method, path, request.query)
        content_type = (b"content-type", page.content_type.encode("latin-1"))
        await send_bytes(request.send, page.body, code=page.status, content_type=content_type)


def split_path(path: str) -> tuple[str, str]:
    """The way to the server's root, and the rest: both still percent-encoded."""
    match = _PREFIX.match(path)
    if match is None:
        raise NotFound("the server could not find the requested resource")
    return match[1], match[2] or ""


async def _redirect(request: Request, to: str) -> None:
    """To the root of the server, so that relative links in its page work."""
    headers = [(b"location", to.encode("latin-1")), (b"content-length", b"0")]
    await request.send({"type": "http.response.start", "status": 301, "headers": headers})
    await request.send({"type": "http.response.body", "body": b""})


def _host(request: Request) -> str:
    headers: dict[bytes, bytes] = dict(request.scope["headers"])
    return headers.get(b"host", b"").decode("latin-1")
