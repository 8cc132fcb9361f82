"""Gives running containers what their spec says now. On the event loop; the engine is asked in threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson

from sampan.core.errors import SampanError
from sampan.core.model.core_v1.node import Node
from sampan.core.model.quantity import value
from sampan.core.node.config.container_config import container_resources
from sampan.core.node.decide.actions import ResizeContainer, Say
from sampan.core.node.decide.view import all_specs
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.record import PodRecord
from sampan.core.schema.codec import to_wire

RESIZE_RETRY = 30.0


class Resizer:
    def __init__(self, parts: NodeParts, events: PodEvents, node: Callable[[], Node]) -> None:
        self._parts = parts
        self._events = events
        self._node = node

    async def resize(self, record: PodRecord, action: ResizeContainer) -> None:
        spec = next(each for each in all_specs(record.pod) if each.name == action.name)
        memory = value(self._node().status.allocatable.get("memory", "0"))
        resources = container_resources(record.pod, spec, memory)
        told = orjson.dumps({"containers": [{"name": spec.name, "resources": to_wire(spec.resources)}]}).decode()
        try:
            await self._parts.calls.run(self._parts.runtime.update_container, action.container_id, resources)
        except SampanError as exc:
            retry = self._parts.clock.now() + timedelta(seconds=RESIZE_RETRY)
            record.learn(action.container_id, resize_retry_at=retry)
            self._events.say(record, Say("ResizeError", f"Pod resize error: {exc}", "Warning"))
            return
        record.learn(action.container_id, resources=spec.resources, resize_retry_at=None)
        self._events.say(record, Say("ResizeCompleted", f"Pod resize completed: {told}"))
