"""What the engine has and tells of this node: everything at once, and its events as hints. Asked in threads."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from sampan.core.contracts.runtime import Container, RuntimeEvent, Sandbox
from sampan.core.contracts.runtime_config import LABEL_UID
from sampan.core.errors import SampanError
from sampan.core.node.parts import NodeParts

log = logging.getLogger(__name__)

EVENTS_RETRY = 1.0

Seen = dict[str, tuple[list[Sandbox], list[Container]]]
"""By the pod's uid on this node."""


class EngineFeed:
    """``hint`` is told of each event, ``began`` each time that listening has begun anew; both on the event loop."""

    def __init__(self, parts: NodeParts, hint: Callable[[RuntimeEvent], None], began: Callable[[], object]) -> None:
        self._parts = parts
        self._hint = hint
        self._began = began
        self._stopping = False

    async def list(self) -> Seen:
        """Everything the engine has of this node."""

        def ask() -> Seen:
            found: Seen = {}
            for sandbox in self._parts.runtime.list_pod_sandboxes():
                found.setdefault(sandbox.uid, ([], []))[0].append(sandbox)
            for container in self._parts.runtime.list_containers():
                found.setdefault(container.labels.get(LABEL_UID, ""), ([], []))[1].append(container)
            return found

        return await self._parts.calls.run(ask)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), name="runtime events", daemon=True).start()

    def stop(self) -> None:
        """Tell the thread, which ends once the runtime is closed."""
        self._stopping = True

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        pause, heard = threading.Event(), True
        while not self._stopping:
            try:
                events = self._parts.runtime.events()
                loop.call_soon_threadsafe(self._began)  # for what happened before this call
                heard = True
                for event in events:
                    loop.call_soon_threadsafe(self._hint, event)
            except SampanError as exc:
                if heard:
                    log.warning("the runtime tells no events: %s", exc)
                heard = False
            except Exception:  # whatever an engine's library raises: events are hints, and the feed goes on
                if not (self._stopping or loop.is_closed()):
                    log.exception("the runtime's events broke off")
            if self._stopping or loop.is_closed():
                return  # the runtime was closed
            pause.wait(EVENTS_RETRY)
