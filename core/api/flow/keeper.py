"""Keeps the default FlowSchemas and levels as they should be, and tells of schemas whose level is not there.

It looks once a second whether any of these objects has changed, and writes in the API server's own name.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.api.flow.control import LEVEL_RESOURCE, SCHEMA_RESOURCE
from sampan.core.api.flow.defaults import FlowDefaults
from sampan.core.client.protocol import Client
from sampan.core.contracts.access import Reader
from sampan.core.errors import Conflict, NotFound
from sampan.core.loops import Background
from sampan.core.model.conditions import find_wire
from sampan.core.model.flowcontrol_v1.flow_schema import FlowSchema
from sampan.core.model.kinds import info
from sampan.core.schema.codec import from_wire
from sampan.core.schema.scalars import format_time

EVERY: Final = 1.0
AGENT: Final = "api-priority-and-fairness-config-consumer-v1"
DANGLING: Final = "Dangling"

Wire = Mapping[str, Any]


class FlowKeeper:
    """`start` and `stop`; `keep` is one look."""

    def __init__(self, client: Client, reader: Reader, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._reader = reader
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._loop = Background()

    def start(self) -> None:
        self._loop.start(self._turn, "flow control")

    async def stop(self) -> None:
        """Idempotent."""
        await self._loop.stop()

    async def _turn(self) -> None:
        version = (self._reader.changed(SCHEMA_RESOURCE), self._reader.changed(LEVEL_RESOURCE))
        if version != self._seen:
            await self.keep()
            self._seen = version
        await asyncio.sleep(EVERY)

    async def keep(self) -> None:
        """Make what is missing, mend what has been changed, and say which schemas lead nowhere."""
        defaults = FlowDefaults()
        for kind, wanted in defaults.objects():
            name = wanted["metadata"]["name"]
            present = self._reader.get(info(kind).resource, "", name)
            with contextlib.suppress(Conflict, NotFound):
                if present is None:
                    await self._client.create(from_wire(kind, wanted))
                elif more := defaults.lacking(present, wanted):
                    await self._client.patch(kind, "", name, more)
        for schema in list(self._reader.list(SCHEMA_RESOURCE)):
            if change := self._condition(schema):
                with contextlib.suppress(Conflict, NotFound):
                    await self._client.patch(
                        FlowSchema,
                        "",
                        schema["metadata"]["name"],
                        {"status": {"conditions": change}},
                        subresource="status",
                    )

    def _condition(self, schema: Wire) -> list[Any]:
        """All conditions as they should be; empty where they are."""
        level = schema["spec"]["priorityLevelConfiguration"]["name"]
        found = self._reader.get(LEVEL_RESOURCE, "", level) is not None
        begin = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}"'
        wanted = {
            "type": DANGLING,
            "status": "False" if found else "True",
            "reason": "Found" if found else "NotFound",
            "message": f"{begin} and it exists" if found else f"{begin} but there is no such object",
        }
        conditions = list((schema.get("status") or {}).get("conditions") or ())
        present = find_wire(schema, DANGLING) or {}
        if all(present.get(field) == value for field, value in wanted.items()):
            return []
        same = present.get("status") == wanted["status"]
        since = present.get("lastTransitionTime") if same else None
        wanted["lastTransitionTime"] = since or format_time(self._clock())
        return [*(each for each in conditions if each.get("type") != DANGLING), wanted]
