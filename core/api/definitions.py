"""The kinds of CustomResourceDefinitions, served as long as their definitions are established.

`Definitions` follows the definitions in their watch cache and changes the catalog after each of them; `settled` lets
requests wait until what was written before them counts. Objects that were stored under an earlier definition are brought
into the form of the present one when they are loaded. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from sampan.core.api import definition_checks  # noqa: F401 - attaches what a definition is refused for
from sampan.core.api.catalog import Catalog, Served
from sampan.core.api.conversion import Converter
from sampan.core.api.converted import Conversion, Converted
from sampan.core.api.storage import Cached, Storage, View, object_head, prefix_of
from sampan.core.api.webhook_client import WebhookClient
from sampan.core.cel.rule_runs import run_rules
from sampan.core.cel.schema_rules import Place, compile_place, has_rules
from sampan.core.classes import frozen
from sampan.core.errors import Cause, Expired
from sampan.core.loops import Background
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.conditions import holds_wire
from sampan.core.schema.custom_kinds import CustomKind, ObjectRules, custom_kind
from sampan.core.schema.encode import encode, splice_resource_version
from sampan.core.schema.fit import fit, trim
from sampan.core.schema.resource import Resource
from sampan.core.schema.types import Struct
from sampan.core.store.entry import Entry, Finish
from sampan.core.store.follower import Follower
from sampan.core.store.watch_cache import WatchCache, join_whole

log = logging.getLogger(__name__)

Wire = Mapping[str, Any]


@frozen
class _Serving:
    """What is served of one definition, and which state of it that stands for."""

    state: Any
    caches: tuple[WatchCache, ...]
    served: tuple[Served, ...]

    def close(self) -> None:
        for cache in self.caches:
            cache.close()


class Definitions:
    def __init__(self, catalog: Catalog, follower: Follower, webhooks: WebhookClient) -> None:
        self._webhooks = webhooks
        self._catalog = catalog
        self._follower = follower
        self._cache: WatchCache | None = None
        self._serving: dict[str, _Serving] = {}
        self._seen = 0
        self._moved = asyncio.Event()
        self._since: int | None = None
        """The revision from which on they are followed; `None`: all that there is is looked at anew."""
        self._loop = Background()

    async def start(self) -> None:
        """Serve what is established already, and follow what comes. Nothing happens where definitions are not served."""
        definitions = self._catalog.of_class(CustomResourceDefinition)
        if definitions is None:
            return
        self._cache = cache = definitions.entries
        self._since = cache.revision
        for entry in cache.list():
            await self._take(entry)
        self._seen = cache.changed
        self._loop.start(partial(self._follow, cache), "following definitions")

    async def stop(self) -> None:
        await self._loop.stop()
        for serving in self._serving.values():
            serving.close()

    async def settled(self) -> None:
        """Until everything that the cache shows of definitions is served."""
        while self._cache is not None and self._loop.is_running and self._seen < self._cache.changed:
            self._moved.clear()
            await self._moved.wait()

    async def _follow(self, cache: WatchCache) -> None:
        """Until the server ends. Where that breaks, the next turn looks at all that there is."""
        since, self._since = self._since, None
        if since is None:
            for name in self._serving.keys() - {entry.wire["metadata"]["name"] for entry in cache.list()}:
                self._drop(name)
        try:
            async with await cache.watch(since=since) as watcher:
                async for event in watcher:
                    if event.entry is not None:
                        await self._heed(event.entry, gone=event.type == "DELETED")
                    self._reached(event.revision)
        except Expired:
            return
        await asyncio.Future()  # who ends the server ends this as well

    async def _heed(self, entry: Entry, *, gone: bool) -> None:
        try:
            await (self._forget(entry) if gone else self._take(entry))
        except Exception:  # a bug, which keeps no other definition from being served
            log.exception("the definition %s could not be followed", entry.wire["metadata"]["name"])

    def _reached(self, revision: int) -> None:
        self._seen = max(self._seen, revision)
        self._moved.set()

    async def _take(self, entry: Entry) -> None:
        """Serve what a definition says now. One that cannot be read is told of, and keeps what it had."""
        name = entry.wire["metadata"]["name"]
        if not holds_wire(entry.wire, "Established"):
            return
        present, state = self._serving.get(name), _state(entry.wire)
        if present is not None and present.state == state:
            return
        try:
            kind = custom_kind(entry.wire, object_rules)
            serving = await self._serve(kind, state)
        except Exception:
            log.exception("the kinds of %s cannot be served", name)
            return
        self._serving[name] = serving
        self._catalog.replace(present.served if present else (), serving.served)
        if present is not None:
            present.close()

    async def _forget(self, entry: Entry) -> None:
        self._drop(entry.wire["metadata"]["name"])

    def _drop(self, name: str) -> None:
        present = self._serving.pop(name, None)
        if present is not None:
            self._catalog.replace(present.served, ())
            present.close()

    async def _serve(self, kind: CustomKind, state: Any) -> _Serving:
        closed = "create not allowed while custom resource definition is terminating" if kind.is_terminating else ""
        caches, storages = await (self._convert(kind) if kind.webhook else self._load(kind))
        served = [Served(resource, storages[resource.info.version], closed=closed) for resource in kind.served]
        return _Serving(state, caches, tuple(served))

    async def _load(self, kind: CustomKind) -> tuple[tuple[WatchCache, ...], Mapping[str, Storage]]:
        """One cache for all versions, which differ in their apiVersion and in what their schemas know."""
        since = await self._follower.store.revision()
        cache = WatchCache(self._follower, prefix_of(kind.stored), finish=finisher(kind, since), join=join_whole)
        await cache.start()
        storage = Cached(kind.stored, cache)
        return (cache,), {
            resource.info.version: storage if resource is kind.stored else _view(resource, storage)
            for resource in kind.served
        }

    async def _convert(self, kind: CustomKind) -> tuple[tuple[WatchCache, ...], Mapping[str, Storage]]:
        """A cache for each version, and one of the objects as they are stored, for the webhook to convert."""
        since = await self._follower.store.revision()
        stored = WatchCache(self._follower, prefix_of(kind.stored), finish=finisher(kind, since), join=join_whole)
        await stored.start()
        webhook = kind.webhook or {}
        versions = tuple(webhook.get("conversionReviewVersions") or ("v1",))
        config = webhook.get("clientConfig") or {}
        converter = Converter(kind.stored, config, versions, self._webhooks)
        caches, storages = [stored], {}
        for resource in kind.served:
            conversion = Conversion(stored, converter, resource)
            await conversion.cache.start()
            caches.append(conversion.cache)
            storages[resource.info.version] = Converted(resource, conversion.cache, kind.stored, converter, conversion)
        return tuple(caches), storages


def object_rules(schema: Wire) -> ObjectRules | None:
    """The rules of a schema, compiled when the first object is written."""
    if not has_rules(schema):
        return None
    compiled: list[Place | None] = []

    def run(obj: Wire, old: Wire | None) -> list[Cause]:
        if not compiled:
            compiled.append(compile_place(schema, is_root=True))
        return [] if compiled[0] is None else run_rules(compiled[0], obj, old)

    return run


def _state(wire: Wire) -> Any:
    """What decides on what is served: a new spec, new names, the beginning of the end."""
    status = wire.get("status") or {}
    meta = wire["metadata"]
    return (meta.get("uid"), meta.get("generation"), status.get("acceptedNames"), holds_wire(wire, "Terminating"))


def in_version(
    resource: Resource, give_form: Callable[[Struct, dict[str, Any]], None]
) -> Callable[[Wire], dict[str, Any]]:
    """Any object of the kind as one of this version, by the strategy ``None``: what the version does not know is lost."""

    def convert(wire: Wire) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(orjson.dumps(wire))
        value["apiVersion"] = resource.info.api_version
        give_form(resource.struct, value)
        return value

    return convert


def _view(shown: Resource, stored: Cached) -> View:
    """Defaults are those of the version that objects are stored in."""
    return View(shown, stored.resource, stored.cache, in_version(stored.resource, fit), in_version(shown, trim))


def finisher(kind: CustomKind, since: int) -> Finish:
    """How a stored value is made ready: one from before ``since`` may be of another version, or of another schema.

    It is read by the schema of its own version. Where no webhook is needed for that, it is shown in the present one.
    """
    head, show = object_head(kind.stored.info), in_version(kind.stored, trim)

    def finish(value: bytes, revision: int) -> bytes:
        if revision > since and (kind.webhook or value.startswith(head)):
            return splice_resource_version(value, revision)
        wire = orjson.loads(value)
        own = kind.versions.get(wire["apiVersion"])
        if own is not None:
            fit(own.struct, wire)
        if own is not kind.stored and not kind.webhook:
            own, wire = kind.stored, show(wire)
        return splice_resource_version(value if own is None else encode(own.struct, wire), revision)

    return finish
