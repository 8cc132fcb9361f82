"""Routing of resource requests: which kind a path names, which verb a method means, who answers.

Called by the app for every request below ``/api/VERSION/`` and ``/apis/GROUP/VERSION/``, on the API server's loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs

from sampan.core.api.catalog import Catalog, Served
from sampan.core.api.handlers import Handlers
from sampan.core.api.operations.pipeline import Call
from sampan.core.api.paths import Target
from sampan.core.api.problems import NoMethod, NoRoute, PageNotFound
from sampan.core.api.protobuf.encode import has_form
from sampan.core.api.request import Request
from sampan.core.api.subresources.contract import Subresource
from sampan.core.classes import define
from sampan.core.contracts.access import Attributes
from sampan.core.errors import BadRequest

Handler = Callable[[Request, Call], Awaitable[None]]

OBJECT_VERBS: Final = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
COLLECTION_VERBS: Final = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
OPEN_ENDED: Final = frozenset({"proxy"})
"""Subresources with paths of their own below."""
READ_ONLY: Final = frozenset({"log"})
"""Subresources that change nothing, whatever their protocol."""
SUBRESOURCE_VERBS: Final = {**OBJECT_VERBS, "POST": "create", "HEAD": "get"}


@define(eq=False)
class Resources:
    """``subresources`` by name; which kinds have which is the kinds' own affair."""

    catalog: Catalog
    handlers: Handlers
    subresources: Mapping[str, Subresource]
    _by_verb: Mapping[str, Handler] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        handlers = self.handlers
        self._by_verb = {
            "get": handlers.get,
            "list": handlers.list,
            "create": handlers.create,
            "update": handlers.update,
            "patch": handlers.patch,
            "delete": handlers.delete,
            "deletecollection": handlers.delete_collection,
        }

    async def serve(self, request: Request) -> None:
        """For a request that has been authorized: who may not ask learns nothing of what there is."""
        target = request.target
        served = await self._find(target)
        if target.subresource:
            await self._serve_subresource(request, served)
            return
        if target.name and served.info.verbs == ("create",):
            raise NoRoute
        verb = (OBJECT_VERBS if target.name else COLLECTION_VERBS).get(request.method, "")
        if target.watch:  # what was allowed is to watch, and nothing else
            verb = "list" if request.method == "GET" and "watch" in served.info.verbs else ""
        if verb not in served.info.verbs or (not target.namespace and served.info.namespaced and verb != "list"):
            raise NoMethod
        _check_segment(target.name)
        await self._by_verb[verb](request, self.call(request, served, verb))

    async def _find(self, target: Target) -> Served:
        """Raises `NoRoute`, and `PageNotFound` below a version that has no resources at all."""
        served = await self.catalog.latest(target.group, target.version, target.resource)
        if served is None or not fits(target, served):
            raise NoRoute if self.catalog.has_version(target.group, target.version) else PageNotFound
        return served

    def knows(self, attributes: Attributes) -> bool:
        """Whether there is what the attributes name."""
        served = self.catalog.find(attributes.group, attributes.version, attributes.resource)
        if served is None:
            return False
        subresource = self.subresources.get(attributes.subresource)
        return not attributes.subresource or (subresource is not None and subresource.belongs(served))

    async def _serve_subresource(self, request: Request, served: Served) -> None:
        subresource = self._subresource(request.target, served)
        verb = SUBRESOURCE_VERBS.get(request.method, "")
        any_method = request.target.subresource in OPEN_ENDED and request.method == "OPTIONS"
        no_head = request.method == "HEAD" and request.target.subresource not in OPEN_ENDED
        if no_head or (verb not in subresource.verbs(served) and not any_method):
            raise NoMethod
        await subresource.serve(request, self.call(request, served, verb))

    async def connect(self, request: Request, attributes: Attributes) -> None:
        """A WebSocket. Raises what an HTTP request would be refused with.

        What changes what it reaches, though its method is GET, takes the right to ``create`` as well.
        """
        if not attributes.subresource:
            raise NoRoute
        target = request.target
        if target.subresource not in READ_ONLY:
            await self.handlers.pipeline.gates.check(attrs.evolve(attributes, verb="create"))
        served = await self._find(target)
        subresource = self._subresource(target, served)
        await subresource.connect(request, self.call(request, served, "get"))

    def _subresource(self, target: Target, served: Served) -> Subresource:
        found = self.subresources.get(target.subresource)
        if found is None or not found.belongs(served):
            raise NoRoute
        return found

    def call(self, request: Request, served: Served, verb: str) -> Call:
        target = request.target
        namespace = target.namespace if served.info.namespaced else ""
        request.has_protobuf = not target.subresource and has_form(served.resource.struct)
        if served.info.deprecation:
            request.warnings.append(served.info.deprecation)
        return Call(
            user=request.user,
            verb=verb,
            served=served,
            namespace=namespace,
            name=target.name,
            subresource=target.subresource,
            agent=request.headers.agent,
            warnings=request.warnings,
            audit=request.trail.annotations if request.trail is not None else {},
        )


def _check_segment(name: str) -> None:
    """What can be no object's name. Raises `BadRequest`."""
    if name in (".", ".."):
        raise BadRequest(f"Name parameter invalid: \"{name}\": may not be '{name}'")
    if "%" in name:
        raise BadRequest(f"Name parameter invalid: \"{name}\": may not contain '%'")


def fits(target: Target, served: Served) -> bool:
    """Whether the path has the form that the kind's scope and subresources allow.

    A namespace is named where a namespace stands in the path, once: rights within one are none to another.
    """
    if target.rest and target.subresource not in OPEN_ENDED:
        return False
    if "/" in target.name:  # written as %2F, which separates as any other does
        return False
    if target.watch and target.subresource:
        return False
    if served.info.namespaced:
        return bool(target.namespace) or not target.name
    return not target.namespace or (served.info.plural == "namespaces" and target.namespace == target.name)
