"""Has a pod's volumes be there, follow what changes, and go. On the event loop; drivers work in threads of their own."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.node.decide.actions import Say
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.node.record import PodRecord
from sampan.core.node.retries import FIRST_RETRY, LONGEST_RETRY, count_failure

log = logging.getLogger(__name__)

MOUNT_PATIENCE = 123.0
"""Seconds that a pod's volumes may take to be there, as with the kubelet; a driver that hangs is asked again then."""


class Mounting:
    def __init__(self, parts: NodeParts, events: PodEvents, volumes: PodVolumes) -> None:
        self._parts = parts
        self._events = events
        self._volumes = volumes

    async def publish(self, record: PodRecord) -> bool:
        """Whether they are there; else when they are tried again is in the record, and told."""
        record.released = False
        if not record.pod.spec.volumes:
            record.volumes = {}
            return True
        loop = asyncio.get_running_loop()

        def warn(message: str) -> None:
            loop.call_soon_threadsafe(self._events.warn, record, message)

        try:
            async with asyncio.timeout(MOUNT_PATIENCE):
                record.volumes = await self._parts.volumes.run(self._volumes.publish, record.pod, warn)
        except (VolumeFailure, TimeoutError) as exc:
            delay = count_failure(record, "volumes", FIRST_RETRY, LONGEST_RETRY)
            record.volumes_retry_at = self._parts.clock.now() + timedelta(seconds=delay)
            said = str(exc) or "Unable to attach or mount volumes: timed out waiting for the condition"
            self._events.say(record, Say("FailedMount", said, "Warning"))
            return False
        record.failures.pop("volumes", None)
        return True

    async def refresh(self, record: PodRecord) -> None:
        """Bring changed ConfigMaps and the like into a running pod."""
        if record.volumes and not record.gone:
            try:
                await self._parts.volumes.run(self._volumes.refresh, record.pod, lambda _: None)
            except VolumeFailure as exc:
                self._events.say(record, Say("FailedMount", str(exc), "Warning"))
            except Exception:
                # A driver that breaks over one pod must not keep the others from what has changed.
                log.exception("the volumes of pod %s/%s are not refreshed", *record.pod.key)

    async def unpublish(self, record: PodRecord) -> bool:
        """Whether there was anything to do."""
        if record.released:
            return False
        await self._parts.volumes.run(self._volumes.unpublish, record.uid)
        record.volumes, record.released = None, True
        return True
