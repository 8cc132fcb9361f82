"""One aggregated API server: whether it answers is looked at again and again, and what it serves is kept.

A task of the API server's loop for each. It looks every half minute, when its Service or endpoints change, and more often
while it does not answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

import attrs

from sampan.core.api.aggregation.availability import Finding, check, publish
from sampan.core.api.aggregation.documents import (
    ACCEPT,
    Document,
    is_aggregated,
    resources_of_list,
    resources_of_version,
)
from sampan.core.api.aggregation.link import Link, LinkFailed
from sampan.core.api.aggregation.openapi import V2, V3, KeptDocument
from sampan.core.api.service_endpoints import NoEndpoint
from sampan.core.classes import define
from sampan.core.client.protocol import Client
from sampan.core.loops import Background, Delays

EVERY: Final = 30.0
FIRST_RETRY: Final = 0.5
SHORTEST: Final = 0.2
"""Seconds from one look to the next, however often its endpoints change."""


@define(eq=False)
class Keeper:
    """``changed`` is called when what it serves is another than before."""

    name: str
    """Of the APIService."""
    link: Link
    client: Client
    clock: Callable[[], datetime]
    changed: Callable[[], None]
    resources: list[Document] | None = None
    """As in aggregated discovery; ``None`` until it has said."""
    is_stale: bool = True
    """Whether it could not say any more."""
    openapi_v2: KeptDocument = attrs.field(factory=lambda: KeptDocument(V2))
    openapi_v3: KeptDocument = attrs.field(factory=lambda: KeptDocument(V3))
    """The index."""
    _tag: str = ""
    _delays: Delays = attrs.field(factory=lambda: Delays(FIRST_RETRY, EVERY), init=False)
    _poked: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _loop: Background = attrs.field(factory=Background, init=False)

    def start(self) -> None:
        self._loop.start(self._turn, f"looking after {self.name}")

    async def stop(self) -> None:
        """Idempotent. Requests that are under way are broken off."""
        await self._loop.stop()
        await self.link.close()

    def poke(self) -> None:
        """Something has changed that it depends on."""
        self._poked.set()

    async def _turn(self) -> None:
        self._poked.clear()
        finding = await check(self.link)
        await self._learn(finding)
        await publish(self.client, self.name, finding, self.clock)
        await self._rest(finding)

    async def _rest(self, finding: Finding) -> None:
        pause = EVERY if finding.is_available else self._delays.after_failure()
        if finding.is_available:
            self._delays.after_success()
        await asyncio.sleep(SHORTEST)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._poked.wait(), pause - SHORTEST)
            self._delays.after_success()

    async def _learn(self, finding: Finding) -> None:
        before = (self.resources, self.is_stale)
        self.is_stale = True
        if finding.is_available:
            with contextlib.suppress(LinkFailed, NoEndpoint, ValueError):
                await self._discover()
                self.is_stale = False
        if (self.resources, self.is_stale) != before:
            self.changed()

    async def _discover(self) -> None:
        extension = self.link.extension
        found = await self.link.fetch("/apis", ACCEPT, self._tag)
        if found.code == 304:
            return
        self._tag = ""
        if found.code == 200 and is_aggregated(found.content_type):
            resources = resources_of_version(found.body, extension.group, extension.version)
            if resources is not None:
                self.resources, self._tag = resources, found.tag
                return
        found = await self.link.fetch(extension.path, "application/json")
        if found.code != 200:
            raise LinkFailed(f"failed to download legacy discovery for {extension.path}: {found.code}")
        self.resources = resources_of_list(found.body)
