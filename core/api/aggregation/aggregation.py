"""Which groups of the API other servers bring, kept in step with the APIServices. One per API server, on its loop.

`Aggregation.route` is what the app asks for every request; `Aggregation.groups` is what discovery adds. A server that does
not answer costs a refusal: nothing here is waited for by others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sampan.core.api.aggregation.forward import Unavailable, forward
from sampan.core.api.aggregation.keeper import Keeper
from sampan.core.api.aggregation.kinds import kinds_of
from sampan.core.api.aggregation.link import Link
from sampan.core.api.aggregation.registered import (
    GROUP_PRIORITY,
    VERSION_PRIORITY,
    GroupVersion,
    Registered,
    registered,
)
from sampan.core.api.aggregation.upgrades import relay_spdy, relay_websocket
from sampan.core.api.catalog import Catalog
from sampan.core.api.paths import Target
from sampan.core.api.request import Request
from sampan.core.api.takeover import offered
from sampan.core.client.protocol import Client
from sampan.core.config import FrontProxy
from sampan.core.contracts.access import Reader
from sampan.core.errors import Expired
from sampan.core.loops import run_for_ever
from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.kinds import KubeObject
from sampan.core.store.watch_cache import WatchCache

Serve = Callable[[Request], Awaitable[None]]
BACKING = ("services", "endpointslices.discovery.k8s.io")
"""What a change of may make a server answer, or not."""


class Aggregation:
    def __init__(
        self, catalog: Catalog, reader: Reader, proxy: FrontProxy | None, clock: Callable[[], datetime]
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._proxy = proxy
        self._clock = clock
        self._client: Client | None = None
        self._registered: dict[str, Registered] = {}
        self._by_version: dict[GroupVersion, Registered] = {}
        self._keepers: dict[str, Keeper] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks_behind = False
        self.generation = 0
        """Another one after each change of what discovery shows."""
        self.moved = asyncio.Event()
        """Set after each change of what other servers bring, for the one who follows it."""

    async def start(self, client: Client) -> None:
        """``client`` writes the conditions. Nothing happens where APIServices are not served."""
        served = self._catalog.of_class(APIService)
        if served is None:
            return
        self._client = client
        follow = partial(self._follow, served.entries)
        self._run(run_for_ever(follow, "following APIServices", asyncio.sleep))
        self._load(served.entries)

    async def stop(self) -> None:
        """Idempotent."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        keepers, self._keepers = list(self._keepers.values()), {}
        for keeper in keepers:
            await keeper.stop()

    # What is asked of it

    def route(self, target: Target) -> Serve | None:
        """Who answers what another server brings; ``None`` for what this one serves itself."""
        keeper = self._keeper_of(target) if self._keepers else None
        return None if keeper is None else partial(self._forward, keeper)

    def stream(self, target: Target) -> Serve | None:
        """As `route`, for WebSockets."""
        keeper = self._keeper_of(target) if self._keepers else None
        return None if keeper is None else partial(self._connect, keeper)

    def group_priority(self, group: str) -> int:
        """The highest that one of its versions asks for."""
        asked = [each.group_priority for (its, _), each in self._by_version.items() if its == group]
        return max(asked, default=GROUP_PRIORITY)

    def version_priority(self, group: str, version: str) -> int:
        found = self._by_version.get((group, version))
        return VERSION_PRIORITY if found is None else found.version_priority

    def keepers(self) -> Mapping[GroupVersion, Keeper]:
        """Those of other servers, by what they bring."""
        return {
            (keeper.link.extension.group, keeper.link.extension.version): keeper for keeper in self._keepers.values()
        }

    def available(self) -> Iterable[Keeper]:
        return [keeper for name, keeper in self._keepers.items() if self._registered[name].available]

    def link_to(self, group: str, version: str) -> Link | None:
        """To the server that brings a version; ``None`` where none does."""
        found = self._by_version.get((group, version))
        keeper = None if found is None else self._keepers.get(found.name)
        return None if keeper is None else keeper.link

    def kinds(self) -> Mapping[GroupVersion, set[type[KubeObject]]]:
        """Of the versions that other servers bring and have told of; a resource is in that which clients prefer."""
        told = [(which, keeper.resources) for which, keeper in self.keepers().items() if keeper.resources is not None]
        told.sort(key=lambda each: (each[0][0], -self.version_priority(*each[0]), each[0][1]))
        return kinds_of(told)

    def _keeper_of(self, target: Target) -> Keeper | None:
        if target.form == "resource":
            found = self._by_version.get((target.group, target.version))
        else:
            match target.path.strip("/").split("/"):
                case ["apis", group, version] | ["openapi", "v3", "apis", group, version]:
                    found = self._by_version.get((group, version))
                case _:
                    found = None
        return None if found is None else self._keepers.get(found.name)

    async def _forward(self, keeper: Keeper, request: Request) -> None:
        self._check(keeper)
        take_over = offered(request)
        if take_over is not None:
            await relay_spdy(request, keeper.link, take_over)
        else:
            await forward(request, keeper.link)

    async def _connect(self, keeper: Keeper, request: Request) -> None:
        self._check(keeper)
        await relay_websocket(request, keeper.link)

    def _check(self, keeper: Keeper) -> None:
        if not self._registered[keeper.name].available:
            raise Unavailable("service unavailable\n")

    # How it is kept

    async def _follow(self, cache: WatchCache) -> None:
        """From what there is on, so that nothing is missed whatever broke before."""
        with contextlib.suppress(Expired):
            self._load(cache)
            async with await cache.watch(since=cache.revision) as watcher:
                async for event in watcher:
                    if event.entry is not None and event.type == "DELETED":
                        self._forget(event.entry.wire["metadata"]["name"])
                    elif event.entry is not None:
                        self._take(registered(event.entry.wire))
            await asyncio.Event().wait()  # the server ends

    def _load(self, cache: WatchCache) -> None:
        present = {found.name: found for found in (registered(entry.wire) for entry in cache.list())}
        for name in self._registered.keys() - present.keys():
            self._forget(name)
        for found in present.values():
            self._take(found)

    def _take(self, found: Registered) -> None:
        before = self._registered.get(found.name)
        if before == found:
            return
        self._registered[found.name] = found
        self._by_version[found.group, found.version] = found
        keeper = self._keepers.get(found.name)
        if keeper is not None and keeper.link.extension != found.extension:
            self._end(found.name)
        if found.extension is not None and found.name not in self._keepers:
            self._begin(found)
        self._changed()

    def _begin(self, found: Registered) -> None:
        assert found.extension is not None
        assert self._client is not None
        link = Link(found.extension, self._reader, self._proxy)
        keeper = Keeper(found.name, link, self._client, self._clock, self._changed)
        self._keepers[found.name] = keeper
        keeper.start()
        if not self._looks_behind:
            self._looks_behind = True
            for each in BACKING:
                self._run(run_for_ever(partial(self._watch, each), f"following {each}", asyncio.sleep))

    def _end(self, name: str) -> None:
        keeper = self._keepers.pop(name, None)
        if keeper is not None:
            self._run(keeper.stop())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, name: str) -> None:
        gone = self._registered.pop(name, None)
        if gone is not None:
            self._by_version.pop((gone.group, gone.version), None)
            self._end(name)
            self._changed()

    def _changed(self) -> None:
        self.generation += 1
        self.moved.set()

    async def _watch(self, resource: str) -> None:
        """Have the servers of a namespace looked at when something changes there that they depend on."""
        served = self._catalog.of_resource(resource)
        if served is not None:
            with contextlib.suppress(Expired):
                async with await served.entries.watch(since=served.entries.revision) as watcher:
                    async for event in watcher:
                        if event.entry is not None:
                            self._poke(event.entry.key.removeprefix(served.entries.prefix).partition("/")[0])
                await asyncio.Event().wait()  # the server ends

    def _poke(self, namespace: str) -> None:
        for keeper in self._keepers.values():
            if keeper.link.extension.namespace == namespace:
                keeper.poke()
